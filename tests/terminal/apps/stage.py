"""A small app on the real shell, driven by keys, for tests on a pty. Run it as a module; argument 1 is a folder.

It beats: ``beats`` in the folder grows by a byte every 50 ms while its event loop lives.
"""

from __future__ import annotations

import sys
from pathlib import Path

from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from socconsole.text import Untrusted
from socconsole.widgets import safe
from socconsole.widgets.footer import KeyFooter
from socconsole.widgets.prompt import LinePrompt
from socconsole.widgets.shell import KeyPaint, SafeApp, focused_field
from socconsole.widgets.table import Cell, Column, WindowTable

Row = tuple[str, str, int]


class Rows:
    def __init__(self, count: int) -> None:
        self.rows: list[Row] = [(f"key{i:05}", f"title {i:05}", 0) for i in range(count)]

    def count(self) -> int:
        return len(self.rows)

    def window(self, offset: int, limit: int) -> list[Row]:
        return self.rows[offset : offset + limit]

    def key(self, row: Row) -> str:
        return row[0]

    def position_of(self, key: str) -> int | None:
        return next((index for index, row in enumerate(self.rows) if row[0] == key), None)

    def touch(self, index: int) -> None:
        key, title, version = self.rows[index]
        self.rows[index] = (key, title, version + 1)


COLUMNS = (
    Column[Row]("sev", "SEV", lambda row: Cell("\u2716 C", "critical"), 4),
    Column[Row]("title", "WHAT", lambda row: Cell(Untrusted(row[1])), 20, flex=1),
    Column[Row]("version", "N", lambda row: Cell(str(row[2]), "quiet"), 6),
)


class Board(KeyPaint, Screen[None]):
    def compose(self) -> ComposeResult:
        yield WindowTable(COLUMNS, Rows(10_000))
        yield LinePrompt()
        yield KeyFooter()

    def on_key(self, event: events.Key) -> None:
        if not focused_field(self.focused) and isinstance(self.app, Stage):
            self.app.pressed(event.key)


class Stage(SafeApp[None]):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.acted = 0
        self.fat = 0

    @property
    def acting_keys(self) -> frozenset[str]:
        return frozenset("acnvzuXU")

    def acting_subject(self) -> object:  # type: ignore[override]
        return self.table.cursor_key

    def acting_blocked(self, at: float) -> str:
        return "" if self.table.settled_for(300, at) else "the row under the cursor just changed"

    def discarded(self, keys: tuple[str, ...], why: str) -> None:
        with (self.folder / "discarded").open("a") as file:
            file.write(f"{' '.join(keys)}: {why}\n")

    @property
    def table(self) -> WindowTable[Row]:
        return self.screen.query_one(WindowTable)

    def on_mount(self) -> None:
        self.push_screen(Board())
        self.set_interval(0.05, self.beat)

    def beat(self) -> None:
        with (self.folder / "beats").open("ab") as file:
            file.write(b".")
        if self.fat:
            self.fat += 1
            self.screen.query_one("#fat", Static).update(f"{self.fat:06} " * 2_000, layout=False)

    def pressed(self, key: str) -> None:
        footer = self.screen.query_one(KeyFooter)
        rows = self.table._window.source
        if not isinstance(rows, Rows):
            raise TypeError
        if key in self.acting_keys:
            self.acted += 1
            with (self.folder / "acted").open("a") as file:
                file.write(f"{key} {self.table.cursor_key}\n")
            footer.say(f"acted {self.acted} on {self.table.cursor_key}", seconds=0)
        elif key == "f":  # touch a row far out of view
            rows.touch(9_000)
            self.table.renew()
            (self.folder / "far").touch()
        elif key == "m":  # touch the third row on the screen
            rows.touch(self.table.top + 2)
            self.table.renew()
        elif key == "g":  # a new row before all others
            rows.rows.insert(0, (f"new{len(rows.rows)}", "brand new", 0))
            self.table.renew()
            footer.say(f"at {self.table.cursor_key} of {self.table.count}", seconds=0)
        elif key == "w":  # write a great deal all the time
            self.fat = 1
            self.screen.mount(Static(id="fat"))
        elif key == "b":
            raise ValueError("secret \x1b]52;c;UFdO\x07 [/] in a message")
        elif key == "y":
            footer.say(self.send_to_clipboard(Untrusted("copy \x1b[31mme")), seconds=0)
        elif key == "slash":
            self.screen.query_one(LinePrompt).ask("filter")
        elif key == "d":
            footer.say(f"dropped {safe.dropped()}", seconds=0)

    @on(LinePrompt.Submitted)
    def _submitted(self, message: LinePrompt.Submitted) -> None:
        with (self.folder / "submitted").open("a") as file:
            file.write(f"{message.value}\n")


if __name__ == "__main__":
    app = Stage(Path(sys.argv[1]))
    app.run()
    (app.folder / "ended").touch()
    sys.exit(app.return_code)
