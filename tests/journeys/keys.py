"""What an analyst's hands do on the console, as fast as the console lets them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.terminal.harness import Terminal

ALONE_S = 0.06
"""Around a key that acts: well over the paste guard's 30 ms."""
ESCAPE_S = 0.15
"""After Escape: with a key within 100 ms behind it, it would be Alt and that key."""
SETTLED_S = 0.35
"""Keys that act are ignored for 300 ms after the row under the cursor has changed."""

CORPUS = "kaufhaus-llm-corpus-prod"
QUERY = f"res:{CORPUS} type:s3 anonymous"
CONTAIN = f":contain s3-block-public {CORPUS}"
PUBLIC = "Amazon S3 public anonymous a"
ARRIVAL_S = 60.0
COMMAND = "a command; tab completes"
CONFIRM = "type s-prod"
ASKED = (
    "esc leave", "acknowledge Amazon", "note on", "verdict on", "snooze Amazon", "snooze: reason",
    COMMAND, "sev:high src:gd unacked age", "words; enter keeps", "a command's name", CONFIRM,
)  # fmt: skip
"""What stands on the screen while keys are an answer."""


def press(terminal: Terminal, *keys: str) -> None:
    """Each key alone."""
    for key in keys:
        terminal.type([key], ESCAPE_S if key == "\x1b" else ALONE_S)


def press_until(terminal: Terminal, key: str, said: str) -> None:
    """A key, and what it brings; a busy machine takes one for pasted now and then, and a person presses again."""
    for patience in (3.0, 3.0):
        press(terminal, key)
        with suppress(AssertionError):
            terminal.wait_for(said, patience)
            return
    press(terminal, key)
    terminal.wait_for(said)


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
    press_until(terminal, ":", COMMAND)
    write(terminal, line)
    for patience in (4.0, 4.0):
        with suppress(AssertionError):
            terminal.wait_for(lambda: COMMAND not in terminal.text, patience)
            return
        press(terminal, "\r")  # a busy machine took the first for a part of the line
    terminal.wait_for(lambda: COMMAND not in terminal.text)


def asked(terminal: Terminal) -> bool:
    """Whether a question stands."""
    text = terminal.text
    return any(said in text for said in ASKED)


def rest(terminal: Terminal) -> None:
    """Until the console has nothing left to do: four kilobytes of keys keep it busy for a while."""
    before = -9
    while (now := _ticks(terminal)) - before > 2:
        before = now
        terminal.type([""], 0.2)


def _ticks(terminal: Terminal) -> int:
    """Hundredths of a second of processor time that the program has used (``/proc``, Linux)."""
    told = Path(f"/proc/{terminal.process.pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    return int(told[11]) + int(told[12])


def on_corpus(terminal: Terminal) -> bool:
    """Whether Triage stands there with the leaking corpus alone, as :func:`to_corpus` leaves it."""
    text = terminal.text
    # Whatever the order: one that a key has chosen stands between the view and the query.
    alone = "─ Triage  all  " in text and f"  {QUERY} ─" in text and "1 of " in text
    return alone and not any(said in text for said in ASKED)


def to_corpus(terminal: Terminal) -> None:
    """Out of whatever is open, to Triage with the leaking corpus under the cursor, ready for keys that act."""
    rest(terminal)
    press(terminal, "\x1b", "\x1b", "1", "\x1b", "\x1b")  # a question, the palette; Triage; its question, its marks
    terminal.wait_for("─ Triage")
    if not on_corpus(terminal):
        command(terminal, "view all")
        command(terminal, f"filter {QUERY}")
        terminal.wait_for(lambda: on_corpus(terminal))
    terminal.quiet(SETTLED_S)


def open_from_corpus(terminal: Terminal, *keys: str) -> None:
    """From the corpus in Triage, one key or ``:`` command after another, each when the last has done what it does."""
    press(terminal, "1")
    terminal.quiet(ALONE_S)
    if on_corpus(terminal):
        terminal.quiet(SETTLED_S)
    else:
        to_corpus(terminal)
    for key in keys:
        if key.startswith(":"):
            command(terminal, key[1:])
        else:
            press(terminal, key)
        terminal.quiet(ALONE_S)
        terminal.wait_for(lambda: "reading what is true" not in terminal.text, ARRIVAL_S)
        terminal.quiet(SETTLED_S)
