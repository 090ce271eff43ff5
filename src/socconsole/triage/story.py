"""An incident told by time, in a dozen lines: what findings and the trail say, repeats counted, the rest left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from socconsole.model.incident import Chapter
from socconsole.text import Untrusted

LINES: Final = 12

NOTABLE: Final = frozenset(
    {
        # who came in, and as whom
        "ConsoleLogin", "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken",
        "GetSessionToken", "CreateAccessKey", "CreateUser", "CreateLoginProfile", "UpdateLoginProfile", "CreateRole",
        "UpdateAssumeRolePolicy", "AttachUserPolicy", "AttachRolePolicy", "PutUserPolicy", "PutRolePolicy",
        "AddUserToGroup", "DeactivateMFADevice",
        # what was opened, shared, copied out
        "PutBucketPolicy", "DeleteBucketPolicy", "PutBucketAcl", "PutObjectAcl", "DeletePublicAccessBlock",
        "DeleteBucketPublicAccessBlock", "PutPublicAccessBlock", "PutBucketPublicAccessBlock",
        "DeleteAccountPublicAccessBlock", "PutBucketReplication", "ModifySnapshotAttribute", "ModifyImageAttribute",
        "ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute", "PutKeyPolicy", "CreateGrant",
        "PutResourcePolicy", "AddPermission", "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress",
        "CreateInternetGateway", "CreateRoute", "ReplaceRoute", "GetSecretValue", "GetPasswordData",
        # what was blinded
        "StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "DeleteDetector", "UpdateDetector",
        "CreateFilter", "DeleteFlowLogs", "DeleteLogGroup", "DeleteAlarms", "DisableAlarmActions", "DisableSecurityHub",
        "BatchUpdateFindings", "CreateAutomationRule", "DeleteModelInvocationLoggingConfiguration",
        "DeleteGuardrail", "UpdateGuardrail", "PutBucketLogging",
        # what was made or taken down
        "RunInstances", "SendCommand", "StartSession", "CreateFunction20150331", "UpdateFunctionCode20150331v2",
        "CreateEndpoint", "UpdateEndpoint", "DeleteBucket", "DeleteObjects", "ScheduleKeyDeletion",
    }
)  # fmt: skip
"""Calls that are a turn of the story by themselves, when they succeeded."""

_TYPE: Final = re.compile(r"([A-Za-z]+):([A-Za-z0-9]+)/([A-Za-z0-9&]+)(?:[.!](.+))?")
_WORD: Final = re.compile(r"[A-Z]+[0-9]*(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+")
_SAYS_NOTHING: Final = frozenset({"AnomalousBehavior", "Generic"})
_NAMES: Final = {"C&C": "C&C", "CloudTrail": "CloudTrail", "IAMUser": "IAM", "AttackSequence": "attack sequence"}


@dataclass(frozen=True, slots=True)
class Line:
    """Something that may be told. ``times``: how often it happened; ``weight``: how much it would be missed."""

    at: datetime
    what: str
    where: str
    """Said only where it is not what the line before was about."""
    source: str
    ref: str
    weight: int
    times: int = 1


def phrase(types: Sequence[str], title: str) -> str:
    """What happened, in a few words: of GuardDuty's ``Purpose:Resource/Name.Detail`` the words, else the title."""
    match = next((found for each in types if (found := _TYPE.fullmatch(each))), None)
    if match is None:
        return title
    purpose, resource, name, detail = match.groups()
    said = _words(name)
    if purpose == "AttackSequence":
        return f"attack sequence: {said}"
    if name in _SAYS_NOTHING:
        said = f"{_words(resource)} {_words(purpose)}, {said}"
    return f"{said}, {_words(detail)}" if detail else said


def tell(lines: Iterable[Line], most: int = LINES) -> tuple[Chapter, ...]:
    """The story: what says the same is told once, at its first time, with how often; of more than ``most`` the
    weightiest are kept."""
    told: dict[tuple[str, str], Line] = {}
    for each in sorted(lines, key=lambda one: (one.at, -one.weight, one.ref)):
        known = told.get((each.what, each.where))
        if known is not None:
            weight, times = max(known.weight, each.weight), known.times + each.times
            each = replace(known, weight=weight, times=times)
        told[each.what, each.where] = each
    kept = sorted(told.values(), key=lambda one: (-one.weight, one.at, one.ref))[:most]
    story: list[Chapter] = []
    before = ""
    for one in sorted(kept, key=lambda one: (one.at, one.ref)):
        said = f"{one.what} ×{one.times:,}" if one.times > 1 else one.what
        if one.where and one.where != before:
            said = f"{said} · {one.where}"
        before = one.where
        story.append(Chapter(one.at, Untrusted(said), one.source, one.ref))
    return tuple(story)


def _words(name: str) -> str:
    """``CloudTrailLoggingDisabled`` as people write it: short forms stay, other words are small."""
    for known, written in _NAMES.items():
        if name.startswith(known):
            rest = name.removeprefix(known)
            return f"{written} {_words(rest)}" if rest else written
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in _WORD.findall(name))
