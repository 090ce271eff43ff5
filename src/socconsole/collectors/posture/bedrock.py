"""Bedrock: what is written down of its invocations, guardrails, custom models, profiles, keys of its own.

Facts (Amazon Bedrock API reference): invocation logging is one configuration a region, and without one the answer is
empty. A long-term API key is a service-specific credential of an IAM user and never expires unless a date was given
(IAM API reference, ``ServiceSpecificCredentialMetadata``).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from socconsole.collectors.egress_stores import invoked_models
from socconsole.collectors.posture import bedrock_agents
from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.home import is_home
from socconsole.collectors.posture.listed import Named, described, key
from socconsole.collectors.posture.policies import parse
from socconsole.collectors.posture.roles import IAM
from socconsole.config import Config
from socconsole.model.estate.bedrock import (
    ApiKey,
    Bedrock,
    CustomModel,
    Enforced,
    FullAccess,
    Guardrail,
    InferenceProfile,
    InvocationLogging,
    LogGroup,
    Provisioned,
)
from socconsole.model.estate.listed import Listed
from socconsole.model.estate.policy import Policy
from socconsole.model.known import Known, Read, Unread
from socconsole.text import Untrusted, token

FULL_ACCESS: Final = "arn:aws:iam::aws:policy/AmazonBedrockFullAccess"
_PAGES: Final = 200


async def read(asking: Asking, config: Config) -> Bedrock:
    """Everything of Bedrock. Raises ``AwsTrouble`` as :class:`Asking` does."""
    home = is_home(asking.place, config)
    logging = await asking.one("bedrock:GetModelInvocationLoggingConfiguration", {}, _logging)
    return Bedrock(
        logging=logging,
        log_group=await _log_group(asking, logging),
        guardrails=await _guardrails(asking),
        enforced=await _enforced(asking),
        agents=await bedrock_agents.agents(asking),
        knowledge_bases=await bedrock_agents.knowledge_bases(asking),
        custom_models=await _custom_models(asking),
        prompts=await bedrock_agents.prompts(asking),
        provisioned=await asking.all("bedrock:ListProvisionedModelThroughputs", {}, _provisioned),
        profiles=await _profiles(asking),
        runtimes=await bedrock_agents.runtimes(asking),
        invoked=await _invoked(asking),
        keys=await _keys(asking) if home else Known(()),
        full_access=await _full_access(asking) if home else Known(None),
    )


# --- what is written down ---------------------------------------------------------------------------------


def _logging(answer: dict[str, Any]) -> InvocationLogging | None:
    said = answer.get("loggingConfig")
    if not said:
        return None
    group = said.get("cloudWatchConfig") or {}
    buckets = [one["bucketName"] for one in (said.get("s3Config"), group.get("largeDataDeliveryS3Config")) if one]
    return InvocationLogging(
        group=token(group.get("logGroupName") or "", 512),
        buckets=tuple(dict.fromkeys(token(one, 256) for one in buckets)),
        text=said.get("textDataDeliveryEnabled"),
    )


async def _log_group(asking: Asking, logging: Read[InvocationLogging | None]) -> Read[LogGroup | None]:
    """The group that invocations are written to; None where none is named, or there is none of that name."""
    if isinstance(logging, Unread):
        return logging
    name = logging.value.group if logging.value else ""
    if not name:
        return Known(None)

    def named(page: dict[str, Any]) -> Iterable[tuple[str, str | None]]:
        for one in page["logGroups"]:
            if one["logGroupName"] == name:
                yield str(one["arn"]).removesuffix(":*"), one.get("kmsKeyId")

    found = await asking.all("logs:DescribeLogGroups", {"logGroupNamePrefix": name}, named)
    if isinstance(found, Unread):
        return found
    for arn, own in found.value:
        return Known(LogGroup(token(arn, 1024), name, await key(asking, own)))
    return Known(None)


# --- guardrails -------------------------------------------------------------------------------------------


async def _guardrails(asking: Asking) -> Read[tuple[Listed[Guardrail], ...]]:
    def named(page: dict[str, Any]) -> list[Named]:
        return [(str(one["arn"]), str(one["id"])) for one in page["guardrails"]]

    async def one(arn: str, id_: str) -> Guardrail:
        return (await _guardrail(asking, id_, "DRAFT", arn)).get()

    return await described(asking, await asking.all("bedrock:ListGuardrails", {}, named), one)


async def _guardrail(asking: Asking, id_: str, version: str, arn: str) -> Read[Guardrail]:
    policy = await _policy(asking, arn)
    asked = {"guardrailIdentifier": id_, "guardrailVersion": version}
    return await asking.one("bedrock:GetGuardrail", asked, partial(_guards, policy))


def _guards(policy: Read[Policy | None], answer: dict[str, Any]) -> Guardrail:
    """A filter counts where it is on and does something: the two are on unless said otherwise, with ``action``, or
    for a content filter ``BLOCK``, as what it does (API reference, ``GuardrailPiiEntity``, ``GuardrailContentFilter``).
    """
    personal = answer.get("sensitiveInformationPolicy") or {}
    filters = (answer.get("contentPolicy") or {}).get("filters") or ()
    attacks = [one["inputStrength"] for one in filters if one["type"] == "PROMPT_ATTACK" and _blocks(one)]
    return Guardrail(
        arn=token(answer["guardrailArn"], 1024),
        name=Untrusted(answer["name"]),
        version=token(answer["version"]),
        status=token(answer["status"]),
        pii=tuple(
            token(one.get("type") or one["name"])
            for one in (*(personal.get("piiEntities") or ()), *(personal.get("regexes") or ()))
            if one.get("outputEnabled") is not False and (one.get("outputAction") or one["action"]) != "NONE"
        ),
        prompt_attack=token(attacks[0]) if attacks else "",
        policy=policy,
    )


def _blocks(one: dict[str, Any]) -> bool:
    return one.get("inputEnabled") is not False and one.get("inputAction", "BLOCK") == "BLOCK"


async def _enforced(asking: Asking) -> Read[tuple[Enforced, ...]]:
    found = await asking.one("bedrock:ListEnforcedGuardrailsConfiguration", {}, _enforcements)
    if isinstance(found, Unread):
        return found

    async def one(said: _Enforcement) -> Enforced:
        arn, version, everywhere, marked = said
        told = await _guardrail(asking, arn, version, arn)
        return Enforced(token(arn, 1024), token(version), everywhere, marked, told)

    return Known(await asking.each(found.value, one))


_Enforcement = tuple[str, str, bool, bool]
"""ARN, version, whether for every model, whether of what callers mark alone."""


def _enforcements(answer: dict[str, Any]) -> list[_Enforcement]:
    """Raises ``ValueError`` where there is a further page: half a list is no list."""
    if answer.get("nextToken"):
        raise ValueError("more enforced guardrails than a page has")
    return [
        (str(one["guardrailArn"]), str(one["guardrailVersion"]), _all(one), _marked(one))
        for one in answer["guardrailsConfig"]
    ]


def _all(one: dict[str, Any]) -> bool:
    """Without ``modelEnforcement`` it is for every model; so it is with ``ALL``, but for those left out."""
    said = one.get("modelEnforcement")
    return not said or ("ALL" in said["includedModels"] and not said["excludedModels"])


def _marked(one: dict[str, Any]) -> bool:
    """Of the two ways to say it ``inputTags`` is the older; all of a message is looked at where neither is said."""
    selective = (one.get("selectiveContentGuarding") or {}).get("messages") == "SELECTIVE"
    return selective or one.get("inputTags") == "HONOR"


# --- models -----------------------------------------------------------------------------------------------


async def _custom_models(asking: Asking) -> Read[tuple[Listed[CustomModel], ...]]:
    def named(page: dict[str, Any]) -> list[Named]:
        return [(str(one["modelArn"]), str(one["modelName"])) for one in page["modelSummaries"]]

    async def one(arn: str, name: str) -> CustomModel:
        own = await asking.one(
            "bedrock:GetCustomModel", {"modelIdentifier": arn}, lambda said: said.get("modelKmsKeyArn")
        )
        return CustomModel(await key(asking, own.get()), await _policy(asking, arn))

    owned = {"isOwned": True}  # of one that another account shares with us we can judge nothing
    return await described(asking, await asking.all("bedrock:ListCustomModels", owned, named), one)


async def _policy(asking: Asking, arn: str) -> Read[Policy | None]:
    def understand(answer: dict[str, Any]) -> Policy | None:
        return parse(answer["resourcePolicy"]) if answer else None  # empty: AWS says that there is none

    return await asking.one("bedrock:GetResourcePolicy", {"resourceArn": arn}, understand)


def _provisioned(page: dict[str, Any]) -> list[Provisioned]:
    return [
        Provisioned(
            arn=token(one["provisionedModelArn"], 1024),
            name=Untrusted(one["provisionedModelName"]),
            model=token(one["modelArn"], 1024),
            status=token(one["status"]),
        )
        for one in page["provisionedModelSummaries"]
    ]


async def _profiles(asking: Asking) -> Read[tuple[InferenceProfile, ...]]:
    """Of both types, each asked for by name: without one AWS lists its own alone (aws/aws-cli issue 9728)."""
    found: list[InferenceProfile] = []
    for kind in ("SYSTEM_DEFINED", "APPLICATION"):
        listed = await asking.all("bedrock:ListInferenceProfiles", {"typeEquals": kind}, _profile_page)
        if isinstance(listed, Unread):
            return listed
        found += listed.value
    return Known(tuple(found))


def _profile_page(page: dict[str, Any]) -> list[InferenceProfile]:
    return [
        InferenceProfile(
            arn=token(one["inferenceProfileArn"], 1024),
            name=Untrusted(one["inferenceProfileName"]),
            application={"APPLICATION": True, "SYSTEM_DEFINED": False}[one["type"]],
            regions=tuple(dict.fromkeys(token(each["modelArn"].split(":")[3]) for each in one["models"])),
        )
        for one in page["inferenceProfileSummaries"]
    ]


async def _invoked(asking: Asking) -> Read[tuple[str, ...]]:
    """Models by their metrics. Pages are asked for one by one: the operation has no page size."""
    models: dict[str, None] = {}
    params: dict[str, Any] = {"Namespace": "AWS/Bedrock", "MetricName": "Invocations"}
    for _ in range(_PAGES):
        page = await asking.one(
            "cloudwatch:ListMetrics", dict(params), lambda said: (invoked_models(said), said.get("NextToken"))
        )
        if isinstance(page, Unread):
            return page
        models |= dict.fromkeys(token(model, 1024) for model in page.value[0])
        if not page.value[1]:
            return Known(tuple(models))
        params["NextToken"] = page.value[1]
    return Unread("cloudwatch:ListMetrics", Untrusted(f"more than {_PAGES} pages"))


# --- of the whole account ---------------------------------------------------------------------------------


async def _keys(asking: Asking) -> Read[tuple[ApiKey, ...]]:
    account = asking.place.account

    def understand(page: dict[str, Any]) -> Iterable[ApiKey]:
        for one in page["ServiceSpecificCredentials"]:
            if one["ServiceName"] == "bedrock.amazonaws.com":
                user = token(one["UserName"])
                yield ApiKey(
                    arn=f"arn:aws:iam::{account}:user/{user}:{token(one['ServiceSpecificCredentialId'])}",
                    user=user,
                    active=one["Status"] == "Active",
                    expires=one.get("ExpirationDate"),
                )

    return await asking.all("iam:ListServiceSpecificCredentials", {"AllUsers": True}, understand, region=IAM)


async def _full_access(asking: Asking) -> Read[FullAccess | None]:
    def understand(page: dict[str, Any]) -> list[tuple[str, str]]:
        return [
            *(("user", token(one["UserName"])) for one in page["PolicyUsers"]),
            *(("role", token(one["RoleName"])) for one in page["PolicyRoles"]),
            *(("group", token(one["GroupName"])) for one in page["PolicyGroups"]),
        ]

    found = await asking.all("iam:ListEntitiesForPolicy", {"PolicyArn": FULL_ACCESS}, understand, region=IAM)
    if isinstance(found, Unread):
        return found
    kinds = {kind: tuple(name for one, name in found.value if one == kind) for kind in ("user", "role", "group")}
    return Known(FullAccess(kinds["user"], kinds["role"], kinds["group"]))
