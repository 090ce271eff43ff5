"""Drafts of notifications: what a regime asks for, as far as the case knows it, and every gap marked as one.

A draft sends nothing and decides nothing. What it knows is said with its source; what people have to write or to
check stands there as a gap, so that nobody takes silence for an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from socconsole.clocks import Deadline, Regime, regimes
from socconsole.config import Config, EntityConfig
from socconsole.model.action import ActionState
from socconsole.model.case import Case, Line, SixLine
from socconsole.model.clock import Clock
from socconsole.reports.case_report import due
from socconsole.reports.document import Cell, Document, Notice, Section, Table
from socconsole.reports.times import stamp
from socconsole.store import case_clocks, case_said, cases, reading, six_lines
from socconsole.store.db import Connection
from socconsole.text import clean

GAP: Final = "TO BE WRITTEN"
"""What stands in front of every gap."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that the regime asks for. ``gap`` says what is missing; empty: nothing is."""

    name: str
    answer: str
    source: str
    gap: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft for one clock of a case."""

    case: Case
    clock: Clock
    regime: Regime
    deadline: Deadline
    fields: tuple[Field, ...]
    at: datetime

    @property
    def gaps(self) -> int:
        return sum(bool(one.gap) for one in self.fields)


def draft(conn: Connection, config: Config, case: Case, clock: Clock, now: datetime) -> Draft:
    """Everything that the case can say of what ``clock`` asks for."""
    regime = regimes()[clock.regime]
    deadline = next(one for one in regime.deadline if one.id == clock.deadline)
    entity = next((one for one in config.entity if one.name == clock.entity), EntityConfig(name=clock.entity))
    lines = {one.line: one for one in six_lines.six_lines(conn, config, case, now)}
    known = _Known(conn, config, case, clock, entity, lines, now)
    return Draft(case, clock, regime, deadline, tuple(known.field(name) for name in regime.fields), now)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the case can say; one method an answer."""

    conn: Connection
    config: Config
    case: Case
    clock: Clock
    entity: EntityConfig
    lines: Mapping[Line, SixLine]
    now: datetime

    def field(self, name: str) -> Field:
        for words, answer in _ANSWERS:
            if words in name:
                return answer(self, name)
        return Field(name, "", "", "nothing here knows it")

    def nature(self, name: str) -> Field:
        said = clean(self.case.hypothesis, 600) or clean(self.case.title, 300)
        gap = "" if clean(self.case.hypothesis) else "nobody said what is believed to have happened"
        return Field(name, said, "the case's hypothesis, its title where there is none", gap)

    def people(self, name: str) -> Field:
        return self._of(name, Line.PEOPLE, "categories of people, where they are not named")

    def records(self, name: str) -> Field:
        line = self.lines[Line.WHAT]
        return Field(
            name, clean(line.answer, 400), line.source, line.unknown or "the number of records: nobody counts them here"
        )

    def contact(self, name: str) -> Field:
        return Field(name, self.entity.contact, "[[entity]]", "" if self.entity.contact else "no contact is configured")

    def measures(self, name: str) -> Field:
        made = [
            f"{one.action} on {clean(one.target, 80)} at {stamp(one.intended)}, {one.state.value.replace('_', ' ')}"
            + (", undone" if one.undone_by else "")
            for one in cases.actions_of(self.conn, self.case)
            if one.state is not ActionState.NOT_APPLIED and one.undoes is None
        ]
        gap = "what is proposed beyond that" if made else "no containment was made for its findings"
        return Field(name, "; ".join(made), "the ledger", gap)

    def aware(self, name: str) -> Field:
        said = case_said.moment(self.conn, self.case.id, self.clock.entity, "aware")
        if said is None:
            return Field(name, "", "", "nobody who may has said when; until then the clocks run from detection")
        return Field(name, stamp(said.at), f"ledger entry {said.seq}, {clean(said.who, 40)}", "")

    def late(self, name: str) -> Field:
        if self.clock.due is None or self.now <= self.clock.due:
            return Field(name, "not later", "the clock", "")
        return Field(name, f"due {due(self.clock)}", "the clock", "the reasons for the delay")

    def entity_and_state(self, name: str) -> Field:
        said = ", ".join(filter(None, (self.entity.name, self.entity.country)))
        return Field(name, said, "[[entity]]", "its class, and the Member State in which it is registered")

    def malicious(self, name: str) -> Field:
        types = {
            one for stored in reading.each(self.conn, self.case.findings[:50], self.now) for one in stored.finding.types
        }
        said = ", ".join(sorted(clean(one, 80) for one in types)[:6])
        return Field(name, said, "types of its findings", "yes or no: somebody has to say it")

    def borders(self, name: str) -> Field:
        data = case_clocks.data_of(self.config, self.case, case_clocks.members(self.conn, self.case, self.now))
        countries = list(dict.fromkeys(one for each in data.declared for one in each.countries))
        gap = "" if countries and not data.unmapped else "countries of people whose data nobody mapped"
        return Field(name, ", ".join(countries), "[[dataset]] countries", gap)

    def severity(self, name: str) -> Field:
        leaving = self.lines[Line.LEAVING]
        said = f"{self.case.severity.name}; still leaving: {clean(leaving.answer, 300) or 'UNKNOWN'}"
        return Field(name, said, leaving.source, leaving.unknown)

    def indicators(self, name: str) -> Field:
        return self._of(name, Line.WHO, "hashes, domains and the like, where there are any")

    def cause(self, name: str) -> Field:
        return self.nature(name)

    def _of(self, name: str, line: Line, besides: str) -> Field:
        found = self.lines[line]
        return Field(
            name, clean(found.answer, 600), found.source, found.unknown or ("" if clean(found.answer) else besides)
        )


