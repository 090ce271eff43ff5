"""Requests about cases and their clocks: entries in the ledger, none of them reaches AWS.

``seen``, where there is one, is the ledger sequence of the case as it was shown: where somebody has said something
about the same thing since (the same field, step, regime, moment or deadline), the request is refused, and says who.
0: whatever was said.
"""

from __future__ import annotations

from datetime import datetime

from socconsole.commands.requests import Request


class OpenCase(Request, frozen=True):
    """A case of findings, of an incident candidate, or of neither: a phone call is a finding too."""

    findings: tuple[str, ...] = ()
    incident: str = ""
    title: str = ""
    """That of the worst finding when empty; needed where there is none."""
    severity: str = ""
    """``CRITICAL`` …; that of the worst finding when empty."""
    hypothesis: str = ""


class ChangeCase(Request, frozen=True):
    """Set one field: ``title``, ``severity``, ``status``, ``owner`` or ``hypothesis``."""

    case: str
    field: str
    value: str
    reason: str = ""
    seen: int = 0


class AttachFindings(Request, frozen=True):
    case: str
    findings: tuple[str, ...]


class DetachFindings(Request, frozen=True):
    case: str
    findings: tuple[str, ...]
    reason: str


class MergeCases(Request, frozen=True):
    """``case`` becomes part of ``into``: its findings, its clocks' answers and its history."""

    case: str
    into: str
    reason: str = ""


class SplitCase(Request, frozen=True):
    """Some findings of a case become a case of their own."""

    case: str
    findings: tuple[str, ...]
    title: str = ""
    reason: str = ""


class NoteCase(Request, frozen=True):
    case: str
    text: str


class TellStakeholder(Request, frozen=True):
    """Put on record that somebody was told."""

    case: str
    name: str
    how: str = ""


class HoldCase(Request, frozen=True):
    """Legal hold: on, or off again."""

    case: str
    on: bool
    reason: str


class CloseCase(Request, frozen=True):
    """Close with what it was. ``anyway`` closes although clocks run or something still leaves."""

    case: str
    reason: str
    anyway: bool = False


class SetMoment(Request, frozen=True):
    """When an entity was ``aware`` (or ``classified``, ``high_risk``, ``personal_data``), how it is known and why.

    Said by one who may not decide it, it is kept as a suspicion and moves nothing. A second one amends the first.
    """

    case: str
    entity: str
    moment: str
    at: datetime
    reason: str
    seen: int = 0


class AnswerRegime(Request, frozen=True):
    """Whether a regime applies to an entity in this case."""

    case: str
    entity: str
    regime: str
    applies: bool
    reason: str
    seen: int = 0


class MarkSent(Request, frozen=True):
    """A deadline was met: what was sent, when, and the receipt. A second one amends the first."""

    case: str
    clock: str
    """``regime/deadline@entity``."""
    at: datetime
    receipt: str = ""
    seen: int = 0


class DecideNotify(Request, frozen=True):
    """The decision to notify, or not, with its reason: the law wants it in writing."""

    case: str
    entity: str
    regime: str
    notify: bool
    reason: str
    seen: int = 0


class TakePlaybook(Request, frozen=True):
    """Work a case by a playbook: from now on its steps stand open until they are ticked."""

    case: str
    playbook: str


class TickStep(Request, frozen=True):
    """A step was done by hand, or is left out on purpose; the note says how, or why."""

    case: str
    playbook: str
    step: str
    note: str
    skip: bool = False
    seen: int = 0


CaseRequest = (
    OpenCase
    | ChangeCase
    | AttachFindings
    | DetachFindings
    | MergeCases
    | SplitCase
    | NoteCase
    | TellStakeholder
    | HoldCase
    | CloseCase
    | SetMoment
    | AnswerRegime
    | MarkSent
    | DecideNotify
    | TakePlaybook
    | TickStep
)
