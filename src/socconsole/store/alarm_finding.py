"""The finding that an alarm on a way out becomes."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from socconsole.model.egress import Alarm, AlarmState, EgressPath, PathKind
from socconsole.model.finding import Format, Observation, Resource, Severity
from socconsole.model.ours import ours
from socconsole.text import Untrusted, token
from socconsole.triage import ways_out

PRODUCT: Final = "CloudWatch alarms"
STILL: Final = timedelta(minutes=5)
"""An alarm that goes on is seen again this often: its finding is then about now, and not every reading rewrites it."""

# Resource type in Security Hub's words, and the word that its finding type has, as GuardDuty's types have one.
_WORDS: Final[dict[PathKind, tuple[str, str]]] = {
    PathKind.NAT: ("AwsEc2NatGateway", "EC2"),
    PathKind.INSTANCE: ("AwsEc2Instance", "EC2"),
    PathKind.BUCKET: ("AwsS3Bucket", "S3"),
    PathKind.VPC_ENDPOINT: ("AwsEc2VpcEndpoint", "EC2"),
    PathKind.LOAD_BALANCER: ("AwsElbv2LoadBalancer", "ELB"),
    PathKind.SAGEMAKER: ("AwsSageMakerEndpoint", "SageMaker"),
    PathKind.BEDROCK: ("AwsBedrockModel", "Bedrock"),
}


def merge_key(alarm: Alarm) -> str:
    """What makes all states of one alarm one finding."""
    return f"alarm/{_name(alarm)}"


def observation(
    alarm: Alarm, path: EgressPath | None, at: datetime, *, told: datetime | None, raised: bool, active: bool
) -> Observation:
    """What an alarm said at ``at``. ``path`` is the way out as discovered, if it was; ``raised``: it rings.

    ``told``: when it first rang, as far as is known. That is when its finding was published, whatever state it came to
    since: ``Alarm.since`` moves with every state, also past the instant at which we first saw the finding.
    What rings no more stays ``active``, and says so, until somebody acknowledged that it rang.
    """
    named = ways_out.subject(alarm.dimensions) or ((path.kind, path.resource) if path else None)
    since = alarm.since or at
    seen = max(since, _round(at)) if raised and alarm.state is AlarmState.ALARM else since
    reason = alarm.reason.raw()
    state = alarm.state.value if raised else f"{alarm.state.value} again"
    said = f"CloudWatch says {state} since {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    facts: dict[str, Any] = {
        "product": PRODUCT,
        "alarm": alarm.arn.raw(),
        "name": alarm.name.raw(),
        "state": alarm.state.value,
        "open": active,
        "since": since.isoformat(),
        "still": seen.isoformat(),
        "reason": reason,
        "namespace": alarm.namespace,
        "metric": alarm.metric,
        "dimensions": dict(alarm.dimensions),
        "threshold": alarm.threshold,
        "path": path.id if path else None,
    }
    resources: tuple[Resource, ...] = ()
    word = "CloudWatch"
    where = ""
    if named is not None:
        kind, resource = named
        asff, word = _WORDS[kind]
        where = f" on {resource}"
        arn = ways_out.resource_arn(kind, alarm.place, resource)
        resources = (
            Resource(
                asff, Untrusted(arn), Untrusted(resource), alarm.place.account, alarm.place.region,
                path.tags if path else (),
            ),
        )  # fmt: skip
    high = path is not None and (path.llm or bool(path.dataset))
    return ours(
        Format.ALARM,
        merge_key(alarm),
        Untrusted(f"Egress alarm{where}: {alarm.name.raw()}"),
        Untrusted(f"{said}. {reason}".strip()),
        Severity.HIGH if high else Severity.MEDIUM,
        json.dumps(facts, sort_keys=True, separators=(",", ":")).encode("ascii"),
        product=PRODUCT,
        types=(f"Behavior:{word}/TrafficVolumeUnusual.Alarm",),
        account=alarm.place.account,
        region=alarm.place.region,
        resources=resources,
        occurred=seen,
        published=min(told or since, since),
        updated=max(since, _round(at)),  # an OK is never older than the ALARM that it ends
        active=active,
        native_id=_name(alarm),
    )


def _name(alarm: Alarm) -> str:
    """The alarm's ARN as a token; where that loses anything, with a digest, so that no two alarms are one."""
    arn = alarm.arn.raw()
    safe = token(arn, 512)
    return safe if safe == arn else f"{safe}#{hashlib.sha256(arn.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _round(at: datetime) -> datetime:
    step = int(STILL.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // step * step, UTC)
