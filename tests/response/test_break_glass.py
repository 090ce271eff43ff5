"""What break-glass owes: the second person's approval afterwards, and what does not count as one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from socconsole.commands import Contain
from socconsole.config import Config, PeerConfig
from socconsole.drill import Embedded
from socconsole.model.finding import Finding, Severity
from socconsole.model.world import World, WorldKind
from socconsole.response import afterthought, approvals, book, engine, rails
from socconsole.response.session import Refusal, Session
from socconsole.store import db, keys, owed, reading
from socconsole.store.queue import QueueReader, View
from socconsole.store.state import StateFolder
from socconsole.triage.query import parse
from tests.cli.support import run
from tests.response.conftest import CORPUS, PROD, Make, changes, leaking, open_ids, record, take_in
from tests.response.test_second_person import approved, enrolled, refused, undoing

AT = {"account": PROD.account, "region": PROD.region}


@pytest.fixture
def lead(tmp_path: Path) -> StateFolder:
    """Another install, with a key of its own."""
    made = StateFolder.create(tmp_path / "lead", World(WorldKind.LIVE, accounts=(PROD.account,)))
    db.prepare(made)
    return made


def critical(folder: StateFolder) -> str:
    """A finding that glass may be broken for."""
    with db.reading(folder) as conn:
        found = [each.finding for each in reading.each(conn, open_ids(folder))]
    return next(one.id for one in found if one.severity is Severity.CRITICAL)


async def contained(aws: Embedded, folder: StateFolder, session: Session) -> str:
    """The corpus is closed for a critical finding; the action's id."""
    leaking(aws)
    await take_in(aws, folder)
    order = Contain(action="s3-block-public", target=CORPUS, confirm=CORPUS, finding=critical(folder), **AT)
    return (await engine.contain(session, order)).action_id


async def broken(aws: Embedded, folder: StateFolder, session: Session) -> str:
    """And opened again, without the second person; the undo's id."""
    done = await engine.undo(session, undoing(await contained(aws, folder, session), break_glass=True))
    assert done.owes
    return done.action_id


def alarms(folder: StateFolder) -> list[Finding]:
    with QueueReader(folder.store_db) as queue, db.reading(folder) as conn:
        ids = queue.ids(View.THREATS, parse("src:socconsole state:new"), now=datetime.now(UTC), limit=9)
        return [stored.finding for stored in reading.each(conn, ids)]


def cited(folder: StateFolder) -> str:
    """The finding that was contained for."""
    return str(record(folder, "intent")[0].entry.data["finding"])


def not_given(session: Session, id_: str, line: str) -> str:
    with pytest.raises(Refusal) as no:
        afterthought.give(session, id_, line)
    return no.value.why


def test_the_verbs_from_broken_glass_to_the_approval(
    aws: Embedded, folder: StateFolder, lead: StateFolder, tmp_path: Path
) -> None:
    leaking(aws)
    asyncio.run(take_in(aws, folder))
    config = tmp_path / "config.toml"
    config.write_text(f'[[peers]]\nname = "lead"\npublic_key = """\n{keys.export(lead)}"""\n')
    mine = ("--store", str(folder.root), "--config", str(config), "--respond", "--no-wait", "--confirm", CORPUS)
    first = run("contain", "s3-block-public", CORPUS, *mine, "--finding", critical(folder)).out.partition(":")[0]
    glass = ("--accept-exposure", "--break-glass", "--reason", "no lead answers")
    done = run("undo", first, *mine, *glass)
    assert done.code == 0, done.err
    id_ = done.out.partition(":")[0]
    assert f"socconsole action approve {id_} --store {folder.root}" in done.out
    (alarm,) = alarms(folder)
    assert (alarm.severity, alarm.types) == (Severity.CRITICAL, (owed.BROKEN_GLASS,))
    assert rails.break_glass(True, "again", alarm), "an alarm of ours opens no further glass"
    before = changes(aws)

    here = ("--store", str(folder.root), "--config", str(config), "--json")
    there = ("--store", str(lead.root), "--config", str(config))
    asked = run("action", "approve", id_, *here)
    assert asked.code == 0
    due = datetime.fromisoformat(asked.row["due"])
    assert timedelta(minutes=58) < due - datetime.now(UTC) <= timedelta(hours=1)
    yes = run("approve", asked.row["proposal"], *there, "--confirm", CORPUS, "--json")
    assert yes.code == 0
    assert id_ in yes.err
    assert "carried out already" in yes.err
    assert "delete-public-access-block" in yes.err

    given = run("action", "approve", id_, *here, "--approval", yes.row["approval"])
    assert given.code == 0
    assert given.row["peer"] == "lead"
    (entry,) = record(folder, "approved")
    assert (entry.seq, entry.entry.data["id"]) == (given.row["ledger"], id_)
    assert alarms(folder) == []
    assert "approved afterwards" in run("action", "show", id_, "--store", str(folder.root)).out
    assert run("action", "approve", id_, *here).code == 4, "nothing is owed any more"
    assert run("action", "approve", "a-nothing", *here).code == 2
    assert changes(aws) == before


