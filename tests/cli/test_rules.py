"""``rules list`` and ``rules test``: lines for scripts, a reason for every rule that does not run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from socconsole.cli.app import build
from socconsole.cli.exits import Stop
from tests.rules.records import record

LIST_FIELDS = {"id", "title", "level", "tags", "source", "enabled", "reason"}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration with a folder of rules beside it, and no state folder anywhere."""
    monkeypatch.setenv("SOCCONSOLE_HOME", str(tmp_path / "home"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.yml").write_text(
        "title: Mine\nid: 11111111-2222-4333-8444-555555555555\nlogsource: {product: aws, service: cloudtrail}\n"
        "detection: {s: {eventName: CreateUser}, condition: s}\nlevel: low\n---\ntitle: Bad\n"
    )
    path = tmp_path / "config.toml"
    path.write_text('rules_off = ["e38e750b-b4ce-5964-9391-452897129147"]\n')
    return path


def run(*words: str, code: int = 0) -> tuple[str, str]:
    ran = CliRunner().invoke(build(), ["rules", *words])
    ended = int(ran.exception.code) if isinstance(ran.exception, Stop) else ran.exit_code
    assert ended == code, ran.output
    return ran.stdout, ran.stderr


def test_every_rule_is_listed_with_its_reason_and_no_store_is_needed(config: Path) -> None:
    said, talk = run("list", "--json", "--config", str(config))
    rules = {rule["title"]: rule for rule in map(json.loads, said.splitlines())}
    assert all(set(rule) == LIST_FIELDS for rule in rules.values())
    assert (rules["Mine"]["enabled"], rules["Mine"]["level"], rules["Mine"]["reason"]) == (True, "low", "")
    assert rules["Mine"]["source"] == str(config.parent / "rules" / "mine.yml")
    assert not rules["Bad"]["enabled"]
    assert rules["Bad"]["reason"]
    assert not rules["CloudTrail stopped"]["enabled"]
    assert "rules_off" in rules["CloudTrail stopped"]["reason"]
    assert rules["Objects read in bulk"]["reason"].startswith("UNKNOWN: s3: no state folder")
    assert sum(rule["enabled"] for rule in rules.values()) >= 25
    assert "1 cannot be run" in talk


def test_the_plain_form_shows_what_is_unknown(config: Path) -> None:
    said, _ = run("list", "--config", str(config))
    assert any(line.startswith("UNKNOWN") and "Objects read in bulk" in line for line in said.splitlines())
    assert any(line.startswith("broken") and "Bad" in line for line in said.splitlines())


def test_which_rule_fires_on_which_record(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "trail.json"
    records = [record("iam:CreateUser"), record("s3:ListBuckets"), record("iam:CreateAccessKey", {"userName": "x"})]
    file.write_text(json.dumps({"Records": records}))
    said, _ = run("test", str(file), "--json", "--config", str(config))
    lines = list(map(json.loads, said.splitlines()))
    assert [(line["record"], [rule["title"] for rule in line["rules"]]) for line in lines] == [
        (1, ["Mine"]),
        (2, []),
        (3, ["Access key made for somebody else"]),
    ]
    assert lines[0]["event_id"] == records[0]["eventID"]
    plain, _ = run("test", str(file), "--config", str(config))
    assert plain.splitlines()[1].endswith("s3.amazonaws.com ListBuckets  -")


def test_an_import_ends_with_what_the_rules_found(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "trail.json"
    file.write_text(json.dumps({"Records": [record("iam:CreateUser"), record("s3:ListBuckets")]}))
    words = ["import", str(file), "--config", str(config), "--store", str(tmp_path / "state")]
    ran = CliRunner().invoke(build(), words)
    assert ran.exit_code == 0, ran.output
    assert "rules: 1 finding made or changed" in ran.stderr
    listed = CliRunner().invoke(build(), ["findings", "src:trail", "--json", "--store", str(tmp_path / "state")])
    (found,) = map(json.loads, listed.stdout.splitlines())
    assert (found["title"], found["severity"], found["sources"]) == ("Mine", "LOW", ["trail"])


def test_what_is_no_record_is_named(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    file.write_text(json.dumps(record("iam:CreateUser")) + "\n{nonsense\n")
    said, talk = run("test", str(file), "--config", str(config), code=1)
    assert len(said.splitlines()) == 1
    assert "record 2" in talk
    file.write_text("{nonsense\n")
    run("test", str(file), "--config", str(config), code=2)
    run("test", str(tmp_path / "absent"), "--config", str(config), code=2)
