"""Buckets: what is open, and what somebody else does to it meanwhile."""

from __future__ import annotations

import json

from socconsole.drill import Embedded
from socconsole.model.world import Place
from tests.response.actions.case import Case, do
from tests.response.conftest import ASSETS, CORPUS, EXPORTS, ML, PROD, leaking


def _public(aws: Embedded) -> str:
    leaking(aws)
    return CORPUS


def _named(aws: Embedded) -> str:
    leaking(aws)
    return EXPORTS


def _half(aws: Embedded, bucket: str) -> None:
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False}
    do(
        aws,
        "s3:PutPublicAccessBlock",
        Bucket=bucket,
        PublicAccessBlockConfiguration={**block, "RestrictPublicBuckets": False},
    )


def _other_policy(aws: Embedded, bucket: str, place: Place = ML) -> None:
    allow = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:root"}, "Action": "s3:GetObject"}
    policy = {"Version": "2012-10-17", "Statement": [{**allow, "Resource": f"arn:aws:s3:::{bucket}/*"}]}
    do(aws, "s3:PutBucketPolicy", place, Bucket=bucket, Policy=json.dumps(policy))


def _other_public(aws: Embedded, bucket: str) -> None:
    _other_policy(aws, bucket, PROD)


def _account(aws: Embedded) -> str:
    leaking(aws)
    return PROD.account


def _half_account(aws: Embedded, account: str) -> None:
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False}
    do(
        aws,
        "s3control:PutPublicAccessBlock",
        AccountId=account,
        PublicAccessBlockConfiguration={**block, "RestrictPublicBuckets": False},
    )


def _quiet(aws: Embedded) -> str:
    return CORPUS


LOGS = "kaufhaus-access-logs"


def logged(aws: Embedded) -> str:
    """A neighbour's access logs go to a log bucket; the corpus has none."""
    do(aws, "s3:CreateBucket", Bucket=LOGS, CreateBucketConfiguration={"LocationConstraint": PROD.region})
    allow = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}
    policy = {"Version": "2012-10-17", "Statement": [{**allow, "Resource": f"arn:aws:s3:::{LOGS}/*"}]}
    do(aws, "s3:PutBucketPolicy", Bucket=LOGS, Policy=json.dumps(policy))
    _log(aws, ASSETS, "assets/")
    return CORPUS


def _log(aws: Embedded, bucket: str, prefix: str) -> None:
    to = {"LoggingEnabled": {"TargetBucket": LOGS, "TargetPrefix": prefix}}
    do(aws, "s3:PutBucketLogging", Bucket=bucket, BucketLoggingStatus=to)


def _decrypted(aws: Embedded, bucket: str) -> None:
    double = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms:dsse"}}
    do(aws, "s3:PutBucketEncryption", Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [double]})


def _other_selectors(aws: Embedded, bucket: str) -> None:
    other = [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::another/"]}]
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": other}
    do(aws, "cloudtrail:PutEventSelectors", TrailName="org-trail", EventSelectors=[selector])


CASES = (
    Case("s3-block-public", _public, _half),
    Case("s3-deny-outsiders", _named, _other_policy, ML),
    Case("s3-lockdown", _public, _other_public),
    Case("s3-account-block-public", _account, _half_account),
    Case("s3-deny-presigned", _quiet, _other_public),
    Case("s3-require-tls", _quiet, _other_public),
    Case("s3-require-tls-13", _quiet, _other_public),
    Case("s3-data-events", _quiet, _other_selectors),
    Case("s3-encrypt", _quiet, _decrypted),
    Case("s3-access-logging", logged, lambda aws, bucket: _log(aws, bucket, "elsewhere/")),
)
