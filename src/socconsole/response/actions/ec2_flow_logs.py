"""``ec2-flow-logs``: record all flows of a VPC or subnet from now on, where others of the account record theirs.

Evidence, and no cut. Facts: EC2 API reference, ``CreateFlowLogs``; VPC User Guide, "Logging IP traffic using VPC
Flow Logs": delivery to a log group takes a role that is handed over; to a bucket it takes the rights of log
delivery, which know no resource and which the responder does not have: that call is left to other hands. Records
come some minutes late; nothing that was before is in them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.response import ec2
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.calls import answer
from socconsole.response.change import Change, Cut, State
from socconsole.response.flow_logs import OURS, Destination, Recording, read
from socconsole.response.wording import count, listed
from socconsole.text import token
from socconsole.triage import flow_query

_TO_LOGS: Final = "cloud-watch-logs"
_EVERY: Final = 60
"""Seconds that one record stands for: the shortest there is."""


class Ec2FlowLogs(Change[Recording]):
    """See the module's text."""

    info = Info(
        id="ec2-flow-logs",
        title="Record the flows of a VPC or subnet",
        target_type="VPC, subnet, or an instance for its subnets",
        calls=("ec2:CreateFlowLogs", "ec2:DeleteFlowLogs"),
        stops="nothing: it records who talks to whom, and how much, from now on",
        does_not_stop="everything goes on; DNS through the VPC's resolver and the metadata service are not recorded",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.YES,
        captures="all flow logs of the region, the VPC or subnet",
        verifies="an active flow log of ours for all traffic is on it, and its delivery has not failed",
        undo_leaves="what was recorded meanwhile stays where it was written",
        pitfalls=(
            "it needs a destination: one that another flow log of the account uses, or it is not offered",
            "delivery to a bucket takes rights that know no resource: printed for other hands",
            "a log of rejected traffic only does not show what leaves: it does not count as recorded",
            "delivery can fail after the call was accepted: reading back says so",
            "records cost money by volume: said before",
        ),
    )
    writes = ("CreateFlowLogs", "DeleteFlowLogs")
    types = ("AwsEc2Instance", "AwsEc2Subnet", "AwsEc2Vpc")

    def name(self, target: str) -> str:
        return ec2.name(target, ("vpc", "subnet", "i"), "a VPC, a subnet or an instance")

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        logs = f"arn:{partition_of(place.region)}:ec2:{place.region}:{place.account}:vpc-flow-log/*"
        return tuple(dict.fromkeys((ec2.arn(place, target.id), ec2.arn(place, "subnet-*"), logs)))

    async def look(self, door: Door, target: Target) -> Recording:
        return await read(door, target)

    def state(self, seen: Recording) -> State:
        return {id_: [dict(log.said) for log in logs] for id_, logs in seen.logs.items()}

    def cut(self, seen: Recording, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        missing = [id_ for id_ in seen.resources if not (seen.recorded(id_) or _ours(seen, id_))]
        if not missing:
            return Cut(None, "would change nothing here: all of its traffic is recorded already")
        return self._record(seen, missing, "is not recorded")

    def hardened(self, seen: Recording, target: Target, own: Collection[str]) -> Cut | None:
        """A record of ten minutes, or without the fields that matter, is better than none and fails the check."""
        poor = [id_ for id_ in seen.resources if not (seen.recorded_whole(id_) or _ours(seen, id_))]
        if not poor or not all(seen.recorded(id_) for id_ in poor):
            return None
        return self._record(seen, poor, "is recorded, and not every minute or without fields that an inquiry needs")

    def _record(self, seen: Recording, missing: Sequence[str], how: str) -> Cut:
        if not seen.destinations:
            return Cut(
                None,
                "cannot be done from here: no flow log of this account and region shows where to write; name a log "
                "group and a role, or a bucket, by hand",
            )
        to = seen.destinations[0]
        if to.kind != _TO_LOGS:
            return Cut(
                None,
                f"cannot be done from here: the account's flow logs go to {token(to.to)}, and delivery there takes "
                "rights that the responder does not have",
                instead="ec2-flow-logs: by hands that may deliver logs",
                instead_calls=(_create(missing, to),),
            )
        now = self.state(seen)
        new = {"Traffic": "ALL", "To": to.to, "Works": True, "Ours": True}
        return Cut(
            {id_: [*now[id_], new] for id_ in missing},
            why=f"the traffic of {count(len(missing), 'resource')} {how}{listed(missing)}",
            blast_radius=f"nobody loses anything; written to {token(to.to)}, paid by volume",
            fit=30,
            warnings=(
                "stops nothing: cut first where data is leaving",
                "records come some minutes late, and nothing that was before is in them",
            ),
        )

    def steps(self, seen: Recording, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        new = [id_ for id_, logs in wanted.items() if _count(logs) > _count(now.get(id_, []))]
        gone = [id_ for id_, logs in wanted.items() if _count(logs) < _count(now.get(id_, []))]
        calls: list[Call] = []
        if new:
            to = next(log["To"] for log in wanted[new[0]] if log["Ours"])
            found = [one for one in seen.destinations if one.to == to]
            calls.append(_create(new, found[0] if found else Destination(_TO_LOGS, to, "")))
        if gone:
            ids: list[Any] = [log.id for id_ in gone for log in seen.logs[id_] if log.ours]
            # Asked what would undo a call that was not made yet: the ids are in its answer.
            calls.append(
                Call(
                    "ec2",
                    "DeleteFlowLogs",
                    {"FlowLogIds": ids or [answer(0, f"FlowLogIds.{n}") for n in range(len(gone))]},
                )
            )
        return tuple(calls)

    def restored(self, seen: Recording, done: Plan) -> State:
        """What is there now, without ours."""
        return {id_: [log for log in logs if not log["Ours"]] for id_, logs in self.state(seen).items()}

    def words(self, state: State) -> str:
        return "; ".join(
            f"{id_}: " + (", ".join(f"{log['Traffic']} to {token(log['To'])}" for log in logs) or "no flow log")
            for id_, logs in state.items()
        )


def _ours(seen: Recording, id_: str) -> bool:
    return any(log.ours and log.works for log in seen.logs[id_])


def _count(logs: Collection[Any]) -> int:
    """How many of them are ours."""
    return sum(bool(log["Ours"]) for log in logs)


def _create(ids: Collection[str], to: Destination) -> Call:
    params: dict[str, Any] = {
        "ResourceIds": list(ids),
        "ResourceType": "VPC" if any(ec2.kind(id_) == "vpc" for id_ in ids) else "Subnet",
        "TrafficType": "ALL",
        "LogDestinationType": to.kind,
        "MaxAggregationInterval": _EVERY,
        "LogFormat": flow_query.FULL_FORMAT,
        "TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "socconsole", "Value": OURS}]}],
    }
    if to.kind == _TO_LOGS:
        params |= {"LogGroupName": to.to, "DeliverLogsPermissionArn": to.role}
    else:
        params["LogDestination"] = to.to
    return Call("ec2", "CreateFlowLogs", params)


ACTION: Final = Ec2FlowLogs()
