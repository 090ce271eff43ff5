"""What a service that cannot be reached costs: itself, and everything only where nothing can be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from socconsole.aws import AwsTrouble, Kind
from socconsole.collectors.posture.asking import Asking
from socconsole.model.known import Known, Unread
from tests.posture.estate import HOME


class Door:
    """Some (service, Region) fail in one way each; the others answer."""

    def __init__(self, failing: Mapping[tuple[str, str], Kind]) -> None:
        self.failing, self.asked = failing, 0

    async def call(self, place: Any, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.asked += 1
        if kind := self.failing.get((operation.partition(":")[0], place.region)):
            raise AwsTrouble(kind, operation, place, "said so")
        return {"it": "is"}

    async def pages(self, place: Any, operation: str, params: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        yield await self.call(place, operation, params)


def it(answer: Mapping[str, Any]) -> str:
    return str(answer["it"])


async def test_a_service_without_an_endpoint_here_costs_itself_alone() -> None:
    door = Door({("macie2", HOME.region): Kind.UNREACHABLE})
    asking = Asking(door, HOME)
    assert isinstance(await asking.one("macie2:GetMacieSession", {}, it), Unread)
    assert isinstance(await asking.one("macie2:GetFindings", {}, it), Unread)
    assert door.asked == 1
    assert await asking.one("ec2:DescribeVpcs", {}, it) == Known("is")
    asking.check()


async def test_where_nothing_can_be_reached_the_reading_ends() -> None:
    every = {(service, HOME.region): Kind.UNREACHABLE for service in ("a", "b", "c", "d")}
    asking = Asking(Door(every), HOME)
    assert isinstance(await asking.one("a:Get", {}, it), Unread)
    with pytest.raises(AwsTrouble):
        asking.check()
    assert isinstance(await asking.one("b:Get", {}, it), Unread)
    with pytest.raises(AwsTrouble):
        await asking.one("c:Get", {}, it)


@pytest.mark.parametrize("kind", [Kind.NO_CREDENTIALS, Kind.EXPIRED])
async def test_credentials_that_are_not_known_end_it_but_not_those_of_a_region_without_opt_in(kind: Kind) -> None:
    asking = Asking(Door({("a", HOME.region): kind, ("a", "me-south-1"): Kind.NO_CREDENTIALS}), HOME)
    assert isinstance(await asking.one("a:Get", {}, it, "me-south-1"), Unread)
    with pytest.raises(AwsTrouble):
        await asking.one("a:Get", {}, it)
