"""The Egress screen: what leaves, what would tell, and never "nothing" from what was not measured."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from socconsole.model.egress import Alarms, AlarmState, PathKind, Paths, Points
from socconsole.model.source import Freshness
from socconsole.store import db, egress_intake, metering
from socconsole.text import Untrusted
from socconsole.triage import ways_out
from socconsole.widgets.chart import Chart, drawn, spark
from tests.screens.support import HOSTILE, Estate, Opened, record
from tests.store.ways_out import NAT, PLACE, alarm, way_out

LEAKING = f"arn:aws:ec2:eu-central-1:111122223333:natgateway/{NAT}"


@pytest.fixture
def leak(estate: Estate) -> Estate:
    """A NAT gateway through which something leaves, its alarm raised and named by a finding; a bucket nobody
    measures or watches, whose name is hostile."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    nat, bucket = way_out(), replace(way_out("corpus", PathKind.BUCKET), name=Untrusted(HOSTILE))
    fine, _ = ways_out.series(nat)
    points = tuple((now - timedelta(minutes=n), 6e7 if n < 20 else 1e5) for n in range(90, 0, -1))
    with closing(estate.write()) as conn, db.transaction(conn):
        firing = alarm(state=AlarmState.ALARM, since=now - timedelta(minutes=5), threshold=3e7)
        listings = (
            Paths(PLACE, (nat, bucket), complete=True),
            Alarms(PLACE, (firing,), complete=True),
            Points(fine, points, now - timedelta(days=1), now),
        )
        egress_intake.take(conn, (), listings, now)
    named = record(1, "Far more than ever leaves here")
    named["Resources"] = [{"Type": "AwsEc2NatGateway", "Id": LEAKING, "Region": "eu-central-1"}]
    estate.answer(Freshness.FRESH, named)
    return estate


async def test_the_leak_stands_first_with_its_rate_and_its_alarm(leak: Estate, console: Opened) -> None:
    async with console(size=(160, 50)) as desk:
        await desk.press("2")
        await desk.until(lambda: "60 MB/min" in desk.text())
        lines = desk.text().splitlines()
        first = next(line for line in lines if line.startswith("▶"))
        assert "ALARM" in first
        assert NAT in first
        assert "1 in ALARM, 1 without a fit alarm, 1 cannot be seen" in desk.text()
        assert "Far more than ever leaves here" in desk.text()
        await desk.press("down")
        await desk.until(lambda: "S3 measures no requests" in desk.text())
        assert "CANNOT SEE" in desk.text()
        assert "alarm-create corpus" in desk.text()
        assert "[@click=app.quit]x[/]" in desk.text()
        await desk.press("1")
        await desk.until(lambda: "60 MB/min now (usual UNKNOWN)" in _beside(desk.text()))


def _beside(text: str) -> str:
    """The detail beside a list, without the breaks of its lines."""
    return " ".join(" ".join(line.partition("│")[2] for line in text.splitlines()).split())


async def test_enter_draws_the_meter_with_its_threshold_and_tab_changes_the_span(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        await desk.press("2")
        await desk.until(lambda: "60 MB/min" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "a step is 1m" in desk.text())
        assert "30 MB" in desk.text()  # the threshold, for as long as a step
        await desk.press("tab")
        await desk.until(lambda: "a step is 5m" in desk.text())
        await desk.press("X")
        await desk.until(lambda: "Contain" in desk.text().splitlines()[2])


async def test_what_is_usual_stands_beside_what_leaves_where_the_list_is_narrow_too(
    leak: Estate, console: Opened
) -> None:
    now = datetime.now(UTC)
    _, coarse = ways_out.series(way_out())
    begin = now - timedelta(days=2)
    fortnight = tuple((begin + n * timedelta(minutes=5), 5.5e6) for n in range(2 * 288 - 24))
    async with console(size=(80, 24)) as desk:
        await desk.press("2")
        await desk.until(lambda: "60 MB/min" in desk.text())
        (row,) = [line for line in desk.text().splitlines() if line.startswith("▶")]
        assert "60 MB/min UNKNOWN" in " ".join(row.split()), "nobody can tell yet, and says no 0"
        assert "60 MB/min (usual UNKNOWN)" in desk.text()
        with closing(leak.write()) as conn:
            with db.transaction(conn):
                egress_intake.take(conn, (), (Points(coarse, fortnight, begin, now),), now)
            metering.learn(conn, now)
        await desk.until(lambda: "60 MB/min 1.1 MB" in " ".join(desk.text().split()))
        assert "60 MB/min (usual 1.1 MB)" in desk.text()
        (row,) = [line for line in desk.text().splitlines() if line.startswith("▶")]
        assert NAT in row
        assert "cannot see UNKNOWN" in " ".join(desk.text().split())


async def test_without_a_reading_it_says_so(estate: Estate, console: Opened) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.press("2")
        await desk.until(lambda: "ways out are not looked for" in desk.text())
        assert "no NAT gateway" not in desk.text()


def test_a_gap_is_painted_as_a_gap_and_the_smallest_amount_is_seen() -> None:
    assert spark((0.0, 1.0, None, 1000.0)) == " ▁·█"


def test_a_chart_fills_its_room_and_shows_what_is_over_the_threshold() -> None:
    chart = Chart((1.0, 10.0, None, 2.0), "10 B", ("then", "now"), 10.0, threshold=5.0, threshold_word="5 B")
    lines = ["".join(text for text, _ in line) for line in drawn(chart, 40, 8)]
    assert len(lines) == 8
    assert {len(line) for line in lines} == {40}
    (limit,) = [line for line in lines if "5 B" in line]
    assert "─" in limit
    assert lines[-1].endswith("now")


async def test_a_way_out_becomes_a_case_of_what_names_it(leak: Estate, console: Opened) -> None:
    async with console(size=(160, 50)) as desk:
        await desk.press("2")
        await desk.until(lambda: "USUAL" in desk.text() and "60 MB/min" in desk.text())
        await desk.act("K")
        await desk.until(lambda: "enter: a new case of 1 finding" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "opened c-" in desk.text())
        assert leak.verbs() == ["case_open"]
        await desk.press("escape", "down", "K")
        await desk.until(lambda: "no open finding names it; N on Cases" in desk.text())
