"""Guardrails with their versions, the ones that an account enforces, and policies of Bedrock's resources.

moto has none of it. Source: Amazon Bedrock API reference (``CreateGuardrail``, ``PutEnforcedGuardrailConfiguration``,
``PutResourcePolicy``) and botocore's model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.clock import host_now
from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_DRAFT: Final = "DRAFT"
_POLICIES: Final = {
    "contentPolicyConfig": ("contentPolicy", {"filtersConfig": "filters"}),
    "sensitiveInformationPolicyConfig": (
        "sensitiveInformationPolicy",
        {"piiEntitiesConfig": "piiEntities", "regexesConfig": "regexes"},
    ),
    "topicPolicyConfig": ("topicPolicy", {"topicsConfig": "topics"}),
}
"""What is asked for under one name is answered under another."""
_SUMMARY: Final = ("name", "version", "status", "createdAt", "updatedAt")


def _beside(call: Call, name: str) -> dict[str, Any]:
    """A table of ours beside moto's, of this account and region."""
    found: dict[str, Any] = get_backend("bedrock")[call.account][call.region].__dict__.setdefault(name, {})
    return found


def _found(call: Call, named: str) -> dict[str, dict[str, Any]]:
    """Versions of a guardrail by their number."""
    versions: dict[str, dict[str, Any]] | None = _beside(call, "guardrails").get(named.rpartition("/")[2])
    if versions is None:
        raise AwsError("ResourceNotFoundException", f"The guardrail {named} could not be found.", 404)
    return versions


@routes.op("bedrock", "CreateGuardrail")
def create(cloud: Cloud, call: Call) -> dict[str, Any]:
    asked, now = call.params, host_now()
    id_ = cloud.ids.hex("guardrail", call.n, length=12)
    made: dict[str, Any] = {
        "name": asked["name"],
        "guardrailId": id_,
        "guardrailArn": f"arn:aws:bedrock:{call.region}:{call.account}:guardrail/{id_}",
        "version": _DRAFT,
        "status": "READY",
        "createdAt": now,
        "updatedAt": now,
        "blockedInputMessaging": asked["blockedInputMessaging"],
        "blockedOutputsMessaging": asked["blockedOutputsMessaging"],
    }
    for config, (policy, parts) in _POLICIES.items():
        if config in asked:
            made[policy] = {parts[part]: listed for part, listed in asked[config].items() if part in parts}
    if "kmsKeyId" in asked:
        made["kmsKeyArn"] = asked["kmsKeyId"]
    _beside(call, "guardrails")[id_] = {_DRAFT: made}
    return {key: made[key] for key in ("guardrailId", "guardrailArn", "version", "createdAt")}


@routes.op("bedrock", "CreateGuardrailVersion")
def version(cloud: Cloud, call: Call) -> dict[str, Any]:
    versions = _found(call, str(call.params["guardrailIdentifier"]))
    number = str(len(versions))
    versions[number] = {**versions[_DRAFT], "version": number}
    return {"guardrailId": versions[_DRAFT]["guardrailId"], "version": number}


@routes.op("bedrock", "GetGuardrail")
def get(cloud: Cloud, call: Call) -> dict[str, Any]:
    named, number = str(call.params["guardrailIdentifier"]), str(call.params.get("guardrailVersion") or _DRAFT)
    versions = _found(call, named)
    if number not in versions:
        raise AwsError("ResourceNotFoundException", f"Version {number} of {named} could not be found.", 404)
    return versions[number]


@routes.op("bedrock", "ListGuardrails")
def listed(cloud: Cloud, call: Call) -> dict[str, Any]:
    """The drafts of all; every version of the one that is named."""
    one = call.params.get("guardrailIdentifier")
    if one:
        found = list(_found(call, str(one)).values())
    else:
        found = [versions[_DRAFT] for versions in _beside(call, "guardrails").values()]
    summaries = [
        {"id": each["guardrailId"], "arn": each["guardrailArn"], **{key: each[key] for key in _SUMMARY}}
        for each in found
    ]
    return {"guardrails": summaries}


@routes.op("bedrock", "PutEnforcedGuardrailConfiguration")
def enforce(cloud: Cloud, call: Call) -> dict[str, Any]:
    asked, now = call.params["guardrailInferenceConfig"], host_now()
    versions = _found(call, str(asked["guardrailIdentifier"]))
    number = str(asked["guardrailVersion"])
    if number not in versions:
        raise AwsError("ValidationException", f"There is no version {number} of the guardrail.")
    id_ = str(call.params.get("configId") or cloud.ids.hex("enforced", call.n, length=12))
    made = {
        "configId": id_,
        "guardrailArn": versions[number]["guardrailArn"],
        "guardrailId": versions[number]["guardrailId"],
        "guardrailVersion": number,
        "owner": "ACCOUNT",
        "createdAt": now,
        "updatedAt": now,
        "createdBy": call.principal.arn,
        "updatedBy": call.principal.arn,
    }
    for key in ("modelEnforcement", "selectiveContentGuarding"):
        if key in asked:
            made[key] = asked[key]
    _beside(call, "enforced_guardrails")[id_] = made
    return {"configId": id_, "updatedAt": now, "updatedBy": call.principal.arn}


@routes.op("bedrock", "ListEnforcedGuardrailsConfiguration")
def enforced(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"guardrailsConfig": list(_beside(call, "enforced_guardrails").values())}


@routes.op("bedrock", "PutResourcePolicy")
def put_policy(cloud: Cloud, call: Call) -> dict[str, Any]:
    arn = str(call.params["resourceArn"])
    _beside(call, "resource_policies")[arn] = call.params["resourcePolicy"]
    return {"resourceArn": arn}


@routes.op("bedrock", "GetResourcePolicy")
def get_policy(cloud: Cloud, call: Call) -> dict[str, Any]:
    arn = str(call.params["resourceArn"])
    policy = _beside(call, "resource_policies").get(arn)
    if policy is None:
        raise AwsError("ResourceNotFoundException", f"There is no resource policy for {arn}.", 404)
    return {"resourcePolicy": policy}
