"""Several ways at once, and what somebody else does to one of them meanwhile."""

from __future__ import annotations

import json

from socconsole.drill import Embedded
from tests.response.actions.case import Case, do
from tests.response.actions.cases_bedrock import LOGGED, log, switched_off
from tests.response.actions.cases_compute import let_out, networked
from tests.response.actions.cases_ec2 import network
from tests.response.actions.cases_iam import IN_A_PATH, OTHER, ROLE
from tests.response.conftest import EXPORTS, ML, PROD

_STRANGER = "arn:aws:iam::999988887777:root"


def _twice_open(aws: Embedded) -> str:
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{EXPORTS}/*"}
    statements = [{**allow, "Principal": "*"}, {**allow, "Principal": {"AWS": _STRANGER}}]
    do(aws, "s3:DeletePublicAccessBlock", ML, Bucket=EXPORTS)
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    do(aws, "s3:PutBucketPolicy", ML, Bucket=EXPORTS, Policy=policy)
    return EXPORTS


def _half(aws: Embedded, bucket: str) -> None:
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False}
    whole = {**block, "RestrictPublicBuckets": False}
    do(aws, "s3:PutPublicAccessBlock", ML, Bucket=bucket, PublicAccessBlockConfiguration=whole)


def takes_on(aws: Embedded, role: str, session: str, *onward: str) -> None:
    """A session of ``role`` begins, and takes on each of ``onward``, by their ARNs."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{PROD.account}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    for name in (role, *(arn.rpartition("/")[2] for arn in onward if PROD.account in arn)):
        do(aws, "iam:UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
    may = {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    do(aws, "iam:PutRolePolicy", RoleName=role, PolicyName="onward", PolicyDocument=policy)
    began = do(aws, "sts:AssumeRole", RoleArn=arn_of(aws, role), RoleSessionName=session)["Credentials"]
    for arn in onward:
        asked = {"RoleArn": arn, "RoleSessionName": "next"}
        key, token = began["AccessKeyId"], began["SessionToken"]
        aws.cloud.hands.call(key, PROD.region, "sts:AssumeRole", asked, token)


def arn_of(aws: Embedded, role: str) -> str:
    return str(do(aws, "iam:GetRole", RoleName=role)["Role"]["Arn"])


def _chain(aws: Embedded) -> str:
    takes_on(aws, ROLE, "night-shift", arn_of(aws, IN_A_PATH))
    return ROLE


def _denied_no_more(aws: Embedded, role: str) -> None:
    do(aws, "iam:PutRolePolicy", RoleName=role, PolicyName="socconsole-role-deny", PolicyDocument=OTHER)


def _behind_nat(aws: Embedded) -> str:
    return network(aws).instance


def _credentials_again(aws: Embedded, instance: str) -> None:
    do(aws, "ec2:AssociateIamInstanceProfile", InstanceId=instance, IamInstanceProfile={"Name": ROLE})


def _logged_elsewhere(aws: Embedded, account: str) -> None:
    log(aws, {**LOGGED, "s3Config": {"bucketName": "kaufhaus-shop-assets"}})


CASES = (
    Case("stop-bucket-leak", _twice_open, _half, ML),
    Case("cut-role", _chain, _denied_no_more),
    Case("stop-host-leak", _behind_nat, _credentials_again),
    Case("stop-endpoint-leak", networked, let_out, ML),
    Case("start-evidence", switched_off, _logged_elsewhere),
)
