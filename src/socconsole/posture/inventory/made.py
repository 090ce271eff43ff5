"""An endpoint out of what its own service says, with all that the rest of the snapshot adds to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from socconsole.model.endpoint import Endpoint, EndpointKind, Exposure, endpoint_id
from socconsole.model.estate.alarms import Alarms
from socconsole.model.estate.network import Network
from socconsole.model.estate.policy import overlaps
from socconsole.model.estate.roles import Permissions
from socconsole.model.estate.storage import Storage
from socconsole.model.known import Known, Read, Unread, whole
from socconsole.posture.access import readable
from socconsole.posture.check import Context
from socconsole.posture.ways import NONE
from socconsole.text import Untrusted, clean

T = TypeVar("T")
Tags = tuple[tuple[Untrusted, Untrusted], ...]

_OWNERS: Final = ("owner", "team")
_BUCKET: Final = re.compile(r"arn:[a-z-]+:s3:::([^/ ]+)")


def value(read: Read[tuple[T, ...]]) -> tuple[T, ...]:
    """A list where it was read; that it was not is said by whoever needs all of it."""
    return () if isinstance(read, Unread) else read.value


def made(
    context: Context,
    kind: EndpointKind,
    arn: str,
    name: Untrusted | str,
    *,
    exposure: Exposure = Exposure.ACCOUNT,
    subnets: Iterable[str] = (),
    groups: Iterable[str] = (),
    vpc: str = "",
    reads: Read[tuple[str, ...]] | None = None,
    regions: tuple[str, ...] | None = None,
    tags: Tags = (),
    parts: Iterable[str] = (),
    role: str = "",
    **rest: Any,
) -> Endpoint:
    """``regions`` None: its own alone. ``parts`` are those that only its service knows of."""
    nets = tuple(dict.fromkeys(filter(None, subnets)))
    own = (arn, role, *parts, *nets, *groups, *_around(context, nets, vpc), *_stores(context, reads))
    things = tuple(dict.fromkeys(filter(None, own)))
    return Endpoint(
        id=endpoint_id(kind, arn),
        kind=kind,
        place=context.place,
        arn=arn,
        name=name if isinstance(name, Untrusted) else Untrusted(name),
        exposure=exposure,
        role=role,
        vpc=vpc or _vpc(context, nets),
        subnets=nets,
        groups=tuple(dict.fromkeys(groups)),
        reads=reads,
        regions=(context.place.region,) if regions is None else regions,
        tags=tags,
        owner=_owner(tags, context.config.posture.owner_tag),
        dataset=_dataset(context, name, tags, things),
        parts=(*things, *_alarms(context, things)),
        **rest,
    )


# --- what it may read ---------------------------------------------------------------------------------


def may_read(roles: Iterable[Read[Permissions]]) -> Read[tuple[str, ...]] | None:
    """What all of these roles together may read, the widest first; None for no role. One that was not read may read
    anything."""
    found = whole(roles)
    if isinstance(found, Unread):
        return found
    patterns = dict.fromkeys(pattern for role in found.value for pattern in readable(role))
    return Known(tuple(sorted(patterns, key=_narrowness))) if found.value else None


def _narrowness(pattern: str) -> tuple[bool, bool]:
    """Whether a condition narrows it, and whether it names anything."""
    return " if " in pattern, not re.match(
        r"(arn:[^:]*:[^:]*:[^:]*:[^:]*:)?(key/|table/|secret:)?\*(/\*)?( |$)", pattern
    )


def together(parts: Iterable[Read[tuple[str, ...]]]) -> Read[tuple[str, ...]]:
    """All of several lists; ``none`` only where all of them say so."""
    found = whole(parts)
    if isinstance(found, Unread):
        return found
    every = dict.fromkeys(one for part in found.value for one in part)
    return Known(tuple(one for one in every if one != NONE) or ((NONE,) if every else ()))


def _stores(context: Context, reads: Read[tuple[str, ...]] | None) -> Iterator[str]:
    """What these patterns name or, with wildcards, fit: buckets by their own ARN."""
    for said in () if reads is None else value(reads):
        pattern = said.split(" ")[0]  # behind it stands what narrows it
        bucket = _BUCKET.match(pattern)
        if bucket is None:
            yield "" if set("*?") & set(pattern) else pattern
        elif not set("*?") & set(bucket[1]):
            yield bucket[0]
        else:
            yield from (one.arn for one in value(context.part(Storage).buckets) if overlaps(pattern, f"{one.arn}/*"))


def bucket_arn(uri: str) -> str:
    """Of ``s3://bucket/key``, or of a bucket's name; empty of nothing."""
    name = uri.removeprefix("s3://").partition("/")[0]
    return f"arn:aws:s3:::{name}" if name else ""


# --- what is around it --------------------------------------------------------------------------------


def _vpc(context: Context, subnets: tuple[str, ...]) -> str:
    return next((one.vpc for one in value(context.part(Network).subnets) if one.id in subnets), "")


def _around(context: Context, subnets: tuple[str, ...], vpc: str) -> Iterator[str]:
    """The VPC, its VPC endpoints, and what the subnets' routes lead through."""
    network, here = context.part(Network), vpc or _vpc(context, subnets)
    yield here
    yield from (one.id for one in value(network.endpoints) if here and one.vpc == here)
    for subnet in value(network.subnets):
        table = network.table_of(subnet) if subnet.id in subnets else None
        if isinstance(table, Known):
            yield from (route.via for route in table.value.routes if route.via != "local")


def _alarms(context: Context, things: tuple[str, ...]) -> Iterator[str]:
    """What looks at a way out that it is made of, or sends by."""
    known = next((part for part in context.estate.parts if isinstance(part, Alarms)), None)
    for way in value(known.paths) if known is not None else ():
        if {way.arn, way.arn.rpartition("/")[2]} & set(things):
            yield from (way.arn, *(alarm.arn for alarm in way.alarms))


# --- what its names and tags say ----------------------------------------------------------------------


def _owner(tags: Tags, declared: str) -> Untrusted | None:
    said = {key.raw().lower(): text for key, text in tags}
    return next((said[key] for key in (declared.lower(), *_OWNERS) if said.get(key)), None)


def _dataset(context: Context, name: Untrusted | str, tags: Tags, things: tuple[str, ...]) -> str:
    """The declared dataset that a tag names, or whose store it is made of or may read."""
    said = {text.raw().lower() for key, text in tags if key.raw().lower() == "dataset"}
    words = {clean(name).lower(), *(thing.lower() for thing in things)}
    words |= {word.rpartition(":::")[2] for word in words}
    for one in context.config.dataset:
        if one.name.lower() in said or any(fnmatchcase(word, store.lower()) for word in words for store in one.stores):
            return one.name
    return ""
