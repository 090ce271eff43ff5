from __future__ import annotations

from datetime import timedelta

import pytest

from socconsole.commands import Acknowledge, Note, Verify
from socconsole.model.action import Mode
from socconsole.store import ledger, outbox
from socconsole.store.outbox import Fate, Settled
from socconsole.store.state import StateFolder
from tests.store.builders import NOW
from tests.store.desk import act, dump, named, store


def acknowledged(folder: StateFolder, *numbers: int, who: str = "ana", mode: Mode = Mode.TRIAGE) -> None:
    act(folder, Acknowledge(ids=tuple(named(n) for n in numbers), reason="x"), who, mode)


def test_a_write_is_claimed_by_one_process_until_its_lease_ends(folder: StateFolder) -> None:
    acknowledged(folder, 0, 1)
    with store(folder) as conn, store(folder) as other:
        first = outbox.claim(conn, "ana", NOW, pid=11, limit=1)
        second = outbox.claim(other, "ana", NOW, pid=22)
        assert [write.finding for write in (*first, *second)] == [named(0), named(1)]
        assert outbox.claim(conn, "ana", NOW + timedelta(seconds=59), pid=33) == []
        assert outbox.waiting(conn).claimed == 2
        assert outbox.renew(other, second, NOW + timedelta(seconds=59), pid=22) == second
        again = outbox.claim(conn, "ana", NOW + timedelta(seconds=61), pid=33)
        assert [write.finding for write in again] == [named(0)]


def test_what_another_process_took_over_is_neither_kept_nor_given_back(folder: StateFolder) -> None:
    """A holder that slept through its lease must not extend, or end, that of whoever sends the write now."""
    acknowledged(folder, 0)
    late = NOW + timedelta(seconds=61)
    with store(folder) as conn:
        slow = outbox.claim(conn, "ana", NOW, pid=11)
        quick = outbox.claim(conn, "ana", late, pid=22)
        assert [write.id for write in quick] == [write.id for write in slow]
        assert outbox.renew(conn, slow, late, 600.0, pid=11) == []
        outbox.release(conn, slow, "throttled", late, pid=11)
        assert outbox.claim(conn, "ana", late, pid=33) == []  # still with 22 ...
        assert outbox.renew(conn, quick, late, pid=22) == quick
        assert len(outbox.claim(conn, "ana", late + timedelta(seconds=61), pid=33)) == 1  # ... for its own time


def test_a_later_write_of_a_finding_waits_for_the_earlier_one(folder: StateFolder) -> None:
    acknowledged(folder, 0)
    with store(folder) as conn:
        (first,) = outbox.claim(conn, "ana", NOW, pid=11)
        act(folder, Verify(ids=(named(0), named(1)), verdict="TRUE_POSITIVE"))
        assert [write.finding for write in outbox.claim(conn, "ana", NOW, pid=22)] == [named(1)]
        outbox.settle(folder, [Settled(first, Fate.SENT)], "ana")
        assert [write.kind for write in outbox.claim(conn, "ana", NOW, pid=22)] == ["verdict"]


def test_an_analyst_sends_only_ones_own_and_what_was_made_in_read_only_on_demand(folder: StateFolder) -> None:
    acknowledged(folder, 0)
    acknowledged(folder, 1, who="bob")
    acknowledged(folder, 2, mode=Mode.READ)
    with store(folder) as conn:
        assert outbox.waiting(conn, "ana") == outbox.Waiting(unsent=1, kept_back=1, claimed=0, failed=0)
        assert outbox.waiting(conn).total == 3
        assert [write.finding for write in outbox.claim(conn, "ana", NOW)] == [named(0)]
        (read,) = outbox.claim(conn, "ana", NOW, include_read=True)
        assert (read.finding, read.mode) == (named(2), Mode.READ)
        assert outbox.claim(conn, "nobody", NOW) == []


def test_what_could_not_be_sent_goes_back_and_waits(folder: StateFolder) -> None:
    acknowledged(folder, 0)
    before = ledger.count(folder)
    with store(folder) as conn:
        outbox.release(conn, outbox.claim(conn, "ana", NOW), "throttled", NOW, again_s=30)
        assert outbox.claim(conn, "ana", NOW + timedelta(seconds=29)) == []
        (again,) = outbox.claim(conn, "ana", NOW + timedelta(seconds=31))
        assert again.tries == 1
    assert ledger.count(folder) == before


@pytest.mark.parametrize("fate", list(Fate))
def test_what_became_of_a_write_is_on_the_ledger(folder: StateFolder, fate: Fate) -> None:
    acknowledged(folder, 0, 1)
    with store(folder) as conn:
        writes = outbox.claim(conn, "ana", NOW)
        seq = outbox.settle(
            folder, [Settled(write, fate, "because \ud800", {"workflow": "NEW"}) for write in writes], "ana"
        )
        (line,) = ledger.read(folder, after=seq - 1)
        assert line.entry.verb == fate.value
        assert line.entry.data["writes"] == [[write.seq, write.finding] for write in writes]
        assert "because" in line.entry.private["why"]
        assert outbox.claim(conn, "ana", NOW + timedelta(days=1)) == []
        ((_, state, why),) = outbox.of_finding(conn, named(0))
        assert state == {"sent": "sent", "overtaken": "overtaken", "send_failed": "failed"}[fate.value]
        assert "because" in why
        unsent = conn.execute("SELECT unsent FROM queue WHERE id = ?", (named(0),)).fetchone()[0]
        assert unsent == (1 if fate is Fate.FAILED else 0)
        assert len(outbox.claim(conn, "ana", NOW, retry_failed=True)) == (2 if fate is Fate.FAILED else 0)


def test_settling_many_keeps_to_entries_of_a_hundred_and_one_reason(folder: StateFolder) -> None:
    for n in range(5):
        act(folder, Note(ids=tuple(named(k) for k in range(5)), text=f"note {n}"))
    with store(folder) as conn:
        writes = outbox.claim(conn, "ana", NOW)
    assert len(writes) == 25
    before = ledger.count(folder)
    settled = [Settled(write, Fate.SENT) for write in writes * 5]
    settled += [Settled(writes[0], Fate.FAILED, "one"), Settled(writes[1], Fate.FAILED, "two")]
    outbox.settle(folder, settled, "ana")
    assert [len(line.entry.data["writes"]) for line in ledger.read(folder, after=before)] == [100, 25, 1, 1]
    with store(folder) as conn:
        assert outbox.waiting(conn).total == 0  # what was sent is never unsent again
    assert outbox.settle(folder, [], "ana") == 0


def test_the_outbox_is_the_same_after_a_rebuild_but_for_leases(folder: StateFolder) -> None:
    from socconsole.store import db, project

    acknowledged(folder, 0, 1, 2)
    with store(folder) as conn:
        first, second, _ = outbox.claim(conn, "ana", NOW)
        outbox.settle(folder, [Settled(first, Fate.SENT, before={"workflow": "NEW"})], "ana")
        outbox.settle(folder, [Settled(second, Fate.OVERTAKEN, "RESOLVED by AWS")], "ana")
        outbox.release(conn, outbox.claim(conn, "ana", NOW + timedelta(hours=1)), "", NOW)
        conn.execute("UPDATE outbox SET tries = 0, lease_until = NULL WHERE state = 'unsent'")
    before = dump(folder)
    for path in folder.root.glob("store.db*"):
        path.unlink()
    db.prepare(folder)
    project.project(folder)
    assert dump(folder) == before
