"""Subnets that an LLM is in, each with what is in it: what we cannot list of them nobody can call recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from socconsole.model.estate.hosts import Hosts
from socconsole.model.estate.network import Network, Subnet
from socconsole.model.estate.sagemaker import SageMaker
from socconsole.model.known import Known, NotRead, Read
from socconsole.model.regions import partition_of
from socconsole.posture import inference
from socconsole.posture.check import Context
from socconsole.text import clean

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class LlmSubnet:
    arn: str
    subnet: Read[Subnet]
    holds: tuple[str, ...]
    """What of an LLM is in it, printable."""

    @property
    def words(self) -> str:
        more = f" and {len(self.holds) - _SHOWN} more" if len(self.holds) > _SHOWN else ""
        return f"in it: {', '.join(self.holds[:_SHOWN])}{more}"


def llm_subnets(context: Context) -> Read[tuple[LlmSubnet, ...]]:
    """Subnets of hosts, services and clusters that serve a model, of SageMaker, of Bedrock's VPC endpoints, and those
    that the team itself calls an LLM's. Raises ``NotRead`` where anything was not read that would name another."""
    network, place = context.part(Network), context.place
    prefix = f"arn:{partition_of(place.region)}:ec2:{place.region}:{place.account}"
    holds: dict[str, dict[str, None]] = {}
    for subnet, what in (*_self_hosted(context), *_sagemaker(context), *_named(network)):
        holds.setdefault(subnet, {})[what] = None
    return Known(
        tuple(
            LlmSubnet(f"{prefix}:subnet/{id_}", network.subnet(id_), tuple(what)) for id_, what in sorted(holds.items())
        )
    )


def _self_hosted(context: Context) -> Iterator[tuple[str, str]]:
    context.part(Network).groups.get()  # an open port may be the only sign that a host serves a model
    context.part(Hosts).inventory.get()
    for host in inference.hosts(context).get():
        for subnet in host.what.subnets:
            yield subnet, host.what.id
    for workload in inference.workloads(context).get():
        if workload.unsure is not None:
            raise NotRead(workload.unsure)
        for subnet in workload.what.subnets:
            yield subnet, clean(workload.what.name, 80)
    for cluster in inference.clusters(context).get():
        if cluster.unsure is not None:
            raise NotRead(cluster.unsure)
        groups = cluster.what.nodegroups.get()
        for subnet in (*cluster.what.subnets, *(each for group in groups for each in group.subnets)):
            yield subnet, f"EKS cluster {cluster.what.name}"


def _sagemaker(context: Context) -> Iterator[tuple[str, str]]:
    part = context.part(SageMaker)
    for endpoint in part.endpoints.get():
        told = endpoint.told.get()
        for attached in (told.config.get().attached, *(model.told.get().attached for model in told.models)):
            for subnet in attached.subnets if attached else ():
                yield subnet, f"SageMaker endpoint {endpoint.name}"
    for job in part.jobs.get():
        trained = job.told.get().attached
        for subnet in trained.subnets if trained else ():
            yield subnet, f"training job {job.name}"
    for notebook in part.notebooks.get():
        if subnet := notebook.told.get().subnet:
            yield subnet, f"notebook {notebook.name}"


def _named(network: Network) -> Iterator[tuple[str, str]]:
    for one in network.endpoints.get():
        if one.service.startswith("bedrock"):
            for subnet in one.subnets:
                yield subnet, f"{one.service} endpoint {one.id}"
    called = {vpc.id for vpc in network.vpcs.get() if vpc.llm}
    for each in network.subnets.get():
        if each.llm or each.vpc in called:
            yield each.id, "called an LLM's by its tags"
