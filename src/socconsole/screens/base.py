"""What every screen of the console shares: header, footer, prompts, and the way from a key to a command.

A command's handler is the method ``do_<id>`` (dots become underscores); it may be a coroutine, which then runs
as a worker of the screen. What a handler asks the analyst goes through :meth:`ConsoleScreen.ask`, so that a key
never waits inside a handler.
"""

from __future__ import annotations

import inspect
import time
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Hashable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.css.query import NoMatches
from textual.geometry import Size
from textual.widgets import Static

from socconsole.commands import ASKING, BY_ID, Command
from socconsole.screens import opening
from socconsole.screens.asking import AskingScreen
from socconsole.screens.command import NAMES_ITS_SUBJECT, NEEDS_ARGUMENT, CommandError, complete, parse, shared_start
from socconsole.widgets.footer import SAY_S, KeyFooter, KeyHint
from socconsole.widgets.header import StatusHeader
from socconsole.widgets.shell import focused_field

if TYPE_CHECKING:
    from socconsole.screens.desk import Desk

SMALLEST: Final = (60, 10)
WIDE: Final = 100
"""From here on, list and detail stand side by side."""
_COMMAND_MOST: Final = 2_000
"""Characters of a command: ``:receipt`` takes a signed line."""
SHORT: Final = 18
"""Below this height, and narrow, there is no room for a detail."""


class Invocation(msgspec.Struct, frozen=True):
    """A command at the moment it was asked for. ``subject`` is what was under the cursor then."""

    command: Command
    argument: str
    subject: Hashable


