"""A trail event: one call on AWS, as CloudTrail recorded it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from socconsole.model.world import Place
from socconsole.text import Untrusted


class Category(StrEnum):
    """CloudTrail's ``eventCategory``. Data events are recorded only where a trail asks for them."""

    MANAGEMENT = "management"
    DATA = "data"
    INSIGHT = "insight"
    NETWORK = "network"


class Recording(StrEnum):
    """Whether what happened to a store in a window could be in the trail at all."""

    RECORDED = "recorded"
    PARTIAL = "partial"
    NEVER = "never_recorded"
    UNKNOWN = "unknown"
    """Nobody could be asked: denied, unreachable, not read yet."""


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """``source``, ``name``, ``error`` and key ids are tokens (see ``text.token``); what a caller chose is untrusted."""

    id: str
    """CloudTrail's ``eventID``; :func:`content_id` where the record has none."""
    at: datetime
    source: str
    """The service called: ``s3.amazonaws.com``."""
    name: str
    """The call: ``PutBucketPolicy``."""
    account: str | None
    """Whose trail it is in (``recipientAccountId``)."""
    region: str | None
    category: Category
    read_only: bool
    error: str
    """``errorCode``; empty when the call succeeded."""
    caller: str | None
    """The account that the caller belongs to."""
    principal: Untrusted
    """ARN of who called: of a session its own; else the best name the record has."""
    issuer: Untrusted | None
    """ARN of the role or user that issued the session's credentials."""
    access_key: str
    """Empty where the record has none (an AWS service, an anonymous caller)."""
    address: Untrusted
    """Where it came from: an IP address, or the name of an AWS service."""
    agent: Untrusted
    resources: tuple[tuple[str, Untrusted], ...]
    """(type, ARN or name) of what was called upon, also as read from the parameters."""
    issued: tuple[str, ...]
    """Access key ids that the answer handed out: AssumeRole, GetSessionToken, CreateAccessKey …"""
    bytes_out: int | None
    """``additionalEventData.bytesTransferredOut`` of a data event."""
    body: bytes
    """The record as compact ASCII JSON, complete."""
    digest: bytes
    """SHA-256 of ``body``."""


MANAGEMENT: Final = "management"
"""What a trail records besides data events, which are named by their ``resources.type``: ``AWS::S3::Object``."""
EVERY: Final = "*"
"""Every store of a kind, or every kind."""
UNREAD: Final = "its selectors could not be read"
"""Why a selection says nothing: the trail is another account's, or they are denied."""


@dataclass(frozen=True, slots=True)
class Selection:
    """One thing that a trail's selectors take in. ``narrow`` says in words why it is less than it seems."""

    what: str
    """:data:`MANAGEMENT`, or the type of what is called upon: ``AWS::S3::Object``."""
    store: str
    """A name as :func:`resource_name` has it, :data:`EVERY`, or a beginning with ``*`` behind it: ``logs-*``,
    ``llm-corpus/raw/*``."""
    reads: bool
    writes: bool
    narrow: str = ""
    place: str = ""
    """What the selector says of where the store is: ``arn:aws:lambda:eu-west-1:111122223333``, or the beginning of such
    a one; empty where it says nothing."""


@dataclass(frozen=True, slots=True)
class TrailState:
    """One trail as it records in a place."""

    arn: str
    """Token."""
    logging: bool
    started: datetime | None
    """When it last began to record, as AWS says."""
    stopped: datetime | None
    selections: tuple[Selection, ...]
    log_group: str = ""
    """ARN of the log group that it sends to; token; empty for none."""
    bucket: str = ""
    """Name of the bucket that it writes to; token."""
    failing: str = ""
    """Where AWS cannot deliver what it records, and why, in words; empty where it can."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """All that records in a place, as AWS said at one moment: what is not here records nothing."""

    place: Place
    trails: tuple[TrailState, ...]


def start_command(arn: str) -> str:
    """What makes a stopped trail record again: in its home Region, by whoever may in the account that it belongs to
    (CloudTrail API reference, ``StartLogging``)."""
    region = "".join(arn.split(":")[3:4])
    return f"aws cloudtrail start-logging --name {shlex.quote(arn)}" + (f" --region {region}" if region else "")


def content_id(digest: bytes) -> str:
    """What an event is called that CloudTrail gave no id: the same record is the same event."""
    return f"r-{digest.hex()[:32]}"


_LAST_SEGMENT: Final = frozenset({"iam", "ecs", "autoscaling", "codebuild", "acm"})
"""Services in whose ARNs a path or a parent stands before the name."""
_FIRST_SEGMENT: Final = frozenset({"dynamodb", "guardduty", "kinesis", "sts"})
"""Services in whose ARNs parts of the thing stand behind its name."""
_SUFFIX: Final = 7
"""Characters that Secrets Manager puts behind a secret's name in its ARN: ``-AbCdEf``."""


def resource_name(text: str) -> str:
    """The name by which an ARN and a parameter of a call meet: ``arn:aws:s3:::b/key`` is ``b``, a role's its name.

    What is no ARN stays as it is. An object's ARN becomes its bucket's name, an assumed role's the role's.
    """
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return text
    service, rest = parts[2], parts[5]
    if service == "s3" and not parts[3] and not parts[4]:
        return rest.partition("/")[0] or text
    if service == "logs" and rest.startswith("log-group:"):
        return rest.removeprefix("log-group:").partition(":")[0] or text
    if service == "ecr":
        return rest.removeprefix("repository/") or text
    if service == "kms" and rest.startswith("alias/"):
        return rest
    if service == "ssm" and rest.startswith("parameter/"):
        return rest.removeprefix("parameter")
    colon, slash = rest.find(":"), rest.find("/")
    if colon < 0 and slash < 0:
        return rest or text
    if service in _LAST_SEGMENT:
        return rest.rpartition("/")[2] or text
    name = rest[(colon if slash < 0 or 0 <= colon < slash else slash) + 1 :]
    if service in _FIRST_SEGMENT:
        name = name.partition("/")[0]
    elif service == "lambda":
        name = name.partition(":")[0]
    elif service == "secretsmanager" and name[-_SUFFIX : -_SUFFIX + 1] == "-":
        name = name[:-_SUFFIX]
    return name or text
