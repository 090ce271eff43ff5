"""What a role may do: every policy that decides it in its own account."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.estate.policy import Policy


@dataclass(frozen=True, slots=True)
class RolePolicy:
    name: str
    """Token."""
    arn: str
    """Of a managed one, token; empty for an inline one."""
    policy: Policy


@dataclass(frozen=True, slots=True)
class Permissions:
    """A role's policies. Policies of resources may give it more, those of the organisation may take from it."""

    role: str
    """ARN, token."""
    policies: tuple[RolePolicy, ...]
    """Managed and inline."""
    boundary: Policy | None
    """What it may do at most; None without one."""
