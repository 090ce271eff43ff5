"""Which thing the action of a failing check would act on. Pure: whether it helps there is the plan's to say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from socconsole.model.endpoint import Endpoint
from socconsole.model.posture import Result

_BUCKET: Final = r"arn:[a-z-]+:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])"
_URI: Final = r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])"
_ROLE: Final = r"arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+"
_USER: Final = r"arn:[a-z-]+:iam::\d{12}:user/[\w+=,.@/-]+"


def _id(*prefixes: str) -> str:
    return rf"\b((?:{'|'.join(prefixes)})-(?:[0-9a-f]{{17}}|[0-9a-f]{{8}}))\b"


_ACCOUNT: Final = r"(?<![\d:])(\d{12})(?=/)"
_TAKES: Final = {
    "alarm-create": (_BUCKET, _id("nat", "i")),
    "bedrock-agent-reject": (r"arn:[a-z-]+:bedrock:[a-z0-9-]+:\d{12}:agent-alias/[A-Z0-9]{10}/[A-Z0-9]{10}",),
    "bedrock-deny-invoke": (_ROLE, _USER),
    "bedrock-logging": (_ACCOUNT,),
    "bedrock-require-guardrail": (_ROLE, _USER),
    "cloudtrail-logging": (r"arn:[a-z-]+:cloudtrail:[a-z0-9-]+:\d{12}:trail/[\w.-]+",),
    "ebs-snapshot-private": (_id("snap"),),
    "ec2-flow-logs": (_id("subnet", "vpc", "i"),),
    "ec2-isolate": (_id("i"),),
    "ec2-sg-egress": (_id("sg"),),
    "guardduty-frequency": (r"arn:[a-z-]+:guardduty:[a-z0-9-]+:\d{12}:detector/[0-9a-f]{32}",),
    "iam-disable-service-credential": (r"(arn:[a-z-]+:iam::\d{12}:user/[\w+=,.@/-]+)",),
    "iam-role-deny": (_ROLE,),
    "s3-account-block-public": (_ACCOUNT,),
    "sagemaker-isolate": (r"arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{12}:endpoint/[\w-]+",),
    "sagemaker-stop-notebook": (r"arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{12}:notebook-instance/[\w-]+",),
    **dict.fromkeys(
        ("s3-access-logging", "s3-block-public", "s3-data-events", "s3-deny-outsiders", "s3-encrypt", "s3-require-tls"),
        (_BUCKET, _URI),
    ),
}
"""Action → what its target looks like in an ARN or a sentence; a group is the id as the action takes it."""


def targets(action: str, result: Result, endpoint: Endpoint | None = None) -> tuple[str, ...]:
    """What ``action`` could act on to mend what failed, as it takes it; none where nothing of its kind is named.

    The check's subject comes first; where that is of another kind, what its evidence names; else what the endpoint is
    made of. Several mean that somebody has to choose.
    """
    patterns = _TAKES.get(action, ())
    for texts in ((result.subject,), result.evidence, endpoint.parts if endpoint is not None else ()):
        found = tuple(dict.fromkeys(_named(patterns, texts)))
        if found:
            return found
    return ()


def _named(patterns: Iterable[str], texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for pattern in patterns:
            for match in re.finditer(pattern, text):
                yield match[1] if match.re.groups else match[0]
