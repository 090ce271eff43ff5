"""Posture by the clauses of a framework, with the evidence behind every line and what nobody knows counted openly.

It says what was measured of what can be measured, and is no statement that anybody complies with anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from socconsole.model.posture import Verdict
from socconsole.posture.catalogue import FRAMEWORKS, About, catalogue
from socconsole.reports.document import Cell, Document, Mood, Notice, Paragraph, Points, Section, Table
from socconsole.reports.times import stamp
from socconsole.store import posture_trust, posture_view
from socconsole.store.db import Connection
from socconsole.store.posture_view import Round, Row, Sum
from socconsole.text import clean

_SHOWN: Final = 3
"""Subjects whose evidence is told for one check; how many more there are is said."""

_MOODS: Final[Mapping[Verdict, Mood]] = {Verdict.PASS: "good", Verdict.FAIL: "bad", Verdict.UNKNOWN: "unknown"}
_WORST: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)

_CITED: Final[Mapping[str, str]] = {"gdpr": "Art. ", "nis2": "Art. "}
"""How a text of law is cited. ISO's controls, OWASP's and ATLAS' entries are called by their ids."""

DISCLAIMER: Final = (
    "What checks can measure, as it was measured. UNKNOWN is what could not be read or was not looked at: it is "
    "neither met nor unmet. Whether a clause is complied with is for people to say."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One check under one clause."""

    about: About
    verdict: Verdict
    sum: Sum
    evidence: tuple[str, ...]
    """What decided it: failing subjects, else unknown ones, else some that pass."""
    answered_by: tuple[str, ...]
    evaluated: datetime | None
    """The oldest answer among them."""


@dataclass(frozen=True, slots=True)
class Clause:
    name: str
    lines: tuple[Line, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its checks."""
        return next(one for one in _WORST if any(line.verdict is one for line in self.lines))

    def cited(self, framework: str) -> str:
        """``Art. 5(1)(f)``, as one writes it."""
        return f"{_CITED.get(framework, '')}{self.name}"


@dataclass(frozen=True, slots=True)
class Compliance:
    """One framework, as the store knows it now."""

    framework: str
    clauses: tuple[Clause, ...]
    rounds: tuple[Round, ...]
    """The last evaluation of each place; ``evidence`` names the file that is kept of it."""
    dark: tuple[str, ...]
    """Places in scope whose posture is not fresh, or was never read."""
    now: datetime


def compliance(conn: Connection, framework: str, now: datetime) -> Compliance:
    """Every clause that a check answers to. Raises ``KeyError`` for a framework that there is not."""
    if framework not in FRAMEWORKS:
        raise KeyError(framework)
    trusted = posture_trust.trust(conn, now)
    sums = posture_view.sums(conn, trusted)
    rows: dict[str, list[Row]] = {}
    for row in posture_view.results(conn, trusted):
        rows.setdefault(row.result.check, []).append(row)
    lines = {id_: _line(about, sums.get(id_, Sum(id_)), rows.get(id_, ())) for id_, about in catalogue().items()}
    named: dict[str, list[Line]] = {}
    for id_, about in catalogue().items():
        for clause in about.clauses.get(framework, ()):
            named.setdefault(clause, []).append(lines[id_])
    rounds = posture_view.rounds(conn)
    seen = {f"{place.account}/{place.region}" for place in rounds}
    dark = sorted({*trusted.dark, *(set(trusted.scope) - seen)})
    clauses = tuple(Clause(name, tuple(named[name])) for name in sorted(named, key=_natural))
    return Compliance(framework, clauses, tuple(rounds[place] for place in sorted(rounds)), tuple(dark), now)


def _line(about: About, sum_: Sum, rows: Sequence[Row]) -> Line:
    verdict = sum_.verdict
    deciding = [row for row in rows if row.result.verdict is verdict] or list(rows)
    evidence = tuple(
        f"{row.result.subject}: {'; '.join(row.result.evidence) or 'no words'}" for row in deciding[:_SHOWN]
    )
    if len(deciding) > _SHOWN:
        evidence += (f"and {len(deciding) - _SHOWN:,} more",)
    if not rows:
        evidence = ("nothing of this kind was found where it was looked for, or nobody has looked yet",)
    who = tuple(dict.fromkeys(row.result.answered_by for row in rows))
    return Line(about, verdict, sum_, evidence, who, min((row.result.evaluated for row in rows), default=None))


def _natural(clause: str) -> list[tuple[int, int, str]]:
    """``A.5.9`` before ``A.5.15``."""
    parts = clause.replace("(", ".").replace(")", "").replace("-", ".").split(".")
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def counted(report: Compliance) -> dict[Verdict, int]:
    """How many of its clauses stand how."""
    return {verdict: sum(clause.verdict is verdict for clause in report.clauses) for verdict in _WORST}


def document(report: Compliance) -> Document:
    """The report in the form from which Markdown and HTML are made."""
    counts = counted(report)
    return Document(
        title=f"Evidence for {FRAMEWORKS[report.framework]}",
        facts=(
            ("As of", stamp(report.now)),
            ("Clauses", ", ".join(f"{n} {verdict.value}" for verdict, n in counts.items())),
            ("Checks", str(len({line.about.id for clause in report.clauses for line in clause.lines}))),
        ),
        notices=tuple(_notices(report)),
        sections=(
            Section("What this is", (Paragraph(DISCLAIMER),)),
            _overview(report),
            *(_clause(clause, report.framework) for clause in report.clauses),
            _rounds(report),
        ),
    )


def _notices(report: Compliance) -> Iterator[Notice]:
    if report.dark:
        yield Notice(f"not fresh, so nothing there is called PASS: {', '.join(report.dark)}", "unknown")
    partly = [one for one in report.rounds if not one.complete]
    if partly:
        places = ", ".join(f"{one.place.account} {one.place.region}" for one in partly)
        yield Notice(f"not everything could be read, and what was not is UNKNOWN: {places}", "unknown")
    if not report.rounds:
        yield Notice("nothing was evaluated yet: socconsole watch --once", "unknown")


def _overview(report: Compliance) -> Section:
    rows = tuple(
        (
            clause.cited(report.framework),
            Cell(clause.verdict.value, _MOODS[clause.verdict]),
            "; ".join(
                f"{verdict.value} {', '.join(found)}"
                for verdict in _WORST
                if (found := [line.about.id for line in clause.lines if line.verdict is verdict])
            ),
        )
        for clause in report.clauses
    )
    return Section("Clauses", (Table(("Clause", "Worst", "Checks"), rows, "no check answers to it"),), "clauses")


def _clause(clause: Clause, framework: str) -> Section:
    rows = tuple(
        (
            f"{line.about.id} {line.about.title}",
            Cell(line.verdict.value, _MOODS[line.verdict]),
            _numbers(line.sum),
            " · ".join(clean(each, 300) for each in line.evidence),
            _by(line),
        )
        for line in clause.lines
    )
    columns = ("Check", "Verdict", "Subjects", "Evidence", "By, oldest")
    fixes = tuple(f"{line.about.id}: {line.about.fix}" for line in clause.lines if line.verdict is Verdict.FAIL)
    parts = (Table(columns, rows, ""), *((Points(fixes),) if fixes else ()))
    return Section(f"{clause.cited(framework)}: {clause.verdict.value}", parts, f"clause-{clause.name}")


def _by(line: Line) -> str:
    when = f", {line.evaluated:%Y-%m-%d %H:%MZ}" if line.evaluated else ""
    return f"{', '.join(line.answered_by) or 'nobody'}{when}"


def _numbers(found: Sum) -> str:
    said = [f"{found.passed} pass", f"{found.failed} fail", f"{found.unknown} unknown"]
    if found.disputed:
        said.append(f"{found.disputed} disputed")
    if found.unseen:
        said.append(f"{found.unseen} place{'s' * (found.unseen > 1)} never evaluated")
    return ", ".join(said)


def _rounds(report: Compliance) -> Section:
    rows = tuple(
        (
            f"{one.place.account} {one.place.region}",
            stamp(one.at),
            Cell("whole", "good")
            if one.complete
            else Cell(f"{len(one.unanswered)} kinds of questions unanswered", "unknown"),
            str(one.asked),
            one.evidence,
        )
        for one in report.rounds
    )
    columns = ("Place", "Last evaluated", "Answers", "Questions", "Evidence (SHA-256)")
    return Section("Evaluations behind it", (Table(columns, rows, "none"),), "rounds")


def as_json(report: Compliance) -> dict[str, Any]:
    """The report as data: every line with its evidence."""
    return {
        "framework": report.framework,
        "title": FRAMEWORKS[report.framework],
        "at": stamp(report.now),
        "counts": {verdict.value: n for verdict, n in counted(report).items()},
        "not_fresh": list(report.dark),
        "clauses": [
            {
                "clause": clause.name,
                "result": clause.verdict.value,
                "checks": [
                    {
                        "id": line.about.id,
                        "title": line.about.title,
                        "severity": line.about.severity,
                        "result": line.verdict.value,
                        "passed": line.sum.passed,
                        "failed": line.sum.failed,
                        "unknown": line.sum.unknown,
                        "unseen": line.sum.unseen,
                        "disputed": line.sum.disputed,
                        "evidence": list(line.evidence),
                        "answered_by": list(line.answered_by),
                        "evaluated": stamp(line.evaluated) if line.evaluated else None,
                        "fix": line.about.fix,
                    }
                    for line in clause.lines
                ],
            }
            for clause in report.clauses
        ],
        "evaluations": [
            {
                "account": one.place.account,
                "region": one.place.region,
                "at": stamp(one.at),
                "complete": one.complete,
                "asked": one.asked,
                "unanswered": list(one.unanswered),
                "evidence": one.evidence,
            }
            for one in report.rounds
        ],
    }
