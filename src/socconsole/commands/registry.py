"""The registry of everything a user can do: one row makes the key, the help, the palette, the policy and the verb."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from socconsole.model.action import Effect, Mode


@dataclass(frozen=True, slots=True)
class Command:
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
_decision = partial(Command, needs="finding", acting=True, screens=("triage",), group="triage")
_triage = partial(Command, screens=("triage",), group="triage")
_response = partial(Command, group="response")
_view = partial(Command, group="view")

_LISTS: Final = (
    "triage", "egress", "endpoints", "endpoint", "activity", "sources", "pivot", "entity", "tree",
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
    _screen("screen.activity", "Activity", "the ledger: what was decided and done", keys=("5",), verb="activity"),
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
    _decision("claim", "Claim", "take the finding as yours", keys=("c",), verb="claim", ledger="claim"),
    _decision("note", "Note", "write a note", keys=("n",), verb="note", effect=Effect.WORKFLOW, ledger="note"),
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
    _triage("mark", "Mark", "mark the row for a bulk act", keys=("space",), needs="row"),
    _triage(
        "mark_all", "Mark all", "mark every row the filter shows; again to clear", keys=("asterisk",), verb="mark-all"
    ),
    _triage("send", "Send", "send workflow writes kept back in READ", verb="send", effect=Effect.WORKFLOW, screens=()),
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
        screens=("triage", "egress", "path", "tree", "endpoints", "endpoint", "check"),
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
        screens=("triage", "activity"),
    ),
    _response("respond", "Arm", "allow containment for this session, with a reason", verb="respond", ledger="respond"),
    _response("stand_down", "Stand down", "leave RESPOND", verb="stand-down", ledger="stand_down"),
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
        screens=("triage", "egress", "path", "endpoints", "endpoint", "pivot", "entity", "tree"),
    ),
    _view(
        "tree",
        "Tree",
        "the credentials behind it: which handed out which, and what still works",
        keys=("t",),
        verb="tree",
        needs="row",
        screens=("triage", "pivot", "entity"),
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
    _view("raw", "Raw", "the records as AWS sent them", keys=("o",), needs="finding", screens=("triage",)),
    _view("copy", "Copy", "send the row to the terminal's clipboard", keys=("y",), needs="row"),
    _view(
        "export",
        "Export",
        "write what is shown to a file",
        verb="export",
        screens=(*_LISTS, "contain"),
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

COMMANDS: Final = (*SCREENS, *DECIDING, *DESK, *RESPONDING, *LOOKING, *GENERAL)
"""In the order in which help and palette list them."""

BY_ID: Final = {command.id: command for command in COMMANDS}
BY_VERB: Final = {command.verb: command for command in COMMANDS if command.verb}
