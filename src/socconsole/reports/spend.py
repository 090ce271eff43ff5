"""What is spent on detection against prevention, by the bill and by a mapping that is data.

The dossier wants detection first: 60 of 100 to detection and response, 40 to prevention (its figure; the configuration
can set another).
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any, Final

import msgspec

from socconsole.config import SpendConfig
from socconsole.reports.document import Cell, Document, Notice, Paragraph, Section, Table
from socconsole.reports.times import stamp
from socconsole.text import clean

OTHER: Final = "other"

WHAT: Final = (
    "Unblended cost of whole months as Cost Explorer tells it, divided by a mapping of services; what is in neither "
    "the mapping nor [spend] is not counted. People and tools outside AWS count where [spend] names them."
)


class Shares(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one service's bill is divided."""

    detection: float = 0.0
    prevention: float = 0.0
    response: float = 0.0


@dataclass(frozen=True, slots=True)
class Bill:
    """One service in one month in one account; ``amount`` in ``unit``."""

    account: str
    month: str
    """``2026-10``."""
    service: str
    amount: float
    unit: str
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Spend:
    """Totals over the months. ``unread`` are accounts whose bill could not be read, with why."""

    months: tuple[str, ...]
    unit: str
    detection: float
    prevention: float
    response: float
    lines: tuple[tuple[str, float, Shares], ...]
    """(service or position, amount, shares), the largest first; those that count for nothing are left out."""
    uncounted: float
    unread: tuple[str, ...]
    wanted: int

    @property
    def share(self) -> float | None:
        """Detection and response as part of what is counted; None where nothing is, not every bill was read, or credits
        outweigh a part: a share of less than nothing says nothing."""
        parts = (self.detection, self.response, self.prevention)
        if self.unread or min(parts) < 0 or not sum(parts):
            return None
        return (self.detection + self.response) / sum(parts)


@functools.cache
def mapping() -> Mapping[str, Shares]:
    """Service → shares, as packaged. Raises ``ValueError`` for shares that add up to more than 1."""
    text = resources.files("socconsole.reports").joinpath("spend.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Shares])


def spend(bills: Iterable[Bill], settings: SpendConfig, unread: tuple[str, ...] = ()) -> Spend:
    """Divide the bills. Amounts in more than one currency are refused with ``ValueError``: nothing here converts."""
    listed = list(bills)
    units = {one.unit for one in listed} or {settings.unit}
    if len(units) > 1:
        raise ValueError(f"bills in {', '.join(sorted(units))}: they cannot be added up")
    months = tuple(sorted({one.month for one in listed}))
    known = {**mapping(), **{name: _whole(kind) for name, kind in settings.services.items()}}
    amounts: dict[str, float] = {}
    for one in listed:
        amounts[one.service] = amounts.get(one.service, 0.0) + one.amount
    lines = [(service, amount, known[service]) for service, amount in amounts.items() if service in known]
    lines += [(one.name, one.monthly * max(1, len(months)), _whole(one.kind)) for one in settings.positions]
    counted = [(name, amount, shares) for name, amount, shares in lines if _sum(shares)]
    return Spend(
        months=months,
        unit=units.pop(),
        detection=sum(amount * shares.detection for _, amount, shares in counted),
        prevention=sum(amount * shares.prevention for _, amount, shares in counted),
        response=sum(amount * shares.response for _, amount, shares in counted),
        lines=tuple(sorted(counted, key=lambda one: -one[1])),
        uncounted=sum(amount for service, amount in amounts.items() if not _sum(known.get(service, Shares()))),
        unread=unread,
        wanted=settings.detection_percent,
    )


def _whole(kind: str) -> Shares:
    return Shares() if kind == OTHER else Shares(**{kind: 1.0})


def _sum(shares: Shares) -> float:
    return shares.detection + shares.prevention + shares.response


def document(found: Spend, at: datetime) -> Document:
    """The report in the form from which Markdown and HTML are made."""
    rows = tuple(
        (
            clean(name, 80),
            _money(amount, found.unit),
            *(f"{part:.0%}" if part else "" for part in (shares.detection, shares.response, shares.prevention)),
        )
        for name, amount, shares in found.lines
    )
    said = (
        Cell("UNKNOWN", "unknown")
        if found.share is None
        else Cell(f"{found.share:.0%}", "good" if found.share * 100 >= found.wanted else "bad")
    )
    totals = (
        ("Detection", _money(found.detection, found.unit)),
        ("Response", _money(found.response, found.unit)),
        ("Prevention", _money(found.prevention, found.unit)),
        ("Detection and response", said),
        ("Wanted", f"{found.wanted}% or more"),
        ("Not counted", _money(found.uncounted, found.unit)),
    )
    return Document(
        title="What is spent on detection and on prevention",
        facts=(("As of", stamp(at)), ("Months", ", ".join(found.months) or "none"), ("Unit", found.unit)),
        notices=tuple(Notice(f"not read, so the share is not known: {one}", "unknown") for one in found.unread),
        sections=(
            Section("In sum", (Paragraph(WHAT), Table(("", "Over these months"), totals, ""))),
            Section(
                "By service",
                (
                    Table(
                        ("Service", "Amount", "Detection", "Response", "Prevention"),
                        rows,
                        "nothing that counts was billed",
                    ),
                ),
            ),
        ),
    )


def _money(amount: float, unit: str) -> str:
    return f"{amount:,.2f} {unit}"


def as_json(found: Spend, at: datetime) -> dict[str, Any]:
    """The report as data; ``share`` is null where not every bill was read, or nothing counts."""
    return {
        "at": stamp(at),
        "months": list(found.months),
        "unit": found.unit,
        "detection": round(found.detection, 2),
        "response": round(found.response, 2),
        "prevention": round(found.prevention, 2),
        "uncounted": round(found.uncounted, 2),
        "share": None if found.share is None else round(found.share, 4),
        "wanted": found.wanted / 100,
        "unread": list(found.unread),
        "services": [
            {"service": name, "amount": round(amount, 2), **msgspec.to_builtins(shares)}
            for name, amount, shares in found.lines
        ],
    }
