"""The page of all checks is what the catalogue says."""

from __future__ import annotations

import re

from socconsole.posture.catalogue import catalogue
from tests.docs.script import script

SCRIPT = script("posture_table")


def test_the_page_is_not_stale() -> None:
    assert SCRIPT.PAGE.read_text("utf-8") == SCRIPT.page(), "python docs/posture_table.py"


def test_every_check_has_a_row_with_all_that_is_known_of_it() -> None:
    rows = {found[1]: row for row in SCRIPT.page().splitlines() if (found := re.match(r"\| `([^`]+)`", row))}
    assert set(rows) == set(catalogue())
    for id_, row in rows.items():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        assert len(cells) == 7, id_
        assert all(cells), id_
        assert re.findall(r"`([^`]+)`", cells[2]) == list(catalogue()[id_].calls)
        assert all(clause in cells[4] for each in catalogue()[id_].clauses.values() for clause in each)
