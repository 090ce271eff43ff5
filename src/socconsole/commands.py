"""The registry of everything a user can do: one row makes the key, the help, the palette, the policy and the verb.

A *request* is a frozen, serialisable value: what a key, a palette entry, a ``:`` command and a command-line
verb all hand over. Decisions (``acknowledge`` …) are written to the ledger by ``store.decisions``; requests
that reach AWS go to ``actor``. Screens add nothing to what a request can do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from socconsole.model.action import Effect, Mode


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
    """Which actions would help for this finding, strongest fit first; reads only."""

    finding: str


class PlanContain(Request, frozen=True):
    action: str
    target: str
    account: str = ""
    region: str = ""
    finding: str = ""


class Contain(Request, frozen=True):
    """Apply a plan. ``confirm`` is what the analyst typed: the last six characters, or all when wide."""

    action: str
    target: str
    confirm: str
    account: str = ""
    region: str = ""
    finding: str = ""
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


class Stop(Request, frozen=True):
    """Give up a question that is being asked (``AskTalkers``); nothing else can be stopped."""

    of: int
    """The number of the request."""


ActorRequest = (
    Respond | StandDown | Send | Offer | PlanContain | Contain | PlanUndo | Undo | RecordByHand | AskTalkers | Stop
)


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a user can do.

    ``id`` is stable (remapping and the ledger use it); ``needs`` says what has to be under the cursor
    (``finding``, ``action``, ``row`` or nothing); ``verb`` is the word after ``:`` and on the command line,
    empty where there is none; ``ledger`` is the entry's verb, empty for what leaves no record.
    ``acting`` keys are guarded against paste and against a row that just moved.
    """

    id: str
    title: str
    help: str
    effect: Effect | None = None
    keys: tuple[str, ...] = ()
    verb: str = ""
    ledger: str = ""
    needs: str = ""
    acting: bool = False
    screens: tuple[str, ...] = ()
    """Screen names it belongs to; empty means everywhere."""
    group: str = "general"

    @property
    def mode(self) -> Mode:
        """The least mode in which its effect on AWS is allowed (decisions are kept locally in READ)."""
        if self.effect is Effect.CONTAIN:
            return Mode.RESPOND
        return Mode.READ


