"""Who sends how much to whom, by the minute: what metrics and flow logs are derived from.

There are two kinds of conversation. A stream is the story's: :class:`socconsole.drill.flows.Flow`, begun once and
ended by the network. A talker is what the estate does every day: its volume follows the hour, the weekday and the
seed, it has always been there, it pauses while the network stops it and goes on afterwards.

Minutes are those of the date (seconds since 1970, divided by 60), because that is what CloudWatch and flow logs
count by. A stream's bytes are counted by the story: at speed 6 a minute of the date holds six minutes of story, and
so does its metric. What is there every day is given per minute of the date, so that the past before the drill and
the drill itself look alike at any speed.
"""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from moto.backends import get_backend

from socconsole.drill.flows import Flow
from socconsole.drill.ids import Ids
from socconsole.drill.scenario import Invokes, Path, Reads, Talker

if TYPE_CHECKING:
    from socconsole.drill.clock import Clock
    from socconsole.drill.cloud import Cloud

DAY: Final = 1440
"""Minutes of a day."""
ANSWERS: Final = 0.03
"""What comes back for a byte of a stream: acknowledgements, little else."""
PACKET: Final = 1200
"""Bytes of an average packet."""


@dataclass(slots=True)
class Span:
    """A stretch of the story, in story seconds; ``how`` is the gateway that carried it, or another word for it."""

    began: float
    until: float
    how: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Whole minutes of the date during which one thing went on; ``share`` of each minute, 0..1."""

    first: int
    last: int
    share: float
    how: str


@dataclass(slots=True)
class Spans:
    """When something went on."""

    all: list[Span] = field(default_factory=list)

    def passed(self, began: float, until: float, how: str = "") -> None:
        """It went on from ``began`` to ``until``; a stretch that follows its like makes it longer."""
        if self.all and self.all[-1].until == began and self.all[-1].how == how:
            self.all[-1].until = until
        elif until > began:
            self.all.append(Span(began, until, how))

    def runs(self, clock: Clock, first: int, last: int) -> Iterator[Run]:
        """The minutes ``first`` to ``last`` (exclusive) of the date in which it went on at all."""
        zero, speed = clock.started.timestamp(), clock.speed
        for span in self.all:
            began = max(first * 60.0, zero + span.began / speed)
            until = min(last * 60.0, zero + span.until / speed)
            if until <= began:
                continue
            whole, end = math.ceil(began / 60), math.floor(until / 60)
            if whole > end:  # within one minute
                yield Run(end, end + 1, (until - began) / 60, span.how)
                continue
            if whole * 60 > began:
                yield Run(whole - 1, whole, whole - began / 60, span.how)
            if end > whole:
                yield Run(whole, end, 1.0, span.how)
            if until > end * 60:
                yield Run(end, end + 1, until / 60 - end, span.how)


@cache
def _hours() -> tuple[float, ...]:
    """How busy each minute of a day is: a shop in Europe, quiet at 03:00 and busy at 15:00 UTC; its mean is 1."""
    return tuple(1.0 - 0.65 * math.cos(2 * math.pi * (minute - 180) / DAY) for minute in range(DAY))


@lru_cache(maxsize=2048)
def usual(seed: int, name: str, day: int) -> array[float]:
    """What a day's minutes weigh for one talker, about 1 on average; ``day`` is days since 1970.

    One minute in two hundred is a burst of three to five times, so that a maximum is not a mean.
    """
    noise = random.Random(int.from_bytes(Ids(seed).digest("usual", name, day)[:8], "big"))
    quieter = 0.7 if (day + 4) % 7 in (0, 6) else 1.0  # 1970-01-01 was a Thursday
    return array(
        "d",
        (
            quieter * hour * (0.7 + 0.6 * noise.random()) * (3 + 2 * noise.random() if noise.random() < 0.005 else 1.0)
            for hour in _hours()
        ),
    )


@lru_cache(maxsize=2048)
def _busy(seed: int, name: str, day: int, share: float) -> bytes:
    """Which minutes of a day a talker talks in at all."""
    noise = random.Random(int.from_bytes(Ids(seed).digest("busy", name, day)[:8], "big"))
    return bytes(noise.random() < share for _ in range(DAY))


def weights(seed: int, name: str, first: int, last: int, busy: float = 1.0) -> array[float]:
    """:func:`usual` of the minutes ``first`` to ``last`` (exclusive) of the date; 0 where it is silent."""
    found = array("d")
    for day in range(first // DAY, (last - 1) // DAY + 1):
        begin, end = max(first - day * DAY, 0), min(last - day * DAY, DAY)
        much = usual(seed, name, day)[begin:end]
        if busy < 1.0:
            talks = _busy(seed, name, day, busy)
            much = array("d", (one if talks[begin + at] else 0.0 for at, one in enumerate(much)))
        found.extend(much)
    return found


@dataclass(slots=True)
class Conversation:
    """One pair of peers. ``spans`` says when and through what, ``refused`` when it was turned away."""

    account: str
    region: str
    instance: str
    to: str
    port: int
    name: str
    """Of its kind and peers: what its noise and its ephemeral port are drawn from."""
    spans: Spans = field(default_factory=Spans)
    refused: Spans = field(default_factory=Spans)
    talker: Talker | None = None
    stream: Flow | None = None

    def volume(self, clock: Clock, seed: int, run: Run) -> Iterator[tuple[int, int, int]]:
        """(minute, bytes out, bytes back) of each minute of a run in which it said anything."""
        if self.stream is not None:
            sent = round(self.stream.bytes_per_second * clock.speed * 60 * run.share)
            for minute in range(run.first, run.last):
                yield minute, sent, round(sent * ANSWERS)
        elif self.talker is not None:
            out, back = self.talker.out * run.share, self.talker.back * run.share
            much = weights(seed, self.name, run.first, run.last, self.talker.busy)
            for minute, one in enumerate(much, run.first):
                if one:
                    yield minute, round(out * one), round(back * one)


class Traffic:
    """All conversations of a cloud, and when its gateways and instances were up. The engine lets time pass in it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._position = 0.0
        self._talks: list[Conversation] = []
        self._streams: dict[int, Conversation] = {}
        self.up: dict[tuple[str, str, str], Spans] = {}
        """(account, region, id of an instance or NAT gateway) → when it ran."""
        self.reads: tuple[Reads, ...] = ()
        self.invokes: dict[str, tuple[Invokes, Spans]] = {}
        self.paths: dict[str, tuple[Path, Spans]] = {}
        """What the timeline opens; the spans are when it was open."""
        self._how: dict[int, tuple[str, str]] = {}

    def begin(self, talkers: Iterable[Talker], reads: Iterable[Reads]) -> None:
        """The estate stands: from here back to any date its talkers have talked as they do now."""
        self.reads = tuple(reads)
        for one in talkers:
            name = f"{one.account}/{one.region}/{one.instance}/{one.to}/{one.port}"
            self._talks.append(Conversation(one.account, one.region, one.instance, one.to, one.port, name, talker=one))
        self.look()
        self._pass(-math.inf, 0.0)

    @property
    def conversations(self) -> list[Conversation]:
        """Talkers, and each stream that has begun."""
        for flow in self._cloud.flows.all:
            if id(flow) not in self._streams:
                name = f"stream/{len(self._streams)}"
                self._streams[id(flow)] = Conversation(
                    flow.account, flow.region, flow.instance, flow.to, flow.port, name, stream=flow
                )
            self._streams[id(flow)].spans.all = [Span(flow.began, flow.until, flow.via)]
        return [*self._talks, *self._streams.values()]

    def look(self) -> None:
        """What the network does with each talker now, and what runs."""
        for number, one in enumerate(self._talks):
            knocks = one.talker is not None and one.talker.knocks
            self._how[number] = self._cloud.flows.judge(
                one.account, one.region, one.instance, one.to, one.port, knocks=knocks
            )

    @property
    def counted(self) -> int:
        """The first minute of the date that has not ended yet, as far as the engine has come."""
        clock = self._cloud.clock
        return int((clock.moment(self._position).timestamp() + 1e-3) // 60)  # dates end at microseconds

    def pass_to(self, position: float) -> None:
        """Time passed, and until ``position`` (story seconds) all was as at the last look."""
        if position > self._position:
            self._pass(self._position, position)
            self._position = position

    def _pass(self, began: float, until: float) -> None:
        for number, one in enumerate(self._talks):
            verdict, how = self._how.get(number, ("", ""))
            if verdict == "ACCEPT":
                one.spans.passed(began, until, how)
            elif verdict == "REJECT":
                one.refused.passed(began, until, how)
        for key in self._running():
            self.up.setdefault(key, Spans()).passed(began, until)

    def _running(self) -> Iterator[tuple[str, str, str]]:
        for account in self._cloud.accounts:
            for region, ec2 in list(get_backend("ec2")[account].items()):
                for nat in ec2.nat_gateways.values():
                    if nat.state == "available":
                        yield account, region, str(nat.id)
                for reservation in ec2.reservations.values():
                    for instance in reservation.instances:
                        if instance._state.name == "running":
                            yield account, region, str(instance.id)
