"""The embedded AWS as a process: ``python -m socconsole.drill.server --folder DIR --scenario leak …``.

It listens on 127.0.0.1 alone, prints one line of JSON when it is ready and nothing after that. It ends on
SIGTERM, or when nobody has held the keep file (a shared ``flock`` on ``--keep``) for ``--linger`` seconds.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import secrets
import signal
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from socconsole.drill.clock import host_now, stamp

POLL_S = 1.0
WARM: Final[tuple[tuple[str, dict[str, object]], ...]] = (
    # (operation, parameters): the first call of a service loads its models; that is not the analyst's wait.
    ("sts:GetCallerIdentity", {}),
    ("securityhub:GetFindings", {"MaxResults": 1}),
    ("guardduty:ListDetectors", {}),
    ("s3:ListBuckets", {}),
    ("iam:GetUser", {"UserName": "oncall1"}),
    ("cloudtrail:LookupEvents", {"MaxResults": 1}),
)


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    folder: Path = options.folder
    locks = folder / "locks"
    locks.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(locks / "drill.server", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"a drill runs in {folder} already", file=sys.stderr)  # noqa: T201
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _probe(options.port)
        return _serve(options, folder, lock, stop)
    except OSError as error:
        print(f"the drill cannot listen on port {options.port}: {error}", file=sys.stderr)  # noqa: T201
        return 1


def _probe(port: int) -> None:
    """Raises ``OSError`` for a port that is taken, before seconds are spent on building a world."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def _serve(options: argparse.Namespace, folder: Path, lock: int, stop: threading.Event) -> int:
    # moto and the services it emulates are imported here, once the lock says that we are the one.
    from socconsole.drill import pushing, roles, scenario
    from socconsole.drill.clock import Clock
    from socconsole.drill.cloud import Cloud
    from socconsole.drill.journal import read
    from socconsole.drill.replay import replay
    from socconsole.drill.serving import Listener

    story = scenario.load(options.scenario)
    clock = Clock(options.started, options.speed or story.speed)
    cloud = Cloud(options.seed, clock, token=secrets.token_hex(16))
    engine = scenario.build(cloud, story)
    pushed = pushing.install(cloud, story) if options.push else None
    path = folder / "journal.jsonl"
    replayed, refused = replay(cloud, engine, read(path))
    engine.advance(clock.now())
    first = next(iter(cloud.accounts))
    for operation, params in WARM:
        cloud.hands.call(roles.builder_key(first), story.regions[0], operation, params)
    cloud.journal.attach(path)
    listener = Listener(cloud.gateway, options.port)
    engine.start()
    facts = {
        "ready": True,
        "pid": os.getpid(),
        "port": listener.port,
        "token": cloud.token,
        "scenario": story.name,
        "seed": options.seed,
        "started": clock.started.astimezone(UTC).isoformat(),
        "speed": clock.speed,
        "push": pushed.table(listener.port) if pushed else None,
        "replayed": replayed,
        "refused": refused,
        "ready_at": stamp(host_now()),
    }
    os.ftruncate(lock, 0)
    os.pwrite(lock, orjson.dumps(facts), 0)
    sys.stdout.write(orjson.dumps(facts).decode() + "\n")
    sys.stdout.flush()
    # Whoever started us reads one line; moto prints at times, and a full pipe nobody reads would stop us.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    _wait(stop, options.keep or folder / "locks" / "drill.keep", options.linger)
    engine.stop()
    listener.stop()
    cloud.close()
    os.close(lock)  # the state is safe: who waits for the lock need not wait for the interpreter to end
    return 0


def _wait(stop: threading.Event, keep: Path, linger: float) -> None:
    alone_since = time.monotonic()
    while not stop.wait(POLL_S if linger > 2 * POLL_S else max(0.05, linger / 4)):
        if is_held(keep):
            alone_since = time.monotonic()
        elif time.monotonic() - alone_since >= linger:
            return


def is_held(path: Path) -> bool:
    """Whether any process holds a lock on a file."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m socconsole.drill.server", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the drill's state folder")
    parser.add_argument("--scenario", default="leak")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--started", type=_moment, default=None, help="scenario time zero, ISO 8601; now")
    parser.add_argument("--speed", type=float, default=0.0, help="0 is the scenario's own")
    parser.add_argument("--push", action="store_true", help="findings, calls and trail objects go to a queue")
    parser.add_argument("--linger", type=float, default=60.0, help="seconds without anyone on the keep file")
    parser.add_argument("--keep", type=Path, default=None, help="default: locks/drill.keep in the folder")
    return parser.parse_args(argv)


def _moment(text: str) -> datetime:
    parsed = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if parsed.tzinfo is None:
        raise argparse.ArgumentTypeError("a time needs its zone")
    return parsed


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # all is closed and on disk; taking moto's modules apart would take another second
