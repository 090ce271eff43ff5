"""Decisions on findings that travel with a handoff: which of them do, which are sound, and what they meet here.

Two installs may have decided about the same while neither saw the other: the later decision counts, by the clocks that
they were made by. A finding that is not known here yet is decided about all the same, and shows it when it arrives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any, Final

from socconsole.model.entry import Entry, Line
from socconsole.model.finding import Verdict
from socconsole.store import adopted, decisions, ledger, reading
from socconsole.store.adopted import Origin
from socconsole.store.instants import instant, micros
from socconsole.store.project_decisions import FIELD_OF
from socconsole.text import clean, token

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

_FINDING: Final = re.compile(r"f-[0-9a-f]{12}")
_BATCH: Final = re.compile(r"b-[0-9a-f]{12}")
_AHEAD: Final = timedelta(minutes=5)
"""By which the clocks of two machines may differ."""


def of_open(conn: Connection, in_cases: Iterable[str]) -> list[int]:
    """Entries, by sequence, that decided about findings that are open, or are among ``in_cases`` (ids), and those that
    took such a decision back. What AWS has not told anew since a recovery may be open, and counts as open."""
    rows = conn.execute(
        "WITH wanted AS (SELECT value AS id FROM json_each(?)) "
        "SELECT l.seq, l.taken_by FROM decision_log AS l JOIN decided AS k ON k.finding_id = l.finding_id "
        "LEFT JOIN queue AS q ON q.n = k.n "
        "WHERE q.n IS NULL OR q.closed = 0 OR l.finding_id IN wanted OR q.id IN wanted",
        (json.dumps(list(in_cases)),),
    )
    return sorted({seq for row in rows for seq in row if seq is not None})


def unsound(made: Entry, now: datetime) -> str:
    """Why a decision is none that this program would have let anybody make; empty when it is one."""
    data = made.data
    if not made.who or clean(made.who, 2_048) != made.who:
        return "its analyst is no plain name"
    if len(made.subjects) > decisions.IDS_LIMIT or not all(map(_FINDING.fullmatch, made.subjects)):
        return "it is about something that is no finding"
    if not _BATCH.fullmatch(str(data.get("batch"))) or not isinstance(data.get("now"), int):
        return "it does not say when it was made, or with what"
    if any(len(text) > decisions.TEXT_LIMIT for text in made.private.values()):
        return "its text is too long"
    if made.verb == "verdict" and data.get("verdict") not in {one.value for one in Verdict}:
        return f"its verdict is none: {clean(str(data.get('verdict')), 40)}"
    if made.verb == "snooze":
        until = data.get("until")
        if not isinstance(until, int) or until > micros(now + decisions.SNOOZE_LIMIT + _AHEAD):
            return f"it hides findings for longer than {decisions.SNOOZE_LIMIT.days} days"
    if made.verb == "take_back":
        restore = data.get("restore")
        if data.get("field") not in FIELD_OF.values() or not _BATCH.fullmatch(str(data.get("of"))):
            return "it does not say what it takes back"
        if not isinstance(restore, Mapping) or not set(restore) <= set(made.subjects):
            return "it takes back what it is not about"
    return ""


@dataclass(frozen=True, slots=True)
class Said:
    """A decision, and who made it when."""

    verb: str
    who: str
    at: datetime
    install: str

    def __str__(self) -> str:
        return f"{self.verb.replace('_', ' ')} by {clean(self.who, 60)} at {self.at:%Y-%m-%d %H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both installs decided about the same of a finding. ``kept``: what is decided here is later, and stands."""

    finding: str
    here: Said
    theirs: Said
    kept: bool

    def __str__(self) -> str:
        if self.kept:
            return f"{token(self.finding)}: {self.here} stands; theirs is older: {self.theirs}"
        return f"{token(self.finding)}: {self.theirs} counts now; what was decided here is older: {self.here}"


@dataclass(frozen=True, slots=True)
class Meeting:
    """What decisions of another install come to here. ``stands``: of each, the findings it changes nothing about."""

    stands: tuple[frozenset[str], ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    awaited: frozenset[str] = field(default_factory=frozenset)
    """Findings that are not known here yet."""


def meet(folder: StateFolder, conn: Connection, theirs: Sequence[tuple[Origin, Entry]]) -> Meeting:
    """Compare decisions of another install, oldest first, with what is decided here. Raises ``ledger.LedgerError``."""
    here = _Here(folder, conn, {id_ for _, made in theirs for id_ in made.subjects})
    stands: list[frozenset[str]] = []
    found: dict[tuple[str, str], Conflict] = {}
    for origin, made in theirs:
        if made.verb == "take_back":  # which reverts nothing but what came from there
            for key in [(id_, str(made.data["field"])) for id_ in made.subjects]:
                found.pop(key, None)
            stands.append(frozenset())
            continue
        said = Said(made.verb, made.who, instant(int(made.data["now"])), origin.install)
        kept = set()
        for id_ in made.subjects:
            ours = here.last(id_, FIELD_OF[made.verb])
            later = ours is not None and (ours.at, ours.install == folder.install) > (said.at, False)
            if later or (made.verb == "snooze" and here.sequence(id_)):
                kept.add(id_)
            if ours is not None and ours.install != said.install:
                found[id_, FIELD_OF[made.verb]] = Conflict(id_, ours, said, later)
        stands.append(frozenset(kept))
    return Meeting(tuple(stands), tuple(found.values()), here.unknown)


class _Here:
    """What was decided here last about findings, whichever of its ids it was filed under; a taking back is one too."""

    def __init__(self, folder: StateFolder, conn: Connection, ids: Iterable[str]) -> None:
        self._types: dict[str, str] = {}
        changes: dict[tuple[str, str], set[int]] = {}
        unknown = set()
        for id_ in sorted(ids):
            current = reading.resolve(conn, id_)
            if current is None:
                unknown.add(id_)
            else:
                (self._types[id_],) = conn.execute("SELECT types FROM finding WHERE id = ?", (current,)).fetchone()
            rows = conn.execute(
                "SELECT field, seq, taken_by FROM decision_log WHERE finding_id = ?1 OR finding_id IN "
                "(SELECT k.finding_id FROM decided AS k JOIN finding AS f ON f.n = k.n WHERE f.id = ?2)",
                (id_, current),
            )
            for name, *seqs in rows:
                changes.setdefault((id_, name), set()).update(seq for seq in seqs if seq is not None)
        self.unknown = frozenset(unknown)
        lines = ledger.get(folder, sorted({seq for seqs in changes.values() for seq in seqs}))
        self._last = {
            key: max((_said(lines[seq]) for seq in seqs if seq in lines), key=lambda said: said.at, default=None)
            for key, seqs in changes.items()
        }

    def last(self, id_: str, name: str) -> Said | None:
        return self._last.get((id_, name))

    def sequence(self, id_: str) -> bool:
        """Whether it is an attack sequence, which is never snoozed."""
        return decisions.SEQUENCE in self._types.get(id_, "").casefold()


def _said(line: Line) -> Said:
    made = adopted.as_made(line)
    data: Mapping[str, Any] = made.entry.data
    at = instant(int(data["now"])) if "now" in data else made.at
    return Said(made.entry.verb, made.entry.who, at, made.install)
