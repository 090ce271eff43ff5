"""Whom and what trail events name, in the words that findings use: so containments are offered for a rule's finding
as for one of GuardDuty's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Final

from socconsole.formats.guardduty_resources import asff_type
from socconsole.model.finding import Actor, Resource
from socconsole.model.trail import TrailEvent, resource_name
from socconsole.text import Untrusted

LIMIT: Final = 50
"""Resources, and actors, of one finding."""

_INSTANCE: Final = re.compile(r":assumed-role/[^/]+/(i-[0-9a-f]{8,17})$")
_PARTS: Final = frozenset({"AwsS3Object"})
"""What stands inside something that is named beside it."""


def resources(events: Iterable[TrailEvent]) -> tuple[Resource, ...]:
    """What was called upon, then with what: the caller's key, instance and role or user."""
    upon: dict[tuple[str, str], Resource] = {}
    by: dict[tuple[str, str], Resource] = {}
    for event in events:
        for kind, name in event.resources:
            _add(upon, asff_type(kind) or "Other", name, event)
        for key in event.issued:
            _add(upon, "AwsIamAccessKey", Untrusted(key), event)
        if instance := _INSTANCE.search(event.principal.raw()):
            _add(by, "AwsEc2Instance", Untrusted(instance[1]), event)
        if event.access_key:
            _add(by, "AwsIamAccessKey", Untrusted(event.access_key), event, named=_who(event))
        if event.issuer is not None:
            _add(by, "AwsIamRole" if ":role/" in event.issuer.raw() else "AwsIamUser", event.issuer, event)
        elif ":user/" in event.principal.raw():
            _add(by, "AwsIamUser", event.principal, event)
    whole = [each for each in upon.values() if each.type not in _PARTS]
    inside = [each for each in upon.values() if each.type in _PARTS]
    return tuple(dict.fromkeys((*whole, *by.values(), *inside)))[:LIMIT]


def actors(events: Iterable[TrailEvent]) -> tuple[Actor, ...]:
    found: dict[Actor, None] = {}
    for event in events:
        foreign = Untrusted(event.caller) if event.caller and event.caller != event.account else None
        kind = _kind(event)
        found[Actor(kind, _who(event) or event.principal, foreign)] = None
        if event.access_key:
            found[Actor("access_key", Untrusted(event.access_key))] = None
        if _is_address(event.address.raw()):
            found[Actor("ip", event.address)] = None
        if foreign is not None:
            found[Actor("account", foreign)] = None
    return tuple(each for each in found if each.value)[:LIMIT]


def principal(event: TrailEvent) -> str:
    """Who it counts for: all sessions of a role are that role."""
    return (event.issuer or event.principal).raw()


def main_resource(resources_: Sequence[Resource]) -> str:
    return resource_name(resources_[0].id.raw()) if resources_ else ""


def _add(
    found: dict[tuple[str, str], Resource],
    kind: str,
    name: Untrusted,
    event: TrailEvent,
    named: Untrusted | None = None,
) -> None:
    """Each thing once, by its ARN where any event has it."""
    key = (kind, resource_name(name.raw()) if kind not in _PARTS else name.raw())
    known = found.get(key)
    if known is None or (name.raw().startswith("arn:") and not known.id.raw().startswith("arn:")):
        found[key] = Resource(kind, name, named, event.account, event.region)


def _kind(event: TrailEvent) -> str:
    text = principal(event)
    if ":role/" in text or ":assumed-role/" in text:
        return "role"
    if ":user/" in text:
        return "user"
    return "service" if text.endswith(".amazonaws.com") else "principal"


def _who(event: TrailEvent) -> Untrusted:
    """The name of the role or user; what is neither goes by what the record calls it."""
    text = principal(event)
    return Untrusted(resource_name(text)) if text.startswith("arn:") and not text.endswith(":root") else Untrusted(text)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
