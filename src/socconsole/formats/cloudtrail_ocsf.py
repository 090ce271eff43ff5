"""OCSF API Activity (class 6003) in CloudTrail's own words.

Security Lake turns a CloudTrail record into this class; rules and pivots speak of ``requestParameters.bucketName``.
So the record is written back as CloudTrail had it, as far as the class keeps it, with the original beside it under
``ocsf``. Members as in the OCSF schema 1.0 to 1.4 and Security Lake's source versions 1 and 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from socconsole.formats.fields import elements, embedded, first_instant, mapping, plain

_CATEGORIES: Final = {
    "management": "Management",
    "data": "Data",
    "insight": "Insight",
    "networkactivity": "NetworkActivity",
}


def as_trail(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A CloudTrail record; members that the class does not tell are absent."""
    metadata, api, cloud = (mapping(obj.get(name)) for name in ("metadata", "api", "cloud"))
    request, response = mapping(api.get("request")), mapping(api.get("response"))
    endpoint, unmapped = mapping(obj.get("src_endpoint")), mapping(obj.get("unmapped"))
    feature = plain(mapping(mapping(metadata.get("product")).get("feature")).get("name"), 64)
    moment = first_instant(obj.get("time"), obj.get("time_dt"))
    found: dict[str, Any] = {
        "eventID": metadata.get("uid") or obj.get("uid"),
        "eventTime": moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None,
        "eventSource": mapping(api.get("service")).get("name"),
        "eventName": api.get("operation"),
        "eventType": metadata.get("event_code"),
        "eventCategory": _CATEGORIES.get(feature.lower().replace(" ", "")),
        "awsRegion": cloud.get("region"),
        "recipientAccountId": mapping(cloud.get("account")).get("uid") or cloud.get("account_uid"),
        "userIdentity": _identity(obj),
        "sourceIPAddress": endpoint.get("ip") or endpoint.get("domain") or endpoint.get("svc_name"),
        "userAgent": mapping(obj.get("http_request")).get("user_agent"),
        "errorCode": response.get("error") or response.get("error_message"),
        "errorMessage": response.get("message"),
        "requestID": request.get("uid"),
        "requestParameters": _data(request.get("data")),
        "responseElements": _data(response.get("data")),
        "resources": [
            {"ARN": each.get("uid") or each.get("name"), "type": each.get("type")}
            for each in map(mapping, elements(obj.get("resources")))
        ],
        "readOnly": plain(obj.get("activity_name"), 32).lower() == "read" if "activity_name" in obj else None,
    }
    for name, value in unmapped.items():
        _put(found, str(name).split("."), value)
    found = {name: value for name, value in found.items() if value not in (None, "", [], {})}
    return found | {"ocsf": obj}


def _identity(obj: Mapping[str, Any]) -> dict[str, Any]:
    actor = mapping(obj.get("actor"))
    user, session = mapping(actor.get("user") or obj.get("user")), mapping(actor.get("session"))
    issuer = session.get("issuer")
    uid = user.get("uid")
    found = {
        "type": user.get("type"),
        "arn": uid if plain(uid, 8).startswith("arn:") else None,
        "principalId": user.get("uid_alt") or uid,
        "userName": user.get("name"),
        "accountId": mapping(user.get("account")).get("uid") or user.get("account_uid"),
        "accessKeyId": user.get("credential_uid") or session.get("credential_uid"),
        "invokedBy": actor.get("invoked_by"),
        "sessionContext": {"sessionIssuer": {"arn": issuer}} if issuer else None,
    }
    return {name: value for name, value in found.items() if value}


def _data(value: object) -> object:
    inner = embedded(value)
    return inner if isinstance(inner, dict) else value


def _put(found: dict[str, Any], path: list[str], value: object) -> None:
    """Security Lake's first version flattens parameters: ``requestParameters.bucketName`` beside the rest."""
    if len(path) > 16:
        return
    for part in path[:-1]:
        inner = found.get(part)
        if inner is None:
            inner = found[part] = {}
        if not isinstance(inner, dict):
            return
        found = inner
    found.setdefault(path[-1], value)
