"""OCSF findings: Security Hub V2 (``GetFindingsV2`` and its events), Security Lake, Prowler and others.

Classes 2001 (Security Finding, deprecated: ``finding``) and 2002 to 2004, 2006 and 2007 (``finding_info``).
The class number decides, never its name; a version is not trusted either. Schema: https://schema.ocsf.io.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Final

from socconsole.formats import keys, severity, who
from socconsole.formats.fields import (
    DESCRIPTION_LIMIT,
    TITLE_LIMIT,
    body,
    count,
    elements,
    first_instant,
    identifier,
    mapping,
    number,
    plain,
    token,
    untrusted,
)
from socconsole.formats.finding_types import kind_of_product, kind_of_types, normalised
from socconsole.formats.guardduty_resources import RESOURCES_LIMIT, asff_type, pairs
from socconsole.formats.record import Unreadable
from socconsole.model.finding import Actor, Format, Kind, Observation, Resource, Workflow
from socconsole.text import Untrusted

SECURITY, VULNERABILITY, COMPLIANCE, DETECTION, DATA_SECURITY, APPLICATION = (
    2001,
    2002,
    2003,
    2004,
    2006,
    2007,
)
CLASSES: Final = frozenset({SECURITY, VULNERABILITY, COMPLIANCE, DETECTION, DATA_SECURITY, APPLICATION})
API_ACTIVITY: Final = 6003
"""What Security Lake makes of a CloudTrail event."""

_STATUS_IDS: Final = {
    1: Workflow.NEW,
    2: Workflow.NOTIFIED,
    3: Workflow.SUPPRESSED,
    4: Workflow.RESOLVED,
}
_STATUS_WORDS: Final = {
    "NEW": Workflow.NEW,
    "IN PROGRESS": Workflow.NOTIFIED,
    "IN_PROGRESS": Workflow.NOTIFIED,
    "NOTIFIED": Workflow.NOTIFIED,
    "SUPPRESSED": Workflow.SUPPRESSED,
    "RESOLVED": Workflow.RESOLVED,
}
_ARCHIVED: Final = 5
_CLOSE: Final = 3
_OPENNESS: Final = (Workflow.NEW, Workflow.NOTIFIED, Workflow.SUPPRESSED, Workflow.RESOLVED)


def class_of(obj: Mapping[str, Any]) -> int | None:
    """``class_uid`` as a whole number, also out of a string."""
    found = number(obj.get("class_uid"))
    return int(found) if found is not None and found.is_integer() else None


def read(obj: Mapping[str, Any]) -> Observation:
    """One finding. Raises :class:`Unreadable` for another class, and where no uid is given anywhere."""
    class_uid = class_of(obj)
    if class_uid not in CLASSES:
        raise Unreadable(f"OCSF class {token(obj.get('class_uid'))} is not a finding")
    metadata = mapping(obj.get("metadata"))
    info = mapping(obj.get("finding_info") or obj.get("finding"))
    product = mapping(metadata.get("product"))
    product_uid = plain(product.get("uid"))
    product_arn = product_uid if product_uid.startswith("arn:") else ""
    owner = plain(mapping(mapping(obj.get("cloud")).get("account")).get("uid"), 256)
    merge_keys = _merge_keys(metadata, info, product, product_arn, owner)
    if not merge_keys:
        raise Unreadable("OCSF finding without metadata.uid and finding_info.uid")
    types = normalised(elements(info.get("types")) or [info.get("types")], guardduty=keys.from_guardduty(product_arn))
    cloud = mapping(obj.get("cloud"))
    resources = tuple(_resources(obj))
    compliance = mapping(obj.get("compliance"))
    data = body(obj)
    return Observation(
        format=Format.OCSF,
        merge_keys=merge_keys,
        title=untrusted(info.get("title"), TITLE_LIMIT)
        or untrusted(obj.get("message"), TITLE_LIMIT)
        or Untrusted(types[0] if types else merge_keys[0]),
        description=untrusted(info.get("desc"), DESCRIPTION_LIMIT)
        or untrusted(obj.get("message"), DESCRIPTION_LIMIT)
        or Untrusted(""),
        kind=_kind(class_uid, obj, product_arn, types),
        severity=severity.ocsf(obj.get("severity_id"), obj.get("severity"), obj.get("vendor_attributes")),
        product=token(product.get("name")) or token(product.get("vendor_name")) or "unknown",
        types=types,
        account=token(mapping(cloud.get("account")).get("uid")) or _first_of(resources, "account"),
        region=token(cloud.get("region")) or _first_of(resources, "region"),
        resources=resources,
        actors=who.once(_actors(obj)),
        occurred=first_instant(*_both(info, "last_seen_time"), *_both(info, "first_seen_time"), *_both(obj, "time")),
        published=first_instant(*_both(info, "created_time"), *_both(obj, "time")),
        updated=first_instant(*_both(info, "modified_time"), *_both(obj, "time"), *_both(info, "created_time")),
        workflow=_workflow(obj),
        verdict=None,
        active=_is_active(obj),
        sample=who.on_sample(resources),
        note=untrusted(obj.get("comment"), TITLE_LIMIT),
        note_by=None,
        compliance=token(compliance.get("status")),
        native_id=identifier(metadata.get("uid") or info.get("uid")),
        product_arn=identifier(product_arn) or None,
        signals=(),
        count=count(obj.get("count")),
        body=data,
        digest=hashlib.sha256(data).digest(),
    )


def _is_active(obj: Mapping[str, Any]) -> bool:
    """Not archived, and not the record of its closing (OCSF finding classes, ``activity_id`` 3: Close)."""
    if number(obj.get("activity_id")) == _CLOSE or plain(obj.get("activity_name"), 64).strip().lower() == "close":
        return False
    return number(obj.get("status_id")) != _ARCHIVED and plain(obj.get("status"), 64).strip().upper() != "ARCHIVED"


def _merge_keys(
    metadata: Mapping[str, Any], info: Mapping[str, Any], product: Mapping[str, Any], product_arn: str, account: str
) -> tuple[str, ...]:
    """Security Hub's own name first (it joins with ASFF and, for GuardDuty, with GuardDuty), else
    ``metadata.uid``, then ``finding_info.uid``, each within its product and account: other tools number their
    findings per account, and AWS's own ``OcsfFindingIdentifier`` names all three."""
    outer, inner = plain(metadata.get("uid"), 1 << 20), plain(info.get("uid"), 1 << 20)
    by_name = plain(product.get("name"), 256)
    from_guardduty = keys.from_guardduty(product_arn) or (
        not product_arn and by_name.lower() in ("", "guardduty", "amazon guardduty")
    )
    found: dict[str, None] = {}
    if from_guardduty:
        for uid in (inner, outer):
            if keys.is_guardduty_arn(uid):
                found[keys.key(uid)] = None
    if product_arn and inner:
        found[keys.security_hub(product_arn, inner)] = None
    within = product_arn or plain(product.get("uid"), 256) or by_name or plain(product.get("vendor_name"), 256)
    for uid in (outer, inner):
        if uid:
            found[keys.key(f"ocsf|{within}|{account}|{uid}")] = None
    return tuple(found)


