"""The rules' round in the watch: what arrived becomes findings, and Sources learn how the rules stand."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.config import Config
from socconsole.store import db, rule_standing, trail
from socconsole.store.state import StateFolder
from socconsole.watch import rules as watched
from socconsole.watch.keeper import Keeper
from socconsole.watch.rules import Rules
from tests.rules.conftest import folder, made
from tests.rules.records import event, record

__all__ = ["folder", "made"]

MINE = (
    "title: Mine\nid: 11111111-2222-4333-8444-555555555555\nlogsource: {product: aws, service: cloudtrail}\n"
    "detection: {s: {eventName: CreateUser}, condition: s}\n"
)


def arrive(folder: StateFolder, *calls: str) -> None:
    with db.writing(folder) as conn, db.transaction(conn):
        trail.take(conn, [event(record(call)) for call in calls], origin="test", now=datetime.now(UTC))


def titles(folder: StateFolder) -> set[str]:
    with db.reading(folder) as conn:
        return {title for (title,) in conn.execute("SELECT title FROM finding")}


async def test_what_arrives_becomes_findings_and_a_rule_added_meanwhile_takes_part(
    folder: StateFolder, tmp_path: Path
) -> None:
    config = Config(rules=(str(tmp_path / "rules"),))
    async with Keeper(folder) as keeper:
        rules = Rules(folder, config, keeper)
        await rules.run()
        assert titles(folder) == set()
        arrive(folder, "cloudtrail:StopLogging", "iam:CreateUser")
        await rules.run()
        assert titles(folder) == {"CloudTrail stopped"}
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "mine.yml").write_text(MINE)
        arrive(folder, "iam:CreateUser")
        await rules.run()
        assert titles(folder) == {"CloudTrail stopped", "Mine"}


async def test_sources_learn_how_the_rules_stand(
    folder: StateFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.yml").write_text(f"{MINE}---\ntitle: Broken\n")
    config = Config(rules=(str(tmp_path / "rules"),))
    async with Keeper(folder) as keeper:
        rules = Rules(folder, config, keeper)
        await rules.report()
        with db.reading(folder) as conn:
            assert rule_standing.words(conn, datetime.now(UTC)) == [], "not in the first moments"
            before = conn.execute("PRAGMA data_version").fetchone()
            monkeypatch.setattr(watched, "SETTLED_S", 0.0)
            await rules.report()
            first, *unknown = rule_standing.words(conn, datetime.now(UTC))
            told = conn.execute("PRAGMA data_version").fetchone()
            await rules.report()
            assert conn.execute("PRAGMA data_version").fetchone() == told != before, "the same again wakes nobody"
    assert "1 cannot be run" in first
    assert any("data events of s3" in line and "Objects read in bulk" in line for line in unknown)
    assert any("calls that only read" in line for line in unknown)


def test_the_watch_imports_no_sigma_before_it_has_something_to_look_at() -> None:
    import subprocess

    code = "import sys, socconsole.watch; print([name for name in sys.modules if name.partition('.')[0] == 'sigma'])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ran.stdout.strip() == "[]"
