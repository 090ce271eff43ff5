"""A KMS key as something names it."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.known import Read


@dataclass(frozen=True, slots=True)
class Key:
    named: str
    """ARN, id or alias; token."""
    customer: Read[bool]
    """It is the customer's own, not one that AWS manages."""
