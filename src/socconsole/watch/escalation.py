"""Escalation by the watch: it finds what sets a path going, sends what is due, and puts both on record.

A send is an entry before it is made (``escalating``) and one after (``escalated``): whenever the watch dies, what was
told is known, but for one send that may or may not have arrived. That one is repeated, and says so. Rounds follow each
other, so whatever has an intent and no result when a round begins is in doubt.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from socconsole import escalate
from socconsole.aws import Door
from socconsole.config import ChannelConfig, Config, EscalationConfig
from socconsole.escalate import About, Due, Send, Step
from socconsole.model.entry import Entry
from socconsole.model.finding import Severity
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import World, WorldKind
from socconsole.response.session import uninterrupted
from socconsole.store import escalations, ledger, project, sources
from socconsole.store.db import Connection
from socconsole.store.escalations import Going, Told
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from socconsole.watch.keeper import Keeper
from socconsole.watch.telling import Unreachable, tell

log = logging.getLogger("socconsole.watch")

WHO: Final = "watch"
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
            for start in range(0, len(going), AT_ONCE):
                await _all(self._follow(one) for one in going[start : start + AT_ONCE])
            await self._report()
        self.healthy_at = datetime.now(UTC)

    async def _set_going(self) -> None:
        now = datetime.now(UTC)
        kept = await self._keeper.do(sources.load_cursor, _SINCE)
        if kept is None:  # what stood in the queue before anybody configured this sets nothing going
            await self._keeper.do(sources.save_cursor, _SINCE, now.isoformat())
            return
        since = datetime.fromisoformat(kept)
        entries: list[Entry] = []
        for path in self._paths.values():
            entries += await self._keeper.do(_firing, path, since, now)
        if entries:
            await self._record(entries)

    async def _follow(self, one: Going) -> None:
        now = datetime.now(UTC)
        if how := await self._keeper.do(escalations.answered, one, now):
            await self._record([Entry("escalation_stopped", WHO, data={"id": one.id, "how": how})])
            return
        path = self._paths.get(one.path)
        if path is None:  # not in the configuration any more, or not for drills; `escalate` lists it as open
            return
        made = await self._keeper.do(escalations.sends, one.id)
        sends = [Send(each.step, each.attempt, each.began, each.ended, each.reached) for each in made]
        todo = escalate.due(steps_of(path), one.fired, sends, now)
        await _all(self._send(one, path, each) for each in todo)

    async def _send(self, one: Going, path: EscalationConfig, due: Due) -> None:
        channel = self._channels[path.steps[due.step].channel]
        text = await self._keeper.do(message, self._config, one, channel, due.again, datetime.now(UTC))
        if text is None:
            return
        about = {"id": one.id, "step": due.step, "attempt": due.attempt, "channel": channel.id}
        await self._record([Entry("escalating", WHO, one.abouts, about)])
        result = {"path": path.name, "result": "sent"}
        try:
            await tell(channel, text, self._door)
        except Unreachable as trouble:
            log.warning("channel %s: %s", channel.id, trouble)
            result = {"path": path.name, "result": "failed", "why": str(trouble)}
        if text.fault:
            result["template"] = "broken"
        await uninterrupted(self._record([Entry("escalated", WHO, one.abouts, about | result)]))

    async def _report(self) -> None:
        """Whether everybody can be told is a source like others: one dead channel shows on Sources."""
        now = datetime.now(UTC)
        dead = await self._keeper.do(escalations.failing, now - DEAD)
        said = "; ".join(f"channel {id_}: {why}, at {at:%H:%MZ}" for id_, at, why in dead if id_ in self._channels)
        if not self._keys or (said == self._said and self._said_at is not None and now - self._said_at < REPORT):
            return
        for key in self._keys:
            outcome = Freshness.ERROR if said else Freshness.FRESH
            answer = Answer(key, outcome, Untrusted(said), "socconsole doctor" if said else "", REPORT.total_seconds())
            await self._keeper.do(sources.record, answer, now)
        self._said, self._said_at = said, now

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


def steps_of(path: EscalationConfig) -> tuple[Step, ...]:
    """The steps of a configured path, as ``escalate`` takes them."""
    return tuple(Step(one.channel, timedelta(minutes=one.wait_minutes), one.quiet_hours) for one in path.steps)


def _firing(conn: Connection, path: EscalationConfig, since: datetime, now: datetime) -> list[Entry]:
    """Entries of what sets a path going by itself: findings together, each case alone."""
    entries = []
    last = escalations.fired(conn, path.name)
    if path.automatic and (last is None or now - last >= APART):
        least = Severity[path.severity] if path.severity else None
        found = escalations.fitting(conn, path.name, since, now, severity=least, sources=path.sources, types=path.types)
        if found:
            entries.append(opening(path.name, found[: escalations.MOST], WHO))
    if path.case_severity:
        cases = escalations.fitting_cases(conn, path.name, since, now, Severity[path.case_severity])
        entries += [opening(path.name, [case], WHO) for case in cases]
    return entries


def opening(path: str, abouts: Sequence[str], who: str, reason: str = "") -> Entry:
    """The entry that sets a path going; the watch does the rest."""
    data = {"id": f"e-{secrets.token_hex(4)}", "path": path}
    return Entry("escalation", who, tuple(abouts), data, {"reason": reason} if reason else {})


def message(
    conn: Connection, config: Config, one: Going, channel: ChannelConfig, again: bool, now: datetime
) -> escalate.Message | None:
    """What is told of an escalation now: of what still waits for somebody. None where nothing of it is known."""
    known = [found for about in one.abouts if (found := escalations.told(conn, about, now)) is not None]
    waiting = [found for found in known if found.open] or known
    by = "" if one.who.raw() == WHO else one.who.raw()
    return compose(config, one.path, channel, waiting, again=again, by=by) if waiting else None


def compose(
    config: Config, path: str, channel: ChannelConfig, found: Sequence[Told], *, again: bool, by: str
) -> escalate.Message:
    """A channel's message about findings or a case, the worst first, with the names that we have for accounts."""
    names = {account.account: account.name or account.account for account in config.accounts}
    abouts = [
        About(
            one.id,
            one.severity.name,
            one.title,
            " ".join(part for part in (names.get(one.account, one.account), one.region) if part),
            one.case,
        )
        for one in found
    ]
    return escalate.compose(path, abouts, count=len(abouts), again=again, by=by, template=channel.template)
