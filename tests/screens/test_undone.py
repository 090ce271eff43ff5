"""An undo reads as one, wherever what was done for a finding is told."""

from contextlib import closing
from typing import Any

import pytest

from socconsole.cli.respond_words import print_record
from socconsole.model.entry import Entry
from socconsole.model.source import Freshness
from socconsole.store import actions, ledger, project
from tests.screens.support import ACCOUNT, REGION, Estate, Opened, record

INTENT: dict[str, Any] = {
    "action": "s3-block-public",
    "target": "llm-corpus",
    "account": ACCOUNT,
    "region": REGION,
    "calls": [],
    "undo_calls": [],
    "before": {},
    "after": {},
    "evidence": None,
    "reversible": "yes",
    "wide": False,
}


@pytest.fixture
def undone(estate: Estate) -> Estate:
    """A finding whose containment was applied and then undone."""
    estate.answer(Freshness.FRESH, record(1, "bucket read in bulk", "CRITICAL"))
    with closing(estate.write()) as conn:
        (finding,) = (row[0] for row in conn.execute("SELECT id FROM queue"))
    for id_, undoes in (("a-1", None), ("a-2", "a-1")):
        data = {**INTENT, "id": id_, "undoes": undoes, "finding": finding}
        settled = {"id": id_, "state": "applied", "when": "at once", "held": True, "results": [], "detail": ""}
        ledger.append(estate.folder, [Entry("intent", "ana", data=data), Entry("outcome", "ana", data=settled)])
    project.project(estate.folder)
    return estate


async def test_the_finding_and_activity_call_it_an_undo(undone: Estate, console: Opened) -> None:
    async with console(size=(160, 50)) as desk:
        await desk.press("enter")
        await desk.until(lambda: "a-2  undo of a-1, s3-block-public on llm-corpus: applied" in desk.text())
        assert "a-1  s3-block-public on llm-corpus: applied" in desk.text()
        await desk.press("5")
        await desk.until(lambda: "UNDO intent" in desk.text())
        row = next(line for line in desk.text().splitlines() if "UNDO intent" in line)
        assert "undo of a-1" in row


def test_the_command_line_calls_it_an_undo(undone: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(undone.write()) as conn:
        done = actions.get(conn, "a-2")
    assert done is not None
    print_record(done)
    assert "a-2  applied  undo of a-1, s3-block-public llm-corpus" in capsys.readouterr().out
