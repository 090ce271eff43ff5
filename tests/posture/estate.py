"""The estate of the scenario ``posture``: read once over HTTP by the watch's role, judged as often as a test likes.

``python -m tests.posture.record FILE`` (a child process: one embedded AWS a process) reads every place and keeps what
AWS answered. ``Replay`` answers with that, but for the operations that a test denies: a family's checks can be judged
with each of their calls refused in turn, in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from socconsole import posture
from socconsole.aws import AwsTrouble, Kind
from socconsole.collectors.posture import snapshot
from socconsole.collectors.posture.asking import Answering
from socconsole.config import AccountConfig, Config, PostureConfig, RunbookConfig
from socconsole.drill import scenario
from socconsole.model.posture import Result, Verdict
from socconsole.model.world import Place
from socconsole.posture.catalogue import catalogue

SCENARIO = scenario.load("posture")
ACCOUNTS = SCENARIO.accounts
CONFIG = Config(
    accounts=tuple(AccountConfig(account=one, regions=SCENARIO.regions) for one in ACCOUNTS.values()),
    share=1.0,
    posture=PostureConfig(
        evidence_buckets=("*-forensics",),
        break_glass_role=f"arn:aws:iam::{ACCOUNTS['prod-eu']}:role/break-glass",
        checkout=(
            "kaufhaus-checkout-1.eu-central-1.elb.amazonaws.com",
            "shop.kaufhaus.example",
            "pay.kaufhaus.example",
            "arn:aws:s3:::kaufhaus-llm-corpus",
            "www.kaufhaus.example",
        ),
    ),
    runbook=(
        RunbookConfig(id="team-quarantine", title="Quarantine", function="quarantine-host", types=("*",), stops="it"),
        RunbookConfig(id="team-isolate", title="Isolate", document="Kaufhaus-IsolateHost", types=("*",), stops="it"),
    ),
)
"""What this team declares: its accounts and, where a check asks for it, its classifications, regions and the like."""

PLACES = tuple(Place(account, region) for account in ACCOUNTS.values() for region in SCENARIO.regions)
HOME = Place(ACCOUNTS["prod-eu"], "eu-central-1")
OTHER = Place(ACCOUNTS["ml-platform"], "eu-west-1")
SEALED = Place(ACCOUNTS["acquired-shop"], "eu-central-1")
"""Where an SCP refuses us everything."""


@dataclass(frozen=True)
class Trouble:
    """An ``AwsTrouble`` as it is kept."""

    kind: Kind
    detail: str


class Replay:
    """A door that knows every answer, or asks the one behind it and keeps what that says."""

    def __init__(self, answers: dict[Any, Any], denied: Collection[str] = (), behind: Answering | None = None) -> None:
        self.answers, self._denied, self._behind = answers, denied, behind

    async def call(self, place: Place, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        async def ask(door: Answering) -> Any:
            return await door.call(place, operation, params)

        return await self._answer(place, operation, params, ask)

    async def pages(self, place: Place, operation: str, params: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        async def ask(door: Answering) -> Any:
            return [page async for page in door.pages(place, operation, params)]

        for page in await self._answer(place, operation, params, ask):
            yield page

    async def _answer(
        self, place: Place, operation: str, params: Mapping[str, Any], ask: Callable[[Answering], Awaitable[Any]]
    ) -> Any:
        if operation in self._denied:
            raise AwsTrouble(Kind.DENIED, operation, place, "refused by the test")
        key = (place, operation, json.dumps(params, sort_keys=True, default=str))
        if key not in self.answers:
            assert self._behind is not None, f"never asked before: {key}"
            try:
                self.answers[key] = await ask(self._behind)
            except AwsTrouble as trouble:
                self.answers[key] = Trouble(trouble.kind, trouble.detail.raw())
        found = self.answers[key]
        if isinstance(found, Trouble):
            raise AwsTrouble(found.kind, operation, place, found.detail)
        return found


@dataclass(frozen=True)
class Reviewed:
    """The estate as it was read: judge any place of it, with some calls denied if you like."""

    answers: dict[Any, Any]

    async def results(
        self, check: str, place: Place = HOME, denied: Collection[str] = (), known: Collection[object] = ()
    ) -> dict[str, Result]:
        """Subject → result. ``known`` are parts of the estate that do not come from AWS."""
        estate = await snapshot(Replay(self.answers, denied), place, CONFIG, datetime.now(UTC), known)
        checks = [one for one in posture.CHECKS if one.id == check]
        assert checks, f"there is no check {check}"
        return {one.subject: one for one in posture.evaluate(posture.Context(estate, CONFIG), checks).results}

    async def verdicts(
        self, check: str, place: Place = HOME, denied: Collection[str] = (), known: Collection[object] = ()
    ) -> dict[str, Verdict]:
        """The last part of the subject's ARN → verdict."""
        found = await self.results(check, place, denied, known)
        return {subject.replace("/", ":").rpartition(":")[2]: one.verdict for subject, one in found.items()}

    async def no_false_pass(self, check: str, place: Place = HOME, known: Collection[object] = ()) -> None:
        """With each of its calls denied in turn a check passes nothing, and still says something."""
        found = await self.verdicts(check, place, known=known)
        assert Verdict.PASS in found.values(), f"nothing passes {check} in {place}: this would prove nothing"
        for call in catalogue()[check].calls:
            found = await self.verdicts(check, place, (call,), known)
            assert found, f"{check} says nothing at all with {call} denied"
            assert Verdict.PASS not in found.values(), f"{check} passes with {call} denied: {found}"
