"""Posture of a place, evaluated: everything is read, every check judged, and all of it kept as evidence.

The order is that of the ledger's promise: the whole evaluation is a file, its hash is on the ledger, and only then do
rows change. ``store.recover`` makes the rows again from both.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from socconsole.aws import Door
from socconsole.aws.operations import table
from socconsole.collectors.base import Batch
from socconsole.config import Config
from socconsole.model.action import ActionState
from socconsole.model.entry import Entry
from socconsole.model.posture import Evaluation, Verdict
from socconsole.model.source import NOTHING
from socconsole.model.world import Place
from socconsole.response.session import LATER
from socconsole.store import evidence, ledger, posture_codec, posture_drills, posture_known
from socconsole.store.state import StateFolder, state_home
from socconsole.text import Untrusted
from socconsole.watch.keeper import Keeper

SERVICE: Final = "posture"
WHO: Final = "watch"

PLACES: Final = 2
"""Places evaluated at once: a round of all is work for a minute that nobody waits for."""

_SHOWN: Final = 3
"""Reasons that the source names itself; the round has them all."""


class Posture:
    """The collector: one reading is one round of all checks."""

    def __init__(self, config: Config, keeper: Keeper, folder: StateFolder) -> None:
        self._config = config
        self._keeper = keeper
        self._folder = folder
        self._turn = asyncio.Semaphore(PLACES)

    async def collect(self, door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]:
        """One whole evaluation, in one batch, after it is on the ledger.

        Raises ``AwsTrouble`` where AWS cannot be asked at all, ``LedgerError`` and ``OSError`` where it cannot be kept.
        """
        async with self._turn:
            evaluation = await self._evaluated(door, place)
        answered = (evaluation.asked - evaluation.lacking, evaluation.asked)
        yield Batch(
            (),
            None,
            evaluation.complete,
            None if evaluation.complete else answered,
            detail=_lacking(evaluation),
            remedy=_remedy(evaluation),
            evaluation=evaluation,
        )

    async def _evaluated(self, door: Door, place: Place) -> Evaluation:
        # Every check of every service: not before findings have come, for which somebody waits.
        from socconsole.collectors.posture import snapshot
        from socconsole.posture import Context, evaluate

        estate = await snapshot(door, place, self._config, datetime.now(UTC), await self._known(place))
        evaluation = await asyncio.to_thread(evaluate, Context(estate, self._config))
        return await asyncio.to_thread(keep, self._folder, evaluation)

    async def sweep(self, door: Door, place: Place, ids: Iterable[str]) -> AsyncIterator[Batch]:
        """Nothing: every round reads everything."""
        for _ in ():
            yield Batch((), None, complete=False)

    async def _known(self, place: Place) -> tuple[object, ...]:
        """Parts of the estate that no question to AWS gives."""
        alarms = await self._keeper.do(posture_known.alarms, place, datetime.now(UTC))
        return alarms, await asyncio.to_thread(posture_drills.drills, state_home() / "drills")


def keep(folder: StateFolder, evaluation: Evaluation) -> Evaluation:
    """Into evidence, then onto the ledger; the evaluation with its file's SHA-256. Blocks."""
    kept = replace(evaluation, evidence=evidence.put(folder, posture_codec.pack(evaluation)))
    verdicts = [one.verdict for one in kept.results]
    ledger.append(
        folder,
        [
            Entry(
                posture_codec.EVALUATED,
                WHO,
                data={
                    "account": kept.place.account,
                    "region": kept.place.region,
                    "at": kept.at.isoformat(),
                    "evidence": kept.evidence,
                    "complete": kept.complete,
                    "asked": kept.asked,
                    "unanswered": kept.lacking,
                    "checks": len(kept.checks),
                    "passed": verdicts.count(Verdict.PASS),
                    "failed": verdicts.count(Verdict.FAIL),
                    "unknown": verdicts.count(Verdict.UNKNOWN),
                    "endpoints": len(kept.endpoints),
                },
            )
        ],
    )
    return kept


def _lacking(evaluation: Evaluation) -> Untrusted:
    """Which questions had no answer, in words; nothing where all had."""
    if evaluation.complete:
        return NOTHING
    said = "; ".join(evaluation.unanswered[:_SHOWN])
    more = len(evaluation.unanswered) - _SHOWN
    counted = f"{evaluation.asked - evaluation.lacking} of {evaluation.asked} questions answered"
    kinds = "kind" if more == 1 else "kinds"
    return Untrusted(f"{counted}; not: {said}" + (f"; and {more} more {kinds} of trouble" if more > 0 else ""))


def _remedy(evaluation: Evaluation) -> str:
    """What mends the questions that were denied: the permissions they need, and who prints them."""
    denied = [
        call for call, _, why in (one.partition(": ") for one in evaluation.unanswered) if why.startswith("denied")
    ]
    rows = table()
    needed = dict.fromkeys(name for call in denied for name in (rows[call].iam if call in rows else (call,)))
    return f"allow {', '.join(needed)}: `socconsole iam reader` prints the whole policy" if needed else ""


_CHANGED: Final = ("outcome", "resolved", "verified")
"""Ledger verbs by which an action says what is true now."""

_LAST_LOOK: Final = LATER[-1][0]
"""AWS may take until then to answer with what was changed everywhere."""


class Touched:
    """Finds out from the ledger which places an action has changed, for them to be evaluated at once."""

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder
        self._seq = ledger.head(folder).seq

    def places(self) -> set[Place]:
        """Those changed since the last time. Blocks; raises ``LedgerError``."""
        if ledger.head(self._folder).seq <= self._seq:
            return set()
        found: set[Place] = set()
        for line in ledger.lines(self._folder, self._seq):
            self._seq = line.seq
            data = line.entry.data
            if line.entry.verb not in _CHANGED or data.get("state") == ActionState.NOT_APPLIED:
                continue
            if line.entry.verb == "verified" and data.get("when") != _LAST_LOOK:
                continue
            for intent in ledger.lines(self._folder, verbs=("intent",), subject=str(data.get("id", ""))):
                found.add(Place(str(intent.entry.data["account"]), str(intent.entry.data["region"])))
        return found
