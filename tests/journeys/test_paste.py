"""Four kilobytes of every key, pasted anywhere: no decision, no call, no way out of the console."""

from __future__ import annotations

import json
import random
import string
import sys
from collections.abc import Iterator

import pytest

from tests.journeys.conftest import Drill
from tests.journeys.keys import (
    ARRIVAL_S,
    CONFIRM,
    CONTAIN,
    CORPUS,
    LEAKING,
    SETTLED_S,
    act,
    command,
    open_from_corpus,
    press,
    press_until,
    to_corpus,
)
from tests.terminal.harness import Terminal

pytestmark = pytest.mark.xdist_group("paste")  # one drill for all of it

SIZE = 4096
SWALLOWED_S = 300.0
"""How long a busy machine may take for all of them, and for what the console says of them."""


def every_key() -> str:
    """What a clipboard may hold: each key of the console and words that would act, in no order, 4 kB of them."""
    words = [*string.printable, *(chr(code) for code in range(0x20)), "\x7f"]
    words += [":q\r", "a\r", "areason\r", "X\r", "Xs-prod\r", "s-prod\r", "U\r", "\x03", "\x04", "\x0b\r", "*a\r"]
    words += [":respond now\r", ":takeback\r", f":contain s3-block-public {CORPUS}\r\r", "\x1b", "\x1bOP", "\x1b[B"]
    words += ["\x1b[A", "\x1b[5~", "\x1b[15~", "\x1b\r", "\r", "\n", "\t", "1", "5", "7", "é", "‮"]
    order = random.Random(7)
    out: list[str] = []
    while sum(map(len, out)) < SIZE:
        order.shuffle(words)
        out += words
    return "".join(out)[:SIZE]


EVERY_KEY = every_key()


def decisions(drill: Drill) -> list[str]:
    """The ledger's entries, but for what the watch does by itself and the actor after a decision, in its own time."""
    entries = [json.loads(line) for line in drill.run("ledger", "show", "--json", check=0).stdout.splitlines()]
    others = ("system", "sent", "evaluated")
    return [f"{entry['seq']} {entry['verb']}" for entry in entries if entry["verb"] not in others]


def changes(drill: Drill) -> list[str]:
    """Requests of the console's own roles that would change something in AWS."""
    entries = [json.loads(line) for line in (drill.store / "journal.jsonl").read_text("utf-8").splitlines()]
    ours = [one for one in entries if "socconsole-" in (one.get("role") or "")]
    assert ours
    return [one["op"] for one in ours if one["mutating"]]


@pytest.fixture(scope="module")
def desk(shared: Drill, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """One console for all pastes: whatever one of them leaves open, the next begins in Triage."""
    argv = [sys.executable, "-m", "socconsole", "--store", str(shared.store)]
    env = {"SOCCONSOLE_HOME": str(shared.home), "TEXTUAL_FPS": "60"}
    with Terminal(argv, columns=160, rows=50, env=env) as terminal:
        terminal.wait_for(LEAKING, ARRIVAL_S)
        yield terminal


LISTS = {
    "Triage": ((), "1 of "),
    "the finding": (("\r",), "\n what "),
    "Activity": (("5",), "─ Activity "),
    "Sources": (("7",), "─ Sources "),
}
"""Screens on which every key is a command."""
FIELDS = {
    "a reason": (("a",), "acknowledge Amazon"),
    "a note": (("n",), "note on"),
    "the palette": (("\x0b",), "a command's name"),
    "the plan": ((CONTAIN,), "PutPublicAccessBlock"),
}


def test_on_every_screen_with_and_without_a_question(shared: Drill, desk: Terminal) -> None:
    """Bracketed everywhere. As keys where another part of the console reads them: the list, each kind of field, the
    plan; the other screens have the list's guard."""
    before = decisions(shared), changes(shared)
    for place, (keys, said) in {**LISTS, **FIELDS}.items():
        open_from_corpus(desk, *keys)
        desk.wait_for(said, ARRIVAL_S)
        desk.paste(EVERY_KEY)
        desk.quiet(patience=SWALLOWED_S)
        assert said in desk.text or place == "the palette", (place, desk.text)  # it is where it was
        if place == "Triage" or place in FIELDS:
            desk.send(EVERY_KEY)
            desk.quiet(patience=SWALLOWED_S)
        assert desk.process.poll() is None, (place, desk.text)
    to_corpus(desk)
    assert (decisions(shared), changes(shared)) == before
    assert " TRIAGE" in desk.text


def test_what_is_pasted_into_a_question_waits_there(shared: Drill, desk: Terminal) -> None:
    before = decisions(shared)
    to_corpus(desk)
    act(desk, "a", "acknowledge Amazon")
    desk.paste("seen by the\r:q\r\x1b night shift\r")
    desk.wait_for("seen by the")
    desk.quiet()
    assert "night shift" in desk.text
    assert decisions(shared) == before
    press(desk, "\r")
    desk.wait_for("acknowledged")
    assert len(decisions(shared)) == len(before) + 1
    desk.quiet(SETTLED_S)
    press(desk, "u")
    desk.wait_for(lambda: "take back: " in desk.text or "taken back" in desk.text)
    if "take back: " in desk.text:  # AWS has been told by now, so it asks
        press(desk, "\r")
    desk.wait_for("taken back")


def test_armed_and_asked_it_confirms_nothing(shared: Drill, desk: Terminal) -> None:
    to_corpus(desk)
    command(desk, "respond an exercise")
    desk.wait_for(" RESPOND")
    before = decisions(shared), [op for op in changes(shared) if op != "BatchUpdateFindings"]
    for pasted in (desk.paste, desk.send):
        for text in ("s-prod", "s-prod\r", EVERY_KEY):
            if CONFIRM not in desk.text:
                open_from_corpus(desk, CONTAIN)
                desk.wait_for("PutPublicAccessBlock", ARRIVAL_S)
                press_until(desk, "\r", CONFIRM)
            pasted(text)
            desk.quiet(patience=SWALLOWED_S)
            assert desk.process.poll() is None
            if CONFIRM in desk.text:
                press(desk, "\r")  # what did get in is not what was asked for
                desk.wait_for("nothing was done")
                press(desk, "\x1b")
    to_corpus(desk)
    assert (decisions(shared), [op for op in changes(shared) if op != "BatchUpdateFindings"]) == before
    command(desk, "q")
    assert desk.wait_exit() == 0
