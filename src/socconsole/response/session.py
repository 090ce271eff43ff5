"""One analyst at one state folder in one mode: what every request to AWS is carried out with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol, TypeVar

from socconsole import aws
from socconsole.config import Config
from socconsole.model.action import Mode, Plan
from socconsole.response.base import Door
from socconsole.store.state import StateFolder

T = TypeVar("T")

Role = Literal["reader", "triage", "responder"]
"""The role kinds that a request is carried out with (see ``aws.operations.Role``)."""

LATER: Final = (("15 s", 15.0), ("60 s", 60.0))
"""When an applied action is read back again: label on the ledger, seconds after the outcome."""


class Refusal(Exception):
    """The request came to nothing, and AWS was not changed by it.

    ``kind`` is ``refused`` (a rail, unarmed, unconfirmed, not helping), ``aws``, ``input`` or ``fault``.
    ``plan`` is what would have been done, where it got that far; ``proposal`` the line that a second person's
    ``approve`` takes, where only that is missing.
    """

    def __init__(self, kind: str, why: str, remedy: str = "", plan: Plan | None = None, proposal: str = "") -> None:
        super().__init__(why)
        self.proposal = proposal
        self.kind = kind
        self.why = why
        self.remedy = remedy
        self.plan = plan


class OpenDoor(Protocol):
    """How a session comes by a door; ``tags`` and ``grant`` as ``aws.Door.open`` has them."""

    def __call__(
        self, session: Session, role: Role, *, tags: Mapping[str, str] | None = None, grant: aws.Grant | None = None
    ) -> AbstractAsyncContextManager[Door]: ...


Tell = Callable[[int, int, str], Awaitable[None]]
"""(done, total, text): progress of one request, for whoever asked."""


def real_door(
    session: Session, role: Role, *, tags: Mapping[str, str] | None = None, grant: aws.Grant | None = None
) -> AbstractAsyncContextManager[Door]:
    """A door of ``aws``; what it assumed is forgotten when the block ends."""
    return aws.Door.open(
        session.config, session.folder.world, role, session.mode, session.analyst, tags=tags, grant=grant
    )


async def _untold(done: int, total: int, text: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Session:
    """``mode`` is what doors are opened with; ``by_script`` asks for whole ids where six characters do."""

    folder: StateFolder
    config: Config
    analyst: str
    mode: Mode
    by_script: bool = False
    door: OpenDoor = real_door
    tell: Tell = _untold
    later: tuple[tuple[str, float], ...] = LATER
    shown: dict[str, Plan] | None = None
    """The plans an analyst at a keyboard was shown, by what they were about. Then nothing is done that was not
    shown, nor to a target that changed since. None for a script, which plans and acts in one go."""

    def now(self) -> datetime:
        """The host's clock: what the record is dated by."""
        return datetime.now(UTC)


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end even when the caller is cancelled; the cancellation is delivered afterwards.

    For what must not stop half-way: from the intent on, an action ends with its outcome on the ledger. It
    is bounded by the deadlines of its calls.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            cancelled = True
        except Exception:  # the task's own: raised by result() below
            break
    result = task.result()
    if cancelled:
        raise asyncio.CancelledError
    return result
