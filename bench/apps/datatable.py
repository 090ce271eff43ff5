"""Triage as one would write it with ``textual.DataTable``: every row in the table, kept in order, kept up to date.

Argument 1 is a store. It polls like the console does (every 250 ms, ``PRAGMA data_version``), takes what is new or
changed with ``add_row`` and ``update_cell``, and sorts when the order can have changed. ``--delay-ms N`` makes it
sleep on every cursor key: the bench's own test sees whether that is noticed.
"""

from __future__ import annotations

import argparse
import sqlite3
import time
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import events
from textual.app import App, ComposeResult
from textual.widgets import DataTable, Footer, Header

POLL_S: Final = 0.25
COLUMNS: Final = (
    ("SEV", 4), ("SCORE", 6), ("SEEN", 17), ("WHAT", 60), ("WHERE", 24), ("ACCOUNT", 13), ("REGION", 15),
)  # fmt: skip
_SELECT: Final = (
    "SELECT n, severity, score, at, title, place, account, region, coalesce(updated, 0) FROM queue "
    "WHERE sample = 0 AND closed = 0 AND kind = 'threat'"
)
_LETTERS: Final = "ILMHC"

Values = tuple[Any, ...]


class Triage(App[None]):
    CSS = "DataTable { height: 1fr; }"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False

    def __init__(self, store: Path, delay_s: float) -> None:
        super().__init__()
        self._conn = sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)
        self._delay_s = delay_s
        self._version = 0
        self._known: dict[int, Values] = {}
        self._keys: dict[str, tuple[int, int]] = {}

    def compose(self) -> ComposeResult:
        yield Header()
        yield DataTable(cursor_type="row")
        yield Footer()

    @property
    def table(self) -> DataTable[Any]:
        return self.query_one(DataTable)

    def on_mount(self) -> None:
        table = self.table
        for title, width in COLUMNS:
            table.add_column(title, width=width, key=title)
        self._version = self._data_version()
        self._take(self._conn.execute(f"{_SELECT} ORDER BY score DESC, first DESC, n DESC").fetchall())
        table.focus()
        self.set_interval(POLL_S, self._poll)

    def _data_version(self) -> int:
        found: int = self._conn.execute("PRAGMA data_version").fetchone()[0]
        return found

    def _poll(self) -> None:
        version = self._data_version()
        if version != self._version:
            self._version = version
            if self._take(self._conn.execute(_SELECT).fetchall()):
                self.table.sort("WHAT", key=self._order)

    def _order(self, title: Any) -> tuple[int, int]:
        score, at = self._keys[str(title)[:7]]
        return -score, -at

    def _take(self, rows: list[Values]) -> bool:
        """Bring the table up to date; whether its order can have changed."""
        table, moved = self.table, False
        for values in rows:
            n, severity, score, at, title, place, account, region, _ = values
            before = self._known.get(n)
            if before == values:
                continue
            self._known[n] = values
            self._keys[title[:7]] = (score, at)
            cells = (_LETTERS[severity], str(score), _when(at), title, place, account, region)
            if before is None:
                table.add_row(*cells, key=str(n))
                moved = True
                continue
            moved = moved or (before[2], before[3]) != (score, at)
            for (name, _width), cell in zip(COLUMNS, cells, strict=True):
                if table.get_cell(str(n), name) != cell:
                    table.update_cell(str(n), name, cell)
        return moved

    def on_key(self, event: events.Key) -> None:
        if self._delay_s and event.key in ("down", "up"):
            time.sleep(self._delay_s)


def _when(at: int) -> str:
    return time.strftime("%m-%d %H:%M:%SZ", time.gmtime(at / 1_000_000))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("--delay-ms", type=float, default=0)
    asked = parser.parse_args()
    Triage(asked.store, asked.delay_ms / 1000).run()
