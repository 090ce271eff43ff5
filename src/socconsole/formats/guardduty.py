"""GuardDuty findings in every letter case: the API's PascalCase, events' camelCase, lakes' lower case.

Shapes: botocore's ``guardduty`` model (2017-11-28), ``Finding``; what really occurs is in the tests' data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from socconsole.formats import keys, severity, who
from socconsole.formats.fields import (
    DESCRIPTION_LIMIT,
    TITLE_LIMIT,
    body,
    count,
    first_instant,
    identifier,
    lowered,
    mapping,
    plain,
    token,
    truth,
    untrusted,
)
from socconsole.formats.finding_types import normalised
from socconsole.formats.guardduty_resources import affected, resources
from socconsole.formats.record import Unreadable
from socconsole.model.finding import Actor, Format, Kind, Observation
from socconsole.text import Untrusted


def read(obj: Mapping[str, Any], account: object = None, region: object = None) -> Observation:
    """One finding. ``account`` and ``region`` are the envelope's, for a record that lacks its own.

    Raises :class:`Unreadable` where there is neither an id nor an ARN.
    """
    low = _unflattened(lowered(dict(obj)))
    service = mapping(low.get("service"))
    arn = plain(low.get("arn"), 1 << 20)
    native_id = low.get("id") or low.get("finding_id")
    place_account = token(low.get("accountid")) or _arn_part(arn, 4) or token(account)
    place_region = token(low.get("region")) or _arn_part(arn, 3) or token(region)
    merge_keys = keys.guardduty(
        arn,
        plain(native_id, 1 << 20),
        place_account or "",
        place_region or "",
        plain(service.get("detectorid"), 256),
        plain(low.get("partition"), 32),
    )
    if not merge_keys:
        raise Unreadable("GuardDuty finding without id and ARN")
    sequence = mapping(mapping(service.get("detection")).get("sequence"))
    resource = mapping(low.get("resource"))
    types = normalised((low.get("type"),), guardduty=True)
    description = untrusted(low.get("description"), DESCRIPTION_LIMIT)
    found = resources(resource, sequence, place_account, place_region) or affected(
        service.get("action"), place_account, place_region
    )
    data = body(obj)
    return Observation(
        format=Format.GUARDDUTY,
        merge_keys=merge_keys,
        title=untrusted(low.get("title"), TITLE_LIMIT) or Untrusted(types[0] if types else merge_keys[0]),
        description=description or Untrusted(""),
        kind=Kind.THREAT,
        severity=severity.guardduty(low.get("severity")),
        product="GuardDuty",
        types=types,
        account=place_account,
        region=place_region,
        resources=found,
        actors=who.once(_actors(service, resource, sequence)),
        occurred=first_instant(service.get("eventlastseen"), service.get("eventfirstseen")),
        published=first_instant(low.get("createdat")),
        updated=first_instant(low.get("updatedat"), low.get("createdat")),
        workflow=None,
        verdict=None,
        active=not truth(service.get("archived")),
        sample=who.is_sample(service.get("additionalinfo")) or who.on_sample(found),
        note=None,
        note_by=None,
        compliance=None,
        native_id=identifier(native_id or arn.rpartition("/")[2]),
        product_arn=None,
        signals=who.signals(sequence, merge_keys[0]),
        count=count(service.get("count")),
        body=data,
        digest=hashlib.sha256(data).digest(),
    )


def _actors(
    service: Mapping[str, Any], resource: Mapping[str, Any], sequence: Mapping[str, Any]
) -> Iterator[Actor | None]:
    yield from who.from_action(service.get("action"))
    yield from who.from_resource(resource)
    yield from who.from_runtime(service.get("runtimedetails"))
    yield from who.from_sequence(sequence)


def _arn_part(arn: str, at: int) -> str | None:
    parts = arn.replace("::guardduty", ":guardduty").split(":", 5)
    return (token(parts[at]) or None) if len(parts) > 5 else None


def _unflattened(low: dict[str, Any]) -> dict[str, Any]:
    """Undo a lake's flattening (``service_action_portprobeaction_blocked``), as far as names allow."""
    flat = [name for name in low if name.startswith(("service_", "resource_"))]
    for name in flat:
        *path, leaf = name.split("_")
        place = low
        for step in path:
            inner = place.get(step)
            if not isinstance(inner, dict):
                inner = place[step] = {}
            place = inner
        place.setdefault(leaf, low[name])
    return low
