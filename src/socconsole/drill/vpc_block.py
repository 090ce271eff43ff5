"""VPC Block Public Access, which moto does not have: one setting for all VPCs of an account in a region.

Source: EC2 API reference, ``ModifyVpcBlockPublicAccessOptions`` and ``VpcBlockPublicAccessOptions``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.clock import host_now
from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

TAKES: Final = 120.0
"""Seconds of the story until a change holds; AWS says "may take a few minutes"."""

_MODES: Final = ("off", "block-bidirectional", "block-ingress")


@dataclass(frozen=True, slots=True)
class Block:
    """What was asked for, since when, and whether it holds by now."""

    mode: str
    since: datetime
    before: str = "off"
    holds: bool = False


class VpcBlocks:
    """What was set where."""

    def __init__(self) -> None:
        self.managed_by = "account"
        """``declarative-policy`` where the organisation decides, and an account may not."""
        self.all: dict[tuple[str, str], Block] = {}

    def mode(self, account: str, region: str) -> str:
        """The mode that holds now."""
        block = self.all.get((account, region))
        if block is None:
            return "off"
        return block.mode if block.holds else block.before


@routes.op("ec2", "DescribeVpcBlockPublicAccessOptions")
def describe(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"VpcBlockPublicAccessOptions": _options(cloud, call)}


@routes.op("ec2", "ModifyVpcBlockPublicAccessOptions")
def modify(cloud: Cloud, call: Call) -> dict[str, Any]:
    mode = call.params["InternetGatewayBlockMode"]
    if mode not in _MODES:
        raise AwsError("InvalidParameterValue", f"Value ({mode}) for parameter InternetGatewayBlockMode is invalid.")
    blocks, where = cloud.vpc_blocks, (call.account, call.region)
    if blocks.managed_by != "account":
        raise AwsError("OperationNotPermitted", "The options are managed by a declarative policy.", 400)
    asked = Block(mode, host_now(), blocks.mode(*where))
    blocks.all[where] = asked

    def finish() -> None:
        if blocks.all[where] is asked:
            blocks.all[where] = replace(asked, holds=True)

    cloud.slow.begin(call, TAKES, finish)
    return {"VpcBlockPublicAccessOptions": _options(cloud, call)}


def _options(cloud: Cloud, call: Call) -> dict[str, Any]:
    blocks = cloud.vpc_blocks
    block = blocks.all.get((call.account, call.region))
    options: dict[str, Any] = {
        "AwsAccountId": call.account,
        "AwsRegion": call.region,
        "State": "default-state",
        "InternetGatewayBlockMode": "off",
        "ManagedBy": blocks.managed_by,
        "ExclusionsAllowed": "allowed",
    }
    if block is not None:
        state = "update-complete" if block.holds else "update-in-progress"
        options |= {"State": state, "InternetGatewayBlockMode": block.mode, "LastUpdateTimestamp": block.since}
    return options


@routes.op("ec2", "DescribeVpcBlockPublicAccessExclusions")
def exclusions(cloud: Cloud, call: Call) -> dict[str, Any]:
    """Nothing in the drill makes any."""
    return {"VpcBlockPublicAccessExclusions": []}
