"""What a key, a palette entry, a ``:`` command and a command-line verb hand over: frozen, serialisable requests.

Decisions (``acknowledge`` …) are written to the ledger by ``store.decisions``; requests that reach AWS go to ``actor``.
Screens add nothing to what a request can do.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Request(msgspec.Struct, frozen=True, tag_field="do", tag=str.lower, kw_only=True):
    """Base of all requests; the tag is the lower-cased class name."""


# --- decisions: entries in the ledger, applied by projection -------------------------------------------


class Acknowledge(Request, frozen=True):
    ids: tuple[str, ...]
    reason: str


class Claim(Request, frozen=True):
    ids: tuple[str, ...]


class Note(Request, frozen=True):
    ids: tuple[str, ...]
    text: str


class Verify(Request, frozen=True):
    """Set the verdict (Security Hub ``VerificationState``)."""

    ids: tuple[str, ...]
    verdict: str
    reason: str = ""


class Snooze(Request, frozen=True):
    ids: tuple[str, ...]
    until: datetime
    reason: str


class TakeBack(Request, frozen=True):
    """Undo the analyst's last triage act (a whole batch), unless a later act touched the same findings."""

    batch: str = ""
    """Only if that act is still this one: what somebody was told that he takes back."""


Decision = Acknowledge | Claim | Note | Verify | Snooze | TakeBack


# --- requests to the actor -----------------------------------------------------------------------------


class Respond(Request, frozen=True):
    """Enter RESPOND, with a reason; the actor refuses when a rail says so."""

    reason: str


class StandDown(Request, frozen=True):
    """Leave RESPOND for TRIAGE."""


class Send(Request, frozen=True):
    """Send workflow writes that are still unsent; ``include_read`` also those made in READ."""

    include_read: bool = False


class Offer(Request, frozen=True):
    """Which actions would help for these findings, an incident's worst first; reads only."""

    findings: tuple[str, ...]


class PlanContain(Request, frozen=True):
    action: str
    target: str
    account: str = ""
    region: str = ""
    finding: str = ""
    check: str = ""
    """The posture check that it is to mend: then it may harden where nothing leaks."""


class Contain(Request, frozen=True):
    """Apply a plan. ``confirm`` is what the analyst typed: the last six characters, or all when wide."""

    action: str
    target: str
    confirm: str
    account: str = ""
    region: str = ""
    finding: str = ""
    check: str = ""
    """As ``PlanContain`` has it."""
    reason: str = ""
    approval: str = ""
    """The line that a second person's ``approve`` printed."""
    break_glass: bool = False
    """In place of a second person, on an open CRITICAL finding, with a reason."""
    expires: datetime | None = None
    """When it should be looked at again."""
    wait: bool = True


class PlanUndo(Request, frozen=True):
    action_id: str


class Undo(Request, frozen=True):
    """Restore what an action changed. ``accept_exposure`` is required when that RE-EXPOSES."""

    action_id: str
    confirm: str
    reason: str = ""
    accept_exposure: bool = False
    although_handed_over: bool = False
    """Another install has accepted it with a handoff; undone here all the same, with a reason."""
    approval: str = ""
    break_glass: bool = False
    wait: bool = True


class RecordByHand(Request, frozen=True):
    """Put on record what somebody did outside the console; ``events`` are CloudTrail event ids."""

    action: str
    target: str
    events: tuple[str, ...]
    account: str = ""
    region: str = ""
    finding: str = ""
    reason: str = ""


class AskTalkers(Request, frozen=True):
    """Who a way out is talking to: asked of its flow logs, which costs by what is scanned. Reads only."""

    path: str
    """Its id (``p-…``), or the name of its resource."""
    hours: float = 1.0
    compare: bool = True
    """Also look which of them it never talked to in the two weeks before."""


class ProveResponder(Request, frozen=True):
    """Take the responder role on once in every account and let it go: whether it can be had, and how long. Reads
    only."""


class Stop(Request, frozen=True):
    """Give up a question that is being asked (``AskTalkers``); nothing else can be stopped."""

    of: int
    """The number of the request."""


ActorRequest = (
    Respond
    | StandDown
    | Send
    | Offer
    | PlanContain
    | Contain
    | PlanUndo
    | Undo
    | RecordByHand
    | AskTalkers
    | ProveResponder
    | Stop
)
