"""The flow logs of a VPC or its subnets read afresh, and where others of the account write theirs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.world import Place
from socconsole.posture.network import FIELDS, INTERVAL
from socconsole.response import ec2
from socconsole.response.base import Door, Target

OURS: Final = "ec2-flow-logs"
"""Value of the tag ``socconsole`` on the flow logs that we made."""

_FIELD: Final = re.compile(r"\$\{([a-z0-9-]+)\}")


@dataclass(frozen=True, slots=True)
class Log:
    """One active flow log. ``works``: AWS does not call its delivery failed."""

    id: str
    traffic: str
    """``ALL``, ``ACCEPT`` or ``REJECT``."""
    to: str
    """Log group or ARN of the destination."""
    works: bool
    ours: bool
    interval: int = 0
    """Seconds that one record stands for at most."""
    fields: frozenset[str] = frozenset()
    """``pkt-srcaddr``."""

    @property
    def said(self) -> Mapping[str, Any]:
        return {"Traffic": self.traffic, "To": self.to, "Works": self.works, "Ours": self.ours}


@dataclass(frozen=True, slots=True)
class Destination:
    """Where flow logs can go, as another one of the account does. ``role`` delivers to a log group."""

    kind: str
    to: str
    role: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A VPC, or subnets of one, with the flow logs on them."""

    place: Place
    vpc: str
    resources: tuple[str, ...]
    """What would be recorded: the VPC, or its subnets that are meant."""
    logs: Mapping[str, tuple[Log, ...]]
    """Resource → its own active logs."""
    above: tuple[Log, ...]
    """Active logs of the VPC around subnets."""
    destinations: tuple[Destination, ...]
    """Log groups first: what goes to a bucket takes rights that know no resource."""
    tags: Mapping[str, str]
    evidence: Mapping[str, Any]

    @property
    def unread(self) -> tuple[str, ...]:
        return ()

    def recorded(self, resource: str) -> bool:
        """Is all of its traffic recorded already, by a log that is not ours?"""
        logs = (*self.logs[resource], *self.above)
        return any(log.traffic == "ALL" and log.works and not log.ours for log in logs)

    def recorded_whole(self, resource: str) -> bool:
        """Also every minute, and with the fields that an investigation needs, as the check NET-01 asks?"""
        logs = (*self.logs[resource], *self.above)
        good = (log for log in logs if log.traffic == "ALL" and log.works and not log.ours)
        return any(log.interval <= INTERVAL and log.fields >= FIELDS for log in good)


async def read(door: Door, target: Target) -> Recording:
    """Raises ``AwsTrouble`` when what decides the plan cannot be read."""
    place = target.place
    (named, vpc, resources), items = await asyncio.gather(
        _named(door, target), ec2.every(door, place, "DescribeFlowLogs", "FlowLogs")
    )
    active = [item for item in items if item.get("FlowLogStatus") == "ACTIVE"]
    logs = {id_: tuple(_log(item) for item in active if item["ResourceId"] == id_) for id_ in resources}
    around = () if vpc in resources else tuple(_log(item) for item in active if item["ResourceId"] == vpc)
    return Recording(
        place=place,
        vpc=vpc,
        resources=resources,
        logs=logs,
        above=around,
        destinations=_destinations(active),
        tags=ec2.tags(named),
        evidence={"target": named, "flow_logs": items},
    )


async def _named(door: Door, target: Target) -> tuple[ec2.Item, str, tuple[str, ...]]:
    """What the id names, its VPC, and what is to be recorded."""
    place = target.place
    match ec2.kind(target.id):
        case "i":
            found = await ec2.instance(door, target)
            return found, found["VpcId"], tuple(sorted({one["SubnetId"] for one in found["NetworkInterfaces"]}))
        case "subnet":
            found = await ec2.only(door, place, "DescribeSubnets", "Subnets", SubnetIds=[target.id])
            return found, found["VpcId"], (target.id,)
        case _:
            found = await ec2.only(door, place, "DescribeVpcs", "Vpcs", VpcIds=[target.id])
            return found, target.id, (target.id,)


def _log(item: ec2.Item) -> Log:
    return Log(
        id=item["FlowLogId"],
        traffic=item["TrafficType"],
        to=_to(item),
        works=item.get("DeliverLogsStatus") != "FAILED",
        ours=ec2.tags(item).get("socconsole") == OURS,
        interval=int(item.get("MaxAggregationInterval", 600)),
        fields=frozenset(_FIELD.findall(item.get("LogFormat") or "")),
    )


def _to(item: ec2.Item) -> str:
    return str(item.get("LogGroupName") or item.get("LogDestination") or "")


def _destinations(items: list[ec2.Item]) -> tuple[Destination, ...]:
    found = {
        Destination(item.get("LogDestinationType", ""), _to(item), item.get("DeliverLogsPermissionArn", "")): None
        for item in items
        if item.get("DeliverLogsStatus") != "FAILED" and _to(item)
    }
    return tuple(sorted(found, key=lambda one: (one.kind != "cloud-watch-logs", one.to)))
