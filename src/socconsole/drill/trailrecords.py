"""CloudTrail records: how a journaled call stands in a trail.

Sources: CloudTrail User Guide, "CloudTrail record contents", "CloudTrail userIdentity element", "Logging data
events" (which calls are data events), "IAM and AWS STS"; S3 User Guide, "CloudTrail events". EC2's parameters are
lists under ``items``, S3's keep the API's names but for those of bucket, key and policy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill import exposure

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud
    from socconsole.drill.journal import Entry

_DATA: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "s3": (
        "AWS::S3::Object",
        frozenset(
            (
                "GetObject", "HeadObject", "PutObject", "DeleteObject", "DeleteObjects", "ListObjects",
                "ListObjectsV2", "ListObjectVersions", "CopyObject", "GetObjectAcl", "PutObjectAcl",
                "GetObjectTagging", "PutObjectTagging", "GetObjectAttributes", "SelectObjectContent",
                "RestoreObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload",
            )
        ),
    ),
    "lambda": ("AWS::Lambda::Function", frozenset(("Invoke",))),
    "sqs": (
        "AWS::SQS::Queue",
        frozenset(
            (
                "SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch",
                "ChangeMessageVisibility", "ChangeMessageVisibilityBatch",
            )
        ),
    ),
    "sns": ("AWS::SNS::Topic", frozenset(("Publish", "PublishBatch"))),
    "cloudwatch": (
        "AWS::CloudWatch::Metric",
        frozenset(("PutMetricData", "GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage", "ListMetrics")),
    ),
    "sagemaker-runtime": ("AWS::SageMaker::Endpoint", frozenset(("InvokeEndpoint", "InvokeEndpointAsync"))),
}  # fmt: skip
"""Data events: service → (type that selectors name, operations)."""

_SOURCES: Final = {
    "s3control": "s3",
    "cloudwatch": "monitoring",
    "accessanalyzer": "access-analyzer",
    "elbv2": "elasticloadbalancing",
    "bedrock-runtime": "bedrock",
    "bedrock-agent": "bedrock",
    "sagemaker-runtime": "sagemaker",
}
_GLOBAL: Final = frozenset({"iam", "sts"})
_S3_NAMES: Final = {"Bucket": "bucketName", "Key": "key"}


def data_type(entry: Entry) -> str:
    """``resources.type`` of a data event; empty for a management event."""
    kind, operations = _DATA.get(entry.service, ("", frozenset()))
    return kind if entry.op in operations else ""


def region_of(entry: Entry) -> str:
    """Where it is recorded: calls of global services in us-east-1 alone."""
    return "us-east-1" if entry.service in _GLOBAL else entry.region


def owner_of(entry: Entry) -> str:
    """In whose trail a data event stands beside the caller's: the bucket's owner's; else the caller's."""
    return (exposure.owner_of(str(entry.params.get("Bucket", ""))) if data_type(entry) else None) or entry.account


def moment_of(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry.scenario_time.replace("Z", "+00:00"))


def event_id(cloud: Cloud, entry: Entry) -> str:
    """The same for the same call when a drill is resumed and the call done again: numbers start anew then."""
    params = json.dumps(entry.params, sort_keys=True)
    caller = entry.role or entry.principal
    return cloud.ids.uuid("event", entry.scenario_time, entry.region, entry.service, entry.op, caller, params)


def record(cloud: Cloud, entry: Entry, recipient: str = "", bytes_out: int | None = None) -> dict[str, Any]:
    """The whole record, as the trail of account ``recipient`` (the caller's) has it.

    ``bytes_out``: what a data event of S3 transferred.
    """
    kind, ident = data_type(entry), event_id(cloud, entry)
    found: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(cloud, entry, recipient),
        "eventTime": moment_of(entry).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{_SOURCES.get(entry.service, entry.service)}.amazonaws.com",
        "eventName": event_name(entry),
        "awsRegion": region_of(entry),
        "sourceIPAddress": entry.address,
        "userAgent": entry.user_agent or "aws-cli/2.17.0",
        "requestParameters": _parameters(entry),
        "responseElements": _answer(cloud, entry),
        "requestID": cloud.ids.uuid("request", entry.n or ident),
        "eventID": ident,
        "readOnly": not entry.mutating,
        "eventType": "AwsApiCall",
        "managementEvent": not kind,
        "recipientAccountId": recipient or entry.account,
        "eventCategory": "Data" if kind else "Management",
    }
    if kind:
        found["resources"] = _resources(entry, kind)
    if bytes_out is not None:
        found["additionalEventData"] = {"bytesTransferredIn": 0, "bytesTransferredOut": bytes_out}
    if entry.code:
        found["errorCode"] = entry.code
    return found


def event_name(entry: Entry) -> str:
    """CloudTrail's name, which for a bucket's and an account's block is not the API's (S3 User Guide, "events")."""
    if entry.op.endswith("PublicAccessBlock"):
        whose = "Account" if entry.service == "s3control" else "Bucket"
        return entry.op.replace("PublicAccessBlock", f"{whose}PublicAccessBlock")
    return "ListObjects" if entry.op == "ListObjectsV2" else entry.op


def _identity(cloud: Cloud, entry: Entry, recipient: str) -> dict[str, Any]:
    if not entry.account:
        return {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    if recipient and recipient != entry.account:
        # Another account's trail learns who, not with what.
        return {"type": "AWSAccount", "principalId": _principal_id(cloud, entry), "accountId": entry.account}
    identity: dict[str, Any] = {
        "type": "AssumedRole" if entry.role else "IAMUser",
        "principalId": _principal_id(cloud, entry),
        "arn": entry.principal,
        "accountId": entry.account,
        "accessKeyId": entry.access_key,
    }
    if not entry.role:
        return {**identity, "userName": entry.principal.rpartition("/")[2]}
    issuer = {
        "type": "Role",
        "principalId": identity["principalId"].partition(":")[0],
        "arn": f"arn:aws:iam::{entry.account}:role/{entry.role}",
        "accountId": entry.account,
        "userName": entry.role,
    }
    identity["sessionContext"] = {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}}
    if entry.source_identity:
        identity["sessionContext"]["sourceIdentity"] = entry.source_identity
    return identity


def _principal_id(cloud: Cloud, entry: Entry) -> str:
    if entry.role:
        return f"{cloud.ids.access_key('AROA', entry.account, entry.role)}:{entry.session}"
    return cloud.ids.access_key("AIDA", entry.account, entry.principal)


def _parameters(entry: Entry) -> dict[str, Any] | None:
    if entry.service == "s3":
        given = {_S3_NAMES.get(key, key): value for key, value in entry.params.items() if key != "Body"}
        if (policy := given.pop("Policy", None)) is not None:
            given["bucketPolicy"] = _document(policy)
        return given or None
    lowered = _lowered(entry.params, items=entry.service == "ec2")
    return lowered or None


def _document(text: object) -> object:
    try:
        return json.loads(str(text))
    except ValueError:
        return text


def _lowered(value: Any, *, items: bool) -> Any:
    """Names with a small letter first, all the way down; ``items``: lists as EC2 has them."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lowered(one, items=items) for key, one in value.items()}
    if isinstance(value, list):
        found = [_lowered(one, items=items) for one in value]
        return {"items": found} if items and any(isinstance(one, dict) for one in found) else found
    return value


def _answer(cloud: Cloud, entry: Entry) -> dict[str, Any] | None:
    """What a trail keeps of an answer: the credentials that it handed out, without their secrets."""
    if not entry.issued:
        return None
    if entry.service == "iam":
        user = entry.params.get("UserName") or entry.principal.rpartition("/")[2]
        return {"accessKey": {"accessKeyId": entry.issued, "status": "Active", "userName": user}}
    credentials = {"accessKeyId": entry.issued, "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    if entry.op != "AssumeRole":
        return {"credentials": credentials}
    arn = str(entry.params.get("RoleArn", ""))
    account, role = arn.split(":")[4:5], arn.rpartition("/")[2]
    session = entry.params.get("RoleSessionName", "")
    assumed = f"arn:aws:sts::{''.join(account)}:assumed-role/{role}/{session}"
    id_ = f"{cloud.ids.access_key('AROA', ''.join(account), role)}:{session}"
    return {"credentials": credentials, "assumedRoleUser": {"assumedRoleId": id_, "arn": assumed}}


def _resources(entry: Entry, kind: str) -> list[dict[str, Any]]:
    if entry.service != "s3":
        return [{"accountId": entry.account, "type": kind}]
    bucket = f"arn:aws:s3:::{entry.params.get('Bucket', '')}"
    return [
        {"type": kind, "ARN": f"{bucket}/{entry.params.get('Key', '')}"},
        {"accountId": owner_of(entry), "type": "AWS::S3::Bucket", "ARN": bucket},
    ]
