"""The page of all checks is what the catalogue says."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from socconsole.posture.catalogue import catalogue

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "posture_table.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = spec_from_file_location("posture_table", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_not_stale(script: ModuleType) -> None:
    assert script.PAGE.read_text("utf-8") == script.page(), "python docs/posture_table.py"


def test_every_check_has_a_row_with_all_that_is_known_of_it(script: ModuleType) -> None:
    rows = {found[1]: row for row in script.page().splitlines() if (found := re.match(r"\| `([^`]+)`", row))}
    assert set(rows) == set(catalogue())
    for id_, row in rows.items():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        assert len(cells) == 7, id_
        assert all(cells), id_
        assert re.findall(r"`([^`]+)`", cells[2]) == list(catalogue()[id_].calls)
        assert all(clause in cells[4] for each in catalogue()[id_].clauses.values() for clause in each)
