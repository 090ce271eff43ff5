"""What is offered for several findings at once: each with targets of its own, read once, counted as the store will."""

from __future__ import annotations

from dataclasses import replace

import pytest

from socconsole.commands import Contain
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode
from socconsole.model.finding import Finding
from socconsole.response import engine, offering
from socconsole.response.base import Does
from socconsole.response.compose import Composition
from socconsole.response.present import offer_json
from socconsole.response.registry import ACTIONS
from socconsole.response.session import Refusal
from socconsole.store import db, reading
from socconsole.store.state import StateFolder
from tests.response.conftest import CORPUS, ML, PROD, Make, leaking, open_ids, take_in

KEY_OWNER = "TorIPCaller"


async def taken_in(aws: Embedded, folder: StateFolder) -> list[Finding]:
    """Everything that is open late in the leak, in both accounts."""
    leaking(aws)
    for place in (PROD, ML):
        await take_in(aws, folder, place)
    with db.reading(folder) as conn:
        return [one.finding for one in reading.each(conn, open_ids(folder))]


def blocked(folder: StateFolder, ids: tuple[str, ...]) -> set[str]:
    with db.reading(folder) as conn:
        return {one.finding.id for one in reading.each(conn, ids) if one.facts.blocked_at is not None}


async def test_each_finding_brings_its_own_targets_and_blocks_what_the_store_blocks(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    found = await taken_in(aws, folder)
    about = [one for one in found if any(CORPUS in resource.id.raw() for resource in one.resources)]
    (key,) = (one for one in found if any(KEY_OWNER in each for each in one.types))
    ids = tuple(one.id for one in (*about, key))
    assert len(about) > 1

    answered = await offering.offer(session(Mode.TRIAGE), ids)
    assert answered.looked_at == len(ids)
    offers = {(one.plan.action, one.plan.target): one for one in answered.offers}
    assert len(offers) == len(answered.offers), "one row an action and target"
    (user,) = (actor.value.raw() for actor in key.actors if actor.kind == "access_key")
    assert offers["iam-disable-key", user].plan.finding == key.id, "its key belongs to no other finding"
    lockdown, block = offers["s3-lockdown", CORPUS], offers["s3-block-public", CORPUS]
    assert block.ends, "it ends what leaves now"
    more = replace(lockdown, blocks=ids, ends=ids)
    assert offering.ranked((more, block), several=True) == (block, more), "narrow before wide, whatever they count"
    other = replace(more, ends=())
    assert offering.ranked((other, more), several=True) == (more, other), "and before both, what leaves now"
    one = replace(block, blocks=block.blocks[:1], ends=block.ends[:1])
    assert offering.ranked((one, block), several=True) == (block, one), "the count decides last"
    assert not offers["s3-data-events", CORPUS].blocks
    assert offers["s3-data-events", CORPUS].plan.helps
    stops = [one.does is Does.STOPS for one in answered.offers]
    assert stops == sorted(stops, reverse=True), "what records or hardens is not ranked among what stops"
    assert False in stops

    best = offers["s3-block-public", CORPUS]
    assert set(best.fits) == {one.id for one in about}
    assert best.blocks
    assert best.plan.finding in best.blocks
    done = await engine.contain(
        session(),
        Contain(
            action=best.plan.action,
            target=CORPUS,
            confirm=CORPUS,
            account=PROD.account,
            region=PROD.region,
            finding=best.plan.finding or "",
        ),
    )
    assert done.state is ActionState.APPLIED
    assert blocked(folder, ids) == set(best.blocks)

    again = {
        (one.plan.action, one.plan.target): one for one in (await offering.offer(session(Mode.TRIAGE), ids)).offers
    }
    held = again["s3-block-public", CORPUS]
    assert held.in_force is not None
    assert (held.in_force.id, held.plan.helps) == (done.action_id, False)
    assert [key for key, one in again.items() if one.in_force] == [("s3-block-public", CORPUS)]
    shown = offer_json(held)
    assert (shown["in_force"]["id"], shown["does"]) == (done.action_id, "stops")


def test_what_says_that_it_stops_nothing_is_no_stop() -> None:
    for action in ACTIONS.values():
        info = action.info
        if info.stops.startswith("nothing"):
            assert info.does is not Does.STOPS, info.id
        if info.does is not Does.STOPS and not isinstance(action, Composition):
            assert not info.cuts, info.id


async def test_what_findings_have_in_common_is_read_once(aws: Embedded, folder: StateFolder, session: Make) -> None:
    found = await taken_in(aws, folder)
    about = [one.id for one in found if any(CORPUS in resource.id.raw() for resource in one.resources)][:4]
    read = []
    for ids in (about[:1], about):
        aws.journal.clear()
        await offering.offer(session(Mode.TRIAGE), ids)
        read.append(sum(call.op == "GetBucketPolicy" for call in aws.journal.calls()))
    assert read[0] == read[1] > 0


async def test_no_more_are_looked_at_than_can_be_and_what_is_gone_is_left_out(
    aws: Embedded, folder: StateFolder, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await taken_in(aws, folder)
    monkeypatch.setattr(offering, "MOST", 2)
    ids = [one.id for one in found][:3]
    assert (await offering.offer(session(Mode.TRIAGE), ids)).looked_at == 2
    assert (await offering.offer(session(Mode.TRIAGE), ["f-000000000000", *ids])).looked_at == 1
    with pytest.raises(Refusal) as refusal:
        await offering.offer(session(Mode.TRIAGE), ["f-000000000000"])
    assert refusal.value.kind == "input"
