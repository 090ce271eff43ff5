"""Handing a shift over: one install gives, another takes, and every way in which that must not count."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from socconsole.commands import cases as ask
from socconsole.config import Config, EntityConfig, PeerConfig
from socconsole.model.entry import Entry
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import World, WorldKind
from socconsole.reports import accepting, giving, handoff_file, html, markdown, receipts
from socconsole.reports.accepting import Taken, accept
from socconsole.reports.as_data import as_data
from socconsole.reports.handoff import handoff
from socconsole.reports.handoff_file import BadHandoff, Given
from socconsole.reports.receipts import BadReceipt
from socconsole.store import actions, case_acts, cases, db, evidence, handoffs, keys, ledger, project, recover, sources
from socconsole.store.keys import Signer
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from tests.store.builders import ACCOUNT, hub
from tests.store.desk import fill, live, named

NOW = datetime.now(UTC)
EVIL = "\x1b]0;x\x07 <script>alert(1)</script> | [red]\u202e"
HELD, FAILED = "a-00000000000a", "a-00000000000b"


def signer(folder: StateFolder) -> Signer:
    found = keys.load(folder.keys)
    assert found is not None
    return found


def knowing(*others: StateFolder, who: str = "ana") -> Config:
    peers = tuple(PeerConfig(name=f"peer{n}", public_key=signer(one).public.hex()) for n, one in enumerate(others))
    return Config(peers=peers, analyst=who)


def say(folder: StateFolder, verb: str, **data: Any) -> None:
    ledger.append(folder, [Entry(verb, "ana", data=data, private={"reason": EVIL} if verb == "intent" else {})])
    project.project(folder)


def intended(folder: StateFolder, id_: str) -> dict[str, Any]:
    """What the intent of a containment says."""
    return {
        "id": id_,
        "action": "s3-block-public",
        "target": f"corpus-{id_[-1]}",
        "account": ACCOUNT,
        "region": "eu-central-1",
        "finding": named(0),
        "calls": [],
        "undo_calls": [{"service": "s3", "operation": "DeletePublicAccessBlock", "params": {"Bucket": "corpus"}}],
        "before": {"block": None},
        "after": {"block": True},
        "evidence": evidence.put(folder, b'{"before": 1}'),
        "reversible": "yes",
        "wide": False,
        "undoes": None,
    }


def contained(folder: StateFolder, id_: str, state: str, **over: Any) -> None:
    say(folder, "intent", **{**intended(folder, id_), **over})
    held = state == "applied"
    say(folder, "outcome", id=id_, state=state, when="at once", held=held, results=[], detail="")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The giver: a case with hostile text in every field, a containment in force and one that failed."""
    folder = live(tmp_path_factory.mktemp("given") / "a", 1)
    fill(folder, hub("9", title=EVIL))
    asked = ask.OpenCase(findings=(named(0), named(9)), title=EVIL, hypothesis=EVIL)
    case = case_acts.act(folder, Config(), asked, EVIL, NOW - timedelta(days=4)).case
    for request in (
        ask.NoteCase(case=case, text=EVIL),
        ask.TellStakeholder(case=case, name=EVIL, how=EVIL),
        ask.TakePlaybook(case=case, playbook="public-bucket"),
    ):
        case_acts.act(folder, Config(), request, EVIL, NOW)
    contained(folder, HELD, "applied")
    contained(folder, FAILED, "not_applied")
    return folder.root


@pytest.fixture
def mine(made: Path, tmp_path: Path) -> StateFolder:
    """A copy of it that a test may do anything to."""
    return StateFolder.open(Path(shutil.copytree(made, tmp_path / "a")))


@pytest.fixture
def theirs(tmp_path: Path) -> StateFolder:
    folder = StateFolder.create(tmp_path / "b", World(WorldKind.LIVE, accounts=(ACCOUNT,)))
    db.prepare(folder)
    return folder


def given(folder: StateFolder, by: StateFolder | None = None) -> Given:
    with db.reading(folder) as conn:
        document = as_data(handoff(folder, conn, Config(), NOW))
        made = handoff_file.make(folder, conn, document, "ana", signer(by or folder), NOW)
    accepting.give(folder, made, "ana", NOW)
    return made


def taken(theirs: StateFolder, mine: StateFolder, data: bytes) -> Taken:
    return accept(theirs, knowing(mine, who="bob"), data, "bob", NOW)


