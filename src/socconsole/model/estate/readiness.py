"""What has to be there before the night it is needed: contacts, a last way in, evidence, responders, practice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from socconsole.model.estate.logs import ObjectLock
from socconsole.model.estate.policy import Policy
from socconsole.model.known import Read


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """The role that somebody becomes when everything else is locked out."""

    arn: str
    trust: Read[Policy | None]
    """Its trust policy; None where there is no such role."""


@dataclass(frozen=True, slots=True)
class EvidenceBucket:
    arn: str
    name: str
    lock: Read[ObjectLock]


@dataclass(frozen=True, slots=True)
class Responder:
    """A Lambda function or an SSM document that the team's containments run."""

    runbook: str
    """Its id in the configuration."""
    name: str
    """Token."""
    document: bool
    state: Read[str]
    """``Active`` when it can run; empty where it is not deployed here; printable."""
    reserved: Read[int | None]
    """Concurrency reserved for a function: with 0 it never runs. None: it takes from the account's."""


@dataclass(frozen=True, slots=True)
class AccountReadiness:
    """What belongs to the account as a whole."""

    security_contact: Read[bool]
    break_glass: BreakGlass | None
    """None: none is declared, or it belongs to another account."""
    evidence: Read[tuple[EvidenceBucket, ...]]
    """Buckets of the account, wherever they lie, that are declared to keep evidence."""


@dataclass(frozen=True, slots=True)
class Readiness:
    account: AccountReadiness | None
    """Read in the account's first place only."""
    responders: tuple[Responder, ...]
    """Those that have to run in this place."""


@dataclass(frozen=True, slots=True)
class Drill:
    """A tabletop exercise in which somebody decided something."""

    name: str
    """Of its folder; printable."""
    scenario: str
    at: datetime
    """When the last decision in it was made, by the host's clock."""


@dataclass(frozen=True, slots=True)
class Drills:
    """Exercises that this install kept. It comes from the state folder, not from AWS."""

    last: Drill | None
    unreadable: tuple[str, ...]
    """Folders, printable, in which a later one may hide."""
    running: tuple[str, ...] = ()
    """Names of those that go on now: none of them was held yet."""
