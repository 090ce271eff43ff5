"""Starting, finding and stopping the embedded AWS of a drill; for the command line. Imports no moto."""

from __future__ import annotations

import fcntl
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from socconsole.drill import scenario as scenarios
from socconsole.drill.scenario import BadScenario, Company
from socconsole.model.world import DrillWorld, World, WorldKind
from socconsole.processes import ours

READY_WITHIN_S = 60.0
LINGER_S = 60.0
KEEP = "drill.keep"

_children: list[subprocess.Popen[bytes]] = []
"""Kept so that they are reaped; they are meant to outlive us."""


class DrillError(Exception):
    """The drill cannot be started or stopped; ``remedy`` names what would help."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Running:
    """An embedded AWS that answers. ``token`` opens ``/_drill/`` (header ``X-Drill-Token``)."""

    port: int
    pid: int
    world: World
    token: str
    push: Mapping[str, Any] | None = None
    """``[push]`` of the configuration that goes with it; None where everything is polled."""


@dataclass(frozen=True, slots=True)
class ScenarioInfo:
    name: str
    title: str
    summary: str
    speed: float
    accounts: tuple[tuple[str, str], ...]
    """(account id, name), the analyst's own first."""
    regions: tuple[str, ...]
    company: Company


def list_scenarios() -> list[ScenarioInfo]:
    return [describe(name) for name in scenarios.names()]


def describe(name: str) -> ScenarioInfo:
    """Raises :class:`DrillError` for a scenario that is not there."""
    try:
        story = scenarios.load(name)
    except BadScenario as error:
        raise DrillError(str(error), "socconsole drill --list") from error
    accounts = tuple((account, label) for label, account in story.accounts.items())
    return ScenarioInfo(name, story.title, story.summary, story.speed, accounts, story.regions, story.company)


def start(
    folder: Path,
    scenario: str = "leak",
    seed: int = 1,
    speed: float | None = None,
    port: int = 0,
    *,
    started: datetime | None = None,
    push: bool = False,
    linger: float = LINGER_S,
) -> Running:
    """Start a drill's AWS and wait until it answers; ``speed`` None is the scenario's own, ``push`` gives it a queue.

    It runs in a session of its own, writes to ``logs/drill.log``, and ends ``linger`` seconds after the
    last holder of :func:`hold` is gone. Where the folder has a journal its changes are done again.
    """
    info = describe(scenario)
    command = ours("socconsole.drill.server", "--folder", str(folder))
    command += ["--scenario", scenario, "--seed", str(seed), "--port", str(port)]
    command += ["--started", (started or datetime.now(UTC)).isoformat()]
    command += ["--speed", str(speed or info.speed), "--linger", str(linger)]
    command += ["--push"] if push else []
    for name in ("locks", "logs"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    log = folder / "logs" / "drill.log"
    _children[:] = [one for one in _children if one.poll() is None]
    with log.open("ab") as errors:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            cwd=folder,
        )
    _children.append(child)
    line = _first_line(child)
    if not line:
        child.kill()
        child.wait()
        raise DrillError(f"the embedded AWS did not start: {_tail(log)}", f"read {log}")
    return _running(orjson.loads(line), info)


def resume(folder: Path, world: World, *, push: bool = False, linger: float = LINGER_S) -> Running:
    """Start the AWS of an existing drill again: same port, seed, time zero and speed, changes replayed."""
    if world.drill is None:
        raise DrillError("this state folder belongs to no drill")
    drill = world.drill
    if (running := find(folder)) is not None:
        return running
    return start(
        folder,
        drill.scenario,
        drill.seed,
        drill.speed,
        drill.port,
        started=drill.started,
        push=push,
        linger=linger,
    )


def find(folder: Path) -> Running | None:
    """The AWS that runs in a folder; None when none does."""
    path = folder / "locks" / "drill.server"
    if not path.exists() or not _locked(path):
        return None
    try:
        facts = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return None  # it is still starting
    return _running(facts, describe(facts["scenario"]))


def stop(folder: Path, *, within: float = 10.0) -> bool:
    """End the AWS that runs in a folder; False when none did. Raises :class:`DrillError` if it stays."""
    running = find(folder)
    if running is None:
        return False
    os.kill(running.pid, signal.SIGTERM)
    path, deadline = folder / "locks" / "drill.server", time.monotonic() + within
    while _locked(path):
        if time.monotonic() > deadline:
            raise DrillError(f"the embedded AWS (pid {running.pid}) does not end", f"kill {running.pid}")
        time.sleep(0.02)
    for child in _children:
        if child.pid == running.pid:
            child.wait(within)
    return True


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep a drill's AWS alive for as long as this lasts: a shared lock on its keep file."""
    path = folder / "locks" / KEEP
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def _running(facts: dict[str, object], info: ScenarioInfo) -> Running:
    port, pid = int(str(facts["port"])), int(str(facts["pid"]))
    drill = DrillWorld(
        scenario=info.name,
        seed=int(str(facts["seed"])),
        port=port,
        started=datetime.fromisoformat(str(facts["started"])),
        speed=float(str(facts["speed"])),
    )
    accounts = tuple(account for account, _ in info.accounts)
    push = facts.get("push")
    world = World(WorldKind.DRILL, accounts=accounts, drill=drill)
    return Running(port, pid, world, str(facts["token"]), push if isinstance(push, dict) else None)


def _first_line(child: subprocess.Popen[bytes]) -> bytes:
    """The child's first line of output; empty when it ended or took too long."""
    if child.stdout is None:
        return b""
    with child.stdout as out, selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        return out.readline() if selector.select(READY_WITHIN_S) else b""


def _locked(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
