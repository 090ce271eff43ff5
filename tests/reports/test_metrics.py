"""Metrics as a report, in the handoff and from a shell: what is said of a live ledger, of a drill, and of few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from socconsole.commands import Acknowledge
from socconsole.model.entry import Entry
from socconsole.model.world import DrillWorld, World, WorldKind
from socconsole.reports import html, markdown, metrics
from socconsole.reports.metric_words import brief, span
from socconsole.store import db, ledger
from socconsole.store.instants import micros
from socconsole.store.metrics import Item, Name, metric
from socconsole.store.state import StateFolder
from tests.cli.support import fill, live, run
from tests.store.builders import ACCOUNT, hub
from tests.store.desk import act, named

S = 1_000_000
EVIL = "\x1b]0;x\x07<script>alert(1)</script>|`"


def drill(root: Path, speed: float) -> StateFolder:
    """A drill that began an hour ago, in which one finding was seen after 2 minutes and acknowledged after 4 more."""
    began = datetime.now(UTC) - timedelta(hours=1)
    folder = StateFolder.create(
        root, World(WorldKind.DRILL, accounts=(ACCOUNT,), drill=DrillWorld("leak", 1, 9, began, speed))
    )
    db.prepare(folder)
    zero = micros(began)
    told = {"f-1": ["CRITICAL", "threat", "guardduty", zero, zero + 60 * S, zero + 120 * S]}
    data = {"batch": "b-1", "mode": "TRIAGE", "send": False, "now": zero + 360 * S, "facts": told}
    ledger.append(folder, [Entry("acknowledge", "ana", ("f-1",), data)])
    return folder


def told(folder: StateFolder, *, until: datetime | None = None) -> metrics.Report:
    with db.reading(folder) as conn:
        return metrics.report(folder, conn, datetime.now(UTC), None, until)


def test_a_drill_is_judged_by_the_clock_and_in_the_time_of_its_story(tmp_path: Path) -> None:
    folder = drill(tmp_path / "d", 5)
    ran = run("metrics", "--store", folder.root, "--json")
    assert ran.code == 0
    said = ran.row
    assert said["drill"] == {"scenario": "leak", "speed": 5}
    judged = {one["metric"]: (one["verdict"], one["in_story"]["verdict"]) for one in said["targets"]}
    assert judged == {"detect": ("met", "met"), "acknowledge": ("met", "not met")}  # 4 minutes are 20 of the story
    took: dict[str, Any] = {one["metric"]: one["values_s"] for one in said["metrics"]}
    assert (took["detect"], took["acknowledge"]) == ([120], [240])
    page = markdown(metrics.document(told(folder)))
    assert page.startswith("# Metrics of a drill")
    assert "DRILL leak at speed 5" in page


def test_what_waits_in_the_store_alone_keeps_a_target_from_being_called_met(tmp_path: Path) -> None:
    folder = live(tmp_path / "s")
    now = datetime.now(UTC)
    fill(folder, *(hub(name, occurred=now, published=now, updated=now) for name in ("1", "2")))
    long_ago = now - timedelta(days=9)
    fill(folder, hub("3", occurred=long_ago, published=long_ago))
    act(folder, Acknowledge((named(1),), EVIL), who=EVIL, now=datetime.now(UTC))
    by_clock = {one.name: one for one, _ in told(folder).targets}
    assert (by_clock[Name.ACKNOWLEDGE].beside, by_clock[Name.ACKNOWLEDGE].verdict) == (2, "unknown")
    assert (by_clock[Name.DETECT].beside, by_clock[Name.DETECT].verdict) == (1, "unknown"), "one is from before us"
    act(folder, Acknowledge((named(2),), "too"), now=datetime.now(UTC))
    by_clock = {one.name: one for one, _ in told(folder).targets}
    assert (by_clock[Name.DETECT].verdict, by_clock[Name.ACKNOWLEDGE].verdict) == ("met", "unknown")
    act(folder, Acknowledge((named(3),), "too"), now=datetime.now(UTC))
    assert told(folder).waiting == (0, None)
    assert told(folder, until=datetime.now(UTC)).waiting is None, "the store cannot tell of an earlier moment"
    earlier = told(folder, until=datetime.now(UTC) - timedelta(seconds=0.001))
    assert {one.verdict for one, _ in earlier.targets} == {"unknown"}
    assert [one["store_waiting"] for one in metrics.as_json(earlier)["targets"]] == [None, None]
    assert told(folder, until=datetime.now(UTC) + timedelta(days=1)).waiting == (0, None), "it is now, still"
    ledger.append(folder, [Entry("acknowledge", "ana", (named(9),), {})])
    strange = told(folder)
    assert strange.targets[0][0].verdict == "unknown"
    assert "1 entry could not be understood" in str(metrics.document(strange).sections[0])
    assert "1 entry could not be understood" in str(metrics.section(folder, datetime.now(UTC), now))
    for page in (markdown(metrics.document(told(folder))), html(metrics.document(told(folder)))):
        assert "alert(1)" not in page, "nobody who acted, and nothing that he wrote, is in it"


def test_a_handoff_has_what_ended_since_and_in_thirty_days(tmp_path: Path) -> None:
    folder = drill(tmp_path / "d", 1)
    now = datetime.now(UTC)
    table = metrics.section(folder, now, now - timedelta(minutes=1)).parts[1]
    assert isinstance(table, metrics.Table)
    rows = {str(row[0]): (str(row[1]), str(row[2])) for row in table.rows}
    assert rows["Time to acknowledge"] == ("0 of 0: nothing measured", "1 of 1: 4 min 00 s")
    assert rows["Time to resolve"][0].startswith("0 of 1: nothing measured; 1 still open, oldest ")


def test_a_period_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    root = live(tmp_path / "s").root
    period = ("--since", "2026-03-02T00:00:00Z", "--until", "2026-03-01T00:00:00Z")
    assert run("metrics", "--store", root, *period).code == 2


def test_few_are_listed_and_many_summed() -> None:
    def of(*values: int) -> str:
        return brief(metric(Name.CLOSE, [Item(("HIGH", ""), took=value * S) for value in values]).whole)

    assert of(60, -5, 3_600) == "3 of 3: −5.0 s, 1 min 00 s, 1 h 00 min"
    assert of(*range(60, 660, 60)) == "10 of 10: median 5 min 30 s, p90 9 min 00 s, max 10 min 00 s"
    assert [span(value * S) for value in (9.96, 59.6, 3_599.7, 47.999 * 3_600, 86_400 * 3)] == [
        "10 s", "1 min 00 s", "1 h 00 min", "47 h 59 min", "3 d 0 h",
    ]  # fmt: skip
