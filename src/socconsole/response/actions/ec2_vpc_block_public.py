"""``ec2-vpc-block-public``: no traffic between any VPC of a region and the internet, in either direction.

Facts: EC2 API reference, ``VpcBlockPublicAccessOptions``: ``block-bidirectional`` blocks internet gateways and
egress-only internet gateways of the region, but for VPCs and subnets that are excluded; ``block-ingress`` leaves
what goes out through NAT gateways. A change takes minutes: until AWS calls it complete it is in doubt.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response import ec2
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.unfolding import Unfolding
from socconsole.response.wording import count
from socconsole.text import token

_STATE: Final = "Mode"
_CLOSED: Final = "block-bidirectional"
_STRICTER: Final = ("off", "block-ingress", _CLOSED)
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_TYPES: Final = ("AwsEc2Instance", "AwsEc2Vpc", "AwsEc2Subnet", "AwsEc2NetworkInterface")


@dataclass(frozen=True, slots=True)
class Border:
    """A region's way to the internet, as AWS described it in one round of reads."""

    place: Place
    options: Mapping[str, Any]
    gateways: int
    """Internet gateways that a VPC has."""
    nats: int
    exclusions: int | None
    """VPCs and subnets that the block leaves alone; None where reading them was denied."""
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    @property
    def tags(self) -> Mapping[str, str]:
        return {}

    @property
    def underway(self) -> bool:
        return str(self.options["State"]) == "update-in-progress"

    @property
    def mode(self) -> str:
        return str(self.options["InternetGatewayBlockMode"])


class Ec2VpcBlockPublic(Unfolding[Border]):
    """See the module's text."""

    info = Info(
        id="ec2-vpc-block-public",
        title="Block all VPCs of a region from the internet",
        target_type="region",
        calls=("ec2:ModifyVpcBlockPublicAccessOptions",),
        stops="all traffic through internet gateways and egress-only internet gateways of the region, NAT included, "
        "in and out, in every VPC that is not excluded",
        does_not_stop="PrivateLink, peering, transit gateways, Direct Connect, gateway endpoints (S3, DynamoDB), VPCs "
        "and subnets that are excluded, services outside VPCs, credentials already taken",
        reversible=Reversible.YES,
        captures="the region's options and exclusions, its internet and NAT gateways",
        verifies="the mode is block-bidirectional and AWS calls the update complete",
        undo_leaves="nothing",
        pitfalls=(
            "everything in the region that serves or uses the internet goes dark: whole id and a second person",
            "a change takes minutes: in doubt, never applied, until AWS calls it complete",
            "exclusions stay open: counted before",
            "a declarative policy of the organisation may own the setting: refused before",
            "the S3 gateway endpoint stays open: said before",
        ),
        wide=True,
        second_person=True,
    )
    writes = ("ModifyVpcBlockPublicAccessOptions",)

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        if not any(resource.type in _TYPES for resource in finding.resources) or not finding.account:
            return ()
        regions = {resource.region or finding.region for resource in finding.resources if resource.type in _TYPES}
        return tuple(Target(region, Place(finding.account, region)) for region in sorted(filter(None, regions)))

    def name(self, target: str) -> str:
        if not _REGION.fullmatch(target):
            raise BadTarget(f"{token(target)!r} is not the name of a region")
        return target

    def arns(self, target: Target) -> tuple[str, ...]:
        return (f"arn:{partition_of(target.place.region)}:ec2:{target.place.region}:{target.place.account}:vpc/*",)

    async def look(self, door: Door, target: Target) -> Border:
        place = target.place
        options, gateways, nats, exclusions = await asyncio.gather(
            door.call(place, "ec2:DescribeVpcBlockPublicAccessOptions", {}),
            ec2.every(door, place, "DescribeInternetGateways", "InternetGateways"),
            ec2.every(door, place, "DescribeNatGateways", "NatGateways", Filter=ec2.where("state", "available")),
            ec2.if_allowed(
                ec2.every(door, place, "DescribeVpcBlockPublicAccessExclusions", "VpcBlockPublicAccessExclusions")
            ),
        )
        found = options["VpcBlockPublicAccessOptions"]
        return Border(
            place=place,
            options=found,
            gateways=sum(bool(gateway.get("Attachments")) for gateway in gateways),
            nats=len(nats),
            exclusions=None if exclusions is None else len(exclusions),
            unread=("exclusions",) if exclusions is None else (),
            evidence={"options": found, "internet_gateways": gateways, "nat_gateways": nats, "exclusions": exclusions},
        )

    def underway(self, seen: Border) -> str:
        return "the update is in progress" if seen.underway else ""

    def state(self, seen: Border) -> State:
        """AWS names the new mode while it is still at it: what does not hold yet is not called so."""
        return {_STATE: f"{seen.mode}, under way" if seen.underway else seen.mode}

    def cut(self, seen: Border, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if target.id != target.place.region:
            why = f"the target is the region itself: {target.place.region}"
            return Cut(None, why, refusals=(why,))
        if seen.underway:
            return Cut(None, "would change nothing now: an update is under way, look again when it is complete")
        if seen.mode == _CLOSED:
            return Cut(None, "would change nothing here: it is so already")
        if not seen.gateways:
            return Cut(None, "would change nothing here: no VPC of the region has an internet gateway")
        policy = ("the organisation's declarative policy owns this setting: an account cannot change it",)
        excluded = "not known" if seen.exclusions is None else str(seen.exclusions)
        return Cut(
            {_STATE: _CLOSED},
            why=f"{count(seen.gateways, 'VPC')} of the region {'has' if seen.gateways == 1 else 'have'} a way to the "
            f"internet; the mode is {seen.mode}",
            blast_radius=f"the whole region: {count(seen.gateways, 'internet gateway')}, "
            f"{count(seen.nats, 'NAT gateway')}; excluded: {excluded}; how much traffic: not known (configuration "
            "does not say)",
            fit=5,
            warnings=(
                "takes a few minutes: in doubt until AWS calls it complete",
                "S3 and DynamoDB through gateway endpoints stay open: data can leave to a stranger's bucket",
            ),
            refusals=policy if seen.options.get("ManagedBy") == "declarative-policy" else (),
        )

    def steps(self, seen: Border, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        mode = str(wanted[_STATE]).partition(",")[0]
        return (Call("ec2", "ModifyVpcBlockPublicAccessOptions", {"InternetGatewayBlockMode": mode}),)

    def exposes(self, seen: Border, target: Target, restored: State) -> tuple[str, ...]:
        mode = str(restored[_STATE]).partition(",")[0]
        if _STRICTER.index(mode) >= _STRICTER.index(seen.mode):
            return ()
        return (f"{count(seen.gateways, 'VPC')} of the region can be reached from the internet, and reach it",)

    def words(self, state: State) -> str:
        return str(state[_STATE])


ACTION: Final = Ec2VpcBlockPublic()
