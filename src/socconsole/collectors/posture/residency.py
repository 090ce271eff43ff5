"""Regions outside the allow-list, and what of the account lies in them.

Looked for are buckets, instances and SageMaker endpoints, all of them, and of ``KINDS`` what carries a tag or ever
carried one: the Resource Groups Tagging API knows no other (its reference, ``GetResources``). Facts:
``DescribeRegions`` names the Regions that are enabled for the account; ``ListBuckets`` names each bucket's Region where
the request has any parameter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.home import is_home
from socconsole.config import Config
from socconsole.model.estate.residency import Elsewhere, Residency
from socconsole.model.known import Known, Read, Unread
from socconsole.model.regions import partition_of
from socconsole.text import token

KINDS: Final = (
    "bedrock", "dynamodb:table", "ec2:snapshot", "ec2:volume", "ecs:cluster", "eks:cluster",
    "elasticfilesystem:file-system", "elasticache", "es", "firehose", "kinesis", "lambda:function", "rds", "redshift",
    "sagemaker", "secretsmanager:secret", "sqs",
)  # fmt: skip
"""What holds or handles data, as the tagging API calls it."""


async def read(asking: Asking, config: Config) -> Residency:
    """Raises ``AwsTrouble`` as :class:`Asking` does."""
    if not is_home(asking.place, config):
        return Residency(Known(()))
    enabled = await asking.one("ec2:DescribeRegions", {}, _enabled)
    if isinstance(enabled, Unread):
        return Residency(enabled)
    allowed = config.posture.regions or {region for one in config.accounts for region in one.regions}
    buckets = await asking.all("s3:ListBuckets", {}, lambda page: [_bucket(one) for one in page["Buckets"]])

    async def one(region: str) -> Elsewhere:
        return await _elsewhere(asking, region, buckets)

    return Residency(Known(await asking.each(sorted(set(enabled.value) - set(allowed)), one)))


def _enabled(answer: dict[str, Any]) -> list[str]:
    return [str(one["RegionName"]) for one in answer["Regions"]]


def _bucket(one: dict[str, Any]) -> tuple[str, str]:
    lies = str(one["BucketRegion"])
    return f"arn:{partition_of(lies)}:s3:::{token(one['Name'])}", lies


async def _elsewhere(asking: Asking, region: str, buckets: Read[tuple[tuple[str, str], ...]]) -> Elsewhere:
    account = asking.place.account
    here: Read[tuple[str, ...]] = (
        buckets if isinstance(buckets, Unread) else Known(tuple(arn for arn, lies in buckets.value if lies == region))
    )

    def instances(page: dict[str, Any]) -> Iterable[str]:
        for reservation in page["Reservations"]:
            for one in reservation.get("Instances") or ():
                if one["State"]["Name"] != "terminated":
                    yield f"arn:{partition_of(region)}:ec2:{region}:{account}:instance/{token(one['InstanceId'])}"

    def endpoints(page: dict[str, Any]) -> Iterable[str]:
        return (token(one["EndpointArn"], 512) for one in page["Endpoints"])

    def tagged(page: dict[str, Any]) -> Iterable[str]:
        return (token(one["ResourceARN"], 512) for one in page["ResourceTagMappingList"])

    kinds = {"ResourceTypeFilters": list(KINDS)}
    return Elsewhere(
        arn=f"{account}/{region}",
        region=region,
        found=(
            here,
            await asking.all("ec2:DescribeInstances", {}, instances, region, aside=True),
            await asking.all("sagemaker:ListEndpoints", {}, endpoints, region, aside=True),
            await asking.all("resourcegroupstaggingapi:GetResources", kinds, tagged, region, aside=True),
        ),
    )