def dumped(folder: StateFolder) -> list[object]:
    with db.reading(folder) as conn:
        tables = ("case_file", "case_event", "case_told", "action", "handoff", "handed_over", "owed")
        return [conn.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables]


def test_it_is_all_there_on_the_other_install_when_the_first_one_is_gone(
    mine: StateFolder, theirs: StateFolder
) -> None:
    with db.reading(mine) as conn:
        (case,) = cases.each(conn)
        before = actions.whole(conn, HELD)
    file, config = given(mine), knowing(mine, who="bob")
    shutil.rmtree(mine.root)
    done = accept(theirs, config, file.data, "bob", NOW)
    assert (done.parcel.cases, done.parcel.actions, done.parcel.left_out) == ((case.id,), (HELD,), ())
    with db.reading(theirs) as conn:
        here, after = cases.get(conn, case.id), actions.whole(conn, HELD)
        failed = actions.get(conn, FAILED)
        assert project.unapplied(conn) == {}
    assert here is not None
    assert after is not None
    assert before is not None
    assert failed is not None
    same = ("title", "hypothesis", "told", "opened", "opened_by", "evidence", "severity")
    assert [getattr(here, name) for name in same] == [getattr(case, name) for name in same]
    assert (after.undo_calls, after.before, after.evidence) == (before.undo_calls, before.before, before.evidence)
    assert after.record.intended == before.record.intended
    assert after.record.who == "ana"
    assert evidence.get(theirs, str(after.evidence)) == b'{"before": 1}'
    assert all(evidence.get(theirs, digest) for digest in case.evidence)
    assert ledger.verify(theirs.root).whole

    rows = dumped(theirs)
    recover.recover(theirs.root, force=True)
    assert dumped(theirs) == rows


def _flipped(data: bytes) -> bytes:
    return data.replace(b'"corpus"', b'"corpse"', 1)


def _spaced(data: bytes) -> bytes:
    return json.dumps(json.loads(data)).encode()


def _resigned(data: bytes) -> bytes:
    """By a key of one's own, under the name of the enrolled one."""
    file = json.loads(data)
    signature = Ed25519PrivateKey.generate().sign(b"socconsole handoff 1\n" + rfc8785.dumps(file["handoff"]))
    return rfc8785.dumps({**file, "signature": signature.hex()})


def _cut(data: bytes) -> bytes:
    return data[:-9]


def _deep(data: bytes) -> bytes:
    return b"[" * 100_000


def _empty(data: bytes) -> bytes:
    return b"{}"


@pytest.mark.parametrize(
    "change", [_flipped, _spaced, _resigned, _cut, _deep, _empty], ids=lambda change: change.__name__.strip("_")
)
def test_an_altered_file_is_refused_and_leaves_nothing(
    mine: StateFolder, theirs: StateFolder, change: Callable[[bytes], bytes]
) -> None:
    file = given(mine)
    assert change(file.data) != file.data
    before = ledger.count(theirs)
    with pytest.raises(BadHandoff, match=r"altered|no handoff"):
        taken(theirs, mine, change(file.data))
    assert ledger.count(theirs) == before
    assert list(evidence.names(theirs)) == []


def test_a_stranger_is_refused_with_the_key_to_enrol(mine: StateFolder, theirs: StateFolder) -> None:
    with pytest.raises(BadHandoff, match=r"no \[\[peers\]\]") as caught:
        accept(theirs, Config(), given(mine).data, "bob", NOW)
    assert signer(mine).public.hex() in caught.value.remedy


def test_it_is_accepted_once_and_never_by_the_giver(mine: StateFolder, theirs: StateFolder) -> None:
    file = given(mine)
    taken(theirs, mine, file.data)
    before = ledger.count(theirs)
    with pytest.raises(BadHandoff, match="accepted already"):
        taken(theirs, mine, file.data)
    assert ledger.count(theirs) == before
    with pytest.raises(BadHandoff, match="own"):
        accept(mine, knowing(mine), file.data, "ana", NOW)


@pytest.mark.parametrize(
    "world",
    [
        World(WorldKind.LIVE, accounts=("999988887777",)),
        World(WorldKind.LIVE, partition="aws-cn", accounts=(ACCOUNT,)),
        World(WorldKind.IMPORT),
    ],
    ids=["accounts", "partition", "kind"],
)
def test_one_of_another_world_is_refused(mine: StateFolder, tmp_path: Path, world: World) -> None:
    other = StateFolder.create(tmp_path / "c", world)
    db.prepare(other)
    with pytest.raises(BadHandoff, match=r"another world|do not belong"):
        taken(other, mine, given(mine).data)
    assert ledger.count(other) == 1


