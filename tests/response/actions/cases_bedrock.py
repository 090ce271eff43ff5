"""Models, agents and their logs: who invokes, and what somebody else changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from socconsole.drill import Embedded
from socconsole.model.world import Place
from tests.response.actions.case import Case, do
from tests.response.actions.cases_iam import OTHER, ROLE, USER
from tests.response.conftest import ML, PROD

LOGGED = {
    "s3Config": {"bucketName": "kaufhaus-invoice-archive", "keyPrefix": "bedrock"},
    "textDataDeliveryEnabled": True,
    "imageDataDeliveryEnabled": True,
    "embeddingDataDeliveryEnabled": False,
    "videoDataDeliveryEnabled": False,
    "audioDataDeliveryEnabled": False,
}


def credential(aws: Embedded) -> str:
    """A Bedrock API key of the user; returns its id."""
    made = do(aws, "iam:CreateServiceSpecificCredential", ML, UserName=USER, ServiceName="bedrock.amazonaws.com")
    return str(made["ServiceSpecificCredential"]["ServiceSpecificCredentialId"])


def _two_credentials(aws: Embedded) -> str:
    credential(aws)
    credential(aws)
    return USER


def _one_expired(aws: Embedded, user: str) -> None:
    listed = do(aws, "iam:ListServiceSpecificCredentials", ML, UserName=user)["ServiceSpecificCredentials"]
    one = listed[0]["ServiceSpecificCredentialId"]
    do(
        aws,
        "iam:UpdateServiceSpecificCredential",
        ML,
        UserName=user,
        ServiceSpecificCredentialId=one,
        Status="Expired",
    )


def _role(aws: Embedded) -> str:
    return ROLE


def _user(aws: Embedded) -> str:
    return f"user/{USER}"


def _rewritten(policy: str) -> Callable[[Embedded, str], object]:
    return lambda aws, role: do(aws, "iam:PutRolePolicy", RoleName=role, PolicyName=policy, PolicyDocument=OTHER)


def _user_rewritten(aws: Embedded, target: str) -> None:
    do(
        aws,
        "iam:PutUserPolicy",
        ML,
        UserName=target.partition("/")[2],
        PolicyName="socconsole-bedrock-bearer",
        PolicyDocument=OTHER,
    )


def alias(aws: Embedded, place: Place = PROD) -> str:
    """An alias with a description and a routing, as ``AGENT/ALIAS``."""
    role = f"arn:aws:iam::{place.account}:role/{ROLE}"
    made = do(aws, "bedrock-agent:CreateAgent", place, agentName="support", agentResourceRoleArn=role)
    found = do(
        aws,
        "bedrock-agent:CreateAgentAlias",
        place,
        agentId=made["agent"]["agentId"],
        agentAliasName="live",
        description="what the shop asks",
        routingConfiguration=[{"agentVersion": "3"}],
        tags={"app": "support"},
    )["agentAlias"]
    return f"{found['agentId']}/{found['agentAliasId']}"


def _routed_elsewhere(aws: Embedded, target: str) -> None:
    agent, _, one = target.partition("/")
    named = {"agentId": agent, "agentAliasId": one, "agentAliasName": "live"}
    do(
        aws,
        "bedrock-agent:UpdateAgentAlias",
        **named,
        aliasInvocationState="REJECT_INVOCATIONS",
        routingConfiguration=[{"agentVersion": "4"}],
    )


def log(aws: Embedded, config: dict[str, Any]) -> None:
    do(aws, "bedrock:PutModelInvocationLoggingConfiguration", loggingConfig=config)


def switched_off(aws: Embedded) -> str:
    log(aws, LOGGED)
    do(aws, "bedrock:DeleteModelInvocationLoggingConfiguration")
    return PROD.account


def _logged_elsewhere(aws: Embedded, target: str) -> None:
    log(aws, {**LOGGED, "s3Config": {"bucketName": "kaufhaus-shop-assets"}})


CASES = (
    Case("iam-disable-service-credential", _two_credentials, _one_expired, ML),
    Case("bedrock-deny-bearer", _user, _user_rewritten, ML),
    Case("bedrock-deny-invoke", _role, _rewritten("socconsole-bedrock-invoke")),
    Case("bedrock-require-guardrail", _role, _rewritten("socconsole-bedrock-guardrail")),
    Case("bedrock-agent-reject", alias, _routed_elsewhere),
    Case("bedrock-logging", switched_off, _logged_elsewhere),
)
