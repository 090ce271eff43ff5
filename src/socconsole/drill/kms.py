"""KMS where moto and AWS differ in what matters here.

moto refuses a call for any Deny in the key policy, whatever its condition; AWS weighs it, and the lock-out
check of ``PutKeyPolicy`` is about the caller (KMS API reference). Answers without members are empty there, and
``null`` in moto.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill import iamcheck
from socconsole.drill.errors import AwsError
from socconsole.drill.policy import Decision, evaluate
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_LIMIT: Final = 32 * 1024


def _backend(call: Call) -> Any:
    return get_backend("kms")[call.account][call.region]


def _key(call: Call) -> Any:
    """The key that a call names, as moto keeps it."""
    named = str(call.params["KeyId"]).rpartition("/")[2]
    found = _backend(call).keys.get(named)
    if found is None:
        arn = f"arn:aws:kms:{call.region}:{call.account}:key/{named}"
        raise AwsError("NotFoundException", f"Key '{arn}' does not exist")
    return found


@routes.op("kms", "DescribeKey")
def describe_key(cloud: Cloud, call: Call) -> dict[str, Any]:
    return dict(_key(call).to_dict())


@routes.op("kms", "PutKeyPolicy")
def put_key_policy(cloud: Cloud, call: Call) -> dict[str, Any]:
    key, text = _key(call), str(call.params.get("Policy", ""))
    try:
        document = json.loads(text)
        statements = document["Statement"]
    except (ValueError, TypeError, KeyError):
        raise AwsError("MalformedPolicyDocumentException", "The policy is not valid.") from None
    if len(text.encode()) > _LIMIT:
        raise AwsError("LimitExceededException", "The policy is longer than 32768 bytes.")
    if not call.params.get("BypassPolicyLockoutSafetyCheck"):
        everyone = ("*", {"AWS": "*"})
        denies = [one for one in statements if one.get("Effect") == "Deny" and one.get("Principal") in everyone]
        context = iamcheck.context_of(call)
        verdict = evaluate([("key", {"Statement": denies})], "kms:PutKeyPolicy", str(key.arn), context)
        if verdict.decision is Decision.EXPLICIT_DENY:
            message = "The new key policy will not allow you to update the key policy in the future."
            raise AwsError("MalformedPolicyDocumentException", message)
    key.policy = text
    return {}


@routes.op("kms", "DisableKey", "EnableKey")
def switch(cloud: Cloud, call: Call) -> dict[str, Any]:
    key = _key(call)
    if key.key_state == "PendingDeletion":
        raise AwsError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    key.enabled = call.operation == "EnableKey"
    key.key_state = "Enabled" if key.enabled else "Disabled"
    return {}


@routes.op("kms", "RevokeGrant")
def revoke_grant(cloud: Cloud, call: Call) -> dict[str, Any]:
    key, grant = _key(call), str(call.params["GrantId"])
    if grant not in key.grants:
        raise AwsError("NotFoundException", f"Grant {grant} does not exist.")
    del key.grants[grant]
    return {}


@routes.op("kms", "EnableKeyRotation", "DisableKeyRotation")
def rotate(cloud: Cloud, call: Call) -> dict[str, Any]:
    """moto keeps whether, and not how often."""
    key, days = _key(call), call.params.get("RotationPeriodInDays") or 365
    if key.key_state != "Enabled":
        raise AwsError("DisabledException", f"{key.arn} is disabled.")
    if key.key_spec != "SYMMETRIC_DEFAULT":
        raise AwsError("UnsupportedOperationException", f"{key.arn} is not a symmetric key.")
    if not 90 <= days <= 2560:
        raise AwsError("ValidationException", "RotationPeriodInDays takes 90 to 2560 days.")
    key.key_rotation_status = call.operation == "EnableKeyRotation"
    key.drill_period = days
    return {}


@routes.op("kms", "GetKeyRotationStatus")
def rotation(cloud: Cloud, call: Call) -> dict[str, Any]:
    key = _key(call)
    period = {"RotationPeriodInDays": getattr(key, "drill_period", 365)} if key.key_rotation_status else {}
    return {"KeyId": key.id, "KeyRotationEnabled": key.key_rotation_status, **period}
