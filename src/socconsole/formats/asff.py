"""AWS Security Finding Format: what Security Hub's ``GetFindings`` returns and its events carry.

Shapes: botocore's ``securityhub`` model (2018-10-26), ``AwsSecurityFinding``; every member is treated as
optional but ``Id``, for so it is in the wild.
"""

from __future__ import annotations

import functools
import hashlib
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
    lowered,
    mapping,
    plain,
    token,
    truth,
    untrusted,
)
from socconsole.formats.finding_types import kind_of_product, kind_of_types, normalised, states_a_threat
from socconsole.formats.guardduty_resources import RESOURCES_LIMIT, pairs
from socconsole.formats.record import Unreadable
from socconsole.model.finding import Actor, Format, Kind, Observation, Resource, Verdict, Workflow
from socconsole.text import Untrusted

_WORKFLOW: Final = {
    **{each.value: each for each in Workflow},
    # the deprecated WorkflowState
    "ASSIGNED": Workflow.NOTIFIED,
    "IN_PROGRESS": Workflow.NOTIFIED,
    "DEFERRED": Workflow.NOTIFIED,
}
_VERDICTS: Final = {each.value: each for each in Verdict}
_PRODUCTS: Final = {
    "guardduty": "GuardDuty",
    "securityhub": "Security Hub",
    "inspector": "Inspector",
    "macie": "Macie",
    "config": "Config",
    "access-analyzer": "IAM Access Analyzer",
    "health": "Health",
    "detective": "Detective",
    "firewall-manager": "Firewall Manager",
}
_SERVICE_PREFIX: Final = "aws/guardduty/service/"
_OLDER_FACTS: Final = ("action/", "additionalInfo", "count", "archived", "resourceRole", "detectorId")


def read(obj: Mapping[str, Any]) -> Observation:
    """One finding. Raises :class:`Unreadable` where ``Id`` is missing."""
    finding = obj.get("Id")
    if not plain(finding):
        raise Unreadable("ASFF finding without Id")
    product_arn = plain(obj.get("ProductArn"))
    provider = mapping(obj.get("FindingProviderFields"))
    fields = mapping(obj.get("ProductFields"))
    note = mapping(obj.get("Note"))
    full_id = plain(finding, 1 << 20)
    merge_key = keys.security_hub(product_arn, full_id)
    guardduty = keys.from_guardduty(product_arn)
    types = normalised(elements(obj.get("Types")) or elements(provider.get("Types")), guardduty=guardduty)
    resources = tuple(_resources(obj.get("Resources")))
    account, region = _place(obj, product_arn, resources)
    service: Mapping[str, Any] = _service(fields) if guardduty else _lowered_part(obj, "Action", "action")
    sequence = mapping(mapping(lowered(obj.get("Detection"))).get("sequence")) if "Detection" in obj else {}
    kind = _kind(obj, product_arn, types)
    sample = (
        truth(obj.get("Sample"))
        or ("additionalinfo" in service and who.is_sample(service["additionalinfo"]))
        or who.on_sample(resources)
    )
    compliance = obj.get("Compliance")
    data = body(obj)
    return Observation(
        format=Format.ASFF,
        merge_keys=(merge_key,),
        title=untrusted(obj.get("Title"), TITLE_LIMIT) or Untrusted(types[0] if types else plain(finding)),
        description=untrusted(obj.get("Description"), DESCRIPTION_LIMIT) or Untrusted(""),
        kind=kind,
        severity=severity.asff(obj.get("Severity"), provider.get("Severity")),
        product=token(obj.get("ProductName"))
        or token(fields.get("aws/securityhub/ProductName"))
        or _product(product_arn),
        types=types,
        account=account,
        region=region,
        resources=resources,
        actors=who.once(_actors(service, sequence, obj.get("Resources"))) if kind is Kind.THREAT else (),
        occurred=first_instant(obj.get("LastObservedAt"), service.get("eventlastseen"), obj.get("FirstObservedAt")),
        published=first_instant(obj.get("CreatedAt")),
        updated=first_instant(obj.get("UpdatedAt"), obj.get("CreatedAt")),
        workflow=_workflow(obj),
        verdict=_VERDICTS.get(plain(obj.get("VerificationState"), 64)),
        active=plain(obj.get("RecordState"), 64).upper() != "ARCHIVED",
        sample=sample,
        note=untrusted(note.get("Text"), TITLE_LIMIT),
        note_by=token(note.get("UpdatedBy")),
        compliance=token(mapping(compliance).get("Status")) if compliance else None,
        native_id=identifier(finding),
        product_arn=identifier(product_arn) or None,
        signals=who.signals(sequence, full_id) if sequence else (),
        count=count(service.get("count")),
        body=data,
        digest=hashlib.sha256(data).digest(),
    )


