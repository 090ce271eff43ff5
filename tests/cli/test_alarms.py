"""``alarms``: what looks at each way out, whether it would tell in time, and what nothing looks at."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from socconsole.model.egress import Alarms, AlarmState, PathKind, Paths, Points
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.store import db, findings, metering
from socconsole.store.state import StateFolder
from socconsole.triage import ways_out
from tests.cli.support import live, run
from tests.store.builders import ACCOUNT, REGION
from tests.store.ways_out import NAT, PLACE, alarm, way_out

NOW = datetime.now(UTC)
HOSTILE = "=cmd|'/c calc'!A1\x1b]0;x\x07"


@pytest.fixture
def watched(tmp_path: Path) -> StateFolder:
    """A NAT gateway with an alarm that is raised and mad, an instance without one, and a bucket without a meter."""
    nat, host = way_out(), way_out("i-1", PathKind.INSTANCE, dimensions=(("InstanceId", "i-1"),))
    bucket = way_out("corpus", PathKind.BUCKET)
    begin = NOW - timedelta(days=14)
    points = tuple((begin + n * timedelta(minutes=5), 3e8) for n in range(14 * 288))
    listings = (
        Paths(PLACE, (nat, host, bucket), complete=True),
        Alarms(PLACE, (alarm(HOSTILE, AlarmState.ALARM, NOW, threshold=3e12),), complete=True),
        Points(ways_out.series(nat)[1], points, begin, NOW),
    )
    state = live(tmp_path / "live")
    with closing(db.connect(state.store_db)) as conn:
        for service in ("alarms", "egress", "metrics"):
            key = SourceKey(service, ACCOUNT, REGION)
            answer = Answer(key, Freshness.FRESH, interval_s=600)
            findings.commit(conn, [], answer=answer, origin=service, now=NOW, listings=listings)
        metering.judge(conn, NOW)
    return state


def test_every_alarm_and_every_way_out_without_one_is_listed(watched: StateFolder) -> None:
    ran = run("alarms", "--json", "--store", watched.root)
    rows = {row["resource"]: row for row in ran.rows}
    contract = {
        "id", "path", "state", "sane", "why", "threshold", "p99", "rate", "last_byte", "account", "region",
    }  # fmt: skip
    assert all(contract <= set(row) for row in ran.rows)
    nat = rows[NAT]
    assert (nat["state"], nat["sane"], nat["threshold"], nat["p99"]) == ("ALARM", False, 3e12, 3e8)
    assert nat["why"][0].startswith("never fires: p99 of 14 days is 300 MB, the threshold 3.0 TB, 10,000 times")
    assert (nat["rate"], nat["id"].endswith(HOSTILE)) == (1e6, True)
    host = rows["i-1"]
    assert (host["id"], host["state"], host["threshold"]) == (None, None, 2**30)
    assert "contain alarm-create i-1" in host["why"][1]
    assert "nothing to watch: S3 measures no requests" in rows["corpus"]["why"][0]
    assert "1 alarms, 1 not sane; 2 ways out without an alarm" in ran.err


def test_what_is_not_fresh_says_so_and_exits_3(watched: StateFolder) -> None:
    key = SourceKey("metrics", ACCOUNT, REGION)
    with closing(db.connect(watched.store_db)) as conn:
        findings.commit(conn, [], answer=Answer(key, Freshness.PARTIAL), origin="metrics", now=NOW)
    ran = run("alarms", "--json", "--store", watched.root)
    assert ran.code == 3
    assert "not fresh: metrics" in ran.err


def test_neither_a_terminal_nor_a_spreadsheet_is_driven(watched: StateFolder) -> None:
    plain = run("alarms", "--store", watched.root)
    assert "\x1b" not in plain.out
    assert "no alarm" in plain.out
    assert "60 MB/min" in plain.out, "as the console says it"
    rows = list(csv.DictReader(io.StringIO(run("alarms", "--csv", "--store", watched.root).out)))
    assert len(rows) == 3
    assert rows[0]["name"].startswith("'=cmd")
    assert run("alarms", "--csv", "--json", "--store", watched.root).code == 2