async def test_an_answer_that_came_too_late_to_be_waited_for_counts_as_the_approval_owed(
    aws: Embedded, folder: StateFolder, session: Make, lead: StateFolder
) -> None:
    mine = session(config=enrolled(lead))
    first = await contained(aws, folder, mine)
    proposal = (await refused(mine, undoing(first))).proposal
    done = await engine.undo(mine, undoing(first, break_glass=True))
    second, _ = afterthought.give(mine, done.action_id, approved(lead, proposal))
    assert second.peer == "lead"
    assert alarms(folder) == []


async def test_only_an_enrolled_peers_yes_to_this_very_action_counts_and_once(
    aws: Embedded, folder: StateFolder, session: Make, lead: StateFolder, tmp_path: Path
) -> None:
    stranger = StateFolder.create(tmp_path / "stranger", World(WorldKind.LIVE, accounts=(PROD.account,)))
    mine = session(config=enrolled(lead))
    first = await broken(aws, folder, mine)
    line, _ = afterthought.ask(mine, first)
    asked = approvals.read_proposal(line)
    assert "no [[peers]]" in not_given(mine, first, approved(stranger, line))
    own = msgspec.structs.replace(asked, install="elsewhere")
    assert "void" in not_given(mine, first, approved(lead, approvals.proposal_line(own)))
    unknown = msgspec.structs.replace(asked, id="p-000000000000")
    assert "no proposal" in not_given(mine, first, approved(lead, approvals.proposal_line(unknown)))

    again = Contain(action="s3-block-public", target=CORPUS, confirm=CORPUS, finding=cited(folder), **AT)
    closed = (await engine.contain(mine, again)).action_id
    assert "owes no approval" in not_given(mine, closed, approved(lead, line))
    yes = approved(lead, line)
    assert "something else" in (await refused(mine, undoing(closed, approval=yes))).why, "no leave to do it again"
    second = (await engine.undo(mine, undoing(closed, break_glass=True))).action_id
    assert "something else" in not_given(mine, second, yes)
    afterthought.give(mine, first, yes)
    assert len(alarms(folder)) == 1, "the other one stands"


async def test_a_team_of_one_is_told_and_owes_nothing(aws: Embedded, folder: StateFolder, session: Make) -> None:
    mine = session(config=Config(share=1.0, alone=True, peers=(PeerConfig(name="x", public_key="00" * 32),)))
    done = await engine.undo(mine, undoing(await contained(aws, folder, mine), break_glass=True))
    assert not done.owes
    assert len(alarms(folder)) == 1
    with pytest.raises(Refusal, match="owes no approval"):
        afterthought.ask(mine, done.action_id)


def test_a_proposal_that_asks_for_leave_reads_as_it_did_before(folder: StateFolder, session: Make) -> None:
    """Lines of an install that knows nothing of approvals afterwards, and lines for one."""
    from tests.response.test_rails import PLAN

    asked = approvals.read_proposal(book.propose(session(), PLAN, "", ""))
    assert "done" not in msgspec.to_builtins(asked)
