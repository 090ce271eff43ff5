"""A round of posture over an estate, beside one over ten times as many endpoints: calls, seconds, and checks alone.

Both estates (``estates.py``) stand in one embedded AWS, in accounts of their own, and are read over HTTP by the watch's
role, all their places at once, with the whole of AWS's quotas (``share = 1.0``). The checks are then run over what was
read, as often as it takes: no call, no clock of AWS's, nothing but our own functions.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bench.estates import NAME, REGIONS, scenario
from bench.figure import Budget, Row, Settings
from bench.stats import Ratio, median, paired_ratio
from socconsole import posture
from socconsole.aws import Door
from socconsole.collectors.posture import snapshot
from socconsole.config import AccountConfig, Config
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.model.estate import Estate
from socconsole.model.estate.alarms import Alarms
from socconsole.model.estate.readiness import Drills
from socconsole.model.known import Known
from socconsole.model.posture import Evaluation, Verdict
from socconsole.model.world import Place

TIMES: Final = 10
LINEAR: Final = Budget(TIMES)
"""Ten times the endpoints may cost ten times the calls and, in judging, ten times the time; nothing grows faster."""

SMALL: Final = ("111122223333", "222233334444")
LARGE: Final = ("333344445555", "444455556666")
_LISTED: Final = 4
"""Services that a line names; the rest are one number."""

_OF_THE_STORE: Final = (Alarms(Known(())), Drills(None, ()))
"""Parts of an estate that no question to AWS gives: nothing is known of ways out, nobody has practised."""


@dataclass(frozen=True, slots=True)
class Read:
    """One estate, read once: its snapshots, the calls it took by service, and seconds from the first to the last."""

    estates: tuple[Estate, ...]
    config: Config
    calls: Counter[str]
    seconds: float


def run(settings: Settings) -> Iterator[Row]:
    count = 4 if settings.quick else 20
    with Embedded(scenario({SMALL: count, LARGE: TIMES * count})) as aws:
        read(aws, SMALL, count)  # it loads AWS's models, ours and theirs
        few, many = read(aws, SMALL, count), read(aws, LARGE, TIMES * count)
    note = "2 accounts x 2 regions, read over HTTP from the embedded AWS with the whole of AWS's quotas"
    yield Row(
        f"posture: calls for 4 x {TIMES * count} endpoints",
        f"{many.calls.total():,} in {many.seconds:.0f} s",
        f"4 x {count}: {few.calls.total():,} in {few.seconds:.1f} s",
        _exactly(many.calls.total() / few.calls.total()),
        LINEAR,
        "1 round",
        note,
    )
    each = (many.calls.total() - few.calls.total()) / (4 * (TIMES - 1) * count)
    yield Row("posture: calls for one more endpoint", f"{each:.1f}", _services(many.calls - few.calls), n="1 round")
    yield from _judging(few, many, count, settings.rounds(9))


def _judging(few: Read, many: Read, count: int, rounds: int) -> Iterator[Row]:
    """All checks over what was read, in turns."""
    took_few, took_many, answers = [], [], 0
    for number in range(-1, rounds):  # the first warms
        times = {}
        for one in (few, many) if number % 2 else (many, few):
            began = time.perf_counter()
            found = judged(one)
            times[id(one)] = time.perf_counter() - began
            if one is many:
                answers = sum(len(each.results) for each in found)
        if number >= 0:
            took_few.append(times[id(few)])
            took_many.append(times[id(many)])
    yield Row(
        f"posture: every check over 4 x {TIMES * count} endpoints",
        f"{median(took_many) * 1_000:,.0f} ms",
        f"4 x {count}: {median(took_few) * 1_000:,.0f} ms",
        paired_ratio(took_many, took_few),
        LINEAR,
        f"{rounds}",
    )
    yield Row("posture: answers a second", f"{answers / median(took_many):,.0f}", n=f"{rounds} x {answers:,}")


def judged(one: Read) -> list[Evaluation]:
    """Every check over each of its places."""
    return [posture.evaluate(posture.Context(estate, one.config)) for estate in one.estates]


def _exactly(ratio: float) -> Ratio:
    """Calls are counted: the next run has the same."""
    return Ratio(ratio, ratio, ratio)


def _services(calls: Counter[str]) -> str:
    """``more for s3 40 %, iam 30 % …``."""
    most = calls.most_common(_LISTED)
    rest = calls.total() - sum(number for _, number in most)
    said = [f"{service} {number / calls.total():.0%}" for service, number in (*most, ("others", rest))]
    return ", ".join(said)


def read(aws: Embedded, accounts: tuple[str, ...], count: int) -> Read:
    """All places of some accounts, each of which has ``count`` endpoints.

    Raises ``AssertionError`` where one of them was not found, or AWS's answers were not whole.
    """
    return asyncio.run(_read(aws, accounts, count))


async def _read(aws: Embedded, accounts: tuple[str, ...], count: int) -> Read:
    config = Config(accounts=tuple(AccountConfig(account=one, regions=REGIONS) for one in accounts), share=1.0)
    places = [Place(account, region) for account in accounts for region in REGIONS]
    before, began = len(aws.journal.calls()), time.perf_counter()
    async with Door.open(config, aws.world, "watch", Mode.READ, "watch") as door:
        now = datetime.now(UTC)
        estates = await asyncio.gather(*(snapshot(door, place, config, now, _OF_THE_STORE) for place in places))
    took = time.perf_counter() - began
    found = Read(tuple(estates), config, Counter(one.service for one in aws.journal.calls()[before:]), took)
    for one in judged(found):
        made = sum(endpoint.name.raw().startswith(NAME) for endpoint in one.endpoints)
        if made != count:
            raise AssertionError(f"{made} of {count} endpoints were found in {one.place}: {one.unanswered}")
        if not any(result.verdict is Verdict.PASS for result in one.results) or one.lacking:
            raise AssertionError(f"{one.place} was not read wholly: {one.unanswered}")
    return found
