"""CloudWatch's alarms of a drill: their states as its time passes, their history, and whom they tell.

The engine lets :meth:`Alarms.evaluate` see every minute of the date that ended. A metric alarm looks at its newest
``EvaluationPeriods`` periods (and two more, for late data), which end at that minute; a composite one at the states
of its children. A transition goes into the history, to EventBridge and to the SNS topics of the new state.

What the estate is built with was configured thirteen days before the drill, and its states are of then; nobody is
told of them. A suppressor keeps back actions while it is in ALARM, without wait or extension. Sources: CloudWatch API
reference, and its User Guide's "Using Amazon CloudWatch alarms" and "Alarm events and EventBridge".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill import alarmrule, alarmtold
from socconsole.drill.alarmstate import ALARM, BANDS, EXTRA, OK, UNKNOWN, Point, Verdict, compact, dated, judge
from socconsole.drill.errors import AwsError
from socconsole.drill.metricquery import Answers
from socconsole.drill.metrics import Place

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

PAST: Final = timedelta(days=13)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
ACTIONS: Final = {OK: "OKActions", ALARM: "AlarmActions", UNKNOWN: "InsufficientDataActions"}


@dataclass(slots=True)
class Alarm:
    """``given`` is its configuration in the names of the API; the state is as DescribeAlarms tells it."""

    place: Place
    name: str
    composite: bool
    given: dict[str, Any]
    configured: datetime
    state: str = UNKNOWN
    reason: str = "Unchecked: Initial alarm creation"
    data: dict[str, Any] = field(default_factory=dict)
    updated: datetime = _NEVER
    transitioned: datetime = _NEVER

    @property
    def arn(self) -> str:
        account, region = self.place
        return f"arn:aws:cloudwatch:{region}:{account}:alarm:{self.name}"

    @property
    def kind(self) -> str:
        return "CompositeAlarm" if self.composite else "MetricAlarm"

    @property
    def queries(self) -> list[dict[str, Any]]:
        """What it looks at, in the shape of ``MetricDataQueries``."""
        if "Metrics" in self.given:
            return list(self.given["Metrics"])
        metric = {key: self.given[key] for key in ("Namespace", "MetricName", "Dimensions") if key in self.given}
        stat = self.given.get("Statistic") or self.given.get("ExtendedStatistic")
        return [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": self.given["Period"], "Stat": stat}}]

    @property
    def watched(self) -> str:
        """Id of the one query whose values are compared."""
        limit = self.given.get("ThresholdMetricId")
        shown = [str(one["Id"]) for one in self.queries if one.get("ReturnData") is not False and one["Id"] != limit]
        return shown[0]

    @property
    def period(self) -> int:
        """Of the values that are compared: the longest of what they are made of."""
        periods = [one["MetricStat"]["Period"] for one in self.queries if "MetricStat" in one]
        return int(max([*periods, *(one["Period"] for one in self.queries if "Period" in one)], default=60))

    def told(self) -> dict[str, Any]:
        """As DescribeAlarms answers."""
        told = {
            **self.given,
            "AlarmName": self.name,
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": self.configured,
            "StateValue": self.state,
            "StateReason": self.reason,
            "StateUpdatedTimestamp": self.updated,
            "StateTransitionedTimestamp": self.transitioned,
        }
        return told | ({"StateReasonData": compact(self.data)} if self.data else {})


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the history; ``data`` is JSON."""

    place: Place
    alarm: str
    kind: str
    """``MetricAlarm`` or ``CompositeAlarm``."""
    at: datetime
    type: str
    """``ConfigurationUpdate``, ``StateUpdate`` or ``Action``."""
    summary: str
    data: str


