"""Plays a scenario's timeline: moves that happen only while the world still lets them.

The engine is driven by the drill's clock. :meth:`Engine.advance` does everything that is due, in order, each
thing dated at its own moment; a running drill calls it from a thread, a test by hand, a resumed drill in
leaps between the requests it replays.
"""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from socconsole.drill import estate, exposure, iamcheck, roles
from socconsole.drill.clock import stamp
from socconsole.drill.errors import AwsError
from socconsole.drill.flows import Unreachable
from socconsole.drill.policy import Decision, evaluate
from socconsole.drill.publish import publish
from socconsole.drill.scenario import BadScenario, Invokes, Path, Scenario, Step, Stream, filled
from socconsole.drill.traffic import Spans

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud
    from socconsole.drill.principals import Principal

TICK_S = 1.0
"""Host seconds between looks at the world while nothing is due: how soon a cut shows in the byte counts."""


@dataclass(slots=True)
class Flow:
    """What has left by a path. ``open`` is how it was at the last look, times are RFC 3339 scenario time."""

    bytes: int = 0
    open: bool = False
    opened: str = ""
    last_byte: str = ""


class Engine:
    def __init__(self, cloud: Cloud, scenario: Scenario, variables: dict[str, str]) -> None:
        self.cloud = cloud
        self.scenario = scenario
        self.variables = variables
        self.done: dict[str, int] = {}
        """Step → how often it has happened."""
        self.flows: dict[str, Flow] = {path.id: Flow() for path in scenario.path}
        cloud.traffic.paths = {path.id: (path, Spans()) for path in scenario.path}
        cloud.traffic.invokes = {one.id: (one, Spans()) for one in scenario.invokes}
        cloud.delivery.every, cloud.delivery.lag = scenario.delivery.every, scenario.delivery.lag
        cloud.delivery.reader = self._reader
        self._due: list[tuple[float, int, Step]] = [
            (step.at, number, step) for number, step in enumerate(scenario.step)
        ]
        heapq.heapify(self._due)
        self._invoking: list[str] = []
        self._position = 0.0
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # --- driving -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Play on a thread, at the speed of the clock."""
        self._thread = threading.Thread(target=self._run, name="drill-engine", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stop.is_set():
            self.advance(self.cloud.clock.now())
            with self._lock:
                wait = TICK_S
                if self._due:
                    moment = self._moment(self._due[0][0])
                    wait = min(TICK_S, max(0.01, self.cloud.clock.host_seconds_until(moment)))
            self._stop.wait(wait)

    def skip(self, seconds: float) -> None:
        """Move the clock forward and let everything that falls into the gap happen."""
        self.cloud.clock.skip(seconds)
        self.advance(self.cloud.clock.now())

    def _moment(self, position: float) -> datetime:
        return self.cloud.clock.moment(position)

    def advance(self, to: datetime) -> None:
        """Do all that is due up to ``to``; earlier times than already reached change nothing."""
        with self._lock:
            end = self.cloud.clock.position(to)
            self._look()  # a cut made since the last time counts from then on
            while self._due and self._due[0][0] <= end:
                at, number, step = heapq.heappop(self._due)
                self._flow(at)
                with self.cloud.clock.at(self._moment(at)):
                    self._step(step, self._moment(at))
                self._look()
                if step.every and at + step.every <= step.until:
                    heapq.heappush(self._due, (at + step.every, number, step))
            self._flow(end)
            self._look()

    # --- what happens ------------------------------------------------------------------------------------

    def _step(self, step: Step, now: datetime) -> None:
        if not all(self.holds(condition) for condition in step.when):
            return
        try:
            for deed in step.do:
                if deed.by:
                    key = estate.cast_key(self.cloud, self.scenario.cast[deed.by])
                else:
                    key = roles.builder_key(deed.account)
                self.variables |= estate.perform(self.cloud, deed, key, self.variables)
            for stream in step.streams:
                self._stream(stream)
        except (AwsError, Unreachable):
            return  # the world refused: it is in the journal, and nothing comes of it
        repeated = self.done.get(step.id, 0)
        more = step.grow + self.cloud.ids.number(0, step.grow // 4, step.id, repeated)
        for name in step.findings:
            spec = filled(self.scenario.finding[name], self.variables)
            publish(self.cloud, name, spec, now, more, deed=bool(step.do))
        self.done[step.id] = repeated + 1

    def _stream(self, stream: Stream) -> None:
        """Raises ``Unreachable``."""
        account, region, instance, to = (
            filled(one, self.variables) for one in (stream.account, stream.region, stream.instance, stream.to)
        )
        self.cloud.flows.start(
            account, region, instance, to, port=stream.port, bytes_per_second=stream.bytes_per_second
        )

    def holds(self, condition: str) -> bool:
        """Whether a condition of a step is true now; raises ``BadScenario`` for one nobody understands."""
        words = filled(condition, self.variables).split()
        if words[0] == "not":
            return not self.holds(" ".join(words[1:]))
        try:
            match words:
                case ["public", bucket]:
                    return exposure.exposed(bucket).public
                case ["readable", bucket, account]:
                    state = exposure.exposed(bucket)
                    return state.public or account in state.accounts
                case ["can", cast, action, resource]:
                    return self._can(cast, action, resource)
                case ["done", step]:
                    return step in self.done
        except KeyError:
            return False  # the bucket is gone
        raise BadScenario(f"{self.scenario.name}: nobody understands the condition {condition!r}")

    def _can(self, cast: str, action: str, resource: str) -> bool:
        one = self.scenario.cast[cast]
        try:
            who = self.cloud.directory.lookup(estate.cast_key(self.cloud, one), "")
        except AwsError:
            return False
        documents = iamcheck.policies(who)
        context = iamcheck.identity_context(who)
        return documents is not None and evaluate(documents, action, resource, context).decision is Decision.ALLOWED

    def _reader(self, path: Path) -> tuple[Principal, str] | None:
        """Who signs what is read by a path, and with which key; None once its credentials may not read."""
        if not path.by or not self._can(path.by, "s3:GetObject", f"arn:aws:s3:::{path.bucket}/*"):
            return None
        key = estate.cast_key(self.cloud, self.scenario.cast[path.by])
        return self.cloud.directory.lookup(key, ""), key

    def _open(self, path: Path | Invokes) -> bool:
        return path.since in self.done and all(self.holds(condition) for condition in path.when)

    def _flow(self, position: float) -> None:
        """Count what left since the last look, and let the alarms see it at each minute that ended meanwhile."""
        for minute in self.cloud.alarms.minutes(self._position, position):
            self._count(minute)
            with self.cloud.clock.at(self._moment(minute)):
                self.cloud.alarms.evaluate()
        self._count(position)

    def _count(self, position: float) -> None:
        """Count what left up to a position, by the paths that were open at the last look."""
        passed = position - self._position
        if passed <= 0:
            return
        for path in self.scenario.path:
            flow = self.flows[path.id]
            if flow.open:
                flow.bytes += int(path.bytes_per_second * passed)
                flow.last_byte = stamp(self._moment(position))
                self.cloud.traffic.paths[path.id][1].passed(self._position, position)
        for name in self._invoking:
            self.cloud.traffic.invokes[name][1].passed(self._position, position)
        self.cloud.flows.pass_to(position)
        self.cloud.traffic.pass_to(position)
        self.cloud.delivery.pass_to(position)
        self._position = position

    def _look(self) -> None:
        """Which paths are open now, after whatever the timeline or a responder did."""
        self.cloud.flows.look()
        self.cloud.traffic.look()
        self._invoking = [one.id for one in self.scenario.invokes if one.since and self._open(one)]
        for path in self.scenario.path:
            flow = self.flows[path.id]
            flow.open = self._open(path)
            if flow.open and not flow.opened:
                flow.opened = stamp(self._moment(self._position))

    def scores(self) -> dict[str, Any]:
        """What has left, by path, and which steps have happened: for the score of a drill."""
        with self._lock:
            flows = {
                name: {
                    "bytes": flow.bytes,
                    "open": flow.open,
                    "opened": flow.opened or None,
                    "last_byte": flow.last_byte or None,
                }
                for name, flow in self.flows.items()
            }
            streams = [
                {
                    "instance": one.instance,
                    "to": one.to,
                    "via": one.via,
                    "bytes": one.bytes,
                    "ended": one.ended or None,
                    "last_byte": one.last_byte or None,
                }
                for one in self.cloud.flows.all
            ]
            return {"paths": flows, "streams": streams, "steps": dict(self.done)}
