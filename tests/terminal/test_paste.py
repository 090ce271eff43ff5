"""Pastes into a running console: nothing acts, and that is said."""

from __future__ import annotations

import string
from collections.abc import Callable
from pathlib import Path

from tests.terminal.harness import Terminal

Start = Callable[..., Terminal]
EVERY_KEY = (string.printable.replace("\x0b", "").replace("\x0c", "") * 50)[:4096]


def ready(start: Start) -> Terminal:
    """The stage, once the row that appeared under its cursor has settled."""
    terminal = start("stage")
    terminal.wait_for("title 00000")
    terminal.quiet(0.4)
    return terminal


def said(folder: Path) -> str:
    try:
        return (folder / "discarded").read_text()
    except FileNotFoundError:
        return ""


def test_a_bracketed_paste_of_every_key_does_nothing(start: Start, tmp_path: Path) -> None:
    terminal = ready(start)
    terminal.paste(EVERY_KEY)
    terminal.wait_for(lambda: "paste" in said(tmp_path))
    assert not (tmp_path / "acted").exists()


def test_a_raw_paste_of_every_key_does_nothing(start: Start, tmp_path: Path) -> None:
    # "w" and "b" are the stage's own test keys, not acting ones; "/" opens the prompt, into which the rest falls.
    text = EVERY_KEY.replace("w", "").replace("b", "")
    terminal = ready(start)
    terminal.send(text)
    terminal.wait_for(lambda: "like a paste" in said(tmp_path))
    terminal.quiet()
    assert not (tmp_path / "acted").exists()
    assert not (tmp_path / "submitted").exists()


def test_a_key_pressed_alone_acts_and_repeats_act(start: Start, tmp_path: Path) -> None:
    terminal = ready(start)
    terminal.type("a")
    terminal.wait_for("acted 1 on key00000")
    terminal.send("uuu")  # one key held down
    terminal.wait_for("acted 4 on key00000")


def test_two_keys_at_once_do_not_act(start: Start, tmp_path: Path) -> None:
    terminal = ready(start)
    terminal.send("ac")
    terminal.wait_for(lambda: "a c: " in said(tmp_path))
    terminal.quiet()  # a key right behind the two would belong to them
    terminal.type("n")
    terminal.wait_for("acted 1 on")
    assert (tmp_path / "acted").read_text() == "n key00000\n"


def test_enter_in_a_prompt_is_guarded(start: Start, tmp_path: Path) -> None:
    terminal = ready(start)
    terminal.type("/")
    terminal.wait_for("filter")
    terminal.send("quit\r")
    terminal.wait_for(lambda: "enter" in said(tmp_path))
    assert not (tmp_path / "submitted").exists()
    terminal.type(" now\r")
    terminal.wait_for(lambda: (tmp_path / "submitted").exists())
    assert (tmp_path / "submitted").read_text() == "quit now\n"
