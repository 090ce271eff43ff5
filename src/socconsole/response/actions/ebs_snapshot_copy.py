"""``ebs-snapshot-copy``: copy a snapshot into the forensic account with which it is shared, out of the reach of others.

Facts: EC2 API reference, ``CopySnapshot`` (called in the account and Region that the copy is for; a copy of what is
encrypted is encrypted too, under that account's key for EBS; "pending" until the blocks are there). Like
``ec2-snapshot`` it is never awaited, found again by its tags, and not undone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from socconsole.aws import AwsTrouble, Kind
from socconsole.config import Config
from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response import ebs_snapshot, ec2, snapshots
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.wording import listed
from socconsole.text import token


@dataclass(frozen=True, slots=True)
class Copies:
    """A snapshot as the forensic account sees it (empty: it does not), and the copies that it has of it."""

    source: ec2.Item
    copies: tuple[ec2.Item, ...]
    tags: Mapping[str, str]
    evidence: Mapping[str, Any]
    unread: tuple[str, ...] = ()

    @property
    def good(self) -> list[str]:
        """Copies that are there or on their way, and their states."""
        return [f"{one['SnapshotId']} {one.get('State')}" for one in self.copies if one.get("State") != "error"]


class EbsSnapshotCopy(Change[Copies]):
    """See the module's text."""

    info = Info(
        id=snapshots.COPY,
        title="Copy a snapshot into the forensic account",
        target_type="snapshot, in the forensic account",
        calls=("ec2:CopySnapshot",),
        stops="nothing: a copy of what the snapshot holds lies in an account of its own",
        does_not_stop="anything that is going on; the source can still be deleted: lock it (ebs-snapshot-lock)",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.NO,
        captures="the snapshot as it is shared, and the copies of it that there are",
        verifies="the forensic account has a copy, begun; the watch says when it is completed or failed",
        undo_leaves="all of it: the copy stays, and is paid for",
        pitfalls=(
            "called in the forensic account (--account), which the console needs an entry for: refused elsewhere",
            "the snapshot has to be shared with that account first: named instead (ebs-snapshot-share)",
            "what is encrypted is encrypted anew under the forensic account's key; both keys have to allow it",
            "it takes minutes to hours and is never awaited: the watch follows it and says what is due",
            "the copy is not locked with the source: due when it is completed",
        ),
    )

    def __init__(self, forensic: str = "") -> None:
        self._forensic = forensic

    def configured(self, config: Config) -> EbsSnapshotCopy:
        """As ``registry.Configured`` says."""
        return EbsSnapshotCopy(config.forensic_account or "")

    def name(self, target: str) -> str:
        return ebs_snapshot.name(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        # Checked on the copy to come, which has no id yet.
        return (ebs_snapshot.arn(target.place, target.id), ebs_snapshot.arn(target.place, "*"))

    async def look(self, door: Door, target: Target) -> Copies:
        source, copies = await asyncio.gather(_shared(door, target), snapshots.copies(door, target))
        evidence = {"snapshot": source, "copies": copies}
        return Copies(source, tuple(copies), ec2.tags(source), evidence)

    def state(self, seen: Copies) -> State:
        return {"Copied": bool(seen.good)}

    def cut(self, seen: Copies, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        place = target.place
        if not self._forensic:
            return Cut(None, "the configuration names no forensic_account")
        if place.account != self._forensic:
            why = f"copies are made in the forensic account: --account {self._forensic} --region {place.region}"
            return Cut(None, why, refusals=(why,))
        if not seen.source:
            return Cut(
                None,
                f"account {place.account} sees no such snapshot in {place.region}",
                instead="ebs-snapshot-share, in the account that has it: it is not shared with the forensic one yet",
            )
        if seen.source.get("OwnerId") == place.account:
            return Cut(None, "would change nothing here: it is the forensic account's own")
        if seen.good:
            return Cut(None, "would change nothing here: there is a copy" + listed(seen.good))
        if seen.source.get("State") != "completed":
            return Cut(None, f"it is {token(str(seen.source.get('State')))}: only what is completed can be copied")
        size, owner = seen.source.get("VolumeSize", "?"), token(str(seen.source.get("OwnerId", "?")))
        return Cut(
            {"Copied": True},
            why=f"account {place.account} has no copy of it",
            blast_radius=f"1 snapshot of account {owner}, {size} GiB, which are paid for twice",
            fit=25,
            warnings=(
                "evidence, not containment: stops nothing that is going on",
                "not awaited: the watch says when it is completed; then lock the copy",
                *(("both accounts' keys have to allow it",) if seen.source.get("Encrypted") else ()),
            ),
        )

    def steps(self, seen: Copies, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted or not wanted["Copied"]:
            return ()  # nothing of ours is ever deleted
        asked = {
            "SourceRegion": target.place.region,
            "SourceSnapshotId": target.id,
            "Description": f"socconsole: evidence, copy of {target.id}",
            "TagSpecifications": [{"ResourceType": "snapshot", "Tags": snapshots.copy_tags(target.id)}],
        }
        return (Call("ec2", "CopySnapshot", asked),)

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        """By the copies alone: the source may be gone, or shared no more."""
        found = await snapshots.copies(door, Target(plan.target, plan.place))
        begun = any(one.get("State") != "error" for one in found)
        return ActionState.APPLIED if begun else ActionState.NOT_APPLIED

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        """Nothing is read: the answer is the same whatever became of it."""
        return replace(
            done,
            helps=False,
            why="cannot be undone: the copy is evidence, and stays",
            calls=(),
            undo_calls=(),
            after=done.before,
            read_at=datetime.now(UTC),
        )


async def _shared(door: Door, target: Target) -> ec2.Item:
    """Empty where the account sees none: it was not shared, or is not in this Region."""
    try:
        return await ebs_snapshot.one(door, target)
    except AwsTrouble as trouble:
        if trouble.kind != Kind.NOT_FOUND:
            raise
        return {}


ACTION: Final = EbsSnapshotCopy()
