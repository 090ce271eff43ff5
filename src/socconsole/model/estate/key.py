"""A KMS key as something names it."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.known import Read


@dataclass(frozen=True, slots=True)
class Key:
    named: str
    """ARN, id or alias; token."""
    account: Read[str]
    """Of the customer whose own it is; empty for one that AWS manages."""
