"""GuardDuty's own settings: a detector's features, what archives findings, and of whom none are made.

Source: GuardDuty API reference (``CreateDetector``, ``UpdateDetector``: what is not named stays as it is) and User
Guide, "Suppression rules" and "Trusted entity lists". A new detector has the optional protection plans on, but for
runtime monitoring and what came after it. moto keeps the detectors; it knows neither their features' defaults nor the
listing of filters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.guardduty import bad, conditions, detector_of
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_ALWAYS: Final = ("CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS")
_DEFAULT: Final = (
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
)
_ASKED_FOR: Final = ("EKS_RUNTIME_MONITORING", "RUNTIME_MONITORING", "AI_PROTECTION", "AI_ANALYST")
_FREQUENCIES: Final = ("FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS")
_ACTIONS: Final = ("NOOP", "ARCHIVE")


@routes.op("guardduty", "GetDetector")
def get_detector(cloud: Cloud, call: Call) -> dict[str, Any]:
    found = detector_of(call)
    made = f"{found.created_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    return {
        "CreatedAt": made,
        "UpdatedAt": made,
        "FindingPublishingFrequency": found.finding_publish_freq,
        "ServiceRole": found.service_role,
        "Status": "ENABLED" if found.enabled else "DISABLED",
        "Tags": found.tags,
        "Features": [{"Name": name, "Status": "ENABLED" if on else "DISABLED"} for name, on in _features(found)],
    }


def _features(detector: Any) -> list[tuple[str, bool]]:
    said = {_member(one, "name"): _member(one, "status") == "ENABLED" for one in detector.features}
    known = {
        **dict.fromkeys(_ALWAYS, True),
        **dict.fromkeys(_DEFAULT, True),
        **dict.fromkeys(_ASKED_FOR, False),
        **said,
    }
    return list(known.items())


def _member(feature: Mapping[str, Any], name: str) -> str:
    """moto keeps what it was sent, in the names of the wire; an update brings those of the model."""
    return str(feature.get(name) or feature.get(name.capitalize()) or "")


@routes.op("guardduty", "UpdateDetector")
def update_detector(cloud: Cloud, call: Call) -> dict[str, Any]:
    found, asked = detector_of(call), call.params
    frequency = asked.get("FindingPublishingFrequency", found.finding_publish_freq)
    if frequency not in _FREQUENCIES:
        raise bad("the parameter findingPublishingFrequency is invalid.")
    found.finding_publish_freq = frequency
    found.enabled = asked.get("Enable", found.enabled)
    given = {one["Name"]: one for one in asked.get("Features") or ()}
    found.features = [one for one in found.features if _member(one, "name") not in given] + list(given.values())
    return {}


# --- filters ------------------------------------------------------------------------------------------


@routes.op("guardduty", "CreateFilter", "UpdateFilter")
def put_filter(cloud: Cloud, call: Call) -> dict[str, Any]:
    """An ARCHIVE filter holds for what is found from now on."""
    asked, detector = call.params, detector_of(call)
    filters = cloud.detectors.filters.setdefault(detector.id, {})
    name = str(asked.get("Name") or asked.get("FilterName"))
    if (name in filters) != (call.operation == "UpdateFilter"):
        raise bad(f"a filter with the name {name} {'exists' if name in filters else 'does not exist'}.")
    new: dict[str, Any] = {"Action": "NOOP", "Rank": len(filters) + 1, "Description": "", **filters.get(name, {})}
    new |= {key: asked[key] for key in ("Action", "Rank", "Description", "FindingCriteria") if key in asked}
    if new["Action"] not in _ACTIONS:
        raise bad("the parameter action is invalid.")
    for _, how in conditions(new["FindingCriteria"].get("Criterion") or {}):
        if how.keys() & {"Matches", "NotMatches"}:
            raise bad("the drill does not know comparisons by pattern.")
    filters[name] = {**new, "Name": name}
    return {"Name": name}


@routes.op("guardduty", "ListFilters")
def list_filters(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"FilterNames": list(cloud.detectors.filters.get(detector_of(call).id, ()))}


@routes.op("guardduty", "GetFilter")
def get_filter(cloud: Cloud, call: Call) -> dict[str, Any]:
    return dict(_filter(cloud, call))


@routes.op("guardduty", "DeleteFilter")
def delete_filter(cloud: Cloud, call: Call) -> dict[str, Any]:
    del cloud.detectors.filters[detector_of(call).id][_filter(cloud, call)["Name"]]
    return {}


def _filter(cloud: Cloud, call: Call) -> dict[str, Any]:
    found = cloud.detectors.filters.get(detector_of(call).id, {}).get(str(call.params["FilterName"]))
    if found is None:
        raise bad("the input filterName does not exist.")
    return found


# --- trusted lists ------------------------------------------------------------------------------------

_LISTS: Final = {"IPSet": ("IpSetId", "IpSetIds"), "TrustedEntitySet": ("TrustedEntitySetId", "TrustedEntitySetIds")}


def _kind(call: Call) -> str:
    return next(kind for kind in _LISTS if kind in call.operation)


@routes.op("guardduty", "CreateIPSet", "CreateTrustedEntitySet")
def create_list(cloud: Cloud, call: Call) -> dict[str, Any]:
    asked, kind = call.params, _kind(call)
    lists = cloud.detectors.lists.setdefault((detector_of(call).id, kind), {})
    ident = cloud.ids.hex(kind, call.n, length=32)
    lists[ident] = {
        **{key: asked[key] for key in ("Name", "Format", "Location")},
        "Status": "ACTIVE" if asked.get("Activate") else "INACTIVE",
    }
    return {_LISTS[kind][0]: ident}


@routes.op("guardduty", "ListIPSets", "ListTrustedEntitySets")
def list_lists(cloud: Cloud, call: Call) -> dict[str, Any]:
    kind = _kind(call)
    return {_LISTS[kind][1]: list(cloud.detectors.lists.get((detector_of(call).id, kind), ()))}


@routes.op("guardduty", "GetIPSet", "GetTrustedEntitySet")
def get_list(cloud: Cloud, call: Call) -> dict[str, Any]:
    kind = _kind(call)
    ident = str(call.params[_LISTS[kind][0]])
    found = cloud.detectors.lists.get((detector_of(call).id, kind), {}).get(ident)
    if found is None:
        raise bad(f"the input {_LISTS[kind][0]} does not exist.")
    return dict(found)
