"""Following snapshots to their end: an action that is never awaited, and what is due once AWS has done it.

Everything is found out anew: which requests have no end on record yet, and how far AWS is with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import ActionRecord, ActionState
from socconsole.response import book, records, snapshots
from socconsole.response.actions.ec2_snapshot import begun_by
from socconsole.response.base import Door, Target
from socconsole.response.snapshots import Snapshot
from socconsole.response.wording import count, listed
from socconsole.store import actions, db
from socconsole.store.state import StateFolder

COMPLETED: Final = "completed"
FAILED: Final = "failed"
"""What a read-back that ends the following is called."""


def unfinished(folder: StateFolder) -> list[ActionRecord]:
    """Requests for snapshots whose end is not on record. Blocks."""
    with db.reading(folder) as conn:
        standing = [one for one in actions.in_force(conn) if one.action == snapshots.OURS]
    return [one for one in standing if not {COMPLETED, FAILED}.intersection(when for when, _ in one.verified)]


async def follow(folder: StateFolder, door: Door, who: str, record: ActionRecord) -> str:
    """Put their end on record when it is there; returns what it is called, empty while AWS is at it."""
    found = await asyncio.to_thread(book.recorded, folder, record.id)
    if found is None:
        return ""
    _, plan = found
    try:
        taken, _ = await snapshots.of_instance(door, Target(plan.target, plan.place))
    except AwsTrouble:
        return ""  # asked again at the next round
    mine = [one for one in taken for made in [begun_by(plan).get(one.volume, [])] if one.round in made]
    failed = [one for one in mine if one.state == "error"]
    if not mine or (not failed and any(one.state == "pending" for one in mine)):
        return ""  # what is missing altogether is for the read-back of what stands to say
    after = (datetime.now(UTC) - record.intended).total_seconds()
    # A snapshot that failed was taken from nobody: no alarm, the request stands as begun and is to be made again.
    state, when = (ActionState.UNKNOWN, FAILED) if failed else (ActionState.APPLIED, COMPLETED)
    entry = records.verified(record.id, who, state, when, after, _due(mine, failed))
    await asyncio.to_thread(book.append, folder, entry)
    return when


def _due(mine: Iterable[Snapshot], failed: Iterable[Snapshot]) -> str:
    """What has to be done by an actor now; nobody does it by himself."""
    lost = [one.id for one in failed]
    kept = [one.id for one in mine if one.id not in lost]
    if lost:
        others = f"; {count(len(kept), 'other')} not" if kept else ""
        return f"{count(len(lost), 'snapshot')} failed{listed(lost)}{others}; due: begin them again (ec2-snapshot)"
    done = f"{count(len(kept), 'snapshot')} completed{listed(kept, len(kept))}"
    return f"{done}; due: lock them, copy them to the forensic account"
