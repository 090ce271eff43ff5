from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from socconsole.store.state import StateFolder

from ..response.conftest import aws, embedded, folder  # noqa: F401

WAIT_S = 60.0


class Child:
    """The real actor in a process of its own, spoken to as the console does."""

    def __init__(self, folder: StateFolder, *options: str, env: dict[str, str] | None = None) -> None:  # noqa: F811
        self.process = subprocess.Popen(
            [sys.executable, "-m", "socconsole.actor", "--store", str(folder.root), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "XDG_CONFIG_HOME": str(folder.root.parent), **(env or {})},
        )
        self._said: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._kept: list[dict[str, Any]] = []
        self._n = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(json.loads(line))
        self._said.put(None)

    def hear(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first reply that is wanted, said already or within the time."""
        for reply in self._kept:
            if wanted(reply):
                self._kept.remove(reply)
                return reply
        end = time.monotonic() + WAIT_S
        while True:
            reply = self._said.get(timeout=max(0.01, end - time.monotonic()))
            if reply is None:
                raise AssertionError(f"the actor ended; it said {self._kept}")
            if wanted(reply):
                return reply
            self._kept.append(reply)

    def ask(self, do: str, **request: Any) -> int:
        assert self.process.stdin is not None
        self._n += 1
        line = json.dumps({"n": self._n, "request": {"do": do, **request}})
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self._n

    def answer(self, do: str, **request: Any) -> dict[str, Any]:
        n = self.ask(do, **request)
        return self.hear(lambda reply: reply.get("n") == n and reply["say"] != "progress")

    def leave(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(WAIT_S)


@pytest.fixture
def child(folder: StateFolder) -> Iterator[Callable[..., Child]]:  # noqa: F811
    made: list[Child] = []

    def make(*options: str, env: dict[str, str] | None = None) -> Child:
        made.append(Child(folder, *options, env=env))
        return made[-1]

    yield make
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
        each.process.wait(WAIT_S)
        for pipe in (each.process.stdin, each.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
