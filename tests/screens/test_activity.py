"""Activity: the ledger under a filter, found in a thread while the console goes on."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.commands import Note
from socconsole.model.action import Mode
from socconsole.model.entry import Entry
from socconsole.model.source import Freshness
from socconsole.screens import activity_rows
from socconsole.store import decisions, ledger
from tests.screens.support import Estate, Opened, record


def note(estate: Estate, text: str) -> None:
    """A colleague's note on the only finding."""
    now = datetime.now(UTC)
    ids = tuple(next(line.entry.subjects for line in ledger.read(estate.folder) if line.entry.subjects))
    decisions.decide(estate.folder, Note(ids=ids, text=text), "oncall2", Mode.TRIAGE, now)


@pytest.fixture
def noted(estate: Estate) -> Estate:
    estate.answer(Freshness.FRESH, record(1, "bucket read in bulk", "CRITICAL"))
    return estate


async def test_a_filter_shows_what_holds_the_text_and_what_comes_to_hold_it(noted: Estate, console: Opened) -> None:
    async with console(size=(160, 50)) as desk:
        await desk.press("c")
        await desk.until(lambda: noted.verbs() == ["claim"])
        note(noted, "the owner was paged")
        await desk.press("5", "slash")
        await desk.type("PAGED")
        await desk.press("enter")
        await desk.until(lambda: "the owner was paged" in desk.text())
        assert "claim" not in desk.text().replace("claimed", "")
        held = len(ledger.read(noted.folder))
        title = next(line for line in desk.text().splitlines() if "Activity  entries that hold PAGED" in line)
        assert title.rstrip().endswith(f"1 of {held}")
        note(noted, "paged again")
        await desk.until(lambda: "paged again" in desk.text())
        desk.screen.perform_line("filter nothing of the kind")
        await desk.until(lambda: "no entry holds 'nothing of the kind'" in desk.text())
        desk.screen.perform_line("filter -")
        await desk.until(lambda: "claim" in desk.text())


async def test_a_long_search_holds_up_nothing(noted: Estate, console: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, plain = threading.Event(), ledger.window

    def slow(*given: Any, **options: Any) -> ledger.Window:
        if options.get("text"):
            go_on.wait(60)
        return plain(*given, **options)

    monkeypatch.setattr(ledger, "window", slow)
    async with console(size=(120, 40)) as desk:
        await desk.press("c", "5")
        await desk.until(lambda: noted.verbs() == ["claim"])
        desk.screen.perform_line("filter oncall1")
        await desk.until(lambda: "still looking" in desk.text())
        assert "no entry holds" not in desk.text(), "that is not known yet"
        await desk.press("1")
        await desk.until(lambda: "bucket read in bulk" in desk.text())
        await desk.press("5")
        go_on.set()
        await desk.until(lambda: "claim" in desk.text())


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 50)])
async def test_each_entry_says_who_did_what_to_what_and_rounds_are_counted_away(
    noted: Estate, console: Opened, size: tuple[int, int]
) -> None:
    told = {"account": "111122223333", "region": "eu-central-1", "passed": 1, "failed": 0, "unknown": 0}
    rounds = [Entry("evaluated", "watch", data=told)] * 2
    change = {"case": "c-00000001", "field": "status", "was": "open", "value": "contained"}
    for entries in (
        rounds,
        [Entry("case_change", "ana", data=change)],
        rounds,
        [Entry("from_tomorrow", "ben")],
        rounds,
    ):
        ledger.append(noted.folder, entries)
    async with console(size=size) as desk:
        await desk.press("5")
        await desk.until(lambda: "open → con" in desk.text())
        lines = desk.text().splitlines()
        row = next(line for line in lines if "open → con" in line)
        assert "ana" in row
        assert "from tomorrow" in desk.text(), "a verb of another version stands for itself"
        assert not any("posture" in line and "watch" in line for line in lines)
        if size[0] > 80:
            assert "6 posture rounds left out" in desk.text()
        rows = activity_rows.ActivityRows(desk.app.desk)
        shown = rows.window(0, rows.count())
        assert [rows.position_of(rows.key(one)) for one in shown] == [0, 1, 2]
        desk.screen.perform_line("filter evaluated")
        await desk.until(lambda: sum("watch" in line for line in desk.text().splitlines()) >= 6)


async def test_more_than_is_shown_is_counted(noted: Estate, console: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_rows, "FOUND_MOST", 2)
    async with console(size=(120, 40)) as desk:
        await desk.press("c")
        await desk.until(lambda: noted.verbs() == ["claim"])
        for number in range(3):
            note(noted, f"look {number}")
        await desk.press("5")
        desk.screen.perform_line("filter look")
        await desk.until(lambda: "the newest 2 of 3" in desk.text())
        assert "look 0" not in desk.text()
