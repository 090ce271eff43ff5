"""Taking in what AWS says: records become observations, observations become findings, in one transaction.

A batch (``intake``), its source's answer and the cursor that says "read up to here" are committed together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from socconsole import triage
from socconsole.formats import Deferred, Quarantined, Record
from socconsole.model.egress import AlarmChange, Listing
from socconsole.model.finding import Observation, alias_key
from socconsole.model.posture import Evaluation
from socconsole.model.source import Answer
from socconsole.model.trail import Recordings, TrailEvent
from socconsole.store import (
    alarmed,
    egress_intake,
    folding,
    gone,
    posture_intake,
    quarantine,
    recording,
    remerge,
    sources,
    trail,
)
from socconsole.store.codec import train_if_due
from socconsole.store.db import transaction
from socconsole.store.intake import Intake, ident_of
from socconsole.store.reading import bodies, get, resolve

__all__ = ["Counts", "alias_key", "bodies", "commit", "get", "resolve", "take"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a batch came to: ``read == new + updated + unchanged + quarantined + deferred``."""

    read: int = 0
    new: int = 0
    """Records that made a finding, and trail events and changes of alarms that were not stored."""
    updated: int = 0
    """Records that changed or joined a finding that was there."""
    unchanged: int = 0
    quarantined: int = 0
    deferred: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.new + other.new,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.quarantined + other.quarantined,
            self.deferred + other.deferred,
        )


def commit(
    conn: Connection,
    records: Iterable[Record],
    *,
    answer: Answer | None,
    origin: str,
    now: datetime,
    cursor: str | None = None,
    context: triage.Context | None = None,
    live: bool | None = None,
    listings: Iterable[Listing] = (),
    recordings: Recordings | None = None,
    evaluation: Evaluation | None = None,
) -> Counts:
    """Store a batch, the source's answer and the collector's cursor: all of it, or nothing.

    ``origin`` names where the records come from: ``sources.origin_of(key)`` for a source, else a file; with
    ``cursor`` it is also the name the cursor is kept under. ``live`` (default: there is an answer) says that
    AWS speaks now: its record replaces the one before unless it is older. Imported records never replace what
    AWS said later. Of two of one date that contradict each other the fuller counts, then the more severe, then the
    one read later; both bodies are kept, and what is stored already is not weighed again, so importing twice
    changes nothing. Batches of a few hundred are a good size. ``listings`` are what was read of ways out: alarms among
    them, and changes of alarms among the records, become findings too, and move the scores of those on their path.
    """
    taken: list[Observation] = []
    events: list[TrailEvent] = []
    changes: list[AlarmChange] = []
    rest: list[Quarantined | Deferred] = []
    for item in records:
        if isinstance(item, Observation):
            taken.append(item)
        elif isinstance(item, TrailEvent):
            events.append(item)
        elif isinstance(item, AlarmChange):
            changes.append(item)
        else:
            rest.append(item)
    spoken = answer is not None if live is None else live
    estate = context or triage.Context()
    with transaction(conn):
        train_if_due(conn, taken)
        back = gone.seen_again(conn, (ident_of(obs) for obs in taken)) if spoken else []
        intake = Intake(conn, origin, spoken, now, estate)
        intake.take(taken)
        for n in back:
            remerge.again(conn, n, now, estate)
        fresh, known = trail.take(conn, events, origin=origin, now=now)
        told = egress_intake.take(conn, changes, listings, now)
        if told.findings:
            Intake(conn, origin, spoken, now, estate).take(told.findings)
        for n in alarmed.touching(conn, told.alarmed):
            remerge.again(conn, n, now, estate)
        if recordings is not None:
            recording.take(conn, recordings, now)
        if evaluation is not None:
            Intake(conn, origin, spoken, now, estate).take(posture_intake.take(conn, evaluation))
        quarantine.keep(conn, rest, origin, now)
        if answer is not None:
            sources.record(conn, answer, now)
        if cursor is not None:
            sources.save_cursor(conn, origin, cursor)
        folding.settle(conn, now)
    deferred = sum(isinstance(item, Deferred) for item in rest)
    return Counts(
        len(taken) + len(events) + len(changes) + len(rest),
        intake.new + fresh + told.new,
        intake.updated,
        intake.unchanged + known + len(changes) - told.new,
        len(rest) - deferred,
        deferred,
    )


def take(
    conn: Connection,
    observations: Sequence[Observation],
    *,
    origin: str,
    now: datetime,
    context: triage.Context | None = None,
) -> None:
    """Store observations as the present truth of their origin, in the caller's transaction."""
    Intake(conn, origin, True, now, context or triage.Context()).take(observations)
