"""Findings as Security Hub holds them: GuardDuty's, its own controls, packages, external access.

Modelled on the finding examples of the GuardDuty and Security Hub user guides. The nested fields of a
GuardDuty finding appear flattened in ``ProductFields``, list members as ``name.0_``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from socconsole.drill.clock import stamp
from socconsole.drill.ids import Ids
from socconsole.drill.shapes import shape, to_wire

_LABELS: Final = ((9.0, "CRITICAL", 90), (7.0, "HIGH", 70), (4.0, "MEDIUM", 40), (0.0, "LOW", 1))
# GuardDuty's threat purposes by the ASFF taxonomy.
_NAMESPACES: Final = {
    "AttackSequence": "TTPs",
    "Backdoor": "TTPs/Command and Control",
    "Behavior": "Unusual Behaviors",
    "CredentialAccess": "TTPs/Credential Access",
    "CryptoCurrency": "TTPs/Command and Control",
    "DefenseEvasion": "TTPs/Defense Evasion",
    "Discovery": "TTPs/Discovery",
    "Execution": "TTPs/Execution",
    "Exfiltration": "Effects/Data Exfiltration",
    "Impact": "TTPs/Impact",
    "InitialAccess": "TTPs/Initial Access",
    "Persistence": "TTPs/Persistence",
    "Policy": "Software and Configuration Checks",
    "PrivilegeEscalation": "TTPs/Privilege Escalation",
    "Recon": "TTPs/Discovery",
    "Stealth": "TTPs/Defense Evasion",
    "Trojan": "TTPs/Command and Control",
    "UnauthorizedAccess": "TTPs/Initial Access",
}


def from_guardduty(finding: Mapping[str, Any]) -> dict[str, Any]:
    """The Security Hub twin of a GuardDuty finding: the same ARN is its ``Id``."""
    region, account, arn = finding["Region"], finding["AccountId"], str(finding["Arn"])
    purpose, _, rest = str(finding["Type"]).partition(":")
    label, normalized = next((name, norm) for low, name, norm in _LABELS if finding["Severity"] >= low)
    kind = f"{_NAMESPACES.get(purpose, 'TTPs')}/{purpose}:{rest.replace('/', '-', 1)}"
    service = to_wire(finding["Service"], shape("guardduty", "Service"))
    info = service.pop("additionalInfo", {})
    fields = dict(_flat("aws/guardduty/service", service))
    fields |= dict(_flat("aws/guardduty/service/additionalInfo", json.loads(info.get("value", "{}"))))
    sample = fields.get("aws/guardduty/service/additionalInfo/sample") == "true"
    out: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": arn,
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/guardduty",
        "ProductName": "GuardDuty",
        "CompanyName": "Amazon",
        "Region": region,
        "GeneratorId": arn.split("/finding/")[0],
        "AwsAccountId": account,
        "Types": [kind],
        "FirstObservedAt": finding["Service"]["EventFirstSeen"],
        "LastObservedAt": finding["Service"]["EventLastSeen"],
        "CreatedAt": finding["CreatedAt"],
        "UpdatedAt": finding["UpdatedAt"],
        "Severity": {"Product": finding["Severity"], "Label": label, "Normalized": normalized},
        "Title": finding["Title"],
        "Description": finding["Description"],
        "SourceUrl": (
            f"https://{region}.console.aws.amazon.com/guardduty/home?region={region}"
            f"#/findings?macros=current&fId={finding['Id']}"
        ),
        "ProductFields": fields,
        "Resources": list(_resources(finding)),
        "RecordState": "ARCHIVED" if finding["Service"]["Archived"] else "ACTIVE",
        "FindingProviderFields": {"Severity": {"Label": label}, "Types": [kind]},
        "Sample": sample,
    }
    if (sequence := (finding["Service"].get("Detection") or {}).get("Sequence")) is not None:
        out["Detection"] = {"Sequence": _sequence(sequence, out["ProductArn"])}
    return out


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{prefix}/{key}", item)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _flat(f"{prefix}.{number}_", item)
    elif isinstance(value, bool):
        yield prefix, str(value).lower()
    else:
        yield prefix, str(value)


def _resources(finding: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    resource, region, account = finding["Resource"], finding["Region"], finding["AccountId"]
    common = {"Partition": "aws", "Region": region}
    if (instance := resource.get("InstanceDetails")) is not None:
        net = instance["NetworkInterfaces"][0]
        yield {
            **common,
            "Type": "AwsEc2Instance",
            "Id": f"arn:aws:ec2:{region}:{account}:instance/{instance['InstanceId']}",
            "Tags": {tag["Key"]: tag["Value"] for tag in instance["Tags"]},
            "Details": {
                "AwsEc2Instance": {
                    "Type": instance["InstanceType"],
                    "ImageId": instance["ImageId"],
                    "IpV4Addresses": [net["PrivateIpAddress"]],
                    "VpcId": net["VpcId"],
                    "SubnetId": net["SubnetId"],
                    "LaunchedAt": instance["LaunchTime"],
                }
            },
        }
    if (key := resource.get("AccessKeyDetails")) is not None:
        yield {
            **common,
            "Type": "AwsIamAccessKey",
            "Id": f"AWS::IAM::AccessKey:{key['AccessKeyId']}",
            "Details": {
                "AwsIamAccessKey": {
                    "PrincipalId": key["PrincipalId"],
                    "PrincipalName": key["UserName"],
                    "PrincipalType": key["UserType"],
                }
            },
        }
    for bucket in resource.get("S3BucketDetails") or ():
        detail: dict[str, Any] = {"OwnerId": bucket.get("Owner", {}).get("Id", account)}
        if "CreatedAt" in bucket:
            detail["CreatedAt"] = stamp(bucket["CreatedAt"])
        yield {
            **common,
            "Type": "AwsS3Bucket",
            "Id": bucket["Arn"],
            "Tags": {tag["Key"]: tag["Value"] for tag in bucket.get("Tags", ())},
            "Details": {"AwsS3Bucket": detail},
        }
    sequence = (finding["Service"].get("Detection") or {}).get("Sequence") or {}
    for one in sequence.get("Resources", ()):
        bucketlike = one["ResourceType"] == "S3_BUCKET"
        yield {
            **common,
            "Type": "AwsS3Bucket" if bucketlike else "AwsIamAccessKey",
            "Id": one["Uid"] if bucketlike else f"AWS::IAM::AccessKey:{one['Uid']}",
        }


def _sequence(sequence: Mapping[str, Any], product: str) -> dict[str, Any]:
    def millis(moment: datetime) -> int:
        return int(moment.timestamp() * 1000)

    return {
        "Uid": sequence["Uid"],
        "Actors": sequence["Actors"],
        "Endpoints": [_endpoint(one) for one in sequence["Endpoints"]],
        "Signals": [
            {
                "Type": one["Type"],
                "Id": one["Uid"],
                "Title": one["Name"],
                "ProductArn": product,
                "ResourceIds": one["ResourceUids"],
                "Name": one["Name"],
                "CreatedAt": millis(one["CreatedAt"]),
                "UpdatedAt": millis(one["UpdatedAt"]),
                "FirstSeenAt": millis(one["FirstSeenAt"]),
                "LastSeenAt": millis(one["LastSeenAt"]),
                "Severity": one["Severity"],
                "Count": one["Count"],
                "ActorIds": one["ActorIds"],
                "EndpointIds": one["EndpointIds"],
            }
            for one in sequence["Signals"]
        ],
        "SequenceIndicators": [dict(one) for one in sequence["SequenceIndicators"]],
    }


def _endpoint(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    where = endpoint["Location"]
    return {
        **endpoint,
        "Location": {
            "City": where["City"],
            "Country": where["Country"],
            "Lat": where["Latitude"],
            "Lon": where["Longitude"],
        },
    }


_SEVERITIES: Final = {"CRITICAL": 90, "HIGH": 70, "MEDIUM": 40, "LOW": 1, "INFORMATIONAL": 0}


def control(
    ids: Ids, spec: Mapping[str, Any], account: str, region: str, created: datetime, now: datetime
) -> dict[str, Any]:
    """A control finding of Security Hub itself (``control``, ``title``, ``resource``, ``status``)."""
    name, resource = spec["control"], spec["resource"]
    label, status = spec["severity"], spec.get("status", "FAILED")
    ident = ids.uuid("control", name, resource["id"], account, region)
    kind = "Software and Configuration Checks/Industry and Regulatory Standards"
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:{region}:{account}:security-control/{name}/finding/{ident}",
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/securityhub",
        "ProductName": "Security Hub",
        "CompanyName": "AWS",
        "Region": region,
        "GeneratorId": f"security-control/{name}",
        "AwsAccountId": account,
        "Types": [kind],
        "FirstObservedAt": stamp(created),
        "LastObservedAt": stamp(now),
        "CreatedAt": stamp(created),
        "UpdatedAt": stamp(now),
        "Severity": {"Label": label, "Normalized": _SEVERITIES[label], "Original": label},
        "Title": spec["title"],
        "Description": spec.get("description") or f"This control checks whether: {spec['title']}.",
        "Remediation": {
            "Recommendation": {
                "Text": "The Security Hub user guide says how to correct this issue.",
                "Url": f"https://docs.aws.amazon.com/console/securityhub/{name}/remediation",
            }
        },
        "ProductFields": {
            "RelatedAWSResources:0/name": f"securityhub-{name.lower().replace('.', '-')}-{ident[:8]}",
            "RelatedAWSResources:0/type": "AWS::Config::ConfigRule",
            "Resources:0/Id": resource["id"],
        },
        "Resources": [_resource(resource, region)],
        "Compliance": {
            "Status": status,
            "SecurityControlId": name,
            "RelatedRequirements": list(spec.get("requirements", ())),
            "AssociatedStandards": [{"StandardsId": "standards/aws-foundational-security-best-practices/v/1.0.0"}],
        },
        "Workflow": {"Status": "RESOLVED" if status == "PASSED" else spec.get("workflow", "NEW")},
        "RecordState": spec.get("record", "ACTIVE"),
        "FindingProviderFields": {"Severity": {"Label": label, "Original": label}, "Types": [kind]},
    }


def _resource(resource: Mapping[str, Any], region: str) -> dict[str, Any]:
    out = {"Type": resource["type"], "Id": resource["id"], "Partition": "aws", "Region": region}
    for key, name in (("tags", "Tags"), ("details", "Details")):
        if key in resource:
            out[name] = resource[key]
    return out


def package(
    ids: Ids, spec: Mapping[str, Any], account: str, region: str, created: datetime, now: datetime
) -> dict[str, Any]:
    """A package vulnerability as Inspector reports it (``cve``, ``package``, ``resource``)."""
    label, cve, pack, resource = spec["severity"], spec["cve"], spec["package"], spec["resource"]
    ident = ids.hex("inspector", cve, resource["id"])
    kind = "Software and Configuration Checks/Vulnerabilities/CVE"
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:inspector2:{region}:{account}:finding/{ident}",
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/inspector",
        "ProductName": "Inspector",
        "CompanyName": "Amazon",
        "Region": region,
        "GeneratorId": "AWSInspector",
        "AwsAccountId": account,
        "Types": [kind],
        "FirstObservedAt": stamp(created),
        "LastObservedAt": stamp(now),
        "CreatedAt": stamp(created),
        "UpdatedAt": stamp(now),
        "Severity": {"Label": label, "Normalized": _SEVERITIES[label]},
        "Title": f"{cve} - {pack['name']}",
        "Description": spec["description"],
        "Remediation": {
            "Recommendation": {"Text": f"Upgrade {pack['name']} to {pack.get('fixed', 'a version with the fix')}."}
        },
        "ProductFields": {
            "aws/inspector/ProductVersion": "2",
            "aws/inspector/FindingStatus": "ACTIVE",
            "aws/inspector/inspectorScore": str(spec.get("score", 0)),
        },
        "Resources": [_resource(resource, region)],
        "Vulnerabilities": [
            {
                "Id": cve,
                "VulnerablePackages": [
                    {
                        "Name": pack["name"],
                        "Version": pack["version"],
                        "PackageManager": pack.get("manager", "OS"),
                        "FixedInVersion": pack.get("fixed", "NotAvailable"),
                    }
                ],
                "Cvss": [{"Version": "3.1", "BaseScore": float(spec.get("score", 0)), "Source": "NVD"}],
                "FixAvailable": "YES" if "fixed" in pack else "NO",
                "ExploitAvailable": spec.get("exploit", "NO"),
                "ReferenceUrls": [f"https://nvd.nist.gov/vuln/detail/{cve}"],
            }
        ],
        "Workflow": {"Status": spec.get("workflow", "NEW")},
        "RecordState": spec.get("record", "ACTIVE"),
        "FindingProviderFields": {"Severity": {"Label": label}, "Types": [kind]},
    }


def external_access(
    ids: Ids, spec: Mapping[str, Any], account: str, region: str, created: datetime, now: datetime
) -> dict[str, Any]:
    """What Access Analyzer says of a resource that someone outside may use (``resource``, ``principal``)."""
    resource, label = spec["resource"], spec.get("severity", "HIGH")
    ident = ids.uuid("analyzer", resource["id"], spec["principal"])
    kind = "Effects/Data Exposure/External Access Granted"
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:access-analyzer:{region}:{account}:analyzer/soc/finding/{ident}",
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/access-analyzer",
        "ProductName": "IAM Access Analyzer",
        "CompanyName": "AWS",
        "Region": region,
        "GeneratorId": f"arn:aws:access-analyzer:{region}:{account}:analyzer/soc",
        "AwsAccountId": account,
        "Types": [kind],
        "CreatedAt": stamp(created),
        "UpdatedAt": stamp(now),
        "Severity": {"Label": label, "Normalized": _SEVERITIES[label]},
        "Title": spec["title"],
        "Description": spec["description"],
        "ProductFields": {
            "External Principal": spec["principal"],
            "Action Granted": ",".join(spec.get("actions", ("s3:GetObject", "s3:ListBucket"))),
            "aws/access-analyzer/isPublic": str(spec["principal"] == "*").lower(),
        },
        "Resources": [_resource(resource, region)],
        "RecordState": spec.get("record", "ACTIVE"),
        "Workflow": {"Status": spec.get("workflow", "NEW")},
        "FindingProviderFields": {"Severity": {"Label": label}, "Types": [kind]},
    }
