"""``ebs-block-public-snapshots``: no volume's snapshot of a Region can be had by everybody.

Facts: EBS User Guide, "Block public access for Amazon EBS snapshots": ``block-all-sharing`` also takes those out of
the public's sight that are shared with it already, without touching their lists; switched off, they are public again.
Sharing with named accounts goes on. A declarative policy may own the setting.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response import ec2
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.sharing import PUBLIC
from socconsole.response.wording import count, listed
from socconsole.text import token

_STATE: Final = "State"
_BLOCKED: Final = "block-all-sharing"
_STRICT: Final[Mapping[str, int]] = {"unblocked": 0, "block-new-sharing": 1, _BLOCKED: 2}
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_TYPES: Final = ("AwsEc2Snapshot", "AWS::EC2::Snapshot", "EbsSnapshot")


@dataclass(frozen=True, slots=True)
class Sharing:
    """What a Region lets its snapshots be, and which of them everybody may have."""

    place: Place
    mode: str
    managed_by: str
    public: tuple[str, ...] | None
    """Ids of those on whose list everybody stands; None where listing them was denied."""
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    @property
    def tags(self) -> Mapping[str, str]:
        return {}


class EbsBlockPublicSnapshots(Change[Sharing]):
    """See the module's text."""

    info = Info(
        id="ebs-block-public-snapshots",
        title="Block the public from all volume snapshots of a region",
        target_type="region",
        calls=("ec2:EnableSnapshotBlockPublicAccess", "ec2:DisableSnapshotBlockPublicAccess"),
        stops="everybody's seeing, copying and restoring of the region's snapshots, those that are public already "
        "included; sharing another one with everybody",
        does_not_stop="accounts that a snapshot is shared with by number, copies already taken, machine images, other "
        "regions",
        reversible=Reversible.YES,
        captures="the region's setting and who manages it; the snapshots that are public",
        verifies="the setting is block-all-sharing",
        undo_leaves="nothing",
        pitfalls=(
            "snapshots that are public on purpose are no longer to be had: counted and named before",
            "their lists stay as they are: an undo makes them public again (RE-EXPOSES)",
            "a declarative policy of the organisation may own the setting: refused before",
        ),
    )
    writes = ("EnableSnapshotBlockPublicAccess", "DisableSnapshotBlockPublicAccess")

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        if not finding.account:
            return ()
        regions = {one.region or finding.region for one in finding.resources if one.type in _TYPES}
        return tuple(Target(region, Place(finding.account, region)) for region in sorted(filter(None, regions)))

    def name(self, target: str) -> str:
        if not _REGION.fullmatch(target):
            raise BadTarget(f"{token(target)!r} is not the name of a region")
        return target

    def arns(self, target: Target) -> tuple[str, ...]:
        """IAM knows no resource for the setting; this stands for all that it is about."""
        return (f"arn:{partition_of(target.place.region)}:ec2:{target.place.region}::snapshot/*",)

    async def look(self, door: Door, target: Target) -> Sharing:
        asked = {"OwnerIds": ["self"], "RestorableByUserIds": [PUBLIC]}
        answer, public = await asyncio.gather(
            door.call(target.place, "ec2:GetSnapshotBlockPublicAccessState", {}),
            ec2.if_allowed(ec2.every(door, target.place, "DescribeSnapshots", "Snapshots", **asked)),
        )
        setting = {key: answer[key] for key in ("State", "ManagedBy") if key in answer}
        ids = None if public is None else tuple(sorted(str(one["SnapshotId"]) for one in public))
        return Sharing(
            place=target.place,
            mode=str(answer["State"]),
            managed_by=str(answer.get("ManagedBy", "account")),
            public=ids,
            unread=("which snapshots are public",) if ids is None else (),
            evidence={"setting": setting, "public": list(ids) if ids is not None else None},
        )

    def state(self, seen: Sharing) -> State:
        return {_STATE: seen.mode}

    def cut(self, seen: Sharing, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if target.id != target.place.region:
            why = f"the target is the region itself: {target.place.region}"
            return Cut(None, why, refusals=(why,))
        if seen.mode == _BLOCKED:
            return Cut(None, "would change nothing here: it is so already")
        policy = ("the organisation's declarative policy owns this setting: an account cannot change it",)
        return Cut(
            {_STATE: _BLOCKED},
            why=f"{_public(seen)}; the setting is {token(seen.mode)}",
            blast_radius=f"the region's snapshots; nobody but the public loses access: {_public(seen)}",
            fit=85 if seen.public else 30,
            refusals=policy if seen.managed_by == "declarative-policy" else (),
            cuts=seen.public != (),
        )

    def steps(self, seen: Sharing, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        if wanted[_STATE] == "unblocked":
            return (Call("ec2", "DisableSnapshotBlockPublicAccess", {}),)
        return (Call("ec2", "EnableSnapshotBlockPublicAccess", {_STATE: wanted[_STATE]}),)

    def exposes(self, seen: Sharing, target: Target, restored: State) -> tuple[str, ...]:
        weaker = _STRICT.get(restored[_STATE], 0) < _STRICT.get(seen.mode, 2)
        if not weaker or seen.public == ():
            return ()
        return (f"{_public(seen)}, for everybody to copy",)

    def words(self, state: State) -> str:
        return token(state[_STATE])


def _public(seen: Sharing) -> str:
    if seen.public is None:
        return "which snapshots are public is not known"
    if not seen.public:
        return "no snapshot is shared with everybody"
    return f"{count(len(seen.public), 'snapshot')} {'is' if len(seen.public) == 1 else 'are'} shared with everybody" + (
        listed(seen.public)
    )


ACTION: Final = EbsBlockPublicSnapshots()
