"""A trail event: one call on AWS, as CloudTrail recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
    """CloudTrail's ``eventID``."""
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
