"""The whole product: the installed program on a real terminal, its own processes, the embedded AWS over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.terminal.harness import Terminal

ROOT = Path(__file__).resolve().parents[2]


def pytest_configure(config: pytest.Config) -> None:
    """The mark is known where pytest-xdist is off, too."""
    config.addinivalue_line("markers", "xdist_group(name): tests of one group run on one worker, one after another")


@dataclass
class Drill:
    """A running drill: its AWS and its watch are processes of their own."""

    process: subprocess.Popen[bytes]
    store: Path
    port: int
    pid: int
    """Of the embedded AWS."""
    home: Path

    def run(self, *words: str, check: int | None = None) -> subprocess.CompletedProcess[str]:
        """A verb on this drill's store."""
        done = subprocess.run(
            [sys.executable, "-m", "socconsole", *words, "--store", str(self.store)],
            capture_output=True,
            text=True,
            env=self.environ,
            timeout=180,
            check=False,
        )
        if check is not None:
            assert done.returncode == check, (done.returncode, done.stdout, done.stderr)
        return done

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "SOCCONSOLE_HOME": str(self.home)}

    def calls(self, operation: str) -> list[dict[str, Any]]:
        """Requests in the journal for one operation, made by the console's own roles."""
        lines = (self.store / "journal.jsonl").read_text("utf-8").splitlines()
        entries = [json.loads(line) for line in lines if line]
        return [one for one in entries if one["op"] == operation and "socconsole-" in (one.get("role") or "")]

    def client(self, service: str, region: str = "eu-central-1") -> Any:
        """The analyst's own boto3 client: somebody else's hands."""
        return boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id="AKIASOCCONSOLEDRILL0",
            aws_secret_access_key="drill",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def finding(self, words: str) -> dict[str, Any]:
        """The one finding that a query matches, as the command line tells it."""
        done = self.run("findings", words, "--json")
        (line,) = done.stdout.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def started(home: Path, speed: int = 60, scenario: str = "leak") -> Iterator[Drill]:
    """A drill, at ``speed`` story seconds a second, until the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "socconsole", "drill", scenario, "--headless", "--speed", str(speed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "SOCCONSOLE_HOME": str(home)},
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield Drill(process, Path(said["store"]), said["port"], said["pid"], home)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    """A drill of its own: a test may break it."""
    with started(tmp_path / "home") as drill:
        yield drill


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """One drill for all tests of a module."""
    with started(tmp_path_factory.mktemp("drill") / "home") as drill:
        yield drill


def until(true: Callable[[], object], patience: float = 120.0) -> None:
    """Wait for something that no terminal shows."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


Open = Callable[..., Terminal]


@pytest.fixture
def console() -> Iterator[Open]:
    """Opens the console on a store, on a terminal of the given size."""
    with ExitStack() as open_ones:

        def start(store: Path, *words: str, columns: int = 120, rows: int = 40, home: Path | None = None) -> Terminal:
            argv = [sys.executable, "-m", "socconsole", "--store", str(store), *words]
            env = {"TEXTUAL_FPS": "60", **({"SOCCONSOLE_HOME": str(home)} if home else {})}
            return open_ones.enter_context(Terminal(argv, columns=columns, rows=rows, env=env, cwd=ROOT))

        yield start
