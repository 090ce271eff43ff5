"""The table: it knows only its window, and its cursor belongs to a finding."""

from __future__ import annotations

import time
from typing import Any

from textual.message import Message
from textual.pilot import Pilot

from socconsole.text import Untrusted
from socconsole.widgets.table import Cell, Column, WindowTable
from tests.widgets.stage import COLUMNS, OneApp, Row, Rows, numbered


class Heard:
    """The table's own messages, in order."""

    def __init__(self) -> None:
        self.moved: list[WindowTable.Moved] = []
        self.opened: list[WindowTable.Opened] = []

    def __call__(self, message: Message) -> None:
        if isinstance(message, WindowTable.Moved) and message not in self.moved:
            self.moved.append(message)
        elif isinstance(message, WindowTable.Opened) and message not in self.opened:
            self.opened.append(message)


def shown(table: WindowTable[Any]) -> list[str]:
    return [line[2:12].strip() for line in table.painted_text[1:]]


async def test_it_asks_for_its_window_only() -> None:
    rows = numbered(100_000)
    table = WindowTable(COLUMNS, rows)
    async with OneApp(table).run_test(size=(60, 11)) as pilot:
        await pilot.press("end", "home", "pagedown")
        await pilot.pause()
        assert table.cursor == 10
        assert max(limit for _, limit in rows.asked) <= 3 * 10
        assert len(rows.asked) <= 8


async def test_the_cursor_moves_and_the_view_follows() -> None:
    heard = Heard()
    table = WindowTable(COLUMNS, numbered(50))
    async with OneApp(table).run_test(size=(60, 11), message_hook=heard) as pilot:
        await pilot.press("down", "down", "up")
        assert (table.cursor, table.cursor_key, table.top) == (1, "k1", 0)
        await pilot.press("end")
        assert (table.cursor_key, table.top) == ("k49", 40)
        assert shown(table)[-1] == "row 49"
        await pilot.press("up", "down", "down")
        assert table.cursor_key == "k49"
        await pilot.press("home")
        assert (table.cursor_key, table.top) == ("k0", 0)
        await pilot.pause()
        assert [m.by_itself for m in heard.moved][1:] == [False] * (len(heard.moved) - 1)


async def test_a_row_inserted_above_leaves_the_cursor_on_its_finding() -> None:
    rows = numbered(50)
    table = WindowTable(COLUMNS, rows)
    async with OneApp(table).run_test(size=(60, 11)) as pilot:
        await pilot.press("down", "down")
        rows.rows.insert(0, ("new", "brand new"))
        table.renew()
        assert (table.cursor, table.cursor_key, table.top) == (3, "k2", 0)
        assert shown(table)[:2] == ["brand new", "row 0"]


async def test_away_from_the_top_the_view_stands_still() -> None:
    rows = numbered(100)
    table = WindowTable(COLUMNS, rows)
    async with OneApp(table).run_test(size=(60, 11)) as pilot:
        await pilot.press("pagedown", "pagedown", "pagedown")
        before, line = shown(table), table.cursor - table.top
        rows.rows.insert(0, ("new", "brand new"))
        table.renew()
        assert shown(table) == before
        assert table.cursor - table.top == line


async def test_a_finding_that_goes_away_says_so_and_unsettles() -> None:
    heard = Heard()
    rows = numbered(20)
    table = WindowTable(COLUMNS, rows)
    async with OneApp(table).run_test(size=(60, 11), message_hook=heard) as pilot:
        await pilot.press("down", "down", "down")
        table._changed_at = float("-inf")
        assert table.settled_for(300)
        del rows.rows[3]
        table.renew()
        await pilot.pause()
        assert table.cursor_key == "k4"
        assert not table.settled_for(300)
        assert table.settled_for(300, at=time.monotonic() + 0.31)
        assert (heard.moved[-1].key, heard.moved[-1].by_itself) == ("k4", True)


async def test_a_key_does_not_unsettle_and_neither_does_a_change_elsewhere() -> None:
    rows = numbered(20)
    table = WindowTable(COLUMNS, rows)
    async with OneApp(table).run_test(size=(60, 11)) as pilot:
        table._changed_at = float("-inf")
        await pilot.press("down")
        rows.rows[7] = ("k7", "row 7 again")
        rows.rows.append(("last", "one more"))
        table.renew()
        assert table.settled_for(300)
        assert shown(table)[7] == "row 7 agai"[:10]


async def test_all_rows_gone_and_back() -> None:
    rows = numbered(3)
    table = WindowTable(COLUMNS, rows, empty="no threats known, which proves nothing")
    async with OneApp(table).run_test(size=(60, 11)) as pilot:
        kept = rows.rows[:]
        rows.rows.clear()
        table.renew()
        await pilot.pause()
        assert (table.cursor_key, table.cursor_row, table.count) == (None, None, 0)
        assert "which proves nothing" in " ".join(table.painted_text)
        await pilot.press("down", "end", "enter")
        rows.rows.extend(kept)
        table.renew()
        assert table.cursor_key == "k0"
        assert not table.settled_for(300)


