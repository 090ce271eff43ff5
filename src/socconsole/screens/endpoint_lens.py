"""Endpoints against families of checks: the matrix, worst first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from socconsole.model.endpoint import Endpoint, Exposure
from socconsole.model.known import Unread
from socconsole.model.world import Place
from socconsole.screens import posture_words, words
from socconsole.screens.endpoint_sections import KINDS, facts
from socconsole.screens.lens import Lens
from socconsole.store import endpoint_view, posture_view
from socconsole.store.db import Connection
from socconsole.store.endpoint_view import Cell as Judged
from socconsole.store.posture_trust import Trust
from socconsole.store.posture_view import Round
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
    def blind(self) -> frozenset[str]:
        """Families whose subjects are not all known: stores that it may read, networks that it sends through."""
        stores = frozenset({"S3", "LOG", "ALM"}) if isinstance(self.endpoint.reads, Unread) else frozenset[str]()
        return stores | (frozenset({"NET"}) if isinstance(self.endpoint.sends, Unread) else frozenset())

    @property
    def failing(self) -> tuple[str, ...]:
        return tuple(check for cell in self.cells.values() for check in cell.failing)

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(check for cell in self.cells.values() for check in cell.unknown)


@dataclass(frozen=True, slots=True)
class UnlistedRow:
    """A place of which not all endpoints are known: what could not even be listed has no row of its own."""

    place: Place
    lacking: tuple[str, ...]
    """Calls that list endpoints and had no answer, with why; empty where nobody has evaluated the place yet."""
    evaluated: datetime | None


AnyRow = EndpointRow | UnlistedRow


class EndpointLens(Lens[AnyRow]):
    id: ClassVar[str] = "endpoints"
    title: ClassVar[str] = ""
    nothing: ClassVar[str] = "endpoints that serve an LLM"

    def read(self, conn: Connection, trusted: Trust, since: datetime) -> tuple[AnyRow, ...]:
        cells, rounds = endpoint_view.matrix(conn, trusted), posture_view.rounds(conn)
        rows: list[AnyRow] = list(_unlisted(trusted, rounds))
        for one in endpoint_view.endpoints(conn, trusted):
            last = rounds.get(one.place)
            rows.append(EndpointRow(one, cells.get(one.id, {}), last.at if last else None))
        return tuple(sorted(rows, key=_worst_first))

    def columns(self) -> Sequence[Column[AnyRow]]:
        return (
            Column("name", "ENDPOINT", _name, 20, 2, priority=99, ends=True),
            *(
                Column(name, name, _in(families), 6 if name == "ALARM" else 7, priority=90)
                for name, families in FAMILIES.items()
            ),
            Column("exposure", "REACHED", _exposure, 8, priority=85),
            Column("kind", "KIND", _kind, 10, priority=70),
            Column("region", "REGION", lambda row: Cell(place_of(row).region, "quiet"), 12, priority=60),
            Column("account", "ACCOUNT", self._account, 10, priority=40),
            Column("model", "MODEL", _model, 20, 2, priority=50, ends=True),
        )

    def _account(self, row: AnyRow) -> Cell:
        account = place_of(row).account
        return Cell(next((a.name for a in self.desk.config.accounts if a.account == account), "") or account, "quiet")

    def key(self, row: AnyRow) -> str:
        return row.endpoint.id if isinstance(row, EndpointRow) else f"{row.place.account}/{row.place.region}"

    def said(self, row: AnyRow) -> str:
        if isinstance(row, UnlistedRow):
            return " ".join((row.place.account, row.place.region, "unknown not listed", *row.lacking))
        one = row.endpoint
        return " ".join(
            (
                clean(one.name), one.arn, one.kind, KINDS[one.kind], one.exposure, one.place.account, one.place.region,
                *one.regions, clean(one.model) if one.model is not None else "", one.role, one.dataset,
                clean(one.owner) if one.owner is not None else "", *row.failing,
                *(f"?{check}" for check in row.unknown),
            )
        )  # fmt: skip

    def summary(self, rows: Sequence[AnyRow], since: datetime) -> str:
        known = [row for row in rows if isinstance(row, EndpointRow)]
        failing, blind = sum(bool(row.failing) for row in known), len(rows) - len(known)
        said = f"{failing} of {len(known)} failing"
        return f"{said}, {words.plural(blind, 'place')} ?" if blind else said

    def detail(self, row: AnyRow, trusted: Trust) -> tuple[Body, list[Section]]:
        if isinstance(row, UnlistedRow):
            return self._unlisted(row)
        one = row.endpoint
        style = _EXPOSURE.get(one.exposure, "text")
        title: Body = [(one.name, "strong"), (f"  {KINDS[one.kind]} ", "quiet"), (one.exposure.value, style)]
        return title, [
            *([Section("fails", _checks(row.failing))] if row.failing else []),
            *([Section("unknown", [", ".join(row.unknown)])] if row.unknown else []),
            *facts(one),
            self._evaluated(row, trusted),
        ]

    def _evaluated(self, row: AnyRow, trusted: Trust) -> Section:
        if row.evaluated is None:
            return Section("evaluated", [[("not yet", "warn")]])
        age = words.age((trusted.now - row.evaluated).total_seconds())
        return Section("evaluated", [f"{self.desk.stamp(row.evaluated)}, {age} ago"])

    def _unlisted(self, row: UnlistedRow) -> tuple[Body, list[Section]]:
        title: Body = [("? not known  ", "warn"), (f"{row.place.account} {row.place.region}", "strong")]
        if row.evaluated is None:
            return title, [Section("why", ["not evaluated yet: nothing is known of what serves an LLM here"])]
        said = "what these would list is not known, be it none or many"
        return title, [Section("why", [said, *row.lacking]), Section("mend it", ["7 Sources says what mends it"])]

    def exported(self, row: AnyRow) -> Mapping[str, Any]:
        if isinstance(row, UnlistedRow):
            where = {"account": row.place.account, "region": row.place.region}
            return {"id": None, **where, "not_listed": list(row.lacking), "evaluated": row.evaluated}
        one = row.endpoint
        return {
            "id": one.id, "name": one.name, "kind": one.kind.value, "account": one.place.account,
            "region": one.place.region, "exposure": one.exposure.value, "model": one.model, "role": one.role,
            "failing": list(row.failing), "unknown": list(row.unknown), "evaluated": row.evaluated,
        }  # fmt: skip


_LISTS: Final = frozenset(
    {
        "bedrock:ListInferenceProfiles",
        "bedrock:ListProvisionedModelThroughputs",
        "bedrock-agent:ListAgents",
        "bedrock-agent:ListKnowledgeBases",
        "bedrock-agentcore-control:ListAgentRuntimes",
        "cloudwatch:ListMetrics",
        "ec2:DescribeInstances",
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:ListTasks",
        "eks:ListClusters",
        "sagemaker:ListEndpoints",
    }
)
"""Calls without whose answers endpoints are missing."""


def _unlisted(trusted: Trust, rounds: Mapping[Place, Round]) -> Iterable[UnlistedRow]:
    for name in trusted.scope:
        account, _, region = name.partition("/")
        place = Place(account, region)
        last = rounds.get(place)
        if last is None:
            yield UnlistedRow(place, (), None)
            continue
        lacking = tuple(one for one in last.unanswered if one.partition(": ")[0] in _LISTS)
        if lacking:
            yield UnlistedRow(place, lacking, last.at)


def place_of(row: AnyRow) -> Place:
    return row.endpoint.place if isinstance(row, EndpointRow) else row.place


def _name(row: AnyRow) -> Cell:
    if isinstance(row, EndpointRow):
        return Cell(row.endpoint.name, "strong")
    return Cell("? not listed" if row.evaluated else "? not evaluated yet", "warn")


def _kind(row: AnyRow) -> Cell:
    return Cell(KINDS[row.endpoint.kind], "quiet") if isinstance(row, EndpointRow) else Cell("?", "warn")


def _model(row: AnyRow) -> Cell:
    return Cell(row.endpoint.model or "-", "quiet") if isinstance(row, EndpointRow) else Cell("?", "warn")


def _in(families: Iterable[str]) -> Callable[[AnyRow], Cell]:
    def painted(row: AnyRow) -> Cell:
        if isinstance(row, UnlistedRow):
            return Cell("?", "warn")
        cells = [row.cells[name] for name in families if name in row.cells]
        return posture_words.matrix_cell(cells, blind=bool(row.blind & set(families)))

    return painted


def _exposure(row: AnyRow) -> Cell:
    exposure = row.endpoint.exposure if isinstance(row, EndpointRow) else Exposure.UNKNOWN
    return Cell("?" if exposure is Exposure.UNKNOWN else exposure.value, _EXPOSURE.get(exposure, "quiet"))


def _worst_first(row: AnyRow) -> tuple[Any, ...]:
    """Between what fails and what does not stand the places of which nobody knows."""
    if isinstance(row, UnlistedRow):
        return (0, 0, False, 0, row.place.account, row.place.region)
    worst = max((posture_words.severity(check) for check in row.failing), default=None)
    open_ = row.endpoint.exposure is not Exposure.INTERNET
    grave = 1 if worst is None else -1 - worst
    return (grave, -len(row.failing), open_, -len(row.unknown), clean(row.endpoint.name), row.endpoint.id)


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
