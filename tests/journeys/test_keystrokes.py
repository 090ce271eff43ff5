"""From the leak's first finding on the screen to a containment that was read back: every key counted."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.conftest import started
from tests.journeys.keys import ALONE_S, ARRIVAL_S, CORPUS, PUBLIC, SETTLED_S
from tests.terminal.harness import Terminal

SPEED = 20
"""Story seconds a second: the console stands there before the bucket is opened to everyone."""
TARGET = 16
"""Keys. Told apart are those that depend on what else is in the list."""
REASON = "leak"
OPENED = PUBLIC[:24]
"""The finding that the bucket was opened to everyone, as far as its row has room for it."""
LEAD = "Potential "
"""How the titles of both attack sequences begin: the worst of them stands for the incident."""
COLUMNS, LIST = 120, 72
"""Cells of the terminal, and those of them that the list takes; the rest is the detail's."""
TYPED = CORPUS[-6:]


class Hand:
    """Presses keys one at a time, each when what it is for stands on the screen, and none twice."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.keys: list[str] = []
        self.moves = 0

    def press(self, key: str, then: str | Callable[[], bool]) -> None:
        """One key, and wait for what it brings."""
        self.keys.append(key)
        self.terminal.type([key], ALONE_S)
        self.terminal.wait_for(then, ARRIVAL_S)

    def write(self, text: str, before: str = "") -> None:
        """Text into the question that stands, letter by letter, until it stands there behind ``before``."""
        self.keys += text
        self.terminal.type(text)
        field = re.compile(rf" *{re.escape(before + text)}(?: {{4}}|$)")
        self.terminal.wait_for(lambda: any(field.match(line) for line in self.terminal.display))

    def to_row(self, title: str) -> None:
        """Move the cursor to a row; rows may arrive meanwhile."""

        def line_of(found: Callable[[str], bool]) -> int:
            return next(y for y, line in enumerate(self.terminal.display) if found(line))

        def cursor() -> int:
            return line_of(lambda line: line.startswith("▶"))

        while (here := cursor()) != (there := line_of(lambda line: title in line[:LIST])):
            self.moves += 1
            self.press("j" if there > here else "k", lambda: cursor() != here)


def test_from_the_first_finding_to_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv, env = [sys.executable, "-m", "socconsole", "--store"], {"SOCCONSOLE_HOME": str(tmp_path / "home")}
    with (
        started(tmp_path / "home", SPEED) as drill,
        Terminal([*argv, str(drill.store)], columns=COLUMNS, rows=40, env=env) as terminal,
    ):
        terminal.wait_for(lambda: re.search(rf"▸\+\d+ {LEAD}", terminal.text), ARRIVAL_S)
        began = time.monotonic()
        hand = Hand(terminal)
        hand.to_row(LEAD)
        hand.press("i", "of one incident")
        terminal.wait_for(OPENED, ARRIVAL_S)
        hand.to_row(OPENED)
        terminal.quiet(SETTLED_S)
        hand.press("X", "▶ helps    s3-block-public")
        hand.press("\r", "\n reversible ")
        hand.press("\r", "why this session has to contain")
        hand.write(REASON, "respond ")
        hand.press("\r", f"type {TYPED} and Enter")
        assert " RESPOND " in terminal.display[0]
        hand.write(TYPED)
        hand.press("\r", "3 of 3: read back at once: applied")
        took = time.monotonic() - began
        (call,) = drill.calls("PutPublicAccessBlock")
        assert call["params"]["Bucket"] == CORPUS
    every, moves, typed = len(hand.keys), hand.moves, len(REASON) + len(TYPED)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{every} keys in {took:.1f} s: {moves} to the finding, {every - moves - typed} from there on, "
            f"{len(TYPED)} of the target's id, {len(REASON)} of the reason\n"
        )
    assert every - moves <= TARGET, hand.keys
