"""VPC flow logs into CloudWatch Logs, written when somebody reads them: from the conversations of ``drill/traffic.py``.

Every minute of the date is one aggregation interval at every interface (as on Nitro instances, whatever the log asks
for), and its records are there five minutes of the story after it ended. An interface without traffic has a NODATA
record; about one minute in five hundred is lost and has SKIPDATA instead. A NAT gateway's interface sees both legs: the
host's, where ``dstaddr`` is the gateway and ``pkt-dstaddr`` the peer, and its own. Logs to S3 and other kinds of
destinations write nothing here. Sources: VPC User Guide, "Flow log records", "Available fields", "Traffic through a NAT
gateway", "No data and skipped records".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.ids import Ids
from socconsole.drill.metrics import Place
from socconsole.drill.routes import Call, Routes
from socconsole.drill.traffic import DAY, PACKET, Conversation

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

LAG: Final = 300.0
"""Seconds of the story from the end of an interval to its records; AWS says "typically within 5 minutes"."""
LOST: Final = 500
_EPHEMERAL: Final = 32768
_FIELD: Final = re.compile(r"\$\{([a-z0-9-]+)\}")
_SAME_VPC, _INTERNET = "1", "8"
_FOREVER: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a log group; times in milliseconds since 1970."""

    at: int
    stream: str
    message: str


@dataclass(slots=True)
class Recorded:
    """A flow log, also once it is deleted: what it has written stays. Minutes of the date."""

    log: Any
    since: int
    until: int = _FOREVER


@dataclass(frozen=True, slots=True)
class Face:
    """An interface as flow logs see it."""

    id: str
    address: str
    subnet: str
    vpc: str


