"""What fits a finding, or the findings of an incident: a plan for every action and target, the best first.

What stops something comes before what only records or hardens. Of several findings: first what ends a leak that goes on
now, of that what takes least from anybody else, and how many findings it blocks decides last. An order by the number
alone would put the lock-out of all production on top.

Every finding has its own plan, as whether an action helps, and what it ends, is judged by the finding; of one action
and target the plan that blocks most is offered, with the finding that it was made for. Nothing here changes anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import ActionRecord, Plan
from socconsole.model.finding import Finding, Format
from socconsole.model.standing import Leaving
from socconsole.model.world import Place
from socconsole.response import registry
from socconsole.response.base import Action, Does, Door
from socconsole.response.locate import Aim, finding_of, told_by
from socconsole.response.once import once
from socconsole.response.planning import planned, planner_of, show, subject_of
from socconsole.response.session import Refusal, Session
from socconsole.store import actions, db, reading
from socconsole.triage import needs
from socconsole.triage.merging import SOURCES

MOST: Final = 20
"""Findings that are looked at for one offer, in the order in which they are named."""

_GLOBAL: Final = frozenset({"iam", "s3control"})
"""Services whose settings are an account's, whichever region a finding tells of them from."""

AT_ONCE: Final = 6
"""Actions and targets that are read at the same time."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One action on one target."""

    plan: Plan
    """``plan.finding`` is the one of them that it would be done for."""
    fits: tuple[str, ...]
    """Ids of the findings whose resources it acts on."""
    blocks: tuple[str, ...]
    """Ids of those that would count as blocked once it holds, by itself."""
    ends: tuple[str, ...]
    """Of ``blocks`` those whose data is leaving now."""
    does: Does
    in_force: ActionRecord | None
    """The same on the same target, done already and not undone."""


@dataclass(frozen=True, slots=True)
class Offers:
    offers: tuple[Offer, ...]
    looked_at: int
    """How many of the findings that were named; the others were too many, or are not there any more."""


async def offer(session: Session, ids: Sequence[str]) -> Offers:
    """What would help, the best first, by the rule that stands at the top.

    Raises ``Refusal`` where no finding is known, and ``AwsTrouble`` where none of the targets could be read.
    """
    findings = await _known(session, tuple(dict.fromkeys(ids)))
    leaving, held = await asyncio.to_thread(_standing, session, [each.id for each in findings])
    known = registry.known(session.config).values()
    aims: dict[tuple[str, ...], list[Aim]] = {}
    for finding in findings:
        for action in known:
            for target in action.targets(finding):
                aim = Aim(action, target, finding, told_by(finding, action.info.id))
                aims.setdefault(_what(action, target.place, target.id), []).append(aim)
    if not aims:
        return Offers((), len(findings))
    some, troubles = asyncio.Semaphore(AT_ONCE), list[AwsTrouble]()

    async with session.door(session, "reader") as behind, once(behind) as door:

        async def one(alike: Sequence[Aim]) -> Offer:
            async with some:
                try:
                    aim, plan, blocks = _best([(aim, await _planned(session, door, aim)) for aim in alike], findings)
                except AwsTrouble as trouble:  # one target that cannot be read hides no other, nor is it hidden
                    troubles.append(trouble)
                    aim, plan, blocks = alike[0], _unread(alike[0], trouble, session.now()), ()
            fits = tuple(each.finding.id for each in alike if each.finding)
            return Offer(
                plan=show(session, subject_of(aim), plan),
                fits=fits,
                blocks=blocks,
                ends=tuple(id_ for id_ in blocks if id_ in leaving),
                does=aim.action.info.does,
                in_force=held.get(_what(aim.action, aim.target.place, aim.target.id)),
            )

        offers = await asyncio.gather(*map(one, aims.values()))
    if len(troubles) == len(offers):
        raise troubles[0]
    return Offers(ranked(offers, several=len(findings) > 1), len(findings))


def ranked(offers: Iterable[Offer], *, several: bool) -> tuple[Offer, ...]:
    """The best first, by the rule that stands at the top."""
    return tuple(sorted(offers, key=_of_several if several else _of_one))