_ANSWERS: Final[tuple[tuple[str, Callable[[_Known, str], Field]], ...]] = (
    ("reasons for the delay", _Known.late),
    ("of people", _Known.people),
    ("people concerned", _Known.people),
    ("users affected", _Known.people),
    ("of records", _Known.records),
    ("nature of the breach", _Known.nature),
    ("data protection officer", _Known.contact),
    ("contact", _Known.contact),
    ("measures", _Known.measures),
    ("mitigation", _Known.measures),
    ("corrective action", _Known.measures),
    ("containment", _Known.measures),
    ("became aware", _Known.aware),
    ("entity, its class", _Known.entity_and_state),
    ("malicious", _Known.malicious),
    ("cross-border", _Known.borders),
    ("severity and impact", _Known.severity),
    ("impact", _Known.severity),
    ("indicators", _Known.indicators),
    ("root cause", _Known.cause),
    ("description", _Known.nature),
)
"""Words of a field's name → what answers it, the first that fits. Everything else is a gap."""


def document(made: Draft) -> Document:
    """The draft in the form from which Markdown and HTML are made."""
    rows = tuple(
        (one.name, one.answer, Cell(f"{GAP}: {one.gap}", "unknown") if one.gap else "", one.source)
        for one in made.fields
    )
    clock = made.clock
    notices = [Notice(f"a draft: {made.gaps} of {len(made.fields)} fields have gaps; nothing was sent", "unknown")]
    if clock.asks and clock.state.value == "ask":
        notices.append(Notice(f"first to be answered: {clock.asks}", "unknown"))
    return Document(
        title=f"{made.deadline.title} ({made.deadline.phase})",
        facts=(
            ("Regime", made.regime.title),
            ("Law", f"{made.regime.law} (read {made.regime.checked})"),
            ("From", f"{clock.entity}, {clock.role}"),
            ("To", clock.to),
            ("Due", due(clock)),
            ("Not owed if", made.deadline.unless or "no exception is known here"),
            ("Case", made.case.id),
            ("As of", stamp(made.at)),
        ),
        notices=tuple(notices),
        sections=(Section("Fields", (Table(("Asked for", "Known", "Gap", "Source"), rows, "the regime names none"),)),),
    )


def as_json(made: Draft) -> dict[str, Any]:
    """The draft as data."""
    return {
        "case": made.case.id,
        "clock": made.clock.id,
        "phase": made.deadline.phase,
        "to": made.clock.to,
        "due": stamp(made.clock.due) if made.clock.due else None,
        "at": stamp(made.at),
        "gaps": made.gaps,
        "fields": [
            {"name": one.name, "answer": one.answer, "source": one.source or None, "gap": one.gap or None}
            for one in made.fields
        ],
    }
