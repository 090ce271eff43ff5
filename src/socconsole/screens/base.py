"""What every screen of the console shares: header, footer, prompts, and the way from a key to a command.

A command's handler is the method ``do_<id>`` (dots become underscores); it may be a coroutine, which then runs
as a worker of the screen. What a handler asks the analyst goes through :meth:`ConsoleScreen.ask`, so that a key
never waits inside a handler.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Hashable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container
from textual.css.query import NoMatches
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from socconsole.commands import ASKING, BY_ID, Command
from socconsole.screens import opening
from socconsole.screens.command import NAMES_ITS_SUBJECT, NEEDS_ARGUMENT, CommandError, complete, parse, shared_start
from socconsole.widgets import glyphs
from socconsole.widgets.asking import LINE_MOST, Cancelled, Check, Submitted
from socconsole.widgets.footer import SAY_S, KeyFooter, KeyHint
from socconsole.widgets.header import StatusHeader
from socconsole.widgets.shell import KeyPaint, focused_field

if TYPE_CHECKING:
    from socconsole.screens.desk import Desk
    from socconsole.widgets.prompt import LinePrompt, NotePrompt

SMALLEST: Final = (60, 10)
WIDE: Final = 100
"""From here on, list and detail stand side by side."""
_COMMAND_MOST: Final = 2_000
_COMING_S: Final = 2.0
"""For so long keys wait for a question that is on its way."""
"""Characters of a command: ``:receipt`` takes a signed line."""
SHORT: Final = 18
"""Below this height, and narrow, there is no room for a detail."""


class Invocation(msgspec.Struct, frozen=True):
    """A command at the moment it was asked for. ``subject`` is what was under the cursor then."""

    command: Command
    argument: str
    subject: Hashable


class ConsoleScreen(KeyPaint, Screen[None], inherit_bindings=False):
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
        super().__init__()
        self.desk = desk
        self._answer: asyncio.Future[str | None] | None = None
        self._focus_before: Widget | None = None
        self._making = asyncio.Lock()
        self._coming: float | None = None
        """When a question was asked for that does not stand yet (``time.monotonic``)."""
        self._asked_by = ("", 0.0)
        """The key that asked for it, and when it came."""
        self._early: list[str] = []
        """Keys typed meanwhile."""

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
            self.call_after_refresh(self._make_prompts)

    async def _make_prompts(self) -> None:
        """The questions' widgets, made behind the first frame, which needs none; who asks earlier waits for them."""
        from socconsole.widgets.prompt import LinePrompt, NotePrompt

        async with self._making:
            if self.is_built and self.query_one_optional(LinePrompt) is None:
                await self.mount(LinePrompt(id="line"), NotePrompt(id="note"), before="#footer")

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

    def answer_keys(self) -> Sequence[KeyHint]:
        """What keys do while a question stands."""
        if self._note_prompt.asking:
            return KeyHint("ctrl+d", "keep"), KeyHint("esc", "leave"), KeyHint("enter", "new line")
        prompt = self._line_prompt
        keys = [KeyHint("enter", "keep"), KeyHint("esc", "leave")]
        if prompt.completes:
            keys.append(KeyHint("tab", "complete"))
        return [*keys, KeyHint(glyphs.current().up, "earlier")] if prompt.remembers else keys

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
            self._typed_early("-")
            self.say(f"{command.title}: {why or 'not here'}", "warning")
            return
        self.hush()
        # The subject is taken here: a coroutine's body runs later, when the cursor may be elsewhere.
        result = handler(Invocation(command, argument, self.subject()))
        if inspect.iscoroutine(result):
            if command.id in ASKING:
                self._coming = time.monotonic()
            self.work(self._until_asked(result) if self._coming is not None else result)

    def foresee(self, event: events.Key) -> None:
        """A key is on its way to this screen: where it brings a question, what comes behind it is the answer. Of a
        burst, as a slow line delivers it, the rest is here before the first key is handled."""
        if focused_field(self.focused):
            return
        command = self.desk.keymap.command(event.key, self.place)
        if command is not None and command.id in ASKING and not command.acting and not self.why_not(command):
            self._coming, self._asked_by = event.time, (event.key, event.time)

    def held(self, event: events.Key) -> bool:
        """Whether a key waits for a question that is on its way: its answer must not become commands. Keys that say
        nothing (arrows, escape) go on."""
        if self._coming is not None and event.time - self._coming > _COMING_S:
            self._typed_early("-")  # a question that takes so long is none that somebody types blindly into
        if self._coming is None or not (event.is_printable or event.key in ("enter", "tab", "backspace")):
            return False
        self._early.append(event.character if event.is_printable and event.character else event.key)
        return True

    async def _until_asked(self, doing: Coroutine[Any, Any, None]) -> None:
        try:
            await doing
        finally:
            self._typed_early("-")

    def _typed_early(self, value: str) -> str:
        """What a field begins with: ``value``, else what was typed before it stood. What has no place there is told."""
        early, self._early, self._coming = self._early, [], None
        keys = [key for key in early if value or len(key) > 1]
        if keys:
            self.say(f"ignored {' '.join(keys)}: the question did not stand yet", "warning")
        return value or "".join(key for key in early if len(key) == 1)

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

    @property
    def asking(self) -> bool:
        """Whether a question stands, so that keys are an answer."""
        return self._answer is not None

    # -- asking ----------------------------------------------------------------------------------------

    async def ask(
        self,
        label: str,
        value: str = "",
        hint: str = "",
        complete: Callable[[str], str] | None = None,
        *,
        most: int = LINE_MOST,
        kind: str = "",
        given: str = "",
        check: Check | None = None,
        trouble: str = "",
    ) -> str | None:
        """One line from the analyst; None when he thought better of it.

        Up goes back to earlier answers of the same ``kind`` (``:``, ``/``, ``reason``), on whatever screen.
        What ``check`` refuses stays in the field with its question, and why is said in the footer, where a sentence
        has room; ``trouble`` is said there from the beginning. ``given`` was typed with the command already: where
        ``check`` takes it, nothing is asked, else it stands in the field.
        """
        past = self.desk.past(kind)
        checked = self._checked(check) if check is not None else None
        if given:
            trouble = await checked(given) if checked is not None else ""
            if not trouble:
                return given
            value = given

        def begin() -> None:
            self._line_prompt.ask(label, self._typed_early(value), hint, complete, most=most, past=past, check=checked)
            if trouble:
                self.say(trouble, "error", 0)

        line = await self._ask(begin)
        self.desk.remember(kind, line or "")
        return line

    def _checked(self, check: Check) -> Callable[[str], Coroutine[Any, Any, str]]:
        """A check that says what it refuses."""

        async def checked(line: str) -> str:
            try:
                found = check(line)
                wrong = found if isinstance(found, str) else await found
            except Exception as fault:  # one that failed must not end the console of a night: it is said
                wrong = f"not done, by a defect of ours: {type(fault).__name__}"
            if wrong and self.is_built:
                self.say(wrong, "error", 0)
            return wrong

        return checked

    async def ask_lines(self, label: str, value: str = "", hint: str = "") -> str | None:
        """The same over several lines."""
        return await self._ask(lambda: self._note_prompt.ask(label, self._typed_early(value), hint))

    def hint(self, text: str) -> None:
        """Another hint beside the question that stands."""
        self._line_prompt.set_hint(text)

    @property
    def _line_prompt(self) -> LinePrompt:
        from socconsole.widgets.prompt import LinePrompt

        return self.query_one(LinePrompt)

    @property
    def _note_prompt(self) -> NotePrompt:
        from socconsole.widgets.prompt import NotePrompt

        return self.query_one(NotePrompt)

    async def _ask(self, begin: Callable[[], object]) -> str | None:
        await self._make_prompts()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._answer = answer
        if not focused_field(self.focused):  # else one question follows another: the prompt is no place to go back to
            self._focus_before = self.focused
        before = self._focus_before
        self.hush()
        begin()
        self.show_keys()
        try:
            return await answer
        finally:
            if self._answer is answer:
                self._answer = None
                self.hush()
                self.show_keys()
                # At once: focus() would wait its turn, behind the next question's own.
                self.set_focus(before if before is not None and before.is_attached else None)

    @on(Submitted)
    def _submitted(self, event: Submitted) -> None:
        event.stop()
        self._settle(event.value)

    @on(Cancelled)
    def _cancelled(self, event: Cancelled) -> None:
        event.stop()
        self._settle(None)

    def _settle(self, value: str | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(value)

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
