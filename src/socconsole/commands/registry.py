"""The registry of everything a user can do: one row makes the key, the help, the palette, the policy and the verb."""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec

from socconsole.model.mode import Effect, Mode


class Command(msgspec.Struct, frozen=True):
    """One thing a user can do.

    ``id`` is stable (remapping and the ledger use it); ``needs`` says what has to be under the cursor
    (``finding``, ``action``, ``row`` or nothing); ``verb`` is the word after ``:`` and, where a shell can do it too,
    on the command line, empty where there is none; ``ledger`` is the entry's verb, empty for what leaves no record.
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


# What the rows of one group have in common.
_screen = partial(Command, group="screens")
_decision = partial(Command, needs="finding", acting=True, screens=("triage", "case"), group="triage")
_triage = partial(Command, screens=("triage", "case"), group="triage")
_response = partial(Command, group="response")
_case = partial(Command, group="cases", screens=("cases", "case"))
_handing = partial(Command, group="handoff", screens=("handoff",))
_view = partial(Command, group="view")

_LISTS: Final = (
    "triage", "egress", "endpoints", "endpoint", "cases", "case", "activity", "handoff", "sources", "pivot", "entity",
    "tree",
)  # fmt: skip
"""Screens with rows under a filter."""

SCREENS: Final[tuple[Command, ...]] = (
    _screen("screen.triage", "Triage", "findings that wait for someone", keys=("1",), verb="triage"),
    _screen(
        "screen.egress",
        "Egress",
        "ways out: what leaves by each, and whether an alarm would tell",
        keys=("2",),
        verb="egress",
    ),
    _screen(
        "screen.endpoints",
        "Endpoints",
        "what serves an LLM: what it may read, where it sends, which checks fail",
        keys=("3",),
        verb="endpoints",
    ),
    _screen(
        "screen.cases", "Cases", "incidents under work: clocks, steps, what still leaves", keys=("4",), verb="cases"
    ),
    _screen("screen.activity", "Activity", "the ledger: what was decided and done", keys=("5",), verb="activity"),
    _screen(
        "screen.handoff",
        "Handoff",
        "what the next shift has to know; giving it, and taking another's",
        keys=("6",),
        verb="handoff",
    ),
    _screen(
        "screen.sources", "Sources", "what answers, how fresh, and what mends the rest", keys=("7",), verb="sources"
    ),
)

DECIDING: Final[tuple[Command, ...]] = (
    _decision(
        "acknowledge",
        "Ack",
        "acknowledge with a reason; AWS is told NOTIFIED",
        keys=("a",),
        verb="ack",
        effect=Effect.WORKFLOW,
        ledger="acknowledge",
    ),
    _decision(
        "claim",
        "Claim",
        "take the finding, or the case, as yours",
        keys=("c",),
        verb="claim",
        ledger="claim",
        screens=("triage", "cases", "case"),
    ),
    _decision(
        "note",
        "Note",
        "write a note",
        keys=("n",),
        verb="note",
        effect=Effect.WORKFLOW,
        ledger="note",
        screens=("triage", "cases", "case"),
    ),
    _decision(
        "verify",
        "Verdict",
        "true, false or benign positive",
        keys=("v",),
        verb="verdict",
        effect=Effect.WORKFLOW,
        ledger="verdict",
    ),
    _decision(
        "snooze",
        "Snooze",
        "hide until a time, at most 7 days, with a reason",
        keys=("z",),
        verb="snooze",
        ledger="snooze",
    ),
)

DESK: Final[tuple[Command, ...]] = (
    _triage(
        "take_back",
        "Take back",
        "undo my last triage act",
        keys=("u",),
        verb="takeback",
        effect=Effect.WORKFLOW,
        ledger="take_back",
        acting=True,
    ),
    _triage(
        "mark", "Mark", "mark the finding for a bulk act; on a step of a case: tick it", keys=("space",), needs="row"
    ),
    _triage(
        "mark_all",
        "Mark all",
        "mark every finding the filter shows; again to clear",
        keys=("asterisk",),
        verb="mark-all",
    ),
    _triage("send", "Send", "send workflow writes kept back in READ", verb="send", effect=Effect.WORKFLOW, screens=()),
)

CASES: Final[tuple[Command, ...]] = (
    _case(
        "case",
        "Case",
        "open a case of it, or attach it to an open one; of what is in one, go to it",
        keys=("K",),
        verb="case",
        needs="finding",
        ledger="case_open",
        acting=True,
        screens=("triage", "egress"),
    ),
    _case(
        "new_case",
        "New",
        "a case by hand: a phone call is a finding too",
        keys=("N",),
        verb="new-case",
        ledger="case_open",
        acting=True,
        screens=("cases",),
    ),
    _case(
        "set", "Set", "severity, status, owner, hypothesis or title, and its value", verb="set", ledger="case_change"
    ),
    _case(
        "step",
        "Step",
        "tick the step under the cursor, with how it was done",
        verb="step",
        needs="row",
        ledger="case_step",
        screens=("case",),
    ),
    _case("playbook", "Playbook", "work it by a playbook", verb="playbook", ledger="case_playbook"),
    _case(
        "aware",
        "Aware",
        "when an entity was aware: [ENTITY], when and why are asked",
        verb="aware",
        ledger="clock_moment",
    ),
    _case(
        "moment", "Moment", "another moment: classified, high_risk, personal_data", verb="moment", ledger="clock_moment"
    ),
    _case(
        "applies", "Applies", "whether a regime applies: REGIME yes|no [ENTITY]", verb="applies", ledger="clock_answer"
    ),
    _case("notify", "Notify", "the decision to notify: REGIME yes|no [ENTITY]", verb="notify", ledger="clock_decision"),
    _case("sent", "Sent", "a deadline was met: CLOCK [WHEN]", verb="sent", ledger="clock_sent"),
    _case("told", "Told", "who was told: NAME [HOW]", verb="told", ledger="case_told"),
    _case("attach", "Attach", "add findings: f-…", verb="attach", ledger="case_attach"),
    _case(
        "detach",
        "Detach",
        "take the marked findings out, or the one under the cursor, with a reason",
        verb="detach",
        needs="finding",
        ledger="case_detach",
        screens=("case",),
    ),
    _case(
        "split",
        "Split",
        "make a case of its own of the marked findings, or of the one under the cursor",
        keys=("S",),
        verb="split",
        needs="finding",
        ledger="case_open",
        acting=True,
        screens=("case",),
    ),
    _case("merge", "Merge", "make it part of another: c-…", verb="merge", ledger="case_merge"),
    _case(
        "evidence",
        "Evidence",
        "the evidence pack into a new file, for those who work it; 'redacted' first: for authorities and customers",
        verb="evidence",
        ledger="case_packed",
        screens=("case",),
    ),
    _case("report", "Report", "the case into a new file: NAME.html, .md or .json", verb="report", screens=("case",)),
    _case(
        "draft",
        "Draft",
        "what the clock under the cursor asks for, every gap marked, into a new file; sends nothing",
        verb="draft",
        screens=("case",),
    ),
    _case("hold", "Hold", "legal hold: on REASON, off REASON", verb="hold", ledger="case_hold"),
    _case(
        "close", "Close", "with a reason; 'anyway' first where something stands open", verb="close", ledger="case_close"
    ),
)

RESPONDING: Final[tuple[Command, ...]] = (
    _response(
        "contain",
        "Contain",
        "what would stop it: plan, confirm, verify",
        keys=("X",),
        verb="contain",
        needs="finding",
        effect=Effect.CONTAIN,
        ledger="intent",
        acting=True,
        screens=("triage", "egress", "path", "tree", "endpoints", "endpoint", "check", "case"),
    ),
    _response(
        "undo",
        "Undo",
        "undo a containment: drift check, then restore",
        keys=("U",),
        verb="undo",
        needs="action",
        effect=Effect.CONTAIN,
        ledger="intent",
        acting=True,
        screens=("triage", "activity", "case", "handoff", "contain"),
    ),
    _response(
        "escalate",
        "Escalate",
        "tell the next in line: who, when and in which words is shown first; stop REASON answers what is under way",
        keys=("e",),
        verb="escalate",
        ledger="escalation",
        acting=True,
        screens=("triage", "egress", "cases", "case", "escalate"),
    ),
    _response("respond", "Arm", "allow containment for this session, with a reason", verb="respond", ledger="respond"),
    _response("stand_down", "Stand down", "leave RESPOND", verb="stand-down", ledger="stand_down"),
)

HANDING: Final[tuple[Command, ...]] = (
    _handing(
        "give",
        "Give",
        "make the signed file for the next shift's install; it goes on record",
        keys=("H",),
        verb="give",
        ledger="handoff",
    ),
    _handing(
        "accept",
        "Accept",
        "show the file of another install, then take it over",
        keys=("A",),
        verb="accept",
        ledger="handoff_taken",
    ),
    _handing(
        "receipt",
        "Receipt",
        "put on record that they took it over: the line that they got, or its file",
        keys=("R",),
        verb="receipt",
        ledger="handoff_accepted",
    ),
    _handing(
        "write",
        "Write",
        "write the handoff as .html, .md or .json; of one that was accepted, its receipt",
        keys=("w",),
        verb="write",
        screens=("handoff", "take", "paper"),
    ),
    _handing(
        "shift",
        "Shift",
        "on [UNTIL] signs you on and asks whether the responder role can be had; off signs you off",
        verb="shift",
        effect=Effect.READ,
        ledger="shift_on",
        screens=(),
    ),
)

LOOKING: Final[tuple[Command, ...]] = (
    _view("open", "Open", "open it whole", keys=("enter",), needs="row"),
    _view("back", "Back", "return", keys=("escape", "backspace")),
    _view(
        "filter",
        "Filter",
        "narrow the list with the query language",
        keys=("slash",),
        verb="filter",
        screens=_LISTS,
    ),
    _view(
        "pivot",
        "Pivot",
        "what else names its actor, key, address or resource, within what is kept",
        keys=("p",),
        verb="pivot",
        needs="row",
        screens=("triage", "egress", "path", "endpoints", "endpoint", "pivot", "entity", "tree", "case"),
    ),
    _view(
        "tree",
        "Tree",
        "the credentials behind it: which handed out which, and what still works",
        keys=("t",),
        verb="tree",
        needs="row",
        screens=("triage", "pivot", "entity", "case"),
    ),
    _view(
        "talkers",
        "Who",
        "who it is talking to: asked of the flow logs, which costs by what is scanned; again stops",
        keys=("w",),
        verb="talkers",
        needs="row",
        effect=Effect.READ,
        ledger="asked",
        screens=("egress", "path"),
    ),
    _view(
        "lens",
        "View",
        "next list: endpoints, estate checks, changes (:lens changes 3d), residency by region",
        keys=("tab",),
        verb="lens",
        screens=("endpoints",),
    ),
    _view("span", "Span", "3 hours, a day, two weeks", keys=("tab",), screens=("path",)),
    _view(
        "incident",
        "Incident",
        "every finding of the incident under the cursor; again to fold them",
        keys=("i",),
        verb="incident",
        needs="row",
        screens=("triage",),
    ),
    _view("view", "View", "threats, all, mine", keys=("tab",), verb="view", screens=("triage",)),
    _view(
        "sort", "Sort", "next order: score, severity, age, title, place", keys=("s",), verb="sort", screens=("triage",)
    ),
    _view("raw", "Raw", "the records as AWS sent them", keys=("o",), needs="finding", screens=("triage", "case")),
    _view("copy", "Copy", "send the row to the terminal's clipboard", keys=("y",), needs="row"),
    _view(
        "export",
        "Export",
        "write what is shown to a file",
        verb="export",
        screens=(*_LISTS, "contain"),
    ),
    _view(
        "metrics",
        "Metrics",
        "how long it took to detect, acknowledge, contain, resolve and close; :metrics 30d for the last 30 days",
        verb="metrics",
    ),
    _view("local_time", "Local time", "UTC or local time", keys=("T",), verb="time"),
    _view("theme", "Theme", "next theme", verb="theme"),
)

GENERAL: Final[tuple[Command, ...]] = (
    Command("command", "Command", "type a command", keys=("colon",)),
    Command("palette", "Palette", "find a command by name", keys=("ctrl+k",), verb="palette"),
    Command("help", "Help", "keys and words of this screen", keys=("question_mark",), verb="help"),
    Command("quit", "Quit", "leave the console; the watch goes on for its linger", verb="q"),
)

COMMANDS: Final = (*SCREENS, *DECIDING, *DESK, *CASES, *RESPONDING, *HANDING, *LOOKING, *GENERAL)
"""In the order in which help and palette list them."""

BY_ID: Final = {command.id: command for command in COMMANDS}
BY_VERB: Final = {command.verb: command for command in COMMANDS if command.verb}

ASKING: Final = frozenset({
    "acknowledge", "note", "verify", "snooze", "take_back", "case", "new_case", "step", "split", "escalate", "command",
    "filter", "give", "accept", "receipt", "write",
})  # fmt: skip
"""Commands whose key brings a question: what is typed before it stands is its answer, and no command."""
