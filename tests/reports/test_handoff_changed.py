"""What the next handoff tells of what happened since the last one: everything once, nothing lost between the two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from socconsole.commands import cases as ask
from socconsole.config import Config
from socconsole.model.entry import Entry
from socconsole.model.world import World, WorldKind
from socconsole.reports import accepting, giving
from socconsole.reports.as_data import as_data
from socconsole.reports.document import Document
from socconsole.reports.handoff import handoff
from socconsole.reports.handoff_file import Given
from socconsole.store import case_acts, db, handoff_view, handoffs, ledger, project, shifts
from socconsole.store.instants import micros
from socconsole.store.project_handoffs import ACCEPTED, GIVEN
from socconsole.store.state import StateFolder
from tests.reports.test_handoff import knowing
from tests.store.builders import ACCOUNT
from tests.store.desk import live, named

NOW = datetime.now(UTC)


@pytest.fixture
def theirs(tmp_path: Path) -> StateFolder:
    folder = StateFolder.create(tmp_path / "b", World(WorldKind.LIVE, accounts=(ACCOUNT,)))
    db.prepare(folder)
    return folder


def report(folder: StateFolder, now: datetime) -> Document:
    with db.reading(folder) as conn:
        return handoff(folder, conn, Config(), now)


def changes(document: Document) -> str:
    (found,) = (one for one in document.sections if one.anchor == "changed")
    return str(as_data(Document("", (), (found,))))


def accepted(mine: StateFolder, theirs: StateFolder, gave: giving.Gave, now: datetime) -> None:
    taken = accepting.accept(theirs, knowing(mine, who="bob"), gave.given.data, "bob", now)
    accepting.receipt(mine, knowing(theirs), taken.receipt, "ana", now)


def test_what_comes_while_a_handoff_is_given_is_told_by_the_next_one(
    tmp_path: Path,
    theirs: StateFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = live(tmp_path / "a", 1)
    before = case_acts.act(mine, Config(), ask.OpenCase(findings=(named(0),), title="early"), "ana", datetime.now(UTC))
    given, late = accepting.give, []

    def slow(folder: StateFolder, *rest: object) -> object:
        asked = ask.OpenCase(findings=(named(0),), title="late")
        late.append(case_acts.act(folder, Config(), asked, "ana", datetime.now(UTC)).case)
        return given(folder, *rest)

    monkeypatch.setattr(accepting, "give", slow)
    now = datetime.now(UTC)
    gave = giving.give(mine, Config(analyst="ana"), tmp_path / "x.handoff", "ana", now)
    accepted(mine, theirs, gave, datetime.now(UTC))
    assert late[0] not in gave.given.parcel.cases
    told = changes(report(mine, datetime.now(UTC)))
    assert "late" in told
    assert "early" not in told, "that was told by the first"
    assert before.case in gave.given.parcel.cases


def test_of_one_whose_entry_does_not_say_what_was_read_the_moment_of_its_report_counts(
    tmp_path: Path,
    theirs: StateFolder,
) -> None:
    mine = live(tmp_path / "a", 1)
    read = datetime.now(UTC)
    gave = giving.give(mine, Config(analyst="ana"), tmp_path / "x.handoff", "ana", read)
    asked = ask.OpenCase(findings=(named(0),), title="late")
    case_acts.act(mine, Config(), asked, "ana", datetime.now(UTC))
    accepting.give(mine, _again(gave), "ana", read)
    with db.reading(mine) as conn:
        old = handoffs.latest(conn, 1)[0]
        assert handoff_view.told_up_to(mine, old) is None
        assert [one.verb for one in handoff_view.changed(mine, conn, old.at).cases] == ["case_open"]


def _again(gave: giving.Gave) -> Given:
    parcel = msgspec.structs.replace(gave.given.parcel, id="h-00000000000b")
    return Given(gave.given.data, parcel)


def test_nothing_is_too_far_back_to_be_asked_for(tmp_path: Path) -> None:
    """However many handoffs nobody accepted, and actions that hold, came since."""
    mine = live(tmp_path / "a", 1)
    shifts.sign_on(mine, "ana", NOW, None, [])
    count = 25
    ids = [f"h-{n:012x}" for n in range(count)]
    ledger.append(mine, [Entry(GIVEN, "ana", (id_,), _given(id_)) for id_ in ids])
    receipt = {"now": micros(NOW), "handoff": ids[0], "install": "i-1", "peer": "p", "by": "bob", "at": micros(NOW)}
    ledger.append(mine, [Entry(ACCEPTED, "ana", (ids[0],), receipt)])
    actions = [_action(f"a-{n:012x}", "partial" if n == 0 else "applied") for n in range(520)]
    ledger.append(mine, [entry for both in actions for entry in both])
    project.project(mine)
    with db.reading(mine) as conn:
        last = handoff_view.last(conn)
        mine_now = shifts.of(conn, "ana")
        assert mine_now is not None
        assert len(shifts.given_in(conn, mine_now)) == count
        failed = handoff_view.failed(conn, NOW - timedelta(days=1))
        assert handoff_view.failed(conn, NOW + timedelta(days=1)) == []
    assert last is not None
    assert last.id == ids[0]
    assert [one.id for one in failed] == ["a-000000000000"]


def _given(id_: str) -> dict[str, object]:
    return {"now": micros(NOW), "handoff": id_, "sha256": id_, "bytes": 1, "cases": [], "actions": []}


def _action(id_: str, state: str) -> tuple[Entry, Entry]:
    intent = {
        "id": id_, "action": "x", "target": "t", "account": ACCOUNT, "region": "eu-central-1", "calls": [],
        "undo_calls": [], "before": {}, "after": {}, "reversible": "yes", "wide": False, "undoes": None,
    }  # fmt: skip
    outcome = {"id": id_, "state": state, "when": "at once", "held": True, "results": [], "detail": ""}
    return Entry("intent", "ana", data=intent), Entry("outcome", "ana", data=outcome)


def test_of_many_changes_the_newest_are_listed_the_others_counted_and_decisions_summed(tmp_path: Path) -> None:
    mine = live(tmp_path / "a", 2)
    case = case_acts.act(mine, Config(), ask.OpenCase(findings=(named(0),), title="x"), "ana", NOW).case
    opened = ledger.count(mine)
    notes = handoff_view.LISTED + 5
    data = {"case": case, "now": micros(NOW)}
    ledger.append(mine, [Entry("case_note", "ana", (), data, {"text": str(n)}) for n in range(notes)])
    both = (named(0), named(1))
    ledger.append(mine, [Entry("note", "ana", both, {"batch": "b-000000000001"}, {"text": "x"})] * 3)
    with db.reading(mine) as conn:
        since = handoff_view.changed(mine, conn, NOW, opened)
        everything = handoff_view.changed(mine, conn, NOW - timedelta(hours=1))
        later = handoff_view.changed(mine, conn, datetime.now(UTC) + timedelta(hours=1))
    assert (len(since.cases), since.more, since.decided) == (handoff_view.LISTED, 5, {"note": 6})
    assert since.cases[0].ref == opened + notes, "the newest first"
    assert everything.more == 6
    assert (later.cases, later.more, later.decided) == ((), 0, {})
