"""From plan to outcome against the embedded AWS; its journal is the judge of what was done."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from socconsole.aws import AwsTrouble
from socconsole.commands import Contain, PlanContain, PlanUndo, Undo
from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.drill.exposure import bucket_of
from socconsole.model.action import ActionState, Mode
from socconsole.response import afterwards, book, calls, engine, offering, planning, rails, registry
from socconsole.response.base import Target
from socconsole.response.present import outcome_json
from socconsole.response.session import Refusal
from socconsole.store import db, evidence, reading
from socconsole.store.ledger import LedgerBusy
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted

from .conftest import (
    ASSETS,
    CORPUS,
    EXPORTS,
    FLAGS,
    ML,
    PROD,
    Make,
    changes,
    eventually,
    leaking,
    open_ids,
    owner,
    record,
    take_in,
)

ACTION = "s3-block-public"
PUT = ("s3:PutPublicAccessBlock", "socconsole-responder")
DELETE = ("s3:DeletePublicAccessBlock", "socconsole-responder")


def order(bucket: str = ASSETS, confirm: str | None = None, **more: object) -> Contain:
    at = {"account": PROD.account, "region": PROD.region}
    return Contain(action=ACTION, target=bucket, confirm=bucket if confirm is None else confirm, **{**at, **more})


async def refused(work: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await work  # type: ignore[misc]
    return caught.value


async def test_the_leak_is_closed_with_the_intent_before_and_the_outcome_after(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    leaking(aws)
    done = await engine.contain(session(), order(CORPUS, reason="data is leaving"))
    assert done.state is ActionState.APPLIED
    assert changes(aws) == [PUT]

    intent, outcome = record(folder)
    assert (intent.entry.verb, outcome.entry.verb) == ("intent", "outcome")
    assert intent.entry.private["reason"] == "data is leaving"
    assert "data is leaving" not in json.dumps(dict(intent.entry.data))
    (put,) = aws.journal.calls("s3", "PutPublicAccessBlock")
    assert put.time >= intent.at.isoformat()[:19], "the intent was there first"
    kept = json.loads(evidence.get(folder, intent.entry.data["evidence"]))
    assert "Share" in kept["policy"]["Policy"], "what the intruder wrote is kept"

    assert put.source_identity == "oncall1"
    assert put.tags["soc:head"] == f"{intent.seq}:{intent.hash[:16]}", "CloudTrail is a witness of the ledger"
    assert put.tags["soc:action"] == done.action_id

    later = await afterwards.later(session(), done)
    assert [held for _, held in later.verified] == [True, True, True]
    assert [line.entry.data["when"] for line in record(folder, "verified")] == ["15 s", "60 s"]
    shape = outcome_json(later)
    assert shape["state"] == "applied"
    assert shape["undo"]["command"] == f"socconsole undo {done.action_id}"
    assert len(shape["verified"]) == 3


@pytest.mark.parametrize("mode", [Mode.READ, Mode.TRIAGE])
async def test_unarmed_nothing_is_done_and_the_refusal_says_what_would_be(
    aws: Embedded, folder: StateFolder, session: Make, mode: Mode
) -> None:
    leaking(aws)
    no = await refused(engine.contain(session(mode), order(CORPUS)))
    assert no.kind == "refused"
    assert no.plan is not None
    assert no.plan.calls
    assert changes(aws) == []
    assert record(folder) == []


@pytest.mark.parametrize("typed", ["", "wrong", ASSETS[-6:], ASSETS.upper(), f"{ASSETS} "])
async def test_a_script_confirms_with_the_whole_id_and_nothing_else(
    aws: Embedded, folder: StateFolder, session: Make, typed: str
) -> None:
    await refused(engine.contain(session(), order(confirm=typed)))
    assert changes(aws) == []
    assert record(folder) == []


async def test_a_plan_changes_nothing(aws: Embedded, folder: StateFolder, session: Make) -> None:
    leaking(aws)
    for mode in Mode:
        plan = await planning.plan(
            session(mode), PlanContain(action=ACTION, target=CORPUS, account=PROD.account, region=PROD.region)
        )
        assert plan.helps
        assert plan.permitted == "likely"
    assert changes(aws) == []
    assert record(folder) == []


async def test_what_would_not_help_is_not_done(aws: Embedded, folder: StateFolder, session: Make) -> None:
    leaking(aws)
    no = await refused(engine.contain(session(), order(EXPORTS, account=ML.account, region=ML.region)))
    assert "would change nothing" in no.why
    assert changes(aws) == []
    assert record(folder) == []


async def test_undo_hands_back_the_intruders_state_only_when_told_to(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    leaking(aws)
    done = await engine.contain(session(), order(CORPUS))
    asked = Undo(action_id=done.action_id, confirm=CORPUS)
    plan = await planning.plan_undo(session(Mode.TRIAGE), PlanUndo(action_id=done.action_id))
    assert plan.re_exposes
    assert "RE-EXPOSES" in (await refused(engine.undo(session(), asked))).why
    accepted = Undo(action_id=done.action_id, confirm=CORPUS, accept_exposure=True)
    assert "reason" in (await refused(engine.undo(session(), accepted))).why
    tail = Undo(action_id=done.action_id, confirm=CORPUS[-6:], accept_exposure=True, reason="owner asked")
    assert "what was typed" in (await refused(engine.undo(session(by_script=False), tail))).why
    assert changes(aws) == [PUT]

    whole = Undo(action_id=done.action_id, confirm=CORPUS, accept_exposure=True, reason="owner asked")
    back = await engine.undo(session(), whole)
    assert back.state is ActionState.APPLIED
    assert changes(aws) == [PUT, DELETE]
    last = record(folder, "intent")[-1].entry
    assert last.data["undoes"] == done.action_id
    assert last.data["accepted_exposure"] is True
    assert last.private["reason"] == "owner asked"
    assert "undone already" in (await refused(engine.undo(session(), whole))).why


async def test_undo_that_exposes_nothing_is_plain(aws: Embedded, folder: StateFolder, session: Make) -> None:
    aws.advance(330)
    done = await engine.contain(session(), order(CORPUS))
    owner(aws, "DeleteBucketPolicy", CORPUS)
    back = await engine.undo(session(), Undo(action_id=done.action_id, confirm=CORPUS))
    assert back.state is ActionState.APPLIED


@pytest.mark.parametrize(
    "config",
    [
        Config(share=1.0, never_touch=("kaufhaus-shop-*",)),
        Config(share=1.0, never_touch=("arn:aws:s3:::kaufhaus-shop-assets",)),
        Config(share=1.0, protected_tags={"owner": "web"}),
        Config(share=1.0, protected_tags={"classification": "*"}),
    ],
)
async def test_rails_of_the_config_hold_whatever_is_typed(
    aws: Embedded, folder: StateFolder, session: Make, config: Config
) -> None:
    no = await refused(engine.contain(session(config=config), order()))
    assert no.plan is not None
    assert no.plan.refusals
    assert changes(aws) == []
    assert record(folder) == []


async def test_the_sixth_in_ten_minutes_is_refused(aws: Embedded, folder: StateFolder, session: Make) -> None:
    for _ in range(rails.RATE):
        done = await engine.contain(session(), order())
        owner(aws, "DeletePublicAccessBlock", ASSETS)
        assert done.state is ActionState.APPLIED
    assert "limit is 5" in (await refused(engine.contain(session(), order()))).why
    assert changes(aws) == [PUT] * rails.RATE


async def test_a_plan_that_no_session_can_be_held_to_is_refused_before_its_intent(
    aws: Embedded, folder: StateFolder, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = (f"arn:aws:iam::{PROD.account}:role/builder",)
    monkeypatch.setattr(type(registry.ACTIONS[ACTION]), "resources", lambda *_: stranger)
    no = await refused(engine.contain(session(), order()))
    assert "cannot be narrowed" in no.why
    assert changes(aws) == []
    assert record(folder) == []


async def test_one_action_per_target_at_a_time(aws: Embedded, folder: StateFolder, session: Make) -> None:
    with folder.lock(book.lock_name(Target(ASSETS, PROD))):
        assert "acting on" in (await refused(engine.contain(session(), order()))).why
    assert changes(aws) == []
    outcomes = await asyncio.gather(*(engine.contain(session(), order()) for _ in range(3)), return_exceptions=True)
    assert changes(aws) == [PUT]
    assert sum(not isinstance(outcome, Refusal) for outcome in outcomes) == 1


async def test_what_cannot_be_recorded_is_not_done(aws: Embedded, folder: StateFolder, session: Make) -> None:
    old = folder.root / "old.db"
    shutil.copy(folder.ledger_db, old)
    await engine.contain(session(), order())
    owner(aws, "DeletePublicAccessBlock", ASSETS)
    for left in folder.root.glob("ledger.db*"):
        left.unlink()
    shutil.move(old, folder.ledger_db)  # an old copy put back: entries were lost
    no = await refused(engine.contain(session(), order()))
    assert "does not hold" in no.why
    folder.store_db.unlink()
    db.prepare(folder)  # a store made anew, as `recover` does, knows of nothing that is missing
    assert "could not be recorded" in (await refused(engine.contain(session(), order()))).why
    assert changes(aws) == [PUT]
    assert "not whole" in book.unfit(folder, Config())


async def test_a_target_that_changed_since_it_was_shown_is_left_alone(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    at_keyboard = session(by_script=False, shown={})
    assert "look at the plan first" in (await refused(engine.contain(at_keyboard, order()))).why
    asked = PlanContain(action=ACTION, target=ASSETS, account=PROD.account, region=PROD.region)
    await planning.plan(at_keyboard, asked)
    half = {**dict.fromkeys(FLAGS, False), "BlockPublicAcls": True}
    owner(aws, "PutPublicAccessBlock", ASSETS, PublicAccessBlockConfiguration=half)
    assert "changed since" in (await refused(engine.contain(at_keyboard, order(confirm=ASSETS[-6:])))).why
    assert changes(aws) == []
    await planning.plan(at_keyboard, asked)
    done = await engine.contain(at_keyboard, order(confirm=ASSETS[-6:]))
    assert done.state is ActionState.APPLIED


async def test_quitting_in_the_middle_finishes_what_was_begun(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    aws.faults.add(service="s3", op="PutPublicAccessBlock", latency=0.3)
    task = asyncio.create_task(engine.contain(session(), order()))
    await eventually(lambda: record(folder, "intent"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [line.entry.verb for line in record(folder)] == ["intent", "outcome"]
    assert record(folder)[-1].entry.data["state"] == "applied"


async def test_a_listener_that_is_gone_ends_no_action(aws: Embedded, folder: StateFolder, session: Make) -> None:
    async def gone(done: int, total: int, text: str) -> None:
        raise BrokenPipeError

    done = await engine.contain(session(tell=gone), order())
    assert done.state is ActionState.APPLIED
    assert [line.entry.verb for line in record(folder)] == ["intent", "outcome"]


async def test_a_later_look_that_cannot_be_recorded_takes_nothing_back(
    aws: Embedded, folder: StateFolder, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await engine.contain(session(), order())

    def busy(*_: object) -> None:
        raise LedgerBusy(1)

    monkeypatch.setattr(book, "append", busy)
    later = await afterwards.later(session(), done)
    assert later.state is ActionState.APPLIED
    assert "could not be recorded" in later.detail


@pytest.mark.parametrize(
    ("fault", "at_once", "at_last"),
    [
        ({"kind": "denied"}, "not_applied", "not_applied"),
        ({"code": "SlowDown", "status": 503}, "not_applied", "not_applied"),
        ({"code": "InternalError", "status": 500}, "in_doubt", "not_applied"),
        ({"kind": "reset"}, "in_doubt", "not_applied"),
        ({"kind": "html"}, "in_doubt", "not_applied"),
        ({"kind": "expired"}, "not_applied", "not_applied"),
    ],
)
async def test_trouble_at_the_call_ends_in_the_truth(
    aws: Embedded, folder: StateFolder, session: Make, fault: dict[str, object], at_once: str, at_last: str
) -> None:
    aws.faults.add(service="s3", op="PutPublicAccessBlock", times=None, **fault)
    done = await engine.contain(session(), order())
    assert done.state == at_once
    assert not done.calls[0].answered
    assert (await afterwards.later(session(), done)).state == at_last


async def test_an_answer_that_was_lost_is_no_failure(aws: Embedded, folder: StateFolder, session: Make) -> None:
    aws.faults.add(kind="truncated", service="s3", op="PutPublicAccessBlock", times=None)
    done = await engine.contain(session(), order())
    assert done.state is ActionState.APPLIED, "it is closed, whatever became of the answer"


async def test_a_request_that_took_effect_late_is_found_out(
    aws: Embedded, folder: StateFolder, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "DEADLINE", 1.5)
    aws.faults.add(service="s3", op="PutPublicAccessBlock", latency=2.0)
    done = await engine.contain(session(), order())
    assert done.calls[0].trouble == "timeout"
    assert done.state is ActionState.IN_DOUBT, "it may still be on its way"
    await eventually(lambda: bucket_of(ASSETS).public_access_block)
    waited = await afterwards.later(session(), done)
    assert waited.state is ActionState.APPLIED
    assert [line.entry.verb for line in record(folder)] == ["intent", "outcome", "resolved", "verified"]


async def test_a_read_back_that_fails_leaves_it_in_doubt(aws: Embedded, folder: StateFolder, session: Make) -> None:
    real = session()
    put_first = aws.faults.add(kind="slow", service="s3", op="PutPublicAccessBlock", latency=0.2)

    async def blind() -> None:
        await eventually(lambda: put_first.hits)
        aws.faults.add(kind="denied", service="s3", op="GetPublicAccessBlock", times=1)

    _, done = await asyncio.gather(blind(), engine.contain(real, order()))
    assert done.state is ActionState.IN_DOUBT
    async with real.door(real, "reader") as door:
        assert await afterwards.resolve(folder, door, "oncall1") == [(done.action_id, ActionState.APPLIED)]
    assert changes(aws) == [PUT], "nothing is sent again"


async def test_a_read_that_lags_behind_the_write_is_a_doubt_and_no_failure(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    """AWS said yes: what it shows a moment later may be old, and "not applied" is never looked at again."""
    put_first = aws.faults.add(kind="slow", service="s3", op="PutPublicAccessBlock", latency=0.2)

    async def stale() -> None:
        await eventually(lambda: put_first.hits)
        old = {"code": "NoSuchPublicAccessBlockConfiguration", "status": 404}
        aws.faults.add(service="s3", op="GetPublicAccessBlock", times=2, **old)

    _, done = await asyncio.gather(stale(), engine.contain(session(), order()))
    assert done.calls[0].answered
    assert done.state is ActionState.IN_DOUBT
    assert "does not show it yet" in done.detail
    waited = await afterwards.later(session(), done)
    assert waited.state is ActionState.APPLIED
    assert [line.entry.verb for line in record(folder)] == ["intent", "outcome", "resolved"], "15 s was too early"


async def test_a_state_that_came_back_is_told(aws: Embedded, folder: StateFolder, session: Make) -> None:
    done = await engine.contain(session(), order())
    owner(aws, "DeletePublicAccessBlock", ASSETS)
    later = await afterwards.later(session(), done)
    assert later.verified[-1] == ("60 s", False)
    assert later.state is ActionState.NOT_APPLIED


async def test_checks_that_nobody_made_are_due_and_made_once(aws: Embedded, folder: StateFolder, session: Make) -> None:
    done = await engine.contain(session(), order())
    now = datetime.now(UTC)
    assert await asyncio.to_thread(afterwards.due_verifications, folder, now) == []
    late = await asyncio.to_thread(afterwards.due_verifications, folder, now + timedelta(minutes=5))
    assert [(d.record.id, d.when) for d in late] == [(done.action_id, "15 s"), (done.action_id, "60 s")]
    watching = session(Mode.TRIAGE)
    async with watching.door(watching, "reader") as door:
        for due in (*late, *late):
            await afterwards.verify_due(folder, door, "system", due)
    assert [line.entry.data["when"] for line in record(folder, "verified")] == ["15 s", "60 s"]


async def test_an_offer_names_a_target_that_could_not_be_read(
    aws: Embedded, folder: StateFolder, session: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaking(aws)
    await take_in(aws, folder)
    with db.reading(folder) as conn:
        found = next(each.finding for each in reading.each(conn, open_ids(folder)) if CORPUS in repr(each.finding))
    bucket = next(resource for resource in found.resources if "Bucket" in resource.type)
    both = replace(found, resources=(replace(bucket, id=Untrusted("no-such-bucket-here")), bucket))

    async def finding_of(*_: object) -> object:
        return both

    monkeypatch.setattr(offering, "finding_of", finding_of)
    offered = [one.plan for one in (await offering.offer(session(Mode.TRIAGE), [both.id])).offers]
    assert (offered[0].action, offered[0].target, offered[0].helps) == (ACTION, CORPUS, True)
    unread = next(plan for plan in offered if plan.target == "no-such-bucket-here" and plan.action == ACTION)
    assert not unread.helps
    assert "reading it failed (not_found)" in unread.why


async def test_an_unknown_bucket_is_trouble_not_a_plan(aws: Embedded, folder: StateFolder, session: Make) -> None:
    with pytest.raises(AwsTrouble):
        await engine.contain(session(), order("no-such-bucket-here"))
    assert record(folder) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "s3-deny-principal"},
        {"target": "a b"},
        {"finding": "f-000000000000"},
        {"account": "", "region": ""},
    ],
)
async def test_what_is_not_meant_clearly_is_bad_input(
    aws: Embedded, folder: StateFolder, session: Make, wrong: dict[str, str]
) -> None:
    fields = {"action": ACTION, "target": ASSETS, "account": PROD.account, "region": PROD.region, **wrong}
    assert (await refused(planning.plan(session(), PlanContain(**fields)))).kind == "input"


async def test_a_foreign_account_is_not_touched(aws: Embedded, folder: StateFolder, session: Make) -> None:
    elsewhere = replace(PROD, account="999988887777")
    with pytest.raises((Refusal, AwsTrouble)):
        await engine.contain(session(), order(account=elsewhere.account))
    assert changes(aws) == []


async def test_a_real_finding_is_blocked_by_its_containment_and_a_sample_forbids_one(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    leaking(aws)
    await take_in(aws, folder)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        found = next(
            stored.finding
            for stored in reading.each(conn, open_ids(folder))
            if any(CORPUS in resource.id.raw() for resource in stored.finding.resources)
        )
    asked = PlanContain(action=ACTION, target=CORPUS, account=PROD.account, region=PROD.region, finding=found.id)
    assert (await planning.plan(session(), asked)).refusals == ()
    assert "sample" in rails.sample(replace(found, sample=True))
    done = await engine.contain(session(), order(CORPUS, finding=found.id))
    assert record(folder, "intent")[0].entry.subjects == (done.action_id, found.id)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        assert reading.get(conn, found.id).facts.blocked_at is not None  # type: ignore[union-attr]


async def test_only_what_closes_the_store_blocks_a_finding_about_it(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    leaking(aws)
    await take_in(aws, folder)
    with db.reading(folder) as conn:
        found = next(one.finding for one in reading.each(conn, open_ids(folder)) if CORPUS in repr(one.finding))
    at = {"account": PROD.account, "region": PROD.region, "finding": found.id}

    def leaving() -> bool:
        with db.reading(folder) as conn:
            facts = next(reading.each(conn, [found.id])).facts
        return facts.blocked_at is None

    encrypt = Contain(action="s3-encrypt", target=CORPUS, confirm=CORPUS, reason="x", **at)
    assert (await engine.contain(session(), encrypt)).state is ActionState.APPLIED
    assert leaving(), "encryption stops nothing"
    role = Contain(action="iam-role-revoke-sessions", target="vllm-recs", confirm="vllm-recs", reason="x", **at)
    assert (await engine.contain(session(), role)).state is ActionState.APPLIED
    assert leaving(), "the bucket is as open as it was"
    assert (await engine.contain(session(), order(CORPUS, finding=found.id))).state is ActionState.APPLIED
    assert not leaving()
