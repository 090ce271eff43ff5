"""The page of all containments is what the actions say of themselves."""

from __future__ import annotations

import re

from socconsole.response.compose import Composition
from socconsole.response.registry import ACTIONS
from tests.docs.script import DOCS, script

SCRIPT = script("containments")


def test_the_page_is_not_stale() -> None:
    assert SCRIPT.PAGE.read_text("utf-8") == SCRIPT.page(), "python docs/containments.py"


def test_every_action_has_a_row_with_all_it_says() -> None:
    rows = {found[1]: row for row in SCRIPT.page().splitlines() if (found := re.match(r"\| `([^`]+)`", row))}
    assert set(rows) == set(ACTIONS)
    for id_, row in rows.items():
        cells = re.split(r"(?<!\\)\|", row)[1:-1]
        assert len(cells) == 7, id_
        assert all(cell.strip() for cell in cells), id_
        info = ACTIONS[id_].info
        assert re.findall(r"`([^`]+)`", cells[1]) == list(info.calls)
        assert len(re.findall(r"(?:^ |<br>)\d+\. ", cells[5])) == len(info.pitfalls)
        assert cells[6].strip() == ("yes" if info.second_person else "no")


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    assert SCRIPT._row("a|b", "c") == "| a\\|b | c |"


def test_the_pages_count_them_right() -> None:
    made_of_others = sum(isinstance(action, Composition) for action in ACTIONS.values())
    root = DOCS.parent
    assert f"[All {len(ACTIONS)} containments]" in (root / "README.md").read_text("utf-8")
    told = " ".join((root / "docs" / "contain.md").read_text("utf-8").split())
    assert f"{len(ACTIONS)} of them, {['four', 'five', 'six'][made_of_others - 4]} made of others" in told
