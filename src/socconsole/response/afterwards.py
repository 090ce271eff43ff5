"""What happens after an action: reading it back again, and finding out what became of one that was cut short.

Any process may do it: the one that acted, the watch, the next actor. A lock per action says who is at it, and
nothing here ever calls an action's calls again.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import ActionRecord, ActionState, Plan
from socconsole.response import book, records, registry
from socconsole.response.base import Door, Target
from socconsole.response.outcome import Outcome
from socconsole.response.session import LATER, Session
from socconsole.store import actions, db
from socconsole.store.ledger import LedgerError
from socconsole.store.state import LockHeld, StateFolder

IN_FLIGHT: Final = 45.0
"""Seconds after an intent in which a request without an answer may still take effect."""

GRACE: Final = timedelta(seconds=10)
"""How late a check has to be before another process takes it over."""

GIVEN_UP: Final = timedelta(hours=24)
"""A check this late says nothing about the action any more: it is left out."""


@dataclass(frozen=True, slots=True)
class Due:
    """A check that nobody made in time."""

    record: ActionRecord
    when: str


# --- what was cut short ---------------------------------------------------------------------------------


async def resolve(
    folder: StateFolder, door: Door, who: str, *, in_flight: float = IN_FLIGHT
) -> list[tuple[str, ActionState]]:
    """Ask AWS about every action in doubt that nobody is at; what was found, by action id.

    ``door`` only has to read. What cannot be read, or may still be under way, stays in doubt.
    """
    found: list[tuple[str, ActionState]] = []
    for record, plan in await asyncio.to_thread(_doubts, folder):
        try:
            with folder.lock(book.lock_name(Target(plan.target, plan.place))):
                state = await _settle(folder, door, who, record, plan, in_flight)
        except LockHeld:
            continue
        if state is not None:
            found.append((record.id, state))
    return found


def doubtful(folder: StateFolder) -> bool:
    """Is any action in doubt? Blocks."""
    return bool(_doubts(folder))


async def settle_doubts(folder: StateFolder, door: Door, who: str, target: Target) -> None:
    """The same for one target whose lock the caller holds, before it acts on it."""
    for record, plan in await asyncio.to_thread(_doubts, folder):
        if Target(plan.target, plan.place) == target:
            await _settle(folder, door, who, record, plan, IN_FLIGHT)


async def _settle(
    folder: StateFolder, door: Door, who: str, record: ActionRecord, plan: Plan, in_flight: float
) -> ActionState | None:
    """Read back and record; None while it stays in doubt. The caller holds the target's lock."""
    action = registry.of(plan)
    if action is None:
        return None
    # Somebody may have settled it between the list and the lock.
    now = await asyncio.to_thread(book.recorded, folder, record.id)
    if now is None or now[0].state is not ActionState.IN_DOUBT:
        return None
    try:
        state = await action.verify(door, plan)
    except AwsTrouble:
        return None
    age = (datetime.now(UTC) - record.intended).total_seconds()
    if state is ActionState.IN_DOUBT or (state is not ActionState.APPLIED and age < in_flight):
        return None  # AWS is at it, or a request may still take effect
    entry = records.resolved(record.id, who, state, "read back after it was cut short")
    await asyncio.to_thread(book.append, folder, entry)
    return state


def _doubts(folder: StateFolder) -> list[tuple[ActionRecord, Plan]]:
    book.catch_up(folder)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        ids = [record.id for record in actions.in_doubt(conn)]
    return [found for found in (book.recorded(folder, id_) for id_ in ids) if found is not None]


# --- reading back again -----------------------------------------------------------------------------------


async def later(session: Session, outcome: Outcome) -> Outcome:
    """Read an action back at each of the session's later instants; the outcome as it stands at the end.

    Checks that could not be made are missing from ``verified``; the watch makes them when it can.
    """
    if outcome.state is ActionState.NOT_APPLIED:
        return outcome
    began = asyncio.get_running_loop().time()
    try:
        with session.folder.lock(_check_lock(outcome.action_id)):
            for number, (when, seconds) in enumerate(session.later, start=1):
                await asyncio.sleep(began + seconds - asyncio.get_running_loop().time())
                with contextlib.suppress(Exception):  # whoever listened may be gone
                    await session.tell(3, 3, f"reading back at {when}")
                async with session.door(session, "reader") as door:
                    last = number == len(session.later)
                    outcome = await _check(session.folder, door, session.analyst, outcome, when, seconds, last)
    except LockHeld:
        return outcome
    except LedgerError as trouble:  # the action is on record and stands: only this look at it is not
        return replace(outcome, detail=f"a later read-back could not be recorded: {trouble.message}")
    return outcome


