from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from socconsole.config import WORLD_FILE
from socconsole.model.finding import Kind, Severity
from socconsole.model.source import Freshness
from socconsole.model.world import World, WorldKind
from socconsole.store.state import StateFolder
from tests.cli.support import DUTY, HUB, Ran, answered, fill, live, run, watched
from tests.store.builders import observation

HOSTILE = "[@click=app.quit]x[/] \x1b]52;c;aGk=\x07 \u202egpj.exe\x9b31m\r\n\x00"


@pytest.fixture
def shelf(state: StateFolder) -> StateFolder:
    fill(
        state,
        observation("1", severity=Severity.CRITICAL),
        observation("2", severity=Severity.LOW, region="us-east-1"),
        observation("3", kind=Kind.CONTROL, title="S3.8 public access"),
        observation("4", sample=True),
    )
    return state


def ids(ran: Ran) -> set[str]:
    return {row["id"] for row in ran.rows}


def test_threats_by_default_everything_on_request(shelf: StateFolder) -> None:
    threats = run("findings", "--json", "--store", shelf.root)
    assert [row["severity"] for row in threats.rows] == ["CRITICAL", "LOW"]
    everything = run("findings", "--all", "--json", "--store", shelf.root)
    assert {row["kind"] for row in everything.rows} == {"threat", "control"}
    assert ids(run("findings", "kind:control", "--json", "--store", shelf.root)) == ids(everything) - ids(threats)
    assert len(run("findings", "sample:yes", "--json", "--store", shelf.root).rows) == 1


def test_the_json_has_every_key_of_the_contract(shelf: StateFolder) -> None:
    row = run("findings", "sev:critical", "--json", "--store", shelf.root).row
    assert set(row) == {
        "id", "kind", "title", "severity", "score", "reasons", "sources", "product", "account", "region", "types",
        "resources", "actors", "occurred", "published", "seen", "updated", "workflow", "state", "leaving",
        "still_firing", "owner", "case", "incident", "sample", "ended", "egress",
    }  # fmt: skip
    assert row["resources"] == [{"type": "S3Bucket", "id": "arn:aws:s3:::bucket-1"}]
    assert row["occurred"] == "2026-03-01T03:09:07Z"


def test_a_query_in_several_words_is_one_query(shelf: StateFolder) -> None:
    assert len(run("findings", "sev:low", "region:us-*", "--json", "--store", shelf.root).rows) == 1


def test_a_wrong_query_says_where(shelf: StateFolder) -> None:
    ran = run("findings", "sev:awful", "--store", shelf.root)
    assert ran.code == 2
    assert "column 5" in ran.err
    assert ran.out == ""


def test_a_limit_takes_the_worst_and_tells_the_whole(shelf: StateFolder) -> None:
    ran = run("findings", "--limit", "1", "--json", "--store", shelf.root)
    assert ran.row["severity"] == "CRITICAL"
    assert "2 threats; 1 shown" in ran.err


def test_two_forms_at_once_are_refused(shelf: StateFolder) -> None:
    assert run("findings", "--json", "--csv", "--store", shelf.root).code == 2


def test_an_import_world_says_what_it_is_worth(state: StateFolder) -> None:
    ran = run("findings", "--store", state.root)
    assert ran.code == 0
    assert "imported only, no live source" in ran.err
    assert "clear" not in ran.err


# --- the first promise --------------------------------------------------------------------------------------


def test_clear_is_said_when_all_is_fresh_and_watched(tmp_path: Path) -> None:
    folder = live(tmp_path / "s", HUB, DUTY)
    for key in (HUB, DUTY):
        answered(folder, key)
    watched(folder)
    ran = run("findings", "--store", folder.root)
    assert (ran.code, ran.out) == (0, "")
    assert "0 threats: clear, all 2 sources answered freshly and completely" in ran.err


@pytest.mark.parametrize("outcome", [one for one in Freshness if one is not Freshness.FRESH])
def test_one_source_that_is_not_fresh_forbids_it(tmp_path: Path, outcome: Freshness) -> None:
    folder = live(tmp_path / "s", HUB, DUTY)
    answered(folder, HUB)
    if outcome is not Freshness.NEVER:
        answered(folder, DUTY, outcome, "session expired")
    watched(folder)
    for form in ([], ["--json"], ["--csv"]):
        ran = run("findings", *form, "--store", folder.root)
        assert ran.code == 3
        assert "guardduty 111122223333 eu-central-1" in ran.err
        assert "clear" not in ran.err + ran.out


def test_without_any_source_nothing_is_clear(tmp_path: Path) -> None:
    folder = live(tmp_path / "s")
    watched(folder)
    ran = run("findings", "--store", folder.root)
    assert ran.code == 3
    assert "no source is in scope" in ran.err
    assert "clear" not in ran.err


