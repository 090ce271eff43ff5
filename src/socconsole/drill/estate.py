"""An estate out of a scenario's data: accounts and their services, roles, users, buckets, and the past."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.backends import get_backend
from moto.iam.models import AccessKeyLastUsed

from socconsole.drill import roles
from socconsole.drill.clock import host_now
from socconsole.drill.principals import Principal
from socconsole.drill.publish import publish_past
from socconsole.drill.scenario import Bucket, Cast, Deed, Role, Scenario, User, filled

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

GLOBAL = "us-east-1"


def build(cloud: Cloud, scenario: Scenario) -> dict[str, str]:
    """Returns the variables that findings and deeds refer to: accounts, ``[vars]`` and what deeds saved."""
    cloud.scenario_name = scenario.name
    cloud.accounts = {account: name for name, account in scenario.accounts.items()}
    variables = {**scenario.vars, **scenario.accounts}
    roles.install(cloud, cloud.accounts)
    for account in cloud.accounts:
        for region in scenario.regions:
            _do(cloud, account, region, "securityhub:EnableSecurityHub", {})
            _do(cloud, account, region, "guardduty:CreateDetector", {"Enable": True})
    for name, region in scenario.aggregator.items():
        params = {"RegionLinkingMode": "ALL_REGIONS"}
        _do(cloud, scenario.accounts[name], region, "securityhub:CreateFindingAggregator", params)
    for role in scenario.role:
        _role(cloud, role)
    for user in scenario.user:
        _user(cloud, user)
    for bucket in scenario.bucket:
        _bucket(cloud, bucket)
    for deed in scenario.estate:
        variables |= perform(cloud, deed, roles.builder_key(deed.account), variables)
    for one in scenario.cast.values():
        _enter(cloud, one, filled(one.session, variables))
    publish_past(cloud, scenario, variables)
    for rule in scenario.denied:  # those who built it were not subject to it
        cloud.faults.add(
            kind="denied",
            service=rule.service,
            op=rule.op,
            account=rule.account,
            region=rule.region,
            times=None,
            because="with an explicit deny in a service control policy",
        )
    cloud.estate_done = cloud.journal.head
    return variables


def _do(cloud: Cloud, account: str, region: str, op: str, params: Mapping[str, Any]) -> dict[str, Any]:
    return cloud.hands.call(roles.builder_key(account), region, op, params)


def perform(cloud: Cloud, deed: Deed, access_key: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Do a deed; returns the variables it saves. Raises ``AwsError`` when AWS refuses it."""
    params = filled(deed.params, dict(variables))
    answer = cloud.hands.call(access_key, deed.region, deed.op, params)
    saved = {}
    for name, path in deed.save.items():
        value: Any = answer
        for part in path.split("."):
            value = value[int(part)] if part.isdigit() else value[part]
        saved[name] = str(value)
    return saved


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _role(cloud: Cloud, role: Role) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": role.service}, "Action": "sts:AssumeRole"}],
    }
    params = {
        "RoleName": role.name,
        "Path": role.path,
        "AssumeRolePolicyDocument": json.dumps(trust),
        "Tags": _tags(role.tags),
    }
    _do(cloud, role.account, GLOBAL, "iam:CreateRole", params)
    if role.idle:
        made = get_backend("iam")[role.account]["aws"].get_role(role.name)
        used = host_now() - timedelta(days=role.idle)
        made.last_used, made.create_date = used, used - timedelta(days=1)
    document = {"RoleName": role.name, "PolicyName": "main", "PolicyDocument": json.dumps(role.policy)}
    _do(cloud, role.account, GLOBAL, "iam:PutRolePolicy", document)
    if role.service == "ec2.amazonaws.com":
        profile = {"InstanceProfileName": role.name}
        _do(cloud, role.account, GLOBAL, "iam:CreateInstanceProfile", profile)
        _do(cloud, role.account, GLOBAL, "iam:AddRoleToInstanceProfile", {**profile, "RoleName": role.name})


def _user(cloud: Cloud, user: User) -> None:
    params = {"UserName": user.name, "Tags": _tags(user.tags)}
    _do(cloud, user.account, GLOBAL, "iam:CreateUser", params)
    document = {"UserName": user.name, "PolicyName": "main", "PolicyDocument": json.dumps(user.policy)}
    _do(cloud, user.account, GLOBAL, "iam:PutUserPolicy", document)
    made = _do(cloud, user.account, GLOBAL, "iam:CreateAccessKey", {"UserName": user.name})
    # moto draws key ids at random; ours is the one that the scenario's findings name.
    backend = get_backend("iam")[user.account]["aws"]
    key = backend.access_keys.pop(made["AccessKey"]["AccessKeyId"])
    key.access_key_id = cloud.ids.access_key("AKIA", "user", user.name)
    backend.access_keys[key.access_key_id] = key
    if user.idle:
        used = host_now() - timedelta(days=user.idle)
        key.last_used = AccessKeyLastUsed(used, "s3", "eu-central-1")
        key.create_date = backend.get_user(user.name).create_date = used - timedelta(days=1)


def _bucket(cloud: Cloud, bucket: Bucket) -> None:
    def do(op: str, **params: Any) -> None:
        _do(cloud, bucket.account, bucket.region, f"s3:{op}", {"Bucket": bucket.name, **params})

    do("CreateBucket", CreateBucketConfiguration={"LocationConstraint": bucket.region})
    if bucket.tags:
        do("PutBucketTagging", Tagging={"TagSet": _tags(bucket.tags)})
    if not bucket.blocked:
        do("DeletePublicAccessBlock")
    if bucket.policy is not None:
        do("PutBucketPolicy", Policy=json.dumps(bucket.policy))
    for key in bucket.objects:
        do("PutObject", Key=key, Body=f"synthetic drill content of {key}\n".encode())


def cast_key(cloud: Cloud, one: Cast) -> str:
    """The access key that a member of the cast uses."""
    if one.session_of:
        return cloud.ids.access_key("ASIA", "session", one.session_of)
    return cloud.ids.access_key("AKIA", "user", one.key_of)


def _enter(cloud: Cloud, one: Cast, session: str) -> None:
    backend = get_backend("iam")[one.account]["aws"]
    owner: Any
    if one.session_of:
        owner = next(role for role in backend.roles.values() if role.name == one.session_of)
    else:
        owner = backend.get_user(one.key_of)
    principal = Principal(
        account=one.account,
        arn=str(owner.arn),
        name=str(owner.name),
        user_id=f"{owner.id}:{session}" if one.session_of else str(owner.id),
        role=one.session_of,
        session=session,
        issued=host_now() - timedelta(hours=1) if one.session_of else None,
        by="scenario",
        held=True,
        address=one.address,
    )
    cloud.directory.register(cast_key(cloud, one), principal)
