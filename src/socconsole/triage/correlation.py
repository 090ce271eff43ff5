"""Which findings are one incident: those that name the same session, user, key, instance, bucket or address
within hours of each other, and an attack sequence with its signals. Pure; the order of what comes in is no matter.

What many share tells nothing: an address behind which several principals act, anything that is named all the time.
A control never ties; it joins the incident whose store it names. Nor does the alarm of a NAT gateway, which carries
what all hosts behind it send: while it rings it joins the incident that names one of them, if no other one does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from socconsole.model.entity import PRINCIPALS, Entity, EntityKind
from socconsole.triage.entities import is_reused

WINDOW: Final = timedelta(hours=2)
"""Silence between neighbours that ends an incident."""
MANY_PRINCIPALS: Final = 5
"""An address with more principals than this behind it is a shared one: a NAT, a proxy, an office."""
MANY_FINDINGS: Final = 300
"""What more findings than this name is a fixture of the estate, not a trace of somebody."""
LARGE: Final = 200
"""A group of more members than this is taken apart by its weakest ties."""

_STRONG: Final = frozenset({EntityKind.KEY, EntityKind.SESSION, EntityKind.USER, EntityKind.SIGNAL})
_TIES: Final = (
    _STRONG | {EntityKind.INSTANCE, EntityKind.BUCKET, EntityKind.ADDRESS},
    _STRONG | {EntityKind.INSTANCE, EntityKind.BUCKET},
    _STRONG,
)
"""Kinds that tie; each further one for groups that the one before it made too large."""


@dataclass(frozen=True, slots=True)
class Member:
    """A finding as correlation sees it. ``id`` is its number, in the order of arrival."""

    id: int
    first: datetime
    last: datetime
    entities: frozenset[Entity]
    follows: bool = False
    """A control, or the alarm of a way out that hosts share: it joins an incident, and makes none."""
    carries: frozenset[Entity] = frozenset()
    """The hosts whose traffic an alarm measured from ``first`` to ``last``, while it rang."""


def near(one: Member, other: Member) -> bool:
    """Whether two members are no further apart than neighbours in an incident may be."""
    return one.first - other.last <= WINDOW and other.first - one.last <= WINDOW


@dataclass(frozen=True, slots=True)
class Deed:
    """A change that the trail recorded: it ties findings about who did it to findings about what it was done to."""

    at: datetime
    who: frozenset[Entity]
    what: frozenset[Entity]


@dataclass(frozen=True, slots=True)
class Group:
    """Findings that stand together, at least two that are no controls, and what more than one of them names."""

    members: tuple[int, ...]
    shared: tuple[Entity, ...]


def correlate(
    members: Iterable[Member], deeds: Iterable[Deed] = (), *, common: frozenset[Entity] = frozenset()
) -> tuple[Group, ...]:
    """Every group among ``members``. ``common`` are entities that are known to tell nothing, beside those that show
    it among the members themselves."""
    everybody = sorted(members, key=lambda each: each.id)
    tied = [each for each in everybody if not each.follows]
    ignored = common | common_among(everybody)
    deeds = tuple(deeds)
    parts = [tied]
    for kinds in _TIES:
        parts = [
            smaller
            for part in parts
            for smaller in (_parts(part, deeds, kinds, ignored) if kinds is _TIES[0] or len(part) > LARGE else [part])
        ]
    groups = [part for part in parts if len(part) > 1]
    home = _followers([each for each in everybody if each.follows], groups, ignored)
    return tuple(
        sorted(
            (_group([*part, *home.get(number, ())], ignored) for number, part in enumerate(groups)),
            key=lambda group: group.members,
        )
    )


def ties(entity: Entity) -> bool:
    """Whether two findings that name this may be one incident at all."""
    kind, value = entity
    return kind in _TIES[0] and not (kind is EntityKind.ADDRESS and is_reused(value))


def common_among(members: Iterable[Member]) -> frozenset[Entity]:
    """What these members show to be shared by too many to tell anything."""
    named: dict[Entity, int] = defaultdict(int)
    behind: dict[Entity, set[Entity]] = defaultdict(set)
    for each in members:
        # A session's role stands beside it: roles and users are counted, so that one role's sessions are one.
        principals = {e for e in each.entities if e[0] in PRINCIPALS and e[0] is not EntityKind.SESSION}
        for entity in each.entities:
            named[entity] += 1
            if entity[0] is EntityKind.ADDRESS:
                behind[entity] |= principals
    return frozenset(
        entity
        for entity, times in named.items()
        if times > MANY_FINDINGS or len(behind.get(entity, ())) > MANY_PRINCIPALS
    )


def runs(members: Sequence[Member]) -> Iterator[list[Member]]:
    """Members in the order of time, parted where nothing happened for longer than the window."""
    run: list[Member] = []
    end: datetime | None = None
    for each in sorted(members, key=lambda one: (one.first, one.last, one.id)):
        if end is not None and each.first - end > WINDOW:
            yield run
            run = []
            end = None
        run.append(each)
        end = each.last if end is None else max(end, each.last)
    if run:
        yield run


class _Sets:
    """Disjoint sets of members."""

    def __init__(self, ids: Iterable[int]) -> None:
        self._above = {each: each for each in ids}

    def top(self, one: int) -> int:
        while self._above[one] != one:
            self._above[one] = self._above[self._above[one]]
            one = self._above[one]
        return one

    def join(self, members: Sequence[Member]) -> None:
        for each in members[1:]:
            self._above[self.top(each.id)] = self.top(members[0].id)


def _parts(
    members: Sequence[Member], deeds: Sequence[Deed], kinds: frozenset[EntityKind], ignored: frozenset[Entity]
) -> list[list[Member]]:
    naming = _naming(members, ignored)
    sets = _Sets(each.id for each in members)
    for (kind, _), named in naming.items():
        if kind is EntityKind.SIGNAL:  # AWS has put these together, however far apart they are
            sets.join(named)
        elif kind in kinds:
            for run in runs(named):
                sets.join(run)
    for deed in deeds:
        doers = _around(deed, deed.who & naming.keys(), naming)
        done_to = _around(deed, frozenset(e for e in deed.what & naming.keys() if e[0] in kinds), naming)
        if doers and done_to:
            sets.join([*doers, *done_to])
    found: dict[int, list[Member]] = defaultdict(list)
    for each in members:
        found[sets.top(each.id)].append(each)
    return list(found.values())


def _naming(members: Iterable[Member], ignored: frozenset[Entity]) -> dict[Entity, list[Member]]:
    found: dict[Entity, list[Member]] = defaultdict(list)
    for each in members:
        for entity in each.entities:
            if entity not in ignored and ties(entity):
                found[entity].append(each)
    return found


def _around(deed: Deed, entities: Iterable[Entity], naming: Mapping[Entity, Sequence[Member]]) -> list[Member]:
    return [
        each
        for entity in sorted(entities)
        for each in naming[entity]
        if each.first - WINDOW <= deed.at <= each.last + WINDOW
    ]


def _followers(
    followers: Sequence[Member], groups: Sequence[Sequence[Member]], ignored: frozenset[Entity]
) -> dict[int, list[Member]]:
    """The group that each follower joins: near it in time, and naming its store or a host that it carries.

    Of several a control joins the one that began first: all of them are about its store. An alarm joins none of
    them: which one's traffic it rings for is not known.
    """
    naming: dict[Entity, list[tuple[int, int, Member]]] = defaultdict(list)
    for number, group in enumerate(groups):
        eldest = min(each.id for each in group)
        for each in group:
            for entity in each.entities - ignored:
                if entity[0] in (EntityKind.BUCKET, EntityKind.INSTANCE):
                    naming[entity].append((eldest, number, each))
    home: dict[int, list[Member]] = defaultdict(list)
    for one in followers:
        sought = one.carries or {entity for entity in one.entities if entity[0] is EntityKind.BUCKET}
        found = {
            (eldest, number) for entity in sought for eldest, number, each in naming.get(entity, ()) if near(one, each)
        }
        if found and (len(found) == 1 or not one.carries):
            home[min(found)[1]].append(one)
    return home


def _group(members: Sequence[Member], ignored: frozenset[Entity]) -> Group:
    times: dict[Entity, int] = defaultdict(int)
    for each in members:
        for entity in each.entities:
            if entity[0] is not EntityKind.SIGNAL and entity not in ignored and ties(entity):
                times[entity] += 1
    return Group(
        tuple(sorted(each.id for each in members)),
        tuple(sorted(entity for entity, count in times.items() if count > 1)),
    )
