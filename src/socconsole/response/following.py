"""Following snapshots and their copies to their end: what is never awaited, and what is due once AWS has done it.

Everything is found out anew: which requests have no end on record yet, and how far AWS is with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.config import Config
from socconsole.model.action import ActionRecord, ActionState, Plan
from socconsole.response import book, records, snapshots
from socconsole.response.actions.ec2_snapshot import begun_by
from socconsole.response.base import Door, Target
from socconsole.response.wording import count, listed
from socconsole.store import actions, db
from socconsole.store.state import StateFolder

COMPLETED: Final = "completed"
FAILED: Final = "failed"
"""What a read-back that ends the following is called."""

_FOLLOWED: Final = (snapshots.OURS, snapshots.COPY)

States = Sequence[tuple[str, str]]
"""Snapshots by their ids, each with its state."""


def unfinished(folder: StateFolder) -> list[ActionRecord]:
    """Requests for snapshots and copies whose end is not on record. Blocks."""
    with db.reading(folder) as conn:
        standing = [one for one in actions.in_force(conn) if one.action in _FOLLOWED]
    return [one for one in standing if not {COMPLETED, FAILED}.intersection(when for when, _ in one.verified)]


async def follow(folder: StateFolder, door: Door, who: str, record: ActionRecord, config: Config) -> str:
    """Put their end on record when it is there; returns what it is called, empty while AWS is at it."""
    found = await asyncio.to_thread(book.recorded, folder, record.id)
    if found is None:
        return ""
    _, plan = found
    copied = plan.action == snapshots.COPY
    try:
        mine = await (_copies(door, plan) if copied else _taken(door, plan))
    except AwsTrouble:
        return ""  # asked again at the next round
    failed = [id_ for id_, state in mine if state == "error"]
    kept = [id_ for id_, _ in mine if id_ not in failed]
    if not mine or (not failed and any(state == "pending" for _, state in mine)):
        return ""  # what is missing altogether is for the read-back of what stands to say
    after = (datetime.now(UTC) - record.intended).total_seconds()
    # A snapshot that failed was taken from nobody: no alarm, the request stands as begun and is to be made again.
    state, when = (ActionState.UNKNOWN, FAILED) if failed else (ActionState.APPLIED, COMPLETED)
    said = _again(failed, kept, plan.action) if failed else _due(kept, copied, plan, config)
    entry = records.verified(record.id, who, state, when, after, said)
    await asyncio.to_thread(book.append, folder, entry)
    return when


async def _taken(door: Door, plan: Plan) -> States:
    taken, _ = await snapshots.of_instance(door, Target(plan.target, plan.place))
    return [(one.id, one.state) for one in taken if one.round in begun_by(plan).get(one.volume, [])]


async def _copies(door: Door, plan: Plan) -> States:
    """Those that failed count only where none else is there: another one was begun for them."""
    found = await snapshots.copies(door, Target(plan.target, plan.place))
    states = [(str(one["SnapshotId"]), str(one.get("State", ""))) for one in found]
    return [one for one in states if one[1] != "error"] or states


def _again(failed: Sequence[str], kept: Sequence[str], action: str) -> str:
    others = f"; {count(len(kept), 'other')} not" if kept else ""
    return f"{count(len(failed), 'snapshot')} failed{listed(failed)}{others}; due: begin them again ({action})"


def _due(kept: Sequence[str], copied: bool, plan: Plan, config: Config) -> str:
    """What has to be done by an actor now; nobody does it by himself."""
    noun = ("copy", "copies") if copied else ("snapshot", "snapshots")
    done = f"{count(len(kept), *noun)} completed{listed(kept, len(kept))}"
    if copied:
        return f"{done}; due: lock what was copied (ebs-snapshot-lock, account {plan.place.account})"
    forensic = config.forensic_account
    if forensic is None:
        return (
            f"{done}; due: lock them (ebs-snapshot-lock); the configuration names no forensic_account to copy them to"
        )
    there = any(account.account == forensic for account in config.accounts)
    copy = f", copy them there (ebs-snapshot-copy, account {forensic})" if there else ", have them copied there"
    return f"{done}; due: lock them (ebs-snapshot-lock), share them with account {forensic} (ebs-snapshot-share){copy}"
