"""Help: the registry, the query language and the signs, for the screen it was asked from."""

from __future__ import annotations

from typing import Final

from socconsole.commands import COMMANDS, Command
from socconsole.screens.base import ConsoleScreen
from socconsole.screens.keymap import shown
from socconsole.triage.query_fields import FIELDS
from socconsole.widgets import glyphs
from socconsole.widgets.detail import Body, Piece, Section

_KEYS: Final = 6
_COLUMN: Final = 19
"""Cells before what a command does, a blank after the keys aside."""

_MOVES: tuple[Body, ...] = (
    [("↑ ↓ pgup pgdn home end", "accent"), ("  the cursor stays on its finding", "quiet")],
    [("j k g G", "accent"), ("  the same: down, up, first, last", "quiet")],
    [("[ ] shift+↑ shift+↓", "accent"), ("  read on in the detail beside a list", "quiet")],
    [("ctrl+c", "accent"), ("  leaves the console at once, without a question", "quiet")],
    "a key in (brackets) does nothing now: press it and the footer says why",
)
_ANSWERS: tuple[Body, ...] = (
    [("enter", "accent"), ("  keeps a line or confirms; in a note it begins a new line", "quiet")],
    [("ctrl+d", "accent"), ("  keeps a note", "quiet")],
    [("tab", "accent"), ("  completes a command; in a confirmation it goes to the reason and back", "quiet")],
    [("esc", "accent"), ("  leaves; a note that was written takes a second esc", "quiet")],
)


def sections(screen: ConsoleScreen) -> list[Section]:
    """What can be done on ``screen``, by group; what cannot be done now says why."""
    out = [Section("moving", list(_MOVES)), Section("answering", list(_ANSWERS))]
    groups: dict[str, list[Command]] = {}
    for command in COMMANDS:
        if screen.knows(command):
            groups.setdefault(command.group, []).append(command)
    for group, commands in groups.items():
        lines: list[Body] = []
        for command in commands:
            keys = " ".join(shown(key) for key in screen.desk.keymap.keys(command.id))
            verb = f":{command.verb}" if command.verb else ""
            why = screen.why_not(command)
            rest = max(0, _COLUMN - max(_KEYS, len(keys)))  # long keys take from the room of the verb
            line: list[Piece] = [
                (f"{keys:<{_KEYS}} ", "accent"), (f"{verb:<{rest}}", "text"), (command.help, "quiet"),
            ]  # fmt: skip
            if why:
                line.append((f" (not now: {why})", "warn"))
            lines.append(line)
        out.append(Section(group, lines))
    signs = glyphs.current()
    out.append(
        Section(
            "signs",
            [
                "   ".join(f"{sign} {severity.name}" for severity, sign in signs.severity.items()),
                f"ack {signs.up}: acknowledged here, not sent to AWS yet   +1 here: another console has this store",
                "blocked: contained   quiet: a leak that is watched and silent for 30 minutes   closed: resolved",
                "AGE: since it was first known; its last activity stands in the detail, and :sort age orders by that",
                f"{signs.mark} marked   {signs.cursor} under the cursor",
                f"{signs.fold}+11: stands for 11 more of its incident; i lists them   {signs.part} part of an incident",
                "2 new: two of those that it stands for are   a filter or another order shows every finding",
                "fires: something happened after it was acknowledged, blocked or resolved",
                f"{signs.about}71 h: what a case's clock has left, if aware at detection",
                "ask: somebody has to say whether the law applies; silence is not a no",
                "only sources that are FRESH support the word clear",
            ],
        )
    )
    fields: list[Body] = [[(f"{field.example:<24}", "accent"), (field.help, "quiet")] for field in FIELDS]
    out.append(Section("filter", [*fields, "a comma means or, - in front means not, words are searched for"]))
    return out
