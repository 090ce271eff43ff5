"""Something of a listing, and what was then said of it by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from socconsole.model.known import Read

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Listed(Generic[T_co]):
    """That it is there is known; what it is like may not be."""

    arn: str
    """Token."""
    name: str
    """Token."""
    told: Read[T_co]
