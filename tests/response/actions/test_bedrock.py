"""Models, agents and their logs: who may invoke what afterwards, and what is said before."""

from __future__ import annotations

import json
from contextlib import closing

import pytest

from socconsole.commands import Contain, PlanContain
from socconsole.drill import Embedded
from socconsole.drill.errors import AwsError
from socconsole.drill.estate import cast_key
from socconsole.model.action import ActionState, Mode, Plan
from socconsole.model.world import Place
from socconsole.response import engine, planning
from socconsole.response.registry import ACTIONS
from socconsole.response.session import Session
from socconsole.store import db, reading
from socconsole.store.state import StateFolder
from tests.response.actions.case import do
from tests.response.actions.cases_bedrock import LOGGED, alias, credential, log, switched_off
from tests.response.actions.cases_iam import ROLE, USER
from tests.response.conftest import ML, PROD, Make, open_ids, take_in

MODEL = {"modelId": "anthropic.claude-3-haiku-20240307-v1:0", "body": b"{}"}


async def plan(session: Session, action: str, target: str, place: Place = PROD) -> Plan:
    asked = PlanContain(action=action, target=target, account=place.account, region=place.region)
    return await planning.plan(session, asked)


async def contain(session: Session, action: str, target: str, place: Place = PROD) -> None:
    at = {"account": place.account, "region": place.region}
    done = await engine.contain(session, Contain(action=action, target=target, confirm=target, reason="drill", **at))
    assert done.state is ActionState.APPLIED, done.detail


def denied(aws: Embedded, operation: str, **more: object) -> bool:
    """Is the intruder's request denied? Nothing behind that is emulated."""
    key = cast_key(aws.cloud, aws.engine.scenario.cast["intruder"])
    try:
        aws.cloud.hands.call(key, PROD.region, operation, more)
    except AwsError as error:
        return "explicit deny" in str(error)
    return False


def can(aws: Embedded, action: str) -> bool:
    return aws.engine.holds(f"can intruder {action} *")


async def test_bearer_tokens_end_and_signed_requests_go_on(aws: Embedded, session: Make) -> None:
    assert can(aws, "bedrock:CallWithBearerToken")
    await contain(session(), "bedrock-deny-bearer", ROLE)
    assert not can(aws, "bedrock:CallWithBearerToken")
    assert not can(aws, "bedrock-mantle:CallWithBearerToken")
    assert can(aws, "bedrock:InvokeModel")
    assert can(aws, "s3:GetObject")


async def test_no_model_is_invoked_by_whatever_call(aws: Embedded, session: Make) -> None:
    converse = {"modelId": MODEL["modelId"]}
    assert not denied(aws, "bedrock-runtime:InvokeModel", **MODEL)
    await contain(session(), "bedrock-deny-invoke", ROLE)
    assert denied(aws, "bedrock-runtime:InvokeModel", **MODEL)
    assert denied(aws, "bedrock-runtime:Converse", **converse)
    assert denied(aws, "bedrock-runtime:ConverseStream", **converse)
    assert can(aws, "s3:GetObject")


async def test_only_a_guardrail_lets_an_invocation_through(aws: Embedded, session: Make) -> None:
    guarded = {"guardrailIdentifier": "gr1234567890", "guardrailVersion": "1"}
    await contain(session(), "bedrock-require-guardrail", ROLE)
    assert denied(aws, "bedrock-runtime:InvokeModel", **MODEL)
    assert not denied(aws, "bedrock-runtime:InvokeModel", **MODEL, **guarded)
    assert denied(aws, "bedrock-runtime:Converse", modelId=MODEL["modelId"])
    assert not denied(aws, "bedrock-runtime:Converse", modelId=MODEL["modelId"], guardrailConfig=guarded)


async def test_only_what_is_about_models_is_offered_for_them(aws: Embedded, folder: StateFolder, session: Make) -> None:
    aws.advance(500)
    await take_in(aws, folder, ML)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        found = [each.finding for each in reading.each(conn, open_ids(folder))]
    by_type = {each.types[0]: each for each in found if each.types}
    abuse, tor = by_type["Impact:IAMUser/AnomalousModelInvocation"], by_type["UnauthorizedAccess:IAMUser/TorIPCaller"]
    action = ACTIONS["bedrock-deny-invoke"]
    assert [target.id for target in action.targets(abuse)] == [f"user/{USER}"]
    assert action.targets(tor) == ()


