"""Who a way out is talking to, asked of its flow logs through Logs Insights; what was answered is kept as evidence.

Queries cost by what they scan, so they begin only when somebody asks, say how much they have scanned, and are stopped
in AWS when the asking is. Flow logs are about five minutes behind. Source: CloudWatch Logs API reference
(``StartQuery``, ``GetQueryResults``, ``StopQuery``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.commands import AskTalkers
from socconsole.model.egress import EgressPath, PathKind
from socconsole.model.entry import Entry
from socconsole.model.world import Place
from socconsole.response import book
from socconsole.response.base import Door
from socconsole.response.session import Refusal, Session
from socconsole.store import db, egress, evidence, ledger
from socconsole.text import clean, token
from socconsole.triage import flow_query

ASKED: Final = "asked"
"""The ledger's verb for a question whose answer is kept."""
BEFORE: Final = timedelta(days=14)
"""How far back a destination counts as known."""
PATIENCE_S: Final = 300.0
_LOOK_S: Final = 0.5
_FILTERED: Final = 200
"""Values that one filter of EC2 takes."""
_RUNNING: Final = frozenset({"Scheduled", "Running", "Unknown"})


@dataclass(frozen=True, slots=True)
class Source:
    """One flow log that sees the path: where it writes, how, and which interfaces are the path's."""

    id: str
    group: str
    format: str
    interfaces: tuple[str, ...]
    """Those of the path that it sees."""
    all: int
    """How many the path has."""


@dataclass(frozen=True, slots=True)
class _Answer:
    rows: tuple[Mapping[str, str], ...]
    scanned: int


async def ask(session: Session, request: AskTalkers) -> dict[str, Any]:
    """Ask, keep the answer, and return it as ``talkers --json`` prints it.

    Raises ``Refusal`` where no flow log could answer, and ``AwsTrouble``. Cancelled, it stops the query in AWS.
    """
    path = await asyncio.to_thread(_path, session, request.path)
    until = session.now()
    since = until - timedelta(hours=request.hours)
    async with session.door(session, "reader") as door:
        source = await _source(door, path)
        try:
            text = flow_query.query(source.format, source.interfaces)
        except flow_query.Unaskable as why:
            raise Refusal("refused", f"flow log {source.id} cannot answer: {why}", "aws ec2 create-flow-logs") from why
        answer = await _run(session, door, path.place, source, text, (since, until), 1)
        known: frozenset[str] | None = None
        before = _Answer((), 0)
        if request.compare:
            earlier = flow_query.peers_query(source.format, source.interfaces)
            before = await _run(session, door, path.place, source, earlier, (since - BEFORE, since), 2)
            known = flow_query.addresses(before.rows)
    reading = flow_query.read(answer.rows, known)
    said = {
        "path": path.id,
        "resource": path.resource,
        "account": path.place.account,
        "region": path.place.region,
        "since": _stamp(since),
        "until": _stamp(until),
        "flow_log": source.id,
        "log_group": source.group,
        "interfaces": [min(len(source.interfaces), flow_query.INTERFACES), source.all],
        "bytes_scanned": answer.scanned + before.scanned,
        "compared_since": _stamp(since - BEFORE) if request.compare else None,
        "lost_records": reading.lost,
        "cut": reading.cut,
        "peers": [_peer(one) for one in reading.peers],
    }
    return said | await asyncio.to_thread(_keep, session, path, said, answer)


def _path(session: Session, name: str) -> EgressPath:
    with db.reading(session.folder) as conn:
        found = egress.path(conn, name) or egress.path(conn, egress.path_of(conn, [name]) or "")
    if found is None:
        raise Refusal("input", f"no way out is called {token(name) or 'so'}", "socconsole alarms   (lists them)")
    return found


async def _source(door: Door, path: EgressPath) -> Source:
    """The flow log that tells most of the path; ``Refusal`` where none does."""
    faces = await _faces(door, path)
    about = [path.resource, *(one for one in path.links if one.startswith(("vpc-", "subnet-"))), *faces]
    asked = {"Filter": [{"Name": "resource-id", "Values": about[:_FILTERED]}]}
    logs = (await door.call(path.place, "ec2:DescribeFlowLogs", asked))["FlowLogs"]
    told = [
        (sum(_sees(log, one, subnet) for one, subnet in faces.items()), "pkt-dstaddr" in _format(log), log)
        for log in logs
        if _tells(log)
    ]
    told = [each for each in told if each[0]]
    if not told:
        subnet = next((one for one in path.links if one.startswith("subnet-")), "SUBNET")
        why = "there is none"
        if logs:
            why = "those there are write elsewhere than to CloudWatch, fail to, leave out what passes, or see others"
        raise Refusal(
            "refused", f"no flow log tells of {path.resource}: {why}", f"socconsole contain ec2-flow-logs {subnet}"
        )
    # Most interfaces first; a format that knows the packet's own ends tells more than one that does not.
    _, _, best = max(told, key=lambda each: each[:2])
    seen = tuple(one for one in faces if _sees(best, one, faces[one]))
    return Source(
        token(str(best.get("FlowLogId", ""))) or "?", str(best["LogGroupName"]), _format(best), seen, len(faces)
    )


