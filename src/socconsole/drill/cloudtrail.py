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
# Data events never appear in LookupEvents.
_DATA: Final = frozenset({"GetObject", "HeadObject", "PutObject", "DeleteObject", "ListObjects", "ListObjectsV2"})
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
        when = datetime.fromisoformat(entry.scenario_time.replace("Z", "+00:00"))
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
    """In this region's history: global services are recorded in us-east-1 alone."""
    if entry.op in _DATA or not entry.status or entry.n <= cloud.estate_done:
        return False
    where = "us-east-1" if entry.service in ("iam", "sts") else entry.region
    return where == region


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
    ident = cloud.ids.uuid("event", entry.n)
    name = entry.session or entry.principal.rsplit("/", 1)[-1]
    resources = [
        {"ResourceType": kind, "ResourceName": _resource(entry, key)} for key, kind in _NAMED if key in entry.params
    ]
    identity: dict[str, Any] = {
        "type": "AssumedRole" if entry.role else "IAMUser",
        "principalId": name,
        "arn": entry.principal,
        "accountId": entry.account,
        "accessKeyId": entry.access_key,
    }
    if entry.role:
        issuer = {"type": "Role", "userName": entry.role, "accountId": entry.account}
        identity["sessionContext"] = {"sessionIssuer": issuer}
        if entry.source_identity:
            identity["sessionContext"]["sourceIdentity"] = entry.source_identity
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{_source(entry.service)}.amazonaws.com",
        "eventName": _event_name(entry),
        "awsRegion": entry.region,
        "sourceIPAddress": entry.address,
        "userAgent": entry.user_agent or "aws-cli/2.17.0",
        "requestParameters": _parameters(entry),
        "responseElements": None,
        "requestID": cloud.ids.uuid("request", entry.n),
        "eventID": ident,
        "readOnly": not entry.mutating,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": entry.account,
        "eventCategory": "Management",
    }
    if entry.code:
        record["errorCode"] = entry.code
    return {
        "EventId": ident,
        "EventName": record["eventName"],
        "ReadOnly": str(not entry.mutating).lower(),
        "AccessKeyId": entry.access_key,
        "EventTime": when,
        "EventSource": record["eventSource"],
        "Username": name,
        "Resources": resources,
        "CloudTrailEvent": json.dumps(record),
    }


def _event_name(entry: Entry) -> str:
    """CloudTrail's name, which for a bucket's and an account's block is not the API's (S3 User Guide, "events")."""
    if entry.op.endswith("PublicAccessBlock"):
        whose = "Account" if entry.service == "s3control" else "Bucket"
        return entry.op.replace("PublicAccessBlock", f"{whose}PublicAccessBlock")
    return entry.op


def _resource(entry: Entry, key: str) -> str:
    """A key is filed under its ARN, however the call named it."""
    named = str(entry.params[key])
    if key == "KeyId" and not named.startswith("arn:"):
        return f"arn:aws:kms:{entry.region}:{entry.account}:key/{named}"
    return named


def _parameters(entry: Entry) -> dict[str, Any] | None:
    """The trail writes STS's parameters with a small letter first (CloudTrail User Guide, "IAM and AWS STS")."""
    if entry.service != "sts":
        return entry.params or None
    return {key[:1].lower() + key[1:]: value for key, value in entry.params.items()} or None


def _source(service: str) -> str:
    return {"s3control": "s3", "cloudwatch": "monitoring", "accessanalyzer": "access-analyzer"}.get(service, service)
