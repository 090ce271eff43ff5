"""What an analyst's hands do on the console, as fast as the console lets them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from tests.terminal.harness import PACE_S, Terminal

ALONE_S = PACE_S
"""Around a key that acts: over the paste guard's 30 ms."""
ESCAPE_S = 0.13
"""After Escape: with a key within 100 ms behind it, it would be Alt and that key."""
SETTLED_S = 0.35
"""Keys that act are ignored for 300 ms after the row under the cursor has changed."""

CORPUS = "kaufhaus-llm-corpus-prod"
QUERY = f"res:{CORPUS} type:s3 anonymous"
CONTAIN = f":contain s3-block-public {CORPUS}"
PUBLIC = "Amazon S3 public anonymous a"
LEAKING = " incident"
"""In Triage's title once the leak is one: its findings then stand folded under the worst of them."""
ARRIVAL_S = 120.0
AGAIN_S = 10.0
"""After that, a key that has shown nothing is pressed again."""
IGNORED = "ignored "
"""The console says so of keys that came like a paste, or right after the row under the cursor had changed."""
COMMAND = "a command; tab completes"
CONFIRM = "type s-prod"
ASKED = (
    "esc leave", "acknowledge Amazon", "note on", "verdict on", "snooze Amazon", "snooze: reason", "take back: ",
    COMMAND, "sev:high src:gd unacked age", "words; enter keeps", "a command's name", CONFIRM,
)  # fmt: skip
"""What stands on the screen while keys are an answer."""


def arrived(terminal: Terminal) -> None:
    """The leak is in sight: its incident, or its finding where the last console of this store left the list at it."""
    terminal.wait_for(lambda: LEAKING in terminal.text or PUBLIC in terminal.text, ARRIVAL_S)


def press(terminal: Terminal, *keys: str) -> None:
    """Each key alone."""
    for key in keys:
        terminal.type([key], ESCAPE_S if key == "\x1b" else ALONE_S)


def press_until(terminal: Terminal, key: str, said: str) -> None:
    """A key, and what it brings; where the console took it for pasted and says so, a person presses it again."""
    for _ in range(3):
        signs = [said] if IGNORED in terminal.text else [said, IGNORED]  # what an earlier key was told is no sign
        press(terminal, key)
        with suppress(AssertionError):
            wait_for_one(terminal, signs)
        if said in terminal.text:
            return
    terminal.wait_for(said)


def wait_for_one(terminal: Terminal, signs: list[str]) -> None:
    terminal.wait_for(lambda: any(sign in terminal.text for sign in signs), AGAIN_S)


def act(terminal: Terminal, key: str, said: str) -> None:
    """A key that acts on the row under the cursor, once that row is no news; and what it brings."""
    terminal.quiet(SETTLED_S)
    press_until(terminal, key, said)


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
    for _ in range(3):
        with suppress(AssertionError):
            terminal.wait_for(lambda: COMMAND not in terminal.text, AGAIN_S)
            return
        press(terminal, "\r")  # the console took the first for a part of the line
    terminal.wait_for(lambda: COMMAND not in terminal.text)


def asked(terminal: Terminal) -> bool:
    """Whether a question stands."""
    text = terminal.text
    return any(said in text for said in ASKED)


def on_corpus(terminal: Terminal) -> bool:
    """Whether Triage stands there with the leaking corpus alone, as :func:`to_corpus` leaves it."""
    text = terminal.text
    # Whatever the order: one that a key has chosen stands between the view and the query.
    alone = "─ Triage  all  " in text and f"  {QUERY} ─" in text and "1 of " in text
    return alone and not any(said in text for said in ASKED)


def to_corpus(terminal: Terminal) -> None:
    """Out of whatever is open, to Triage with the leaking corpus under the cursor, ready for keys that act."""
    terminal.quiet(ALONE_S)
    press(terminal, "\x1b", "\x1b", "1", "\x1b", "\x1b")  # a question, the palette; Triage; its question, its marks
    for _ in range(3):  # the end of what was pasted may have opened one more
        terminal.quiet(SETTLED_S)
        if not asked(terminal):
            break
        press(terminal, "\x1b")
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
