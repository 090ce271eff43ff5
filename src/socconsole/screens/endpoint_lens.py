"""Endpoints against families of checks: the matrix, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from socconsole.model.endpoint import Endpoint, Exposure
from socconsole.model.finding import Severity
from socconsole.screens import posture_words, words
from socconsole.screens.endpoint_sections import KINDS, facts
from socconsole.screens.lens import Lens
from socconsole.store import endpoint_view, posture_view
from socconsole.store.db import Connection
from socconsole.store.endpoint_view import Cell as Judged
from socconsole.store.posture_trust import Trust
from socconsole.text import clean
from socconsole.widgets.columns import severity_style, severity_text
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column

FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "OWN": ("SM", "BR", "SHS"),
    "DATA": ("S3",),
    "NET": ("NET",),
    "LOG": ("LOG",),
    "ALARM": ("ALM",),
}
"""Column → families in it: of SageMaker, Bedrock and self-hosting an endpoint has one."""

_EXPOSURE: Final = {Exposure.INTERNET: "bad", Exposure.UNKNOWN: "warn"}
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class EndpointRow:
    endpoint: Endpoint
    cells: Mapping[str, Judged]
    """Family → what its checks came to."""
    evaluated: datetime | None

    @property
    def failing(self) -> tuple[str, ...]:
        return tuple(check for cell in self.cells.values() for check in cell.failing)

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(check for cell in self.cells.values() for check in cell.unknown)


class EndpointLens(Lens[EndpointRow]):
    id: ClassVar[str] = "endpoints"
    title: ClassVar[str] = ""
    nothing: ClassVar[str] = "endpoints that serve an LLM"

    def read(self, conn: Connection, trusted: Trust, since: datetime) -> tuple[EndpointRow, ...]:
        cells, rounds = endpoint_view.matrix(conn, trusted), posture_view.rounds(conn)
        rows = []
        for one in endpoint_view.endpoints(conn, trusted):
            last = rounds.get(one.place)
            rows.append(EndpointRow(one, cells.get(one.id, {}), last.at if last else None))
        return tuple(sorted(rows, key=_worst_first))

    def columns(self) -> Sequence[Column[EndpointRow]]:
        return (
            Column("name", "ENDPOINT", lambda row: Cell(row.endpoint.name, "strong"), 15, 2, priority=99),
            *(
                Column(name, name, _in(families), 6 if name == "ALARM" else 7, priority=90)
                for name, families in FAMILIES.items()
            ),
            Column("exposure", "REACHED", _exposure, 8, priority=85),
            Column("kind", "KIND", lambda row: Cell(KINDS[row.endpoint.kind], "quiet"), 10, priority=70),
            Column("region", "REGION", lambda row: Cell(row.endpoint.place.region, "quiet"), 12, priority=60),
            Column("account", "ACCOUNT", self._account, 10, priority=40),
            Column("model", "MODEL", lambda row: Cell(row.endpoint.model or "-", "quiet"), 16, 1, priority=50),
        )

    def _account(self, row: EndpointRow) -> Cell:
        account = row.endpoint.place.account
        return Cell(next((a.name for a in self.desk.config.accounts if a.account == account), "") or account, "quiet")

    def key(self, row: EndpointRow) -> str:
        return row.endpoint.id

    def said(self, row: EndpointRow) -> str:
        one = row.endpoint
        return " ".join(
            (
                clean(one.name), one.arn, one.kind, KINDS[one.kind], one.exposure, one.place.account, one.place.region,
                *one.regions, clean(one.model) if one.model is not None else "", one.role, one.dataset,
                clean(one.owner) if one.owner is not None else "", *row.failing,
                *(f"?{check}" for check in row.unknown),
            )
        )  # fmt: skip

    def summary(self, rows: Sequence[EndpointRow], since: datetime) -> str:
        failing = sum(bool(row.failing) for row in rows)
        blind = sum(bool(row.unknown) for row in rows)
        return f"{failing} failing, {blind} with UNKNOWN"

    def detail(self, row: EndpointRow, trusted: Trust) -> tuple[Body, list[Section]]:
        one = row.endpoint
        title: Body = [
            (one.name, "strong"),
            (f"  {KINDS[one.kind]} ", "quiet"),
            (one.exposure, _EXPOSURE.get(one.exposure, "text")),
        ]
        age = words.age((trusted.now - row.evaluated).total_seconds()) if row.evaluated else "never"
        return title, [
            *([Section("fails", _checks(row.failing))] if row.failing else []),
            *([Section("unknown", [", ".join(row.unknown)])] if row.unknown else []),
            *facts(one),
            Section("evaluated", [f"{self.desk.stamp(row.evaluated)}, {age} ago" if row.evaluated else "not yet"]),
        ]  # fmt: skip

    def exported(self, row: EndpointRow) -> Mapping[str, Any]:
        one = row.endpoint
        return {
            "id": one.id, "name": one.name, "kind": one.kind.value, "account": one.place.account,
            "region": one.place.region, "exposure": one.exposure.value, "model": one.model, "role": one.role,
            "failing": list(row.failing), "unknown": list(row.unknown), "evaluated": row.evaluated,
        }  # fmt: skip


def _in(families: Iterable[str]) -> Any:
    return lambda row: posture_words.matrix_cell([row.cells[name] for name in families if name in row.cells])


def _exposure(row: EndpointRow) -> Cell:
    exposure = row.endpoint.exposure
    return Cell("?" if exposure is Exposure.UNKNOWN else exposure.value, _EXPOSURE.get(exposure, "quiet"))


def _worst_first(row: EndpointRow) -> tuple[Any, ...]:
    worst = max(map(posture_words.severity, row.failing), default=Severity.INFO)
    open_ = row.endpoint.exposure is not Exposure.INTERNET
    return (-worst, -len(row.failing), open_, -len(row.unknown), clean(row.endpoint.name), row.endpoint.id)


def _checks(failing: Sequence[str]) -> list[Body]:
    """The gravest first."""
    ranked = sorted(failing, key=lambda check: (-posture_words.severity(check), check))
    lines: list[Body] = []
    for check in ranked[:_SHOWN]:
        grave = posture_words.severity(check)
        lines.append(
            [
                (f"{severity_text(grave)} ", severity_style(grave)),
                (f"{check} ", "strong"),
                (posture_words.title(check), "text"),
            ]
        )
    more = len(ranked) - _SHOWN
    return [*lines, *([f"and {more} more: enter lists them"] if more > 0 else [])]