def _lowered_part(obj: Mapping[str, Any], name: str, under: str) -> dict[str, Any]:
    """``{under: obj[name]}`` with lower-cased keys; empty where there is none."""
    part = obj.get(name)
    return {under: lowered(part)} if part else {}


def _resources(value: object) -> Iterator[Resource]:
    for element in elements(value)[:RESOURCES_LIMIT]:
        each = mapping(element)
        if (found := untrusted(each.get("Id"))) is None:
            continue
        tags = each.get("Tags")
        yield Resource(
            token(each.get("Type")) or "Other",
            found,
            None,
            None,
            token(each.get("Region")),
            pairs(tags) if tags else (),
        )


def _place(obj: Mapping[str, Any], product_arn: str, resources: tuple[Resource, ...]) -> tuple[str | None, str | None]:
    arn_region, arn_account = _arn_place(product_arn)
    region = token(obj.get("Region")) or arn_region
    if region is None:
        region = next((each.region for each in resources if each.region), None)
    return token(obj.get("AwsAccountId")) or arn_account, region


@functools.lru_cache(1024)
def _arn_place(arn: str) -> tuple[str | None, str | None]:
    parts = arn.replace("::securityhub", ":securityhub").split(":", 5)
    return (token(parts[3]), token(parts[4])) if len(parts) > 5 else (None, None)


@functools.lru_cache(1024)
def _product(product_arn: str) -> str:
    name = product_arn.rpartition("/")[2]
    return _PRODUCTS.get(name) or token(name) or "unknown"


def _workflow(obj: Mapping[str, Any]) -> Workflow | None:
    status = plain(mapping(obj.get("Workflow")).get("Status"), 64).upper()
    return _WORKFLOW.get(status) or _WORKFLOW.get(plain(obj.get("WorkflowState"), 64).upper())


def _kind(obj: Mapping[str, Any], product_arn: str, types: tuple[str, ...]) -> Kind:
    """What the record says of itself comes before what its product says in general."""
    by_product = kind_of_product(product_arn)
    if by_product is Kind.THREAT or obj.get("Malware") or obj.get("ThreatIntelIndicators") or obj.get("Detection"):
        return Kind.THREAT
    by_types = kind_of_types(types)
    if by_types is Kind.THREAT and any(states_a_threat(each) for each in types):
        return Kind.THREAT
    if obj.get("Vulnerabilities") or by_types is Kind.VULNERABILITY:
        return Kind.VULNERABILITY
    if obj.get("Compliance"):  # before "Effects/Data Exposure/PCI-DSS", which is how controls classify themselves
        return Kind.CONTROL
    return by_types or by_product or Kind.OTHER


def _service(fields: Mapping[str, Any]) -> dict[str, Any]:
    """GuardDuty's ``service`` tree out of ``ProductFields``: ``aws/guardduty/service/action/…``, arrays as
    ``name.0_``, older records without the prefix. Keys lower-cased, values still strings."""
    tree: dict[str, Any] = {}
    for name, value in fields.items():
        if name.startswith(_SERVICE_PREFIX):
            name = name[len(_SERVICE_PREFIX) :]
        elif not name.startswith(_OLDER_FACTS):
            continue
        *path, leaf = name.lower().replace(".", "/").split("/")
        place = tree
        for step in path:
            inner = place.get(step.rstrip("_"))
            if not isinstance(inner, dict):
                inner = place[step.rstrip("_")] = {}
            place = inner
        leaf = leaf.rstrip("_")
        if not isinstance(place.get(leaf), dict):
            place[leaf] = value
    return tree


def _actors(service: Mapping[str, Any], sequence: Mapping[str, Any], resources: object) -> Iterator[Actor | None]:
    yield from who.from_action(service.get("action"))
    for element in elements(resources)[:RESOURCES_LIMIT]:
        each = mapping(element)
        if each.get("Type") != "AwsIamAccessKey":
            continue
        details = mapping(mapping(each.get("Details")).get("AwsIamAccessKey"))
        name = details.get("UserName") or details.get("PrincipalName") or details.get("PrincipalId")
        yield who.principal(name, details.get("PrincipalType"))
        key_id = plain(each.get("Id")).rpartition(":")[2]
        if key_id not in ("", "null"):
            yield who.actor("access_key", key_id)
    yield from who.from_runtime(service.get("runtimedetails"))
    yield from who.from_sequence(sequence)
