"""Metrics on one screen: how long things took, what still waits, what is in neither. Read once, when it is opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from socconsole.reports import metrics
from socconsole.reports.metric_words import apart, brief, not_understood, waits
from socconsole.reports.metrics import Report
from socconsole.screens.reader import ReadScreen
from socconsole.store.metrics import DEFINITIONS, TARGET, Metric, Name, Target
from socconsole.widgets.detail import Body, Piece, Section

if TYPE_CHECKING:
    from datetime import datetime

    from socconsole.screens.desk import Desk
    from socconsole.store.db import Connection

_LABELS: Final = {Name.ACKNOWLEDGE: "ack"}
"""What there is no room for beside a section."""
_STYLES: Final = {"met": "good", "not met": "bad"}


async def read(desk: Desk, length: timedelta | None) -> ReadScreen:
    """The screen, of the last ``length`` or of all the ledger. Raises ``ledger.LedgerError``."""
    now = desk.now()

    def asked(conn: Connection, at: datetime) -> Report:
        return metrics.report(desk.folder, conn, at, None if length is None else at - length, None)

    made = await desk.read(asked, now)
    of = f"DRILL {made.drill.scenario} at speed {made.drill.speed:g}, by the host's clock" if made.drill else made.kind
    since = f"since {desk.stamp(made.since)}" if made.since else "since this ledger began"
    title: Body = [("Metrics: ", "quiet"), (of, "strong"), (f", {since}, as of {desk.stamp(made.as_of)}", "quiet")]
    return ReadScreen(desk, title, sections(made))


def sections(made: Report) -> Sequence[Section]:
    """The rows: targets first, then each metric whole and by group, then what this is and is not."""
    minutes = TARGET // timedelta(minutes=1)
    unread = not_understood(made.lives.strange)
    doubt: list[Body] = [[(unread, "unknown")]] if unread else []
    found = [Section(f"in {minutes} min", [*doubt, *_targets(made)])]
    found += [Section(_LABELS.get(one.name, one.name), list(_metric(one))) for one in made.own]
    for one in made.adopted:
        if one.whole.n or one.whole.open:
            found.append(Section("adopted", [[(f"{one.name}, on another install", "strong")], *_metric(one)]))
    store: Body = "not asked" if made.waiting is None else waits(made.waiting, made.now)
    found.append(Section("store", [store]))
    found.append(Section("limits", [[(line, "quiet")] for line in metrics.LIMITS]))
    return found


def _targets(made: Report) -> Iterator[Body]:
    for by_clock, in_story in made.targets:
        yield _target(by_clock, "")
        if in_story is not None:
            yield _target(in_story, ", in the time of the story")


def _target(one: Target, how: str) -> Body:
    said = one.verdict.upper() if one.verdict == "unknown" else one.verdict
    rest = [
        f"{n:,} {what}"
        for n, what in (
            (one.missed, "did not"),
            (one.undecided, "still may"),
            (one.unknown, "cannot be told"),
            (one.beside or 0, "wait in the store"),
        )
        if n
    ]
    return [
        (f"{one.name}{how}: ", "text"),
        (said, _STYLES.get(one.verdict, "unknown")),
        (f", {one.met:,} of {one.met + one.missed:,} kept it", "text"),
        ("".join(f"; {part}" for part in rest), "quiet"),
    ]


def _metric(one: Metric) -> Iterator[Body]:
    yield [(DEFINITIONS[one.name], "quiet")]
    yield [("all  ", "strong"), (brief(one.whole), "text")]
    for name, each in (*one.by_severity.items(), *one.by_source.items()):
        line: list[Piece] = [(f"{name}  ", "accent"), (brief(each), "text")]
        yield line
    if one.whole.below_zero:
        yield [(f"{one.whole.below_zero:,} below zero: the clocks of AWS and of this host disagree", "unknown")]
    if one.whole.apart:
        yield [(f"not in it: {apart(one.whole)}", "quiet")]
