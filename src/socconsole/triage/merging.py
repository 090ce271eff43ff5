"""Several records of one detection, made into one finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from socconsole.model.finding import (
    Actor,
    Finding,
    Format,
    Kind,
    Observation,
    Resource,
    Workflow,
    finding_id,
)
from socconsole.triage.names import bare
from socconsole.triage.scoring import Context, priority

SOURCES: Final = {
    Format.GUARDDUTY: "guardduty",
    Format.ASFF: "securityhub",
    Format.OCSF: "ocsf",
    Format.OWN: "socconsole",
    Format.TRAIL: "trail",
    Format.ALARM: "alarm",
    Format.POSTURE: "posture",
}

# Between records of the same instant Security Hub's counts: a team may have changed it there on purpose.
_RANK: Final = {
    Format.ASFF: 0,
    Format.GUARDDUTY: 1,
    Format.OCSF: 2,
    Format.OWN: 3,
    Format.TRAIL: 4,
    Format.ALARM: 5,
    Format.POSTURE: 6,
}
# GuardDuty itself knows most of who and what; Security Hub names resources by their ARN.
_DETAIL_RANK: Final = {
    Format.GUARDDUTY: 0,
    Format.OCSF: 1,
    Format.ASFF: 2,
    Format.OWN: 3,
    Format.TRAIL: 4,
    Format.ALARM: 5,
    Format.POSTURE: 6,
}
_URGENCY: Final = (Kind.THREAT, Kind.DATA, Kind.VULNERABILITY, Kind.CONTROL, Kind.SOFTWARE, Kind.OTHER)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

T = TypeVar("T")


def merge(observations: Sequence[Observation], seen: datetime, context: Context) -> Finding:
    """One finding out of all records that share a merge key. Raises ``ValueError`` for none at all.

    The order of the records does not matter, with one exception: of two records with the same handle and the
    same ``updated`` the later in the sequence counts, because Security Hub does not move ``UpdatedAt`` when a
    workflow changes. Callers pass them in the order in which they were read.

    The newest record gives title and severity. The workflow is Security Hub's where it has one. A finding is
    active while any service says so, and a sample when any says so.
    """
    if not observations:
        raise ValueError("nothing to merge")
    current = _current(observations)
    ordered = sorted(current, key=_newest_first) if len(current) > 1 else current
    hub_first = sorted(ordered, key=lambda each: _RANK[each.format]) if len(ordered) > 1 else ordered
    detailed = sorted(ordered, key=lambda each: _DETAIL_RANK[each.format]) if len(ordered) > 1 else ordered
    lead = ordered[0]
    kind = min((each.kind for each in ordered), key=_URGENCY.index)
    types = _union(each.types for each in detailed)
    resources = _resources(detailed)
    signals = _union(each.signals for each in detailed)
    return Finding(
        id=finding_id(strongest_key(ordered)),
        title=lead.title,
        description=_first(ordered, lambda each: each.description or None) or lead.description,
        kind=kind,
        severity=lead.severity,
        priority=priority(kind, lead.severity, types, resources, signals, context),
        sources=tuple(sorted({SOURCES[each.format] for each in ordered})),
        product=lead.product,
        types=types,
        account=_first(ordered, lambda each: each.account),
        region=_first(ordered, lambda each: each.region),
        resources=resources,
        actors=_actors(detailed),
        occurred=max((each.occurred for each in ordered if each.occurred), default=None),
        published=min((each.published for each in ordered if each.published), default=None),
        seen=seen,
        updated=max((each.updated for each in ordered if each.updated), default=None),
        workflow=_first(hub_first, lambda each: each.workflow) or Workflow.NEW,
        verdict=_first(hub_first, lambda each: each.verdict),
        active=any(each.active for each in ordered),
        sample=any(each.sample for each in ordered),
        note=_first(hub_first, lambda each: each.note),
        note_by=_first(hub_first, lambda each: each.note_by if each.note else None),
        compliance=_first(hub_first, lambda each: each.compliance),
        signals=signals,
        count=max(each.count for each in ordered),
        handles=tuple(sorted({_handle(each) for each in ordered})),
    )


def strongest_key(observations: Iterable[Observation]) -> str:
    """The merge key that names the finding: the same whichever of its records came first."""
    return min((place, _RANK[each.format], key) for each in observations for place, key in enumerate(each.merge_keys))[
        2
    ]


def _current(observations: Sequence[Observation]) -> list[Observation]:
    """The newest record of each handle."""
    if len(observations) == 1:
        return [observations[0]]
    found: dict[tuple[str, str, str], Observation] = {}
    for each in observations:
        handle = _handle(each)
        if handle not in found or (each.updated or _NEVER) >= (found[handle].updated or _NEVER):
            found[handle] = each
    return list(found.values())


def _handle(each: Observation) -> tuple[str, str, str]:
    owner = each.product_arn or ""
    if each.format is Format.GUARDDUTY:
        detector, finding, _ = each.merge_keys[0].rpartition("/finding/")
        owner = detector if finding else ""
    return (each.format.value, owner, each.native_id)


def _newest_first(each: Observation) -> tuple[float, int, bytes]:
    return (-(each.updated or _NEVER).timestamp(), _RANK[each.format], each.digest)


def _first(ordered: Sequence[Observation], part: Callable[[Observation], T | None]) -> T | None:
    for each in ordered:
        found = part(each)
        if found is not None:
            return found
    return None


def _union(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for part in parts:
        found.update(dict.fromkeys(part))
    return tuple(found)


def _resources(ordered: Sequence[Observation]) -> tuple[Resource, ...]:
    """Each resource once, described by the record that has its ARN; tags and names from whoever has them."""
    if len(ordered) == 1:
        return ordered[0].resources
    found: dict[str, Resource] = {}
    for observation in ordered:
        for each in observation.resources:
            name = bare(each.id.raw()).lower()
            known = found.get(name)
            found[name] = each if known is None else _joined(known, each)
    return tuple(found.values())


def _joined(known: Resource, other: Resource) -> Resource:
    if other.id.raw().startswith("arn:") and not known.id.raw().startswith("arn:"):
        known, other = other, known
    return Resource(
        known.type,
        known.id,
        known.name or other.name,
        known.account or other.account,
        known.region or other.region,
        known.tags or other.tags,
    )


def _actors(ordered: Sequence[Observation]) -> tuple[Actor, ...]:
    if len(ordered) == 1:
        return ordered[0].actors
    found: dict[tuple[str, str], Actor] = {}
    for observation in ordered:
        for each in observation.actors:
            name = (each.kind, each.value.raw())
            if name not in found or found[name].detail is None:
                found[name] = each
    return tuple(found.values())
