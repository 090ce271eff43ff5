"""How far ``LookupEvents`` has been read: what is still to be listed, newest first, and how far behind that is.

CloudTrail delivers late: most events within five minutes, nearly all within fifteen (CloudTrail User Guide, "How
CloudTrail works"). So every reading begins before the last one ended: by the usual delay, and every few minutes by
all of it. Whatever is not read when a reading ends, for throttling or want of time, stays owed; nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

USUAL: Final = timedelta(minutes=5)
"""How far each reading looks back behind the last one."""

LATE: Final = timedelta(minutes=15)
"""How late an event may be told; every :data:`DEEP` a reading looks back as far behind the last one that did."""

DEEP: Final = timedelta(minutes=5)

FIRST: Final = timedelta(hours=24)
"""What the first reading of a place goes back."""

KEPT: Final = timedelta(days=30)
"""The longest gap that is read up: events are kept as long (``store.trail``)."""

WINDOW: Final = timedelta(hours=24)
"""The longest window that is listed at once: what is cut short goes on below what was told."""


class Span(msgspec.Struct, frozen=True):
    """To be listed from ``until`` down to ``since``. What is before ``begin`` was listed once already, and is looked
    through again for what came late."""

    since: datetime
    until: datetime
    begin: datetime

    @property
    def owed(self) -> bool:
        """Whether some of it was never listed."""
        return self.until > self.begin

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The part to be listed next: its newest."""
        return max(self.since, self.until - WINDOW), self.until


class Group(msgspec.Struct, frozen=True):
    """How far a log group was read: up to ``mark``, and up to ``settled`` when nothing could come late any more."""

    mark: datetime
    settled: datetime


class Cursor(msgspec.Struct, frozen=True):
    """Everything that happened before ``mark`` was listed, but for ``spans``."""

    mark: datetime
    deep: datetime
    """When the last reading began that looked back by all of :data:`LATE`."""
    spans: tuple[Span, ...] = ()
    """Newest first, not overlapping."""
    looked: datetime | None = None
    """When the place was last asked what its trails record."""
    groups: dict[str, Group] = {}
    """By ARN the log groups that trails send to."""
    buckets: tuple[str, ...] = ()
    """Buckets in which a trail writes all that changes something here."""
    failing: str = ""
    """Which trails AWS cannot deliver for, in words."""


def stored(text: str | None) -> Cursor | None:
    """What :func:`kept` wrote; None (begin anew) for what is no cursor of ours."""
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=Cursor)
    except (msgspec.DecodeError, ValueError):
        return None


def kept(cursor: Cursor) -> str:
    return msgspec.json.encode(cursor).decode()


def begin(last: Cursor | None, now: datetime) -> Cursor:
    """The cursor of a reading that starts now, with what is new owed first."""
    if last is None:
        return Cursor(now, now, (Span(now - FIRST, now, now - FIRST),))
    mark = min(last.mark, now)  # a clock may have been set back
    deep = min(last.deep, now)
    due = now - deep >= DEEP
    since = max(deep - LATE if due else mark - USUAL, now - KEPT)
    fresh = Span(since, now, max(mark, since))
    return msgspec.structs.replace(
        last, mark=now, deep=now if due else deep, spans=_merged((fresh, *last.spans), now - KEPT)
    )


def _merged(spans: Sequence[Span], floor: datetime) -> tuple[Span, ...]:
    """The same, newest first, with those that meet made one; what is older than ``floor`` is given up."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: one.until, reverse=True):
        if span.until <= floor:
            continue
        if found and span.until >= found[-1].since:
            last = found.pop()
            owed = [one.begin for one in (last, span) if one.owed]
            begun = min(owed) if owed else max(last.until, span.until)
            span = Span(min(last.since, span.since), max(last.until, span.until), begun)
        found.append(span)
    return tuple(found)


def reached(cursor: Cursor, at: datetime) -> Cursor:
    """The first span has been listed down to ``at``, which may have more events than were told."""
    first, *rest = cursor.spans
    if at < first.until:
        first = msgspec.structs.replace(first, until=max(at, first.since))
    return msgspec.structs.replace(cursor, spans=(first, *rest))


def listed(cursor: Cursor, down_to: datetime) -> Cursor:
    """The first span's window down to ``down_to`` has been listed whole."""
    first, *rest = cursor.spans
    if down_to <= first.since:
        return msgspec.structs.replace(cursor, spans=tuple(rest))
    return msgspec.structs.replace(cursor, spans=(msgspec.structs.replace(first, until=down_to), *rest))


def behind(cursor: Cursor, now: datetime) -> str:
    """How far behind the reading is, in words; empty when it is not."""
    owed = [span.begin for span in cursor.spans if span.owed]
    if owed:
        return far(min(owed), now)
    if cursor.spans:
        return f"to be looked through again for late events since {min(span.since for span in cursor.spans):%H:%MZ}"
    return ""


def far(at: datetime, now: datetime) -> str:
    """``read to 03:04Z, 9 min behind``."""
    minutes = max(0, round((now - at).total_seconds() / 60))
    when = f"{at:%H:%MZ}" if now - at < timedelta(hours=20) else f"{at:%Y-%m-%d %H:%MZ}"
    size = f"{minutes} min" if minutes <= 180 else f"{minutes // 60} h"
    return f"read to {when}, {size} behind"
