"""Instances of a place with what they are made of, and what Security Hub's AI inventory says of them.

Which of them serve a model is judged over all of the estate (``posture.inference``): these are facts alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.known import Read
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class Metadata:
    """An instance's metadata service: where credentials of its role are fetched."""

    enabled: bool
    tokens_required: bool
    """IMDSv2 alone: a request has to carry a session token."""
    hops: int
    """How many network hops its answer to a PUT survives; a container on a bridge is one away."""


@dataclass(frozen=True, slots=True)
class Host:
    """One EC2 instance that is not terminated."""

    arn: str
    id: str
    name: Untrusted
    tags: tuple[tuple[Untrusted, Untrusted], ...]
    declared: str
    """The pattern of ``[egress] llm_tags`` that its name or a tag fits; empty where the team says of none that it is
    an LLM's. So it is of everything here."""
    type: str
    """``g5.xlarge``."""
    accelerated: bool
    """Its type has GPUs, Inferentia or Trainium."""
    image: str
    """Id of its AMI."""
    vpc: str
    subnets: tuple[str, ...]
    """Of all its interfaces, as the groups are."""
    groups: tuple[str, ...]
    public: tuple[str, ...]
    """Addresses on the internet, of all interfaces; IPv6 included."""
    private: tuple[str, ...]
    """Addresses within its network, of all interfaces."""
    profile: str
    """ARN of its instance profile; empty for none."""
    role: Read[str]
    """ARN of the profile's role; empty for none."""
    metadata: Metadata
    volumes: tuple[str, ...]
    """Ids of the EBS volumes attached to it."""
    cluster: str
    """Name of the EKS cluster whose node it is, by its tags; empty for none."""


@dataclass(frozen=True, slots=True)
class Volume:
    arn: str
    id: str
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One EBS snapshot of this account."""

    arn: str
    id: str
    volume: str
    """Id of the volume it was taken of; that may be gone."""
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Inventoried:
    """A resource on which Security Hub's AI inventory found models or what serves them."""

    arn: str
    """Token: the resource's id, mostly its ARN."""
    kind: str
    """``AWS::EC2::Instance``, or a type of container image."""
    name: Untrusted
    declared: str
    found: tuple[Untrusted, ...]
    """What was found on it: ``model/pkg:huggingface/meta-llama/llama-3-8b``."""


@dataclass(frozen=True, slots=True)
class Hosts:
    instances: Read[tuple[Host, ...]]
    volumes: Read[tuple[Volume, ...]]
    snapshots: Read[tuple[Snapshot, ...]]
    """Of this account."""
    public_snapshots: Read[frozenset[str]]
    """Ids of those of this account that everybody may restore."""
    snapshot_sharing: Read[str]
    """The account's block of public snapshots: ``block-all-sharing``, ``block-new-sharing`` or ``unblocked``."""
    inventory: Read[tuple[Inventoried, ...] | None]
    """None: Security Hub (V2) is not on here, so that nobody takes one."""
