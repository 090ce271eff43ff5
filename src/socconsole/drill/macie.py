"""Macie, which is off until somebody enables it (in moto it is on), and its automated discovery, which moto lacks.

Source: Macie API reference; where it is off every call is refused with ``AccessDeniedException``, "Macie is not
enabled". Where it is enabled by itself automated discovery is off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()


def _session(cloud: Cloud, call: Call) -> dict[str, Any]:
    found = cloud.macie.get((call.account, call.region))
    if found is None:
        raise AwsError("AccessDeniedException", "Macie is not enabled", 403)
    return found


@routes.op("macie2", "EnableMacie")
def enable(cloud: Cloud, call: Call) -> dict[str, Any]:
    if (call.account, call.region) in cloud.macie:
        raise AwsError("ConflictException", "Macie has already been enabled", 409)
    now = cloud.clock.now()
    cloud.macie[call.account, call.region] = {
        "createdAt": now,
        "updatedAt": now,
        "findingPublishingFrequency": call.params.get("findingPublishingFrequency", "FIFTEEN_MINUTES"),
        "serviceRole": f"arn:aws:iam::{call.account}:role/aws-service-role/macie.amazonaws.com/"
        "AWSServiceRoleForAmazonMacie",
        "status": call.params.get("status", "ENABLED"),
        "discovery": "DISABLED",
    }
    return {}


@routes.op("macie2", "DisableMacie")
def disable(cloud: Cloud, call: Call) -> dict[str, Any]:
    _session(cloud, call)
    del cloud.macie[call.account, call.region]
    return {}


@routes.op("macie2", "GetMacieSession")
def session(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {name: value for name, value in _session(cloud, call).items() if name != "discovery"}


@routes.op("macie2", "GetAutomatedDiscoveryConfiguration")
def discovery(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"status": _session(cloud, call)["discovery"]}


@routes.op("macie2", "UpdateAutomatedDiscoveryConfiguration")
def set_discovery(cloud: Cloud, call: Call) -> dict[str, Any]:
    _session(cloud, call)["discovery"] = call.params["status"]
    return {}
