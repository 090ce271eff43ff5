"""What the store knows already and posture checks ask for. Reading only.

Nothing that is not fresh is handed over: an alarm that was there an hour ago proves nothing now.
"""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.model.egress import EgressPath, PathKind
from socconsole.model.estate.alarms import Alarms, EgressAlarm, Way
from socconsole.model.known import Known, Unread
from socconsole.model.regions import partition_of
from socconsole.model.source import Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.store import egress, sources
from socconsole.store.egress import StoredAlarm
from socconsole.text import Untrusted, clean, token
from socconsole.triage.alarm_sanity import unit_of

_SOURCES: Final = ("egress", "alarms", "metrics")
"""Which ways out there are, which alarms, and what is usual there."""

_TYPES: Final = {
    PathKind.NAT: "natgateway",
    PathKind.INSTANCE: "instance",
    PathKind.VPC_ENDPOINT: "vpc-endpoint",
}
"""What EC2 calls them in ARNs."""


def alarms(conn: Connection, place: Place, now: datetime) -> Alarms:
    """The ways out of a place and their alarms; not read while one of the sources behind them is not FRESH."""
    states = {state.key: state for state in sources.states(conn, now=now)}
    for service in _SOURCES:
        state = states.get(SourceKey(service, place.account, place.region))
        if state is None:
            return Alarms(Unread(f"source:{service}", Untrusted("out of scope here")))
        if state.freshness is not Freshness.FRESH:
            why = f"{state.freshness.value}: {clean(state.detail)}".rstrip(": ")
            return Alarms(Unread(f"source:{service}", Untrusted(why)))
    watching: dict[str, list[EgressAlarm]] = {}
    for one in egress.alarms(conn):
        if one.egress and one.path is not None and one.alarm.place == place:
            watching.setdefault(one.path, []).append(_alarm(one))
    found = (path for path in egress.paths(conn) if path.place == place)
    return Alarms(Known(tuple(_way(path, tuple(watching.get(path.id, ()))) for path in found)))


def _alarm(one: StoredAlarm) -> EgressAlarm:
    alarm = one.alarm
    return EgressAlarm(
        arn=token(alarm.arn.raw(), 512),
        name=alarm.name,
        sanity=one.sanity,
        actions=tuple(token(action.raw(), 512) for action in alarm.actions),
        composite=alarm.composite,
        unit=unit_of(alarm),
        threshold=alarm.threshold,
        p99=one.p99,
        takes_s=alarm.period_s * (alarm.datapoints or alarm.evaluation_periods or 1),
    )


def _way(path: EgressPath, watching: tuple[EgressAlarm, ...]) -> Way:
    return Way(
        arn=_arn(path),
        kind=path.kind,
        name=path.name,
        llm=path.llm,
        dataset=path.dataset,
        measured=bool(path.dimensions),
        alarms=watching,
    )


def _arn(path: EgressPath) -> str:
    """As the place's own resources are called elsewhere in an estate."""
    aws, here = f"arn:{partition_of(path.place.region)}", f"{path.place.region}:{path.place.account}"
    if path.kind in _TYPES:
        return f"{aws}:ec2:{here}:{_TYPES[path.kind]}/{path.resource}"
    if path.kind is PathKind.BUCKET:
        return f"{aws}:s3:::{path.resource}"
    if path.kind is PathKind.LOAD_BALANCER:
        return f"{aws}:elasticloadbalancing:{here}:loadbalancer/{path.resource}"
    if path.kind is PathKind.SAGEMAKER:
        return f"{aws}:sagemaker:{here}:endpoint/{path.resource}"
    return f"{aws}:bedrock:{path.place.region}::foundation-model/{path.resource}"
