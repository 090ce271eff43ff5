"""Scores of what is stored follow the configuration, in slices, whatever cuts them short."""

from __future__ import annotations

import sqlite3

import pytest

from socconsole import triage
from socconsole.model.finding import Workflow
from socconsole.store import findings, reading, rescore
from tests.store.builders import NOW, hub, observation
from tests.store.desk import named
from tests.store.shelf import dump, fresh_store, hear

PLAIN = triage.Context()
PII = triage.Context(
    datasets=(triage.Dataset("crm", ("bucket-1",), ("pii",), True),), critical=("arn:aws:s3:::bucket-2",)
)


@pytest.fixture
def conn(tmp_path):
    conn = fresh_store(tmp_path)
    hear(conn, *(observation(str(n)) for n in range(5)))
    assert finish(conn, PLAIN) == 0
    yield conn
    conn.close()


def finish(conn: sqlite3.Connection, context: triage.Context, limit: int = 2) -> int:
    changed = 0
    while (part := rescore.advance(conn, context, limit)) is not None:
        changed += part
    return changed


def scores(conn: sqlite3.Connection) -> dict[str, int]:
    return dict(conn.execute("SELECT id, score FROM queue").fetchall())


def test_a_dataset_declared_later_scores_what_was_there_before(conn):
    before = scores(conn)
    assert rescore.due(conn, PII)
    assert finish(conn, PII) == 2
    assert not rescore.due(conn, PII)
    after = scores(conn)
    assert {id_: after[id_] - before[id_] for id_ in after if after[id_] != before[id_]} == {
        named(1): 15,
        named(2): 8,
    }
    found = reading.get(conn, named(1), NOW)
    assert found is not None
    assert "pii" in [reason.why for reason in found.finding.priority.reasons]
    assert finish(conn, PLAIN) == 2  # and back
    assert scores(conn) == before


def test_it_makes_the_scores_that_taking_everything_in_anew_would_make(conn, tmp_path):
    (tmp_path / "anew").mkdir()
    anew = fresh_store(tmp_path / "anew")
    records = [observation(str(n)) for n in range(5)]
    findings.commit(anew, records, answer=None, origin="x", now=NOW, context=PII, live=True)
    finish(conn, PII)
    reasons = "SELECT id, score, reasons FROM finding ORDER BY id"
    assert conn.execute(reasons).fetchall() == anew.execute(reasons).fetchall()


def test_it_goes_on_where_it_was_cut_short_unless_the_configuration_changed_again(conn):
    assert rescore.advance(conn, PII, 2) == 1  # findings 0 and 1
    assert finish(conn, PII) == 1
    assert rescore.advance(conn, PLAIN, 4) == 2
    assert finish(conn, PII) == 2  # back again half-way: from the start
    assert finish(conn, triage.Context(critical=("bucket-0",))) == 3
    assert scores(conn)[named(0)] - scores(conn)[named(3)] == 8


def test_nothing_is_written_where_nothing_changes(conn):
    hear(conn, hub("7", workflow=Workflow.RESOLVED))
    before = dump(conn)
    assert finish(conn, triage.Context(critical=("arn:aws:s3:::no-such-bucket",))) == 0
    after = dump(conn)
    assert {name for name in before if before[name] != after[name]} <= {"meta"}


def test_other_weights_of_another_version_are_noticed(conn, monkeypatch):
    from socconsole.triage import scoring

    assert not rescore.due(conn, PLAIN)
    monkeypatch.setattr(scoring, "SEQUENCE_POINTS", 21)
    assert rescore.due(conn, PLAIN)