def _of_one(one: Offer) -> tuple[int, bool, bool, int]:
    """What helps, what mends the check that a finding tells of, what fits best."""
    return _group(one), not one.plan.helps, not one.plan.check, -one.plan.fit


def _of_several(one: Offer) -> tuple[int, bool, bool, bool, bool, int, int, int]:
    wide = one.plan.wide or one.plan.second_person
    counts = (-len(one.ends), -len(one.blocks), -one.plan.fit)
    return _group(one), not one.plan.helps, not one.ends, not one.blocks, wide, *counts


def _group(one: Offer) -> int:
    """What only records or hardens stands apart, unless a check asks for it."""
    return 0 if one.plan.check else list(Does).index(one.does)


def _what(action: Action, place: Place, target: str) -> tuple[str, ...]:
    """What two findings may mean alike: an action on a target, and its region unless it has none."""
    region = "" if _GLOBAL.issuperset(action.info.services) else place.region
    return action.info.id, place.account, region, target


def _standing(session: Session, ids: Sequence[str]) -> tuple[frozenset[str], dict[tuple[str, ...], ActionRecord]]:
    """Those whose data is leaving now, and the containments in force, by what they act on. Blocks."""
    with db.reading(session.folder) as conn:
        found = reading.each(conn, ids, session.now())
        leaving = frozenset(one.finding.id for one in found if one.leaving is Leaving.YES)
        records = actions.in_force(conn)
    known = registry.known(session.config)
    return leaving, {_what(known[one.action], one.place, one.target): one for one in records if one.action in known}


async def _known(session: Session, ids: Sequence[str]) -> list[Finding]:
    if len(ids) == 1:
        found = [await finding_of(session, ids[0])]
    else:
        found = [await _if_there(session, id_) for id_ in ids[:MOST]]
    known = {finding.id: finding for finding in found if finding is not None}
    if not known:
        raise Refusal("input", "which finding?")
    return list(known.values())


async def _if_there(session: Session, id_: str) -> Finding | None:
    try:
        return await finding_of(session, id_)
    except Refusal:  # merged into another of them, or gone, since the list was made
        return None


async def _planned(session: Session, door: Door, aim: Aim) -> Plan:
    return await planned(session, door, aim.finding, planner_of(session, aim), aim.action)


def _best(alike: Sequence[tuple[Aim, Plan]], findings: Sequence[Finding]) -> tuple[Aim, Plan, tuple[str, ...]]:
    """Of plans for the same action and target, in the order of their findings: the one that blocks most."""
    judged = [(aim, plan, _blocked(plan, findings)) for aim, plan in alike]
    return max(judged, key=lambda one: (one[1].helps, len(one[2]), one[1].finding in one[2], one[1].fit))


def _blocked(plan: Plan, findings: Sequence[Finding]) -> tuple[str, ...]:
    """As the store will judge: the finding that it is done for, and others where all that they need is closed."""
    if not plan.helps or plan.refusals:
        return ()
    return tuple(
        finding.id
        for finding in findings
        if (plan.cuts and finding.id == plan.finding) or _follows(finding, frozenset(plan.closes))
    )


def _follows(finding: Finding, closed: frozenset[str]) -> bool:
    parts = needs.of(finding) if closed and finding.sources != (SOURCES[Format.OWN],) else ()
    return bool(parts) and all(not closed.isdisjoint(part) for part in parts)


def _unread(aim: Aim, trouble: AwsTrouble, now: datetime) -> Plan:
    """What stands in an offer for a target of which nothing is known."""
    info = aim.action.info
    why = f"not known: reading it failed ({trouble.kind})" + (f"; {trouble.remedy}" if trouble.remedy else "")
    return Plan(
        action=info.id,
        target=aim.target.id,
        place=aim.target.place,
        finding=aim.finding.id if aim.finding else None,
        helps=False,
        why=why,
        instead="",
        calls=(),
        undo_calls=(),
        before={},
        after={},
        stops=info.stops,
        does_not_stop=info.does_not_stop,
        blast_radius="not known",
        reversible=info.reversible,
        wide=info.wide,
        warnings=(),
        permitted="unknown",
        read_at=now,
        refusals=(why,),
    )