def test_a_name_that_drives_terminals_is_no_name_to_act_on(mine: StateFolder, theirs: StateFolder) -> None:
    contained(mine, "a-00000000000c", "applied", target="corpus\x1b[2J")
    with pytest.raises(BadHandoff, match="no plain name: corpus") as caught:
        taken(theirs, mine, given(mine).data)
    assert "\x1b" not in str(caught.value)
    assert ledger.count(theirs) == 1


def test_what_would_not_fit_is_found_out_before_anything_is_recorded(mine: StateFolder, theirs: StateFolder) -> None:
    contained(theirs, HELD, "applied")  # another action of the same name
    before = ledger.count(theirs)
    with pytest.raises(BadHandoff, match="does not fit"):
        taken(theirs, mine, given(mine).data)
    assert ledger.count(theirs) == before
    with db.reading(theirs) as conn:
        assert list(cases.each(conn)) == []


def test_the_receipt_counts_once_for_the_file_it_names(mine: StateFolder, theirs: StateFolder) -> None:
    file = given(mine)
    line = taken(theirs, mine, file.data).receipt
    config = knowing(theirs)
    with db.reading(mine) as conn:
        assert [one.id for one in handoffs.unaccepted(conn)] == [file.parcel.id]
        assert handoffs.holder(conn, HELD) is None
    forged = receipts.line(file.parcel.id, "0" * 64, "bob", theirs.install, signer(theirs), NOW)
    for bad, peers in ((line[:-4], config), (line, Config()), (forged, config), (line + "AAAA", config)):
        with pytest.raises(BadReceipt):
            accepting.receipt(mine, peers, bad, "ana", NOW)
    accepting.receipt(mine, config, line, "ana", NOW)
    with pytest.raises(BadReceipt, match="already"):
        accepting.receipt(mine, config, line, "ana", NOW)
    with db.reading(mine) as conn:
        assert handoffs.unaccepted(conn) == []
        held = handoffs.holder(conn, HELD)
        assert held is not None
        assert (held.accepted_by.raw(), held.peer.raw()) == ("bob", "peer0")
    with db.reading(theirs) as conn:
        again = handoffs.get(conn, file.parcel.id)
    assert again is not None
    assert accepting.receipt_again(theirs, again) == line


