"""Many findings in one row: how it says so, how they are looked at, and what an acknowledgement is about."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from socconsole.model.source import Freshness
from socconsole.store import correlating, db
from socconsole.widgets.table import WindowTable
from tests.screens.support import Estate, Opened, Running, record


def on_one_bucket(number: int, title: str, severity: str = "HIGH") -> dict[str, Any]:
    made = record(number, title, severity)
    made["Resources"] = [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::corpus", "Region": made["Region"]}]
    return made


def hear(estate: Estate, *records: dict[str, Any]) -> None:
    """A poll, and what the watch does after it."""
    estate.answer(Freshness.FRESH, *records)
    with closing(estate.write()) as conn:
        correlating.finish(conn, datetime.now(UTC))


def leak(estate: Estate) -> None:
    hear(
        estate,
        on_one_bucket(1, "corpus read in bulk", "CRITICAL"),
        on_one_bucket(2, "policy opened"),
        on_one_bucket(3, "credentials used", "MEDIUM"),
        record(4, "port scanned", "LOW"),
    )


def columns(desk: Running) -> tuple[str, str]:
    """The list and the detail beside it, each as one line of words (80 and 160 columns wrap them differently)."""
    split = [line.partition("│") for line in desk.text().splitlines()]
    return " ".join(" ".join(left for left, _, _ in split).split()), " ".join(" ".join(r for _, _, r in split).split())


def subjects(estate: Estate) -> int:
    return len(estate.entry().entry.subjects)


async def test_one_row_an_incident_with_its_story_and_every_finding_by_a_key(estate: Estate, console: Opened) -> None:
    leak(estate)
    async with console(size=(160, 50)) as desk:
        await desk.until(lambda: "▸+2 corpus read in bulk" in desk.text())
        assert "4 of 4 · 1 incident" in desk.text()
        listed, told = columns(desk)
        assert "policy opened" not in listed
        assert "port scanned" in listed
        assert told.index("story") < told.index("what ")
        for said in (
            "3 findings: 3 new",
            "S3 exfiltration, anomalous behavior ×3 · corpus",
            "bucket corpus",
            "also here",
        ):
            assert said in told

        await desk.press("i")
        await desk.until(lambda: "3 findings of one incident" in desk.text())
        for title in ("┊ corpus read in bulk", "┊ policy opened", "┊ credentials used"):
            assert title in desk.text()
        await desk.press("j", "escape")
        await desk.until(lambda: "▸+2" in desk.text())
        assert desk.screen.query_one("#list", WindowTable).cursor == 0, "back on the row that was unfolded"

        await desk.press("slash")
        await desk.type("policy")
        await desk.press("enter")
        await desk.until(lambda: "┊ policy opened" in desk.text() and "1 of 4" in desk.text())
        await desk.press("escape", "j", "i")
        await desk.until(lambda: "this finding stands alone" in desk.text())


async def test_an_acknowledgement_of_a_lead_offers_all_and_one(estate: Estate, console: Opened) -> None:
    leak(estate)
    async with console(size=(120, 40)) as desk:
        await desk.until(lambda: "▸+2" in desk.text())
        await desk.press("a")
        await desk.until(lambda: "all 3 of this incident: 1 critical, 1 high, 1 medium" in desk.text())
        await desk.press("tab")
        await desk.until(lambda: "this finding alone, 2 stay as they are" in desk.text())
        await desk.type("mine")
        await desk.press("enter")
        await desk.until(lambda: estate.verbs() == ["acknowledge"])
        assert subjects(estate) == 1
        await desk.until(lambda: "2 new" in desk.text())

        await desk.press("a")
        await desk.until(lambda: "all 3 of this incident" in desk.text())
        await desk.type("the leak")
        await desk.press("enter")
        await desk.until(lambda: "acknowledged: 3 findings" in desk.text())
        assert subjects(estate) == 3
        await desk.until(lambda: "2 new" not in desk.text())

        hear(estate, on_one_bucket(5, "one more key", "LOW"))
        await desk.until(lambda: "▸+3" in desk.text() and "1 new" in desk.text())
        desk.screen.perform_line("ack seen")
        await desk.until(lambda: "acknowledged alone; 1 other of its incident left as it is" in desk.text())


async def test_a_lead_that_is_blocked_says_what_still_leaves_by_other_findings(estate: Estate, console: Opened) -> None:
    now = datetime.now(UTC)
    going_on = {**on_one_bucket(2, "policy opened"), "LastObservedAt": (now - timedelta(minutes=2)).isoformat()}

    def blocked(*numbers: int) -> None:
        with closing(estate.write()) as conn, db.transaction(conn):
            for number in numbers:
                conn.execute(
                    "UPDATE queue SET blocked_at = ? WHERE title LIKE ?",
                    (int(now.timestamp() * 1e6), f"%: {number}"),
                )

    hear(estate, on_one_bucket(1, "corpus read in bulk: 1", "CRITICAL"), going_on | {"Title": "policy opened: 2"})
    with closing(estate.write()) as conn, db.transaction(conn):
        conn.execute("UPDATE queue SET acked_at = ?", (int(now.timestamp() * 1e6),))  # so that none is new
    blocked(1)
    async with console(size=(160, 50)) as desk:
        await desk.until(lambda: "▸+1 corpus read in bulk" in desk.text())
        row = next(line for line in desk.text().splitlines() if "▸+1" in line)
        assert "1 leaves" in row
        assert "blocked" not in row.partition("│")[0]
        assert "yes elsewhere in this incident: policy opened: 2" in columns(desk)[1]
        assert "blocked: read back from AWS" in columns(desk)[1]
        await desk.press("enter")
        await desk.until(lambda: "yes elsewhere in this incident: policy opened: 2" in desk.text())
        await desk.press("escape")

        with closing(estate.write()) as conn, db.transaction(conn):
            conn.execute("UPDATE queue SET occurred = NULL")
        await desk.until(lambda: "blocked ?" in desk.text())
        await desk.until(lambda: "cannot see elsewhere in this incident: policy opened: 2" in columns(desk)[1])

        blocked(2)
        await desk.until(lambda: "blocked ?" not in desk.text())
        await desk.until(lambda: "elsewhere" not in desk.text())
        assert "blocked" in next(line for line in desk.text().splitlines() if "▸+1" in line)


async def test_marks_are_of_findings_and_the_cursor_follows_what_is_folded(estate: Estate, console: Opened) -> None:
    hear(estate, on_one_bucket(2, "policy opened"), record(4, "port scanned", "LOW"))
    async with console(size=(120, 40)) as desk:
        await desk.until(lambda: "policy opened" in desk.text())
        await desk.press("j", "k")  # from now on the cursor is the analyst's
        hear(estate, on_one_bucket(1, "corpus read in bulk", "CRITICAL"))
        await desk.until(lambda: "▸+1 corpus" in desk.text())
        assert any(line.startswith("▶") and "corpus read" in line for line in desk.text().splitlines())
        await desk.press("asterisk")
        await desk.until(lambda: "3 marks" in desk.text())
        await desk.press("a")
        await desk.until(lambda: "reason to acknowledge 3 findings" in desk.text())
        await desk.type("storm")
        await desk.press("enter")
        # Not by what the footer says: it may be calling out the critical finding.
        await desk.until(lambda: estate.verbs() == ["acknowledge"])
        assert subjects(estate) == 3


async def test_a_folded_row_becomes_a_case_of_the_whole_incident(estate: Estate, console: Opened) -> None:
    leak(estate)
    async with console(size=(160, 50)) as desk:
        await desk.until(lambda: "▸+2 corpus read in bulk" in desk.text())
        await desk.press("K")
        await desk.until(lambda: "enter: a new case of 3 findings" in desk.text())
        await desk.press("escape", "i")
        await desk.until(lambda: "3 findings of one incident" in desk.text())
        await desk.press("j", "K")
        await desk.until(lambda: "enter: a new case of 3 findings" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "opened c-" in desk.text())
    line = estate.entry()
    assert (line.entry.verb, line.entry.data["incident"][:2], subjects(estate)) == ("case_open", "n-", 3)
    assert line.entry.private["title"] == "corpus read in bulk"


async def test_what_joins_an_incident_is_offered_to_the_case_that_has_the_rest(estate: Estate, console: Opened) -> None:
    leak(estate)
    async with console(size=(160, 50)) as desk:
        await desk.until(lambda: "▸+2 corpus read in bulk" in desk.text())
        await desk.press("K")
        await desk.until(lambda: "a new case of 3 findings" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "opened c-" in desk.text())
        await desk.press("escape")
        hear(estate, on_one_bucket(5, "copied elsewhere"))
        await desk.until(lambda: "▸+3 corpus read in bulk" in desk.text())
        await desk.press("K")
        await desk.until(lambda: "enter: the other 1 into CRITICAL corpus read in bulk" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "attached 1" in desk.text())
    assert (estate.entry().entry.verb, subjects(estate)) == ("case_attach", 1)


async def test_what_would_stop_a_folded_incident_is_asked_for_all_of_it_and_planned_for_one(
    estate: Estate, console: Opened
) -> None:
    leak(estate)
    async with console(size=(160, 50)) as desk:

        def asked(what: str) -> list[dict[str, Any]]:
            return [request for request in desk.asked() if request["do"] == what]

        await desk.until(lambda: "▸+2 corpus read in bulk" in desk.text())
        await desk.press("X")
        await desk.until(lambda: "what would stop 3 findings of n-" in desk.text() and "2/3" in desk.text())
        told = desk.text()
        assert "2 of 3 findings; 1 left" in told
        assert told.index("ends") < told.index("policy opened") < told.index("leaves")
        await desk.press("enter")
        await desk.until(lambda: bool(asked("plancontain")))
        (of,) = asked("offer")
        assert len(of["findings"]) == 3
        assert asked("plancontain")[0]["finding"] == of["findings"][-1], "the one that it was offered for"

        await desk.press("escape", "escape")
        await desk.until(lambda: "▸+2" in desk.text())
        await desk.press("i")
        await desk.until(lambda: "3 findings of one incident" in desk.text())
        await desk.press("X")
        await desk.until(lambda: "what would stop f-" in desk.text())
        assert len(asked("offer")[-1]["findings"]) == 1
        assert "BLOCKS" not in desk.text()
