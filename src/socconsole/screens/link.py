"""The console's side of the actor: one child process, JSON lines over its pipes.

The child is no ``asyncio`` subprocess on purpose: asyncio kills such a child when its loop closes, and an
actor has to outlive a dead terminal until its action is finished. It runs in a session of its own, and
learns that the console is gone from the end of its standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec

from socconsole.commands import ActorRequest, Stop
from socconsole.model.mode import Mode
from socconsole.model.wire import AnyReply, Failed, ModeIs, Progress, Ready

NOT_RUNNING: Final = "the actor is not running"
LOST: Final = "the actor ended before it answered; what it had begun is on the ledger, in doubt until read back"
_LINE_LIMIT: Final = 16_000_000
_LEAVE_S: Final = 1.0
_RESTARTS_S: Final = (0.5, 2.0, 5.0, 15.0, 30.0)
_STEADY_S: Final = 60.0

_decoder: Final = msgspec.json.Decoder(AnyReply)
_encoder: Final = msgspec.json.Encoder()


class ActorLink:
    """Starts the actor, numbers requests, matches replies, restarts a dead child (which is then in TRIAGE).

    All methods belong to the event loop. ``news`` gets every reply that nobody waits for and every change of
    mode; ``changed`` is called when the child comes, goes or changes its mode.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path | None = None,
        news: Callable[[AnyReply], None] = lambda _: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._argv = list(argv)
        self._log = log
        self._news = news
        self._changed = changed
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[asyncio.Future[AnyReply], Callable[[Progress], None] | None]] = {}
        self._asked: dict[int, ActorRequest] = {}
        self._child: subprocess.Popen[bytes] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._writing = asyncio.Lock()
        self._closing = False
        self.mode: Mode | None = None
        """What the actor reports; None while there is no actor to say so."""
        self.analyst = ""
        self.trouble = ""
        """Why there is no actor, in a sentence; empty when one runs."""

    @property
    def alive(self) -> bool:
        return self.mode is not None

    @property
    def busy(self) -> int:
        """Requests without an answer so far."""
        return len(self._waiting)

    def start(self) -> None:
        """Start the child and keep one alive; returns at once."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="actor-link")

    async def ask(self, request: ActorRequest, progress: Callable[[Progress], None] | None = None) -> AnyReply:
        """Hand over one request and wait for its answer; trouble is a ``Failed``, never an exception."""
        if not self.alive and not self.trouble:  # it is on its way
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ready.wait(), 5.0)
        child = self._child
        if child is None or child.stdin is None or not self.alive:
            why = f"{NOT_RUNNING}: {self.trouble}" if self.trouble else NOT_RUNNING
            return Failed(kind="fault", why=why, remedy="see logs/actor.log in the state folder")
        n = next(self._numbers)
        answer: asyncio.Future[AnyReply] = asyncio.get_running_loop().create_future()
        self._waiting[n] = (answer, progress)
        self._asked[n] = request
        line = _encoder.encode({"n": n, "request": request}) + b"\n"
        try:
            async with self._writing:
                await asyncio.to_thread(_write, child.stdin, line)
            return await answer
        except (OSError, ValueError) as trouble:  # the pipe broke, or the keeper closed it meanwhile
            return Failed(n=n, kind="fault", why=f"{LOST} ({type(trouble).__name__})")
        finally:
            self._waiting.pop(n, None)
            self._asked.pop(n, None)

    async def stop(self, request: ActorRequest) -> None:
        """Give up a question that was asked and has no answer yet; nothing happens to anything else."""
        n = next((n for n, asked in self._asked.items() if asked is request), None)
        child = self._child
        if n is None or child is None or child.stdin is None:
            return
        line = _encoder.encode({"n": next(self._numbers), "request": Stop(of=n)}) + b"\n"
        with contextlib.suppress(OSError, ValueError):  # the actor is gone, and the question with it
            async with self._writing:
                await asyncio.to_thread(_write, child.stdin, line)

    async def close(self) -> bool:
        """Say good-bye: the child's input ends. Returns False when it stays to finish an action."""
        self._closing = True
        keeper, child = self._keeper, self._child
        left = True
        if child is not None:
            if child.stdin is not None:
                with contextlib.suppress(OSError):
                    child.stdin.close()
            left = await asyncio.to_thread(_has_left, child)
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        self._fail_all("the console is closing")
        return left

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while not self._closing:
            started = loop.time()
            try:
                await self._run_once()
            except Exception as fault:  # whoever was told of it: the next actor is started all the same
                self.trouble = f"it was lost to a fault of ours ({type(fault).__name__})"
            failures = 0 if loop.time() - started > _STEADY_S else failures + 1
            if self._closing:
                return
            await asyncio.sleep(_RESTARTS_S[min(failures, len(_RESTARTS_S)) - 1] if failures else 0.5)

    async def _run_once(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        try:
            child = await asyncio.to_thread(self._spawn)
        except OSError as trouble:
            self.trouble = f"it cannot be started ({trouble.strerror or type(trouble).__name__})"
            self._changed()
            return
        self._child = child
        stdout = child.stdout
        if stdout is None:  # Popen was asked for a pipe
            raise RuntimeError("no pipe from the actor")

        def read() -> None:
            try:
                while line := stdout.readline(_LINE_LIMIT):
                    loop.call_soon_threadsafe(self._heard, line)
            except (OSError, ValueError, RuntimeError):
                pass  # the pipe or the loop is gone: either way there is nobody to tell
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=read, name="actor-replies", daemon=True).start()
        try:
            await ended.wait()
        finally:
            self._child = None
            self._gone(child)

    def _spawn(self) -> subprocess.Popen[bytes]:
        sink: IO[bytes] | int = subprocess.DEVNULL
        if self._log is not None:
            sink = os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        try:
            return subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                start_new_session=True,
            )
        finally:
            if not isinstance(sink, int):
                sink.close()

    def _heard(self, line: bytes) -> None:
        try:
            reply = _decoder.decode(line)
        except msgspec.DecodeError:
            self.trouble = "it said something that is not a reply"
            return
        if isinstance(reply, Ready):
            self.mode, self.analyst, self.trouble = _mode(reply.mode), reply.analyst, ""
            self._ready.set()
        elif isinstance(reply, ModeIs):
            self.mode = _mode(reply.mode)
        self._deliver(reply)
        if isinstance(reply, (Ready, ModeIs)):
            self._changed()

    def _deliver(self, reply: AnyReply) -> None:
        waiting = self._waiting.get(reply.n)
        if waiting is None:
            self._news(reply)
            return
        answer, progress = waiting
        if isinstance(reply, Progress):
            if progress is not None:
                progress(reply)
        elif not answer.done():
            answer.set_result(reply)

    def _gone(self, child: subprocess.Popen[bytes]) -> None:
        code = child.poll()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.mode = None
        self._ready.clear()
        if not self._closing:
            threading.Thread(target=child.wait, name="actor-reaper", daemon=True).start()
            self.trouble = "it ended" if code is None else f"it ended with {code}"
        self._fail_all(LOST)
        self._changed()

    def _fail_all(self, why: str) -> None:
        for n, (answer, _) in list(self._waiting.items()):
            if not answer.done():
                answer.set_result(Failed(n=n, kind="fault", why=why))


def _mode(name: str) -> Mode:
    """A mode as reported; anything unknown counts as the one that allows least."""
    try:
        return Mode(name)
    except ValueError:
        return Mode.READ


def _write(pipe: IO[bytes], line: bytes) -> None:
    pipe.write(line)
    pipe.flush()


def _has_left(child: subprocess.Popen[bytes]) -> bool:
    try:
        child.wait(_LEAVE_S)
    except subprocess.TimeoutExpired:
        return False
    return True