class FlowLogs:
    """All flow logs of a cloud that write into log groups."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.all: dict[tuple[Place, str], Recorded] = {}
        self._faces: dict[tuple[Place, str], Face] = {}
        """(place, id of an instance or NAT gateway) → its interface, remembered beyond its life."""

    def note(self, place: Place, *, since: int) -> None:
        """Take up what EC2 has and we do not know, and end what it has no more."""
        now = int(self._cloud.clock.now().timestamp() // 60)
        held = get_backend("ec2")[place[0]][place[1]].flow_logs
        for id_, log in held.items():
            self.all.setdefault((place, id_), Recorded(log, since))
        for (where, id_), one in self.all.items():
            if where == place and id_ not in held:
                one.until = min(one.until, now)

    def forget(self, place: Place, group: str) -> None:
        """A log group was deleted, with all that was in it."""
        now = int(self._cloud.clock.now().timestamp() // 60)
        for (where, _), one in self.all.items():
            if where == place and one.log.log_group_name == group:
                one.since = max(one.since, now)

    def events(self, place: Place, group: str, began: int, until: int, now: float) -> Iterator[Event]:
        """What a log group holds of the minutes that begin in ``began`` … ``until`` (exclusive; seconds since 1970),
        as far as it had been delivered at ``now``; in the order of time for each interface and day."""
        delivered = int((now - LAG / self._cloud.clock.speed) // 60)
        last = min(-(-until // 60), delivered, self._cloud.traffic.counted)
        first = max(-(-began // 60), self._cloud.traffic.counted - 15 * 1440)
        for (where, _), one in self.all.items():
            log = one.log
            writes = log.log_destination_type == "cloud-watch-logs" and log.deliver_logs_status == "SUCCESS"
            if where != place or log.log_group_name != group or not writes:
                continue
            covered = list(self._covered(place, log.resource_id))
            begin, end = max(first, one.since), min(last, one.until)
            for day in range(begin, end, DAY):  # a fortnight of lines is more than need be held at a time
                for owner, face in covered:
                    yield from self._written(place, log, owner, face, day, min(day + DAY, end))

    def _covered(self, place: Place, resource: str) -> Iterator[tuple[str, Face]]:
        """(its instance or gateway, interface) of all that a flow log of a VPC, subnet or interface records."""
        ec2 = get_backend("ec2")[place[0]][place[1]]
        for account, region, owner in list(self._cloud.traffic.up):
            if (account, region) != place:
                continue
            if owner.startswith("nat-"):
                gateway = ec2.nat_gateways.get(owner)
                found = None if gateway is None else gateway._eni
            else:
                host = ec2.get_instance_by_id(owner)
                found = None if host is None or not host.nics else host.nics[0]
            if found is not None:
                address = str(found.private_ip_address)
                face = Face(str(found.id), address, str(found.subnet.id), str(found.subnet.vpc_id))
                self._faces[place, owner] = face
            face_of = self._faces.get((place, owner))
            if face_of is not None and resource in (face_of.id, face_of.subnet, face_of.vpc):
                yield owner, face_of

    def _written(self, place: Place, log: Any, owner: str, face: Face, first: int, last: int) -> Iterator[Event]:
        lines: dict[int, list[Mapping[str, object]]] = {}
        for minute, line in self._lines(place, owner, face, first, last):
            if log.traffic_type in ("ALL", line["action"]):
                lines.setdefault(minute, []).append(line)
        up = self._cloud.traffic.up.get((*place, owner))
        runs = up.runs(self._cloud.clock, first, last) if up is not None else ()
        stream = f"{face.id}-{log.traffic_type.lower()}"
        template = " ".join(f"%({name})s" for name in _FIELD.findall(log.log_format))
        same = {"version": 2, "account-id": place[0], "region": place[1], "interface-id": face.id, "vpc-id": face.vpc}
        same |= {"subnet-id": face.subnet, "instance-id": owner if owner.startswith("i-") else "-", "log-status": "OK"}
        seed = self._cloud.ids.seed
        for minute in sorted({minute for run in runs for minute in range(run.first, run.last)} | lines.keys()):
            common = _Dashed(same, start=minute * 60, end=minute * 60 + 59)
            if _lost(seed, face.id, minute):
                found: list[Mapping[str, object]] = [{"log-status": "SKIPDATA"}]
            else:
                found = lines.get(minute) or [{"log-status": "NODATA"}]
            for line in found:
                yield Event(minute * 60_000, stream, template % _Dashed(common, **line))

    # --- what an interface sees ----------------------------------------------------------------------------

    def _lines(
        self, place: Place, owner: str, face: Face, first: int, last: int
    ) -> Iterator[tuple[int, Mapping[str, object]]]:
        clock, seed = self._cloud.clock, self._cloud.ids.seed
        for one in self._cloud.traffic.conversations:
            if (one.account, one.region) != place:
                continue
            port = _EPHEMERAL + Ids(seed).number(0, 28000, "port", one.name)
            for run in one.spans.runs(clock, first, last):
                if one.instance == owner:
                    path = _INTERNET if run.how.startswith("igw-") else _SAME_VPC
                    for minute, out, back in one.volume(clock, seed, run):
                        yield from _pair(minute, one, face.address, one.to, port, out, back, path)
                elif run.how == owner:
                    host = self._host(place, one.instance)
                    for minute, out, back in one.volume(clock, seed, run):
                        yield from _pair(minute, one, face.address, one.to, port + 1, out, back, _INTERNET)
                        yield from _inner(minute, one, host, face.address, port, out, back)
            if one.instance == owner:
                for run in one.refused.runs(clock, first, last):
                    for minute, _, _ in one.volume(clock, seed, run):
                        yield minute, _refused(one, face.address, port)

    def _host(self, place: Place, instance: str) -> str:
        host = get_backend("ec2")[place[0]][place[1]].get_instance_by_id(instance)
        known = self._faces.get((place, instance))
        return str(host.private_ip) if host is not None else known.address if known else "-"


class _Dashed(dict[str, object]):
    """Fields of a record; one that it does not have is a dash."""

    def __missing__(self, key: str) -> str:
        return "-"


def _lost(seed: int, interface: str, minute: int) -> bool:
    """Drawn once a day and interface: each day loses its few minutes."""
    return minute % DAY in _lost_minutes(seed, interface, minute // DAY)


@lru_cache(maxsize=512)
def _lost_minutes(seed: int, interface: str, day: int) -> frozenset[int]:
    ids = Ids(seed)
    return frozenset(ids.number(0, DAY - 1, "lost", interface, day, number) for number in range(DAY // LOST))


def _line(
    source: str, source_port: int, to: str, to_port: int, sent: int, direction: str, **more: object
) -> Mapping[str, object]:
    return {
        "srcaddr": source,
        "dstaddr": to,
        "srcport": source_port,
        "dstport": to_port,
        "protocol": 6,
        "packets": max(1, sent // PACKET),
        "bytes": sent,
        "action": "ACCEPT",
        "pkt-srcaddr": source,
        "pkt-dstaddr": to,
        "flow-direction": direction,
        "type": "IPv4",
        "tcp-flags": 3,
        **more,
    }


def _pair(
    minute: int, one: Conversation, here: str, there: str, port: int, out: int, back: int, path: str
) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Both directions of a conversation at the interface of the one whose address is ``here``."""
    knocks = one.talker is not None and one.talker.knocks
    own, peer = (one.port, port) if knocks else (port, one.port)
    service = one.talker.service if one.talker and one.talker.service else "-"
    if out:
        more = {"pkt-dst-aws-service": service, "traffic-path": path}
        yield minute, _line(here, own, there, peer, out, "egress", **more)
    if back:
        yield minute, _line(there, peer, here, own, back, "ingress", **{"pkt-src-aws-service": service})


