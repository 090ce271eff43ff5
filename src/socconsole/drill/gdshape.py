"""A GuardDuty finding in full from a scenario's few lines, in the service model's shape.

A line names what happened (``type``, ``title``, ``description``, ``severity``), on what (``bucket``, ``key``,
``instance``, ``sequence``), by whom (``actor``) and how (``api``, ``network`` or ``dns``). Bucket settings
are read from the estate as they are at that moment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from socconsole.drill import gdsequence
from socconsole.drill.clock import stamp
from socconsole.drill.gdparts import Spec, bucket_detail, finding_arn, instance_details, key_details, remote

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud


def build(
    cloud: Cloud, name: str, spec: Spec, account: str, region: str, now: datetime, first: datetime
) -> dict[str, Any]:
    """A new finding, first seen ``first``, published ``now``; grows by :func:`again`."""
    arn = finding_arn(cloud, name, account, region)
    service: dict[str, Any] = {
        "ServiceName": "guardduty",
        "DetectorId": arn.split("/")[1],
        "Archived": bool(spec.get("archived", False)),
        "Count": int(spec.get("count", 1)),
        "EventFirstSeen": stamp(first),
        "EventLastSeen": stamp(now - timedelta(seconds=20)) if now - first > timedelta(seconds=40) else stamp(first),
        "ResourceRole": spec.get("role", "TARGET"),
        "AdditionalInfo": {"Value": json.dumps(_additional(spec)), "Type": "default"},
    }
    if (action := _action(spec)) is not None:
        service["Action"] = action
    if lists := spec.get("threat_list"):
        service["Evidence"] = {
            "ThreatIntelligenceDetails": [{"ThreatListName": lists, "ThreatNames": list(spec.get("threats", []))}]
        }
    if feature := spec.get("feature"):
        service["FeatureName"] = feature
    if "sequence" in spec:
        service["Detection"] = {"Sequence": gdsequence.sequence(cloud, spec, account, region, now, first)}
    finding: dict[str, Any] = {
        "AccountId": account,
        "Arn": arn,
        "CreatedAt": stamp(now),
        "Description": spec["description"],
        "Id": arn.rsplit("/", 1)[1],
        "Partition": "aws",
        "Region": region,
        "Resource": _resource(cloud, spec, account, region),
        "SchemaVersion": "2.0",
        "Service": service,
        "Severity": float(spec["severity"]),
        "Title": spec["title"],
        "Type": spec["type"],
        "UpdatedAt": stamp(now),
    }
    if part_of := spec.get("part_of"):
        finding["AssociatedAttackSequenceArn"] = finding_arn(cloud, part_of, account, region)
    return finding


def again(cloud: Cloud, finding: Mapping[str, Any], spec: Spec, now: datetime, more: int) -> dict[str, Any]:
    """The same finding after ``more`` further events: count and times move, the id stays."""
    service = {**finding["Service"], "Count": finding["Service"]["Count"] + more, "EventLastSeen": stamp(now)}
    resource = _resource(cloud, spec, finding["AccountId"], finding["Region"])
    return {**finding, "Service": service, "Resource": resource, "UpdatedAt": stamp(now)}


def _additional(spec: Spec) -> dict[str, Any]:
    info: dict[str, Any] = dict(spec.get("info", {}))
    if spec.get("sample"):
        info["sample"] = True
    if lists := spec.get("threat_list"):
        info["threatListName"] = lists
    return info


# --- on what ----------------------------------------------------------------------------------------------


def _resource(cloud: Cloud, spec: Spec, account: str, region: str) -> dict[str, Any]:
    if "sequence" in spec:
        return {"ResourceType": "AttackSequence"}
    resource: dict[str, Any] = {"ResourceType": "AccessKey"}
    if "instance" in spec:
        resource["ResourceType"] = "Instance"
        resource["InstanceDetails"] = instance_details(spec["instance"], account)
    if "key" in spec:
        resource["ResourceType"] = "AccessKey"
        resource["AccessKeyDetails"] = key_details(cloud, spec["key"], account)
    if "bucket" in spec:
        resource["ResourceType"] = "S3Bucket"
        resource["S3BucketDetails"] = [bucket_detail(str(spec["bucket"]))]
    return resource


# --- how, and from where ------------------------------------------------------------------------------------


def _action(spec: Spec) -> dict[str, Any] | None:
    if api := spec.get("api"):
        call: dict[str, Any] = {
            "Api": api["name"],
            "CallerType": "Remote IP",
            "ServiceName": api["service"],
            "UserAgent": api.get("agent", "aws-cli/2.17.0 Python/3.11.8 Linux/6.1 botocore/2.0.0"),
            "RemoteIpDetails": remote(spec["actor"]),
            "AffectedResources": {"AWS::S3::Bucket": spec["bucket"]} if "bucket" in spec else {},
        }
        if outsider := spec["actor"].get("account"):
            call["RemoteAccountDetails"] = {"AccountId": outsider, "Affiliated": False}
        if error := api.get("error"):
            call["ErrorCode"] = error
        return {"ActionType": "AWS_API_CALL", "AwsApiCallAction": call}
    if net := spec.get("network"):
        return {
            "ActionType": "NETWORK_CONNECTION",
            "NetworkConnectionAction": {
                "Blocked": False,
                "ConnectionDirection": net.get("direction", "OUTBOUND"),
                "Protocol": net.get("protocol", "TCP"),
                "LocalPortDetails": {"Port": int(net.get("local", 0)), "PortName": "Unknown"},
                "LocalIpDetails": {"IpAddressV4": spec.get("instance", {}).get("ip", "10.20.4.17")},
                "RemotePortDetails": {
                    "Port": int(net.get("port", 443)),
                    "PortName": net.get("name", "Unknown"),
                },
                "RemoteIpDetails": remote(spec["actor"]),
            },
        }
    if domain := spec.get("dns"):
        return {
            "ActionType": "DNS_REQUEST",
            "DnsRequestAction": {"Domain": domain, "Protocol": "UDP", "Blocked": False},
        }
    return None
