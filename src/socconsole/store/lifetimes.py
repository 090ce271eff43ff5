"""From seen to closed, of every finding and case, as the ledger tells it and nothing else does. Pure but for
:func:`read`, which reads it.

Nobody who acted is kept: what is made of this is about findings and cases, never about people. Moments are µs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from socconsole.model.action import ActionState
from socconsole.model.entry import Line
from socconsole.model.finding import Severity, Verdict
from socconsole.store import adopted, facts, ledger
from socconsole.store.instants import micros

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder


@dataclass(slots=True)
class Finding:
    """One finding. A moment is None where the ledger does not tell it, or where it has not come."""

    met: int
    """When the first entry about it was made."""
    severity: str = ""
    """As when it was last told; empty where it never was."""
    kind: str = ""
    sources: str = ""
    happened: int | None = None
    published: int | None = None
    seen: int | None = None
    decided: list[tuple[str, str, int, str]] = field(default_factory=list)
    """(batch, field, when, value) of every decision that was not taken back."""
    cased: int | None = None
    """When it was first put into a case."""
    ordered: int | None = None
    """When a containment was first ordered for it, or done by hand and put on record."""
    contained: int | None = None
    ended: int | None = None
    how: str = ""
    """How AWS ended it: ``gone``, ``archived``, ``resolved``, ``suppressed``."""

    @property
    def taken_up(self) -> int | None:
        """When anybody first acknowledged or claimed it, gave a verdict, put it into a case or contained it."""
        acts = [at for _, field_, at, _ in self.decided if field_ in _TAKES_UP]
        return min([*acts, *(at for at in (self.cased, self.ordered) if at is not None)], default=None)

    @property
    def judged(self) -> tuple[int, str] | None:
        """The first verdict that stands, with what it says."""
        given = [(at, value) for _, field_, at, value in self.decided if field_ == "verdict" and value != "UNKNOWN"]
        return min(given, default=None)

    @property
    def verdict(self) -> str:
        """What it turned out to be, as last said; empty where nobody did."""
        given = [(at, value) for _, field_, at, value in self.decided if field_ == "verdict"]
        return max(given, default=(0, ""))[1]

    def snoozed(self, at: int) -> bool:
        """Whether its last snooze runs at that moment."""
        given = [(made, int(until)) for _, field_, made, until in self.decided if field_ == "snooze"]
        return max(given, default=(0, 0))[1] > at


@dataclass(slots=True)
class Case:
    """One case."""

    severity: str
    opened: int
    closed: int | None = None
    merged: int | None = None


@dataclass(slots=True)
class Book:
    """What was begun on one side: here, or on installs whose entries were adopted."""

    findings: dict[str, Finding] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)
    """Of every containment ordered for a finding: which."""


@dataclass(slots=True)
class Lives:
    """All of them. ``strange`` counts entries that could not be understood."""

    as_of: int
    began: int | None = None
    """When the ledger began; of a drill, when its story did."""
    world: Mapping[str, Any] = field(default_factory=dict)
    own: Book = field(default_factory=Book)
    adopted: Book = field(default_factory=Book)
    entries: int = 0
    strange: int = 0


def read(folder: StateFolder, as_of: datetime) -> Lives:
    """Everything up to that moment. Raises ``ledger.LedgerError``."""
    return of(ledger.lines(folder, verbs=(*_ACTS, adopted.ADOPTED, ledger.WORLD)), as_of)


def of(lines: Iterable[Line], as_of: datetime) -> Lives:
    """What these entries, in their order, say was so at that moment."""
    lives = Lives(micros(as_of))
    taken: set[tuple[str, int]] = set()
    for line in lines:
        if line.entry.verb == ledger.WORLD:
            lives.world, lives.began = line.entry.data, _began(line)
            continue
        try:
            origin = adopted.origin_of(line)
            made = adopted.as_made(line)
            when = facts.moment(made.entry.data.get("now")) or micros(made.at)
            act = _ACTS.get(made.entry.verb)
            if act is None or micros(line.at) > lives.as_of:
                continue
            if line is not made:  # counted once: not as ours when it comes home, nor when it is handed on twice
                if origin.install == line.install or (origin.install, origin.seq) in taken:
                    continue
                taken.add((origin.install, origin.seq))
            act(lives, lives.own if line is made else lives.adopted, made, when)
            lives.entries += 1
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            lives.strange += 1
    return lives


def _began(line: Line) -> int:
    drill = line.entry.data.get("drill")
    try:
        return micros(datetime.fromisoformat(drill["started"])) if drill else micros(line.at)
    except (LookupError, TypeError, ValueError):
        return micros(line.at)


_TAKES_UP: Final = frozenset({"ack", "owner", "verdict"})
_FIELDS: Final = {"acknowledge": "ack", "claim": "owner", "verdict": "verdict", "snooze": "snooze"}


def _known(book: Book, line: Line, id_: str, when: int) -> Finding:
    """The finding, with what this entry tells of it."""
    found = book.findings.get(id_)
    if found is None:
        found = book.findings[id_] = Finding(when)
    found.met = min(found.met, when)
    told = facts.told(line.entry.data, id_)
    if told is not None:
        found.severity = told.severity or found.severity
        found.kind, found.sources = told.kind or found.kind, told.sources or found.sources
        found.happened = _earlier(found.happened, told.happened)
        found.published = _earlier(found.published, told.published)
        found.seen = _earlier(found.seen, told.seen)
    return found


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _told(lives: Lives, book: Book, line: Line, when: int) -> None:
    for id_ in line.entry.subjects:
        found = _known(book, line, id_, when)
        if line.entry.verb == "unacknowledged":  # AWS ended it, and told it again since: it waits
            found.ended = None


def _decided(lives: Lives, book: Book, line: Line, when: int) -> None:
    data, verb = line.entry.data, line.entry.verb
    batch, value = str(data["batch"]), ""
    if verb == "verdict":
        value = Verdict(data["verdict"]).value
    elif verb == "snooze":
        value = str(int(data["until"]))
    for id_ in line.entry.subjects:
        _known(book, line, id_, when).decided.append((batch, _FIELDS[verb], when, value))


def _taken_back(lives: Lives, book: Book, line: Line, when: int) -> None:
    batch, taken = str(line.entry.data["of"]), str(line.entry.data["field"])
    for id_ in line.entry.data["restore"]:
        found = book.findings.get(id_)
        if found is not None:
            found.decided = [one for one in found.decided if one[:2] != (batch, taken)]


def _intended(lives: Lives, book: Book, line: Line, when: int) -> None:
    data = line.entry.data
    id_ = data.get("finding")
    if id_ and not data.get("undoes"):
        found = _known(book, line, str(id_), when)
        found.ordered = _earlier(found.ordered, when)
        book.actions[str(data["id"])] = str(id_)


def _learnt(lives: Lives, book: Book, line: Line, when: int) -> None:
    """What is true of a containment, in the book where it was ordered, whoever looked."""
    data = line.entry.data
    for each in (lives.own, lives.adopted):
        id_ = each.actions.get(str(data["id"]))
        if id_ is not None and ActionState(data["state"]) is ActionState.APPLIED:
            each.findings[id_].contained = _earlier(each.findings[id_].contained, when)


def _by_hand(lives: Lives, book: Book, line: Line, when: int) -> None:
    data = line.entry.data
    if data.get("finding"):
        found = _known(book, line, str(data["finding"]), when)
        found.ordered = _earlier(found.ordered, when)
        if data["still_needed"] is False:
            found.contained = _earlier(found.contained, when)


def _ended(lives: Lives, book: Book, line: Line, when: int) -> None:
    how = str(line.entry.data["how"])
    for id_ in line.entry.subjects:
        found = _known(book, line, id_, when)
        if found.ended is None:
            found.ended, found.how = when, how


def _opened(lives: Lives, book: Book, line: Line, when: int) -> None:
    data = line.entry.data
    book.cases[str(data["case"])] = Case(Severity[str(data["severity"])].name, when)
    _attached(lives, book, line, when)


def _attached(lives: Lives, book: Book, line: Line, when: int) -> None:
    for id_ in line.entry.subjects:
        found = _known(book, line, id_, when)
        found.cased = _earlier(found.cased, when)


def _changed(lives: Lives, book: Book, line: Line, when: int) -> None:
    data = line.entry.data
    case = _case(lives, data)
    if data["field"] == "severity":
        case.severity = Severity[str(data["value"])].name
    elif data["field"] == "status":  # a status is set by hand: the case is open, again where it was closed
        case.closed = None


def _closed(lives: Lives, book: Book, line: Line, when: int) -> None:
    _case(lives, line.entry.data).closed = when


def _merged(lives: Lives, book: Book, line: Line, when: int) -> None:
    _case(lives, line.entry.data).merged = when


def _case(lives: Lives, data: Mapping[str, Any]) -> Case:
    """The case that an entry is about, in the book where it was opened."""
    id_ = str(data["case"])
    return lives.own.cases[id_] if id_ in lives.own.cases else lives.adopted.cases[id_]


_ACTS: Final[Mapping[str, Callable[[Lives, Book, Line, int], None]]] = {
    "acknowledge": _decided,
    "claim": _decided,
    "verdict": _decided,
    "snooze": _decided,
    "note": _told,
    "take_back": _taken_back,
    "unacknowledged": _told,
    "snooze_ended": _told,
    "ended": _ended,
    "intent": _intended,
    "outcome": _learnt,
    "verified": _learnt,
    "resolved": _learnt,
    "recorded": _by_hand,
    "case_open": _opened,
    "case_attach": _attached,
    "case_change": _changed,
    "case_close": _closed,
    "case_merge": _merged,
}
"""What is measured, by verb."""
