"""What an analyst's hands do on the console, as fast as the console lets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.terminal.harness import Terminal

ALONE_S = 0.06
"""Around a key that acts: well over the paste guard's 30 ms."""
ESCAPE_S = 0.25
"""After Escape: with a key right behind it, terminals mean Alt and that key."""

CORPUS = "kaufhaus-llm-corpus-prod"
PUBLIC = "Amazon S3 public anonymous a"
ARRIVAL_S = 60.0
ASKED = (
    "esc leave", "acknowledge Amazon", "note on", "verdict on", "snooze Amazon", "snooze: reason",
    "a command; tab completes", "sev:high src:gd unacked age", "words; enter keeps", "a command's name", "type s-prod",
)  # fmt: skip
"""What stands on the screen while keys are an answer."""


def press(terminal: Terminal, *keys: str) -> None:
    """Each key alone."""
    for key in keys:
        terminal.type([key], ESCAPE_S if key == "\x1b" else ALONE_S)


def escape(terminal: Terminal, then: str | Callable[[], bool] = "") -> None:
    """Escape, and nothing before it did what it does; by default, close the question that stands."""
    press(terminal, "\x1b")
    terminal.wait_for(then or (lambda: "esc leave" not in terminal.text))


def write(terminal: Terminal, text: str) -> None:
    """Text into a prompt, which takes it at any speed; then, once it stands there, Enter, alone."""
    terminal.send(text)
    terminal.wait_for(lambda: text[-6:] in terminal.display[-2])
    terminal.quiet(ALONE_S)
    press(terminal, "\r")


def command(terminal: Terminal, line: str) -> None:
    """A ``:`` command, from wherever it can be asked for."""
    press(terminal, ":")
    terminal.wait_for("a command; tab completes")
    write(terminal, line)
    terminal.wait_for(lambda: "a command; tab completes" not in terminal.text)


def asked(terminal: Terminal) -> bool:
    """Whether a question stands."""
    return any(said in terminal.text for said in ASKED)


def rest(terminal: Terminal) -> None:
    """Until the console has nothing left to do: four kilobytes of keys keep it busy for a while."""
    before = -9
    while (now := _ticks(terminal)) - before > 2:
        before = now
        terminal.type([""], 0.3)


def _ticks(terminal: Terminal) -> int:
    """Hundredths of a second of processor time that the program has used (``/proc``, Linux)."""
    told = Path(f"/proc/{terminal.process.pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return int(told[11]) + int(told[12])


def to_corpus(terminal: Terminal) -> None:
    """Out of whatever is open, to Triage with the leaking corpus under the cursor, ready for keys that act."""
    rest(terminal)
    press(terminal, "\x1b", "\x1b", "1", "\x1b", "\x1b")  # a question, the palette; Triage; its question, its marks
    terminal.wait_for("─ Triage")
    command(terminal, "view all")
    command(terminal, f"filter res:{CORPUS} type:s3 anonymous")
    terminal.wait_for("1 of ")
    terminal.quiet(0.4)  # keys that act are ignored for 300 ms after the row under the cursor has changed
