"""The alarm that a way out without one should have. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from socconsole.model.egress import EgressPath, Series
from socconsole.triage import ways_out
from socconsole.triage.alarm_sanity import FLOOR_BYTES_S
from socconsole.triage.amounts import amount
from socconsole.triage.baseline import FACTOR, Baseline

PERIOD_S: Final = 300
BAND: Final = 3.0
"""Standard deviations of an anomaly band (reference: egress alarms)."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to compare with what: a static ``threshold`` or, where nothing else can be said, an anomaly band."""

    series: Series
    threshold: float | None
    band: float | None
    missing_data: str

    @property
    def says(self) -> str:
        if self.threshold is None:
            limit = f"outside a band of {self.band:g} standard deviations"
        else:
            limit = f"above {amount(self.threshold, self.series.unit)}"
        return f"{self.series.metric} {self.series.statistic} {limit} in {self.series.period_s // 60} min"


def propose(path: EgressPath, usual: Baseline | None) -> Proposal | None:
    """None where CloudWatch has no meter for it.

    Bytes: the larger of 1 GiB in five minutes and three times the p99 of 14 days, which tells within a period. What is
    counted otherwise has no such floor: until a day of it is known, only a band learns what is usual.
    """
    meters = ways_out.meters(path)
    if not meters:
        return None
    meter = meters[0]
    one = Series(path.id, meter.namespace, meter.metric, path.dimensions, meter.statistic, PERIOD_S, meter.unit)
    floor = FLOOR_BYTES_S * PERIOD_S if meter.unit == "bytes" else 0.0
    learnt = FACTOR * usual.p99 if usual is not None and usual.enough else 0.0
    threshold = max(floor, learnt)
    return Proposal(
        series=one,
        threshold=float(round(threshold)) if threshold else None,
        band=None if threshold else BAND,
        # Where there always is a datapoint, none at all is INSUFFICIENT_DATA; elsewhere nobody used the path.
        missing_data="missing" if meter.steady else "notBreaching",
    )
