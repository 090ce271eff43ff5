"""The embedded AWS inside a test's own process: a thread, a real port, and the world's insides at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType
from typing import Any

from socconsole.drill import scenario
from socconsole.drill.clock import Clock, host_now
from socconsole.drill.cloud import Cloud
from socconsole.drill.engine import Engine
from socconsole.drill.faults import Faults
from socconsole.drill.ids import Ids
from socconsole.drill.journal import Journal
from socconsole.drill.principals import BASE_KEY, BASE_SECRET
from socconsole.drill.scenario import Scenario
from socconsole.drill.serving import Listener
from socconsole.model.world import DrillWorld, World, WorldKind


class Embedded:
    """``with Embedded(scenario="leak", seed=1) as aws: ...``; one at a time in a process. A scenario that is not
    packaged is given itself.

    The timeline stands still unless ``running`` is true or :meth:`advance` is called: tests say when things
    happen. The scenario clock starts at ``started`` and runs at ``speed`` from the moment of entering.
    """

    access_key = BASE_KEY
    secret_key = BASE_SECRET

    def __init__(
        self,
        scenario: str | Scenario = "leak",
        seed: int = 1,
        speed: float = 1.0,
        *,
        running: bool = False,
        started: datetime | None = None,
        port: int = 0,
        host: Callable[[], datetime] = host_now,
    ) -> None:
        self._scenario, self._seed, self._speed = _loaded(scenario), seed, speed
        self._running, self._started, self._port, self._host = running, started, port, host
        self._cloud: Cloud | None = None
        self._engine: Engine | None = None
        self._listener: Listener | None = None

    # --- life ------------------------------------------------------------------------------------------

    def start(self) -> Embedded:
        self._build()
        self.up()
        return self

    def stop(self) -> None:
        self.down()
        self._tear()

    def __enter__(self) -> Embedded:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _build(self) -> None:
        clock = Clock(self._started or self._host(), self._speed, self._host)
        self._cloud = Cloud(self._seed, clock)
        self._engine = scenario.build(self._cloud, self._scenario)
        if self._running:
            self._engine.start()

    def _tear(self) -> None:
        if self._engine is not None:
            self._engine.stop()
        if self._cloud is not None:
            self._cloud.close()

    def reset(self) -> None:
        """The same world as new: findings, estate, journal, faults and clock; port and endpoint stay."""
        self._tear()
        self._build()
        self.up()

    def down(self) -> None:
        """Stop listening and cut open connections, as if the endpoint had died; the state stays."""
        if self._listener is not None:
            self._port = self._listener.port
            self._listener.stop()
            self._listener = None

    def up(self) -> None:
        """Listen again on the same port."""
        if self._listener is None:
            self._listener = Listener(self._app, self._port)
            self._port = self._listener.port

    def _app(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return self.cloud.gateway(environ, start)  # the cloud of this moment: a reset makes a new one

    # --- what is in it -----------------------------------------------------------------------------------

    @property
    def cloud(self) -> Cloud:
        if self._cloud is None:
            raise RuntimeError("the embedded AWS is not started")
        return self._cloud

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the embedded AWS is not started")
        return self._engine

    @property
    def port(self) -> int:
        return self._port

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def token(self) -> str:
        """For ``/_drill/``, in the header ``X-Drill-Token``."""
        return self.cloud.token

    @property
    def journal(self) -> Journal:
        return self.cloud.journal

    @property
    def faults(self) -> Faults:
        return self.cloud.faults

    @property
    def clock(self) -> Clock:
        return self.cloud.clock

    @property
    def ids(self) -> Ids:
        return self.cloud.ids

    @property
    def accounts(self) -> tuple[str, ...]:
        """Account ids; the first is the analyst's own."""
        return tuple(self.cloud.accounts)

    @property
    def regions(self) -> tuple[str, ...]:
        return self.engine.scenario.regions

    @property
    def world(self) -> World:
        return World(
            WorldKind.DRILL,
            accounts=self.accounts,
            drill=DrillWorld(self._scenario.name, self._seed, self._port, self.clock.started, self._speed),
        )

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` of scenario time pass at once: all that is due happens, in order, dated right."""
        self.engine.skip(seconds)


def _loaded(named: str | Scenario) -> Scenario:
    return scenario.load(named) if isinstance(named, str) else named