def _tells(log: Mapping[str, Any]) -> bool:
    """Whether it records what passes, and what it records arrives in CloudWatch (EC2 API reference, ``FlowLog``)."""
    return (
        bool(log.get("LogGroupName"))
        and log.get("FlowLogStatus", "ACTIVE") == "ACTIVE"
        and log.get("DeliverLogsStatus", "SUCCESS") != "FAILED"
        and log.get("TrafficType", "ALL") in ("ALL", "ACCEPT")
    )


def _format(log: Mapping[str, Any]) -> str:
    return str(log.get("LogFormat") or flow_query.DEFAULT_FORMAT)


def _sees(log: Mapping[str, Any], interface: str, subnet: str) -> bool:
    """Whether an interface is within what a flow log is on; one on a VPC is asked for only if it is the path's own."""
    about = str(log.get("ResourceId", ""))
    return about in (interface, subnet) or about.startswith("vpc-")


async def _faces(door: Door, path: EgressPath) -> dict[str, str]:
    """The path's interfaces, each with its subnet. Of a NAT gateway those of the hosts behind it, since only theirs
    name both the host and its peer; its own where it has none."""
    own = [one for one in path.links if one.startswith("eni-")]
    subnets = [one for one in path.links if one.startswith("subnet-")]
    if path.kind is PathKind.NAT and subnets:
        found = await _described(door, path, "subnet-id", subnets)
        behind = {
            str(one["NetworkInterfaceId"]): str(one.get("SubnetId", ""))
            for one in found
            if one["NetworkInterfaceId"] not in own
            and one.get("InterfaceType") != "nat_gateway"
            and not (one.get("Association") or {}).get("PublicIp")  # it goes straight to the internet gateway
        }
        if behind:
            return behind
    found = await _described(door, path, "network-interface-id", own) if own else []
    return {str(one["NetworkInterfaceId"]): str(one.get("SubnetId", "")) for one in found}


async def _described(door: Door, path: EgressPath, name: str, values: Sequence[str]) -> list[Mapping[str, Any]]:
    asked = {"Filters": [{"Name": name, "Values": list(values[:_FILTERED])}]}
    answer = await door.call(path.place, "ec2:DescribeNetworkInterfaces", asked)
    found: list[Mapping[str, Any]] = answer["NetworkInterfaces"]
    return found


async def _run(
    session: Session,
    door: Door,
    place: Place,
    source: Source,
    text: str,
    window: tuple[datetime, datetime],
    number: int,
) -> _Answer:
    begun = await door.call(
        place,
        "logs:StartQuery",
        {
            "logGroupName": source.group,
            "startTime": int(window[0].timestamp()),
            "endTime": int(window[1].timestamp()),
            "queryString": text,
        },
    )
    id_ = str(begun["queryId"])
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                answer = await door.call(place, "logs:GetQueryResults", {"queryId": id_})
                scanned = int(answer.get("statistics", {}).get("bytesScanned", 0))
                await session.tell(number, 2, f"{scanned:,} bytes scanned")
                if answer["status"] not in _RUNNING:
                    break
                await asyncio.sleep(_LOOK_S)
    except BaseException as ended:  # cancelled, too slow, denied: it must not run on and cost
        await _stop(door, place, id_)
        if isinstance(ended, TimeoutError):
            minutes = PATIENCE_S / 60
            raise Refusal("aws", f"the query did not end within {minutes:.0f} minutes: ask for fewer hours") from ended
        raise
    if answer["status"] != "Complete":
        raise Refusal("aws", f"the query ended as {token(str(answer['status']))}")
    return _Answer(tuple(_row(row) for row in answer.get("results", ())), scanned)


async def _stop(door: Door, place: Place, id_: str) -> None:
    with contextlib.suppress(AwsTrouble, asyncio.CancelledError):
        await asyncio.shield(door.call(place, "logs:StopQuery", {"queryId": id_}))


def _row(row: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {str(cell.get("field", "")): str(cell.get("value", "")) for cell in row}


def _peer(one: flow_query.Peer) -> dict[str, Any]:
    return {
        "address": one.address,
        "hosts": list(one.hosts),
        "port": one.port,
        "out": one.out,
        "in": one.into,
        "flows": one.flows,
        "refused": one.refused,
        "first": _stamp(one.first) if one.first else None,
        "last": _stamp(one.last) if one.last else None,
        "new": one.new,
        "uploads": one.uploads,
    }


def _keep(session: Session, path: EgressPath, said: Mapping[str, Any], answer: _Answer) -> dict[str, Any]:
    """The whole answer as evidence, its hash on the ledger."""
    whole = json.dumps({**said, "rows": [dict(row) for row in answer.rows]}, sort_keys=True).encode("ascii")
    try:
        digest = evidence.put(session.folder, whole)
        data = {
            "about": "flow logs", "path": path.id, "resource": path.resource, "account": path.place.account,
            "region": path.place.region, "since": said["since"], "until": said["until"], "evidence": digest,
            "bytes_scanned": said["bytes_scanned"], "peers": len(said["peers"]),
        }  # fmt: skip
        (line,) = book.append(session.folder, Entry(verb=ASKED, who=session.analyst, data=ledger.portable(data)))
    except (OSError, ledger.LedgerError, ledger.EntryRefused) as trouble:
        return {"evidence": None, "ledger": None, "not_kept": clean(str(trouble), 200)}
    return {"evidence": digest, "ledger": line.seq, "not_kept": ""}


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
