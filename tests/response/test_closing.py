"""What a containment closes for findings that it was not made for."""

from __future__ import annotations

from dataclasses import replace

from socconsole.commands import Contain
from socconsole.drill import Embedded
from socconsole.model.action import ActionState
from socconsole.response import engine
from socconsole.response.closing import CLOSES, closes
from socconsole.response.registry import ACTIONS
from socconsole.response.session import Session
from socconsole.store import db, reading
from socconsole.store.state import StateFolder
from tests.response.conftest import CORPUS, PROD, Make, leaking, open_ids, record, take_in
from tests.response.test_rails import PLAN


def test_only_what_cuts_closes_anything() -> None:
    assert set(CLOSES) <= {id_ for id_, action in ACTIONS.items() if action.info.cuts}


def test_a_composition_closes_what_its_parts_close_and_no_service_or_session_counts_for_all() -> None:
    deny, revoke, bedrock = (
        replace(PLAN, action=action, target="vllm", cuts=True)
        for action in ("iam-role-deny", "iam-role-revoke-sessions", "bedrock-deny-invoke")
    )
    whole = replace(PLAN, action="cut-role", target="vllm", cuts=True, parts=(deny, revoke))
    assert closes(whole) == closes(deny) == (f"role:{PLAN.place.account}/vllm",)
    assert closes(revoke) == closes(bedrock) == closes(replace(deny, cuts=False)) == ()


async def contained(session: Session, action: str) -> None:
    order = Contain(action=action, target=CORPUS, confirm=CORPUS, account=PROD.account, region=PROD.region)
    assert (await engine.contain(session, order)).state is ActionState.APPLIED


def blocked(folder: StateFolder) -> dict[str, bool]:
    """Threats about the corpus by their type."""
    with db.reading(folder) as conn:
        found = list(reading.each(conn, open_ids(folder)))
    return {
        one.finding.types[0]: one.facts.blocked_at is not None
        for one in found
        if one.facts.leaks and any(CORPUS in resource.id.raw() for resource in one.finding.resources)
    }


async def test_closing_a_bucket_to_strangers_leaves_what_our_own_credentials_read(
    aws: Embedded, folder: StateFolder, session: Make
) -> None:
    leaking(aws)
    await take_in(aws, folder)
    own_role = "Exfiltration:S3/AnomalousBehavior"
    assert len(blocked(folder)) > 2
    assert set(blocked(folder).values()) == {False}

    await contained(session(), "s3-block-public")
    (intent,) = record(folder, "intent")
    assert intent.entry.data["closes"] == [f"bucket:{CORPUS}"]
    now = blocked(folder)
    assert now["Policy:S3/BucketAnonymousAccessGranted"]
    assert not now[own_role]

    await contained(session(), "s3-lockdown")
    assert set(blocked(folder).values()) == {True}