def _both(part: Mapping[str, Any], name: str) -> tuple[object, object]:
    """A time and its ``_dt`` twin; the twin is ISO text and says no more than the number."""
    return part.get(name), part.get(f"{name}_dt")


def _kind(class_uid: int, obj: Mapping[str, Any], product_arn: str, types: tuple[str, ...]) -> Kind:
    if class_uid == VULNERABILITY:
        return Kind.VULNERABILITY
    if class_uid == COMPLIANCE:
        return Kind.CONTROL
    if class_uid == DATA_SECURITY:
        return Kind.DATA
    if class_uid == APPLICATION:
        return Kind.SOFTWARE
    by_types = kind_of_types(types)
    if by_types is not None:
        return by_types
    if obj.get("compliance") or mapping(obj.get("unmapped")).get("compliance"):
        return Kind.CONTROL
    if obj.get("vulnerabilities"):
        return Kind.VULNERABILITY
    return kind_of_product(product_arn) or Kind.THREAT


def _workflow(obj: Mapping[str, Any]) -> Workflow | None:
    """Number and text contradict each other in the wild; the more open of the two counts."""
    stated = number(obj.get("status_id"))
    found = {
        _STATUS_IDS.get(int(stated)) if stated is not None else None,
        _STATUS_WORDS.get(plain(obj.get("status"), 64).strip().upper()),
    }
    return next((each for each in _OPENNESS if each in found), None)


def _resources(obj: Mapping[str, Any]) -> Iterator[Resource]:
    for element in (elements(obj.get("resources")) or elements(obj.get("resource")))[:RESOURCES_LIMIT]:
        each = mapping(element)
        uid, other = plain(each.get("uid")), plain(each.get("uid_alt"))
        if other.startswith("arn:") and not uid.startswith("arn:"):
            uid = other
        found = untrusted(uid) or untrusted(each.get("name"))
        if found is None:
            continue
        name = untrusted(each.get("name"))
        yield Resource(
            asff_type(token(each.get("type")) or "Other"),
            found,
            name if name != found else None,
            token(mapping(mapping(each.get("owner")).get("account")).get("uid")),
            token(each.get("region")),
            pairs(each.get("tags")),
        )


def _first_of(resources: tuple[Resource, ...], part: str) -> str | None:
    return next((value for each in resources if (value := getattr(each, part))), None)


def _actors(obj: Mapping[str, Any]) -> Iterator[Actor | None]:
    yield from _evidence(obj)
    for element in elements(obj.get("evidences")):
        yield from _evidence(mapping(element))


def _evidence(part: Mapping[str, Any]) -> Iterator[Actor | None]:
    for side in ("src_endpoint", "dst_endpoint"):
        endpoint = mapping(part.get(side))
        yield _endpoint(endpoint)
        yield who.actor("domain", endpoint.get("domain") or endpoint.get("hostname"))
    yield who.actor("domain", mapping(part.get("query")).get("hostname"))
    acting = mapping(part.get("actor"))
    user = mapping(acting.get("user"))
    process = mapping(acting.get("process")) or mapping(part.get("process"))
    if user.get("name") or not process:  # beside a process a bare uid is a number of the host's own
        yield who.principal(user.get("name") or user.get("uid"), user.get("type"))
    yield who.actor("access_key", user.get("credential_uid"))
    yield who.actor("process", mapping(process.get("file")).get("path") or process.get("name"))


def _endpoint(endpoint: Mapping[str, Any]) -> Actor | None:
    """The address of a remote side; the local one (private) says nothing about who."""
    value = plain(endpoint.get("ip"), 64)
    try:
        if not value or (ipaddress.ip_address(value).is_private and not _documentation(value)):
            return None
    except ValueError:
        return None
    country = plain(mapping(endpoint.get("location")).get("country"), 128)
    network = mapping(endpoint.get("autonomous_system"))
    asn = plain(network.get("number"), 32)
    parts = (country, f"AS{asn}" if asn else "", plain(network.get("name"), 256))
    return who.actor("ip", value, ", ".join(part for part in parts if part) or None)


def _documentation(value: str) -> bool:
    """Python counts the documentation ranges as private; samples and drills use them as the outside."""
    return value.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))
