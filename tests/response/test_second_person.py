"""What nobody does alone: a proposal, another install's signed yes, and every way in which that must not count."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from socconsole.commands import Contain, Undo
from socconsole.config import Config, PeerConfig
from socconsole.drill import Embedded
from socconsole.model.action import ActionState
from socconsole.model.finding import Severity
from socconsole.model.world import World, WorldKind
from socconsole.response import approvals, book, engine, rails
from socconsole.response.session import Refusal, Session
from socconsole.store import db, keys, reading
from socconsole.store.keys import Signer
from socconsole.store.state import StateFolder
from tests.cli.support import run
from tests.response.conftest import CORPUS, PROD, Make, changes, leaking, open_ids, owner, record, take_in
from tests.response.test_rails import PLAN

AT = {"account": PROD.account, "region": PROD.region}


@pytest.fixture
def lead(tmp_path: Path) -> StateFolder:
    """Another install, with a key of its own."""
    made = StateFolder.create(tmp_path / "lead", World(WorldKind.LIVE, accounts=(PROD.account,)))
    db.prepare(made)
    return made


def signer(folder: StateFolder) -> Signer:
    found = keys.load(folder.keys)
    assert found is not None
    return found


def enrolled(lead: StateFolder) -> Config:
    return Config(share=1.0, peers=(PeerConfig(name="lead", public_key=signer(lead).public.hex()),))


async def contained(session: Session) -> str:
    order = Contain(action="s3-block-public", target=CORPUS, confirm=CORPUS, **AT)
    return (await engine.contain(session, order)).action_id


def undoing(id_: str, **more: object) -> Undo:
    fields = {"reason": "the owner asked", "accept_exposure": True, **more}
    return Undo(action_id=id_, confirm=CORPUS, **fields)  # type: ignore[arg-type]


async def refused(session: Session, order: Undo) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await engine.undo(session, order)
    return caught.value


def approved(lead: StateFolder, line: str, now: datetime | None = None) -> str:
    proposal = approvals.read_proposal(line)
    return approvals.approval_line(
        approvals.approve(proposal, "lead1", lead.install, signer(lead), now or datetime.now(UTC))
    )


async def test_a_re_exposing_undo_waits_for_the_second_person_and_the_intent_cites_them(
    aws: Embedded, folder: StateFolder, session: Make, lead: StateFolder
) -> None:
    leaking(aws)
    mine = session(config=enrolled(lead))
    id_ = await contained(mine)
    before = changes(aws)

    no = await refused(mine, undoing(id_))
    assert "second person" in no.why
    assert changes(aws) == before
    (proposal,) = record(folder, "proposal")
    assert "the owner asked" not in json.dumps(dict(proposal.entry.data))

    asked = approvals.read_proposal(no.proposal)
    assert [call["operation"] for call in asked.calls] == ["DeletePublicAccessBlock"]
    done = await engine.undo(mine, undoing(id_, approval=approved(lead, no.proposal)))
    assert done.state is ActionState.APPLIED
    cited = record(folder, "intent")[-1].entry.data["approval"]
    assert cited["by"] == "lead1"
    assert cited["peer"] == "lead"
    assert cited["digest"] == asked.digest


async def test_an_approval_counts_once_for_the_calls_it_saw_and_for_thirty_minutes(
    aws: Embedded, folder: StateFolder, session: Make, lead: StateFolder
) -> None:
    leaking(aws)
    mine = session(config=enrolled(lead))
    id_ = await contained(mine)
    line = (await refused(mine, undoing(id_))).proposal
    yes = approved(lead, line)

    block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    asked = approvals.read_proposal(line)
    for n, (name, value) in enumerate({"target": "other", "action": "s3-lockdown", "account": "1" * 12}.items()):
        forged = msgspec.structs.replace(asked, **{name: value})
        other = approved(lead, approvals.proposal_line(forged))
        assert "void" in (await refused(mine, undoing(id_, approval=other))).why, n
    with pytest.raises(approvals.BadLine, match="30 minutes"):
        approved(lead, line, asked.until + timedelta(seconds=1))

    # Calls that differ by the time it is used: the plan is another one.
    owner(aws, "DeletePublicAccessBlock", CORPUS)
    owner(aws, "PutPublicAccessBlock", CORPUS, PublicAccessBlockConfiguration=block)
    late = session(config=enrolled(lead))
    assert (await engine.undo(late, undoing(id_, approval=yes))).state is ActionState.APPLIED
    again = await contained(mine)
    assert "something else" in (await refused(mine, undoing(again, approval=yes))).why


@pytest.mark.parametrize("who", ["self", "stranger"])
async def test_a_key_that_is_not_enrolled_or_ones_own_is_no_second_person(
    aws: Embedded, folder: StateFolder, session: Make, lead: StateFolder, tmp_path: Path, who: str
) -> None:
    leaking(aws)
    stranger = StateFolder.create(tmp_path / "stranger", World(WorldKind.LIVE, accounts=(PROD.account,)))
    peers = (*enrolled(lead).peers, PeerConfig(name="me", public_key=signer(folder).public.hex()))
    mine = session(config=Config(share=1.0, peers=peers))
    id_ = await contained(mine)
    asked = approvals.read_proposal((await refused(mine, undoing(id_))).proposal)
    by = folder if who == "self" else stranger
    line = approvals.approval_line(approvals.approve(asked, "x", stranger.install, signer(by), datetime.now(UTC)))
    no = await refused(mine, undoing(id_, approval=line))
    assert ("itself" if who == "self" else "no [[peers]]") in no.why


@pytest.mark.parametrize("change", ["region", "account", "re_exposes"])
def test_an_approval_is_for_one_place_and_for_what_it_said_of_exposure(
    folder: StateFolder, session: Make, lead: StateFolder, change: str
) -> None:
    """The calls of a whole region, and those of a role, read the same in every region and account."""
    mine = session(config=enrolled(lead))
    yes = approved(lead, book.propose(mine, PLAN, "", ""))
    assert book.approved(mine, yes, PLAN, "").peer == "lead"
    elsewhere = {"region": replace(PLAN.place, region="us-east-1"), "account": replace(PLAN.place, account="4" * 12)}
    other = replace(PLAN, place=elsewhere[change]) if change in elsewhere else replace(PLAN, re_exposes=True)
    with pytest.raises(Refusal, match="something else"):
        book.approved(mine, yes, other, "")


async def test_a_line_altered_anywhere_is_no_line(
    aws: Embedded, folder: StateFolder, session: Make, lead: StateFolder
) -> None:
    leaking(aws)
    mine = session(config=enrolled(lead))
    id_ = await contained(mine)
    yes = approved(lead, (await refused(mine, undoing(id_))).proposal)
    before = changes(aws)
    for at in range(25, len(yes), 37):
        other = "A" if yes[at] != "A" else "B"
        no = await refused(mine, undoing(id_, approval=yes[:at] + other + yes[at + 1 :]))
        assert no.kind == "refused"
    for line in ("", "socconsole-approval.", "socconsole-approval.AAAA", yes[:-9], "socconsole-proposal." + yes[20:]):
        if line:
            await refused(mine, undoing(id_, approval=line))
    assert changes(aws) == before


async def test_break_glass_is_for_an_open_critical_finding_with_a_reason(
    aws: Embedded, folder: StateFolder, session: Make, lead: StateFolder
) -> None:
    leaking(aws)
    await take_in(aws, folder)
    with db.reading(folder) as conn:
        found = [each.finding for each in reading.each(conn, open_ids(folder))]
    critical = next(one for one in found if one.severity is Severity.CRITICAL)
    mine = session(config=enrolled(lead))
    order = Contain(action="s3-block-public", target=CORPUS, confirm=CORPUS, finding=critical.id, **AT)
    id_ = (await engine.contain(mine, order)).action_id
    assert "reason" in (await refused(mine, undoing(id_, break_glass=True, reason=" "))).why
    done = await engine.undo(mine, undoing(id_, break_glass=True))
    assert done.state is ActionState.APPLIED
    assert record(folder, "intent")[-1].entry.data["break_glass"] is True

    bare = await contained(mine)
    assert "CRITICAL" in (await refused(mine, undoing(bare, break_glass=True))).why


@pytest.mark.parametrize(
    ("marked", "exposing", "approved_", "glass", "alone"), list(itertools.product((False, True), repeat=5))
)
def test_every_combination(marked: bool, exposing: bool, approved_: bool, glass: bool, alone: bool) -> None:
    plan = replace(PLAN, second_person=marked, re_exposes=exposing)
    no = rails.second_person(plan, approved=approved_, glass=glass, alone=alone)
    assert bool(no) == ((marked or exposing) and not (approved_ or glass or alone))


def test_break_glass_needs_more_than_the_word() -> None:
    assert not rails.break_glass(False, "", None)
    assert rails.break_glass(True, "", None)
    assert rails.break_glass(True, "data is leaving", None)


def test_the_verbs_from_proposal_to_approval(
    aws: Embedded, folder: StateFolder, lead: StateFolder, tmp_path: Path
) -> None:
    leaking(aws)
    config = tmp_path / "config.toml"
    pem = keys.export(lead)
    config.write_text(f'[[peers]]\nname = "lead"\npublic_key = """\n{pem}"""\n')
    mine = ("--store", str(folder.root), "--config", str(config), "--respond", "--no-wait", "--json")
    at = ("--account", PROD.account, "--region", PROD.region)
    done = run("contain", "s3-block-public", CORPUS, *at, *mine, "--confirm", CORPUS, "--expires", "4h")
    assert done.code == 0
    back = ("undo", done.row["action_id"], *mine, "--confirm", CORPUS, "--accept-exposure", "--reason", "owner")
    no = run(*back)
    assert no.code == 4
    line = no.row["proposal"]

    theirs = ("--store", str(lead.root), "--config", str(config))
    assert run("approve", line, *theirs, "--confirm", CORPUS[-6:]).code == 4
    assert run("approve", line[:-4], *theirs, "--confirm", CORPUS).code == 2
    assert record(lead, "approval") == []
    yes = run("approve", "-", *theirs, "--confirm", CORPUS, "--json", stdin=line)
    assert yes.code == 0
    assert "delete-public-access-block" in yes.err, "who approves sees the very calls"
    assert len(record(lead, "approval")) == 1

    assert run(*back, "--approval", yes.row["approval"]).row["state"] == "applied"
    expires = datetime.fromisoformat(record(folder, "intent")[0].entry.data["expires"])
    assert timedelta(hours=3.9) < expires - datetime.now(UTC) < timedelta(hours=4)
