"""EventBridge envelopes, and the other wrappers that findings travel in.

An envelope is opened, never read: what it holds goes through the readers again, each finding of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.formats import cloudtrail
from socconsole.formats.fields import embedded, plain, token

ALARM: Final = "alarm"


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope holds: records to be read, something for another reader, or nothing of use.

    ``account``, ``region`` and ``at`` (its time) are the envelope's own, for records without any.
    """

    records: tuple[object, ...] = ()
    deferred: str = ""
    nothing: str = ""
    account: object = None
    region: object = None
    at: object = None


def is_envelope(obj: Mapping[str, Any]) -> bool:
    return "detail" in obj and ("detail-type" in obj or "source" in obj)


def open_envelope(obj: Mapping[str, Any]) -> Opened:
    """All findings of an event, whatever its detail-type calls itself."""
    detail = obj.get("detail")
    name = plain(obj.get("detail-type"), 128)
    source = plain(obj.get("source"), 128)
    if not isinstance(detail, dict):
        return Opened(nothing=f"event {token(name) or 'without detail-type'} without detail")
    account, region = obj.get("account"), obj.get("region")
    if cloudtrail.is_trail(detail):
        return Opened(records=(detail,), account=account, region=region, at=obj.get("time"))
    if name.endswith("via CloudTrail"):
        return Opened(nothing=f"event {token(name)} holds no CloudTrail record")
    if source == "aws.cloudwatch" or "alarmName" in detail:
        return Opened(deferred=ALARM)
    findings = detail.get("findings", detail.get("Findings"))
    if isinstance(findings, dict):
        findings = [findings]
    if isinstance(findings, list) and findings:
        return Opened(records=tuple(findings), account=account, region=region)
    if "findings" in detail or "insightArn" in detail or "insightName" in detail:
        return Opened(nothing=f"event {token(name) or 'without detail-type'} holds no findings")
    if "Malware Protection" in name:
        return Opened(nothing="GuardDuty malware scan report: GuardDuty sends its finding as a record of its own")
    return Opened(records=(detail,), account=account, region=region)


def unwrap(obj: Mapping[str, Any]) -> Opened | None:
    """A list of records under the name an API or a file gives it, or an SNS or SQS message, else None."""
    for name in ("Findings", "findings", "Records", "records", "Events", "Messages"):
        held = obj.get(name)
        if isinstance(held, list):
            return Opened(records=tuple(held))
    for name in ("Message", "body", "Body"):
        if "Sns" not in obj and isinstance(obj.get(name), str):
            inner = embedded(obj[name])
            if isinstance(inner, dict | list):
                return Opened(records=(inner,))
    if isinstance(obj.get("Sns"), dict):
        return Opened(records=(obj["Sns"],))
    return None
