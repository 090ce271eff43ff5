"""Prompts, the typed confirmation, and the key guard inside a running app."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
from textual import events
from textual.message import Message

from socconsole.widgets.confirm import ConfirmField, TypedField
from socconsole.widgets.paste import KeyGuard
from socconsole.widgets.prompt import LineField, LinePrompt, NotePrompt
from socconsole.widgets.shell import CHANGED_UNDER_KEY
from socconsole.widgets.table import WindowTable
from tests.widgets.stage import COLUMNS, OneApp, numbered


class Heard:
    def __init__(self, *kinds: type[Message]) -> None:
        self.kinds = kinds
        self.messages: list[Any] = []

    def __call__(self, message: Message) -> None:
        if isinstance(message, self.kinds) and message not in self.messages:
            self.messages.append(message)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.002)


def paste(app: OneApp, text: str) -> None:
    if app._driver is None:
        raise RuntimeError("not running")
    event = events.Paste(text)
    event.set_sender(app)
    app._driver.send_message(event)


async def test_a_line_is_asked_for_and_handed_over() -> None:
    heard = Heard(LinePrompt.Submitted, LinePrompt.Cancelled)
    prompt = LinePrompt()
    async with OneApp(prompt).run_test(size=(80, 10), message_hook=heard) as pilot:
        assert not prompt.asking
        prompt.ask("reason", "seen", complete=lambda text: text + "!")
        await pilot.press("x", "tab", "enter")
        await pilot.pause()
        assert [m.value for m in heard.messages] == ["seenx!"]
        assert not prompt.asking
        prompt.ask("reason")
        await pilot.press("y", "escape")
        await pilot.pause()
        assert isinstance(heard.messages[-1], LinePrompt.Cancelled)


async def test_pasted_text_comes_in_cleaned_and_submits_nothing() -> None:
    heard = Heard(LinePrompt.Submitted)
    prompt = LinePrompt()
    app = OneApp(prompt)
    async with app.run_test(size=(80, 10), message_hook=heard) as pilot:
        prompt.ask("reason")
        await pilot.pause()
        paste(app, "one\x1b]0;x\x07\r\ntwo\n")
        await pilot.pause()
        assert prompt.query_one(LineField).value == "one\u241b]0;x\u2407 two"
        assert heard.messages == []


async def test_a_note_has_lines_and_ctrl_d_submits() -> None:
    heard = Heard(NotePrompt.Submitted, NotePrompt.Cancelled)
    prompt = NotePrompt()
    app = OneApp(prompt)
    async with app.run_test(size=(80, 14), message_hook=heard) as pilot:
        prompt.ask("note")
        await pilot.press("a", "enter", "b")
        paste(app, "\r\nc\x1b[2J")
        await pilot.pause()
        await pilot.press("ctrl+d")
        await pilot.pause()
        assert [m.value for m in heard.messages] == ["a\nb\nc\u241b[2J"]
        prompt.ask("note")
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(heard.messages[-1], NotePrompt.Cancelled)


async def test_a_written_note_takes_two_escapes_to_throw_away() -> None:
    heard = Heard(NotePrompt.Submitted, NotePrompt.Cancelled)
    prompt = NotePrompt()
    async with OneApp(prompt).run_test(size=(80, 14), message_hook=heard) as pilot:
        prompt.ask("note")
        await pilot.press("a", "escape", "b", "escape")
        await pilot.pause()
        assert heard.messages == [], "what was written after the warning has not been warned about"
        assert prompt.asking
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(heard.messages[-1], NotePrompt.Cancelled)


def press(app: OneApp, char: str, at: float) -> None:
    event = events.Key(char, char)
    event.time = at
    event.set_sender(app)
    if app._driver is None:
        raise RuntimeError("not running")
    app._driver.send_message(event)


CLOCK = itertools.count(100.0, 0.05)


async def slowly(field: ConfirmField, app: OneApp, text: str) -> None:
    """Type with time stamps 50 ms apart."""
    for char in text:
        press(app, char, next(CLOCK))
        wanted = field.query_one(TypedField).value + char
        await until(lambda wanted=wanted: field.query_one(TypedField).value == wanted)  # type: ignore[misc]


async def test_only_the_expected_text_confirms() -> None:
    heard = Heard(ConfirmField.Confirmed, ConfirmField.Cancelled)
    field = ConfirmField()
    app = OneApp(field)
    async with app.run_test(size=(80, 12), message_hook=heard) as pilot:
        field.ask("close the bucket", "corpus")
        await pilot.pause()
        await slowly(field, app, "corpu")
        await pilot.press("enter")
        await pilot.pause()
        assert heard.messages == []
        assert field.asking
        assert field.query_one(TypedField).value == "", "what was refused is not built upon"
        await slowly(field, app, "corpus")
        await pilot.press("enter")
        await pilot.pause()
        assert [m.typed for m in heard.messages] == ["corpus"]
        field.ask("close the bucket", "corpus")
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(heard.messages[-1], ConfirmField.Cancelled)


async def test_neither_paste_nor_burst_fills_a_confirmation() -> None:
    heard = Heard(ConfirmField.Confirmed, TypedField.TooFast)
    field = ConfirmField()
    app = OneApp(field)
    async with app.run_test(size=(80, 12), message_hook=heard) as pilot:
        field.ask("close the bucket", "corpus")
        await pilot.pause()
        paste(app, "corpus")
        await pilot.pause()
        assert field.query_one(TypedField).value == ""
        assert app.ignored == [(("paste",), "a paste does nothing here")]
        for char in "corpus":
            press(app, char, 5.0)
        await until(lambda: any(isinstance(m, TypedField.TooFast) for m in heard.messages))
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert not any(isinstance(m, ConfirmField.Confirmed) for m in heard.messages)
        assert field.query_one(TypedField).value == ""


def test_an_empty_confirmation_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a text"):
        ConfirmField().ask("anything", "")


class Acting(OneApp):
    def __init__(self, *widgets: Any) -> None:
        super().__init__(*widgets, acting="ax", at_once=False)
        self.done: list[object] = []
        self.blocked = ""

    def acting_blocked(self, at: float) -> str:
        return self.blocked

    def on_key(self, event: events.Key) -> None:
        if event.key in self.acting:
            self.done.append((event.key, self.subject))


async def test_an_acting_key_acts_on_what_was_under_the_cursor_or_not_at_all() -> None:
    app = Acting(WindowTable(COLUMNS, numbered(5)))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        app.subject = "f-1"
        await pilot.press("a")
        await until(lambda: app.done == [("a", "f-1")])
        app.key_guard = KeyGuard(window_s=0.5)  # time enough to change the subject on a loaded machine
        press(app, "x", time.monotonic())
        await until(lambda: app.key_guard.next_due is not None)
        app.subject = "f-2"
        await until(lambda: bool(app.ignored))
        assert app.ignored == [(("x",), CHANGED_UNDER_KEY)]
        assert app.done == [("a", "f-1")]


async def test_an_acting_key_is_refused_while_the_row_is_new() -> None:
    app = Acting(WindowTable(COLUMNS, numbered(5)))
    async with app.run_test(size=(60, 10)) as pilot:
        app.blocked = "the row just changed"
        await pilot.press("a")
        await until(lambda: app.ignored == [(("a",), "the row just changed")])
        app.blocked = ""
        await pilot.press("a")
        await until(lambda: len(app.done) == 1)


async def test_moving_is_not_delayed_by_the_guard() -> None:
    table = WindowTable(COLUMNS, numbered(50))
    app = Acting(table)
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.press("down", "down", "pagedown")
        assert table.cursor == 11
        assert app.key_guard.next_due is None


async def test_a_paste_outside_a_field_is_dropped_and_said() -> None:
    app = Acting(WindowTable(COLUMNS, numbered(5)))
    async with app.run_test(size=(60, 10)) as pilot:
        await pilot.pause()
        paste(app, "aaaa")
        await until(lambda: bool(app.ignored))
        assert app.ignored == [(("paste",), "a paste does nothing outside a field")]
        assert app.done == []
