"""Roles and users of an account, with whom roles trust and when they were last used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from socconsole.model.access import Credential
from socconsole.model.estate.policy import Policy
from socconsole.model.known import Read
from socconsole.text import Untrusted

Tags = tuple[tuple[Untrusted, Untrusted], ...]


@dataclass(frozen=True, slots=True)
class Role:
    arn: str
    linked: bool
    """A service's own, which nobody here can change."""
    created: date
    trust: Read[Policy]
    used: Read[date | None]
    """None: not within the 400 days that IAM remembers."""
    tags: Tags


@dataclass(frozen=True, slots=True)
class User:
    arn: str
    created: date
    signed_in: date | None
    """By password; None: never, or not on IAM's record."""
    keys: Read[tuple[Credential, ...]]
    tags: Read[Tags]


@dataclass(frozen=True, slots=True)
class Identities:
    """IAM is one for all regions: both lists are empty but in the account's first place (``here``)."""

    here: bool
    roles: Read[tuple[Role, ...]]
    users: Read[tuple[User, ...]]
    services: Read[tuple[tuple[str, Credential], ...]]
    """Service-specific credentials, by the name of their user."""
