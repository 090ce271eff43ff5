"""Subnets that an LLM is in, each with what is in it: what we cannot list of them nobody can call recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from socconsole.model.estate.containers import Cluster
from socconsole.model.estate.hosts import Hosts
from socconsole.model.estate.listed import Listed
from socconsole.model.estate.network import Network, Subnet
from socconsole.model.estate.sagemaker import Attached, Endpoint, SageMaker
from socconsole.model.known import Known, NotRead, Read, Unread
from socconsole.model.regions import partition_of
from socconsole.posture import inference
from socconsole.posture.check import Context
from socconsole.text import clean

_SHOWN: Final = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LlmSubnet:
    """A subnet; or something of an LLM of which was not read where it is: then ``subnet`` says why."""

    arn: str
    subnet: Read[Subnet]
    holds: tuple[str, ...]
    """What of an LLM is in it, printable."""

    @property
    def words(self) -> str:
        more = f" and {len(self.holds) - _SHOWN} more" if len(self.holds) > _SHOWN else ""
        return f"in it: {', '.join(self.holds[:_SHOWN])}{more}"


@dataclass(frozen=True, slots=True)
class _Placed:
    arn: str
    what: str
    subnets: Read[tuple[str, ...]]


def llm_subnets(context: Context) -> Read[tuple[LlmSubnet, ...]]:
    """Subnets of hosts, services and clusters that serve a model, of SageMaker, of Bedrock's VPC endpoints, and those
    that the team itself calls an LLM's. Raises ``NotRead`` where a listing was not read that would name others."""
    network, place = context.part(Network), context.place
    prefix = f"arn:{partition_of(place.region)}:ec2:{place.region}:{place.account}"
    lost: list[LlmSubnet] = []
    holds: dict[str, dict[str, None]] = {}
    for one in (*_self_hosted(context), *_sagemaker(context.part(SageMaker)), *_named(network)):
        if isinstance(one.subnets, Unread):
            lost.append(LlmSubnet(one.arn, one.subnets, (one.what,)))
            continue
        for subnet in one.subnets.value:
            holds.setdefault(subnet, {})[one.what] = None
    found = (
        LlmSubnet(f"{prefix}:subnet/{id_}", network.subnet(id_), tuple(what)) for id_, what in sorted(holds.items())
    )
    return Known((*found, *lost))


def _self_hosted(context: Context) -> Iterator[_Placed]:
    context.part(Network).groups.get()  # an open port may be the only sign that a host serves a model
    context.part(Hosts).inventory.get()
    for host in inference.hosts(context).get():
        yield _Placed(host.arn, host.what.id, Known(host.what.subnets))
    for workload in inference.workloads(context).get():
        subnets = workload.unsure or Known(workload.what.subnets)
        yield _Placed(workload.arn, clean(workload.what.name, 80), subnets)
    for cluster in inference.clusters(context).get():
        nodes = cluster.unsure or _of_nodes(cluster.what)
        yield _Placed(cluster.arn, f"EKS cluster {cluster.what.name}", nodes)


def _of_nodes(cluster: Cluster) -> Read[tuple[str, ...]]:
    """Where its nodes are, and its API's interfaces."""
    if isinstance(cluster.nodegroups, Unread):
        return cluster.nodegroups
    return Known((*cluster.subnets, *(subnet for group in cluster.nodegroups.value for subnet in group.subnets)))


def _sagemaker(part: SageMaker) -> Iterator[_Placed]:
    for endpoint in part.endpoints.get():
        yield _Placed(endpoint.arn, f"SageMaker endpoint {endpoint.name}", _where(endpoint, _of_endpoint))
    for job in part.jobs.get():
        yield _Placed(job.arn, f"training job {job.name}", _where(job, lambda one: _of(one.attached)))
    for notebook in part.notebooks.get():
        yield _Placed(
            notebook.arn, f"notebook {notebook.name}", _where(notebook, lambda one: filter(None, [one.subnet]))
        )


def _where(listed: Listed[T], subnets: Callable[[T], Iterable[str]]) -> Read[tuple[str, ...]]:
    """Of one thing: a configuration that is deleted while its endpoint runs must not hide where others are."""
    try:
        return Known(tuple(subnets(listed.told.get())))
    except NotRead as trouble:
        return trouble.unread


def _of_endpoint(endpoint: Endpoint) -> Iterator[str]:
    yield from _of(endpoint.config.get().attached)
    for model in endpoint.models:
        yield from _of(model.told.get().attached)


def _of(attached: Attached | None) -> tuple[str, ...]:
    return attached.subnets if attached else ()


def _named(network: Network) -> Iterator[_Placed]:
    for one in network.endpoints.get():
        if one.service.startswith("bedrock"):
            yield _Placed(one.arn, f"{one.service} endpoint {one.id}", Known(one.subnets))
    called = {vpc.id for vpc in network.vpcs.get() if vpc.llm}
    for each in network.subnets.get():
        if each.llm or each.vpc in called:
            yield _Placed(each.arn, "called an LLM's by its tags", Known((each.id,)))
