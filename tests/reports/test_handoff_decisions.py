"""Decisions on findings that travel in a handoff: the same findings there, the later decision, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from socconsole.commands import Acknowledge, Claim, Note, Snooze, TakeBack, Verify
from socconsole.commands import cases as ask
from socconsole.config import Config
from socconsole.reports import accepting, carried, handoff_file
from socconsole.reports.accepting import Taken
from socconsole.reports.handoff_file import BadHandoff
from socconsole.store import adopted, case_acts, db, ledger, outbox, project, recover
from socconsole.store.instants import micros
from socconsole.store.state import StateFolder
from tests.cli.support import run
from tests.reports.test_handoff import knowing, signer
from tests.store.builders import hub, observation
from tests.store.desk import act, decision, dump, fill, live, named

NOW = datetime.now(UTC).replace(microsecond=0)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def ack(n: int | str) -> Acknowledge:
    return Acknowledge(ids=(named(n),), reason="seen")


@pytest.fixture
def ana(tmp_path: Path) -> StateFolder:
    return live(tmp_path / "a", 4)


@pytest.fixture
def bob(tmp_path: Path) -> StateFolder:
    return live(tmp_path / "b", 4)


def file(giver: StateFolder) -> bytes:
    with db.reading(giver) as conn:
        given = handoff_file.make(giver, conn, {}, "ana", signer(giver), NOW)
    accepting.give(giver, given, "ana", NOW)
    return given.data


def resigned(data: bytes, giver: StateFolder, **over: Any) -> bytes:
    """A file of the same giver that says something else."""
    body = {**json.loads(data)["handoff"], **over}
    key = signer(giver)
    signature = key.sign(b"socconsole handoff 1\n" + rfc8785.dumps(body)).hex()
    return rfc8785.dumps({"handoff": body, "key": key.id, "public": key.public.hex(), "signature": signature})


def hand_over(giver: StateFolder, taker: StateFolder) -> Taken:
    return accepting.accept(taker, knowing(giver, who="bob"), file(giver), "bob", NOW)


def everything(folder: StateFolder) -> dict[str, list[tuple[object, ...]]]:
    """What is decided about the findings as Triage shows it, and all that is projected."""
    with db.reading(folder) as conn:
        shown = conn.execute(
            "SELECT id, owner, acked_at, acked_by, snoozed_until, decided_verdict, note_at FROM queue ORDER BY id"
        ).fetchall()
        assert project.unapplied(conn) == {}
    return {**dump(folder), "queue": shown}


def adopted_entries(folder: StateFolder) -> Iterator[str]:
    return (adopted.as_made(line).entry.verb for line in ledger.lines(folder, verbs=(adopted.ADOPTED,)))


def test_what_was_decided_stands_there_under_the_same_name_and_is_never_sent_twice(
    ana: StateFolder, bob: StateFolder
) -> None:
    until = NOW + timedelta(hours=2)
    act(ana, ack(0), now=ago(9))
    act(ana, Claim(ids=(named(0),)), now=ago(8))
    act(ana, Note(ids=(named(0),), text="the intern's key"), now=ago(7))
    act(ana, Verify(ids=(named(0),), verdict="TRUE_POSITIVE"), now=ago(6))
    act(ana, Snooze(ids=(named(1),), until=until, reason="pentest"), now=ago(5))
    act(ana, ack(2), now=ago(4))
    act(ana, TakeBack(), now=ago(3))
    taken = hand_over(ana, bob)
    assert (taken.decisions, taken.met.conflicts, taken.met.awaited) == (7, (), frozenset())
    for n in range(3):
        here, there = decision(ana, n), decision(bob, n)
        same = [name for name in there if not name.endswith("_seq")]
        assert {name: there[name] for name in same} == {name: here[name] for name in same}
    assert everything(bob)["queue"] == everything(ana)["queue"]
    with db.reading(bob) as conn:
        assert outbox.waiting(conn).total == 0
    with db.reading(ana) as conn:
        assert outbox.waiting(conn).total > 0, "the giver tells AWS, or says that it did not"
    rows = everything(bob)
    recover.recover(bob.root, force=True)
    fill(bob, *(hub(str(n)) for n in range(4)))
    assert everything(bob) == rows


def test_only_what_is_open_or_in_an_open_case_travels(ana: StateFolder, bob: StateFolder) -> None:
    for n in range(3):
        act(ana, Note(ids=(named(n),), text="a note"), now=ago(9 - n))
    case_acts.act(ana, Config(), ask.OpenCase(findings=(named(1),), title="t", hypothesis=""), "ana", NOW)
    fill(ana, *(hub(str(n), active=False, updated=NOW) for n in (0, 1)))
    assert hand_over(ana, bob).decisions == 2
    assert decision(bob, 0) == {}
    assert [decision(bob, n)["note"] for n in (1, 2)] == ["a note", "a note"]


def test_the_later_decision_counts_and_the_other_is_told(ana: StateFolder, bob: StateFolder) -> None:
    act(ana, Claim(ids=(named(0), named(1))), now=ago(5))
    act(bob, Claim(ids=(named(0),)), "bob", now=ago(4))
    act(bob, Claim(ids=(named(1),)), "bob", now=ago(6))
    act(bob, ack(2), "bob", now=ago(8))
    act(bob, TakeBack(), "bob", now=ago(2))
    act(ana, ack(2), now=ago(3))
    taken = hand_over(ana, bob)
    kept = {one.finding: one.kept for one in taken.met.conflicts}
    assert kept == {named(0): True, named(1): False, named(2): True}
    assert (decision(bob, 0)["owner"], decision(bob, 1)["owner"]) == ("bob", "ana")
    assert decision(bob, 2)["acked_by"] is None, "bob wants it looked at again, and said so last"
    first = next(said for said in taken.decided if said.startswith(named(0)))
    assert f"claim by bob at {ago(4):%Y-%m-%d %H:%M:%SZ} stands" in first
    assert "claim by ana" in first


def test_the_command_line_tells_what_met(ana: StateFolder, bob: StateFolder, tmp_path: Path) -> None:
    act(ana, Claim(ids=(named(0), named(1))), now=ago(5))
    act(bob, Claim(ids=(named(0),)), "bob", now=ago(4))
    path, config = tmp_path / "tonight.handoff", tmp_path / "bob.toml"
    config.write_text(f'[[peers]]\nname = "ana"\npublic_key = "{signer(ana).public.hex()}"\n')
    assert "1 set of decisions on findings" in run("handoff", "-o", path, "--store", ana.root).out
    taken = run("handoff", "accept", path, "--json", "--store", bob.root, "--config", config).row
    (conflict,) = taken["conflicts"]
    assert (conflict["finding"], conflict["kept"], conflict["here"]["by"]) == (named(0), True, "bob")
    assert (taken["decisions"], taken["awaited"], taken["untold"]) == (1, [], [])


def test_a_finding_that_arrives_later_or_under_another_name_has_the_decision(ana: StateFolder, tmp_path: Path) -> None:
    bob = live(tmp_path / "late", 0)
    merged = observation("x", merge_keys=("other-key", *observation("0").merge_keys))
    act(ana, ack(0), now=ago(9))
    act(ana, ack(1), now=ago(8))
    taken = hand_over(ana, bob)
    assert taken.met.awaited == {named(0), named(1)}
    fill(bob, merged, hub("1"))
    with db.reading(bob) as conn:
        shown = conn.execute("SELECT acked_by FROM queue").fetchall()
    assert shown == [("ana",), ("ana",)]
    # And where both installs know it, but under different names, the later decision of either name counts.
    act(bob, Note(ids=(named(0),), text="here, later"), "bob", now=ago(1))
    act(ana, Note(ids=(named(0),), text="there, earlier"), now=ago(2))
    (conflict,) = hand_over(ana, bob).met.conflicts
    assert (conflict.kept, conflict.here.who) == (True, "bob")
    with db.reading(bob) as conn:
        assert (micros(ago(1)),) in conn.execute("SELECT note_at FROM queue").fetchall()


def test_in_a_circle_nothing_is_adopted_twice_and_a_taking_back_follows(ana: StateFolder, bob: StateFolder) -> None:
    act(ana, ack(0), now=ago(9))
    act(ana, ack(1), now=ago(8))
    hand_over(ana, bob)
    act(bob, Claim(ids=(named(0),)), "bob", now=ago(7))
    back = hand_over(bob, ana)
    assert (back.adopted, back.decisions) == (1, 1)
    assert decision(ana, 0)["owner"] == "bob"
    assert list(adopted_entries(ana)) == ["claim"]
    assert hand_over(ana, bob).adopted == 0
    act(ana, TakeBack(), now=ago(6))
    assert decision(bob, 1)["acked_by"] == "ana"
    assert hand_over(ana, bob).decisions == 1
    assert decision(bob, 1)["acked_by"] is None
    assert decision(bob, 0)["acked_by"] == "ana"
    with pytest.raises(Exception, match="nothing to take back"):
        act(bob, TakeBack(), "ana", now=NOW)


def test_what_does_not_fit_is_the_oldest_and_is_named(ana: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    oldest = act(ana, Note(ids=(named(0),), text="x" * 900), now=ago(9))
    act(ana, Note(ids=(named(1),), text="y" * 900), now=ago(8))
    with db.reading(ana) as conn:
        kept, left_out = carried.decisions(ana, conn, (), room=1_500)
    assert ([one.private["text"][0] for one in kept], left_out) == (["y"], (oldest.seq,))


def test_a_file_of_before_is_taken_and_unsound_decisions_are_not(ana: StateFolder, bob: StateFolder) -> None:
    act(ana, Snooze(ids=(named(0),), until=NOW + timedelta(days=6), reason="pentest"), now=NOW)
    data = file(ana)
    whole = json.loads(data)["handoff"]
    (snooze,) = whole["decisions"]
    long = {**snooze["data"], "until": micros(NOW + timedelta(days=60))}
    for bad in (
        {"decisions": [{**snooze, "data": long}]},
        {"decisions": [{**snooze, "subjects": ["\x1b[2J"]}]},
        {"decisions": [{**snooze, "who": "ana\u202e"}]},
        {"decisions": [{**snooze, "verb": "erase"}]},
        {"entries": [*whole["entries"], snooze]},
    ):
        with pytest.raises(BadHandoff, match="not accepted"):
            accepting.accept(bob, knowing(ana), resigned(data, ana, **bad), "bob", NOW)
    assert ledger.count(bob) == 1
    old = {name: value for name, value in whole.items() if name not in ("decisions", "untold")}
    key = signer(ana)
    body = {**old, "v": 1}
    signature = key.sign(b"socconsole handoff 1\n" + rfc8785.dumps(body)).hex()
    first = rfc8785.dumps({"handoff": body, "key": key.id, "public": key.public.hex(), "signature": signature})
    assert accepting.accept(bob, knowing(ana), first, "bob", NOW).decisions == 0
