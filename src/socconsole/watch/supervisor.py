"""The watch as a whole: one per store, held by a lock; a poller per source in scope; the duties; an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from socconsole.aws import AwsTrouble, Door
from socconsole.collectors import alarms, guardduty, securityhub, trail
from socconsole.config import Config
from socconsole.model.action import Mode
from socconsole.model.source import SourceKey, SourceState
from socconsole.model.world import World
from socconsole.store import sources
from socconsole.store.db import Connection
from socconsole.store.declared import context_of
from socconsole.store.findings import Counts
from socconsole.store.ledger import LedgerError
from socconsole.store.state import StateFolder
from socconsole.watch import escalation, listening, meters, pace, posture
from socconsole.watch.duties import WHO, Duties
from socconsole.watch.escalation import Escalation
from socconsole.watch.heartbeat import Heartbeat
from socconsole.watch.keeper import Keeper
from socconsole.watch.listening import Listener
from socconsole.watch.polling import Collector, Poller
from socconsole.watch.rules import Rules

log = logging.getLogger("socconsole.watch")

LOCK: Final = "watch"
BEAT_S: Final = 2.0
TICK_S: Final = 1.0
CHECK_S: Final = 5.0
REMIND_S: Final = 15.0
STANDING_S: Final = 300.0
"""How often a containment in force is read back."""
SNAPSHOTS_S: Final = 60.0
HOUSE_S: Final = 6 * 3600.0
LATER_S: Final = 3.0
"""How long after the start ways out and their meters are first read, where ``meters.LATER_S`` says nothing else."""

ARRIVAL_S: Final = 30.0
"""How long a watch that ends with its consoles waits for the first one."""

COLLECTORS: Final[dict[str, Collector]] = {
    "securityhub": securityhub,
    "guardduty": guardduty,
    "trail": trail,
    "alarms": alarms,
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a single round brought; ``states`` are those of the sources that it asked."""

    counts: Counts
    states: Sequence[SourceState]


def scope(config: Config, world: World) -> list[SourceKey]:
    """Every service in every region of every account that the configuration lists and the world admits.

    The trail's besides where the partition records IAM and the global endpoint of STS, configured or not.
    """
    found = [
        SourceKey(service, account.account, region)
        for account in config.accounts
        if account.account in world.accounts
        for region in account.regions
        for service in (*COLLECTORS, *meters.MADE)
        if service not in account.exclude
    ]
    if everywhere := trail.GLOBAL_REGION.get(world.partition):
        found += [SourceKey(trail.SERVICE, key.account, everywhere) for key in found if key.service == trail.SERVICE]
    return list(dict.fromkeys(found))


async def watch(
    folder: StateFolder,
    config: Config,
    *,
    once: bool = False,
    linger_s: float | None = None,
    whole: Config | None = None,
) -> Report | None:
    """Watch until told to end; with ``once``, read every source one time and report.

    ``linger_s`` ends it that long after the last console left; None means never. ``whole`` is what ``config``
    narrows for this run: its sources are not read and stay in scope, so that nobody takes them for clear. Raises
    ``store.state.LockHeld`` when another process watches this store already.
    """
    with folder.lock(LOCK):
        async with (
            Keeper(folder) as keeper,
            Door.open(config, folder.world, "watch", Mode.READ, WHO) as door,
        ):
            everything = [
                key
                for settings in (whole, config)
                if settings is not None
                for key in (
                    *scope(settings, folder.world),
                    *listening.keys(settings, folder.world),
                    *escalation.keys(settings, folder.world),
                )
            ]
            await keeper.do(sources.scope, dict.fromkeys(everything))
            pollers = _pollers(config, folder, keeper, door)
            duties = Duties(folder, config, keeper, door)
            rules = Rules(folder, config, keeper)
            escalating = Escalation(folder, config, keeper, door)
            if once:
                report = await _once(keeper, pollers)
                await rules.run()
                await duties.warn_of_clocks()
                await duties.warn_of_handoffs()
                await duties.rescore()
                await duties.correlate()
                await duties.read_others()
                await escalating.round()
                return report
            touched = await asyncio.to_thread(posture.Touched, folder)
            more: dict[str, Callable[[], Awaitable[None]]] = {"escalation": escalating.round}
            if config.heartbeat is not None and config.heartbeat.account in folder.world.accounts:
                more["heartbeat at AWS"] = Heartbeat(config.heartbeat, keeper, door, escalating).beat
            await _reside(duties, rules, pollers, keeper, touched, more, linger_s)
            return None


def _pollers(config: Config, folder: StateFolder, keeper: Keeper, door: Door) -> list[Poller | Listener]:
    context = context_of(config)
    world = folder.world
    collectors = COLLECTORS | {service: make(config, keeper, folder) for service, make in meters.MADE.items()}
    pollers: list[Poller | Listener] = []

    def alarm(dead: SourceKey) -> None:
        """An endpoint is gone: what else it answers for is asked now, not at the next interval."""
        for poller in pollers:
            same_place = (poller.key.account, poller.key.region) == (dead.account, dead.region)
            if same_place and poller.key != dead:
                poller.poke()

    def told(key: SourceKey) -> None:
        for poller in pollers:
            same_place = (poller.key.account, poller.key.region) == (key.account, key.region)
            if same_place and poller.key.service == meters.AFTERWARDS.get(key.service):
                poller.poke()

    for key in scope(config, world):
        interval: float = getattr(config.intervals, key.service)
        slower = partial(pace.of_trail, key=key, usual_s=interval, settings=config.push)
        paced = slower if key.service == trail.SERVICE else None
        pollers.append(Poller(key, collectors[key.service], door, keeper, context, interval, alarm, told, paced))

    def ask(key: SourceKey) -> None:
        for poller in pollers:
            if poller.key == key:
                poller.poke()

    if config.push is not None and listening.keys(config, world):
        pollers.append(Listener(config.push, door, keeper, context, scope(config, world), ask))
    return pollers


