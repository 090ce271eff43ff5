"""The desk: what all screens share. One reader of the store for the event loop, one for threads, the actor's link,
the clock, and the words that header and empty lists take from the sources.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

from socconsole.commands import BY_ID, AskTalkers, Command, Decision, ProveResponder, Respond, Send, StandDown
from socconsole.model.mode import Mode
from socconsole.model.source import Freshness, SourceState
from socconsole.model.standing import State
from socconsole.model.wire import Failed, Progress
from socconsole.model.world import WorldKind
from socconsole.screens import health, replies, words
from socconsole.screens.duty import Duty
from socconsole.screens.keymap import Keymap
from socconsole.screens.replies import Said
from socconsole.store import clear, db, quarantine, session, sources
from socconsole.store.filter import View
from socconsole.store.queue import Count, QueueReader, QueueRow, Sort
from socconsole.text import clean
from socconsole.triage.query import Query, parse
from socconsole.widgets.header import HeaderState, SourceNote

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.model.action import ActionRecord
    from socconsole.screens.console import Console
    from socconsole.screens.link import ActorLink
    from socconsole.store.case_glance import Glance, Nearest
    from socconsole.store.state import StateFolder

P = ParamSpec("P")
T = TypeVar("T")

TARGET_S: Final = 15 * 60
"""How long a threat may wait for anybody."""
_HIDDEN: Final = (State.SNOOZED, State.RESOLVED)
_PAST: Final = 50
"""Answers of a kind that are remembered."""
_SOURCES_S: Final = 0.5
_WATCH_STARTS_S: Final = 10.0
"""How long after its own start a console takes a silent watch for one that is starting."""
_UNACKED: Final = parse("unacked")
_SERVICES: Final = {"securityhub": "hub"}


class Desk:
    """Belongs to the event loop, except for the methods that say otherwise."""

    def __init__(
        self,
        app: Console,
        folder: StateFolder,
        config: Config,
        keymap: Keymap,
        analyst: str,
        read_only: bool,
    ) -> None:
        self.app = app
        self.folder = folder
        self.config = config
        self.keymap = keymap
        self.analyst = analyst
        self._read_only = read_only
        self.world = folder.world
        self.session = session.load(folder.root)
        self.local_time = self.session.local_time
        self.conn = db.connect(folder.store_db, readonly=True)
        self.queue = QueueReader(folder.store_db, me=analyst, hide=_HIDDEN)
        self.link: ActorLink | None = None
        self.told: dict[str, dict[str, Any]] = {}
        """What flow logs last answered, by way out."""
        self._in_background: QueueReader | None = None
        self._background_lock = threading.Lock()
        self._sources: tuple[float, int, list[SourceState], bool] | None = None
        self._oldest: QueueRow | None = None
        self._unacked = 0
        self._doubt = 0
        self._glance: Glance | None = None
        self._nearest: Nearest | None = None
        self._others: tuple[str, ...] = ()
        self.duty = Duty(analyst)
        self._past: dict[str, list[str]] = {}
        self._opened = time.monotonic()

    def close(self) -> None:
        self.conn.close()
        self.queue.close()
        with self._background_lock:
            if self._in_background is not None:
                self._in_background.close()

    @property
    def _background(self) -> QueueReader:
        """The reader for threads, made when one first asks; for whoever holds its lock."""
        if self._in_background is None:
            self._in_background = QueueReader(self.folder.store_db, me=self.analyst, hide=_HIDDEN)
        return self._in_background

    # -- time ------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return datetime.now(UTC)

    def stamp(self, at: datetime | None) -> str:
        return words.stamp(at, local=self.local_time)

    # -- sources and what follows from them ----------------------------------------------------------------

    def sources(self) -> list[SourceState]:
        """Every source in scope as it stands now."""
        return self._read_sources()[0]

    def watch_alive(self) -> bool:
        return self._read_sources()[1]

    @property
    def starting(self) -> bool:
        """Whether a watch may be on its way: none is known to live, and none had the time to say so."""
        awaited = self.world.kind is not WorldKind.IMPORT and bool(self.config.accounts)
        return awaited and time.monotonic() - self._opened < _WATCH_STARTS_S and not self.watch_alive()

    def reading(self) -> list[SourceState]:
        """Sources that have not answered ever, while a watch lives or begins: they are being read now."""
        states, alive = self._read_sources()
        return [s for s in states if s.freshness is Freshness.NEVER] if alive or self.starting else []

    def health(self, *, threats: bool = False) -> health.Health:
        """How far an absence can be believed; ``threats``: that of threats, for which posture says nothing."""
        states, alive = self._read_sources()
        states = clear.of_threats(states) if threats else states
        held, _ = quarantine.counts(self.conn)
        judged = clear.judge(states, world=self.world.kind, watch_alive=alive, held=held)
        return health.of(judged, starting=self.starting)

    def _read_sources(self) -> tuple[list[SourceState], bool]:
        clock, version = sources.host_clock(), self.queue.version()
        known = self._sources
        if known is not None and known[1] == version and 0 <= clock.seconds - known[0] < _SOURCES_S:
            return known[2], known[3]
        states = sources.states(self.conn, now=self.now())
        alive = sources.watch_alive(self.conn)
        self._sources = (clock.seconds, version, states, alive)
        return states, alive

    def held_back(self) -> str:
        """What lies in quarantine, in words; empty when nothing does."""
        held, deferred = quarantine.counts(self.conn)
        parts = [f"{held:,} in quarantine"] if held else []
        return ", ".join([*parts, f"{deferred:,} deferred"] if deferred else parts)

    def standing_actions(self) -> list[ActionRecord]:
        """Containments in doubt, then those in force, each oldest first."""
        from socconsole.store import actions

        doubt = actions.in_doubt(self.conn)
        return [*doubt, *actions.in_force(self.conn)]

    # -- the header --------------------------------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        """What the actor allows; without one, what the config allows at most, and never RESPOND."""
        if self.link is not None and self.link.mode is not None:
            return self.link.mode
        return Mode.READ if self._read_only else self.config.limit

    def header(self, *, wide: bool) -> HeaderState:
        """All that the header shows; ``wide`` where it has room to name sources instead of counting them."""
        now = self.now()
        waited = (now - self._oldest.seen).total_seconds() if self._oldest is not None else 0.0
        accounts = self.config.accounts
        regions = sorted({region for account in accounts for region in account.regions})
        place = " ".join(filter(None, (accounts[0].name, accounts[0].account))) if accounts else ""
        drill = self.world.drill
        deadline, deadline_style = self._deadline(now)
        return HeaderState(
            mode=self.mode,
            world=self.world.kind,
            place=place + (f" +{len(accounts) - 1}" if len(accounts) > 1 else ""),
            region=(regions[0] + (f" +{len(regions) - 1}" if len(regions) > 1 else "")) if regions else "",
            who=self.analyst,
            shift=self.duty.words(now, local=self.local_time),
            clock=words.clock(now, local=self.local_time),
            mode_note=self._mode_note(),
            scenario=drill.scenario if drill is not None else "",
            sources=tuple(self._notes() if wide else self._one_each()),
            watch_alive=self.watch_alive() or self.world.kind is WorldKind.IMPORT,
            watch_starting=self.starting,
            unacked=self._unacked,
            oldest=_minutes(waited),
            late=waited > TARGET_S,
            deadline=deadline,
            deadline_style=deadline_style,
            others=self._others,
            alert=f"{self._doubt} IN DOUBT" if self._doubt else "",
        )

    def _deadline(self, now: datetime) -> tuple[str, str]:
        if self._nearest is None:
            return "", "text"
        from socconsole.screens import clock_words  # clocks are for who has a case

        return clock_words.headline(self._nearest, now)

    def _mode_note(self) -> str:
        if self.link is None:
            return ""
        if self.link.alive:
            return ""
        return f"no actor: {self.link.trouble}" if self.link.trouble else "actor starting"

    def _notes(self) -> list[SourceNote]:
        """One note for all places of a service that answer alike; what is wrong says where, or in how many."""
        groups: dict[tuple[str, Freshness], list[SourceState]] = {}
        totals: dict[str, int] = {}
        for state in self.sources():
            groups.setdefault((state.key.service, state.freshness), []).append(state)
            totals[state.key.service] = totals.get(state.key.service, 0) + 1
        out: list[SourceNote] = []
        reading = bool(self.reading())
        for (service, freshness), states in groups.items():
            oldest = max((s.age_s for s in states if s.age_s is not None), default=None)
            read_now = reading and freshness is Freshness.NEVER
            said = "" if freshness is Freshness.FRESH else "reading" if read_now else freshness.value.lower()
            if len(states) == 1 and totals[service] > 1:
                said += f" {states[0].key.region}"
            elif len(states) < totals[service]:
                said += f" {len(states)} of {totals[service]}"
            when = words.age(oldest) if oldest is not None else ""
            out.append(SourceNote(_SERVICES.get(service, service), freshness, when, said.strip(), read_now))
        return out

    def _one_each(self) -> list[SourceNote]:
        reading = {state.key for state in self.reading()}
        return [SourceNote(s.key.service, s.freshness, reading=s.key in reading) for s in self.sources()]

    async def look_up(self) -> None:
        """Read in a thread what the header needs and an index alone does not give."""
        found = await asyncio.to_thread(self._look_up)
        self._oldest, self._unacked, self._doubt, self._others, self._nearest = found

    def _look_up(self) -> tuple[QueueRow | None, int, int, tuple[str, ...], Nearest | None]:
        from socconsole.store import actions
        from socconsole.store.case_glance import Glance

        now = self.now()
        with self._background_lock, contextlib.closing(db.connect(self.folder.store_db, readonly=True)) as conn:
            oldest = self._background.oldest_unacknowledged(now)
            unacked = self._background.count(View.THREATS, _UNACKED, now=now).n if oldest is not None else 0
            doubt = len(actions.in_doubt(conn))
            others = tuple(clean(p.who, 40) for p in sources.present(conn) if p.pid != os.getpid())
            self._glance = self._glance or Glance(self.config)
            nearest = self._glance.nearest(conn, now)
            self.duty.look(conn)
        return oldest, unacked, doubt, others, nearest

    # -- what was typed before ---------------------------------------------------------------------------

    def past(self, kind: str) -> tuple[str, ...]:
        """Earlier answers of a kind, the latest last; gone when the console ends, as a reason may name people."""
        return tuple(self._past.get(kind, ()))

    def remember(self, kind: str, line: str) -> None:
        """Keep an answer; one that was given before moves to the end."""
        if not kind or not line.strip():
            return
        kept = self._past.setdefault(kind, [])
        if line in kept:
            kept.remove(line)
        kept.append(line)
        del kept[:-_PAST]

    # -- for threads -------------------------------------------------------------------------------------

    def ids(self, view: View, query: Query, sort: Sort, limit: int) -> list[str]:
        """Ids in the order of the table. For a thread."""
        with self._background_lock:
            return self._background.ids(view, query, sort=sort, now=self.now(), limit=limit)

    def count(self, view: View, query: Query) -> Count:
        """An exact count, however long it takes. For a thread."""
        with self._background_lock:
            return self._background.count(view, query, now=self.now())

    def newest_critical(self, since: datetime) -> QueueRow | None:
        """The latest critical threat that came after ``since``. For a thread."""
        with self._background_lock:
            return self._background.newest_critical_since(since, now=self.now())

    def snoozed_about(self, target: str) -> str:
        """What stays hidden of a target that is opened to others again; empty for nothing. For a thread."""
        from socconsole.store import snoozed

        return snoozed.sentence(snoozed.about(self.folder, target, self.now()))

    def findings_json(self, ids: Sequence[str], now: datetime) -> list[dict[str, Any]]:
        """Findings as ``findings --json`` prints them. For a thread."""
        from socconsole.store import reading

        with contextlib.closing(db.connect(self.folder.store_db, readonly=True)) as conn:
            return [reading.findings_json(stored, now) for stored in reading.each(conn, ids, now)]

    async def read(self, question: Callable[Concatenate[db.Connection, P], T], *args: P.args, **named: P.kwargs) -> T:
        """What ``question`` reads from the store, on a connection and in a thread of its own."""

        def answered() -> T:
            with db.reading(self.folder) as conn:
                return question(conn, *args, **named)

        return await asyncio.to_thread(answered)

    # -- deciding ------------------------------------------------------------------------------------------

    def command(self, id_: str) -> Command:
        return BY_ID[id_]

    async def decide(self, request: Decision, done: str) -> Said:
        """Put a decision on the ledger (in a thread: it waits for the disk); what to say of it."""
        from socconsole.store import decisions  # with it comes the signing key's library: not before it is needed
        from socconsole.store.ledger import EntryRefused, LedgerError
        from socconsole.store.project import ProjectError

        mode = self.mode
        try:
            decided = await asyncio.to_thread(decisions.decide, self.folder, request, self.analyst, mode, self.now())
        except (decisions.DecisionRefused, EntryRefused, LedgerError, ProjectError, self.conn.Error) as trouble:
            return f"not recorded: {clean(str(trouble), 300)}", "error"
        self.app.poll()
        reasons = "; ".join(sorted({clean(why, 120) for _, why in decided.skipped}))
        if not decided.ids:
            return f"nothing was recorded: {reasons or 'it is so already'}", "warning"
        said = f"{done}: {words.plural(len(decided.ids), 'finding')}, ledger entry {decided.seq:,}"
        if decided.skipped:
            said += f"; {len(decided.skipped)} left as they are ({reasons})"
        if not decided.projected:
            said += "; the store is busy and will show it shortly"
        if mode is Mode.READ:
            said += "; READ: not sent (:send, once in TRIAGE)"
        return said, "good"

    # -- the actor -----------------------------------------------------------------------------------------

    async def respond(self, reason: str) -> Said:
        if not reason.strip():
            return ":respond REASON: why this session has to contain", "warning"
        return self._mode(await self._ask(Respond(reason=reason.strip())))

    async def stand_down(self) -> Said:
        return self._mode(await self._ask(StandDown()))

    async def send(self, *, include_read: bool) -> Said:
        return replies.sent(await self._ask(Send(include_read=include_read)))

    async def prove_responder(self) -> object:
        """Whether the responder role of each account can be had now: a ``Proven``, or why nobody can tell."""
        return await self._ask(ProveResponder())

    async def ask_talkers(self, request: AskTalkers, heard: Callable[[Progress], None]) -> object:
        """Ask who a way out talks to; ``heard`` is told how much was scanned so far."""
        if self.link is None:
            return Failed(kind="fault", why="the actor has not been started yet")
        return await self.link.ask(request, heard)

    async def stop(self, request: AskTalkers) -> None:
        """Give a question up."""
        if self.link is not None:
            await self.link.stop(request)

    def _mode(self, reply: object) -> Said:
        self.app.show_status()
        return replies.mode(reply)

    async def _ask(self, request: Respond | StandDown | Send | ProveResponder) -> object:
        if self.link is None:
            return Failed(kind="fault", why="the actor has not been started yet")
        return await self.link.ask(request)


def _minutes(seconds: float) -> str:
    whole = max(0, int(seconds))
    return f"{whole // 60:02}:{whole % 60:02}" if whole < 6_000 else words.age(whole)
