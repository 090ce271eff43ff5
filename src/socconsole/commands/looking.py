"""Rows of the registry by which one looks: screens, lists and what every screen has."""

from __future__ import annotations

from functools import partial
from typing import Final

from socconsole.commands.command import Command
from socconsole.model.mode import Effect

# What the rows of one group have in common.
_screen = partial(Command, group="screens")
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
