"""Who can come in: parties outside our accounts, and our own roles and users with when they were last used.

Every text is printable, identifiers are tokens; days are UTC days, so that an estate in which nothing changes but the
hour of somebody's last call stays the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal


class Party(StrEnum):
    """What kind of stranger."""

    ANYONE = "anyone"
    ACCOUNT = "account"
    SERVICE = "service"
    """AWS itself, not held to our own resources."""
    UNNAMED = "unnamed"
    """A federation, a canonical user, the id of somebody deleted: whose it is the name does not tell."""


@dataclass(frozen=True, slots=True)
class Outsider:
    """One party that one resource lets in, or may let in."""

    party: Party
    who: str
    """As the policy, the grant or Access Analyzer names them; ``*`` for anyone."""
    account: str
    """Twelve digits; empty where the name tells none."""
    resource: str
    """ARN."""
    through: str
    """``trust policy``, ``bucket policy``, ``key policy``, ``grant``, ``secret policy``, ``public snapshot`` or
    ``Access Analyzer``."""
    rights: tuple[str, ...]
    """Actions, with wildcards; ``not:`` before those that are left out of all."""
    reads: bool
    """They can read data by it, or become somebody who can."""
    conditions: tuple[str, ...] = ()
    doubt: str = ""
    """Why it is undecided whether they are let in; empty: they are."""
    holds: str = ""
    """What of value the resource holds, as its name and tags say; empty: they say nothing."""

    @property
    def name(self) -> str:
        """By what a party is one and the same in all its ways in: the account where there is one."""
        return self.account or self.who


@dataclass(frozen=True, slots=True)
class Credential:
    """A long-lived credential of a user."""

    kind: str
    """``access key``, or the service of a service-specific one: ``bedrock.amazonaws.com``."""
    id: str
    active: bool
    created: date
    used: date | None
    """None: never, or ``unread`` says why nobody knows."""
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """One of our roles or users."""

    arn: str
    kind: Literal["role", "user"]
    created: date
    used: date | None
    """Last use by any of its ways in. None: none on AWS's record, or ``unread`` says why nobody knows."""
    owner: str = ""
    """By its tag; empty: it has none."""
    credentials: tuple[Credential, ...] = ()
    unused: tuple[str, ...] = ()
    """What Access Analyzer calls unused of it."""
    unread: tuple[str, ...] = ()
    """What of all this could not be read, and why."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """What could not be looked at: of this there may be more than is listed."""

    of: Literal["outsiders", "identities"]
    about: str
    """``Outsider.through`` or ``Identity.kind`` of those that may be missing; empty: none is, but something of them."""
    words: str


@dataclass(frozen=True, slots=True)
class Access:
    """All that one round found out about who can come in at one place."""

    outsiders: tuple[Outsider, ...] = ()
    identities: tuple[Identity, ...] = ()
    lacking: tuple[Lacking, ...] = ()