def _inner(
    minute: int, one: Conversation, host: str, nat: str, port: int, out: int, back: int
) -> Iterator[tuple[int, Mapping[str, object]]]:
    """The leg between a host and its NAT gateway, at the gateway's interface."""
    if out:
        yield minute, _line(host, port, nat, one.port, out, "ingress", **{"pkt-dstaddr": one.to})
    if back:
        more = {"pkt-srcaddr": one.to, "traffic-path": _SAME_VPC}
        yield minute, _line(nat, one.port, host, port, back, "egress", **more)


def _refused(one: Conversation, here: str, port: int) -> Mapping[str, object]:
    """The first packets of a connection that nothing answers."""
    number = one.talker.connections if one.talker else 1
    more = {"action": "REJECT", "packets": 3 * number, "tcp-flags": 2}
    if one.talker is not None and one.talker.knocks:
        return _line(one.to, port, here, one.port, 180 * number, "ingress", **more)
    return _line(here, port, one.to, one.port, 180 * number, "egress", **more)


# --- when they begin and end ----------------------------------------------------------------------------------


@routes.after("ec2", "CreateFlowLogs")
def created(cloud: Cloud, call: Call) -> None:
    """What the estate is built with has always written; what a client creates does from now on."""
    now, place = cloud.clock.now(), (call.account, call.region)
    by_client = call.principal.by == "client"
    known = {id_ for where, id_ in cloud.flow_logs.all if where == place}
    cloud.flow_logs.note(place, since=int(now.timestamp() // 60) if by_client else 0)
    for (where, id_), one in cloud.flow_logs.all.items():
        if where == place and id_ not in known:
            one.log.creation_time = (now if by_client else now - timedelta(days=90)).replace(tzinfo=None)


@routes.after("ec2", "DeleteFlowLogs")
def deleted(cloud: Cloud, call: Call) -> None:
    cloud.flow_logs.note((call.account, call.region), since=0)


@routes.after("logs", "DeleteLogGroup")
def emptied(cloud: Cloud, call: Call) -> None:
    cloud.flow_logs.forget((call.account, call.region), str(call.params["logGroupName"]))