COMMANDS: Final[tuple[Command, ...]] = (
    # Moving between screens
    Command(
        "screen.triage",
        "Triage",
        "findings that wait for someone",
        keys=("1",),
        verb="triage",
        group="screens",
    ),
    Command(
        "screen.egress",
        "Egress",
        "ways out: what leaves by each, and whether an alarm would tell",
        keys=("2",),
        verb="egress",
        group="screens",
    ),
    Command(
        "screen.activity",
        "Activity",
        "the ledger: what was decided and done",
        keys=("5",),
        verb="activity",
        group="screens",
    ),
    Command(
        "screen.sources",
        "Sources",
        "what answers, how fresh, and what mends the rest",
        keys=("7",),
        verb="sources",
        group="screens",
    ),
    # Deciding
    Command(
        "acknowledge",
        "Ack",
        "acknowledge with a reason; AWS is told NOTIFIED",
        Effect.WORKFLOW,
        ("a",),
        "ack",
        "acknowledge",
        "finding",
        True,
        ("triage",),
        "triage",
    ),
    Command(
        "claim",
        "Claim",
        "take the finding as yours",
        None,
        ("c",),
        "claim",
        "claim",
        "finding",
        True,
        ("triage",),
        "triage",
    ),
    Command(
        "note",
        "Note",
        "write a note",
        Effect.WORKFLOW,
        ("n",),
        "note",
        "note",
        "finding",
        True,
        ("triage",),
        "triage",
    ),
    Command(
        "verify",
        "Verdict",
        "true, false or benign positive",
        Effect.WORKFLOW,
        ("v",),
        "verdict",
        "verdict",
        "finding",
        True,
        ("triage",),
        "triage",
    ),
    Command(
        "snooze",
        "Snooze",
        "hide until a time, at most 7 days, with a reason",
        None,
        ("z",),
        "snooze",
        "snooze",
        "finding",
        True,
        ("triage",),
        "triage",
    ),
    Command(
        "take_back",
        "Take back",
        "undo my last triage act",
        Effect.WORKFLOW,
        ("u",),
        "takeback",
        "take_back",
        "",
        True,
        ("triage",),
        "triage",
    ),
    Command(
        "mark",
        "Mark",
        "mark the row for a bulk act",
        keys=("space",),
        needs="row",
        screens=("triage",),
        group="triage",
    ),
    Command(
        "mark_all",
        "Mark all",
        "mark every row the filter shows; again to clear",
        keys=("asterisk",),
        verb="mark-all",
        screens=("triage",),
        group="triage",
    ),
    Command(
        "send",
        "Send",
        "send workflow writes kept back in READ",
        Effect.WORKFLOW,
        (),
        "send",
        "",
        "",
        False,
        (),
        "triage",
    ),
    # Responding
    Command(
        "contain",
        "Contain",
        "what would stop it: plan, confirm, verify",
        Effect.CONTAIN,
        ("X",),
        "contain",
        "intent",
        "finding",
        True,
        ("triage", "egress", "path", "tree"),
        "response",
    ),
    Command(
        "undo",
        "Undo",
        "undo a containment: drift check, then restore",
        Effect.CONTAIN,
        ("U",),
        "undo",
        "intent",
        "action",
        True,
        ("triage", "activity"),
        "response",
    ),
    Command(
        "respond",
        "Arm",
        "allow containment for this session, with a reason",
        None,
        (),
        "respond",
        "respond",
        "",
        False,
        (),
        "response",
    ),
    Command(
        "stand_down",
        "Stand down",
        "leave RESPOND",
        None,
        (),
        "stand-down",
        "stand_down",
        "",
        False,
        (),
        "response",
    ),
    # Looking
    Command("open", "Open", "open it whole", keys=("enter",), needs="row", group="view"),
    Command("back", "Back", "return", keys=("escape", "backspace"), group="view"),
    Command(
        "filter",
        "Filter",
        "narrow the list with the query language",
        keys=("slash",),
        verb="filter",
        screens=("triage", "egress", "activity", "sources", "pivot", "entity", "tree"),
        group="view",
    ),
    Command(
        "pivot",
        "Pivot",
        "what else names its actor, key, address or resource, within what is kept",
        keys=("p",),
        verb="pivot",
        needs="row",
        screens=("triage", "egress", "path", "pivot", "entity", "tree"),
        group="view",
    ),
    Command(
        "tree",
        "Tree",
        "the credentials behind it: which handed out which, and what still works",
        keys=("t",),
        verb="tree",
        needs="row",
        screens=("triage", "pivot", "entity"),
        group="view",
    ),
    Command(
        "talkers",
        "Who",
        "who it is talking to: asked of the flow logs, which costs by what is scanned; again stops",
        Effect.READ,
        ("w",),
        "talkers",
        "asked",
        "row",
        False,
        ("egress", "path"),
        "view",
    ),
    Command("span", "Span", "3 hours, a day, two weeks", keys=("tab",), screens=("path",), group="view"),
    Command(
        "incident",
        "Incident",
        "every finding of the incident under the cursor; again to fold them",
        keys=("i",),
        verb="incident",
        needs="row",
        screens=("triage",),
        group="view",
    ),
    Command("view", "View", "threats, all, mine", keys=("tab",), verb="view", screens=("triage",), group="view"),
    Command(
        "sort",
        "Sort",
        "next order: score, severity, age, title, place",
        keys=("s",),
        verb="sort",
        screens=("triage",),
        group="view",
    ),
    Command(
        "raw",
        "Raw",
        "the records as AWS sent them",
        keys=("o",),
        needs="finding",
        screens=("triage",),
        group="view",
    ),
    Command("copy", "Copy", "send the row to the terminal's clipboard", keys=("y",), needs="row", group="view"),
    Command(
        "export",
        "Export",
        "write what is shown to a file",
        verb="export",
        screens=("triage", "egress", "activity", "sources", "pivot", "entity", "tree"),
        group="view",
    ),
    Command("local_time", "Local time", "UTC or local time", keys=("T",), verb="time", group="view"),
    Command("theme", "Theme", "next theme", verb="theme", group="view"),
    Command("command", "Command", "type a command", keys=("colon",), group="general"),
    Command("palette", "Palette", "find a command by name", keys=("ctrl+k",), verb="palette", group="general"),
    Command("help", "Help", "keys and words of this screen", keys=("question_mark",), verb="help", group="general"),
    Command("quit", "Quit", "leave the console; the watch goes on for its linger", verb="q", group="general"),
)

BY_ID: Final = {command.id: command for command in COMMANDS}
BY_VERB: Final = {command.verb: command for command in COMMANDS if command.verb}
