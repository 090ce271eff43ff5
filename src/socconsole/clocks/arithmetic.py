"""Adding a period to a moment, as the law counts and never later.

Regulation (EEC, Euratom) No 1182/71 governs periods of EU law: one in hours begins after the hour of the event (Art.
3(1)), one in days or months ends with the last hour of its last day (Art. 3(2)), and one that would end on a public
holiday, Saturday or Sunday ends with the next working day (Art. 3(4)). Each of these makes a deadline later. None of
them is used here: a clock that somebody works by counts from the event itself, to the minute, over the weekend.
"""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from socconsole.clocks.regime import Period, Unit


def add(start: datetime, period: Period, zone: ZoneInfo) -> datetime:
    """The end of a period that begins at ``start`` (with its zone), in UTC-aware time.

    Minutes and hours pass as they do on a clock that nobody changes: 72 hours are 72 hours over a change to summer
    time. Days, working days and months are those of the calendar of ``zone``, at the same time of day; a day of the
    month that the last month lacks is its last one. Working days are Monday to Friday: public holidays are not known
    here, which makes it earlier, never later.
    """
    if period.length is not None:
        return (start.astimezone(UTC) + period.length).astimezone(start.tzinfo)
    local = start.astimezone(zone)
    day = local.date()
    if period.unit is Unit.MONTHS:
        months = day.year * 12 + day.month - 1 + period.count
        year, month = divmod(months, 12)
        day = day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))
    elif period.unit is Unit.DAYS:
        day += timedelta(days=period.count)
    else:
        for _ in range(period.count):
            day += timedelta(days=1)
            while day.weekday() >= 5:
                day += timedelta(days=1)
    ends = datetime.combine(day, time(local.hour, local.minute, local.second, local.microsecond), zone)
    # An hour that the change to summer time leaves out did not exist: what stands before it is earlier.
    return min(ends.replace(fold=0), ends.replace(fold=1), key=datetime.timestamp).astimezone(start.tzinfo)
