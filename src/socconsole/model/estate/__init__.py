"""A snapshot of one place, typed: what checks are evaluated over. A part a family of checks; no part knows another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from socconsole.model.known import Unread
from socconsole.model.world import Place

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Estate:
    """Everything that was read of one account in one region, once."""

    place: Place
    at: datetime
    parts: tuple[object, ...]
    """One instance of each class beside this file: ``Storage``, ``SageMaker`` …"""
    asked: int
    unanswered: tuple[Unread, ...]
    """Each call and trouble once, however many questions had it."""
    lacking: int = 0
    """Questions of those ``asked`` without an answer to rely on."""

    def part(self, kind: type[P]) -> P:
        """The part of this class. Raises ``LookupError`` where it was not read at all: a fault of ours."""
        for one in self.parts:
            if isinstance(one, kind):
                return one
        raise LookupError(kind.__name__)
