"""What stands beside the endpoints: checks of the estate around them, what changed, and where data lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from socconsole.model.posture import Verdict
from socconsole.screens import fixing, posture_words, words
from socconsole.screens.endpoint_sections import KINDS
from socconsole.screens.lens import Lens
from socconsole.store import endpoint_results, endpoint_view
from socconsole.store.db import Connection
from socconsole.store.endpoint_view import Residency
from socconsole.store.posture_past import Change
from socconsole.store.posture_trust import Trust
from socconsole.store.posture_view import Row
from socconsole.text import Untrusted, clean
from socconsole.widgets import glyphs
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column


def result_columns() -> Sequence[Column[Row]]:
    """An answer of a check in a line: what it is, how grave, and what decided it."""
    return (
        Column("verdict", "RESULT", lambda row: posture_words.verdict_cell(row.result.verdict), 6, priority=99),
        Column("sev", "SEV", posture_words.check_severity, 3, priority=97),
        Column("check", "CHECK", lambda row: Cell(row.result.check, "strong"), 7, priority=98),
        Column("what", "BECAUSE", _because, 24, 3, priority=95),
        Column("subject", "ABOUT", lambda row: Cell(last(row.result.subject), "quiet"), 16, 1, priority=80),
        Column("fix", "FIX", _fix, 18, priority=60),
        Column("by", "BY", lambda row: Cell(row.control or row.result.answered_by, "quiet"), 8, priority=30),
    )


def _because(row: Row) -> Cell:
    result = row.result
    if result.verdict is Verdict.PASS or not result.evidence:
        return Cell(posture_words.title(result.check), "quiet")
    return Cell(result.evidence[0], "text")


def _fix(row: Row) -> Cell:
    about = posture_words.about(row.result.check)
    if row.result.verdict is not Verdict.FAIL or about is None or not about.action:
        return Cell("-", "quiet")
    return Cell(fixing.action(row), "accent")


def last(subject: str) -> str:
    """What tells a subject from its neighbours: the end of an ARN, and a place whole."""
    return subject.rpartition(":")[2] if subject.startswith("arn:") else subject


def result_said(row: Row) -> str:
    result = row.result
    return " ".join(
        (
            result.check, result.verdict, posture_words.title(result.check), result.subject, result.place.account,
            result.place.region, posture_words.severity(result.check).name, result.answered_by, *result.evidence,
        )
    )  # fmt: skip


def result_exported(row: Row) -> Mapping[str, Any]:
    """As ``posture --json`` says it."""
    result = row.result
    return {
        "id": result.check, "subject": result.subject, "account": result.place.account,
        "region": result.place.region, "result": result.verdict.value, "evidence": list(result.evidence),
        "answered_by": result.answered_by, "evaluated": result.evaluated,
    }  # fmt: skip


class EstateLens(Lens[Row]):
    """Answers about nothing that an endpoint is made of."""

    id: ClassVar[str] = "estate"
    title: ClassVar[str] = "estate checks"
    nothing: ClassVar[str] = "answers of estate checks"

    def read(self, conn: Connection, trusted: Trust, since: datetime) -> tuple[Row, ...]:
        return tuple(sorted(endpoint_results.of_estate(conn, trusted), key=posture_words.worst_first))

    def columns(self) -> Sequence[Column[Row]]:
        return result_columns()

    def key(self, row: Row) -> str:
        return str(row.n)

    def said(self, row: Row) -> str:
        return result_said(row)

    def summary(self, rows: Sequence[Row], since: datetime) -> str:
        counts = {verdict: sum(row.result.verdict is verdict for row in rows) for verdict in Verdict}
        return f"{counts[Verdict.FAIL]:,} FAIL, {counts[Verdict.UNKNOWN]:,} UNKNOWN, {counts[Verdict.PASS]:,} PASS"

    def detail(self, row: Row, trusted: Trust) -> tuple[Body, list[Section]]:
        return posture_words.heading(row.result), posture_words.sections(row, self.desk.stamp, fixing.how(row))

    def exported(self, row: Row) -> Mapping[str, Any]:
        return result_exported(row)


class ChangesLens(Lens[Change]):
    """Our own verdicts that are others than they were."""

    id: ClassVar[str] = "changes"
    title: ClassVar[str] = "changed"
    nothing: ClassVar[str] = "changes of a verdict"

    def read(self, conn: Connection, trusted: Trust, since: datetime) -> tuple[Change, ...]:
        return tuple(endpoint_results.changed(conn, since))

    def columns(self) -> Sequence[Column[Change]]:
        return (
            Column("at", "WHEN", self._at, 15, priority=90),
            Column("was", "WAS", lambda row: posture_words.verdict_cell(row.was, "new"), 6, priority=95),
            Column("now", "IS", lambda row: posture_words.verdict_cell(row.now), 6, priority=99),
            Column("check", "CHECK", lambda row: Cell(row.check, "strong"), 7, priority=98),
            Column("subject", "ABOUT", lambda row: Cell(last(row.subject), "text"), 16, 1, priority=96),
            Column("what", "BECAUSE", _decided, 16, 2, priority=70),
        )

    def _at(self, row: Change) -> Cell:
        return Cell(words.short_stamp(row.at, local=self.desk.local_time), "quiet")

    def key(self, row: Change) -> str:
        return f"{row.check} {row.subject} {row.place.account} {row.place.region}"

    def said(self, row: Change) -> str:
        return f"{self.key(row)} {row.was or 'new'} {row.now or 'gone'} {' '.join(row.evidence)}"

    def summary(self, rows: Sequence[Change], since: datetime) -> str:
        worse = sum(row.now is Verdict.FAIL for row in rows)
        better = sum(row.now is Verdict.PASS for row in rows)
        at = words.short_stamp(since, local=self.desk.local_time)
        return f"since {at}: {worse} to FAIL, {better} to PASS"

    def detail(self, row: Change, trusted: Trust) -> tuple[Body, list[Section]]:
        was, now = row.was.value if row.was else "not there", row.now.value if row.now else "gone"
        turned = f"{was} {glyphs.current().rule}> {now}  {row.check}  "
        title: Body = [(turned, "strong"), (posture_words.title(row.check), "text")]
        return title, [
            Section("when", [self.desk.stamp(row.at)]),
            Section("subject", [row.subject, f"{row.place.account} {row.place.region}"]),
            Section("evidence", list(row.evidence)),
        ]

    def exported(self, row: Change) -> Mapping[str, Any]:
        return {
            "at": row.at, "id": row.check, "subject": row.subject, "account": row.place.account,
            "region": row.place.region, "was": row.was and row.was.value, "is": row.now and row.now.value,
        }  # fmt: skip


def _decided(row: Change) -> Cell:
    return Cell(row.evidence[0] if row.evidence else "", "quiet")


@dataclass(frozen=True, slots=True)
class RegionRow:
    region: Residency
    allowed: bool
    here: tuple[str, ...]
    """Endpoints in words."""
    routed: tuple[str, ...]


class ResidencyLens(Lens[RegionRow]):
    """Regions: what is in each, and what is processed there for another."""

    id: ClassVar[str] = "residency"
    title: ClassVar[str] = "residency"
    nothing: ClassVar[str] = "regions"

    def read(self, conn: Connection, trusted: Trust, since: datetime) -> tuple[RegionRow, ...]:
        named = {
            one.id: f"{clean(one.name, 80)} ({KINDS[one.kind]}, {one.place.account} {one.place.region})"
            for one in endpoint_view.endpoints(conn, trusted)
        }
        allowed = self._allowed()
        rows = [
            RegionRow(
                one,
                one.region in allowed,
                tuple(named[id_] for id_ in one.here),
                tuple(named[id_] for id_ in one.routed),
            )
            for one in endpoint_view.residency(conn, trusted)
        ]
        return tuple(sorted(rows, key=lambda row: (row.allowed, -row.region.failing, row.region.region)))

    def _allowed(self) -> frozenset[str]:
        config = self.desk.config
        return frozenset(config.posture.regions or (region for one in config.accounts for region in one.regions))

    def columns(self) -> Sequence[Column[RegionRow]]:
        return (
            Column("region", "REGION", lambda row: Cell(Untrusted(row.region.region), "strong"), 14, 1, priority=99),
            Column("allowed", "ALLOWED", _allowed, 9, priority=98),
            Column("here", "ENDPOINTS", lambda row: _count(len(row.here)), 9, priority=95, align="right"),
            Column("routed", "ROUTED HERE", lambda row: _count(len(row.routed)), 11, priority=94, align="right"),
            Column("fail", "FAIL", lambda row: _count(row.region.failing, "bad"), 6, priority=90, align="right"),
            Column("unknown", "UNKNOWN", lambda row: _count(row.region.unknown, "warn"), 7, priority=89, align="right"),
        )

    def key(self, row: RegionRow) -> str:
        return row.region.region

    def said(self, row: RegionRow) -> str:
        return " ".join((row.region.region, "allowed" if row.allowed else "outside", *row.here, *row.routed))

    def summary(self, rows: Sequence[RegionRow], since: datetime) -> str:
        outside = sum(not row.allowed and bool(row.here or row.routed) for row in rows)
        return f"{words.plural(len(rows), 'region')}, {outside} with data outside the allowed ones"

    def detail(self, row: RegionRow, trusted: Trust) -> tuple[Body, list[Section]]:
        title: Body = [(row.region.region, "strong"), ("" if row.allowed else "  not allowed", "bad")]
        allowed = ", ".join(sorted(self._allowed())) or "none is declared"
        return title, [
            Section("here", list(row.here) or [[("no endpoint was found here", "quiet")]]),
            Section("routed", list(row.routed) or [[("nothing is processed here for another region", "quiet")]]),
            Section("answers", [f"{row.region.failing:,} FAIL, {row.region.unknown:,} UNKNOWN about what is in it"]),
            Section("allowed", [allowed, "[posture] regions, or those of [[accounts]]"]),
        ]

    def exported(self, row: RegionRow) -> Mapping[str, Any]:
        return {
            "region": row.region.region, "allowed": row.allowed, "here": list(row.here), "routed": list(row.routed),
            "failing": row.region.failing, "unknown": row.region.unknown,
        }  # fmt: skip


def _allowed(row: RegionRow) -> Cell:
    signs = glyphs.current()
    return Cell(f"{signs.good} yes", "good") if row.allowed else Cell(f"{signs.bad} no", "bad")


def _count(n: int, style: str = "text") -> Cell:
    return Cell(f"{n:,}", style) if n else Cell("-", "quiet")
