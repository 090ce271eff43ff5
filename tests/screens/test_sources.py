"""What sources say of themselves, how late their events come, and what the trail can say of a finding."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

from socconsole.formats import read_bytes
from socconsole.formats.selectors import selections
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.trail import Recordings, TrailState
from socconsole.model.world import Place
from socconsole.store import findings, sources
from socconsole.text import Untrusted
from tests.formats import records
from tests.screens.support import ACCOUNT, REGION, Estate, Opened, record

TRAIL = SourceKey("trail", ACCOUNT, REGION)


def tell(estate: Estate, ident: str, at: datetime, now: datetime) -> None:
    event = records.trail(eventID=ident, eventTime=f"{at:%Y-%m-%dT%H:%M:%SZ}")
    answer = Answer(TRAIL, Freshness.PARTIAL, Untrusted("throttled; read to 03:04Z, 9 min behind"), interval_s=600)
    with closing(estate.write()) as conn:
        sources.scope(conn, [TRAIL])
        read = list(read_bytes(json.dumps(event).encode()))
        findings.commit(conn, read, answer=answer, origin=sources.origin_of(TRAIL), now=now)


async def test_the_trail_says_how_far_behind_it_is_and_how_late_its_events_come(
    estate: Estate, console: Opened
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    tell(estate, "first", now - timedelta(hours=2), now - timedelta(hours=1))
    tell(estate, "slow", now - timedelta(minutes=20), now)
    async with console(size=(200, 40)) as desk:
        await desk.type(":sources")
        await desk.press("enter")
        await desk.until(lambda: "median 20 min" in desk.text())
        assert "9 min behind" in desk.text()
        assert "the aim is 15 min" in desk.text()
        assert "push" in desk.text()


async def test_a_trail_that_was_stopped_is_named_with_what_mends_it_until_it_records_again(
    estate: Estate, console: Opened
) -> None:
    now = datetime.now(UTC)
    arn = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/org"

    def told(at: datetime, *, started: datetime, stopped: datetime | None) -> None:
        trail = TrailState(arn, stopped is None, started, stopped, selections({}))
        with closing(estate.write()) as conn:
            sources.scope(conn, [TRAIL])
            answer = Answer(TRAIL, Freshness.FRESH, interval_s=600)
            given = Recordings(Place(ACCOUNT, REGION), (trail,))
            findings.commit(conn, [], answer=answer, origin="t", now=at, recordings=given)

    told(now, started=now - timedelta(days=9), stopped=datetime(2026, 3, 1, 3, 14, tzinfo=UTC))
    async with console(size=(200, 40)) as desk:
        await desk.type(":sources")
        await desk.press("enter")

        def beside() -> str:
            """The detail, without the breaks of its lines."""
            return " ".join(" ".join(line.partition("│")[2] for line in desk.text().splitlines()).split())

        await desk.until(lambda: "org does not record, stopped since 2026-03-01 03:14" in beside())
        command = f"aws cloudtrail start-logging --name {arn} --region eu-west-1"
        assert command.replace(" ", "") in beside().replace(" ", ""), beside()
        assert any("FRESH" in line and "org does not record" in line for line in desk.text().splitlines())
        told(now + timedelta(seconds=1), started=now, stopped=None)
        await desk.until(lambda: "does not record" not in desk.text())


async def test_a_finding_says_whether_reads_of_its_store_are_recorded_at_all(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, record(1, "Objects read in bulk"))
    told = Recordings(Place(ACCOUNT, REGION), ())
    with closing(estate.write()) as conn:
        findings.commit(conn, [], answer=None, origin="x", now=datetime.now(UTC), recordings=told)
    async with console(size=(160, 50)) as desk:
        await desk.until(lambda: "Objects read in bulk" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "reads of bucket-1" in desk.text())
        assert "NEVER RECORDED" in desk.text()
