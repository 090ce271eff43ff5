"""Several ways at once, and what somebody else does to one of them meanwhile."""

from __future__ import annotations

import json

from socconsole.drill import Embedded
from tests.response.actions.case import Case, do
from tests.response.conftest import EXPORTS, ML

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


CASES = (Case("stop-bucket-leak", _twice_open, _half, ML),)
