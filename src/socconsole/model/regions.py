"""What the name of a region tells."""

from __future__ import annotations

from typing import Final

_PARTITIONS: Final = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
"""How the names of regions begin outside the partition ``aws`` (botocore's ``partitions.json``, regionRegex)."""


def partition_of(region: str) -> str:
    """The partition that a region lies in: ``aws`` for ``eu-central-1``, ``aws-us-gov`` for ``us-gov-west-1``."""
    return next((partition for start, partition in _PARTITIONS.items() if region.startswith(start)), "aws")