def test_quarantine_and_a_dead_watch_forbid_the_word(tmp_path: Path) -> None:
    folder = live(tmp_path / "s", HUB)
    answered(folder, HUB)
    assert "clear" not in run("findings", "--store", folder.root).err  # nobody watches
    watched(folder)
    assert "clear" in run("findings", "--store", folder.root).err
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    run("import", bad, "--store", folder.root)
    ran = run("findings", "--store", folder.root)
    assert "clear" not in ran.err
    assert "1 record could not be understood" in ran.err


def test_a_narrower_question_is_never_answered_with_clear(tmp_path: Path) -> None:
    folder = live(tmp_path / "s", HUB)
    answered(folder, HUB)
    watched(folder)
    ran = run("findings", "sev:critical", "--store", folder.root)
    assert ran.code == 0
    assert "clear" not in ran.err


def test_a_missing_store_is_no_empty_list(tmp_path: Path) -> None:
    ran = run("findings", "--store", tmp_path / "nowhere")
    assert ran.code == 2
    assert "no state folder" in ran.err


# --- untrusted text -----------------------------------------------------------------------------------------


def test_no_form_lets_hostile_bytes_through(state: StateFolder) -> None:
    fill(state, observation("1", title=HOSTILE, resource=HOSTILE, actor=HOSTILE, types=("A:B/C",)))
    for form in ([], ["--json"], ["--csv"]):
        ran = run("findings", *form, "--store", state.root, COLUMNS="200")
        said = ran.out + ran.err
        assert "[@click=app.quit]" in said
        assert not [char for char in said if (ord(char) < 32 and char != "\n") or 0x7F <= ord(char) < 0xA0]
        assert "\u202e" not in said
    assert run("findings", "--json", "--store", state.root).row["title"] == HOSTILE


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "\uff1d", "|", "%"])
def test_no_csv_cell_is_a_formula(state: StateFolder, start: str) -> None:
    fill(state, observation("1", title=f'{start}HYPERLINK("http://x";"y")', actor=f"{start}cmd"))
    (row,) = csv.DictReader(io.StringIO(run("findings", "--csv", "--store", state.root).out))
    assert row["title"].startswith("'")
    assert all(not cell or cell.lstrip()[0] not in "=+-@\t\r|%\uff1d" for cell in row.values())


def test_a_terminal_of_80_columns_is_not_overrun(state: StateFolder) -> None:
    fill(state, observation("1", title="\u6f0f\u6d29" * 60), observation("2", title="x" * 300))
    from socconsole.cli.render import cells

    lines = run("findings", "--store", state.root, COLUMNS="80").out.splitlines()
    assert len(lines) == 3
    assert max(map(cells, lines)) <= 80
    assert lines[1].endswith("\u2026")
    assert "x" * 300 in run("findings", "--store", state.root, COLUMNS="").out


# --- sources ------------------------------------------------------------------------------------------------


def test_sources_in_both_forms(tmp_path: Path) -> None:
    folder = live(tmp_path / "s", HUB, DUTY)
    answered(folder, HUB)
    answered(folder, DUTY, Freshness.DENIED, "no \x1b[31mguardduty:ListFindings")
    ran = run("sources", "--json", "--store", folder.root)
    assert ran.code == 3
    assert [set(row) for row in ran.rows] == [
        {"service", "account", "region", "state", "age_s", "detail", "findings", "latency"}
    ] * 2
    denied = {row["service"]: row for row in ran.rows}["guardduty"]
    assert (denied["state"], denied["age_s"]) == ("DENIED", None)
    plain = run("sources", "--store", folder.root)
    assert plain.code == 3
    assert "\x1b" not in plain.out + plain.err + ran.out + ran.err
    assert "aws sso login" in plain.err
    assert "watch: not running" in plain.err


def test_sources_all_fresh(tmp_path: Path) -> None:
    folder = live(tmp_path / "s", HUB)
    answered(folder, HUB)
    assert run("sources", "--store", folder.root).code == 0
    assert run("sources", "--store", live(tmp_path / "empty").root).code == 3


def test_a_narrowed_watch_leaves_the_rest_in_scope(drill: StateFolder) -> None:
    world = drill.root / WORLD_FILE
    world.write_text(world.read_text().replace('regions = ["eu-central-1"]', 'regions = ["eu-central-1", "eu-west-1"]'))
    once = run("watch", "--once", "--region", "eu-west-1", "--store", drill.root)
    assert once.code == 0, once.err
    assert "eu-central-1" not in once.out
    said = run("findings", "--store", drill.root)
    assert said.code == 3
    assert "securityhub 111122223333 eu-central-1: NEVER" in said.err


def test_an_import_has_nothing_to_watch(tmp_path: Path) -> None:
    folder = StateFolder.create(tmp_path / "import", World(WorldKind.IMPORT))
    said = run("watch", "--once", "--store", folder.root)
    assert (said.code, said.err.strip()) == (0, "imported only, no live source")
