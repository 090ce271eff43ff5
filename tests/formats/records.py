"""One GuardDuty detection as each service sends it, written for these tests."""

from __future__ import annotations

import json
from typing import Any

ACCOUNT = "111122223333"
REGION = "eu-central-1"
DETECTOR = "aa11bb22cc33dd44ee55ff6600778899"
FINDING = "0123456789abcdef0123456789abcdef"
ARN = f"arn:aws:guardduty:{REGION}:{ACCOUNT}:detector/{DETECTOR}/finding/{FINDING}"
PRODUCT = f"arn:aws:securityhub:{REGION}::product/aws/guardduty"
PRODUCT_V2 = f"arn:aws:securityhub:{REGION}::productv2/aws/guardduty"
BUCKET = "arn:aws:s3:::llm-corpus"
TITLE = "Objects were read in bulk from bucket llm-corpus."


def native(**changes: Any) -> dict[str, Any]:
    return {
        "AccountId": ACCOUNT,
        "Arn": ARN,
        "CreatedAt": "2026-11-23T03:12:00.000Z",
        "Description": "A role read far more objects than it ever did.",
        "Id": FINDING,
        "Partition": "aws",
        "Region": REGION,
        "Resource": {
            "ResourceType": "S3Bucket",
            "AccessKeyDetails": {
                "AccessKeyId": "ASIAQEXAMPLE00000001",
                "PrincipalId": "AROAQEXAMPLE:vllm",
                "UserName": "vllm-recs",
                "UserType": "AssumedRole",
            },
            "S3BucketDetails": [
                {
                    "Arn": BUCKET,
                    "Name": "llm-corpus",
                    "Type": "Destination",
                    "Tags": [{"Key": "data", "Value": "pii"}],
                }
            ],
        },
        "SchemaVersion": "2.0",
        "Service": {
            "Action": {
                "ActionType": "AWS_API_CALL",
                "AwsApiCallAction": {
                    "Api": "GetObject",
                    "ServiceName": "s3.amazonaws.com",
                    "RemoteIpDetails": {
                        "IpAddressV4": "203.0.113.9",
                        "Country": {"CountryName": "Elbonia"},
                        "Organization": {"Asn": "64500", "AsnOrg": "Example Transit"},
                    },
                },
            },
            "AdditionalInfo": {"Value": '{"unusual":{"asn":64500}}', "Type": "default"},
            "Archived": False,
            "Count": 1204,
            "DetectorId": DETECTOR,
            "EventFirstSeen": "2026-11-23T03:03:46Z",
            "EventLastSeen": "2026-11-23T03:09:46Z",
            "ResourceRole": "TARGET",
            "ServiceName": "guardduty",
        },
        "Severity": 8,
        "Title": TITLE,
        "Type": "Exfiltration:S3/AnomalousBehavior",
        "UpdatedAt": "2026-11-23T03:12:30.000Z",
        **changes,
    }


def camel(value: Any) -> Any:
    """The same as EventBridge spells it."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: camel(item) for key, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value


def lower(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): lower(item) for key, item in value.items()}
    return [lower(item) for item in value] if isinstance(value, list) else value


def asff(**changes: Any) -> dict[str, Any]:
    prefix = "aws/guardduty/service"
    call = f"{prefix}/action/awsApiCallAction"
    return {
        "SchemaVersion": "2018-10-08",
        "Id": ARN,
        "ProductArn": PRODUCT,
        "ProductName": "GuardDuty",
        "CompanyName": "Amazon",
        "Region": REGION,
        "GeneratorId": ARN.partition("/finding/")[0],
        "AwsAccountId": ACCOUNT,
        "Types": ["TTPs/Exfiltration/Exfiltration:S3-AnomalousBehavior"],
        "FirstObservedAt": "2026-11-23T03:03:46Z",
        "LastObservedAt": "2026-11-23T03:09:46Z",
        "CreatedAt": "2026-11-23T03:12:00.000Z",
        "UpdatedAt": "2026-11-23T03:12:30.000Z",
        "Severity": {"Product": 8, "Label": "HIGH", "Normalized": 80},
        "Title": TITLE,
        "Description": "A role read far more objects than it ever did.",
        "ProductFields": {
            f"{prefix}/action/actionType": "AWS_API_CALL",
            f"{call}/api": "GetObject",
            f"{call}/remoteIpDetails/ipAddressV4": "203.0.113.9",
            f"{call}/remoteIpDetails/country/countryName": "Elbonia",
            f"{call}/remoteIpDetails/organization/asn": "64500",
            f"{call}/remoteIpDetails/organization/asnOrg": "Example Transit",
            f"{prefix}/additionalInfo": '{"unusual":{"asn":64500}}',
            f"{prefix}/count": "1204",
            f"{prefix}/archived": "false",
            f"{prefix}/eventLastSeen": "2026-11-23T03:09:46Z",
            "aws/securityhub/FindingId": f"{PRODUCT}/{ARN}",
        },
        "Resources": [
            {
                "Type": "AwsS3Bucket",
                "Id": BUCKET,
                "Partition": "aws",
                "Region": REGION,
                "Tags": {"data": "pii"},
            },
            {
                "Type": "AwsIamAccessKey",
                "Id": "AWS::IAM::AccessKey:ASIAQEXAMPLE00000001",
                "Region": REGION,
                "Details": {
                    "AwsIamAccessKey": {"UserName": "vllm-recs", "PrincipalType": "AssumedRole"},
                },
            },
        ],
        "WorkflowState": "NEW",
        "Workflow": {"Status": "NOTIFIED"},
        "RecordState": "ACTIVE",
        "Note": {
            "Text": "looking",
            "UpdatedBy": "on1",
            "UpdatedAt": "2026-11-23T03:13:00Z",
        },
        **changes,
    }


def ocsf(**changes: Any) -> dict[str, Any]:
    return {
        "activity_id": 1,
        "category_uid": 2,
        "class_name": "Detection Finding",
        "class_uid": 2004,
        "cloud": {"account": {"uid": ACCOUNT}, "provider": "AWS", "region": REGION},
        "count": 1204,
        "evidences": [
            {
                "src_endpoint": {
                    "ip": "203.0.113.9",
                    "location": {"country": "EB"},
                    "autonomous_system": {"number": 64500, "name": "Example Transit"},
                }
            }
        ],
        "finding_info": {
            "created_time": 1795403520000,
            "last_seen_time": 1795403386000,
            "modified_time": 1795403550000,
            "desc": "A role read far more objects than it ever did.",
            "title": TITLE,
            "types": ["Threats", "Exfiltration:S3/AnomalousBehavior"],
            "uid": ARN,
        },
        "metadata": {
            "product": {"name": "GuardDuty", "uid": PRODUCT_V2, "vendor_name": "AWS"},
            "uid": "5" * 64,
            "version": "1.6.0",
        },
        "resources": [{"type": "AWS::S3::Bucket", "uid": "llm-corpus", "uid_alt": BUCKET, "region": REGION}],
        "severity": "High",
        "severity_id": 4,
        "status": "New",
        "status_id": 1,
        "time": 1795403550000,
        **changes,
    }


def event(detail: dict[str, Any], name: str, source: str = "aws.securityhub") -> dict[str, Any]:
    return {
        "version": "0",
        "id": "11111111-2222-3333-4444-555555555555",
        "detail-type": name,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-11-23T03:13:00Z",
        "region": REGION,
        "resources": [ARN],
        "detail": detail,
    }


def trail(**changes: Any) -> dict[str, Any]:
    """``AssumeRole`` as a trail's file has it, with the secret that its answer holds."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAQEXAMPLE",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/ci",
            "accountId": ACCOUNT,
            "accessKeyId": "AKIAQEXAMPLE00000001",
            "userName": "ci",
        },
        "eventTime": "2026-11-23T03:02:11Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "awsRegion": REGION,
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "aws-cli/2.31",
        "requestParameters": {
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/ml/vllm-recs",
            "roleSessionName": "x",
            "durationSeconds": 3600,
        },
        "responseElements": {
            "credentials": {
                "accessKeyId": "ASIAQEXAMPLE00000002",
                "sessionToken": "IQoJb3JpZ2luX2VjEXAMPLEEXAMPLEEXAMPLE",
                "expiration": "Nov 23, 2026, 4:02:11 AM",
            },
            "assumedRoleUser": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/vllm-recs/x"},
        },
        "requestID": "6a1f6d0e-0000-4000-8000-000000000001",
        "eventID": "6a1f6d0e-0000-4000-8000-000000000002",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **changes,
    }