class Alarms:
    """All alarms of a cloud, by place and name, and what became of them and of those that are gone."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.all: dict[tuple[Place, str], Alarm] = {}
        self.history: list[Item] = []
        self.tags: dict[str, dict[str, str]] = {}
        """ARN → its tags."""

    def at(self, place: Place) -> list[Alarm]:
        """Those of one place, by name."""
        return sorted((one for (where, _), one in list(self.all.items()) if where == place), key=lambda one: one.name)

    # --- configuration -----------------------------------------------------------------------------------

    def put(self, place: Place, name: str, given: dict[str, Any], *, composite: bool, quiet: bool) -> Alarm:
        """Create one, or overwrite all but the state of one. ``quiet``: it belongs to the past of the estate."""
        now = self._cloud.clock.now() - (PAST if quiet else timedelta(0))
        known = self.all.get((place, name))
        alarm = known or Alarm(place, name, composite, given, now, updated=now, transitioned=now)
        alarm.given, alarm.configured = given, now
        self.all[place, name] = alarm
        self._configured(alarm, "Update" if known else "Create", now, quiet=quiet)
        return alarm

    def delete(self, alarm: Alarm) -> None:
        del self.all[alarm.place, alarm.name]
        self.tags.pop(alarm.arn, None)
        self._configured(alarm, "Delete", self._cloud.clock.now(), quiet=False)

    def _configured(self, alarm: Alarm, what: str, now: datetime, *, quiet: bool) -> None:
        summary = f'Alarm "{alarm.name}" {what.lower()}d'
        self._note(alarm, now, "ConfigurationUpdate", summary, alarmtold.configuration(alarm, what))
        if not quiet:
            alarmtold.send(self._cloud, alarm, "CloudWatch Alarm Configuration Change", alarmtold.changed(alarm, what))

    def _note(self, alarm: Alarm, at: datetime, type_: str, summary: str, data: dict[str, Any]) -> None:
        self.history.append(Item(alarm.place, alarm.name, alarm.kind, at, type_, summary, compact(data)))

    # --- time --------------------------------------------------------------------------------------------

    def minutes(self, began: float, until: float) -> Iterator[float]:
        """Positions of the story (after ``began``, up to ``until``) at which a minute of the date ends."""
        clock = self._cloud.clock
        zero = clock.started.timestamp()
        minute = math.floor((zero + began / clock.speed) / 60) + 1
        while self.all and (position := (minute * 60 - zero) * clock.speed) <= until:
            if position > began:
                yield position
            minute += 1

    def settle(self) -> None:
        """Give the estate's alarms the states that they have had before the drill began."""
        for _ in range(1 + len(self.all)):  # a composite may rest on composites
            for alarm in list(self.all.values()):
                when = alarm.configured + timedelta(minutes=5)
                verdict = self._verdict(alarm, when)
                if verdict is not None and verdict.state != alarm.state:
                    self.change(alarm, verdict.state, verdict.reason, verdict.data, when, quiet=True)

    def evaluate(self) -> None:
        """Let every alarm look, now that a minute has ended; metric alarms first."""
        now = self._cloud.clock.now()
        with self._cloud.gateway.lock:
            order = sorted(self.all.values(), key=lambda one: (one.composite, one.place, one.name))
            # Composites once more: one may rest on another that comes after it.
            for alarm in [*order, *(one for one in order if one.composite)]:
                verdict = self._verdict(alarm, now)
                if verdict is not None and verdict.state != alarm.state:
                    self.change(alarm, verdict.state, verdict.reason, verdict.data, now)

    def _verdict(self, alarm: Alarm, now: datetime) -> Verdict | None:
        return self._composite(alarm) if alarm.composite else self._metric(alarm, now)

    def _metric(self, alarm: Alarm, now: datetime) -> Verdict | None:
        """None where its expressions cannot be computed: it keeps its state, as an alarm with errors does."""
        given, period, wanted = alarm.given, alarm.period, int(alarm.given["EvaluationPeriods"])
        end = min(self._cloud.traffic.counted, int((now.timestamp() + 1e-3) // 60)) * 60
        begins = range(end - (wanted + EXTRA) * period, end, period)
        answers = Answers(self._cloud, alarm.place, alarm.queries, begins[0], end, odd=True)
        try:
            values = answers.of(alarm.watched)[0].values
            points = [self._point(alarm, answers, at, values.get(at)) for at in begins]
        except (AwsError, IndexError):
            return None
        facts = {
            "version": "1.0",
            "queryDate": dated(now),
            "startDate": dated(begins[EXTRA]),
            **({"statistic": given["Statistic"]} if "Statistic" in given else {}),
            "period": period,
            **({"threshold": given["Threshold"]} if "Threshold" in given else {}),
        }
        return judge(
            points,
            comparison=given["ComparisonOperator"],
            wanted=wanted,
            needed=int(given.get("DatapointsToAlarm") or wanted),
            missing=given.get("TreatMissingData", "missing"),
            now=alarm.state,
            facts=facts,
        )

    @staticmethod
    def _point(alarm: Alarm, answers: Answers, at: int, value: float | None) -> Point | None:
        """None for a period without a value, or without the band that it is compared with."""
        if value is None:
            return None
        if alarm.given["ComparisonOperator"] not in BANDS:
            limit = float(alarm.given["Threshold"])
            return Point(at, value, limit, limit)
        upper, lower = answers.of(alarm.given["ThresholdMetricId"])
        if at not in upper.values:
            return None
        return Point(at, value, upper.values[at], lower.values[at])

    def named(self, place: Place, name: str) -> Alarm | None:
        """The alarm of a place that a rule names, by its name or ARN."""
        name = name.split(":", 6)[-1] if name.startswith("arn:") else name
        return self.all.get((place, name))

    def children(self, alarm: Alarm) -> list[Alarm]:
        """The alarms that a composite one looks at, as far as there are such; none of a metric alarm."""
        if not alarm.composite:
            return []
        named = (self.named(alarm.place, one) for one in alarmrule.names(alarm.given["AlarmRule"]))
        return [one for one in named if one is not None]

    def _composite(self, alarm: Alarm) -> Verdict:

        def is_in(name: str, state: str) -> bool:
            found = self.named(alarm.place, name)
            return found is not None and found.state == state

        state = ALARM if alarmrule.holds(alarm.given["AlarmRule"], is_in) else OK
        known = self.children(alarm)
        return Verdict(state, _because(known), alarmtold.triggers(known))

    def change(
        self, alarm: Alarm, state: str, reason: str, data: dict[str, Any], now: datetime, *, quiet: bool = False
    ) -> None:
        """A transition, or SetAlarmState's; the same state again is noted and told to nobody."""
        before = alarmtold.state(alarm)
        moved = state != alarm.state
        alarm.state, alarm.reason, alarm.data, alarm.updated = state, reason, data, now
        if not moved:
            return
        alarm.transitioned = now
        summary = f"Alarm updated from {before['value']} to {state}"
        self._note(alarm, now, "StateUpdate", summary, alarmtold.transition(before, alarmtold.state(alarm)))
        if quiet:
            return
        alarmtold.send(self._cloud, alarm, "CloudWatch Alarm State Change", alarmtold.moved(alarm, before))
        suppressor = self.named(alarm.place, str(alarm.given.get("ActionsSuppressor") or ""))
        if alarm.given.get("ActionsEnabled", True) and (suppressor is None or suppressor.state != ALARM):
            self._act(alarm, str(before["value"]), now)

    def _act(self, alarm: Alarm, before: str, now: datetime) -> None:
        for arn in alarm.given.get(ACTIONS[alarm.state]) or ():
            trouble = alarmtold.publish(self._cloud, alarm, arn, before, now)
            summary = f"Failed to execute action {arn}" if trouble else f"Successfully executed action {arn}"
            self._note(alarm, now, "Action", summary, alarmtold.action(alarm, arn, trouble))


def _because(children: Sequence[Alarm]) -> str:
    if not children:
        return "Alarm rule evaluated without any child alarm"
    last = max(children, key=lambda one: one.transitioned)
    return f"{last.arn} transitioned to {last.state} at {last.transitioned:%A %d %B, %Y %H:%M:%S} UTC"