async def test_another_source_keeps_the_finding_where_it_can() -> None:
    table = WindowTable(COLUMNS, numbered(50))
    async with OneApp(table).run_test(size=(60, 11)) as pilot:
        await pilot.press("down", "down")
        table.show_source(Rows([("k9", "nine"), ("k2", "two")]))
        assert (table.cursor, table.cursor_key) == (1, "k2")
        table.show_source(numbered(50, start=100))
        assert (table.cursor, table.cursor_key) == (0, "k100")
        table.show_source(numbered(50), keep="k30")
        assert table.cursor_key == "k30"
        assert "row 30" in shown(table)


async def test_only_lines_that_differ_are_painted() -> None:
    rows = numbered(50)
    table = WindowTable(COLUMNS, rows)
    painted: list[object] = []
    async with OneApp(table).run_test(size=(60, 11)) as pilot:
        await pilot.pause()
        refresh = table.refresh

        def spy(*regions: object, **options: bool) -> WindowTable[Row]:
            painted.extend(regions or ["everything"])
            return refresh(*regions, **options)  # type: ignore[arg-type]

        table.refresh = spy  # type: ignore[method-assign,assignment]
        rows.rows[40] = ("k40", "changed far away")
        table.renew()
        assert painted == []
        rows.rows[4] = ("k4", "row X")
        table.renew()
        assert [(r.y, r.height) for r in painted] == [(5, 1)]  # type: ignore[attr-defined]
        painted.clear()
        table.go_to(1)
        assert sorted(r.y for r in painted) == [1, 2]  # type: ignore[attr-defined]


async def test_marks_stay_with_their_rows() -> None:
    rows = numbered(10)
    table = WindowTable(COLUMNS, rows)
    async with OneApp(table).run_test(size=(60, 11)):
        table.toggle_mark()
        table.toggle_mark()
        assert table.marks == {"k0", "k1"}
        assert table.cursor == 2
        rows.rows.insert(0, ("new", "brand new"))
        table.renew()
        marked = [line[2:].split()[0:2] for line in table.painted_text if "◉" in line]
        assert marked == [["row", "0"], ["row", "1"]]
        table.clear_marks()
        assert not any("◉" in line for line in table.painted_text)


async def test_columns_give_way_by_priority() -> None:
    table = WindowTable(COLUMNS, numbered(3))
    app = OneApp(table)
    async with app.run_test(size=(60, 11)) as pilot:
        assert "KEY" in table.painted_text[0]
        await pilot.resize_terminal(15, 11)
        await pilot.pause()
        assert "KEY" not in table.painted_text[0]
        assert "WHAT" in table.painted_text[0]
        assert all(len(line) == 15 for line in table.painted_text)


async def test_the_order_has_a_sign() -> None:
    table = WindowTable(COLUMNS, numbered(3))
    async with OneApp(table).run_test(size=(60, 11)):
        table.set_sort("title", True)
        assert "WHAT↓" in table.painted_text[0]
        table.set_sort("key", False)
        assert "KEY↑" in table.painted_text[0]


async def test_wide_characters_never_break_a_line() -> None:
    evil = ["漢字" * 40, "a" + "\u0301" * 50, "\x1b[2J[@click=app.quit]x[/]", "\u202egnp.exe", "👩\u200d👩\u200d👧"]
    rows = Rows([(str(i), text) for i, text in enumerate(evil)])
    columns = [Column[Row]("t", "T", lambda row: Cell(Untrusted(row[1])), 7, flex=1)]
    table = WindowTable(columns, rows)
    async with OneApp(table).run_test(size=(33, 8)):
        for y in range(8):
            assert table.render_line(y).cell_length == 33
            assert sum(segment.cell_length for segment in table.render_line(y)) == 33
        assert any("[@click=app.quit]" in line for line in table.painted_text)


async def test_a_click_moves_and_a_double_click_opens() -> None:
    heard = Heard()
    table = WindowTable(COLUMNS, numbered(10))
    async with OneApp(table).run_test(size=(60, 11), message_hook=heard) as pilot:
        await pilot.click(table, offset=(5, 4))
        assert table.cursor_key == "k3"
        await pilot.click(table, offset=(5, 6), times=2)
        await settle(pilot)
        assert heard.opened[-1].key == "k5"


async def test_a_burst_of_changes_while_tiny() -> None:
    rows = numbered(5)
    table = WindowTable(COLUMNS, rows)
    async with OneApp(table).run_test(size=(60, 11)) as pilot:
        for width, height in ((1, 1), (2, 2), (60, 1), (3, 30), (60, 11)):
            await pilot.resize_terminal(width, height)
            rows.rows.reverse()
            table.renew()
            await pilot.pause()
        assert len(table.painted_text) == 11
        assert table.cursor_key == "k0"


async def settle(pilot: Pilot[None]) -> None:
    await pilot.pause()
    await pilot.pause()
