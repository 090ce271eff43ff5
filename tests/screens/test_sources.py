"""Sources: what a source says of itself, and how long its events take to be here."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

from socconsole.formats import read_bytes
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.store import findings, sources
from socconsole.text import Untrusted
from tests.formats import records
from tests.screens.support import ACCOUNT, REGION, Estate, Opened

TRAIL = SourceKey("trail", ACCOUNT, REGION)


def tell(estate: Estate, ident: str, at: datetime, now: datetime) -> None:
    record = records.trail(eventID=ident, eventTime=f"{at:%Y-%m-%dT%H:%M:%SZ}")
    answer = Answer(TRAIL, Freshness.PARTIAL, Untrusted("throttled; read to 03:04Z, 9 min behind"), interval_s=600)
    with closing(estate.write()) as conn:
        sources.scope(conn, [TRAIL])
        read = list(read_bytes(json.dumps(record).encode()))
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
