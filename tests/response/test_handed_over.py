"""A containment that one install made and another one answers for, on the embedded AWS."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.commands import Contain, PlanUndo, Undo
from socconsole.commands import cases as ask
from socconsole.config import Config, PeerConfig
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode
from socconsole.model.entry import Entry
from socconsole.reports import accepting, handoff_file
from socconsole.reports.as_data import as_data
from socconsole.reports.handoff import handoff
from socconsole.response import engine, planning
from socconsole.response.session import Refusal, Session
from socconsole.store import actions, case_acts, cases, db, keys, ledger
from socconsole.store.keys import Signer
from socconsole.store.state import StateFolder
from tests.response.conftest import CORPUS, FLAGS, PROD, Make, changes, leaking, owner


def signer(folder: StateFolder) -> Signer:
    found = keys.load(folder.keys)
    assert found is not None
    return found


def knowing(other: StateFolder) -> Config:
    """A team of whom the other install is enrolled for handoffs alone: nobody else is on at night."""
    return Config(share=1.0, alone=True, peers=(PeerConfig(name="other", public_key=signer(other).public.hex()),))


async def contained(session: Session) -> str:
    order = Contain(action="s3-block-public", target=CORPUS, confirm=CORPUS, account=PROD.account, region=PROD.region)
    return (await engine.contain(session, order)).action_id


def handed(folder: StateFolder) -> bytes:
    now = datetime.now(UTC)
    case_acts.act(folder, Config(), ask.OpenCase(title="the corpus is open"), "oncall1", now)
    with db.reading(folder) as conn:
        document = as_data(handoff(folder, conn, Config(), now))
        made = handoff_file.make(folder, conn, document, "oncall1", signer(folder), now)
    accepting.give(folder, made, "oncall1", now)
    return made.data


@pytest.fixture
def other(aws: Embedded, tmp_path: Path) -> StateFolder:
    made = StateFolder.create(tmp_path / "other", aws.world)
    db.prepare(made)
    return made


def undoing(id_: str, **more: object) -> Undo:
    fields = {"reason": "the owner asked", "accept_exposure": True, **more}
    return Undo(action_id=id_, confirm=CORPUS, **fields)  # type: ignore[arg-type]


async def test_the_first_install_is_gone_and_the_second_one_releases_its_containment(
    aws: Embedded, folder: StateFolder, session: Make, other: StateFolder
) -> None:
    leaking(aws)
    id_ = await contained(session())
    file, config = handed(folder), knowing(folder)
    shutil.rmtree(folder.root)

    taken = accepting.accept(other, config, file, "oncall2", datetime.now(UTC))
    assert taken.parcel.actions == (id_,)
    theirs = Session(other, config, "oncall2", Mode.RESPOND, by_script=True, later=(("15 s", 0.02),))
    plan = await planning.plan_undo(theirs, PlanUndo(action_id=id_))
    assert [call.operation for call in plan.calls] == ["DeletePublicAccessBlock"]
    assert plan.re_exposes
    before = len(changes(aws))
    done = await engine.undo(theirs, undoing(id_))
    assert done.state is ActionState.APPLIED
    assert [operation for operation, _ in changes(aws)[before:]] == ["s3:DeletePublicAccessBlock"]
    with db.reading(other) as conn:
        (case,) = cases.each(conn)
    assert case.title.raw() == "the corpus is open"
    assert ledger.verify(other.root).whole


async def test_the_giver_undoes_what_was_accepted_only_when_told_to(
    aws: Embedded, folder: StateFolder, session: Make, other: StateFolder
) -> None:
    leaking(aws)
    mine = session(config=knowing(other))
    id_ = await contained(mine)
    taken = accepting.accept(other, knowing(folder), handed(folder), "oncall2", datetime.now(UTC))
    accepting.receipt(folder, knowing(other), taken.receipt, "oncall1", datetime.now(UTC))

    before = changes(aws)
    with pytest.raises(Refusal, match="handed over to oncall2"):
        await engine.undo(mine, undoing(id_))
    with pytest.raises(Refusal, match="handed over to oncall2"):
        await engine.undo(mine, undoing(id_, although_handed_over=True, reason=" "))
    assert changes(aws) == before
    plan = await planning.plan_undo(mine, PlanUndo(action_id=id_))
    assert any("handed over to oncall2" in warning for warning in plan.warnings)
    done = await engine.undo(mine, undoing(id_, although_handed_over=True))
    assert done.state is ActionState.APPLIED


async def test_what_drifted_since_or_was_recorded_here_by_hand_is_undone_as_it_is_now(
    aws: Embedded, folder: StateFolder, session: Make, other: StateFolder
) -> None:
    leaking(aws)
    id_ = await contained(session())
    config = knowing(folder)
    theirs = Session(other, config, "oncall2", Mode.RESPOND, by_script=True, later=(("15 s", 0.02),))
    block = {
        "action": "s3-block-public",
        "target": CORPUS,
        "account": PROD.account,
        "region": PROD.region,
        "finding": None,
        "events": [],
        "still_needed": False,
        "state": {},
    }
    ledger.append(other, [Entry("recorded", "oncall2", data=block)])
    accepting.accept(other, config, handed(folder), "oncall2", datetime.now(UTC))

    half = dict.fromkeys(FLAGS, True) | {"BlockPublicAcls": False}
    owner(aws, "PutPublicAccessBlock", CORPUS, PublicAccessBlockConfiguration=half)
    plan = await planning.plan_undo(theirs, PlanUndo(action_id=id_))
    assert any(warning.startswith("DRIFT") for warning in plan.warnings)
    assert plan.wide
    done = await engine.undo(theirs, undoing(id_))
    assert done.state is ActionState.APPLIED
    with db.reading(other) as conn:
        back = actions.get(conn, id_)
        assert back is not None
        assert (back.undone_by, [one.id for one in actions.in_force(conn)]) == (done.action_id, [])
