"""How long things took, from the ledger alone: the report, its short form for the handoff, and the report as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from socconsole.model.world import DrillWorld
from socconsole.reports.document import Cell, Document, Facts, Mood, Notice, Paragraph, Points, Section, Table
from socconsole.reports.metric_words import brief, not_understood, row, waits
from socconsole.reports.times import stamp
from socconsole.store import due, lifetimes, measuring
from socconsole.store.db import Connection
from socconsole.store.instants import micros
from socconsole.store.lifetimes import Lives
from socconsole.store.metrics import DEFINITIONS, FEW, TARGET, Measure, Metric, Name, Target, target
from socconsole.store.reading import rfc3339

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

MONTH: Final = timedelta(days=30)
AIMED_AT: Final = (Name.DETECT, Name.ACKNOWLEDGE)
"""What has a target."""

LIMITS: Final = (
    "Only findings that an entry names are in it: those that somebody decided on, and critical and high threats that "
    "waited too long. What nobody touched the ledger does not know: how many wait by the store stands beside it.",
    "In a period stands what came to its end in it, and what is still open at its end, however long it has been.",
    "A containment counts from when it was first read back as applied, also where it came undone later.",
    "After `recover`, first seen is when the rebuilt store had it again, unless an earlier entry says otherwise.",
    "A finding that was decided on under two ids is two. Nothing is counted by person.",
)


@dataclass(frozen=True, slots=True)
class Report:
    """All metrics of one ledger. ``waiting`` is what the store says, not the ledger; None as of an earlier moment, of
    which it cannot tell."""

    lives: Lives
    now: datetime
    as_of: datetime
    since: datetime | None
    kind: str
    drill: DrillWorld | None
    own: tuple[Metric, ...]
    adopted: tuple[Metric, ...]
    waiting: tuple[int, datetime | None] | None
    undetected: int | None
    """Of those waiting, the ones that AWS told of since this install began: by the ledger nobody detected them."""

    @property
    def targets(self) -> list[tuple[Target, Target | None]]:
        """Each by the clock and, in a drill that runs faster than the clock, in the time of its story."""
        speed = self.drill.speed if self.drill else 1.0
        strange = self.lives.strange
        aimed = [one for one in self.own if one.name in AIMED_AT]
        found = []
        for one in aimed:
            beside = self.undetected if one.name is Name.DETECT else self.waiting and self.waiting[0]
            in_story = target(one, TARGET / speed, beside, strange) if speed != 1 else None
            found.append((target(one, TARGET, beside, strange), in_story))
        return found


def report(
    folder: StateFolder, conn: Connection, now: datetime, since: datetime | None, until: datetime | None
) -> Report:
    """What ended from ``since`` on, or is open, as of ``until`` or now. Raises ``ledger.LedgerError``."""
    as_of = min(until, now) if until else now
    store_knows = as_of == now
    lives = lifetimes.read(folder, as_of)
    start = micros(since) if since else None
    return Report(
        lives=lives,
        now=now,
        as_of=as_of,
        since=since,
        kind=folder.world.kind.value,
        drill=folder.world.drill,
        own=measuring.measure(lives, lives.own, start),
        adopted=measuring.measure(lives, lives.adopted, start),
        waiting=due.waiting(conn, now) if store_knows else None,
        undetected=due.waiting(conn, now, lives.began)[0] if store_knows else None,
    )


# --- as a document ------------------------------------------------------------------------------------------------


def document(made: Report) -> Document:
    """The report in the form from which Markdown and HTML are made."""
    drill = made.drill
    facts = [
        ("As of", f"{stamp(made.as_of)} (UTC)"),
        ("Since", stamp(made.since) if made.since else "the beginning of this ledger"),
        ("World", f"DRILL {drill.scenario} at speed {drill.speed:g}" if drill else made.kind),
        ("From", f"{made.lives.entries:,} entries of the ledger"),
    ]
    if made.waiting is not None:
        facts.append(("Waiting now (the store, not the ledger)", waits(made.waiting, made.now)))
    adopted = [_section(one, "On other installs, adopted with a handoff: ") for one in made.adopted if _any(one)]
    return Document(
        title="Metrics of a drill" if drill else "Metrics",
        facts=tuple(facts),
        notices=tuple(_notices(made)),
        sections=(_targets(made), *(_section(one) for one in made.own), *adopted, _beside(made)),
    )


def _notices(made: Report) -> Iterator[Notice]:
    if made.drill:
        yield Notice(
            f"DRILL: {made.drill.scenario}. These are times of an exercise, in a ledger of its own. They are by the "
            f"host's clock; the story passes {made.drill.speed:g} times as fast",
            "unknown",
        )
    below = sum(one.whole.below_zero for one in made.own)
    if below:
        yield Notice(f"{below:,} ended before they began: the clocks of AWS and of this host disagree", "unknown")


def _targets(made: Report) -> Section:
    rows = []
    for by_clock, in_story in made.targets:
        rows.append(_target(by_clock, f"Time to {by_clock.name}"))
        if in_story is not None:
            rows.append(_target(in_story, f"Time to {in_story.name}, in the time of the story"))
    columns = ("Target", "Verdict", "Kept", "Missed", "May still", "Cannot be told", "In the store, waiting")
    title = f"Within {TARGET // timedelta(minutes=1)} minutes"
    return Section(title, (*_strange(made.lives), Table(columns, tuple(rows), "")), "targets")


def _strange(lives: Lives) -> Iterator[Notice]:
    if said := not_understood(lives.strange):
        yield Notice(said, "unknown")


_MOODS: Final[dict[str, Mood]] = {"met": "good", "not met": "bad"}


def _target(one: Target, name: str) -> tuple[str | Cell, ...]:
    cell = Cell(one.verdict.upper() if one.verdict == "unknown" else one.verdict, _MOODS.get(one.verdict, "unknown"))
    n = one.met + one.missed
    return (
        name,
        cell,
        f"{one.met:,} of {n:,}",
        f"{one.missed:,}",
        f"{one.undecided:,}",
        f"{one.unknown:,}",
        "the store cannot tell" if one.beside is None else f"{one.beside:,}",
    )


def _section(one: Metric, before: str = "") -> Section:
    rows = [("all", one.whole), *one.by_severity.items(), *one.by_source.items()]
    columns = ("Of", "Done", "How long", "Still open", "Not in it")
    table = Table(columns, tuple(row(name, each) for name, each in rows), "")
    title = f"time to {one.name}"
    return Section(before + title if before else title.capitalize(), (Paragraph(DEFINITIONS[one.name]), table))


def _any(one: Metric) -> bool:
    return bool(one.whole.n or one.whole.open or one.whole.apart)


def _beside(made: Report) -> Section:
    out = measuring.left_out(made.lives.own)
    facts = (
        ("True positives for which no containment was ordered by name", f"{measuring.uncontained(made.lives.own):,}"),
        ("In no metric", ", ".join(f"{n:,} {why}" for why, n in sorted(out.items())) or "none"),
        ("Percentiles", f"of {FEW} and more; p90 is the smallest value that nine of ten do not exceed"),
    )
    return Section("What this is and is not", (Facts(facts), Points(LIMITS)), "limits")


# --- the short form -----------------------------------------------------------------------------------------------


def section(folder: StateFolder, now: datetime, since: datetime) -> Section:
    """For the handoff: since the last one, and the last 30 days. Raises ``ledger.LedgerError``."""
    lives = lifetimes.read(folder, now)
    spans = [measuring.measure(lives, lives.own, micros(start)) for start in (since, now - MONTH)]
    rows = tuple(
        (f"Time to {short.name}", brief(short.whole), brief(long.whole)) for short, long in zip(*spans, strict=True)
    )
    drill = "DRILL, by the host's clock. " if folder.world.drill else ""
    said = (
        f"{drill}From the ledger at {stamp(now)}, of findings and cases and never by person; `socconsole metrics` says "
        "more."
    )
    table = Table(("Metric", f"Since {stamp(since)}", "In 30 days"), rows, "")
    return Section("Metrics", (Paragraph(said), *_strange(lives), table), "metrics")


# --- as data ------------------------------------------------------------------------------------------------------


def as_json(made: Report) -> dict[str, Any]:
    """The report as data; durations in seconds, null where there are too few or none."""
    return {
        "as_of": rfc3339(made.as_of),
        "since": rfc3339(made.since),
        "world": made.kind,
        "drill": {"scenario": made.drill.scenario, "speed": made.drill.speed} if made.drill else None,
        "targets": [
            {**_target_json(by_clock), "in_story": _target_json(in_story) if in_story else None}
            for by_clock, in_story in made.targets
        ],
        "metrics": [_metric_json(one) for one in made.own],
        "adopted": [_metric_json(one) for one in made.adopted],
        "left_out": dict(measuring.left_out(made.lives.own)),
        "uncontained": measuring.uncontained(made.lives.own),
        "entries": made.lives.entries,
        "not_understood": made.lives.strange,
        "store": {"waiting": made.waiting[0], "first_seen": rfc3339(made.waiting[1])} if made.waiting else None,
    }


def _target_json(one: Target) -> dict[str, Any]:
    return {
        "metric": one.name.value,
        "limit_s": one.limit.total_seconds(),
        "verdict": one.verdict,
        "met": one.met,
        "missed": one.missed,
        "undecided": one.undecided,
        "unknown": one.unknown,
        "store_waiting": one.beside,
    }


def _metric_json(one: Metric) -> dict[str, Any]:
    return {
        "metric": one.name.value,
        "definition": DEFINITIONS[one.name],
        **_measure_json(one.whole),
        "by_severity": {name: _measure_json(each) for name, each in one.by_severity.items()},
        "by_source": {name: _measure_json(each) for name, each in one.by_source.items()},
    }


def _measure_json(one: Measure) -> dict[str, Any]:
    return {
        "n": one.n,
        "of": one.n + one.open,
        "values_s": [value / 1e6 for value in one.took] if one.n < FEW else None,
        "median_s": None if one.median is None else one.median / 1e6,
        "p90_s": None if one.p90 is None else one.p90 / 1e6,
        "max_s": one.took[-1] / 1e6 if one.took else None,
        "below_zero": one.below_zero,
        "open": one.open,
        "oldest_open_s": one.waiting[-1] / 1e6 if one.waiting else None,
        "open_without_age": one.ageless,
        "snoozed": one.snoozed,
        "apart": dict(one.apart),
        "apart_longest_s": one.waited[-1] / 1e6 if one.waited else None,
    }
