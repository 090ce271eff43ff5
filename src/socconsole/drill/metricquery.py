"""``MetricDataQueries`` answered: for GetMetricData, and for alarms over metrics or expressions.

GetMetricData's periods begin at multiples of their length where that divides a day, longer and odd ones at its
StartTime; a point belongs to a request if its period begins within it. An alarm's periods end when it is evaluated.

An anomaly detection band is, for each period, the mean of the metric at the same time of day on the fourteen days
before (with the periods next to it) plus and minus its width times the standard deviation of these values, at least
one per cent of the mean; there is none with fewer than three values. CloudWatch's own model is not public.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.errors import AwsError
from socconsole.drill.metricmath import BadExpression, Band, Scope, Series, Value, compute
from socconsole.drill.metrics import Place, metric_of
from socconsole.drill.metricstats import known, periods, statistic

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

MOST: Final = 500
_ID: Final = re.compile(r"[a-z][a-zA-Z0-9_]*")
_DAY: Final = 86400
_DAYS: Final = 14
_FINE: Final = (1, 5, 10, 20, 30)


def invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def check(queries: Sequence[Mapping[str, Any]]) -> None:
    """Raises ``ValidationError`` for what AWS refuses before it looks at any metric."""
    if not 1 <= len(queries) <= MOST:
        raise invalid(f"The collection MetricDataQueries must have a size from 1 to {MOST}.")
    ids = [str(one.get("Id", "")) for one in queries]
    for number, (query, id_) in enumerate(zip(queries, ids, strict=True), 1):
        if not _ID.fullmatch(id_):
            raise invalid(f"The value {id_} for parameter MetricDataQueries.member.{number}.Id is not matching [a-z].*")
        if ("MetricStat" in query) == ("Expression" in query):
            raise invalid(f"MetricDataQueries.member.{number} needs either MetricStat or Expression.")
        if "MetricStat" in query:
            stat = query["MetricStat"]
            check_period(int(stat["Period"]), f"MetricDataQueries.member.{number}.MetricStat.Period")
            if not known(stat["Stat"]):
                raise invalid(f"The value {stat['Stat']} for parameter MetricStat.Stat is not supported.")
    if len(set(ids)) != len(ids):
        raise invalid("The values for parameter Id of MetricDataQueries are not unique.")
    if all(one.get("ReturnData") is False for one in queries):
        raise invalid("At least one of the MetricDataQueries must return data.")


def check_period(period: int, name: str = "Period") -> None:
    if period not in _FINE and (period < 60 or period % 60):
        raise invalid(f"The parameter {name} must be 1, 5, 10, 20, 30, or a multiple of 60.")


class Answers:
    """Values by id, each computed once and only when something needs it."""

    def __init__(
        self,
        cloud: Cloud,
        place: Place,
        queries: Sequence[Mapping[str, Any]],
        began: int,
        until: int,
        *,
        odd: bool = False,
    ) -> None:
        """``odd``: every period begins where the one at ``began`` says, as an alarm's do."""
        self._cloud, self._place = cloud, place
        self._began, self._until, self._odd = began, until, odd
        self._queries = {str(one["Id"]): one for one in queries}
        self._known: dict[str, Value] = {}
        self._busy: set[str] = set()
        self._scope = Scope(self._lookup, self._metrics, self._band, self._grid)

    def of(self, id_: str) -> list[Series]:
        """The labelled series of one query, a band's upper one first. Raises ``ValidationError``."""
        try:
            value = self._lookup(id_)
        except BadExpression as error:
            raise invalid(f"Error in expression '{id_}': {error}") from error
        match value:
            case Series():
                return [value if "MetricStat" in self._queries[id_] else replace(value, label=id_)]
            case Band():
                return [value.upper, value.lower]
            case list():
                return value
        raise invalid(f"Error in expression '{id_}': The result has to be a time series")

    def band(self, id_: str) -> Band | None:
        """The band behind an id, if it is one."""
        value = self._lookup(id_)
        return value if isinstance(value, Band) else None

    def _lookup(self, id_: str) -> Value | None:
        if id_ in self._known:
            return self._known[id_]
        query = self._queries.get(id_)
        if query is None:
            return None
        if id_ in self._busy:
            raise BadExpression(f"Circular reference to '{id_}'")
        self._busy.add(id_)
        value = self._series(query) if "MetricStat" in query else compute(str(query["Expression"]), self._scope)
        self._known[id_] = value
        return value

    def _metrics(self) -> Mapping[str, Series]:
        found = {id_: self._lookup(id_) for id_, one in self._queries.items() if "MetricStat" in one}
        return {id_: one for id_, one in found.items() if isinstance(one, Series)}

    def _grid(self, period: int) -> range:
        first = self._began if self._odd or _DAY % period else self._began + -self._began % period
        return range(first, self._until, period)

    def _values(self, query: Mapping[str, Any], grid: range) -> dict[int, float]:
        if not grid:
            return {}
        stat = query["MetricStat"]
        metric, period = metric_of(stat["Metric"]), int(stat["Period"])
        samples = self._cloud.metrics.samples(self._place, metric, grid[0], grid[-1] + period)
        found = {at: statistic(stat["Stat"], some) for at, some in periods(samples, grid[0], period).items()}
        return {at: value for at, value in found.items() if value is not None}

    def _series(self, query: Mapping[str, Any]) -> Series:
        stat = query["MetricStat"]
        period = int(stat["Period"])
        return Series(self._values(query, self._grid(period)), period, str(stat["Metric"]["MetricName"]))

    def _band(self, series: Series, id_: str, width: float) -> Band:
        query = self._queries.get(id_)
        if query is None or "MetricStat" not in query:
            raise BadExpression("ANOMALY_DETECTION_BAND takes the id of a metric")
        period, grid = series.period, self._grid(series.period)
        if not grid:
            return Band(Series({}, period), Series({}, period))
        back = -(-(_DAYS * _DAY + period) // period) * period
        past: dict[int, float] = {}
        if grid[-1] - grid[0] > _DAY:
            past = self._values(query, range(grid[0] - back, grid[-1] + period, period))
        else:
            for day in range(1, _DAYS + 1):
                same = grid[0] - day * _DAY
                same -= (same - grid[0]) % period + period
                past |= self._values(query, range(same, same + grid[-1] - grid[0] + 4 * period, period))
        upper, lower = {}, {}
        for at in grid:
            seen = []
            for day in range(1, _DAYS + 1):
                same = at - day * _DAY
                same -= (same - grid[0]) % period
                seen += [past[one] for one in (same - period, same, same + period) if one in past and one < grid[0]]
            if len(seen) >= 3:
                mean = statistics.fmean(seen)
                spread = max(statistics.pstdev(seen, mean), abs(mean) / 100) * width
                upper[at], lower[at] = mean + spread, mean - spread
        return Band(Series(upper, period, f"{series.label} Upper"), Series(lower, period, f"{series.label} Lower"))
