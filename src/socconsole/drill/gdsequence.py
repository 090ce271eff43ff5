"""Attack sequences: what GuardDuty says when single findings add up to one story."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from socconsole.drill.gdparts import bucket_detail, finding_arn, key_details

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud


def sequence(
    cloud: Cloud, spec: Mapping[str, Any], account: str, region: str, now: datetime, first: datetime
) -> dict[str, Any]:
    """``service.detection.sequence``: its signals are the findings that ``sequence.signals`` names."""
    given, key = spec["sequence"], key_details(cloud, spec["key"], account)
    actor_id, endpoint_id = f"actor-{key['UserName']}", "endpoint-1"
    resources: list[dict[str, Any]] = [
        {
            "Uid": key["AccessKeyId"],
            "Name": key["AccessKeyId"],
            "AccountId": account,
            "ResourceType": "ACCESS_KEY",
            "Region": region,
            "Service": "iam",
            "CloudPartition": "aws",
            "Data": {
                "AccessKey": {
                    "PrincipalId": key["PrincipalId"],
                    "UserName": key["UserName"],
                    "UserType": key["UserType"],
                }
            },
        }
    ]
    resources += [_bucket(bucket, account, region) for bucket in given.get("buckets", [])]
    uids = [one["Uid"] for one in resources]
    signals = [
        {
            "Uid": finding_arn(cloud, name, account, region),
            "Type": "FINDING",
            "Name": title,
            "Description": title,
            "CreatedAt": first,
            "UpdatedAt": now,
            "FirstSeenAt": first,
            "LastSeenAt": now,
            "Severity": 8.0,
            "Count": 1,
            "ResourceUids": uids,
            "ActorIds": [actor_id],
            "EndpointIds": [endpoint_id],
        }
        for name, title in given["signals"].items()
    ]
    actor = spec["actor"]
    return {
        "Uid": cloud.ids.uuid("sequence", spec["type"], account),
        "Description": spec["description"],
        "Actors": [
            {
                "Id": actor_id,
                "User": {
                    "Name": key["UserName"],
                    "Uid": key["PrincipalId"],
                    "Type": key["UserType"],
                    "CredentialUid": key["AccessKeyId"],
                    "Account": {"Uid": account, "Name": account},
                },
            }
        ],
        "Resources": resources,
        "Endpoints": [
            {
                "Id": endpoint_id,
                "Ip": actor["ip"],
                "Location": {
                    "City": actor.get("city", ""),
                    "Country": actor.get("country", ""),
                    "Latitude": float(actor.get("lat", 0.0)),
                    "Longitude": float(actor.get("lon", 0.0)),
                },
                "AutonomousSystem": {"Name": actor.get("org", ""), "Number": int(actor.get("asn", 64500))},
            }
        ],
        "Signals": signals,
        "SequenceIndicators": [
            {"Key": "ATTACK_TACTIC", "Values": list(given.get("tactics", ["Exfiltration"]))},
            {"Key": "HIGH_RISK_API", "Values": list(given.get("apis", ["s3:GetObject"]))},
            {"Key": "UNUSUAL_ASN_FOR_USER", "Values": [str(actor.get("asn", 64500))]},
        ],
    }


def _bucket(bucket: str, account: str, region: str) -> dict[str, Any]:
    detail = bucket_detail(bucket)
    access = detail.get("PublicAccess", {}).get("EffectivePermission", "NOT_PUBLIC")
    return {
        "Uid": f"arn:aws:s3:::{bucket}",
        "Name": bucket,
        "AccountId": account,
        "ResourceType": "S3_BUCKET",
        "Region": region,
        "Service": "s3",
        "CloudPartition": "aws",
        "Tags": detail.get("Tags", []),
        "Data": {"S3Bucket": {"OwnerId": account, "EffectivePermission": access}},
    }
