"""Endpoints: whatever serves an LLM, with what it may read and where it may send."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from socconsole.model.known import Read
from socconsole.model.world import Place
from socconsole.text import Untrusted


class EndpointKind(StrEnum):
    SAGEMAKER = "sagemaker"
    BEDROCK_MODEL = "bedrock-model"
    """A foundation or custom model that is invoked here."""
    BEDROCK_AGENT = "bedrock-agent"
    KNOWLEDGE_BASE = "bedrock-kb"
    INFERENCE_PROFILE = "bedrock-profile"
    """Routes to models in other Regions."""
    PROVISIONED = "bedrock-provisioned"
    EC2 = "ec2"
    ECS = "ecs"
    EKS = "eks"
    INVENTORY = "inventory"
    """Found by Security Hub's AI inventory alone."""


BEDROCK: Final = tuple(kind for kind in EndpointKind if kind.startswith("bedrock-"))
OWN: Final = (EndpointKind.EC2, EndpointKind.ECS, EndpointKind.EKS, EndpointKind.INVENTORY)
"""On machines of one's own."""

_EVERYWHERE: Final = frozenset({"ALM", "LOG", "NET", "S3"})
_LOOKED_AT_BY: Final = {EndpointKind.SAGEMAKER: "SM", **dict.fromkeys(BEDROCK, "BR"), **dict.fromkeys(OWN, "SHS")}


def families(kind: EndpointKind) -> frozenset[str]:
    """Families of checks that say something of endpoints of this kind; all others are about the estate."""
    return _EVERYWHERE | {_LOOKED_AT_BY[kind]}


class Exposure(StrEnum):
    """Who can reach it, by the network alone; IAM may still say no."""

    INTERNET = "internet"
    """Its own address or balancer answers to the world."""
    ACCOUNT = "account"
    """Through an AWS API: whoever has the rights."""
    VPC = "vpc"
    PRIVATE = "private"
    """From within its own network only, by named sources."""
    UNKNOWN = "unknown"


def endpoint_id(kind: EndpointKind, arn: str) -> str:
    """Our stable id: ``e-`` and 12 hexadecimal digits."""
    return "e-" + hashlib.sha256(f"{kind.value}\x1f{arn}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that serves an LLM, as its place was last read."""

    id: str
    kind: EndpointKind
    place: Place
    arn: str
    """Token."""
    name: Untrusted
    exposure: Exposure
    model: Untrusted | None = None
    """Which model or image it serves, as its configuration says."""
    role: str = ""
    """ARN of the role that it acts with; empty where it has none."""
    vpc: str = ""
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    reads: Read[tuple[str, ...]] | None = None
    """ARN patterns of buckets, keys, tables and secrets that its role may read; None: it has no role."""
    sends: Read[tuple[str, ...]] | None = None
    """Ways to the outside in words (``nat-0a1 to the internet``, ``S3 endpoint vpce-1``, ``none``)."""
    logs: Read[tuple[str, ...]] | None = None
    """Where it writes what it is asked and answers: log groups and buckets."""
    regions: tuple[str, ...] = ()
    """Regions in which data is processed, where they are others than its own too."""
    tags: tuple[tuple[Untrusted, Untrusted], ...] = ()
    owner: Untrusted | None = None
    dataset: str = ""
    parts: tuple[str, ...] = ()
    """ARNs and ids of what it is made of (configuration, models, role, subnets, groups, buckets, its VPC): a check's
    result about one of them is about this endpoint."""
