"""What the roles may do that self-hosted models act with: those of instances, of tasks and of nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from socconsole.model.estate.roles import Permissions
from socconsole.model.known import Read, Unread
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class Acting:
    roles: Mapping[str, Read[Permissions]]
    """By the role's ARN, as whatever has it names it."""

    def of(self, role: str) -> Read[Permissions]:
        """Of the role with this ARN."""
        return self.roles.get(role, Unread("iam:GetRole", Untrusted("the role's policies were not asked for")))
