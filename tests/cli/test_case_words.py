"""What ``case show`` says of containments and of a case that was closed: a ticket is written from it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from socconsole.cli import case_words
from socconsole.commands import cases as ask
from socconsole.store import cases, db
from tests.reports.test_handoff import contained
from tests.store.builders import NOW
from tests.store.desk import live, named
from tests.store.test_cases import CONFIG, act

FIRST, UNDO, AGAIN = "a-00000000000a", "a-00000000000b", "a-00000000000c"


def test_an_undo_is_never_told_as_a_containment_and_a_closed_case_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = live(tmp_path / "state")
    case = act(folder, ask.OpenCase(findings=(named(0),))).case
    contained(folder, FIRST, "applied")
    contained(folder, UNDO, "applied", undoes=FIRST, target="corpus-a")
    contained(folder, AGAIN, "applied", target="corpus-a")
    act(folder, ask.CloseCase(case=case, reason="a drill and nothing else", anyway=True), now=NOW + timedelta(hours=1))
    with db.reading(folder) as conn:
        found = cases.get(conn, case)
        assert found is not None
        whole = case_words.whole(folder, conn, CONFIG, found, NOW + timedelta(hours=2))
    case_words.page(whole)
    lines = capsys.readouterr().out.splitlines()
    told = {one: next(line.strip() for line in lines if f"({one})" in line) for one in (FIRST, UNDO, AGAIN)}
    assert told[FIRST].startswith("applied, undone  s3-block-public on corpus-a")
    assert told[UNDO].startswith(f"applied          undo of {FIRST}, s3-block-public on corpus-a")
    assert told[AGAIN].startswith("applied          s3-block-public on corpus-a")
    head = lines[: next(n for n, line in enumerate(lines) if "hypothesis" in line)]
    assert any("closed 2026-03-01T04:14:07Z by ana" in line and "a drill and nothing else" in line for line in head)
    assert not any("before it can be closed" in line for line in lines)
    assert any(f"ana  undo of {FIRST}, s3-block-public on corpus-a" in line for line in lines), "and in its history"
