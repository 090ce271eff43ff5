"""The app that all apps of ours derive from: data, terminal and paste cannot drive it.

A subclass says which keys act (:attr:`SafeApp.acting_keys`) and what they would act on now
(:meth:`SafeApp.acting_subject`); the rest happens here, before any binding sees a key.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from pathlib import Path
from typing import Any, ClassVar, Final

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual._compositor import Compositor
from textual.app import App, ReturnType
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen

from socconsole.text import Untrusted, clean
from socconsole.widgets import clipboard, safe
from socconsole.widgets.crash import OUR_FAULT, safe_traceback
from socconsole.widgets.driver import SafeDriver
from socconsole.widgets.exact import ExactCompositor, exact
from socconsole.widgets.paste import Field, KeyGuard
from socconsole.widgets.signals import INTERRUPTED, end_on_signals
from socconsole.widgets.themes import FALLBACK_VARIABLES

CHANGED_UNDER_KEY: Final = "the row under the cursor changed"
LEAVE_KEY: Final = "ctrl+c"
"""Leaves from anywhere; guarded only so that a paste does not."""

_FRESH_KEY_S: Final = 0.1
_TYPED_KEYS: Final = frozenset({"enter", "tab", "escape", "backspace", "space"})


class SafeApp(App[ReturnType], inherit_bindings=False):
    """An app whose terminal, data and clipboard cannot act by themselves. See the package's docstring."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(LEAVE_KEY, "interrupt", "Leave", id="interrupt", show=False, priority=True),
    ]

    class GuardDue(Message, bubble=False):
        """Time to look at held keys; queued behind every key that arrived before it."""

    def __init__(self, **options: Any) -> None:
        safe.install_filter()
        super().__init__(driver_class=options.pop("driver_class", SafeDriver), **options)
        self.animation_level = "none"
        self.key_guard: KeyGuard[events.Key] = KeyGuard()
        self.copy_how: clipboard.How = "auto"
        self.copy_file: Path | None = None
        self.last_key_at = float("-inf")
        self.crash_lines: list[str] = []
        """What the terminal was told of a defect, for a log as well."""
        self._signals = contextlib.ExitStack()
        self._read_for = ""
        """The theme that all CSS was last read for."""

    # -- what a subclass says ------------------------------------------------------------------------

    @property
    def acting_keys(self) -> frozenset[str]:
        """Keys that act on the world, after remapping. Override."""
        return frozenset()

    def acting_subject(self) -> Hashable:
        """What an acting key pressed now would act on (the ids under the cursor). Override.

        A key is let through only if this is still the same when its window has passed.
        """
        return None

    def acting_blocked(self, at: float) -> str:
        """Why acting keys are ignored at this instant (``time.monotonic``), or nothing. Override.

        The place for ``table.settled_for(300)``.
        """
        return ""

    def held(self, event: events.Key) -> bool:
        """Whether a key waits for a question that is on its way, and goes no further. Override."""
        return False

    def discarded(self, keys: tuple[str, ...], why: str) -> None:
        """Say that keys were ignored. Override to say it elsewhere than in a notification."""
        shown = " ".join(clean(key, 20) for key in keys[:8])
        more = f" and {len(keys) - 8} more" if len(keys) > 8 else ""
        self.notify(f"ignored {shown}{more}: {why}", severity="warning")

    # -- keys and pastes -----------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Paste) and not event.is_forwarded:
            self.key_guard.paste(event.time)
            self._report_discards()
            field = self.focused
            if not isinstance(field, Field) or not field.accepts_paste:
                where = "here" if isinstance(field, Field) else "outside a field"
                self.discarded(("paste",), f"a paste does nothing {where}")
                return
        elif isinstance(event, events.Key) and not event.is_forwarded:
            await self._let_through(event.time)
            if self.held(event) or not self._key_goes_on(event):
                return
        await super().on_event(event)

    def _key_goes_on(self, event: events.Key) -> bool:
        self.last_key_at = event.time
        if event.key.startswith("alt+"):
            # Nobody binds these; a terminal that sends Escape and a letter apart must not act on the letter.
            return False
        field = self.focused
        in_field = isinstance(field, Field)
        keys = field.submit_keys if isinstance(field, Field) else self.acting_keys
        leaving = event.key == LEAVE_KEY
        acting = leaving or event.key in keys
        if acting and not leaving and not in_field and (why := self.acting_blocked(event.time)):
            self.discarded((event.key,), why)
            return False
        goes_on = self.key_guard.press(
            event.key,
            typed=event.character is not None or event.key in _TYPED_KEYS or event.key.startswith("ctrl+"),
            acting=acting,
            event=event,
            subject=self._aim() if acting and not leaving else None,
            at=event.time,
        )
        self._report_discards()
        if goes_on and acting:
            self._allow(event)
        if not goes_on and self.key_guard.next_due is not None:
            self.set_timer(self.key_guard.window_s, self._ask_guard)
        return goes_on

    def _ask_guard(self) -> None:
        # Through the driver's own queue, so that a key which arrived before this instant is seen before it.
        if self._driver is not None:
            self._driver.send_message(self.GuardDue())

    async def _on_safe_app_guard_due(self, message: GuardDue) -> None:
        await self._let_through(self.key_guard.now())

    async def _let_through(self, at: float) -> None:
        for held in self.key_guard.due(at):
            if held.key == LEAVE_KEY or held.subject == self._aim():
                self._allow(held.event)
                await super().on_event(held.event)
            else:
                self.key_guard.discard(held, CHANGED_UNDER_KEY)
        self._report_discards()

    def _allow(self, event: events.Key) -> None:
        field = self.focused
        if isinstance(field, Field) and event.key in field.submit_keys:
            field.allow_submit()

    def _aim(self) -> Hashable:
        """Where an acting key pressed now would land: screen, field, and what it would act on."""
        field = self.focused
        subject = None if isinstance(field, Field) else self.acting_subject()
        return id(self.screen), id(field), subject

    def _report_discards(self) -> None:
        for gone in self.key_guard.discards():
            self.discarded(gone.keys, gone.why)

    # -- the clipboard, notifications ----------------------------------------------------------------

    def send_to_clipboard(self, value: Untrusted | str) -> str:
        """Send text to the clipboard the configured way; what to tell the analyst."""
        driver = self._driver
        return clipboard.send(
            value,
            how=self.copy_how,
            write=lambda text: driver.write(text) if driver else None,
            file=self.copy_file,
        )

    def copy_to_clipboard(self, text: str) -> None:
        """Textual's own way in, used by its input fields."""
        self.send_to_clipboard(text)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A notification whose text is never markup, whatever the caller asks for."""
        super().notify(clean(message, 400), title=clean(title, 80), severity=severity, timeout=timeout, markup=False)

    # -- painting ------------------------------------------------------------------------------------

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, exact(renderable))

    def begin_in(self, theme: str) -> None:
        """The theme of the first frame. To be called before the app runs; later, ``theme`` is set."""
        self.theme = theme
        self.stylesheet.set_variables(self.get_css_variables())
        self._read_for = theme

    def refresh_css(self, animate: bool = True) -> None:
        # As it starts, Textual reads all its CSS once more for the theme that it was read for.
        if self.theme != self._read_for:
            super().refresh_css(animate)
            self._read_for = self.theme

    # -- leaving -------------------------------------------------------------------------------------

    def _on_mount(self, event: events.Mount) -> None:
        if not self.is_headless:
            self._signals.enter_context(end_on_signals(self))

    def action_interrupt(self) -> None:
        """Ctrl-C: leave at once, cleanly."""
        self.exit(return_code=INTERRUPTED)

    def _handle_exception(self, error: Exception) -> None:
        """End with a short, clean account and exit code 70; no locals, no markup, no escapes."""
        self._return_code = OUR_FAULT
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
            self.crash_lines = safe_traceback(error)
            lines = [safe.rich_text(line, limit=1000) for line in self.crash_lines]
            self._exit_renderables.append(Text("\n", overflow="fold").join(lines))
        self._close_messages_no_wait()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(FALLBACK_VARIABLES)


def _nowhere(text: str) -> None:
    """Before the driver runs there is no terminal to write to."""


class KeyPaint:
    """For screens: paint at once after a key, instead of at the next tick of the frame timer.

    ``class TriageScreen(KeyPaint, Screen[None])``. Frames that live data causes still wait for the timer, so
    that a flood of findings stays at its rate.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._compositor: Compositor = ExactCompositor()

    async def _on_idle(self, event: events.Idle) -> None:
        screen = self
        if not isinstance(screen, Screen) or not isinstance(screen.app, SafeApp):
            return
        pending = screen._layout_required or screen._repaint_required or screen._dirty_widgets
        if (
            pending
            and screen.is_current
            and not screen.app._batch_count
            and event.time - screen.app.last_key_at < _FRESH_KEY_S
        ):
            screen._on_timer_update()


def focused_field(widget: object) -> bool:
    """Whether typing goes into ``widget`` rather than to commands."""
    return isinstance(widget, Field)
