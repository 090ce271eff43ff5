"""Bulk reads beside a busy application: what one key does is counted whatever the others do."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.config import Config
from socconsole.rules import engine, passes
from socconsole.rules.catalogue import Catalogue
from socconsole.rules.fields import Fields
from socconsole.rules.rule import Correlate, Correlation, Part, Rule, Standing
from socconsole.store import db, rule_reading, rule_standing, trail
from socconsole.store.rule_reading import RuleReader
from socconsole.store.state import StateFolder
from tests.rules.records import AT, KEY, builtin, event, record, session
from tests.rules.test_passes import ENDLESS, arrive, stored

BULK = ("Objects read in bulk", "A gigabyte read from a bucket", "Secrets read in bulk")
CATALOGUE = Catalogue(tuple(rule for rule in builtin() if rule.title in BULK), Fields(), frozenset())


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as with ten thousand and two thousand, in a tenth of the time."""
    monkeypatch.setattr(engine, "MOST", 100)
    monkeypatch.setattr(engine, "BATCH", 200)
    monkeypatch.setattr(Catalogue, "of", lambda config: CATALOGUE)


def read(after_s: float, size: int = 1, **more: Any) -> dict[str, Any]:
    told = {"bytesTransferredOut": size}
    return record("s3:GetObject", {"bucketName": "corpus"}, after_s=after_s, additionalEventData=told, **more)


def pass_over(folder: StateFolder, *records: Mapping[str, Any]) -> tuple[dict[tuple[str, ...], int], dict[str, str]]:
    """(Title, roles or users) → count of each finding, and the rules' troubles."""
    arrive(folder, *records)
    passes.catch_up(folder, Config())
    found = {
        (each.finding.title.raw(), *(actor.value.raw() for actor in each.finding.actors[:1])): each.finding.count
        for each in stored(folder)
    }
    with db.reading(folder) as conn:
        return found, rule_standing.troubles(conn, datetime.now(UTC))


def test_a_key_that_reads_in_bulk_is_seen_beside_an_application_that_reads_more(folder: StateFolder) -> None:
    app = session("app", key="ASIAQEXAMPLE00000009")
    both = [each for n in range(600) for each in (read(n), read(n, userIdentity=app), read(n, userIdentity=app))]
    found, troubles = pass_over(folder, *both)
    assert found[("Objects read in bulk", "eve")] == 600
    assert found[("Objects read in bulk", "app")] == 1_200
    assert troubles == {}


def test_a_gigabyte_in_small_objects_is_a_gigabyte(folder: StateFolder) -> None:
    found, troubles = pass_over(folder, *(read(n / 2, 3_000_000) for n in range(480)))
    assert found == {("A gigabyte read from a bucket", "eve"): 480}
    assert troubles == {}


def test_a_group_that_was_not_read_whole_and_is_silent_says_so(folder: StateFolder) -> None:
    same = (record("secretsmanager:GetSecretValue", {"secretId": "prod/db"}, after_s=n) for n in range(320))
    found, troubles = pass_over(folder, *same)
    assert found == {}
    (why,) = troubles.values()
    assert why.startswith("only the latest 110 events were looked at in 1 of its groups at 20")


def test_what_takes_too_long_for_one_key_is_seen_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_reading.Deadline.__init__, "__defaults__", (0.05,))
    part = Part(f"trail_first(event, 'requestParameters.key') IS NULL OR {ENDLESS}", ("userIdentity.accessKeyId",), "")
    counted = Correlation(Correlate.EVENT_COUNT, (part,), part.group_by, 600, ">=", 3)
    rule = Rule("r", "R", "team.yml", Standing.ON, correlation=counted)
    app = session("app", key="ASIAQEXAMPLE00000009")
    slow = record("s3:GetObject", {"key": "endless"}, userIdentity=app)
    before = [slow, record("s3:GetObject"), record("s3:GetObject")]
    new = [record("s3:GetObject"), *(record("s3:GetObject", userIdentity=app) for _ in range(2))]
    with closing(rule_reading.memory()) as conn:
        trail.take(conn, [event(each) for each in (*before, *new)], origin="test", now=AT)
        found = engine.run_on(RuleReader(conn, engine.functions(Fields())), [rule], len(before), trail.head(conn))
    assert [match.group for match in found.matches] == [(KEY,)]
    assert found.troubles == {"r": "it took longer than 0.05 s in 1 of its groups"}
