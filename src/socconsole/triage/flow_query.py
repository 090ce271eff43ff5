"""Asking flow logs who a way out talks to: the query for a log's own format, and what its answer means. Pure.

One query groups every flow by its two ends, so that one scan tells what went out, what came in, what was refused and
what was not recorded. Which side is outside is judged here. Sources: VPC User Guide, "Flow log records", "Available
fields"; CloudWatch Logs User Guide, "CloudWatch Logs Insights query syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from socconsole.triage.entities import address, is_reused

DEFAULT_FORMAT: Final = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} "
    "${bytes} ${start} ${end} ${action} ${log-status}"
)
FULL_FORMAT: Final = (
    DEFAULT_FORMAT + " ${vpc-id} ${subnet-id} ${instance-id} ${pkt-srcaddr} ${pkt-dstaddr} ${flow-direction}"
)
"""What an investigation needs besides: behind a NAT gateway ``dstaddr`` is not where the packet went."""
ROWS: Final = 1_000
INTERFACES: Final = 250
"""Interfaces that one query can name: it has 10,000 characters."""

UPLOAD_RATIO: Final = 10.0
UPLOAD_LEAST: Final = 100 * 1024 * 1024
"""A peer that was sent ten times what it sent back, and at least this much, is one that data is uploaded to."""

_FIELD: Final = re.compile(r"\$\{([a-z0-9-]+)\}")
_NEEDED: Final = ("srcaddr", "dstaddr", "bytes")


class Unaskable(ValueError):
    """The log's format lacks what the question is about; ``str()`` of it says what."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One address outside. Bytes and flows within the window; ``new`` is None where nobody looked further back."""

    address: str
    hosts: tuple[str, ...]
    """Addresses inside that talked to it."""
    port: int | None
    """The lowest port that was called there."""
    out: int
    into: int
    flows: int
    refused: int
    """Flows that a security group or network ACL did not let through."""
    first: datetime | None
    last: datetime | None
    new: bool | None = None

    @property
    def uploads(self) -> bool:
        return self.out >= UPLOAD_LEAST and self.out > UPLOAD_RATIO * self.into


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer tells. ``lost`` counts records of minutes that were not recorded (SKIPDATA); ``cut`` says that
    there were more rows than a query returns."""

    peers: tuple[Peer, ...]
    lost: int
    cut: bool


def query(log_format: str, interfaces: Sequence[str] = ()) -> str:
    """The question for a log of this format, about these interfaces only where there are any."""
    fields = _fields(log_format)
    chosen = list(interfaces)[:INTERFACES]
    if chosen and "interface_id" not in fields:
        raise Unaskable("its format lacks interface-id: one way out cannot be told from another")
    names = ", ".join(f'"{one}"' for one in chosen)
    ends = [
        one for one in ("srcaddr", "dstaddr", "pkt_srcaddr", "pkt_dstaddr", "action", "log_status") if one in fields
    ]
    port = "min(dstport) as port, " if "dstport" in fields else ""
    return "\n".join(
        (
            f'parse @message "{" ".join("*" for _ in fields)}" as {", ".join(fields)}',
            *((f"| filter interface_id in [{names}]",) if chosen else ()),
            f"| stats sum(bytes) as volume, count(*) as flows, {port}min(@timestamp) as first, max(@timestamp) as last "
            f"by {', '.join(ends)}",
            "| sort volume desc",
            f"| limit {ROWS}",
        )
    )


def peers_query(log_format: str, interfaces: Sequence[str] = ()) -> str:
    """The question whom it has ever sent anything, for a longer window: one row a peer."""
    fields = _fields(log_format)
    chosen = list(interfaces)[:INTERFACES]
    names = ", ".join(f'"{one}"' for one in chosen)
    end = "pkt_dstaddr" if "pkt_dstaddr" in fields else "dstaddr"
    return "\n".join(
        (
            f'parse @message "{" ".join("*" for _ in fields)}" as {", ".join(fields)}',
            *((f"| filter interface_id in [{names}]",) if chosen and "interface_id" in fields else ()),
            f"| stats sum(bytes) as volume by {end}",
            "| sort volume desc",
            f"| limit {10 * ROWS}",
        )
    )


def read(rows: Iterable[Mapping[str, str]], known: frozenset[str] | None = None) -> Reading:
    """What the answer to :func:`query` says. ``known`` are peers of the time before; None: nobody asked."""
    found: dict[str, _Sum] = {}
    lost = count = 0
    for row in rows:
        count += 1
        if row.get("log_status") == "SKIPDATA":
            lost += _number(row.get("flows"))
        source = address(row.get("pkt_srcaddr", "")) or address(row.get("srcaddr", ""))
        target = address(row.get("pkt_dstaddr", "")) or address(row.get("dstaddr", ""))
        if not source or not target or is_reused(source) == is_reused(target):
            continue  # nothing recorded, or both ends on one side
        outward = is_reused(source)
        peer, host = (target, source) if outward else (source, target)
        found.setdefault(peer, _Sum()).add(row, host, outward=outward)
    peers = [each.peer(name, None if known is None else name not in known) for name, each in found.items()]
    return Reading(tuple(sorted(peers, key=lambda one: (-one.out, one.address))), lost, count >= ROWS)


def addresses(rows: Iterable[Mapping[str, str]]) -> frozenset[str]:
    """Peers in the answer to :func:`peers_query`."""
    found = (address(row.get("pkt_dstaddr", row.get("dstaddr", ""))) for row in rows)
    return frozenset(one for one in found if one and not is_reused(one))


class _Sum:
    def __init__(self) -> None:
        self.hosts: dict[str, None] = {}
        self.ports: list[int] = []
        self.out = self.into = self.flows = self.refused = 0
        self.instants: list[datetime] = []

    def add(self, row: Mapping[str, str], host: str, *, outward: bool) -> None:
        volume, flows = _number(row.get("volume")), _number(row.get("flows"))
        self.hosts[host] = None
        if row.get("action") == "REJECT":
            self.refused += flows
            return
        self.flows += flows
        if outward:
            self.out += volume
            if row.get("port"):
                self.ports.append(_number(row["port"]))
        else:
            self.into += volume
        self.instants += [when for name in ("first", "last") if (when := _instant(row.get(name)))]

    def peer(self, name: str, new: bool | None) -> Peer:
        return Peer(
            address=name,
            hosts=tuple(self.hosts),
            port=min(self.ports, default=None),
            out=self.out,
            into=self.into,
            flows=self.flows,
            refused=self.refused,
            first=min(self.instants, default=None),
            last=max(self.instants, default=None),
            new=new,
        )


def _fields(log_format: str) -> tuple[str, ...]:
    names = tuple(name.replace("-", "_") for name in _FIELD.findall(log_format or DEFAULT_FORMAT))
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise Unaskable(f"its format lacks {', '.join(missing)}")
    return names


def _number(text: str | None) -> int:
    try:
        return max(0, int(float(text or 0)))
    except ValueError:
        return 0


def _instant(text: str | None) -> datetime | None:
    """Insights gives ``min(@timestamp)`` as milliseconds since 1970."""
    found = _number(text)
    return datetime.fromtimestamp(found / 1000, UTC) if found else None
