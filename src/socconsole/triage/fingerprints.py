"""What a snooze matches: exactly this actor, resource, severity and type, never anything wider."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from socconsole.model.finding import Finding
from socconsole.triage.marking import is_sequence


class NotSnoozable(Exception):
    """``str()`` of it says why, for the analyst."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Two findings with equal fingerprints say the same of the same. ``digest`` is hexadecimal SHA-256."""

    digest: str
    actors: tuple[str, ...]
    resources: tuple[str, ...]
    severity: str
    types: tuple[str, ...]


def fingerprint(finding: Finding) -> Fingerprint:
    """The fingerprint of a finding. Raises :class:`NotSnoozable` for an attack sequence.

    All actors and all resources count, in no order: one more of either is another fingerprint. So do account
    and region. A finding that names neither an actor nor a resource only matches itself.
    """
    if is_sequence(finding.types, finding.signals):
        raise NotSnoozable("an attack sequence cannot be snoozed: its signals keep coming")
    actors = tuple(sorted({f"{each.kind}={each.value.raw()}" for each in finding.actors}))
    resources = tuple(sorted({f"{each.type}={each.id.raw()}" for each in finding.resources}))
    types = tuple(sorted(finding.types))
    itself = "" if actors or resources else finding.id
    stated = json.dumps(
        [
            actors,
            resources,
            finding.severity.name,
            types,
            finding.account,
            finding.region,
            finding.kind.value,
            itself,
        ],
        ensure_ascii=True,
    )
    return Fingerprint(
        hashlib.sha256(stated.encode("ascii")).hexdigest(), actors, resources, finding.severity.name, types
    )