def test_a_receipt_that_two_consoles_have_is_put_on_record_by_one(
    mine: StateFolder, theirs: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = taken(theirs, mine, given(mine).data).receipt
    config, real, seen = knowing(theirs), handoffs.get, threading.Barrier(2)

    def get(conn: db.Connection, id_: str) -> handoffs.HandedOff | None:
        found = real(conn, id_)
        with contextlib.suppress(threading.BrokenBarrierError):
            seen.wait(0.3)  # both have looked; where only one may look, nobody comes
        return found

    monkeypatch.setattr(handoffs, "get", get)
    monkeypatch.setattr(accepting, "_WAIT_S", 20.0)
    with ThreadPoolExecutor(2) as consoles:
        asked = [consoles.submit(accepting.receipt, mine, config, line, who, NOW) for who in ("ana", "bob")]
        troubles = [one.exception() for one in asked]
    assert sum(one is None for one in troubles) == 1
    assert sum(isinstance(one, BadReceipt) and "already" in str(one) for one in troubles) == 1
    assert [one.entry.verb for one in ledger.read(mine)].count("handoff_accepted") == 1


def test_one_that_was_followed_by_an_accepted_one_is_over(mine: StateFolder, theirs: StateFolder) -> None:
    first, second, third = given(mine), given(mine), given(mine)
    config = knowing(theirs)
    late = accept(theirs, knowing(mine, who="bob"), first.data, "bob", NOW - timedelta(hours=1)).receipt
    accepting.receipt(mine, config, taken(theirs, mine, second.data).receipt, "ana", NOW)
    with db.reading(mine) as conn:
        assert [one.id for one in handoffs.unaccepted(conn)] == [third.parcel.id]
        over = handoffs.superseded(conn, first.parcel.id)
        assert (over and over.id, handoffs.superseded(conn, third.parcel.id)) == (second.parcel.id, None)
    accepting.receipt(mine, config, late, "ana", NOW)
    with db.reading(mine) as conn:
        held = handoffs.holder(conn, HELD)
        assert held is not None
        assert held.id == second.parcel.id, "who accepted last answers for it"


def test_it_comes_back_with_what_the_other_shift_did_and_nothing_twice(mine: StateFolder, theirs: StateFolder) -> None:
    out = given(mine)
    accepting.receipt(mine, knowing(theirs), taken(theirs, mine, out.data).receipt, "ana", NOW)
    (case,) = out.parcel.cases
    asked = ask.ChangeCase(case=case, field="hypothesis", value="it was the intern's key")
    case_acts.act(theirs, Config(), asked, "bob", NOW)
    back = accept(mine, knowing(theirs), given(theirs).data, "ana", NOW)
    assert back.adopted == 1
    with db.reading(mine) as conn:
        found = cases.get(conn, case)
        assert found is not None
        assert found.hypothesis == Untrusted("it was the intern's key")
        assert handoffs.holder(conn, HELD) is None, "what came back is ours to undo"
        assert project.unapplied(conn) == {}


def test_a_blind_source_a_failed_action_and_an_overdue_clock_stand_first(mine: StateFolder) -> None:
    dead = SourceKey("guardduty", ACCOUNT, "eu-central-1")
    with db.writing(mine) as conn:
        sources.scope(conn, [dead, *(SourceKey("cloudtrail", ACCOUNT, f"eu-west-{n}") for n in range(9))])
        sources.record(conn, Answer(dead, Freshness.DENIED, Untrusted(EVIL)), NOW)
    with db.reading(mine) as conn:
        document = handoff(mine, conn, Config(), NOW)
    first = json.dumps(as_data(document)["sections"][0])
    assert first.count("Blind: ") == 2, "however many are, the others have to be seen beside them"
    for said in (
        "Blind: guardduty",
        "eu-west-2 and 6 more places: NEVER",
        f"Failed: s3-block-public on corpus-b ({FAILED})",
        "Overdue: c-",
    ):
        assert said in first, said
    for form in (markdown(document), html(document)):
        assert "<script>" not in form
        assert not {"\x1b", "\x07", "\u202e"} & set(form)
    page = markdown(document)
    assert page.index("Blind: guardduty") < page.index("Changed since")
    assert "s3:DeletePublicAccessBlock" in page


def told_first(folder: StateFolder) -> str:
    with db.reading(folder) as conn:
        return json.dumps(as_data(handoff(folder, conn, Config(), NOW))["sections"][0])


def test_an_act_that_the_store_has_not_taken_in_is_not_kept_quiet(mine: StateFolder, tmp_path: Path) -> None:
    assert "the store" not in told_first(mine)
    act = "a-00000000000d"
    ledger.append(mine, [Entry("intent", "ana", data=intended(mine, act), private={"reason": "it leaks"})])
    assert "the store has not taken in 1 entry of the ledger" in told_first(mine)
    made = giving.give(mine, Config(), tmp_path / "late.handoff", "ana", NOW).given
    assert act in made.parcel.actions
    assert f"In doubt: s3-block-public on corpus-d ({act})" in made.data.decode()
    assert "the store" not in told_first(mine)
    say(mine, "case_open")
    assert "1 entry of the ledger could not be understood" in told_first(mine)


def test_no_file_is_given_of_a_store_that_cannot_be_brought_up_to_the_ledger(
    mine: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_MS", 20)
    ledger.append(mine, [Entry("intent", "ana", data=intended(mine, "a-00000000000d"))])
    before = ledger.count(mine)
    with db.writing(mine) as busy, db.transaction(busy), pytest.raises(BadHandoff, match="locked"):
        giving.give(mine, Config(), tmp_path / "late.handoff", "ana", NOW)
    assert not (tmp_path / "late.handoff").exists()
    assert ledger.count(mine) == before


def test_of_a_law_that_nobody_answered_for_what_is_due_first_is_told_once(mine: StateFolder) -> None:
    entities = tuple(EntityConfig(name=name, country="DE") for name in ("Kaufhaus SE", "Marken GmbH"))
    with db.reading(mine) as conn:
        document = handoff(mine, conn, Config(entity=entities), NOW)
    page = markdown(document)
    (asked,) = [line for line in page.splitlines() if line.startswith("| DORA-19: Is this a financial entity")]
    assert "Kaufhaus SE, Marken GmbH" in asked
    assert "too late" in asked
    assert "? Unanswered: " in page
    assert page.count("| GDPR-33: notify, in phases if need be") == 2, "what runs, runs for each by itself"
