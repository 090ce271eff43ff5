"""``ec2-snapshot``: begin snapshots of all volumes of an instance, of one and the same moment, as evidence.

Facts: EC2 API reference, ``CreateSnapshots`` (crash-consistent over the volumes of one instance; "pending" until the
blocks are copied, which goes on for minutes to hours, while the volumes may be used and even be deleted). It is never
awaited: applied means begun. The watch follows the snapshots to their end and says what is due (``following``).

Nothing is changed that could be given back: an undo would delete evidence, and there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.response import ec2, snapshots
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.snapshots import Snapshot
from socconsole.response.wording import count, listed

FRESH: Final = timedelta(hours=1)
"""Snapshots of all volumes that were begun within it are evidence enough; later there may be more to keep."""


@dataclass(frozen=True, slots=True)
class Volumes:
    """An instance's volumes, and the snapshots of ours that there are of them."""

    status: str
    devices: Mapping[str, str]
    """Volume → device."""
    taken: tuple[Snapshot, ...]
    tags: Mapping[str, str]
    evidence: Mapping[str, Any]
    unread: tuple[str, ...] = ()


class Ec2Snapshot(Change[Volumes]):
    """See the module's text."""

    info = Info(
        id=snapshots.OURS,
        title="Begin snapshots of an instance's volumes",
        target_type="instance",
        calls=("ec2:CreateSnapshots",),
        stops="nothing: it keeps what is on the instance's EBS volumes now",
        does_not_stop="anything that is going on; memory, instance store volumes and network shares are not in them",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.NO,
        captures="the instance with its volumes, and the snapshots that there are of ours",
        verifies="every volume has a snapshot of this request, begun; the watch says when they are completed or failed",
        undo_leaves="all of it: the snapshots stay, and are paid for",
        pitfalls=(
            "it takes minutes to hours and is never awaited: the watch follows it and says what is due",
            "of one moment over all volumes, as after a power cut: what the system had not written yet is missing",
            "whoever runs the account can delete them: lock them and copy them to the forensic account, when completed",
            "instance store is lost with the instance: said",
            "an hour after others of ours it is offered again, not before: they cost by volume",
        ),
    )
    types = ("AwsEc2Instance",)

    def name(self, target: str) -> str:
        return ec2.name(target, ("i",), "an instance")

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        part, region = partition_of(place.region), place.region
        volumes = f"arn:{part}:ec2:{region}:{place.account}:volume/*"
        return (ec2.arn(place, target.id), volumes, f"arn:{part}:ec2:{region}::snapshot/*")

    def resources(self, plan: Plan) -> tuple[str, ...]:
        """Its volumes by their ids."""
        own, pattern, made = self.arns(Target(plan.target, plan.place))
        stem = pattern.removesuffix("*")
        return (own, *(f"{stem}{volume}" for volume in plan.after), made)

    async def look(self, door: Door, target: Target) -> Volumes:
        found = await ec2.instance(door, target)
        taken, items = await snapshots.of_instance(door, target)
        mappings = found.get("BlockDeviceMappings", [])
        return Volumes(
            status=str(found["State"]["Name"]),
            devices={str(one["Ebs"]["VolumeId"]): str(one["DeviceName"]) for one in mappings if "Ebs" in one},
            taken=taken,
            tags=ec2.tags(found),
            evidence={"instance": found, "snapshots": items},
        )

    def state(self, seen: Volumes) -> State:
        return {volume: snapshots.rounds(seen.taken, volume) for volume in sorted(seen.devices)}

    def cut(self, seen: Volumes, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not seen.devices:
            return Cut(None, f"would change nothing here: the instance ({seen.status}) has no EBS volume attached")
        since = datetime.now(UTC) - FRESH
        fresh = [one for one in seen.taken if one.state != "error" and one.began and one.began > since]
        if seen.devices.keys() <= {one.volume for one in fresh}:
            return Cut(
                None,
                "would change nothing here: snapshots of all its volumes were begun within the last hour"
                + listed([f"{one.id} {one.state}" for one in fresh]),
            )
        number = 1 + max((one.round for one in seen.taken), default=0)
        return Cut(
            {volume: [*made, number] for volume, made in self.state(seen).items()},
            why=f"{count(len(seen.devices), 'volume')} of it can be kept as they are now"
            + listed([f"{volume} ({device})" for volume, device in sorted(seen.devices.items())]),
            blast_radius=f"1 instance, {count(len(seen.devices), 'volume')}, which go on as they are; "
            f"{count(len(seen.devices), 'snapshot')} more to pay for",
            fit=40,
            warnings=(
                "stops nothing: where data is leaving, cut first",
                "not awaited: the watch says when they are completed; then lock and copy them",
                "memory and instance store are not in them",
            ),
        )

    def steps(self, seen: Volumes, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        new = {number for volume, made in wanted.items() for number in made if number not in now.get(volume, [])}
        if not new:
            return ()  # nothing to begin; and nothing of ours is ever deleted
        tagged = {"ResourceType": "snapshot", "Tags": snapshots.tags(target.id, max(new))}
        params = {
            "InstanceSpecification": {"InstanceId": target.id},
            "Description": f"socconsole: evidence of {target.id}",
            "TagSpecifications": [tagged],
        }
        return (Call("ec2", "CreateSnapshots", params),)

    async def plan(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        """The finding is a tag as well: whoever meets the snapshots in a year knows what they are evidence of."""
        plan = await super().plan(door, target, finding, own)
        return plan if finding is None else replace(plan, calls=tuple(_tagged(one, finding.id) for one in plan.calls))

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        """By the snapshots alone: the instance may be gone by now."""
        taken, _ = await snapshots.of_instance(door, Target(plan.target, plan.place))
        begun = [set(snapshots.rounds(taken, volume)) >= set(made) for volume, made in begun_by(plan).items()]
        if all(begun):
            return ActionState.APPLIED
        return ActionState.PARTIAL if any(begun) else ActionState.NOT_APPLIED

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        """Nothing is read: the answer is the same whatever became of them."""
        return replace(
            done,
            helps=False,
            why="cannot be undone: the snapshots are evidence, and stay",
            calls=(),
            undo_calls=(),
            after=done.before,
            read_at=datetime.now(UTC),
        )

    def words(self, state: State) -> str:
        return "; ".join(f"{volume}: {count(len(made), 'snapshot')} of ours" for volume, made in state.items())


def begun_by(plan: Plan) -> Mapping[str, list[int]]:
    """Volume → the rounds that this plan adds."""
    return {
        volume: [one for one in made if one not in plan.before.get(volume, [])] for volume, made in plan.after.items()
    }


def _tagged(call: Call, finding: str) -> Call:
    (specification,) = call.params["TagSpecifications"]
    named = {**specification, "Tags": [*specification["Tags"], {"Key": snapshots.FINDING, "Value": finding}]}
    return replace(call, params={**call.params, "TagSpecifications": [named]})


ACTION: Final = Ec2Snapshot()
