"""The console: composition only. Screens do the showing, the desk does the reading, the actor does the rest.

Nothing here, or on the way to the first frame, imports an AWS library, sqlite-utils or cryptography. What is
heavy or talks to others (actor, watch, heartbeat) starts after that frame.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
from collections.abc import Callable, Coroutine, Hashable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

os.environ.setdefault("TEXTUAL_FPS", "240")  # read when textual is imported: frames wait for this timer
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")

from textual import events
from textual.command import CommandPalette
from textual.screen import Screen

from socconsole.commands import ActorRequest
from socconsole.model.mode import Mode
from socconsole.model.wire import AnyReply, Failed, Progress
from socconsole.model.world import WorldKind
from socconsole.processes import actor_argv, watch_argv
from socconsole.screens import replies
from socconsole.screens.base import ConsoleScreen
from socconsole.screens.desk import Desk
from socconsole.screens.keymap import Keymap
from socconsole.screens.opening import PLACES
from socconsole.screens.presence import Presence
from socconsole.screens.theming import ThemeChoice
from socconsole.screens.triage import TriageScreen
from socconsole.store import session
from socconsole.text import clean
from socconsole.widgets.shell import SafeApp
from socconsole.widgets.themes import Themes, load_themes

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.state import StateFolder

POLL_S: Final = 0.25
TICK_S: Final = 1.0
AGES_S: Final = 5.0
"""How often lists repaint ages and states that depend on the clock alone."""


class SocConsole(SafeApp[None]):
    """One console over one state folder. ``actor`` and ``watch`` are the commands of its two helpers; None: none."""

    TITLE = "socconsole"

    def __init__(
        self,
        folder: StateFolder,
        config: Config,
        *,
        actor: Sequence[str] | None,
        watch: Sequence[str] | None,
        read_only: bool = False,
        user_themes: Path | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._themes: Themes = load_themes(user_themes)
        keymap = Keymap({id_: (key,) for id_, key in config.keys.items()})
        self.desk = Desk(self, folder, config, keymap, config.who, read_only)
        self._actor = actor
        self._presence = Presence(folder, self.desk.analyst, None if watch is None else list(watch))
        self._tasks: set[asyncio.Task[Any]] = set()
        self._version = -1
        self._since = datetime.now(UTC)
        self._looking = False
        self._theming = ThemeChoice(self._themes, config, self.desk.session)
        for theme in self._themes.themes.values():
            self.register_theme(theme)
        self.begin_in(self._theming.name)
        self.copy_how = config.clipboard if config.clipboard != "osc52" else "auto"
        self.copy_file = folder.root / "clipboard.txt"

    # -- composition -------------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[Any]:
        triage = TriageScreen(self.desk)
        self.install_screen(triage, "triage")
        return triage

    def on_mount(self) -> None:
        self.call_after_refresh(self._after_first_frame)

    def _after_first_frame(self) -> None:
        if isinstance(triage := self.get_screen("triage"), TriageScreen):
            triage.begin()  # before anything that would compete with it for the processor
        gc.freeze()  # what is loaded stays: no collection has to walk it again
        gc.enable()
        self._version = self.desk.queue.version()
        self.set_interval(POLL_S, self.poll)
        self.set_interval(TICK_S, self._tick)
        self.set_interval(AGES_S, self._ages)
        self._presence.start()
        if self._actor is not None:
            from socconsole.screens.link import ActorLink

            self.desk.link = ActorLink(
                self._actor,
                log=self.desk.folder.logs / "actor.log",
                news=self._news,
                changed=self.show_status,
            )
            self.desk.link.start()
        self._look_up()
        for problem in self._themes.problems:
            self.say(f"theme left out: {problem}", "warning")
        if self.desk.session.screen in PLACES:
            self.show_place(self.desk.session.screen)

    async def on_unmount(self) -> None:
        if self.desk.link is not None:
            await self.desk.link.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.to_thread(self._presence.stop)
        self.desk.close()

    # -- the paste guard's questions -----------------------------------------------------------------------

    @property
    def acting_keys(self) -> frozenset[str]:
        # In the palette letters are a search, and only Enter acts.
        return frozenset({"enter"}) if isinstance(self.screen, CommandPalette) else self.desk.keymap.acting

    def acting_subject(self) -> Hashable:
        screen = self.screen
        return screen.subject() if isinstance(screen, ConsoleScreen) else None

    def acting_blocked(self, at: float) -> str:
        screen = self.screen
        return screen.blocked(at) if isinstance(screen, ConsoleScreen) else ""

    def held(self, event: events.Key) -> bool:
        top = self.screen_stack[-1] if self.screen_stack else None
        if not isinstance(top, ConsoleScreen):
            return False
        if top.held(event):
            return True
        top.foresee(event)
        return False

    def discarded(self, keys: tuple[str, ...], why: str) -> None:
        more = f" and {len(keys) - 6} more" if len(keys) > 6 else ""
        self.say(f"ignored {' '.join(clean(key, 20) for key in keys[:6])}{more}: {why}", "warning")

    # -- time passes, the store changes ----------------------------------------------------------------------

    def poll(self) -> None:
        """Repaint if anybody committed."""
        version = self.desk.queue.version()
        if version != self._version:
            self._version = version
            if (top := self._top()) is not None:
                top.renew()
            self.show_status()
            self._look_up()

    def _tick(self) -> None:
        self.show_status()

    def _ages(self) -> None:
        if self._presence.trouble:
            self.say(clean(self._presence.trouble, 300), "warning")
        if (top := self._top()) is not None:
            top.tick()
        self._look_up()

    def show_status(self) -> None:
        if (top := self._top()) is not None:
            top.show_status()

    def say(self, text: str, kind: str = "") -> None:
        if (top := self._top()) is not None:
            top.say(text, kind)

    def _top(self) -> ConsoleScreen | None:
        """The uppermost screen of ours (the palette is Textual's); None while the app comes or goes."""
        ours = (screen for screen in reversed(self.screen_stack) if isinstance(screen, ConsoleScreen))
        return next(ours, None)

    def _look_up(self) -> None:
        if not self._looking:
            self._looking = True
            self.keep(self._look())

    async def _look(self) -> None:
        try:
            await self.desk.look_up()
            critical = await asyncio.to_thread(self.desk.newest_critical, self._since)
            if critical is not None:
                self._since = critical.seen
                if not quiet(self.desk.config.quiet_hours, datetime.now(UTC)):
                    self.bell()
                self.say(f"CRITICAL {critical.score}: {clean(critical.title, 120)}", "error")
            self.show_status()
            await asyncio.sleep(TICK_S)
        except self.desk.conn.OperationalError as trouble:  # busy, or gone from under us: the next look tells
            self.say(f"the store could not be read: {clean(str(trouble), 200)}", "error")
            await asyncio.sleep(TICK_S)
        finally:
            self._looking = False

    def keep(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something that belongs to no screen; it ends with the app."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._handle_exception(error if isinstance(error, Exception) else RuntimeError(str(error)))

    # -- the actor -------------------------------------------------------------------------------------------

    def _news(self, reply: AnyReply) -> None:
        if (said := replies.news(reply)) is not None:
            self.say(*said)

    def carry_out(
        self,
        request: ActorRequest,
        heard: Callable[[Progress], None],
        settled: Callable[[AnyReply], None],
    ) -> None:
        """Hand an action over. It belongs to the app: leaving the screen that asked does not end it."""
        self.keep(self._carry_out(request, heard, settled))

    async def _carry_out(
        self,
        request: ActorRequest,
        heard: Callable[[Progress], None],
        settled: Callable[[AnyReply], None],
    ) -> None:
        link = self.desk.link
        if link is None:
            settled(Failed(kind="fault", why="there is no actor"))
            return
        reply = await link.ask(request, heard)
        settled(reply)
        self.poll()
        top = self._top()
        if (said := replies.outcome(reply, request, top.place if top is not None else "")) is not None:
            self.say(*said)

    # -- screens ---------------------------------------------------------------------------------------------

    def show_place(self, place: str) -> None:
        """Go to one of the screens with a number. Triage lies under all others."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if place == "triage":
            return
        if not self.is_screen_installed(place):
            self.install_screen(PLACES[place](self.desk), place)
        self.push_screen(place)

    def go_back(self) -> None:
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.say(":q leaves; the watch goes on for its linger")

    # -- theme, words, leaving ---------------------------------------------------------------------------------

    def choose_theme(self, name: str) -> str:
        """Change the theme; what to say of it."""
        said = self._theming.choose(name)
        self.theme = self._theming.name
        return said

    def choices(self, head: str) -> Sequence[str]:
        """Words that can follow ``head`` on the command line."""
        from socconsole.screens.command import words_after

        return words_after(head, self._themes.themes, (record.id for record in self.desk.standing_actions()))

    def leave(self) -> None:
        self.exit(return_code=0)

    def exit(self, *args: Any, **options: Any) -> None:
        """Every way out that leaves time for it comes through here."""
        self._save_session()
        super().exit(*args, **options)

    def _save_session(self) -> None:
        if not self.is_screen_installed("triage"):
            return
        triage = self.get_screen("triage")
        kept = session.Session(
            local_time=self.desk.local_time, theme=self._theming.chosen, theme_over=self._theming.configured
        )
        if isinstance(triage, TriageScreen):
            place = self.screen_stack[1] if len(self.screen_stack) > 1 else triage
            kept = triage.session(kept, place.place if isinstance(place, ConsoleScreen) else "")
        with contextlib.suppress(OSError):  # a full disk costs the analyst his cursor, nothing more
            session.save(self.desk.folder.root, kept)


def quiet(spans: Sequence[str], now: datetime) -> bool:
    """Whether ``now`` (UTC) lies in one of the spans (``22:00-06:00``)."""
    clock = f"{now.astimezone(UTC):%H:%M}"
    for span in spans:
        start, _, end = span.partition("-")
        if start <= clock < end if start <= end else clock >= start or clock < end:
            return True
    return False


def run_console(
    folder: StateFolder, config: Config, *, config_path: Path | None = None, mode: str | None = None
) -> int:
    """Run the console until the analyst leaves; returns the exit code. ``mode`` is the most it may do."""
    from socconsole.config import default_path  # whoever calls this has loaded it

    watched = folder.world.kind is not WorldKind.IMPORT and bool(config.accounts)
    app = SocConsole(
        folder,
        config,
        actor=actor_argv(folder.root, config_path, *(("--mode", mode) if mode else ())),
        read_only=mode is not None and mode.upper() == Mode.READ,
        watch=watch_argv(folder.root, config_path, config.linger_minutes) if watched else None,
        user_themes=(config_path or default_path()).parent / "themes",
    )
    mouse = config.mouse if config.mouse is not None else "SSH_CONNECTION" not in os.environ
    app.run(mouse=mouse)
    if app.crash_lines:
        log = folder.logs / "console.log"
        with (
            contextlib.suppress(OSError),
            os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file,
        ):
            file.write("\n".join(app.crash_lines) + "\n")
        sys.stderr.write(f"the console ended by a fault of its own; the account is in {log}\n")
    return app.return_code or 0
