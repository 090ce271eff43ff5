"""Which action mends what fails, and on which thing. Pure: whether it helps there is the plan's to say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from socconsole.model.endpoint import Endpoint
from socconsole.model.posture import Result
from socconsole.posture.catalogue import About

_BUCKET: Final = r"arn:[a-z-]+:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])"
_OF: Final = r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9]): the bucket "
"""How the evidence of an endpoint or a log says whose block it is about."""
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
    "cloudtrail-logging": (r"arn:[a-z-]+:cloudtrail:[a-z0-9-]+:\d{12}:trail/[\w.-]+", r"^([\w.-]+): is stopped$"),
    "ebs-snapshot-private": (_id("snap"),),
    "ec2-flow-logs": (_id("subnet", "vpc", "i"),),
    "ec2-isolate": (_id("i"),),
    "ec2-sg-egress": (_id("sg"),),
    "guardduty-frequency": (r"arn:[a-z-]+:guardduty:[a-z0-9-]+:\d{12}:detector/[0-9a-f]{32}",),
    "iam-disable-service-credential": (r"(arn:[a-z-]+:iam::\d{12}:user/[\w+=,.@/-]+)",),
    "iam-role-deny": (_ROLE,),
    "sagemaker-isolate": (r"arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{12}:endpoint/[\w-]+",),
    "sagemaker-stop-notebook": (r"arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{12}:notebook-instance/[\w-]+",),
    **dict.fromkeys(
        (
            "s3-access-logging",
            "s3-block-public",
            "s3-data-events",
            "s3-deny-outsiders",
            "s3-encrypt",
            "s3-require-tls",
            "s3-require-tls-13",
        ),
        (_BUCKET, _OF, _URI),
    ),
}
"""Action → what its target looks like in an ARN or a sentence; a group is the id as the action takes it."""

_PLACED: Final = {"s3-account-block-public": "account", "ebs-block-public-snapshots": "region"}
"""Action → which part of the place it acts on, whatever is named."""

_MENDS: Final = {
    "ebs-block-public-snapshots": r"public snapshots in this account and region: unblocked",
    "ebs-snapshot-private": r"^everybody may restore ",
    "s3-access-logging": r"is not logged$|, which is not there$",
    "s3-account-block-public": r"the account does not set ",
    "s3-block-public": r"the bucket does not set |^does not block public access",
    "s3-require-tls": r"^plain HTTP is not denied|^its policy does not deny plain HTTP",
    "s3-require-tls-13": r"^its policy does not deny TLS below 1\.3",
    "s3-encrypt": r"^new objects are encrypted with (?!arn:)",
}
"""Action → what of the evidence it mends, where a check has several that each mend a part."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What the key does about a failing check."""

    action: str
    targets: tuple[str, ...]
    """As the action takes them. None: nothing of its kind is named; several: somebody has to choose."""


def fix(about: About, result: Result, endpoint: Endpoint | None = None) -> Fix | None:
    """What mends what failed, or the part of it that comes first; None where no action does.

    Where there are several actions, it is the first whose part the evidence says to fail: once that is mended it is the
    next one's turn. What others answer says no parts; then it is the nearest.
    """
    found = [Fix(action, targets(action, result, endpoint)) for action in about.actions]
    fitting = (one for one in found if one.targets and _asked(one.action, result))
    return next(fitting, found[0] if found else None)


def _asked(action: str, result: Result) -> bool:
    said = _MENDS.get(action)
    return said is None or any(re.search(said, words) for words in result.evidence)


def targets(action: str, result: Result, endpoint: Endpoint | None = None) -> tuple[str, ...]:
    """What ``action`` could act on to mend what failed, as it takes it; none where nothing of its kind is named.

    The check's subject comes first; where that is of another kind, what its evidence names; else what the endpoint is
    made of. Several mean that somebody has to choose.
    """
    if action in _PLACED:
        return (str(getattr(result.place, _PLACED[action])),)
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
