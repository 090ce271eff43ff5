"""What runs in containers: services and single tasks of Amazon ECS, clusters of Amazon EKS.

What runs inside an EKS cluster is known to Kubernetes alone; AWS tells of its nodes, its API and its settings.
"""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.known import Read
from socconsole.text import Untrusted


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a task definition."""

    name: str
    """Token."""
    image: Untrusted
    ports: tuple[tuple[int, int], ...]
    """(first, last) that it is reached at, inclusive."""
    privileged: bool
    read_only: bool
    """Its root file system is."""
    gpu: bool
    """It asks for GPUs or Neuron devices."""
    environment: tuple[str, ...]
    """Tokens: names of the variables whose values stand in the definition for all to read."""
    log_driver: str
    """``awslogs`` …; empty where it logs nowhere."""
    log_target: str
    """Token: the log group; empty with another driver."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One revision of a task definition."""

    arn: str
    family: str
    """Token."""
    role: str
    """ARN of the task role: what the containers may do; empty for none."""
    network: str
    """``awsvpc``, ``bridge``, ``host`` or ``none``."""
    containers: tuple[Container, ...]
    tags: tuple[tuple[Untrusted, Untrusted], ...]


@dataclass(frozen=True, slots=True)
class Workload:
    """A service of Amazon ECS, or tasks of one definition that no service keeps, with everything that it runs now:
    while it is deployed, or in task sets, that can be more than one definition."""

    arn: str
    """Of the service, or of the first of the tasks."""
    name: Untrusted
    cluster: str
    """Token: ARN of the cluster."""
    tags: tuple[tuple[Untrusted, Untrusted], ...]
    declared: str
    """The pattern of ``[egress] llm_tags`` that its name or a tag fits; empty for none."""
    definitions: Read[tuple[Definition, ...]]
    subnets: tuple[str, ...]
    """With ``awsvpc``, as the groups are; in other modes it lives on its instance's network."""
    groups: Read[tuple[str, ...]]
    public: Read[bool]
    """Its tasks have addresses on the internet, or are given them."""
    target_groups: tuple[str, ...]
    """ARNs: through these load balancers reach it."""
    private: tuple[str, ...] = ()
    """Addresses of single tasks within their network."""


@dataclass(frozen=True, slots=True)
class Nodegroup:
    arn: str
    name: str
    types: tuple[str, ...]
    """Instance types; empty where its launch template names them."""
    accelerated: bool
    """One of its types, or the AMI, is for GPUs, Inferentia or Trainium."""
    ami: str
    """``AL2023_x86_64_NVIDIA`` …"""
    role: str
    subnets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster of Amazon EKS."""

    arn: str
    name: str
    tags: tuple[tuple[Untrusted, Untrusted], ...]
    declared: str
    """As a workload's."""
    role: str
    vpc: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]
    """The cluster's own security group, which its nodes wear too, and those of its API's interfaces."""
    private_api: bool
    public_api: bool
    public_from: tuple[str, ...]
    """CIDR blocks that may reach a public API."""
    logs: frozenset[str]
    """Control plane logs that are on: ``api``, ``audit`` …"""
    secrets_key: str
    """ARN of the customer's key under which Kubernetes secrets lie; empty for none."""
    auto: bool
    """EKS Auto Mode: AWS runs its nodes and its CNI."""
    nodegroups: Read[tuple[Nodegroup, ...]]
    network_policy: Read[bool | None]
    """Whether the VPC CNI add-on enforces network policies; None where the CNI is not EKS's add-on."""


@dataclass(frozen=True, slots=True)
class Containers:
    workloads: Read[tuple[Workload, ...]]
    instances: Read[tuple[tuple[str, str], ...]]
    """(ARN of the ECS cluster, id of an EC2 instance that runs its tasks)."""
    clusters: Read[tuple[Cluster, ...]]