async def test_a_user_without_bedrock_keys_has_none_to_switch_off(aws: Embedded, session: Make) -> None:
    found = await plan(session(Mode.TRIAGE), "iam-disable-service-credential", USER, ML)
    assert not found.helps
    assert "no Bedrock API key" in found.why


async def test_a_key_made_since_is_left_alone(aws: Embedded, session: Make) -> None:
    first = credential(aws)
    await contain(session(), "iam-disable-service-credential", USER, ML)
    second = credential(aws)
    found = await plan(session(Mode.TRIAGE), "iam-disable-service-credential", USER, ML)
    assert found.helps, "a new key is a new path"
    assert found.before == {first: "Inactive", second: "Active"}
    assert [call.params["ServiceSpecificCredentialId"] for call in found.calls] == [second]


async def test_an_alias_keeps_its_name_its_description_and_its_routing(aws: Embedded, session: Make) -> None:
    target = alias(aws)
    agent, _, one = target.partition("/")
    before = do(aws, "bedrock-agent:GetAgentAlias", agentId=agent, agentAliasId=one)["agentAlias"]
    found = await plan(session(Mode.TRIAGE), "bedrock-agent-reject", target)
    assert found.tags == {"app": "support"}
    await contain(session(), "bedrock-agent-reject", target)
    after = do(aws, "bedrock-agent:GetAgentAlias", agentId=agent, agentAliasId=one)["agentAlias"]
    assert after["aliasInvocationState"] == "REJECT_INVOCATIONS"
    for key in ("agentAliasName", "description", "routingConfiguration"):
        assert after[key] == before[key], key


# --- logging -------------------------------------------------------------------------------------------------


def _what_is_logged(aws: Embedded) -> object:
    return do(aws, "bedrock:GetModelInvocationLoggingConfiguration").get("loggingConfig")


async def test_logging_goes_where_it_went_before(aws: Embedded, session: Make) -> None:
    target = switched_off(aws)
    found = await plan(session(Mode.TRIAGE), "bedrock-logging", target)
    assert any("written within the last day" in each for each in found.warnings), "it may be the intruder's own"
    assert any("bucket kaufhaus-invoice-archive is yours" in each for each in found.warnings)
    await contain(session(), "bedrock-logging", target)
    assert _what_is_logged(aws) == LOGGED


async def test_without_a_known_destination_nothing_is_invented(aws: Embedded, session: Make) -> None:
    found = await plan(session(Mode.TRIAGE), "bedrock-logging", PROD.account)
    assert not found.helps
    assert found.calls == ()
    assert "where it was logged to is not known" in found.why


async def test_kinds_of_data_that_were_switched_off_are_given_back(aws: Embedded, session: Make) -> None:
    log(aws, LOGGED)
    log(aws, {**LOGGED, "textDataDeliveryEnabled": False})
    found = await plan(session(Mode.TRIAGE), "bedrock-logging", PROD.account)
    assert "in part" in found.why
    assert found.after["loggingConfig"] == LOGGED
    log(aws, LOGGED)
    assert not (await plan(session(Mode.TRIAGE), "bedrock-logging", PROD.account)).helps


async def test_a_trail_that_may_not_be_read_is_no_empty_one(aws: Embedded, session: Make) -> None:
    target = switched_off(aws)
    aws.faults.add(kind="denied", service="cloudtrail", op="LookupEvents", times=None)
    found = await plan(session(Mode.TRIAGE), "bedrock-logging", target)
    assert "the trail could not be read" in found.why


@pytest.mark.parametrize("action", ["bedrock-deny-bearer", "bedrock-deny-invoke", "bedrock-require-guardrail"])
async def test_the_consoles_own_roles_lose_nothing_by_it(aws: Embedded, session: Make, action: str) -> None:
    found = await plan(session(Mode.TRIAGE), action, "socconsole-reader")
    assert found.refusals == ()
    (deny,) = json.loads(found.calls[0].params["PolicyDocument"])["Statement"]
    assert all(one.startswith(("bedrock:", "bedrock-mantle:")) for one in deny["Action"])
