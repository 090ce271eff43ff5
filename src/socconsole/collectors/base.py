"""What a collector yields, and what trouble on the way means for the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from socconsole.aws import AwsTrouble, Kind
from socconsole.formats import Record
from socconsole.model.egress import Listing
from socconsole.model.posture import Evaluation
from socconsole.model.source import NOTHING, Answer, Freshness, SourceKey
from socconsole.model.trail import Recordings
from socconsole.text import Untrusted, clean

_OUTCOMES: Final = {Kind.DENIED: Freshness.DENIED, Kind.OFF: Freshness.OFF}


@dataclass(frozen=True, slots=True)
class Batch:
    """A few hundred records at most, to be committed together with ``cursor``.

    ``complete`` is said by the last batch of a reading that left nothing out: everything that AWS keeps and
    that is open, and every change since. Only then does the absence of a finding mean anything.
    """

    records: tuple[Record, ...]
    cursor: str | None
    """Where the next reading goes on, opaque to everyone else; None leaves the stored one as it is."""
    complete: bool
    progress: tuple[int, int] | None = None
    """(k, n) while history is still being read: days of it, newest first."""
    note: Untrusted = NOTHING
    """What else to know of this source's answers, which is no fault of theirs."""
    missing: tuple[str, ...] = ()
    """Of a sweep: ids that AWS had no answer for. Once may be an index that lags; see ``store.gone``."""
    listings: tuple[Listing, ...] = ()
    """What was read of ways out, their alarms and meters: the present truth of a place or a series."""
    recordings: Recordings | None = None
    """What the trails of a place record, where that was asked."""
    evaluation: Evaluation | None = None
    """What the posture checks came to in a place: one whole round."""
    detail: Untrusted = NOTHING
    """Why it is not complete, in words, where ``progress`` does not say it: how far behind it is."""
    remedy: str = ""
    """What mends that, where something does."""


def chunks(ids: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """Each id once, in order, at most ``size`` together."""
    rest = iter(dict.fromkeys(ids))
    while some := tuple(islice(rest, size)):
        yield some


def answer_of(trouble: AwsTrouble, key: SourceKey, interval_s: float) -> Answer:
    """What a failed attempt says of its source, with what mends it."""
    outcome = _OUTCOMES.get(trouble.kind, Freshness.ERROR)
    said = trouble.detail.raw()
    words = f"{trouble.operation}: {said}" if outcome is not Freshness.ERROR else f"{trouble.kind}: {said}"
    return Answer(key, outcome, Untrusted(clean(words)), trouble.remedy, interval_s)
