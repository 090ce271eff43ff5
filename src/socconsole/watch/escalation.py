"""Escalation by the watch: it finds what sets a path going, sends what is due, and puts both on record.

A send is an entry before it is made (``escalating``) and one after (``escalated``): whenever the watch dies, what was
told is known, but for one send that may or may not have arrived. That one is repeated, and says so. Rounds follow each
other, so whatever has an intent and no result when a round begins is in doubt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from socconsole import escalate
from socconsole.aws import Door
from socconsole.config import Config, EscalationConfig
from socconsole.escalate import Due
from socconsole.model.entry import Entry
from socconsole.model.finding import Severity
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import World, WorldKind
from socconsole.response.session import uninterrupted
from socconsole.store import escalation_answers, escalation_firing, escalations, ledger, project, sources
from socconsole.store.db import Connection
from socconsole.store.escalation_acts import ending, opening
from socconsole.store.escalation_plan import message, sends_of, steps_of
from socconsole.store.escalations import Going
from socconsole.store.ledger import LedgerError
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from socconsole.watch.keeper import Keeper
from socconsole.watch.telling import Unreachable, tell

log = logging.getLogger("socconsole.watch")

WHO: Final = escalations.WATCH
SERVICE: Final = "escalation"
AT_ONCE: Final = 8
REPORT: Final = timedelta(minutes=1)
DEAD: Final = timedelta(hours=24)
"""For how long a channel that failed shows, if nothing was sent by it since."""
_SINCE: Final = "timer/escalation"
APART: Final = timedelta(minutes=1)
"""Between two escalations of one path by itself: a storm of findings is a message a minute, and no storm of pages."""


class Escalation:
    """The rounds of one watch. ``door`` is the watch's: it reads, and publishes."""

    def __init__(self, folder: StateFolder, config: Config, keeper: Keeper, door: Door) -> None:
        self._folder = folder
        self._config = config
        self._keeper = keeper
        self._door = door
        self._channels = {one.id: one for one in config.channel}
        drill = folder.world.kind is WorldKind.DRILL
        self._paths = {one.name: one for one in config.escalation if one.drill or not drill}
        self._keys = keys(config, folder.world)
        self._said = ""
        self._said_at: datetime | None = None
        self.healthy_at: datetime | None = None
        """When a round was last carried through: what the heartbeat stands for."""

    async def round(self) -> None:
        """Everything that is due. A channel that fails is a result; a ledger that takes nothing in raises."""
        await self._project()
        if self._paths:
            await self._set_going()
            going = await self._keeper.do(escalations.going)
            trouble: Exception | None = None
            for start in range(0, len(going), AT_ONCE):
                try:
                    await _all(self._follow(one) for one in going[start : start + AT_ONCE])
                except (LedgerError, OSError):
                    raise  # nothing can be put on record: nothing may be sent
                except Exception as error:  # whatever is wrong with one, the others have to be told; raised below
                    trouble = trouble or error
            await self._report(going)
            if trouble is not None:
                raise trouble
        self.healthy_at = datetime.now(UTC)

    async def _set_going(self) -> None:
        now = datetime.now(UTC)
        kept = await self._keeper.do(sources.load_cursor, _SINCE)
        if kept is None:  # what stood in the queue before anybody configured this sets nothing going
            await self._keeper.do(sources.save_cursor, _SINCE, now.isoformat())
            return
        since = datetime.fromisoformat(kept)
        if since > now:  # the clock was set back: rather a page too many than none until it has caught up
            since = now - escalation_firing.LOOK_BACK
        entries: list[Entry] = []
        for path in self._paths.values():
            entries += await self._keeper.do(_firing, path, since, now)
        if entries:
            await self._record(entries)

    async def _follow(self, one: Going) -> None:
        now = datetime.now(UTC)
        if how := await self._keeper.do(escalation_answers.answered, one, now):
            await self._record([ending(one, WHO, how)])
            return
        path = self._paths.get(one.path)
        if path is None:  # not in the configuration any more (it shows on Sources), or not for drills
            return
        sends = sends_of(await self._keeper.do(escalations.sends, one.id))
        todo = escalate.due(steps_of(path), sends, now)
        await _all(self._send(one, path, each) for each in todo)

    async def _send(self, one: Going, path: EscalationConfig, due: Due) -> None:
        channel = self._channels[path.steps[due.step].channel]
        text = await self._keeper.do(message, self._config, one, channel, due.again, datetime.now(UTC))
        if text is None:
            return
        about = {"id": one.id, "step": due.number, "attempt": due.attempt, "channel": channel.id}
        await self._record([Entry("escalating", WHO, one.abouts, about)])
        result = {"path": path.name, "result": "sent"}
        if text.fault:
            result |= {"template": "broken", "why": "its template is broken: the plain text went"}
        try:
            await tell(channel, text, self._door)
        except Unreachable as trouble:
            log.warning("channel %s: %s", channel.id, trouble)
            result |= {"result": "failed", "why": str(trouble)}
        await uninterrupted(self._record([Entry("escalated", WHO, one.abouts, about | result)]))

    async def _report(self, going: Sequence[Going]) -> None:
        """Whether everybody can be told is a source like others: one dead channel shows on Sources, and so does an
        escalation whose path somebody took out of the configuration."""
        now = datetime.now(UTC)
        said = "; ".join([*await self._keeper.do(self._dead, now), *self._stranded(going)])
        fresh = self._said_at is not None and timedelta(0) <= now - self._said_at < REPORT
        if not self._keys or (said == self._said and fresh):
            return
        for key in self._keys:
            outcome = Freshness.ERROR if said else Freshness.FRESH
            remedy = "socconsole escalate   (lists them with every send)" if said else ""
            answer = Answer(key, outcome, Untrusted(said), remedy, REPORT.total_seconds())
            await self._keeper.do(sources.record, answer, now)
        self._said, self._said_at = said, now

    def _dead(self, conn: Connection, now: datetime) -> list[str]:
        """Channels of paths in force whose last send failed."""
        used = {step.channel for path in self._paths.values() for step in path.steps}
        return [
            f"channel {id_}: {why}, at {at:%H:%MZ}"
            for id_, at, why in escalations.failing(conn, now - DEAD)
            if id_ in used
        ]

    def _stranded(self, going: Sequence[Going]) -> list[str]:
        known = {one.name for one in self._config.escalation}
        return [
            f"{one.id} waits, and its path {one.path} is not in the configuration: nobody further is told"
            for one in going
            if one.path not in known
        ]

    async def _record(self, entries: Sequence[Entry]) -> None:
        await asyncio.to_thread(ledger.append, self._folder, entries)
        await self._project()

    async def _project(self) -> None:
        await asyncio.to_thread(project.project, self._folder)