def api_activity() -> dict[str, Any]:
    """A data event as Security Lake writes it (OCSF 1.1, class 6003)."""
    return {
        "metadata": {
            "product": {"version": "1.10", "name": "CloudTrail", "vendor_name": "AWS", "feature": {"name": "Data"}},
            "event_code": "AwsApiCall",
            "uid": "6a1f6d0e-0000-4000-8000-000000000003",
            "version": "1.1.0",
        },
        "time": 1795403055000,
        "cloud": {"region": REGION, "provider": "AWS", "account": {"uid": ACCOUNT}},
        "api": {
            "operation": "GetObject",
            "service": {"name": "s3.amazonaws.com"},
            "request": {"uid": "R1", "data": '{"bucketName":"llm-corpus","key":"a/1.parquet"}'},
            "response": {"error": None, "message": None, "data": None},
        },
        "actor": {
            "user": {
                "type": "AssumedRole",
                "uid": f"arn:aws:sts::{ACCOUNT}:assumed-role/vllm-recs/x",
                "uid_alt": "AROAQEXAMPLE:x",
                "account": {"uid": ACCOUNT},
                "credential_uid": "ASIAQEXAMPLE00000002",
            },
            "session": {"issuer": f"arn:aws:iam::{ACCOUNT}:role/ml/vllm-recs"},
        },
        "http_request": {"user_agent": "Boto3/1.40"},
        "src_endpoint": {"ip": "203.0.113.9"},
        "resources": [{"uid": "arn:aws:s3:::llm-corpus/a/1.parquet", "type": "AWS::S3::Object"}],
        "class_uid": 6003,
        "activity_name": "Read",
        "unmapped": {"additionalEventData.bytesTransferredOut": "1048576", "managementEvent": "false"},
    }


def alarm(state: str = "ALARM", *, name: str = "egress", at: str = "2026-11-23T03:14:07.431+0000") -> dict[str, Any]:
    """EventBridge's event about a metric alarm on a NAT gateway."""
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
    stat = {
        "metric": {
            "namespace": "AWS/NATGateway",
            "name": "BytesOutToDestination",
            "dimensions": {"NatGatewayId": "nat-0a1b2c3d4e5f60718"},
        },
        "period": 300,
        "stat": "Sum",
    }
    detail = {
        "alarmName": name,
        "state": {
            "value": state,
            "reason": "Threshold Crossed: 1 datapoint was greater than the threshold (1000000.0).",
            "reasonData": json.dumps({"version": "1.0", "period": 300, "statistic": "Sum", "threshold": 1e6}),
            "timestamp": at,
        },
        "previousState": {"value": "OK", "timestamp": "2026-11-22T03:14:07.431+0000"},
        "configuration": {"metrics": [{"id": "m1", "metricStat": stat, "returnData": True}]},
    }
    return {**event(detail, "CloudWatch Alarm State Change", "aws.cloudwatch"), "resources": [arn]}
