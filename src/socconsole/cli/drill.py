"""``drill``: the tabletop exercise, on an AWS of its own that lives on 127.0.0.1."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from socconsole.cli.exits import Code, finish, say, stop
from socconsole.cli.kept import drills_root, kept_drills, resuming
from socconsole.cli.pasting import pasted
from socconsole.processes import ours

if TYPE_CHECKING:
    from socconsole.drill.launch import Running, ScenarioInfo
    from socconsole.store.state import StateFolder

LINGER_S = 10.0
"""How long the embedded AWS outlives the last console: enough to look again, not enough to be forgotten."""
_HEADLESS_POLL_S = 0.1
_WATCH_AGAIN_S = 30.0
_RECENT_S = 12 * 3600.0
"""A drill that was left this long ago is somebody's of today."""


def register(app: typer.Typer) -> None:
    app.command("drill")(drill)


def drill(
    name: Annotated[str, typer.Argument(help="Scenario.")] = "leak",
    show: Annotated[bool, typer.Option("--list", help="List the scenarios and the drills kept here.")] = False,
    speed: Annotated[
        float | None, typer.Option("--speed", min=0.1, max=600, help="Scenario seconds a second; default: its own.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same ids.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the drill in --store, or the latest one.")
    ] = False,
    headless: Annotated[
        bool, typer.Option("--headless", help="No console: run the AWS and the watch until interrupted.")
    ] = False,
    push: Annotated[
        bool, typer.Option("--push", help="AWS tells of itself: findings and trail objects through a queue.")
    ] = False,
    next_shift: Annotated[
        bool,
        typer.Option("--next-shift", help="Be the next shift of the drill that runs (or --store): take its handoff."),
    ] = False,
    store: Annotated[
        Path | None, typer.Option("--store", help="State folder of the drill; default: a new one of its own.")
    ] = None,
) -> None:
    """Work a data leak on an embedded AWS: real screens, real keys, nothing outside this machine."""
    try:
        from socconsole.drill import launch
    except ImportError as missing:
        stop(Code.BAD_INPUT, f"the drill is not installed ({missing})", "pip install 'socconsole[drill]'")
    if show:
        _list(launch.list_scenarios())
        finish(Code.DONE)
    resume = resume or next_shift
    if not resume:
        try:
            launch.describe(name)
        except launch.DrillError as error:
            stop(Code.BAD_INPUT, error.message, error.remedy)
    if not headless and not sys.stdin.isatty():
        stop(Code.BAD_INPUT, "the console needs a terminal", "socconsole drill --headless")
    if not resume and store is None:
        tell_of_another(name)
    root = store or (_latest() if resume else drills_root() / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    try:
        folder, running = _resumed(root) if resume else _started(root, name, seed, speed, push)
    except launch.DrillError as error:
        stop(Code.FAULT, error.message, error.remedy)
    if next_shift:
        folder = _next_shift(root)
    code = 0
    with launch.hold(root):
        if headless:
            _run_headless(folder, running)
        else:
            from socconsole.cli.start import run

            say(f"the embedded AWS answers on 127.0.0.1:{running.port}; the drill's state is {folder.root}")
            code = run(folder, None, None)
    say(pasted(f"the drill is kept in {root}: look again with `{resuming(root)}`"))
    raise typer.Exit(code)


def _started(root: Path, name: str, seed: int, speed: float | None, push: bool) -> tuple[StateFolder, Running]:
    from socconsole.cli import drill_world
    from socconsole.cli.opening import open_folder
    from socconsole.drill import launch
    from socconsole.store.state import StateError

    info = launch.describe(name)
    if root.exists() and any(root.iterdir()):
        stop(Code.BAD_INPUT, f"{root} is not empty", resuming(root))
    # The folder's first entry names the port, so AWS starts first, in a folder that is not a state folder yet.
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    say(f"starting an embedded AWS for the drill `{info.name}`: {info.title}. {info.summary}")
    running = launch.start(root, name, seed, speed, push=push, linger=LINGER_S)
    try:
        drill_world.make(root, info, running)
        return open_folder(root), running
    except StateError as error:
        launch.stop(root)
        stop(Code.BAD_INPUT, str(error), error.remedy)


def _resumed(root: Path) -> tuple[StateFolder, Running]:
    from socconsole.cli.opening import load_config, open_folder
    from socconsole.drill import launch

    folder = open_folder(root)
    push = load_config(None, root).push is not None
    return folder, launch.resume(root, folder.world, push=push, linger=LINGER_S)


def _next_shift(root: Path) -> StateFolder:
    from socconsole.cli.drill_world import NEXT_SHIFT
    from socconsole.cli.opening import open_folder

    if not (root / NEXT_SHIFT).exists():
        stop(Code.BAD_INPUT, f"{root} was made by a version without a next shift", "socconsole drill")
    return open_folder(root / NEXT_SHIFT)


def _latest() -> Path:
    found = kept_drills()
    if not found:
        stop(Code.BAD_INPUT, "no drill is kept here", "socconsole drill")
    return found[0].root


def tell_of_another(scenario: str) -> None:
    """Whose work seems lost finds the way back, before a drill of the same scenario begins."""
    recent = time.time() - _RECENT_S
    for kept in kept_drills():
        if (kept.running or kept.touched > recent) and kept.scenario() == scenario:
            state = "runs" if kept.running else "was left"
            say(pasted(f"a drill `{scenario}` {state}: `{resuming(kept.root)}` goes on with it; this is a new one"))
            return


def _list(scenarios: list[ScenarioInfo]) -> None:
    for info in scenarios:
        print(f"{info.name:12} {info.title}: {info.summary}")
    for kept in reversed(kept_drills()):
        say(f"{'runs' if kept.running else 'kept'}: {kept.root}")


def _run_headless(folder: StateFolder, running: Running) -> None:
    """The AWS and a watch, without a screen, until interrupted: for scripts, and for a second terminal."""
    print(json.dumps({"store": str(folder.root), "port": running.port, "pid": running.pid}), flush=True)
    say(pasted(f"in another terminal: socconsole findings --store {shlex.quote(str(folder.root))}"))
    command = ours("socconsole", "watch", "--store", str(folder.root))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        # A console that was opened at once may have started the watch first: then ours waits for its turn, and the
        # AWS must not end because of it.
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        while child.poll() is None and not stop.wait(_HEADLESS_POLL_S):
            pass
        if child.poll() is None:
            child.terminate()
            child.wait()
        stop.wait(_WATCH_AGAIN_S)
