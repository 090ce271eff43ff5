"""One SageMaker endpoint read afresh: its variants, their models, and where those may reach.

No policy hangs on an endpoint; what can be cut is who serves (weights), whether it serves at all, and the network
that the models' containers were given (``VpcConfig``). Facts: SageMaker API reference, ``DescribeEndpoint``,
``DescribeEndpointConfig``, ``DescribeModel``.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Target
from socconsole.response.change import Cut
from socconsole.response.found import resources
from socconsole.response.parts import Part, read
from socconsole.response.unfolding import Unfolding
from socconsole.response.wording import count
from socconsole.text import token

NAME: Final = r"[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62}"
"""Names of endpoints and variants, as the service model has them."""

AT_REST: Final = ("InService", "OutOfService", "Failed", "UpdateRollbackFailed", "")
"""Statuses in which AWS is doing nothing to an endpoint; ``""`` stands for one that does not exist."""

_TYPES: Final = ("AwsSageMakerEndpoint", "SageMakerEndpoint", "AWS::SageMaker::Endpoint")
_ARN: Final = re.compile(r"arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{12}:endpoint/(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variant:
    """A production variant: a model on instances of its own, with a share of the traffic."""

    name: str
    model: str
    """Empty for a variant whose models are inference components."""
    weight: float
    """In force, not the one that is being set."""
    instances: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as AWS described it in one round of reads; ``status`` empty: there is none of that name."""

    name: str
    place: Place
    status: str
    config: str
    variants: tuple[Variant, ...]
    shadows: tuple[str, ...]
    """Variants that get a copy of the traffic and whose answers nobody sees."""
    models: Mapping[str, Mapping[str, Any]]
    """``DescribeModel`` by name, as far as the models could be read."""
    capture: str
    """Where requests and answers are captured to; empty where they are not."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]
    focus: str = ""
    """Name of the variant that is meant, where it is only one."""

    @property
    def underway(self) -> str:
        """What AWS is doing to it, as its status says; empty when it is at rest."""
        return "" if self.status in AT_REST else token(self.status)

    @property
    def groups(self) -> tuple[str, ...]:
        """Security groups of its models' network interfaces, which SageMaker owns; isolated models have no network."""
        networks = [
            model.get("VpcConfig") or {} for model in self.models.values() if not model.get("EnableNetworkIsolation")
        ]
        found = {group for network in networks for group in network.get("SecurityGroupIds", ())}
        return tuple(sorted(found))

    @property
    def meant(self) -> Variant | None:
        """The variant in focus; None where there is none of that name."""
        return next((one for one in self.variants if one.name == self.focus), None)

    def share(self, variant: Variant) -> float:
        """The part of the traffic that goes to a variant, 0 to 1."""
        total = sum(one.weight for one in self.variants)
        return variant.weight / total if total else 0.0

    def serving(self) -> str:
        """What stands behind it, in words."""
        instances = sum(variant.instances for variant in self.variants)
        return f"{count(len(self.variants), 'variant')} on {count(instances, 'instance')}"


def arns(kind: str, name: str, place: Place) -> tuple[str, ...]:
    """SageMaker writes names in ARNs in lower case; a policy that is narrowed to the name as it is does no harm."""
    begin = f"arn:{partition_of(place.region)}:sagemaker:{place.region}:{place.account}:{kind}/"
    return tuple(dict.fromkeys((begin + name.lower(), begin + name)))


async def read_endpoint(door: Door, name: str, place: Place) -> Endpoint:
    """Raises ``AwsTrouble`` when what decides the plan cannot be read. An endpoint may be none at all."""
    try:
        first = await read(door, place, {"endpoint": Part("sagemaker:DescribeEndpoint", {"EndpointName": name})})
    except AwsTrouble as trouble:
        if not _missing(trouble):
            raise
        return Endpoint(name, place, "", "", (), (), {}, "", {}, (), {"endpoint": None})
    endpoint = first.known("endpoint")
    config = endpoint["EndpointConfigName"]
    second = await read(
        door,
        place,
        {
            "config": Part("sagemaker:DescribeEndpointConfig", {"EndpointConfigName": config}, optional=True),
            "tags": Part("sagemaker:ListTags", {"ResourceArn": endpoint["EndpointArn"]}, optional=True),
        },
    )
    planned = second.known("config")
    models = {one["VariantName"]: str(one.get("ModelName") or "") for one in planned.get("ProductionVariants", ())}
    shadows = {
        one["VariantName"]: str(one.get("ModelName") or "") for one in planned.get("ShadowProductionVariants", ())
    }
    named = sorted(name for name in {*models.values(), *shadows.values()} if name)
    third = await read(
        door,
        place,
        {f"model {name}": Part("sagemaker:DescribeModel", {"ModelName": name}, optional=True) for name in named},
    )
    capture = endpoint.get("DataCaptureConfig") or {}
    return Endpoint(
        name=name,
        place=place,
        status=str(endpoint["EndpointStatus"]),
        config=config,
        variants=tuple(
            Variant(
                name=one["VariantName"],
                model=models.get(one["VariantName"], ""),
                weight=float(one.get("CurrentWeight", 1.0)),
                instances=int(one.get("CurrentInstanceCount", 0)),
            )
            for one in endpoint.get("ProductionVariants", ())
        ),
        shadows=tuple(shadows),
        models={name: third.known(f"model {name}") for name in named if f"model {name}" not in third.unread},
        capture=str(capture.get("DestinationS3Uri", "")) if capture.get("EnableCapture") else "",
        tags={tag["Key"]: tag["Value"] for tag in second.known("tags").get("Tags", ())},
        unread=(*first.unread, *second.unread, *third.unread),
        evidence={**first.evidence, **second.evidence, **third.evidence},
    )


def _missing(trouble: AwsTrouble) -> bool:
    """SageMaker has no code of its own for "there is none": only the words tell it from a bad request."""
    return trouble.code == "ValidationException" and "Could not find endpoint" in trouble.detail.raw()


def name_of(target: str) -> str:
    """An endpoint's name, of that or of its ARN. Raises :class:`BadTarget`."""
    found = _ARN.fullmatch(target)
    name = found[1] if found else target
    if not re.fullmatch(NAME, name):
        raise BadTarget(f"{token(target)!r} is not the name of an endpoint")
    return name


def endpoints(finding: Finding) -> tuple[Target, ...]:
    """Those that a finding is about."""
    return resources(finding, _TYPES, name_of)


class EndpointChange(Unfolding[Endpoint]):
    """A change to one endpoint itself."""

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        return endpoints(finding)

    def name(self, target: str) -> str:
        return name_of(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        return arns("endpoint", target.id, target.place)

    async def look(self, door: Door, target: Target) -> Endpoint:
        return await read_endpoint(door, target.id, target.place)

    def underway(self, seen: Endpoint) -> str:
        return seen.underway

    def cut(self, seen: Endpoint, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not seen.status:
            return Cut(None, "would change nothing here: there is no endpoint of that name")
        if seen.underway:
            why = f"the endpoint is {seen.underway}: AWS takes no change until it is done"
            return Cut(None, why, refusals=(why,))
        return self.cut_serving(seen, target, finding, own)

    @abstractmethod
    def cut_serving(self, seen: Endpoint, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        """As ``cut``, of an endpoint that is there and at rest."""
