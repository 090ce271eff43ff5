"""Records as AWS sends them, of about the size that real ones have (2.8 kB): the same serial is always the same."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any, Final

TOP: Final = 400
"""How many findings at the top of Triage stand in the order of their serials."""

TOP_AGE: Final = timedelta(hours=2)
"""Age of the first of them; each next one is a second older."""

_REGIONS: Final = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2")
_ACCOUNTS: Final = ("111122223333", "444455556666", "777788889999")
_TYPES: Final = (
    ("UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", "Credentials used outside AWS"),
    ("Discovery:S3/AnomalousBehavior", "Buckets listed as never before"),
    ("Recon:EC2/PortProbeUnprotectedPort", "An unprotected port is being probed"),
    ("CryptoCurrency:EC2/BitcoinTool.B!DNS", "A host asks for a domain of a mining pool"),
    ("Persistence:IAMUser/AnomalousBehavior", "An access key was made in an unusual way"),
    ("Impact:EC2/AbusedDomainRequest.Reputation", "A host asks for a domain that is often abused"),
    ("PrivilegeEscalation:IAMUser/AnomalousBehavior", "A policy was attached in an unusual way"),
)
_CONTROLS: Final = (
    ("S3.8", "S3 general purpose buckets should block public access"),
    ("EC2.19", "Security groups should not allow unrestricted access to ports with high risk"),
    ("IAM.3", "IAM users' access keys should be rotated every 90 days or less"),
    ("RDS.3", "RDS DB instances should have encryption at-rest enabled"),
)


def record(serial: int, now: datetime, version: int = 0) -> dict[str, Any]:
    """One record as AWS sends it. ``version`` above 0 is a later state of the same one: count, time and title move."""
    rng = random.Random(serial)
    if serial < TOP:
        return _guardduty(serial, now - TOP_AGE - timedelta(seconds=serial), version, rng, top=True)
    happened = now - timedelta(hours=3, seconds=rng.randrange(20 * 86_400))
    kind = rng.random()
    if kind < 0.7:
        return _guardduty(serial, happened, version, rng, top=False)
    return _control(serial, happened, version, rng) if kind < 0.9 else _vulnerability(serial, happened, version, rng)


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def _hex(rng: random.Random, digits: int) -> str:
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def _title(serial: int, words: str, version: int) -> str:
    # The version stands before the words: a narrow column cuts a title's end.
    return f"{serial:07} " + (f"{version + 1} times: " if version else "") + words


def _guardduty(serial: int, at: datetime, version: int, rng: random.Random, *, top: bool) -> dict[str, Any]:
    region, account = rng.choice(_REGIONS), rng.choice(_ACCOUNTS)
    name, words = ("Exfiltration:S3/AnomalousBehavior", "Objects read in bulk") if top else rng.choice(_TYPES)
    severity = 9.0 if top else rng.choice((2.0, 2.0, 2.0, 5.0, 5.0, 8.0))
    detector, id_ = _hex(rng, 32), _hex(rng, 32)
    bucket = f"data-{_hex(rng, 8)}"
    updated = at + timedelta(minutes=5, seconds=version)
    resource: dict[str, Any] = {
        "ResourceType": "S3Bucket" if "S3" in name else "AccessKey" if "IAM" in name else "Instance",
        "AccessKeyDetails": {
            "AccessKeyId": f"ASIA{_hex(rng, 16).upper()}",
            "PrincipalId": f"AROA{_hex(rng, 16).upper()}:session-{rng.randrange(10_000)}",
            "UserName": f"service-{rng.randrange(400)}",
            "UserType": "AssumedRole",
        },
    }
    if "S3" in name:
        resource["S3BucketDetails"] = [
            {
                "Arn": f"arn:aws:s3:::{bucket}",
                "Name": bucket,
                "Type": "Destination",
                "CreatedAt": 1_650_000_000 + rng.randrange(10**7),
                "Owner": {"Id": _hex(rng, 64)},
                "Tags": [{"Key": "team", "Value": f"team-{rng.randrange(40)}"}, {"Key": "env", "Value": "prod"}],
                "DefaultServerSideEncryption": {"EncryptionType": "AES256"},
                "PublicAccess": {"EffectivePermission": rng.choice(("PUBLIC", "NOT_PUBLIC"))},
            }
        ]
    elif "EC2" in name:
        resource["InstanceDetails"] = {
            "InstanceId": f"i-{_hex(rng, 17)}",
            "InstanceType": rng.choice(("m6i.large", "g5.2xlarge", "t3.medium")),
            "AvailabilityZone": f"{region}a",
            "ImageId": f"ami-{_hex(rng, 17)}",
            "NetworkInterfaces": [
                {
                    "NetworkInterfaceId": f"eni-{_hex(rng, 17)}",
                    "PrivateIpAddress": f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}",
                    "SubnetId": f"subnet-{_hex(rng, 17)}",
                    "VpcId": f"vpc-{_hex(rng, 17)}",
                    "SecurityGroups": [{"GroupId": f"sg-{_hex(rng, 17)}", "GroupName": f"group-{rng.randrange(99)}"}],
                }
            ],
            "Tags": [{"Key": "Name", "Value": f"host-{rng.randrange(2_000)}"}],
        }
    address = f"203.0.113.{rng.randrange(256)}"
    return {
        "SchemaVersion": "2.0",
        "AccountId": account,
        "Region": region,
        "Partition": "aws",
        "Id": id_,
        "Arn": f"arn:aws:guardduty:{region}:{account}:detector/{detector}/finding/{id_}",
        "Type": name,
        "Title": _title(serial, words, version),
        "Description": f"{words}: service-{rng.randrange(400)} did from {address} what it never did in 90 days before; "
        f"{rng.randrange(9_000)} calls in {rng.randrange(2, 50)} minutes over {rng.randrange(2, 900)} resources.",
        "Severity": severity,
        "CreatedAt": _z(at + timedelta(minutes=4)),
        "UpdatedAt": _z(updated),
        "Resource": resource,
        "Service": {
            "ServiceName": "guardduty",
            "DetectorId": detector,
            "ResourceRole": "TARGET",
            "Archived": False,
            "Count": 1 + version,
            "EventFirstSeen": _z(at),
            "EventLastSeen": _z(at),
            "Action": {
                "ActionType": "AWS_API_CALL",
                "AwsApiCallAction": {
                    "Api": rng.choice(("GetObject", "ListBuckets", "CreateAccessKey", "AttachRolePolicy")),
                    "ServiceName": rng.choice(("s3.amazonaws.com", "iam.amazonaws.com")),
                    "CallerType": "Remote IP",
                    "RemoteIpDetails": {
                        "IpAddressV4": address,
                        "Country": {"CountryName": rng.choice(("Elbonia", "Ruritania", "Freedonia"))},
                        "City": {"CityName": f"City {rng.randrange(300)}"},
                        "GeoLocation": {"Lat": rng.randrange(-90, 90), "Lon": rng.randrange(-180, 180)},
                        "Organization": {
                            "Asn": str(64_496 + rng.randrange(15)),
                            "AsnOrg": f"Transit {rng.randrange(99)}",
                            "Isp": f"Carrier {rng.randrange(99)}",
                            "Org": f"Carrier {rng.randrange(99)}",
                        },
                    },
                    "AffectedResources": {"AWS::S3::Bucket": bucket},
                },
            },
            "AdditionalInfo": {"Type": "default", "Value": json.dumps(_usual(rng))},
        },
    }


def _usual(rng: random.Random) -> dict[str, Any]:
    """What GuardDuty adds to its anomalies: what is usual for whom, and what was not."""
    return {
        "userAgent": {
            "fullUserAgent": f"aws-cli/2.{rng.randrange(30)}.{rng.randrange(30)} Python/3.11.{rng.randrange(9)}",
            "userAgentCategory": "CLI",
        },
        "anomalies": {
            "anomalousAPIs": "s3.amazonaws.com:[GetObject:success , ListObjectsV2:success]",
        },
        "profiledBehavior": {
            "rareProfiledAPIsAccountProfiling": "CreateAccessKey , PutBucketPolicy",
            "infrequentProfiledAPIsAccountProfiling": "AttachRolePolicy",
            "frequentProfiledAPIsAccountProfiling": "GetCallerIdentity , DescribeInstances , ListBuckets",
            "rareProfiledASNsAccountProfiling": f"asnNumber: {rng.randrange(9**5)} asnOrg: TRANSIT {rng.randrange(99)}",
            "numberOfHistoricalDailyAvgAPIsAccountProfiling": f"{rng.random() * 4_000:.2f}",
            "numberOfHistoricalDailyMaxAPIsAccountProfiling": f"{rng.random() * 90_000:.2f}",
        },
        "unusualBehavior": {
            "unusualAPIsAccountProfiling": "GetObject",
            "unusualASNsUserIdentityProfiling": f"asnNumber: {rng.randrange(9**5)} asnOrg: CARRIER {rng.randrange(99)}",
            "unusualUserAgentsUserIdentityProfiling": "aws-cli",
            "isUnusualUserIdentity": "false",
        },
    }


def _hub(serial: int, at: datetime, version: int, account: str, region: str, product: str, id_: str) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": id_,
        "ProductArn": f"arn:aws:securityhub:{region}::product/aws/{product}",
        "CompanyName": "AWS",
        "Region": region,
        "AwsAccountId": account,
        "FirstObservedAt": _z(at),
        "LastObservedAt": _z(at),
        "CreatedAt": _z(at + timedelta(minutes=1)),
        "UpdatedAt": _z(at + timedelta(minutes=2, seconds=version)),
        "ProcessedAt": _z(at + timedelta(minutes=3)),
        "AwsAccountName": f"account-{account[:4]}",
        "Workflow": {"Status": "NEW"},
        "WorkflowState": "NEW",
        "RecordState": "ACTIVE",
    }


def _control(serial: int, at: datetime, version: int, rng: random.Random) -> dict[str, Any]:
    region, account = rng.choice(_REGIONS), rng.choice(_ACCOUNTS)
    control, words = rng.choice(_CONTROLS)
    id_ = f"arn:aws:securityhub:{region}:{account}:security-control/{control}/finding/{_hex(rng, 32)}"
    label = rng.choice(("LOW", "MEDIUM", "HIGH"))
    bucket = f"arn:aws:s3:::data-{_hex(rng, 8)}"
    return {
        **_hub(serial, at, version, account, region, "securityhub", id_),
        "ProductName": "Security Hub",
        "GeneratorId": f"security-control/{control}",
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "Severity": {"Label": label, "Normalized": {"LOW": 1, "MEDIUM": 40, "HIGH": 70}[label], "Original": label},
        "Title": _title(serial, words, version),
        "Description": f"This control checks whether {words.lower()}.",
        "Remediation": {"Recommendation": {"Text": "See the documentation.", "Url": "https://docs.aws.amazon.com/"}},
        "ProductFields": {
            "StandardsArn": "arn:aws:securityhub:::standards/aws-foundational-security-best-practices/v/1.0.0",
            "StandardsSubscriptionArn": f"arn:aws:securityhub:{region}:{account}:subscription/"
            "aws-foundational-security-best-practices/v/1.0.0",
            "StandardsControlArn": f"arn:aws:securityhub:{region}:{account}:control/"
            f"aws-foundational-security-best-practices/v/1.0.0/{control}",
            "ControlId": control,
            "RecommendationUrl": f"https://docs.aws.amazon.com/console/securityhub/{control}/remediation",
            "RelatedAWSResources:0/name": f"securityhub-{control.lower()}-{_hex(rng, 8)}",
            "RelatedAWSResources:0/type": "AWS::Config::ConfigRule",
            "Resources:0/Id": bucket,
            "aws/securityhub/ProductName": "Security Hub",
            "aws/securityhub/CompanyName": "AWS",
            "aws/securityhub/annotation": f"The resource {bucket} does not meet the requirement.",
            "aws/securityhub/FindingId": f"arn:aws:securityhub:{region}::product/aws/securityhub/{id_}",
        },
        "FindingProviderFields": {
            "Severity": {"Label": label, "Original": label},
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        },
        "Resources": [
            {
                "Type": "AwsS3Bucket",
                "Id": bucket,
                "Partition": "aws",
                "Region": region,
                "Tags": {"team": f"team-{rng.randrange(40)}", "env": "prod"},
                "Details": {
                    "AwsS3Bucket": {
                        "CreatedAt": _z(at - timedelta(days=rng.randrange(900))),
                        "OwnerId": _hex(rng, 64),
                        "ServerSideEncryptionConfiguration": {
                            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                        },
                    }
                },
            }
        ],
        "Compliance": {
            "Status": "FAILED",
            "SecurityControlId": control,
            "AssociatedStandards": [{"StandardsId": "standards/aws-foundational-security-best-practices/v/1.0.0"}],
        },
    }


def _vulnerability(serial: int, at: datetime, version: int, rng: random.Random) -> dict[str, Any]:
    region, account = rng.choice(_REGIONS), rng.choice(_ACCOUNTS)
    cve = f"CVE-20{rng.randrange(18, 27)}-{rng.randrange(1_000, 60_000)}"
    label = rng.choice(("LOW", "MEDIUM", "HIGH", "CRITICAL"))
    instance = f"arn:aws:ec2:{region}:{account}:instance/i-{_hex(rng, 17)}"
    id_ = f"arn:aws:inspector2:{region}:{account}:finding/{_hex(rng, 32)}"
    package = f"package-{rng.randrange(900)}"
    return {
        **_hub(serial, at, version, account, region, "inspector", id_),
        "ProductName": "Inspector",
        "GeneratorId": "AWSInspector",
        "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
        "Severity": {"Label": label, "Normalized": {"LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}[label]},
        "Title": _title(serial, f"{cve} - {package}", version),
        "Description": f"{package} has a flaw that lets a remote party read memory it should not ({_hex(rng, 24)}).",
        "ProductFields": {
            "aws/inspector/FindingStatus": "ACTIVE",
            "aws/inspector/inspectorScore": f"{rng.randrange(100) / 10}",
            "aws/inspector/instanceId": instance,
            "aws/inspector/resources/1/resourceDetails/awsEc2InstanceDetails/platform": "AMAZON_LINUX_2",
            "aws/securityhub/ProductName": "Inspector",
            "aws/securityhub/CompanyName": "Amazon",
            "aws/securityhub/FindingId": f"arn:aws:securityhub:{region}::product/aws/inspector/{id_}",
        },
        "FindingProviderFields": {
            "Severity": {"Label": label},
            "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
        },
        "Remediation": {"Recommendation": {"Text": "Remediation is available. Refer to the details of the package."}},
        "Resources": [
            {
                "Type": "AwsEc2Instance",
                "Id": instance,
                "Partition": "aws",
                "Region": region,
                "Tags": {"Name": f"host-{rng.randrange(2_000)}", "env": "prod"},
                "Details": {
                    "AwsEc2Instance": {
                        "Type": "m6i.large",
                        "ImageId": f"ami-{_hex(rng, 17)}",
                        "IpV4Addresses": [f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"],
                        "VpcId": f"vpc-{_hex(rng, 17)}",
                        "SubnetId": f"subnet-{_hex(rng, 17)}",
                        "LaunchedAt": _z(at - timedelta(days=rng.randrange(200))),
                    }
                },
            }
        ],
        "Vulnerabilities": [
            {
                "Id": cve,
                "VulnerablePackages": [
                    {
                        "Name": package,
                        "Version": f"{rng.randrange(9)}.{rng.randrange(40)}",
                        "Epoch": "0",
                        "Release": f"{rng.randrange(99)}.amzn2",
                        "Architecture": "X86_64",
                        "PackageManager": "OS",
                        "Remediation": f"yum update {package}",
                    }
                ],
                "Cvss": [
                    {
                        "BaseScore": rng.randrange(100) / 10,
                        "BaseVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
                        "Version": "3.1",
                        "Source": "NVD",
                    }
                ],
                "Vendor": {"Name": "NVD", "Url": f"https://nvd.nist.gov/vuln/detail/{cve}", "VendorSeverity": label},
                "ReferenceUrls": [f"https://alas.aws.amazon.com/cve/html/{cve}.html"],
            }
        ],
    }
