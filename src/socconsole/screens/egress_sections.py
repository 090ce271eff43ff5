"""A way out in words: what leaves by it, what would tell, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from socconsole.model.action import ActionRecord
from socconsole.model.egress import Alarm, AlarmState, EgressPath, PathKind
from socconsole.screens import words
from socconsole.store.egress import StoredAlarm
from socconsole.store.egress_view import SPAN, FindingLine, PathView
from socconsole.store.leaving import Flow
from socconsole.triage.amounts import amount, per_minute
from socconsole.widgets import glyphs
from socconsole.widgets.chart import spark
from socconsole.widgets.columns import severity_style, severity_text
from socconsole.widgets.detail import Body, Piece, Section

KINDS: Final = {
    PathKind.NAT: "NAT gateway",
    PathKind.INSTANCE: "instance",
    PathKind.BUCKET: "bucket",
    PathKind.VPC_ENDPOINT: "VPC endpoint",
    PathKind.LOAD_BALANCER: "load balancer",
    PathKind.SAGEMAKER: "SageMaker endpoint",
    PathKind.BEDROCK: "Bedrock model",
}
_STORES: Final = frozenset({PathKind.BUCKET, PathKind.SAGEMAKER, PathKind.BEDROCK})
"""Ways out that are called and not routed through: no flow log sees who calls."""
_METERED: Final = frozenset({PathKind.NAT, PathKind.INSTANCE, PathKind.BUCKET})
"""Kinds for which an alarm can be planned from here."""
_COMPARED: Final = {
    "GreaterThanThreshold": "above",
    "GreaterThanOrEqualToThreshold": "at or above",
    "LessThanThreshold": "below",
    "LessThanOrEqualToThreshold": "at or below",
}
_SHOWN: Final = 6


def rate(flow: Flow) -> str:
    """What leaves in a minute: ``41 MB/min``; ``?`` where it cannot be seen."""
    return "?" if flow.rate is None else per_minute(flow.rate, flow.unit)


def usual(flow: Flow) -> str:
    """What leaves in a minute as a rule: ``1.1 MB``; ``UNKNOWN`` where nobody can tell, which is not 0."""
    return "UNKNOWN" if flow.usual is None else amount(flow.usual * 60, flow.unit)


def alarm_sign(view: PathView) -> tuple[str, str]:
    """Sign and word for the alarms of a way out, and their style: the worst of what they say."""
    signs = glyphs.current()
    if view.raised:
        return f"{signs.bad} ALARM", "bad"
    if not view.alarms:
        return f"{signs.off} none", "warn"
    if view.watched:
        return f"{signs.good} ok", "good"
    if any(one.sanity.sane is False for one in view.alarms):
        return f"{signs.warn} unfit", "warn"
    return f"{signs.warn} unsure", "warn"


def why_no_flows(path: EgressPath) -> str:
    """Why flow logs cannot tell who a way out talks to; empty where they can."""
    return "flow logs see networks; who called it is in the trail: p" if path.kind in _STORES else ""


def heading(view: PathView) -> Body:
    sign, style = alarm_sign(view)
    return [(f"{sign}  ", style), (view.path.name, "strong"), (f"  {KINDS[view.path.kind]}", "quiet")]


def sections(view: PathView, stamp: Callable[[datetime | None], str], now: datetime) -> list[Section]:
    path, flow, findings = view.path, view.flow, view.findings
    holds: list[Body] = [[(path.dataset, "strong")]] if path.dataset else []
    holds += ["read or said by an LLM"] if path.llm else []
    tags: list[Body] = [[(name, "quiet"), (" ", "quiet"), (value, "text")] for name, value in path.tags[:_SHOWN]]
    out = [
        Section("leaving", _leaving(flow, stamp, now)),
        *([Section("in force", [_contained(one, flow, stamp) for one in view.contained])] if view.contained else []),
        *([Section("last 2 h", _meter(view))] if any(one is not None for one in view.shape) else []),
        Section("alarms", [line for alarm in view.alarms for line in _alarm(alarm, stamp)] or _no_alarm(view)),
    ]
    if findings:
        lines: list[Body] = [_finding(one, stamp) for one in findings[:_SHOWN]]
        more = len(findings) - _SHOWN
        out.append(Section("findings", [*lines, *([f"and {more} more: 1 Triage, / res:{path.resource}"] * (more > 0))]))
    where = f"{path.resource}  {path.place.account}  {path.place.region}"
    return [
        *out,
        Section("where", [where]),
        *([Section("holds", holds)] if holds else []),
        *([Section("owner", [path.owner])] if path.owner else []),
        *([Section("tags", tags)] if tags else []),
    ]


def _leaving(flow: Flow, stamp: Callable[[datetime | None], str], now: datetime) -> list[Body]:
    beside = (f" (usual {usual(flow)})", "quiet")
    if flow.rate is None:
        said: list[Body] = [[("CANNOT SEE  ", "bad"), (flow.cannot_see, "text")]]
    elif flow.rate > 0:
        said = [[(rate(flow), "strong"), beside]]
        if flow.usual is not None and flow.rate <= flow.usual:
            said.append([("not above what is usual here, which does not say that all of it is ordinary", "quiet")])
    else:
        said = [[("nothing in the last measured minutes", "text"), beside]]
    if flow.last_byte is not None:
        age = words.age((now - flow.last_byte).total_seconds())
        said.append([("last byte ", "quiet"), (stamp(flow.last_byte), "text"), (f"  {age} ago", "quiet")])
    return said


def _contained(one: ActionRecord, flow: Flow, stamp: Callable[[datetime | None], str]) -> Body:
    """A containment, when it was read back, and whether a byte was seen after that."""
    at = one.settled or one.intended
    later: Piece = ("  no byte was seen after it", "quiet")
    if flow.last_byte is not None and flow.last_byte > at:
        later = ("  a byte left after it", "warn")
    elif flow.rate is None:
        later = ("  whether a byte left after it cannot be seen", "warn")
    return [(f"{one.action} {one.id}", "good"), (f"  since {stamp(at)}", "quiet"), later]


def _meter(view: PathView) -> list[Body]:
    most = max((one for one in view.shape if one is not None), default=0.0)
    minutes = int(SPAN.total_seconds() // 60 // len(view.shape))
    return [[(spark(view.shape), "accent")], f"at most {amount(most, view.flow.unit)} in {minutes} min"]


def _alarm(stored: StoredAlarm, stamp: Callable[[datetime | None], str]) -> list[Body]:
    alarm = stored.alarm
    style = {AlarmState.ALARM: "bad", AlarmState.OK: "good"}.get(alarm.state, "warn")
    lines: list[Body] = [
        [
            (f"{alarm.state.value}  ", style),
            (alarm.name, "strong"),
            (f"  since {stamp(alarm.since)}" if alarm.since else "", "quiet"),
        ],
        [(compared(alarm), "quiet")],
    ]
    if stored.p99 is not None:
        lines.append([(f"p99 of 14 days: {amount(stored.p99, _unit(alarm))}", "quiet")])
    judged = {True: ("would tell in time", "good"), False: ("would not tell in time", "warn")}
    if stored.sanity.sane is not None:
        lines.append([judged[stored.sanity.sane]])
    lines += [[(why, "warn" if stored.sanity.sane is False else "text")] for why in stored.sanity.why]
    return lines


def compared(alarm: Alarm) -> str:
    """What an alarm compares, in a line: ``BytesOutToDestination Sum above 1.0 GB in 3 of 5 periods of 1m``."""
    if alarm.composite:
        return "made of other alarms"
    often = f"in {alarm.datapoints or alarm.evaluation_periods} of {alarm.evaluation_periods}"
    period = f"periods of {words.age(alarm.period_s)}"
    if alarm.band is not None:
        limit = f"outside a band of {alarm.band:g} standard deviations"
    elif alarm.threshold is not None:
        limit = f"{_COMPARED.get(alarm.comparison, alarm.comparison)} {amount(alarm.threshold, _unit(alarm))}"
    else:
        limit = alarm.comparison
    return " ".join(filter(None, (alarm.metric, alarm.statistic, limit, often, period)))


def _unit(alarm: Alarm) -> str:
    return "bytes" if "Bytes" in alarm.metric or alarm.metric.startswith("Network") else ""


def _no_alarm(view: PathView) -> list[Body]:
    plan = f"  :contain alarm-create {view.path.resource} plans one" if view.path.kind in _METERED else ""
    return [[("no alarm looks at what leaves here", "warn"), (plan, "quiet")]]


def _finding(one: FindingLine, stamp: Callable[[datetime | None], str]) -> Body:
    return [
        (f"{severity_text(one.severity)} ", severity_style(one.severity)),
        (one.title, "text"),
        (f"  {stamp(one.at)}", "quiet"),
    ]
