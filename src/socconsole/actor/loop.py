"""The running actor: requests in, replies out, the outbox drained, RESPOND kept short, a decent end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socconsole.actor.arming import Arming
from socconsole.actor.carry_out import answer, fault
from socconsole.actor.pipes import Replies, Requests
from socconsole.commands import ActorRequest, AskTalkers, Respond, StandDown, Stop
from socconsole.model.action import Mode, Plan
from socconsole.model.wire import AnyReply, Failed, ModeIs, Progress, Ready, Sent
from socconsole.response import afterwards, workflow
from socconsole.response.readers import Readers
from socconsole.response.session import Session
from socconsole.store.queue import QueueReader

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.state import StateFolder

LOOK: Final = 0.5
"""Seconds between two looks at whether the store changed."""

_RETRY: Final = (2.0, 5.0, 15.0, 60.0)
"""Seconds to wait after drains that failed, one after the other."""


class _Line(msgspec.Struct, frozen=True):
    n: int
    request: ActorRequest


_decoder: Final = msgspec.json.Decoder(_Line)
_log: Final = logging.getLogger(__name__)


async def _again(chore: Callable[[], Awaitable[None]]) -> None:
    """A chore to its end, begun anew after whatever went wrong in it: nobody else would notice that it is gone."""
    while True:
        try:
            return await chore()
        except Exception as error:  # a busy store, a full disk, a fault of ours: RESPOND has to end all the same
            _log.warning("%s, begun again: %s", getattr(chore, "__name__", "chore"), fault(error).why)
        await asyncio.sleep(_RETRY[0])


class Actor:
    """One per console. Ends with its console, but never in the middle of an action."""

    def __init__(
        self, folder: StateFolder, config: Config, base: Mode, analyst: str, requests: Requests, replies: Replies
    ) -> None:
        self._arming = Arming(folder, config, analyst, base)
        self._folder = folder
        self._config = config
        self._analyst = analyst
        self._requests = requests
        self._replies = replies
        self._work: set[asyncio.Task[None]] = set()
        self._questions: dict[int, asyncio.Task[None]] = {}
        """Requests that can be stopped, by number."""
        self._shown: dict[str, Plan] = {}
        self._readers = Readers()
        self._ending = asyncio.Event()

    async def run(self) -> None:
        """Until standard input ends or a signal asks to; what is under way then is finished first."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        loop.add_signal_handler(signal.SIGCONT, self._resumed)
        self._replies.say(Ready(mode=self._arming.mode.value, analyst=self._analyst))
        chores = [
            asyncio.create_task(self._serve()),
            *(asyncio.create_task(_again(chore)) for chore in (self._keep_armed, self._drain, self._resolve)),
        ]
        try:
            await self._ending.wait()
            await self._stand_down("the console ended")
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)
            # Requests are told to stop; those that are past their intent finish first (see uninterrupted).
            for task in self._work:
                task.cancel()
            await asyncio.gather(*self._work, return_exceptions=True)
            await self._readers.close()
        finally:
            for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
                loop.remove_signal_handler(number)

    # --- requests ---------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        while (line := await self._requests.next()) is not None:
            try:
                asked = _decoder.decode(line)
            except msgspec.DecodeError as error:
                self._replies.say(Failed(kind="input", why=f"not a request: {error}"))
                continue
            if isinstance(asked.request, Stop):
                self._stop(asked.request.of)
                continue
            task = self._start(self._carry_out(asked.n, asked.request))
            if isinstance(asked.request, AskTalkers):
                self._questions[asked.n] = task
                task.add_done_callback(partial(self._answered, asked.n))
        self._ending.set()

    async def _carry_out(self, n: int, request: ActorRequest) -> None:
        self._arming.touch()
        try:
            reply = await self._reply(n, request)
        except asyncio.CancelledError:
            if self._ending.is_set():
                raise
            reply = Failed(kind="refused", why="stopped")
        except Exception as error:  # a fault of ours must not take the other requests with it
            reply = fault(error)
        self._replies.say(msgspec.structs.replace(reply, n=n))

    async def _reply(self, n: int, request: ActorRequest) -> AnyReply:
        match request:
            case Respond():
                return self._mode_is(await self._arming.enter(request.reason))
            case StandDown():
                await self._arming.leave("signed off")
                return self._mode_is("signed off")
        return await answer(self._session(n), request)

    def _session(self, n: int) -> Session:
        async def tell(done: int, total: int, text: str) -> None:
            self._replies.say(Progress(n=n, done=done, total=total, text=text))

        mode = self._arming.mode
        return Session(
            self._folder, self._config, self._analyst, mode, door=self._readers, tell=tell, shown=self._shown
        )

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def _answered(self, n: int, task: asyncio.Task[None]) -> None:
        self._questions.pop(n, None)

    def _stop(self, n: int) -> None:
        if (task := self._questions.get(n)) is not None:
            task.cancel()

    # --- RESPOND ----------------------------------------------------------------------------------------

    def _mode_is(self, why: str = "") -> ModeIs:
        until = self._arming.until
        stamp = until.isoformat(timespec="seconds").replace("+00:00", "Z") if until else None
        return ModeIs(mode=self._arming.mode.value, why=why, until=stamp)

    async def _keep_armed(self) -> None:
        """RESPOND ends by itself: after idle minutes, and when the machine was away."""
        while True:
            await asyncio.sleep(1.0)
            if why := self._arming.expired():
                await self._stand_down(why)

    async def _stand_down(self, why: str) -> None:
        if await self._arming.leave(why):
            self._replies.say(self._mode_is(why))

    def _resumed(self) -> None:
        self._start(self._stand_down("the process was stopped and resumed"))

    # --- by itself --------------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Send what waits in the outbox, whenever the store changed, and again where that failed."""
        seen, failures, due = -1, 0, 0.0
        loop = asyncio.get_running_loop()
        with QueueReader(self._folder.store_db) as reader:
            while True:
                version = reader.version()
                again = failures > 0 and loop.time() >= due
                if self._arming.mode is not Mode.READ and (version != seen or again):
                    seen = version
                    sent = await self._drain_once()
                    failures = failures + 1 if sent.why else 0
                    due = loop.time() + _RETRY[min(failures, len(_RETRY)) - 1]
                    if sent.sent or sent.failed or sent.overtaken or sent.why:
                        self._replies.say(sent)
                await asyncio.sleep(LOOK)

    async def _drain_once(self) -> Sent:
        try:
            return await workflow.drain(self._session(0))
        except Exception as error:  # whatever it is: tell, and try again later
            return Sent(sent=0, failed=0, overtaken=0, waiting=0, why=fault(error).why)

    async def _resolve(self) -> None:
        """Find out what became of actions that a crash cut short, until none is in doubt."""
        session = self._session(0)
        while await asyncio.to_thread(afterwards.doubtful, self._folder):
            with contextlib.suppress(Exception):  # the next round tries again; it stays in doubt until then
                async with session.door(session, "reader") as door:
                    await afterwards.resolve(self._folder, door, self._analyst)
            await asyncio.sleep(afterwards.IN_FLIGHT / 3)
