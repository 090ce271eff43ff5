"""Ways out: everything in one account and region through which data can leave, read anew every few minutes.

Each part is read by itself, so that what is denied of one service does not hide the others; only when every part
answered is what was not found gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final

from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors import egress_network, egress_stores
from socconsole.collectors.base import Batch
from socconsole.collectors.egress_marks import Marks
from socconsole.collectors.egress_network import Network
from socconsole.config import Config
from socconsole.model.egress import EgressPath, Paths
from socconsole.model.world import Place
from socconsole.text import Untrusted, clean

SERVICE: Final = "egress"

_SHOWN: Final = 3

Reading = Callable[[], Awaitable[list[EgressPath]]]


class Egress:
    """The collector, with what the team declares of its estate."""

    def __init__(self, config: Config) -> None:
        self._marks = Marks(config.datasets, config.egress.llm_tags)

    async def collect(self, door: Door, place: Place, cursor: str | None) -> AsyncIterator[Batch]:
        """All ways out of a place, in one batch. Raises ``AwsTrouble`` when no part could be read.

        A part that could not be read is named in ``detail``; its paths stay as they were.
        """
        found: list[EgressPath] = []
        troubles: list[tuple[str, AwsTrouble]] = []
        answered = 0
        for what, reading in self._parts(door, place):
            try:
                found += await reading()
                answered += 1
            except AwsTrouble as trouble:
                if trouble.kind in (Kind.UNREACHABLE, Kind.TIMEOUT, Kind.EXPIRED, Kind.NO_CREDENTIALS):
                    raise  # the others would not answer either
                troubles.append((what, trouble))
        if not answered:
            raise troubles[0][1]
        complete = not troubles
        listing = Paths(place, tuple(found), complete)
        progress = None if complete else (answered, answered + len(troubles))
        yield Batch((), None, complete, progress, detail=_lacking(troubles), listings=(listing,))

    async def sweep(self, door: Door, place: Place, ids: Iterable[str]) -> AsyncIterator[Batch]:
        """Nothing: ways out are no findings."""
        for _ in ():
            yield Batch((), None, complete=False)

    def _parts(self, door: Door, place: Place) -> list[tuple[str, Reading]]:
        marks = self._marks
        kept: list[Network] = []

        async def net() -> Network:
            if not kept:
                kept.append(await egress_network.network(door, place))
            return kept[0]

        async def hosts() -> list[EgressPath]:
            known = await net()
            roles = await _roles(door, place, egress_network.profiles(known))
            return [path async for path in egress_network.instances(place, marks, known, roles)]

        async def nats() -> list[EgressPath]:
            return await egress_network.nat_gateways(door, place, marks, await net())

        async def endpoints() -> list[EgressPath]:
            return await egress_network.vpc_endpoints(door, place, marks, await net())

        async def balancers() -> list[EgressPath]:
            return await egress_network.load_balancers(door, place, marks, await net())

        return [
            ("instances", hosts),
            ("NAT gateways", nats),
            ("VPC endpoints", endpoints),
            ("load balancers", balancers),
            ("buckets", lambda: egress_stores.buckets(door, place, marks)),
            ("SageMaker endpoints", lambda: egress_stores.sagemaker(door, place, marks)),
            ("Bedrock models", lambda: egress_stores.bedrock(door, place, marks)),
        ]


async def _roles(door: Door, place: Place, profiles: Iterable[str]) -> dict[str, str]:
    """Instance profile → its role: findings about stolen credentials name the role. Raises ``AwsTrouble``."""
    found: dict[str, str] = {}
    for name in profiles:
        try:
            answer = await door.call(place, "iam:GetInstanceProfile", {"InstanceProfileName": name})
        except AwsTrouble as trouble:
            if trouble.kind is Kind.NOT_FOUND:  # deleted under the instance: the profile's name stays a link
                continue
            raise
        found[name] = next((str(role["RoleName"]) for role in answer["InstanceProfile"]["Roles"]), "")
    return found


def _lacking(troubles: list[tuple[str, AwsTrouble]]) -> Untrusted:
    said = [f"{what} not read ({trouble.kind}: {trouble.operation})" for what, trouble in troubles]
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return Untrusted(clean("; ".join(said[:_SHOWN]) + more))
