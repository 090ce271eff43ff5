"""Parts of GuardDuty findings that single findings and attack sequences share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend

from socconsole.drill import exposure

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

Spec = Mapping[str, Any]


def finding_arn(cloud: Cloud, name: str, account: str, region: str) -> str:
    """The ARN of a scenario's finding, known before it exists: sequences and tests refer to it."""
    detector = next(iter(get_backend("guardduty")[account][region].detectors), "0" * 32)
    return f"arn:aws:guardduty:{region}:{account}:detector/{detector}/finding/{cloud.ids.hex('finding', name)}"


def key_details(cloud: Cloud, key: Spec, account: str) -> dict[str, Any]:
    """``session_of`` a role, or ``user``; an ``id`` names the access key itself."""
    if "session_of" in key:
        role = str(key["session_of"])
        return {
            "AccessKeyId": key.get("id") or cloud.ids.access_key("ASIA", "session", role),
            "PrincipalId": f"{_unique_id(account, role)}:{key.get('session', 'session')}",
            "UserName": role,
            "UserType": "AssumedRole",
        }
    user = str(key.get("user", "Root"))
    return {
        "AccessKeyId": key.get("id") or cloud.ids.access_key("AKIA", "user", user),
        "PrincipalId": _unique_id(account, user),
        "UserName": user,
        "UserType": "Root" if user == "Root" else "IAMUser",
    }


def _unique_id(account: str, name: str) -> str:
    """IAM's unique id of a role or user; that of the account for anyone it does not know."""
    backend = get_backend("iam")[account]["aws"]
    owners: list[Any] = [*backend.roles.values(), *backend.users.values()]
    for owner in owners:
        if owner.name == name:
            return str(owner.id)
    return account


def bucket_detail(bucket: str) -> dict[str, Any]:
    """What GuardDuty says of a bucket, from the estate; less for one that does not exist (any more)."""
    found, owner = exposure.bucket_of(bucket), exposure.owner_of(bucket)
    detail: dict[str, Any] = {"Arn": f"arn:aws:s3:::{bucket}", "Name": bucket, "Type": "Destination"}
    if found is None or owner is None:
        return detail
    block = found.public_access_block
    account_block = get_backend("s3control")[owner]["aws"].public_access_block
    document, state = exposure.policy_of(bucket), exposure.exposed(bucket)
    public = exposure.is_public(document)
    tags = get_backend("s3")[owner]["aws"].tagger.get_tag_dict_for_resource(found.arn)
    return {
        **detail,
        "CreatedAt": found.creation_date.replace(microsecond=0),
        "Owner": {"Id": owner},
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        "DefaultServerSideEncryption": {"EncryptionType": "AES256"},
        "PublicAccess": {
            "PermissionConfiguration": {
                "BucketLevelPermissions": {
                    "AccessControlList": {
                        "AllowsPublicReadAccess": state.by_acl,
                        "AllowsPublicWriteAccess": False,
                    },
                    "BucketPolicy": {"AllowsPublicReadAccess": public, "AllowsPublicWriteAccess": False},
                    "BlockPublicAccess": _block(block),
                },
                "AccountLevelPermissions": {"BlockPublicAccess": _block(account_block)},
            },
            "EffectivePermission": "PUBLIC" if state.public else "NOT_PUBLIC",
        },
    }


def _block(block: Any) -> dict[str, bool]:
    return {
        "IgnorePublicAcls": bool(block and block.ignore_public_acls),
        "RestrictPublicBuckets": bool(block and block.restrict_public_buckets),
        "BlockPublicAcls": bool(block and block.block_public_acls),
        "BlockPublicPolicy": bool(block and block.block_public_policy),
    }


def instance_details(spec: Spec, account: str) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "InstanceId": spec["id"],
        "InstanceType": spec.get("type", "m6i.large"),
        "InstanceState": "running",
        "ImageId": spec.get("image", "ami-0a1b2c3d4e5f60718"),
        "AvailabilityZone": spec.get("zone", "eu-central-1a"),
        "LaunchTime": spec.get("launched", "2026-09-14T08:11:02.000Z"),
        "NetworkInterfaces": [
            {
                "NetworkInterfaceId": spec.get("eni", "eni-0d1e2f3a4b5c6d7e8"),
                "PrivateIpAddress": spec.get("ip", "10.20.4.17"),
                "PrivateDnsName": "ip-" + str(spec.get("ip", "10.20.4.17")).replace(".", "-") + ".ec2.internal",
                "SubnetId": spec.get("subnet", "subnet-0f1e2d3c4b5a69788"),
                "VpcId": spec.get("vpc", "vpc-0a9b8c7d6e5f40312"),
                "SecurityGroups": [{"GroupId": "sg-0c1d2e3f4a5b60798", "GroupName": "inference"}],
                "Ipv6Addresses": [],
            }
        ],
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(spec.get("tags", {}).items())],
    }
    if profile := spec.get("profile"):
        detail["IamInstanceProfile"] = {
            "Arn": f"arn:aws:iam::{account}:instance-profile/{profile}",
            "Id": "AIPA4EXAMPLEPROFILE1",
        }
    return detail


def remote(actor: Spec) -> dict[str, Any]:
    return {
        "IpAddressV4": actor["ip"],
        "Country": {"CountryName": actor.get("country", "")},
        "City": {"CityName": actor.get("city", "")},
        "GeoLocation": {"Lat": float(actor.get("lat", 0.0)), "Lon": float(actor.get("lon", 0.0))},
        "Organization": {
            "Asn": str(actor.get("asn", "64500")),
            "AsnOrg": actor.get("org", ""),
            "Isp": actor.get("org", ""),
            "Org": actor.get("org", ""),
        },
    }
