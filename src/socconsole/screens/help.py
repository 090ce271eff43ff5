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

_MOVES: tuple[Body, ...] = ([("↑ ↓ pgup pgdn home end", "accent"), ("  the cursor stays on its finding", "quiet")],)


def sections(screen: ConsoleScreen) -> list[Section]:
    """What can be done on ``screen``, by group; what cannot be done now says why."""
    out = [Section("moving", list(_MOVES))]
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
                f"{signs.up} not sent to AWS yet   {signs.mark} marked   {signs.cursor} under the cursor",
                "fires: something happened after it was acknowledged, blocked or resolved",
                "only sources that are FRESH support the word clear",
            ],
        )
    )
    fields: list[Body] = [[(f"{field.example:<24}", "accent"), (field.help, "quiet")] for field in FIELDS]
    out.append(Section("filter", [*fields, "a comma means or, - in front means not, words are searched for"]))
    return out
