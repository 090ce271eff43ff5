"""Questions to AWS for one snapshot of one place: each is asked once, and trouble is kept as what it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Protocol, TypeVar

from socconsole.aws import AwsTrouble, Kind
from socconsole.model.known import Known, Read, Unread
from socconsole.model.world import Place
from socconsole.text import Untrusted, clean

AT_ONCE: Final = 8
"""Calls under way together; the token buckets of the door hold each service's own rate."""

_SILENT: Final = 3
"""Services without a connection after which there is none at all, if nothing has answered. One or two are none: not
every service has an endpoint in every Region."""

_NONE: Final = frozenset({Kind.NOT_FOUND, Kind.OFF})
"""AWS itself says that there is none."""

_MISUNDERSTOOD: Final = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""What understanding raises on an answer in another shape than AWS's model says."""

T = TypeVar("T")
Item = TypeVar("Item")


class Answering(Protocol):
    """What is asked of ``aws.Door``."""

    async def call(self, place: Place, operation: str, params: Mapping[str, Any]) -> dict[str, Any]: ...

    def pages(self, place: Place, operation: str, params: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]: ...


class Asking:
    """The door, for one snapshot. Raises ``AwsTrouble`` only where no further question could be answered either."""

    def __init__(self, door: Answering, place: Place) -> None:
        self.place = place
        self._door = door
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._answers: dict[tuple[str, str, str], asyncio.Future[Any]] = {}
        self.unanswered: list[Unread] = []
        self._lacking: set[tuple[str, str, str]] = set()
        self._heard = False
        """AWS answered something, if only with a no."""
        self._silent: dict[tuple[str, str], AwsTrouble] = {}
        """By service and Region: where there is no connection."""

    @property
    def asked(self) -> int:
        """Different questions so far."""
        return len(self._answers)

    @property
    def lacking(self) -> int:
        """Those of them without an answer to rely on."""
        return len(self._lacking)

    async def one(
        self,
        operation: str,
        params: Mapping[str, Any],
        understand: Callable[[dict[str, Any]], T],
        region: str = "",
        none: Known[T] | None = None,
        aside: bool = False,
    ) -> Read[T]:
        """One call. ``understand`` makes its answer ours; where it cannot (it raises ``KeyError``, ``TypeError`` …)
        the answer counts as not read. An absence that the operation's row lists comes as the empty ``Absent``.
        ``none`` is what it means where AWS says that there is no such thing, or that the service is not enabled.
        ``aside``: it is about elsewhere, so that this place was read wholly whether or not there is an answer."""

        async def ask(place: Place) -> Any:
            return await self._door.call(place, operation, params)

        return await self._read(operation, params, region, ask, understand, none, aside)

    async def all(
        self,
        operation: str,
        params: Mapping[str, Any],
        understand: Callable[[dict[str, Any]], Iterable[T]],
        region: str = "",
        none: Known[tuple[T, ...]] | None = None,
        aside: bool = False,
    ) -> Read[tuple[T, ...]]:
        """Every page of a listing, or nothing of it: half a list is no list. ``understand`` is given each page."""

        async def ask(place: Place) -> Any:
            return [page async for page in self._door.pages(place, operation, params)]

        def whole(pages: list[dict[str, Any]]) -> tuple[T, ...]:
            return tuple(one for page in pages for one in understand(page))

        return await self._read(operation, params, region, ask, whole, none, aside)

    async def each(self, items: Iterable[Item], read: Callable[[Item], Awaitable[T]]) -> tuple[T, ...]:
        """``read`` of every item, several at a time, in order."""
        tasks = [asyncio.ensure_future(read(item)) for item in items]
        try:
            return tuple(await asyncio.gather(*tasks))
        finally:
            for task in tasks:  # one that raised ends all: the rest must not go on asking
                task.cancel()

    async def _read(
        self,
        operation: str,
        params: Mapping[str, Any],
        region: str,
        ask: Callable[[Place], Awaitable[Any]],
        understand: Callable[[Any], T],
        none: Known[T] | None,
        aside: bool,
    ) -> Read[T]:
        place = Place(self.place.account, region or self.place.region)
        try:
            return Known(understand(await self._once(operation, place, params, ask)))
        except AwsTrouble as trouble:
            if self._ends(trouble, place):
                raise
            if trouble.kind in _NONE and none is not None:
                return none
            why = f"{trouble.kind}: {clean(trouble.detail, 160)}"
        except _MISUNDERSTOOD as error:
            why = f"an answer in a shape that is not understood ({type(error).__name__})"
        return Unread(operation, Untrusted(why)) if aside else self._without(operation, place, params, why)

    def _ends(self, trouble: AwsTrouble, place: Place) -> bool:
        """Whether the other questions would fare no better. In a Region that the account did not opt into AWS does not
        know our credentials: another Region's answer to that says nothing of ours."""
        if trouble.kind is Kind.UNREACHABLE:
            return not self._heard and len(self._silent) >= _SILENT
        return trouble.kind is Kind.EXPIRED or (trouble.kind is Kind.NO_CREDENTIALS and place == self.place)

    def check(self) -> None:
        """Raises ``AwsTrouble`` where nothing at all was heard, for want of a connection."""
        if self._silent and not self._heard:
            raise next(iter(self._silent.values()))

    def _without(self, operation: str, place: Place, params: Mapping[str, Any], why: str) -> Unread:
        self._lacking.add(_question(operation, place, params))
        found = Unread(operation, Untrusted(why))
        if not any((one.call, one.why.raw()) == (operation, why) for one in self.unanswered):
            self.unanswered.append(found)
        return found

    async def _once(
        self, operation: str, place: Place, params: Mapping[str, Any], ask: Callable[[Place], Awaitable[Any]]
    ) -> Any:
        """Two families that ask the same share one answer, also one that is still under way."""
        key = _question(operation, place, params)
        known = self._answers.get(key)
        if known is None:
            known = self._answers[key] = asyncio.ensure_future(self._slotted(operation, ask, place))
        return await asyncio.shield(known)

    async def _slotted(self, operation: str, ask: Callable[[Place], Awaitable[Any]], place: Place) -> Any:
        """A service that could not be reached once is not tried again in this snapshot: each try takes seconds."""
        service = (operation.partition(":")[0], place.region)
        async with self._slots:
            if service in self._silent:
                raise self._silent[service]
            try:
                answer = await ask(place)
            except AwsTrouble as trouble:
                if trouble.kind is Kind.UNREACHABLE:
                    self._silent[service] = trouble
                elif trouble.kind not in (Kind.EXPIRED, Kind.NO_CREDENTIALS):
                    self._heard = True
                raise
            self._heard = True
            return answer


def _question(operation: str, place: Place, params: Mapping[str, Any]) -> tuple[str, str, str]:
    return operation, place.region, json.dumps(params, sort_keys=True, default=str)
