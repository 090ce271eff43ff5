"""What a scenario says of the shop is what the drill's state folder is configured with."""

from __future__ import annotations

from pathlib import Path

from socconsole import config
from socconsole.cli import drill_world
from socconsole.drill import launch


def test_the_company_of_a_scenario_is_read_back_from_the_state_folder(tmp_path: Path) -> None:
    company = launch.describe("leak").company
    (tmp_path / "world.toml").write_text(drill_world.head() + drill_world.company(company), "utf-8")
    known = config.load(root=tmp_path)
    assert (known.entity, known.dataset, known.cases.decide) == (company.entity, company.dataset, company.decide)
    assert known.analyst in known.cases.decide, "who plays alone can decide"
    assert {one.role for one in known.dataset if one.people} == {"controller", "processor"}
    named = {one.name for one in known.entity}
    assert all(one.entity in named for one in known.dataset if one.categories)
