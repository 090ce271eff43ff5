"""What an organisation enforces on its accounts, read where it may be read."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.estate.policy import Policy
from socconsole.model.known import Read


@dataclass(frozen=True, slots=True)
class Organisation:
    id: str
    """``o-a1b2c3d4e5``."""
    management: str
    """Account to which no service control policy applies, and which alone may read them (or a delegate of it)."""


@dataclass(frozen=True, slots=True)
class Governed:
    """An account, and all statements of the service control policies that apply to it: its own, its units', the
    root's. A Deny in any of them holds."""

    arn: str
    """``AWS::::Account:111122223333``."""
    account: str
    management: bool
    """No service control policy applies to it, whatever is attached."""
    controls: Read[Policy] | None
    """None: it is in no organisation."""


@dataclass(frozen=True, slots=True)
class TagRule:
    """What a tag policy says of one key."""

    key: str
    """Printable."""
    values: tuple[str, ...]
    """Allowed ones, printable, with ``*``; empty: any."""
    enforced_for: tuple[str, ...]
    """Resource types on which AWS refuses other values: ``s3:bucket``, ``s3:ALL_SUPPORTED``."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What AWS says applies to this account of the policies that are merged on their way down."""

    arn: str
    opt_out: Read[tuple[tuple[str, str], ...]]
    """(service or ``default``, ``optOut`` or ``optIn``); empty: no such policy."""
    tags: Read[tuple[TagRule, ...]]


@dataclass(frozen=True, slots=True)
class Governance:
    organisation: Read[Organisation | None]
    """None: the account is in none."""
    governed: Read[tuple[Governed, ...]]
    """Accounts whose controls are judged here: see the collector."""
    inherited: tuple[Inherited, ...]
    """This account, in its first place; elsewhere empty."""
