"""ALM-01 and ALM-02: whether anything would tell when data leaves, in time, and anybody.

Ways out, alarms and their sanity are what the store has of them (``store.posture_known``); who has confirmed to be
told is asked with the snapshot. An alarm may watch a way out of any kind; the dossier asks for one on NAT gateways, on
hosts that serve a model, and on buckets that hold declared or classified data: no other bucket is a way out here.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from socconsole.model.egress import PathKind
from socconsole.model.estate.alarms import Alarms, EgressAlarm, Topic, Topics, Way
from socconsole.model.known import Known, NotRead, Read, Unread
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Context, Said, failed, passed, unknown, weigh
from socconsole.text import Untrusted, clean
from socconsole.triage.amounts import amount

_NAME: Final = 80


def _ways(context: Context) -> Read[tuple[Way, ...]]:
    found = context.part(Alarms).paths
    if isinstance(found, Unread):
        return found
    always = (PathKind.NAT, PathKind.BUCKET)
    return Known(tuple(one for one in found.value if one.kind in always or (one.kind is PathKind.INSTANCE and one.llm)))


def watched(way: Way, context: Context) -> Judged:
    """ALM-01. Whether the alarm would do is ALM-02's question."""
    if way.alarms:
        return passed("what leaves is watched by " + ", ".join(clean(one.name, _NAME) for one in way.alarms))
    blind = "" if way.measured else "; CloudWatch has no meter for it yet"
    return failed(f"no alarm looks at what leaves by {clean(way.name, _NAME)}{blind}")


def _alarms(context: Context) -> Read[tuple[EgressAlarm, ...]]:
    found = context.part(Alarms).paths
    if isinstance(found, Unread):
        return found
    return Known(tuple({alarm.arn: alarm for way in found.value for alarm in way.alarms}.values()))


def sane(alarm: EgressAlarm, context: Context) -> Judged:
    """ALM-02. Judged of 14 days of its own metric; told is only who confirmed to be."""
    if alarm.sanity.sane is None:
        return unknown(*alarm.sanity.why)
    return weigh([partial(_tells_in_time, alarm), partial(_tells_somebody, alarm, context.part(Topics).topics)])


def _tells_in_time(alarm: EgressAlarm) -> Said:
    if not alarm.sanity.sane:
        return Said(False, "; ".join(alarm.sanity.why))
    if alarm.composite:
        return Said(True, "rings with any of its children, and all of them are sane")
    limit = "an anomaly band" if alarm.threshold is None else f"threshold {amount(alarm.threshold, alarm.unit)}"
    usual = "" if alarm.p99 is None else f", p99 of 14 days {amount(alarm.p99, alarm.unit)}"
    return Said(True, f"{limit}{usual}; tells after {max(1, alarm.takes_s // 60)} min at the earliest")


def _tells_somebody(alarm: EgressAlarm, topics: Read[tuple[Topic, ...]]) -> Said:
    """One confirmed subscription is enough; what is no topic (Lambda, incidents, OpsItems) needs none."""
    known = {one.arn: one for one in topics.get()}
    silent: list[str] = []
    doubt: NotRead | None = None
    for action in alarm.actions:
        service, name = action.split(":")[2:3], action.rpartition(":")[2]
        if service in (["lambda"], ["ssm"], ["ssm-incidents"]):
            return Said(True, f"starts {action}")
        if service != ["sns"]:
            silent.append(f"{action} tells nobody")
            continue
        try:
            confirmed = _topic(known, action).confirmed.get()
        except NotRead as trouble:
            doubt = trouble
            continue
        if confirmed:
            return Said(True, f"tells {name}: {confirmed} confirmed")
        silent.append(f"the topic {name} is gone" if confirmed is None else f"nobody confirmed to hear {name}")
    if doubt is not None:
        raise doubt
    return Said(False, "; ".join(silent) or "it has no action: nobody is told")


def _topic(known: dict[str, Topic], arn: str) -> Topic:
    """The alarm's action is the store's; the topics are those of the alarms as they were read just now."""
    if arn in known:
        return known[arn]
    return Topic(arn, Unread("sns:GetTopicAttributes", Untrusted(f"{arn} was not asked for: the alarm has changed")))


CHECKS: Final[tuple[AnyCheck, ...]] = (Check("ALM-01", _ways, watched), Check("ALM-02", _alarms, sane))
