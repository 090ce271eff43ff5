"""Containing verbs where nothing can be contained: which way out they name."""

from pathlib import Path

import pytest

from socconsole.cli.respond_words import print_plan
from socconsole.model.wire import Planned
from socconsole.model.world import World, WorldKind
from socconsole.store import db
from socconsole.store.state import StateFolder
from tests.cli.support import run


@pytest.mark.parametrize(
    "verb", [("undo", "a-123456789012"), ("contain", "s3-block-public", "corpus")], ids=lambda v: v[0]
)
def test_an_import_store_reaches_no_aws_and_names_what_does(tmp_path: Path, verb: tuple[str, ...]) -> None:
    folder = StateFolder.create(tmp_path / "s", World(WorldKind.IMPORT))
    db.prepare(folder)
    for confirm in ((), ("--confirm", "corpus")):
        ran = run(*verb, "--respond", *confirm, "--store", folder.root)
        assert ran.code == 4
        assert "imported findings only" in ran.err
        assert "leave out --store" in ran.err
        assert "ledger verify" not in ran.err, "nothing is wrong with the ledger"
    assert run(*verb, "--respond", "--json", "--store", folder.root).row["kind"] == "refused"


def test_a_plan_says_what_stays_hidden_to_whoever_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("action", "target", "account", "region", "why", "instead", "stops", "does_not_stop", "blast_radius")
    plan = {name: name for name in words} | {
        "reversible": "yes",
        "permitted": "likely",
        "helps": True,
        "purpose": "contain",
        "check": None,
    }
    plan |= {"before": {}, "after": {}, "warnings": [], "refusals": [], "re_exposes": True}
    print_plan(Planned(plan=plan, confirm="target"), to_person=True, hidden="1 snoozed finding about it stays hidden")
    said = capsys.readouterr()
    assert "snoozed   1 snoozed finding about it stays hidden" in said.err
    assert said.out == ""
    assert "second person" in said.err, "whoever restores what is public is not alone"
    assert "whole id" not in said.err
    print_plan(Planned(plan={**plan, "wide": True, "re_exposes": False}, confirm="target"))
    said = capsys.readouterr()
    assert "wide      the whole id has to be typed" in said.out
    assert "second person" not in said.out
