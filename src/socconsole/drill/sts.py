"""STS: roles have to exist and to trust the caller, sessions end on the host clock and are known by name."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.clock import host_now
from socconsole.drill.errors import AwsError, Trouble
from socconsole.drill.policy import as_list, conditions_hold, glob
from socconsole.drill.principals import Principal
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_ROLE: Final = re.compile(r"arn:aws:iam::(\d{12}):role/((?:[\w+=,.@-]+/)*)([\w+=,.@-]{1,64})")
_SESSION_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}")


@routes.op("sts", "AssumeRole")
def assume_role(cloud: Cloud, call: Call) -> dict[str, Any]:
    arn, session = call.params["RoleArn"], call.params["RoleSessionName"]
    match = _ROLE.fullmatch(arn)
    if match is None:
        raise AwsError("ValidationError", f"{arn} is invalid")
    if not _SESSION_NAME.fullmatch(session):
        raise AwsError("ValidationError", "1 validation error detected: Value at 'roleSessionName' failed")
    account, name = match[1], match[3]
    role = next((one for one in get_backend("iam")[account]["aws"].roles.values() if one.arn == arn), None)
    if role is None or not _trusts(role.assume_role_policy_document, call):
        raise Trouble(
            "denied",
            f"User: {call.principal.caller_arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
        )
    seconds = int(call.params.get("DurationSeconds") or 3600)
    if not 900 <= seconds <= int(role.max_session_duration or 3600):
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    session_policy = call.params.get("Policy", "")
    try:
        json.loads(session_policy or "{}")
    except ValueError:
        raise AwsError("MalformedPolicyDocument", "The session policy is not valid JSON.") from None
    now = host_now()
    principal = Principal(
        account=account,
        arn=arn,
        name=name,
        user_id=f"{role.id}:{session}",
        role=name,
        held=True,
        session_policy=session_policy,
        session=session,
        source_identity=call.params.get("SourceIdentity") or call.principal.source_identity,
        tags=tuple((tag["Key"], tag["Value"]) for tag in call.params.get("Tags") or ()),
        issued=now,
        expires=now + timedelta(seconds=seconds),
    )
    key = cloud.ids.access_key("ASIA", call.n)
    answer: dict[str, Any] = {
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": cloud.ids.hex("secret", call.n, length=40),
            "SessionToken": cloud.directory.token(key, principal),
            "Expiration": principal.expires,
        },
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.caller_arn},
    }
    if principal.source_identity:
        answer["SourceIdentity"] = principal.source_identity
    return answer


def _trusts(document: Any, call: Call) -> bool:
    """Whether a trust policy lets the caller do all that the request asks: assume, name its source, tag."""
    policy = json.loads(document) if isinstance(document, str) else document
    caller = call.principal
    names = {"*", caller.arn, caller.caller_arn, caller.account, f"arn:aws:iam::{caller.account}:root"}
    needed = ["sts:AssumeRole"]
    context: dict[str, tuple[str, ...]] = {"aws:principalarn": (caller.arn,)}
    if source := call.params.get("SourceIdentity"):
        needed.append("sts:SetSourceIdentity")
        context["sts:sourceidentity"] = (source,)
    if call.params.get("Tags"):
        needed.append("sts:TagSession")
    return all(_allows(policy, names, action, context) for action in needed)


def _allows(policy: Any, names: set[str], action: str, context: dict[str, tuple[str, ...]]) -> bool:
    for statement in as_list(policy.get("Statement")):
        principal = statement.get("Principal")
        trusted = as_list(principal.get("AWS")) if isinstance(principal, dict) else as_list(principal)
        if (
            statement.get("Effect") == "Allow"
            and names.intersection(trusted)
            and any(glob(one, action, ignore_case=True) for one in as_list(statement.get("Action")))
            and conditions_hold(statement.get("Condition") or {}, context, unknown=False)
        ):
            return True
    return False


@routes.op("sts", "GetCallerIdentity")
def caller_identity(cloud: Cloud, call: Call) -> dict[str, Any]:
    who = call.principal
    return {"UserId": who.user_id, "Account": who.account, "Arn": who.caller_arn}
