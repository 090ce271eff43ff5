"""What a handoff begins with: what leaves now, then the threats nobody looked at, and clocks of closed cases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from socconsole.commands import cases as ask
from socconsole.model.finding import Kind, Resource, Severity
from socconsole.reports.document import Notice, Section, Table
from socconsole.reports.handoff import handoff
from socconsole.screens import handoff_row, handoff_rows
from socconsole.store import db
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from tests.store.builders import NOW, hub
from tests.store.desk import fill, live, named
from tests.store.test_cases import CONFIG, act
from tests.store.test_way_leaving import BUCKET, MB, metered
from tests.store.ways_out import NAT, way_out


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return live(tmp_path / "state")


def report(folder: StateFolder, now=NOW):
    with db.reading(folder) as conn:
        return handoff(folder, conn, CONFIG, now)


def part(document, anchor: str) -> Section:
    return next(one for one in document.sections if one.anchor == anchor)


def first(document) -> list[Notice]:
    return [one for one in part(document, "first").parts if isinstance(one, Notice)]


def test_it_begins_with_what_leaves_then_the_worst_threat_by_name_and_counts_posture_apart(folder: StateFolder) -> None:
    nat = (Resource("AwsEc2NatGateway", Untrusted(NAT), Untrusted(NAT)),)
    weak = {"kind": Kind.CONTROL, "severity": Severity.CRITICAL, "types": ("Software and Configuration Checks",)}
    worst = hub("nat", resources=nat, severity=Severity.CRITICAL, title="Traffic to an unusual host")
    fill(folder, worst, hub("b", resource=BUCKET.resource), *(hub(f"weak{n}", **weak) for n in range(3)))
    metered(folder, BUCKET, 3.8 * MB, usual=4.8 * MB)
    metered(folder, way_out(), 726 * MB, usual=7.6 * MB)
    made = report(folder)
    told = first(made)
    leaves, ordinary, said, threat, *_ = told
    assert str(leaves.said).startswith(f"Leaving: {NAT} 726 MB/min (usual: 7.6 MB/min), last byte 03:14:00Z; 1 open")
    assert (leaves.about, leaves.mood) == (way_out().id, "bad")
    assert str(ordinary.said).startswith("Leaving: corpus 3.8 MB/min, not above what is usual there (4.8 MB/min)")
    assert ordinary.mood == "unknown"
    assert said.said == "Leaving: of the open findings 7 LEAVING, 0 CANNOT SEE"
    assert str(threat.said).startswith("Threat: CRITICAL Traffic to an unusual host on ")
    assert f"5 min old, not acknowledged ({named('nat')})" in str(threat.words)
    status = str(dict(made.facts)["Status"])
    assert "open threats: 1 CRITICAL, 6 HIGH; other open findings (posture, controls …): 3" in status
    queue = next(one for one in part(made, "queue").parts if isinstance(one, Table))
    assert queue.rows[0] == ("CRITICAL", "1", "3")

    rows = handoff_rows.rows(handoff_rows.HandoffRead(made), lambda at: "")
    shown = [(row.kind, row.about) for row in rows]
    assert shown[0] == (handoff_row.PATH, way_out().id)
    assert (handoff_row.FINDING, named("nat")) in shown[:4]


def test_clocks_of_a_case_that_was_closed_over_them_are_told_and_owed(folder: StateFolder) -> None:
    case = act(folder, ask.OpenCase(findings=(named(1),))).case
    act(folder, ask.CloseCase(case=case, reason="the drill is over", anyway=True))
    made = report(folder, NOW + timedelta(hours=80))
    assert "cases open: 0; closed over clocks that run on: 1" in dict(made.facts)["Status"]
    told = {one.label: one for one in first(made)}
    assert told["overdue"].about == told["runs on"].about == case
    (owed,) = part(made, "owed").parts
    assert isinstance(owed, Table)
    assert any(case in str(row[1]) and "overdue" in str(row[2]) for row in owed.rows)
