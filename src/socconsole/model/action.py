"""Containment: plans, calls and outcomes. Recipes live in ``response``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from socconsole.model.mode import Effect as Effect
from socconsole.model.mode import Mode as Mode
from socconsole.model.world import Place


class Reversible(StrEnum):
    YES = "yes"
    NO = "no"
    PARTLY = "partly"


class ActionState(StrEnum):
    """The truth after an attempt, as read back from AWS."""

    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    PARTIAL = "partial"
    IN_DOUBT = "in_doubt"
    UNKNOWN = "unknown"


class Purpose(StrEnum):
    """Why a plan is made: to end what a finding tells of, or to make what a posture check finds weak stand firm."""

    CONTAIN = "contain"
    HARDEN = "harden"
    """Nothing leaks by it now, as far as was read."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call a plan makes. ``operation`` is the API's own name (``PutPublicAccessBlock``)."""

    service: str
    operation: str
    params: Mapping[str, Any]
    always: bool = False
    """It is made also when one before it failed: it puts back what an earlier one took down for a moment."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action would do, read fresh; nothing has been changed.

    ``before`` and ``after`` are JSON documents of the state that the calls change. ``undo_calls`` restore
    ``before``. ``re_exposes`` says, for the plan of an undo, that what it restores is public or
    cross-account. ``instead`` names the action that would help when this one would change nothing.
    """

    action: str
    target: str
    place: Place
    finding: str | None
    helps: bool
    why: str
    instead: str
    calls: tuple[Call, ...]
    undo_calls: tuple[Call, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    stops: str
    does_not_stop: str
    blast_radius: str
    reversible: Reversible
    wide: bool
    warnings: tuple[str, ...]
    permitted: str
    """``likely``, ``unlikely`` or ``unknown``: what SimulatePrincipalPolicy says."""
    read_at: datetime
    re_exposes: bool = False
    refusals: tuple[str, ...] = ()
    """Rails that forbid this plan; not empty means it cannot be applied."""
    instead_calls: tuple[Call, ...] = ()
    """What ``instead`` would call, for the analyst's own hands where this version has no key for it."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """All that was read to make the plan: kept as evidence before the first call, never printed."""
    cuts: bool = False
    """It closes the way by which the finding's data leaves, as far as was read: then the finding counts as blocked."""
    closes: tuple[str, ...] = ()
    """What it closes for every finding (see ``triage.needs``)."""
    fit: int = 50
    """0 to 100: how well it answers the finding; an offer begins with the best."""
    parts: tuple[Plan, ...] = ()
    """Of a composition: the plans it is made of, in order; ``calls`` are theirs, one after the other."""
    second_person: bool = False
    """Somebody else has to approve it, or break-glass has to be said."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The target's tags, exact, for the rail of protected tags; untrusted, never printed as they are."""
    check: str = ""
    """Id of the posture check that is the reason for it; empty where a finding, or an analyst, is."""
    purpose: Purpose = Purpose.CONTAIN
    """``HARDEN`` only with a ``check``, and where it ends nothing that leaks now."""


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """An action as the store projects it from the ledger."""

    id: str
    action: str
    target: str
    place: Place
    finding: str | None
    state: ActionState
    who: str
    intended: datetime
    settled: datetime | None
    verified: tuple[tuple[str, bool], ...]
    """(when: ``at once``, ``15 s``, ``60 s``; held?)"""
    undone_by: str | None
    undoes: str | None
    intent_seq: int
    detail: str = ""
    leave: str = ""
    """By whose leave, where it was not the analyst's own (an approval, break-glass), and when to look again."""

    @property
    def named(self) -> str:
        """What was done: the action's name, or that it was the undo of which."""
        return f"undo of {self.undoes}, {self.action}" if self.undoes else self.action
