"""CloudTrail's LookupEvents from the gateway's own journal: management events, newest first.

Source: the API reference. One attribute a lookup, 50 events a page, no data events. Times are the scenario's.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.errors import AwsError
from socconsole.drill.journal import Entry
from socconsole.drill.routes import Call, Routes
from socconsole.drill.trailrecords import data_type, moment_of, record, region_of

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

_ATTRIBUTES: Final = (
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
)
_NAMED: Final = (
    ("Bucket", "AWS::S3::Bucket"),
    ("RoleName", "AWS::IAM::Role"),
    ("RoleArn", "AWS::IAM::Role"),
    ("UserName", "AWS::IAM::User"),
    ("AccessKeyId", "AWS::IAM::AccessKey"),
    ("TrailName", "AWS::CloudTrail::Trail"),
    ("KeyId", "AWS::KMS::Key"),
    ("InstanceId", "AWS::EC2::Instance"),
    ("NetworkInterfaceId", "AWS::EC2::NetworkInterface"),
    ("GroupId", "AWS::EC2::SecurityGroup"),
    ("RouteTableId", "AWS::EC2::RouteTable"),
    ("NetworkAclId", "AWS::EC2::NetworkAcl"),
    ("SubnetId", "AWS::EC2::Subnet"),
    ("SecretId", "AWS::SecretsManager::Secret"),
    ("SnapshotId", "AWS::EC2::Snapshot"),
    ("ImageId", "AWS::EC2::Ami"),
    ("DBSnapshotIdentifier", "AWS::RDS::DBSnapshot"),
    ("DBClusterSnapshotIdentifier", "AWS::RDS::DBClusterSnapshot"),
)


@routes.op("cloudtrail", "LookupEvents")
def lookup_events(cloud: Cloud, call: Call) -> dict[str, Any]:
    attributes = call.params.get("LookupAttributes") or []
    if len(attributes) > 1 or any(one.get("AttributeKey") not in _ATTRIBUTES for one in attributes):
        raise AwsError("InvalidLookupAttributesException", "You can use only one, known, lookup attribute.")
    limit = int(call.params.get("MaxResults") or 50)
    if not 1 <= limit <= 50:
        raise AwsError("InvalidMaxResultsException", "A value from 1 to 50 is required.")
    start, end = _utc(call.params.get("StartTime")), _utc(call.params.get("EndTime"))
    if start and end and start > end:
        raise AwsError("InvalidTimeRangeException", "The start is after the end.")
    token = call.params.get("NextToken")
    before = call.n
    if token is not None:
        if not str(token).isdigit():
            raise AwsError("InvalidNextTokenException", "The token is not valid.")
        before = int(token)
    found: list[dict[str, Any]] = []
    last = 0
    for entry in reversed(cloud.journal.calls(by=None, account=call.account)):
        if entry.n >= before or not _recorded(cloud, entry, call.region):
            continue
        if attributes and _other_kind(entry, attributes[0]):
            continue
        when = moment_of(entry)
        if (start and when < start) or (end and when > end):
            continue
        event = _event(cloud, entry, when)
        if attributes and not _matches(event, entry, attributes[0]):
            continue
        if len(found) == limit:
            return {"Events": found, "NextToken": str(last)}
        found.append(event)
        last = entry.n
    return {"Events": found}


def _utc(moment: datetime | None) -> datetime | None:
    """A time of a request: the wire has seconds since the epoch, the parser gives them without a zone."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _recorded(cloud: Cloud, entry: Entry, region: str) -> bool:
    """In this region's history, which holds no data events."""
    if data_type(entry) or not entry.status or entry.n <= cloud.estate_done:
        return False
    return region_of(entry) == region


def _other_kind(entry: Entry, attribute: dict[str, str]) -> bool:
    """Told without making the event: most of a drill's calls only read, and few who look up want those."""
    reads = str(not entry.mutating).lower()
    return attribute["AttributeKey"] == "ReadOnly" and attribute.get("AttributeValue") != reads


def _matches(event: dict[str, Any], entry: Entry, attribute: dict[str, str]) -> bool:
    key, value = attribute["AttributeKey"], attribute.get("AttributeValue", "")
    match key:
        case "ReadOnly":
            return str(event["ReadOnly"]) == value
        case "ResourceName":
            return any(one["ResourceName"] == value for one in event["Resources"])
        case "ResourceType":
            return any(one["ResourceType"] == value for one in event["Resources"])
        case _:
            return bool(event.get(key) == value)


def _event(cloud: Cloud, entry: Entry, when: datetime) -> dict[str, Any]:
    whole = record(cloud, entry)
    resources = [
        {"ResourceType": kind, "ResourceName": _resource(entry, key)} for key, kind in _NAMED if key in entry.params
    ]
    return {
        "EventId": whole["eventID"],
        "EventName": whole["eventName"],
        "ReadOnly": str(not entry.mutating).lower(),
        "AccessKeyId": entry.access_key,
        "EventTime": when,
        "EventSource": whole["eventSource"],
        "Username": entry.session or entry.principal.rsplit("/", 1)[-1],
        "Resources": resources,
        "CloudTrailEvent": json.dumps(whole),
    }


def _resource(entry: Entry, key: str) -> str:
    """A key is filed under its ARN, however the call named it."""
    named = str(entry.params[key])
    if key == "KeyId" and not named.startswith("arn:"):
        return f"arn:aws:kms:{entry.region}:{entry.account}:key/{named}"
    return named