async def _once(keeper: Keeper, pollers: Sequence[Poller | Listener]) -> Report:
    counts = Counts()
    later = frozenset().union(*meters.WAVES)
    for wave in (None, *meters.WAVES):
        some = [one for one in pollers if (one.key.service in wave if wave else one.key.service not in later)]
        for _, part in await asyncio.gather(*(poller.ask() for poller in some)):
            counts += part
        await meters.judge(keeper)
    asked = {poller.key for poller in pollers}
    return Report(counts, [state for state in await keeper.do(_states) if state.key in asked])


def _states(conn: Connection) -> list[SourceState]:
    return sources.states(conn, now=datetime.now(UTC))


async def _evaluate_touched(touched: posture.Touched, pollers: Sequence[Poller | Listener]) -> None:
    """Whoever mends something sees it pass now, not within the hour. What is no place of ours, as IAM's global one, is
    about the whole account."""
    ours = {(poller.key.account, poller.key.region): poller for poller in pollers if _is_posture(poller)}
    for place in await asyncio.to_thread(touched.places):
        here = ours.get((place.account, place.region))
        for poller in [here] if here else [one for one in ours.values() if one.key.account == place.account]:
            poller.poke()


def _is_posture(poller: Poller | Listener) -> bool:
    return poller.key.service == posture.SERVICE


async def _reside(
    duties: Duties,
    rules: Rules,
    pollers: Sequence[Poller | Listener],
    keeper: Keeper,
    touched: posture.Touched,
    more: Mapping[str, Callable[[], Awaitable[None]]],
    linger_s: float | None,
) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, end.set)
    await duties.beat()
    tasks = [
        asyncio.create_task(_every(BEAT_S, duties.beat), name="heartbeat"),
        asyncio.create_task(_every(TICK_S, duties.apply_ledger), name="ledger"),
        asyncio.create_task(_every(TICK_S, duties.end_snoozes), name="snoozes"),
        asyncio.create_task(_every(TICK_S, rules.run), name="rules"),
        asyncio.create_task(_every(REMIND_S, rules.report), name="rules' standing"),
        asyncio.create_task(_every(REMIND_S, duties.remind), name="reminders"),
        asyncio.create_task(_every(REMIND_S, duties.remind_of_actions), name="owed"),
        asyncio.create_task(_every(REMIND_S, duties.warn_of_clocks), name="clocks"),
        asyncio.create_task(_every(REMIND_S, duties.warn_of_handoffs), name="handoffs"),
        asyncio.create_task(_every(REMIND_S, duties.note_ended), name="ended"),
        asyncio.create_task(_every(CHECK_S, duties.look_after_actions), name="actions"),
        asyncio.create_task(_every(REMIND_S, duties.rescore), name="scores"),
        asyncio.create_task(_every(REMIND_S, lambda: meters.judge(keeper)), name="sanity"),
        asyncio.create_task(_every(TICK_S, duties.correlate), name="incidents"),
        asyncio.create_task(_every(CHECK_S, duties.read_others), name="other scanners"),
        asyncio.create_task(_every(TICK_S, lambda: _evaluate_touched(touched, pollers)), name="posture anew"),
        asyncio.create_task(_every(STANDING_S, duties.look_at_containments), name="containments"),
        asyncio.create_task(_every(SNAPSHOTS_S, duties.follow_snapshots), name="snapshots"),
        asyncio.create_task(_every(HOUSE_S, duties.keep_house), name="housekeeping"),
        *(asyncio.create_task(_every(CHECK_S, duty), name=name) for name, duty in more.items()),
        *(asyncio.create_task(_begin(poller), name=sources.origin_of(poller.key)) for poller in pollers),
    ]
    if linger_s is not None:
        tasks.append(asyncio.create_task(_linger(duties, linger_s, end), name="linger"))
    try:
        await end.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await keeper.do(sources.leave, os.getpid())


async def _begin(poller: Poller | Listener) -> None:
    """Findings are what somebody waits for: what knows many services, and loads as many, begins a little later."""
    if poller.key.service in meters.MADE:
        await asyncio.sleep(meters.LATER_S.get(poller.key.service, LATER_S))
    await poller.run()


async def _every(seconds: float, duty: Callable[[], Awaitable[None]]) -> None:
    """Run a duty again and again. What fails is logged and tried at the next round: no duty ends another."""
    loop = asyncio.get_running_loop()
    at = loop.time()
    while True:
        try:
            await duty()
        except (AwsTrouble, LedgerError, OSError) as trouble:
            log.warning("%s: %s", getattr(duty, "__name__", "duty"), trouble)
        except Exception:  # a fault of ours in one duty must not stop the others
            log.exception("%s", getattr(duty, "__name__", "duty"))
        at = max(at + seconds, loop.time())
        await asyncio.sleep(at - loop.time())


async def _linger(duties: Duties, linger_s: float, end: asyncio.Event) -> None:
    """End the watch ``linger_s`` after the last console's heartbeat; the first console gets time to arrive."""
    loop = asyncio.get_running_loop()
    leave_at = loop.time() + max(linger_s, ARRIVAL_S)
    while loop.time() < leave_at:
        with contextlib.suppress(Exception):  # a busy store says nothing about consoles; ask again
            if await duties.consoles():
                leave_at = loop.time() + linger_s
        await asyncio.sleep(TICK_S)
    end.set()
