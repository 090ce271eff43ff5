"""What a containment is: the protocol that every file of an action fulfils.

An action never writes to the ledger, never asks anyone and never decides whether it may: it reads, says
exactly what it would call, calls it, and reads back. ``engine`` does the rest, the same for all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from socconsole.model.action import ActionState, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.world import Place


class Does(StrEnum):
    """What an action is for, whatever it finds."""

    STOPS = "stops"
    """Somebody can no longer do what they do, or an open way is shut."""
    RECORDS = "records"
    """It gives sight, or keeps what is there: everything goes on."""
    HARDENS = "hardens"
    """It makes the next time harder, and ends nothing that goes on."""


@dataclass(frozen=True, slots=True)
class Info:
    """What an action is, before any target is known; what ``contain --list`` shows."""

    id: str
    title: str
    target_type: str
    """What its target is called: ``bucket``."""
    calls: tuple[str, ...]
    """``service:Operation`` of every call that it, or its undo, may make."""
    stops: str
    does_not_stop: str
    reversible: Reversible
    captures: str
    """What is read and kept as evidence before the first call."""
    verifies: str
    """What is read back, and what it has to say to count as applied."""
    undo_leaves: str
    """What is different after an undo, all else being as it was; ``nothing`` where that is so."""
    pitfalls: tuple[str, ...]
    """What goes wrong with it in practice, and what this action does about each."""
    cuts: bool = True
    """It ends a way by which data leaves; False for what only records, encrypts or says."""
    does: Does = Does.STOPS
    """In an offer what only records or hardens comes after all that stops something."""
    wide: bool = False
    """Reaches beyond one resource: the whole id has to be typed."""
    second_person: bool = False
    """Wide or irreversible enough that somebody else has to approve it (see ``rails.second_person``)."""

    @property
    def services(self) -> tuple[str, ...]:
        """The services it calls, as botocore names them."""
        return tuple(dict.fromkeys(call.partition(":")[0] for call in self.calls))


@dataclass(frozen=True, slots=True)
class Target:
    """A resource by the id a call takes, where it lives."""

    id: str
    place: Place


class BadTarget(ValueError):
    """The id cannot name a resource of the action's type; nothing was asked of AWS."""


class Door(Protocol):
    """The part of ``aws.Door`` that an action may use."""

    @property
    def role(self) -> str: ...

    def roles(self, account: str) -> Mapping[str, str]: ...

    async def call(
        self, place: Place, operation: str, params: Mapping[str, Any], *, deadline: float = 20.0
    ) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Noted:
    """One call as it went: what the ledger and the outcome keep of it."""

    index: int
    """Position in ``Plan.calls``, from 0."""
    operation: str
    """``service:Operation``."""
    answered: bool
    """AWS said yes to it."""
    lost: bool
    """Sent, or possibly sent, with no answer that says what became of it."""
    trouble: str
    """Kind of trouble, empty when answered."""
    request_id: str


NoteCall = Callable[[Noted], Awaitable[None]]
"""Called after each call of ``apply``, before the next one."""


class Action(Protocol):
    """One containment for one type of resource."""

    @property
    def info(self) -> Info: ...

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        """The resources of ``finding`` that this action takes, in the finding's order; reads nothing."""
        ...

    def name(self, target: str) -> str:
        """The id as a call takes it, of what was typed (an ARN will do); raises :class:`BadTarget`."""
        ...

    def resources(self, plan: Plan) -> tuple[str, ...]:
        """The ARNs that the responder's session is narrowed to, the target's own first."""
        ...

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        """All that nobody else may act on meanwhile; the target itself first."""
        ...

    async def plan(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        """Read the target afresh and say what would be done; changes nothing. Raises ``AwsTrouble``.

        ``own`` are the accounts that belong to the same owner: being read from there is no leak by itself.
        """
        ...

    async def apply(self, door: Door, plan: Plan, note_call: NoteCall) -> None:
        """Make the plan's calls in order, stopping at the first that fails; never raises ``AwsTrouble``."""
        ...

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        """Read back what is true now, whatever the calls said. Raises ``AwsTrouble`` when it cannot."""
        ...

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        """Read afresh and say how to restore what ``done`` (as the ledger recorded it) had changed."""
        ...
