"""A target read as several parts at once, each kept as AWS returned it.

A part may be absent (the table of operations says by which error code) or denied; both are told apart from a
part that says "nothing". What is denied and decides nothing leaves the plan possible, and is named in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.aws import Absent, AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door

DENIED: Final[Mapping[str, bool]] = {"denied": True}
"""What stands in the evidence for a part that AWS would not show."""


@dataclass(frozen=True, slots=True)
class Part:
    """One call to read a part with."""

    operation: str
    params: Mapping[str, Any]
    optional: bool = False
    """It may be denied without spoiling the plan."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts by name, as read in one round."""

    evidence: Mapping[str, Any]
    """As AWS returned them; null for an absent one, :data:`DENIED` for a denied one."""

    @property
    def unread(self) -> tuple[str, ...]:
        return tuple(name for name, answer in self.evidence.items() if answer == DENIED)

    def known(self, name: str) -> Mapping[str, Any]:
        """A part's answer; empty where it is absent or was denied."""
        answer = self.evidence[name]
        return {} if answer is None or answer == DENIED else answer


async def read(door: Door, place: Place, parts: Mapping[str, Part]) -> Parts:
    """All of them at once. Raises ``AwsTrouble`` for one that is not optional, or fails otherwise than denied."""
    answers = await asyncio.gather(*(_read(door, place, part) for part in parts.values()), return_exceptions=True)
    found: dict[str, Any] = {}
    for name, answer in zip(parts, answers, strict=True):
        if isinstance(answer, BaseException):
            raise answer
        found[name] = answer
    return Parts(found)


async def _read(door: Door, place: Place, part: Part) -> Mapping[str, Any] | None:
    try:
        answer = await door.call(place, part.operation, part.params)
    except AwsTrouble as trouble:
        if part.optional and trouble.kind == "denied":
            return DENIED
        raise
    if isinstance(answer, Absent):
        return None
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}
