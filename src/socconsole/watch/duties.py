"""What time drives while nobody is looking: heartbeat, reminders, ended snoozes, late checks, housekeeping.

Each duty is a round that may be run at any moment and finds out by itself what is due: a watch that was dead
for an hour does an hour's worth when it comes back, once.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from socconsole.aws import Door
from socconsole.config import Config
from socconsole.model.entry import Entry
from socconsole.response import afterwards, following
from socconsole.response.session import uninterrupted
from socconsole.store import (
    case_alarms,
    correlating,
    db,
    due,
    facts,
    gone,
    handoff_alarms,
    housekeeping,
    ledger,
    owed,
    posture_others,
    project,
    rescore,
    sources,
)
from socconsole.store.db import Connection
from socconsole.store.declared import context_of
from socconsole.store.state import StateFolder
from socconsole.watch.keeper import Keeper

log = logging.getLogger("socconsole.watch")

WHO: Final = "watch"
_SNOOZES: Final = "timer/snoozes"
_REMINDERS: Final = "timer/reminders"
_ENDED: Final = "timer/ended"
_BREATH_S: Final = 0.02
_IDS_AN_ENTRY: Final = 100


class Duties:
    """The rounds of one watch. ``door`` reads."""

    def __init__(self, folder: StateFolder, config: Config, keeper: Keeper, door: Door) -> None:
        self._folder = folder
        self._config = config
        self._keeper = keeper
        self._door = door

    async def beat(self) -> None:
        """A sign of life; everything that is shown as fresh leans on it."""
        await self._keeper.do(sources.beat, os.getpid(), datetime.now(UTC))

    async def consoles(self) -> int:
        """How many consoles are open on this store."""
        return len(await self._keeper.do(sources.present))

    async def apply_ledger(self) -> None:
        """Decisions whose process died between recording and applying them."""
        await asyncio.to_thread(project.project, self._folder)

    async def end_snoozes(self) -> None:
        """Put on record that a snooze ran out. The queue shows it by the clock, with or without us."""
        now = datetime.now(UTC)
        kept = await self._keeper.do(sources.load_cursor, _SNOOZES)
        ended = await self._keeper.do(due.snoozes_ended, datetime.fromisoformat(kept), now) if kept else []
        if ended or not kept:  # else there is nothing to keep: a commit a second would wake every console
            await uninterrupted(self._record(await self._about("snooze_ended", ended), _SNOOZES, now))

    async def remind(self) -> None:
        """Put on record which critical and high threats nobody acknowledged in time."""
        now = datetime.now(UTC)
        wait = timedelta(minutes=self._config.remind_minutes)
        kept = await self._keeper.do(sources.load_cursor, _REMINDERS)
        after = datetime.fromisoformat(kept) if kept else now
        late = await self._keeper.do(due.unacknowledged, after, now, wait)
        minutes = round(wait / timedelta(minutes=1))
        entries = await self._about("unacknowledged", late, after_minutes=minutes)
        await uninterrupted(self._record(entries, _REMINDERS, now))

    async def remind_of_actions(self) -> None:
        """Put on record which actions are in force past their time, and which approvals were not given in theirs."""
        await self.apply_ledger()  # what was put on record and not taken in yet would be said again
        late = await self._keeper.do(owed.overdue, datetime.now(UTC))
        if late:
            await asyncio.to_thread(ledger.append, self._folder, [_overdue(one) for one in late])
            await self.apply_ledger()

    async def warn_of_clocks(self) -> None:
        """Put on record which deadlines of open cases come near or are over, and which warnings are over."""
        await self._warn(case_alarms.due)

    async def warn_of_handoffs(self) -> None:
        """Put on record that nobody has accepted a handoff in time."""
        await self._warn(handoff_alarms.due)

    async def _warn(self, due: Callable[[Connection, Config, str, datetime], list[Entry]]) -> None:
        await self.apply_ledger()  # what was put on record and not taken in yet would be said again
        entries = await asyncio.to_thread(self._due, due, datetime.now(UTC))
        if entries:
            await asyncio.to_thread(ledger.append, self._folder, entries)
            await self.apply_ledger()

    def _due(self, due: Callable[[Connection, Config, str, datetime], list[Entry]], now: datetime) -> list[Entry]:
        with db.reading(self._folder) as conn:
            return due(conn, self._config, WHO, now)

    async def note_ended(self) -> None:
        """Put on record which threats AWS closed, and how: gone, archived, resolved or suppressed by somebody."""
        now = datetime.now(UTC)
        kept = await self._keeper.do(sources.load_cursor, _ENDED)
        ended = await self._keeper.do(gone.ended, datetime.fromisoformat(kept), now) if kept else []
        entries: list[Entry] = []
        for one in ended:
            entries += await self._about("ended", one.ids, how=one.how.value, waiting=one.waiting)
        if entries or not kept:
            await uninterrupted(self._record(entries, _ENDED, now))

    async def look_after_actions(self) -> None:
        """Checks that the acting process left behind, and actions that were cut short: ask AWS what is true."""
        await afterwards.resolve(self._folder, self._door, WHO)
        for check in await asyncio.to_thread(afterwards.due_verifications, self._folder, datetime.now(UTC)):
            await afterwards.verify_due(self._folder, self._door, WHO, check)

    async def look_at_containments(self) -> None:
        """Read every containment in force back: one that somebody undid later is an alarm like one undone at once."""
        for record in await asyncio.to_thread(afterwards.standing, self._folder, datetime.now(UTC)):
            await afterwards.look_again(self._folder, self._door, WHO, record)

    async def follow_snapshots(self) -> None:
        """Put on record when snapshots that were asked for are completed or failed, and what is due then."""
        for record in await asyncio.to_thread(following.unfinished, self._folder):
            await following.follow(self._folder, self._door, WHO, record, self._config)

    async def rescore(self) -> None:
        """Bring every stored score up to the configuration in force, a slice at a time between other work."""
        context = context_of(self._config)
        if not await self._keeper.do(rescore.due, context):
            return
        changed = 0
        while (part := await self._keeper.do(rescore.advance, context)) is not None:
            changed += part
            await asyncio.sleep(_BREATH_S)  # one processor is not ours for minutes on end
        log.info("scored anew by the configuration in force: %d changed", changed)

    async def correlate(self) -> None:
        """Bring together what came since with what it belongs to, a slice at a time between other work."""
        while await self._keeper.do(correlating.waits, datetime.now(UTC)):
            await self._keeper.do(correlating.advance, datetime.now(UTC))
            await asyncio.sleep(_BREATH_S)

    async def read_others(self) -> None:
        """Keep what other scanners answer to our posture checks, a slice at a time between other work."""
        while await self._keeper.do(posture_others.waits):
            await self._keeper.do(posture_others.advance, datetime.now(UTC))
            await asyncio.sleep(_BREATH_S)

    async def keep_house(self) -> None:
        """Retention and upkeep of the store."""
        await self._keeper.do(housekeeping.run, datetime.now(UTC))

    async def _about(self, verb: str, ids: Sequence[str], **data: int | str) -> list[Entry]:
        """Entries about findings, as many as it takes, each with what is known of them."""
        parts = [ids[start : start + _IDS_AN_ENTRY] for start in range(0, len(ids), _IDS_AN_ENTRY)]
        return [
            Entry(verb, WHO, subjects=tuple(part), data={**data, **await self._keeper.do(facts.said, part)})
            for part in parts
        ]

    async def _record(self, entries: Sequence[Entry], timer: str, now: datetime) -> None:
        """What a timer found, and how far it has come with it."""
        await asyncio.to_thread(ledger.append, self._folder, entries)
        await self._keeper.do(_keep_instant, timer, now)
        if entries:
            await self.apply_ledger()


def _overdue(one: owed.Owed) -> Entry:
    return Entry(
        "overdue",
        WHO,
        subjects=(one.action_id, one.finding) if one.finding else (one.action_id,),
        data={
            "id": one.action_id,
            "what": one.what.value,
            "due": one.due.isoformat().replace("+00:00", "Z"),
            "action": one.action,
            "target": one.target,
            "account": one.account,
            "region": one.region,
        },
    )


def _keep_instant(conn: Connection, timer: str, at: datetime) -> None:
    sources.save_cursor(conn, timer, at.isoformat())
