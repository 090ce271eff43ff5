"""The inventory: what serves an LLM in the estate, and that nothing unread is ever told as nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

import pytest

from socconsole import posture
from socconsole.collectors.posture import snapshot
from socconsole.model.endpoint import Endpoint, EndpointKind, Exposure
from socconsole.model.known import Known, Unread
from socconsole.model.posture import Evaluation
from socconsole.model.world import Place
from tests.posture.estate import CONFIG, HOME, SEALED, Replay, Reviewed

REGION = f"{HOME.account}/{HOME.region}"


async def evaluated(reviewed: Reviewed, place: Place = HOME, denied: Collection[str] = ()) -> Evaluation:
    estate = await snapshot(Replay(reviewed.answers, denied), place, CONFIG, datetime.now(UTC))
    return posture.evaluate(posture.Context(estate, CONFIG), ())


async def listed(reviewed: Reviewed, place: Place = HOME, denied: Collection[str] = ()) -> dict[str, Endpoint]:
    found = (await evaluated(reviewed, place, denied)).endpoints
    return {f"{one.kind} {one.name.raw()}": one for one in found}


async def test_every_kind_is_found_with_what_it_reads_and_where_it_sends(reviewed: Reviewed) -> None:
    found = await listed(reviewed)
    assert {one.kind for one in found.values()} >= {
        EndpointKind.SAGEMAKER, EndpointKind.BEDROCK_AGENT, EndpointKind.KNOWLEDGE_BASE,
        EndpointKind.INFERENCE_PROFILE, EndpointKind.EC2, EndpointKind.ECS, EndpointKind.EKS,
    }  # fmt: skip
    answers, lab = found["sagemaker order-answers"], found["sagemaker prompt-lab"]
    assert (answers.exposure, answers.sends) == (Exposure.ACCOUNT, Known(("none",))), "isolated containers send nothing"
    assert isinstance(lab.sends, Known)
    assert lab.sends.value == ("the internet, by SageMaker's own network",)
    profile = found["bedrock-profile returns-assistant"]
    assert profile.regions == ("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3")
    host = found["ec2 llm-chat-1"]
    assert host.reads == Known(("arn:aws:s3:::kaufhaus-llm-corpus/*",))
    assert host.owner is not None
    assert found["ecs llm-playground"].exposure is Exposure.INTERNET
    assert found["ecs llm-embeddings"].exposure is Exposure.PRIVATE
    assert found["eks llm-inference"].logs is not None


async def test_a_result_about_a_part_is_about_the_endpoint(reviewed: Reviewed) -> None:
    found = await listed(reviewed)
    host = found["ec2 llm-chat-1"]
    assert "arn:aws:s3:::kaufhaus-llm-corpus" in host.parts, "what its role may read"
    assert {*host.groups, *host.subnets, host.vpc, host.role} < set(host.parts)
    assert any(":listener/" in part for part in host.parts), "the balancer before it"
    agent = found["bedrock-agent helper-agent"]
    assert REGION in agent.parts, "what is set for all of Bedrock in a place"
    assert sum(part.startswith("arn:aws:s3:::") for part in agent.parts) > 3, "a wildcard reads every bucket there is"
    assert REGION not in host.parts


@pytest.mark.parametrize(
    ("call", "name", "field"),
    [
        ("iam:ListAttachedRolePolicies", "ec2 llm-chat-1", "reads"),
        ("iam:GetRole", "ecs llm-embeddings", "reads"),
        ("ec2:DescribeRouteTables", "ec2 llm-chat-1", "sends"),
        ("sagemaker:DescribeEndpointConfig", "sagemaker order-answers", "sends"),
        ("sagemaker:DescribeEndpointConfig", "sagemaker order-answers", "logs"),
        ("sagemaker:DescribeModel", "sagemaker order-answers", "reads"),
        ("sagemaker:DescribeEndpoint", "sagemaker order-answers", "reads"),
        ("bedrock:GetModelInvocationLoggingConfiguration", "bedrock-agent shop-agent", "logs"),
        ("bedrock-agent:GetAgent", "bedrock-agent helper-agent", "reads"),
        ("ecs:DescribeTaskDefinition", "ecs llm-embeddings", "reads"),
    ],
)
async def test_what_is_denied_is_not_read_and_never_empty(reviewed: Reviewed, call: str, name: str, field: str) -> None:
    before = getattr((await listed(reviewed))[name], field)
    assert isinstance(before, Known)
    found = await listed(reviewed, denied=(call,))
    by_arn = {one.arn: one for one in found.values()}
    arn = (await listed(reviewed))[name].arn
    assert isinstance(getattr(by_arn[arn], field), Unread), f"{call} denied: {getattr(by_arn[arn], field)}"


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("ec2:DescribeSecurityGroups", "ecs llm-embeddings"),
        ("elbv2:DescribeTargetGroups", "ecs llm-embeddings"),
        ("elbv2:DescribeLoadBalancers", "ec2 llm-chat-1"),
    ],
)
async def test_who_reaches_it_is_unknown_where_a_way_in_was_not_read(reviewed: Reviewed, call: str, name: str) -> None:
    assert (await listed(reviewed))[name].exposure is Exposure.PRIVATE
    assert (await listed(reviewed, denied=(call,)))[name].exposure is Exposure.UNKNOWN


async def test_where_nothing_can_be_listed_the_round_is_not_complete(reviewed: Reviewed) -> None:
    sealed = await evaluated(reviewed, SEALED)
    assert (sealed.endpoints, sealed.complete) == ((), False)
    assert not any("a fault of ours" in each for each in sealed.unanswered)