class ConsoleScreen(AskingScreen):
    """Base of all screens. ``place`` is the screen's name in the registry (``Command.screens``)."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    ConsoleScreen { background: $background; layout: vertical; overflow: hidden; }
    ConsoleScreen > #body { height: 1fr; }
    ConsoleScreen > #too-small { display: none; width: 1fr; height: 1fr; content-align: center middle; }
    ConsoleScreen.-small > * { display: none; }
    ConsoleScreen.-small > #too-small { display: block; }
    """

    place: ClassVar[str] = ""
    titled: ClassVar[str] = ""
    innermost: ClassVar[str] = "#detail"
    """The innermost widget of :meth:`body`."""
    footer_ids: ClassVar[tuple[str, ...]] = ()
    """Commands whose keys the footer shows, most needed first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._asked_by = ("", 0.0)
        """The last key that brings a question, and when it came."""

    # -- what a screen says ----------------------------------------------------------------------------

    # Without ABC, whose metaclass is not Textual's: the type checker refuses who leaves one of these out all the same.
    @abstractmethod
    def body(self) -> ComposeResult:
        """The screen's own widgets, between header and footer."""

    def renew(self) -> None:
        """The store changed: read again and repaint what differs."""

    def tick(self) -> None:
        """A second passed: repaint what shows ages, where they differ."""

    def subject(self) -> Hashable:
        """What an acting key would act on now."""
        return None

    def blocked(self, at: float) -> str:
        """Why acting keys are ignored at this instant; empty when they are not."""
        return ""

    def why_not(self, command: Command) -> str:
        """Why ``command`` cannot be done at this moment; empty when it can."""
        return "" if self.knows(command) else f"not on {self.titled}"

    def label(self, command: Command) -> str:
        """What the footer calls a command here."""
        return command.title

    def footer(self) -> Sequence[str]:
        """Commands whose keys the footer shows now, most needed first."""
        return self.footer_ids

    def footer_right(self) -> str:
        """What stands at the right end of the footer."""
        return ""

    # -- layout. Textual calls the on_… of every class, the most derived first: none of them calls super.

    def sized(self, size: Size) -> dict[str, bool]:
        """Which classes a screen of this size has."""
        small = size.width < SMALLEST[0] or size.height < SMALLEST[1]
        return {"-small": small, "-wide": size.width >= WIDE, "-short": size.height < SHORT}

    def compose(self) -> ComposeResult:
        # Known before the first layout, unlike with Textual's breakpoints: the first frame is laid out as it stays.
        self.update_classes(self.sized(self.app.size), update=False)
        yield StatusHeader(id="header")
        with Container(id="body"):
            yield from self.body()
        yield KeyFooter(id="footer")
        yield Static("", id="too-small", markup=False)

    def on_mount(self) -> None:
        if self.is_built:
            self.built()
            self.show_status()
            self.call_after_refresh(self.make_prompts)

    def built(self) -> None:
        """Its widgets are there: the place to fill them and to give one the focus."""

    @property
    def is_built(self) -> bool:
        """Whether its widgets are there: a screen that is left at once is mounted without them, and one that is being
        taken down loses them one by one, from its header on."""
        return self.is_attached and all(
            self.query_one_optional(name) is not None for name in ("#header", self.innermost, "#footer")
        )

    def on_screen_resume(self) -> None:
        if self.is_built:
            self.renew()
            self.show_status()

    def on_resize(self, event: events.Resize) -> None:
        classes = self.sized(event.size)
        self.update_classes(classes, animate=False)
        if classes["-small"]:
            said = f"{event.size.width}x{event.size.height}: socconsole needs {SMALLEST[0]}x{SMALLEST[1]}"
            self.query_one("#too-small", Static).update(said, layout=False)

    def show_status(self) -> None:
        """Header and footer as things stand now."""
        if self.is_built:
            self.query_one(StatusHeader).show_state(self.desk.header(wide=self.app.size.width >= WIDE))
            self.show_keys()

    def show_keys(self) -> None:
        if self.asking:
            self.query_one(KeyFooter).show_keys(self.answer_keys(), right=self.footer_right())
            return
        hints = [
            KeyHint(key, self.label(BY_ID[id_]), self.why_not(BY_ID[id_]))
            for id_ in self.footer()
            if (key := self.desk.keymap.label(id_))
        ]
        self.query_one(KeyFooter).show_keys(hints, right=self.footer_right())

    def hush(self) -> None:
        """Take back what was said: something else is being done."""
        if self.is_built:
            self.query_one(KeyFooter).hush()

    def say(self, text: str, kind: str = "", seconds: float = SAY_S) -> None:
        """One line for the analyst, in place of the keys; 0 seconds leaves it until the next one."""
        if self.is_built:
            self.query_one(KeyFooter).say(text, kind, seconds)

    # -- from a key to a command -----------------------------------------------------------------------

    def handler(self, command: Command) -> Callable[[Invocation], object] | None:
        if command.group == "screens":
            return self._go
        found: Callable[[Invocation], object] | None = getattr(self, "do_" + command.id.replace(".", "_"), None)
        return found

    def knows(self, command: Command) -> bool:
        """Whether the command belongs on this screen at all."""
        return (not command.screens or self.place in command.screens) and self.handler(command) is not None

    def on_key(self, event: events.Key) -> None:
        if focused_field(self.focused):
            return
        if (event.key, event.time) != self._asked_by and self.held(event):
            event.stop()
            event.prevent_default()
            return
        command = self.desk.keymap.command(event.key, self.place)
        if command is not None:
            event.stop()
            event.prevent_default()
            self.perform(command)
        elif event.key == "q":  # what leaves most programs of a terminal; here a key alone never does
            self.say(":q leaves; esc goes back")

    def perform(self, command: Command, argument: str = "") -> None:
        """Do a command now, about what is under the cursor now; or say why not."""
        # What names its subject does not need one under the cursor.
        named = bool(argument) and command.id in NAMES_ITS_SUBJECT and self.knows(command)
        why = "" if named else self.why_not(command)
        handler = self.handler(command)
        if why or handler is None:
            self.expect_no_question()
            self.say(f"{command.title}: {why or 'not here'}", "warning")
            return
        self.hush()
        # The subject is taken here: a coroutine's body runs later, when the cursor may be elsewhere.
        result = handler(Invocation(command, argument, self.subject()))
        if inspect.iscoroutine(result):
            if command.id in ASKING:
                self.expect_question(time.monotonic())
                result = self.until_asked(result)
            self.work(result)

    def foresee(self, event: events.Key) -> None:
        """A key is on its way to this screen: where it brings a question, what comes behind it is the answer. Of a
        burst, as a slow line delivers it, the rest is here before the first key is handled."""
        if focused_field(self.focused):
            return
        command = self.desk.keymap.command(event.key, self.place)
        if command is not None and command.id in ASKING and not command.acting and not self.why_not(command):
            self._asked_by = (event.key, event.time)
            self.expect_question(event.time)

    def work(self, doing: Coroutine[Any, Any, None]) -> None:
        """Run something that waits, for as long as this screen is there."""
        self.run_worker(self._unless_gone(doing), group="commands")

    def outlive(self, doing: Coroutine[Any, Any, None]) -> None:
        """Run something that has to come to its end also when this screen is left meanwhile."""
        self.desk.app.keep(self._unless_gone(doing))

    async def _unless_gone(self, doing: Coroutine[Any, Any, None]) -> None:
        try:
            await doing
        except Exception as fault:  # one command that failed must not end the console of a night: it is said
            # A screen that was left while this waited for a thread or the actor has nobody to tell.
            with suppress(NoMatches):
                self.say(f"not done, by a defect of ours: {type(fault).__name__}", "warning")

    def perform_line(self, line: str) -> None:
        """Do what was typed after the colon."""
        if trouble := self._no_command(line):
            self.say(trouble, "error")
        elif line.strip():
            typed = parse(line)
            self.perform(typed.command, typed.argument)

    # -- commands that work everywhere -----------------------------------------------------------------

    def _go(self, asked: Invocation) -> None:
        self.desk.app.show_place(asked.command.id.removeprefix("screen."))

    def do_back(self, asked: Invocation) -> None:
        self.desk.app.go_back()

    async def do_command(self, asked: Invocation) -> None:
        line = await self.ask(
            ":", asked.argument, "a command; tab completes", self._completed,
            kind=":", most=_COMMAND_MOST, check=self._no_command,
        )  # fmt: skip
        if line:
            self.perform_line(line)

    def _no_command(self, line: str) -> str:
        """Why a line is no command; nothing at all is none, and asks for none."""
        try:
            typed = parse(line) if line.strip() else None
        except CommandError as trouble:
            return str(trouble)
        if typed is None or typed.argument or self.desk.keymap.keys(typed.command.id):
            return ""
        verb = typed.command.verb
        return f":{verb} {NEEDS_ARGUMENT[verb]}" if verb in NEEDS_ARGUMENT else ""

    def _completed(self, line: str) -> str:
        found = complete(line, self.choices)
        if len(found) > 1:
            self.hint("  ".join(word.rpartition(" ")[2] for word in found[:12]))
            return shared_start(found)
        return f"{found[0]} " if found else line

    def do_palette(self, asked: Invocation) -> None:
        opening.palette(self)

    def do_help(self, asked: Invocation) -> None:
        opening.keys_of(self)

    def do_local_time(self, asked: Invocation) -> None:
        wanted = {"utc": False, "local": True}.get(asked.argument.lower(), not self.desk.local_time)
        self.desk.local_time = wanted
        self.say("local time" if wanted else "UTC")
        self.renew()
        self.show_status()

    def do_theme(self, asked: Invocation) -> None:
        self.say(self.desk.app.choose_theme(asked.argument))

    async def do_metrics(self, asked: Invocation) -> None:
        if said := await opening.metrics(self.desk, asked.argument):
            self.say(said, "warn")

    async def do_respond(self, asked: Invocation) -> None:
        self.say(*await self.desk.respond(asked.argument))

    async def do_stand_down(self, asked: Invocation) -> None:
        self.say(*await self.desk.stand_down())

    async def do_send(self, asked: Invocation) -> None:
        self.say("sending what is unsent …")
        self.say(*await self.desk.send(include_read=True))

    async def do_shift(self, asked: Invocation) -> None:
        await opening.shift(self, asked.argument)

    def do_quit(self, asked: Invocation) -> None:
        if why := self.desk.duty.parting():
            self.say(f"{why}; :q again leaves", "warning", 0)
        else:
            self.desk.app.leave()

    def choices(self, head: str) -> Sequence[str]:
        """Words that can follow ``head`` on the command line."""
        return self.desk.app.choices(head)
