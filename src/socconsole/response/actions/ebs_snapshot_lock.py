"""``ebs-snapshot-lock``: lock a snapshot in governance mode, so that it cannot be deleted for a time.

Facts: EC2 API reference, ``LockSnapshot`` and ``DescribeLockedSnapshots``; EBS User Guide, "Amazon EBS snapshot lock
concepts": pending and completed snapshots can be locked; in governance mode whoever has ``ec2:UnlockSnapshot`` may
lift it, and it ends by itself when its time is over. The responder has no such right: what keeps evidence from being
deleted is not given back from here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from socconsole.config import Config
from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response import ebs_snapshot, ec2
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.wording import count
from socconsole.text import token

_IN_FORCE: Final = ("governance", "compliance", "compliance-cooloff")
_CLOCKS: Final = timedelta(minutes=5)
"""How far our clock and AWS's may be apart (``rails.SKEW``)."""


@dataclass(frozen=True, slots=True)
class Lockable:
    """A snapshot, and its lock as AWS tells it; empty for one that never was locked."""

    snapshot: ec2.Item
    lock: Mapping[str, Any]
    tags: Mapping[str, str]
    evidence: Mapping[str, Any]
    unread: tuple[str, ...] = ()

    @property
    def mode(self) -> str:
        """``governance``, ``compliance``, ``compliance-cooloff``, ``expired``, or nothing."""
        return str(self.lock.get("LockState", ""))


class EbsSnapshotLock(Change[Lockable]):
    """See the module's text."""

    info = Info(
        id="ebs-snapshot-lock",
        title="Lock a snapshot against deletion",
        target_type="snapshot",
        calls=("ec2:LockSnapshot",),
        stops="nothing that is going on: for as long as the lock lasts nobody can delete the snapshot",
        does_not_stop="whoever has ec2:UnlockSnapshot in the account (governance mode); who may read or share it",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.NO,
        captures="the snapshot, and the lock that there is",
        verifies="AWS says that the snapshot is locked; one whose time is over held until then",
        undo_leaves="all of it: the lock stays until its time is over, or somebody with ec2:UnlockSnapshot lifts it",
        pitfalls=(
            "the responder cannot unlock, so that an intruder in its place could not either",
            "governance, not compliance: AWS itself could not delete a snapshot locked by mistake in the other mode",
            "a copy is not locked with it: lock the copy in its own account",
            "only the owner's account can lock it: refused elsewhere",
            "a snapshot that failed holds nothing: refused",
        ),
    )
    writes = ("LockSnapshot", "UnlockSnapshot")

    def __init__(self, days: int = 30) -> None:
        self._days = days

    def configured(self, config: Config) -> EbsSnapshotLock:
        """As ``registry.Configured`` says."""
        return EbsSnapshotLock(config.evidence_lock_days)

    def name(self, target: str) -> str:
        return ebs_snapshot.name(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        return (ebs_snapshot.arn(target.place, target.id),)

    async def look(self, door: Door, target: Target) -> Lockable:
        found, locks = await asyncio.gather(
            ebs_snapshot.one(door, target),
            ec2.every(door, target.place, "DescribeLockedSnapshots", "Snapshots", SnapshotIds=[target.id]),
        )
        lock = next((one for one in locks if one.get("SnapshotId") == target.id), {})
        return Lockable(found, lock, ec2.tags(found), {"snapshot": found, "lock": lock})

    def state(self, seen: Lockable) -> State:
        return {"Locked": seen.mode in _IN_FORCE}

    def cut(self, seen: Lockable, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        owner = str(seen.snapshot.get("OwnerId", ""))
        if owner not in ("", target.place.account):
            why = f"it belongs to account {token(owner)}: only that account can lock it"
            return Cut(None, why, refusals=(why,))
        if seen.snapshot.get("State") == "error":
            why = "the snapshot failed: there is nothing in it to be kept"
            return Cut(None, why, refusals=(why,))
        if seen.mode in _IN_FORCE:
            return Cut(None, f"would change nothing here: it is locked already ({seen.mode}{_until(seen.lock)})")
        return Cut(
            {"Locked": True},
            why="it is not locked" + ("; an earlier lock is over" if seen.mode else ""),
            blast_radius=f"1 snapshot, which cannot be deleted for {count(self._days, 'day')}, and is paid for",
            fit=30,
            warnings=(
                "evidence, not containment: stops nothing that is going on",
                f"for {count(self._days, 'day')} (evidence_lock_days); whoever has ec2:UnlockSnapshot can lift it",
            ),
        )

    def steps(self, seen: Lockable, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted or not wanted["Locked"]:
            return ()  # never unlocked from here
        asked = {"SnapshotId": target.id, "LockMode": "governance", "LockDuration": self._days}
        return (Call("ec2", "LockSnapshot", asked),)

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        seen = await self.look(door, Target(plan.target, plan.place))
        since = seen.lock.get("LockCreatedOn")
        ran_out = seen.mode == "expired" and isinstance(since, datetime) and since > plan.read_at - _CLOCKS
        return ActionState.APPLIED if seen.mode in _IN_FORCE or ran_out else ActionState.NOT_APPLIED

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        """Nothing is read: the answer is the same whatever became of it."""
        return replace(
            done,
            helps=False,
            why="cannot be undone from here: the lock ends by itself, or by somebody with ec2:UnlockSnapshot",
            calls=(),
            undo_calls=(),
            after=done.before,
            read_at=datetime.now(UTC),
        )


def _until(lock: Mapping[str, Any]) -> str:
    until = lock.get("LockExpiresOn")
    return f" until {until.astimezone(UTC):%Y-%m-%d %H:%MZ}" if isinstance(until, datetime) else ""


ACTION: Final = EbsSnapshotLock()
