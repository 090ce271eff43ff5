"""What of an account lies in Regions where nothing of it should."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.known import Read


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A Region that is enabled for the account and outside the allow-list."""

    arn: str
    """``account/region``."""
    region: str
    found: tuple[Read[tuple[str, ...]], ...]
    """ARNs of what lies there, a listing for each kind that was looked for; tokens."""


@dataclass(frozen=True, slots=True)
class Residency:
    regions: Read[tuple[Elsewhere, ...]]
    """In the account's first place alone, and empty elsewhere."""