async def _check(
    folder: StateFolder, door: Door, who: str, outcome: Outcome, when: str, after_s: float, last: bool
) -> Outcome:
    """One look and its entry. Before the last one a doubt is only ever settled by an effect that is seen."""
    try:
        state = await _read_back(door, outcome.plan)
    except AwsTrouble as trouble:
        return replace(outcome, detail=f"reading back at {when}: {trouble.kind}")
    if outcome.state is ActionState.IN_DOUBT:
        if state is ActionState.IN_DOUBT:  # nothing is known that was not known before
            return replace(outcome, detail=f"reading back at {when}: AWS is at it still")
        if state is not ActionState.APPLIED and not last:
            return replace(outcome, detail=f"reading back at {when}: no effect yet, it may still come")
        entry = records.resolved(outcome.action_id, who, state, f"read back at {when}")
    else:
        entry = records.verified(outcome.action_id, who, state, when, after_s)
    (line,) = await asyncio.to_thread(book.append, folder, entry)
    checks = (*outcome.verified, (when, state is ActionState.APPLIED))
    return replace(outcome, state=state, verified=checks, ledger=line.seq)


def due_verifications(folder: StateFolder, now: datetime) -> list[Due]:
    """Checks of applied actions that are late and that no living process is waiting to make. Blocks."""
    book.catch_up(folder)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        in_force = actions.in_force(conn)
    due: list[Due] = []
    for record in in_force:
        if record.settled is None or folder.holder(_check_lock(record.id)) is not None:
            continue
        made = {when for when, _ in record.verified}
        for when, seconds in LATER:
            at = record.settled + timedelta(seconds=seconds)
            if when not in made and at + GRACE < now < at + GIVEN_UP:
                due.append(Due(record, when))
    return due


async def verify_due(folder: StateFolder, door: Door, who: str, due: Due) -> ActionState | None:
    """Make one late check and record it; None when it could not be made or somebody else is at it."""
    return await _look(folder, door, who, due.record.id, due.when)


def standing(folder: StateFolder, now: datetime) -> list[ActionRecord]:
    """Containments in force whose checks after the action are over: what has to be looked at for as long as it
    is meant to hold. Blocks."""
    over = timedelta(seconds=max(seconds for _, seconds in LATER)) + GRACE
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        return [one for one in actions.in_force(conn) if one.settled is not None and one.settled + over < now]


async def look_again(folder: StateFolder, door: Door, who: str, record: ActionRecord) -> ActionState | None:
    """Read a containment in force back; on record only when something else is true than before."""
    return await _look(folder, door, who, record.id, None)


async def _look(folder: StateFolder, door: Door, who: str, action_id: str, when: str | None) -> ActionState | None:
    """``when`` is the label of a check that is due once; None for a look that is news only if it brings any."""
    try:
        with folder.lock(_check_lock(action_id)):
            found = await asyncio.to_thread(book.recorded, folder, action_id)
            if found is None or when in {label for label, _ in found[0].verified}:
                return None
            record, plan = found
            state = await _read_back(door, plan)
            if when is None and state is record.state:
                return state
            after = datetime.now(UTC) - (record.settled or record.intended)
            label = when or f"{round(after / timedelta(minutes=1))} min"
            entry = records.verified(record.id, who, state, label, after.total_seconds())
            await asyncio.to_thread(book.append, folder, entry)
            return state
    except (LockHeld, AwsTrouble, KeyError):  # KeyError: an action of a version that knows more
        return None


async def _read_back(door: Door, plan: Plan) -> ActionState:
    action = registry.of(plan)
    if action is None:
        raise KeyError(plan.action)
    return await action.verify(door, plan)


def _check_lock(action_id: str) -> str:
    return f"check-{action_id}"
