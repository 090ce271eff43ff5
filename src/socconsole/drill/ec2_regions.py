"""Regions of the drill's accounts: the few in which its stories play, and two in which nothing should be.

moto knows them all, and builds a network for each account in each that is looked at. AWS has 17 that no account can
switch off; here an organisation is made up that has fewer. Source: EC2 API reference, ``DescribeRegions``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

ENABLED: Final = ("eu-central-1", "eu-north-1", "eu-west-1", "us-east-1")


@routes.op("ec2", "DescribeRegions")
def describe(cloud: Cloud, call: Call) -> dict[str, Any]:
    named = call.params.get("RegionNames") or ENABLED
    return {
        "Regions": [
            {"RegionName": one, "Endpoint": f"ec2.{one}.amazonaws.com", "OptInStatus": "opt-in-not-required"}
            for one in ENABLED
            if one in named
        ]
    }