def keys(config: Config, world: World) -> list[SourceKey]:
    """Escalation as a source, where any path is in force: it stands with the first account that is watched here."""
    paths = any(one.drill or world.kind is not WorldKind.DRILL for one in config.escalation)
    first = next((one for one in config.accounts if one.account in world.accounts), None)
    return [SourceKey(SERVICE, first.account, first.regions[0])] if paths and first is not None else []


async def _all(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Everything to its end, then the first failure: what is still under way must not look in doubt to a next round."""
    ends = await asyncio.gather(*work, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end


def _firing(conn: Connection, path: EscalationConfig, since: datetime, now: datetime) -> list[Entry]:
    """Entries of what sets a path going by itself: findings together, each case alone."""
    entries = []
    last = escalation_firing.fired(conn, path.name)
    if path.automatic and (last is None or not timedelta(0) <= now - last < APART):
        entries += _by_findings(conn, path, since, now)
    if path.case_severity:
        cases = escalation_firing.fitting_cases(conn, path.name, since, now, Severity[path.case_severity])
        entries += [opening(path.name, [case], WHO) for case in cases]
    return entries


def _by_findings(conn: Connection, path: EscalationConfig, since: datetime, now: datetime) -> list[Entry]:
    """What begins anew takes everything with it that its escalation was about and that still waits."""
    steps = steps_of(path)
    spent = {
        one.id: one
        for one in escalations.going(conn)
        if one.path == path.name and escalate.told_all(steps, sends_of(escalations.sends(conn, one.id)))
    }
    found = escalation_firing.fitting(
        conn,
        path.name,
        since,
        now,
        severity=Severity[path.severity] if path.severity else None,
        sources=path.sources,
        types=path.types,
        spent=list(spent),
    )
    if not found:
        return []
    over = [one for one in spent.values() if set(one.abouts) & set(found)]
    left = [told.id for one in over for id_ in one.abouts if (told := escalations.told(conn, id_, now)) and told.open]
    abouts = list(dict.fromkeys([*found, *left]))[: escalations.MOST]
    return [*(ending(one, WHO, escalations.AGAIN) for one in over), opening(path.name, abouts, WHO)]
