"""Reviewing an estate: failing checks are mended with the keys, and pass when they are evaluated the next time."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.journeys.conftest import Open, started
from tests.journeys.keys import ARRIVAL_S, act, command, press, press_until
from tests.terminal.harness import Terminal

SCRATCH = "kaufhaus-prompt-scratch"


def filtered(terminal: Terminal, words: str, then: str) -> None:
    command(terminal, f"filter {words}")
    terminal.wait_for(then, ARRIVAL_S)


def shown(terminal: Terminal, pattern: str) -> re.Match[str]:
    """Wait until it stands on the screen."""
    terminal.wait_for(lambda: re.search(pattern, terminal.text) is not None, ARRIVAL_S)
    found = re.search(pattern, terminal.text)
    assert found is not None
    return found


def mend(terminal: Terminal) -> None:
    """X on the failing check under the cursor, its plan, the reason where the session is not armed, the typed id."""
    act(terminal, "X", "reversible")
    shown(terminal, "helps|hardens")
    if " RESPOND" not in terminal.display[0]:
        press_until(terminal, "\r", "why this session has to contain")
        terminal.type("what the review found\r")
    else:
        press_until(terminal, "\r", "Type ")
    press(terminal, *shown(terminal, r"type (\S+) ")[1], "\r")
    terminal.wait_for("applied", ARRIVAL_S)
    press(terminal, "\x1b")


def test_three_failing_checks_are_mended_from_the_screen(tmp_path: Path, console: Open) -> None:
    with started(tmp_path / "home", scenario="posture") as drill:
        terminal = console(drill.store, columns=160, rows=50, home=drill.home)
        terminal.wait_for("─ Triage")
        press_until(terminal, "3", "─ Endpoints")
        terminal.wait_for("helper-agent", ARRIVAL_S)

        # one endpoint's card: two of its checks fail on a bucket that it may read
        filtered(terminal, "prompt-lab", "prompt-lab")
        press_until(terminal, "\r", "may read")
        for check, action in (("S3-02", "s3-deny-outsiders"), ("S3-05", "s3-require-tls")):
            filtered(terminal, f"{check} {SCRATCH}", f"plans {action}")
            mend(terminal)
            shown(terminal, rf"● PASS \S+ +{check}")

        # a check of the estate
        press(terminal, "\x1b")
        press_until(terminal, "3", "─ Endpoints")
        command(terminal, "lens estate")
        filtered(terminal, "DET-01 111122223333 fail", "plans guardduty-frequency")
        mend(terminal)
        terminal.wait_for("nothing here holds", ARRIVAL_S)
        command(terminal, "lens changes")
        for check in ("S3-02", "S3-05", "DET-01"):
            shown(terminal, rf"FAIL . PASS {check}")

        for check, subject in (("S3-02", SCRATCH), ("S3-05", SCRATCH)):
            told = drill.run("posture", f"check:{check}", subject, "--json").stdout.splitlines()
            assert [json.loads(line)["result"] for line in told] == ["PASS"]
        lines = drill.run("ledger", "show", "--json").stdout.splitlines()
        entries = [json.loads(line) for line in lines]
        verbs = [one["verb"] for one in entries]
        assert verbs.count("intent") == verbs.count("outcome") == 3
        assert "respond" in verbs
        assert verbs.index("evaluated") < verbs.index("intent") < len(verbs) - 1 - verbs[::-1].index("evaluated")
