"""Where a finding stands at this moment: computed by whoever reads, from stored instants alone.

No timer has to run for a snooze to end or for a finding to come back: what is stored only says *since when*
and *until when*, and every rule of ours that hides something needs fresh sources or an instant at most seven
days ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from socconsole.model.standing import Leaving, State, Workflow
from socconsole.triage.limits import QUIET_AFTER, SNOOZE_LIMIT


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the state depends on. Instants are UTC; None means that it never happened or is not known."""

    workflow: Workflow = Workflow.NEW
    active: bool = True
    """False when every service that reports the finding archived it."""
    sequence: bool = False
    """An attack sequence: never snoozed."""
    last_occurred: datetime | None = None
    """The last event that the finding itself counts."""
    last_event: datetime | None = None
    """The last successful event on its path, as the trail or flow sources saw it."""
    acknowledged_at: datetime | None = None
    snoozed_at: datetime | None = None
    snoozed_until: datetime | None = None
    snooze_fits: bool = True
    """False when the finding's fingerprint is no longer the one that was snoozed."""
    resolved_at: datetime | None = None
    """When it was resolved, if known: what happens after that reopens it."""
    blocked_at: datetime | None = None
    """When a configuration that blocks its path was last read back."""
    resumed_at: datetime | None = None
    """When it fired again after a silence or a block (see :func:`resumed`)."""
    leaks: bool = False
    """Whether the finding is about data leaving, so that ``leaving`` has an answer."""
    fresh: bool = False
    """The sources that report the finding are FRESH."""
    watching: bool = False
    """At least one source that could see events on its path is in scope, and all of those are FRESH."""
    lag: timedelta = timedelta(0)
    """The largest delivery delay of those sources."""


def state(facts: Facts, now: datetime) -> tuple[State, Leaving | None, bool]:
    """(state, leaving, still_firing) at ``now``.

    The first that holds of resolved, snoozed, quiet, blocked, acknowledged, new. ``still_firing``: something
    happened after the latest act that should have ended it or that said "seen". A finding that fires after it
    was resolved, blocked or quiet is new again, an acknowledgement from before that included; one that simply
    goes on after it was acknowledged stays acknowledged and says ``still_firing``.
    """
    fired = _latest(facts.last_occurred, facts.last_event)
    blocks = _holds(facts.blocked_at, fired)
    quiet = _quiet(facts, fired, now)
    standing = _standing(facts, fired, blocks, quiet, now)
    return standing, _leaving(facts, fired, blocks, quiet, now), _still_firing(facts, fired)


def resumed(
    previous: datetime | None, event: datetime, blocked_at: datetime | None, lag: timedelta = timedelta(0)
) -> bool:
    """Whether ``event`` is a fresh start, not more of the same: the first after a block or after a silence.

    For whoever stores events: when true, ``Facts.resumed_at`` becomes ``event``.
    """
    if previous is None or event <= previous:
        return False
    if blocked_at is not None and previous <= blocked_at < event:
        return True
    return event - previous >= QUIET_AFTER + lag


def snooze_holds(facts: Facts, now: datetime) -> bool:
    """Whether a snooze hides the finding now. One that reaches further than seven days is not honoured."""
    until = facts.snoozed_until
    if until is None or until <= now or facts.sequence or not facts.snooze_fits:
        return False
    return until - (facts.snoozed_at or now) <= SNOOZE_LIMIT and until - now <= SNOOZE_LIMIT


def _standing(facts: Facts, fired: datetime | None, blocks: bool, quiet: bool, now: datetime) -> State:
    if _resolved(facts, fired):
        return State.RESOLVED
    if snooze_holds(facts, now):
        return State.SNOOZED
    if quiet:
        return State.QUIET
    if blocks and facts.fresh:
        return State.BLOCKED
    if _acknowledged(facts, fired):
        return State.ACKNOWLEDGED
    return State.NEW


def _latest(*instants: datetime | None) -> datetime | None:
    return max((each for each in instants if each is not None), default=None)


def _holds(since: datetime | None, fired: datetime | None) -> bool:
    """Nothing happened after ``since``."""
    return since is not None and (fired is None or fired <= since)


def _quiet(facts: Facts, fired: datetime | None, now: datetime) -> bool:
    """Only a path that is watched can be quiet: silence from a source that cannot see it proves nothing."""
    if not (facts.leaks and facts.fresh and facts.watching) or fired is None:
        return False
    return now - fired >= QUIET_AFTER + facts.lag


def _resolved(facts: Facts, fired: datetime | None) -> bool:
    if not facts.active:
        return True
    if facts.workflow not in (Workflow.RESOLVED, Workflow.SUPPRESSED):
        return False
    return facts.resolved_at is None or _holds(facts.resolved_at, fired)


def _acknowledged(facts: Facts, fired: datetime | None) -> bool:
    """Seen by someone, and not since then started afresh."""
    fresh_start = facts.resumed_at
    for ended in (facts.blocked_at, facts.resolved_at):
        if ended is not None and not _holds(ended, fired) and (fresh_start is None or fresh_start <= ended):
            fresh_start = fired  # when exactly it began again is not known: only an act after the last event counts
    if facts.acknowledged_at is not None:
        return fresh_start is None or facts.acknowledged_at >= fresh_start
    return facts.workflow is Workflow.NOTIFIED and fresh_start is None


def _leaving(facts: Facts, fired: datetime | None, blocks: bool, quiet: bool, now: datetime) -> Leaving | None:
    if not facts.leaks:
        return None
    if blocks and facts.fresh:
        return Leaving.BLOCKED
    if quiet:
        return Leaving.QUIET
    if fired is not None and now - fired < QUIET_AFTER + facts.lag and not blocks:
        return Leaving.YES
    return Leaving.CANNOT_SEE


def _still_firing(facts: Facts, fired: datetime | None) -> bool:
    if fired is None:
        return False
    ended = _latest(facts.acknowledged_at, facts.blocked_at, facts.resolved_at)
    if facts.resumed_at is not None and (ended is None or ended < facts.resumed_at):
        return True
    return ended is not None and fired > ended
