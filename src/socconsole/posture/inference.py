"""What serves a model by itself, on instances and in containers, and by what we take it for that.

Declared is what a pattern of ``[egress] llm_tags`` fits; signs are what shows it else: what it runs on, its image, a
port that nothing else has, Security Hub's AI inventory. What runs inside EKS clusters shows by their nodes alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from socconsole.model.estate.containers import Cluster, Containers, Definition, Workload
from socconsole.model.estate.fronts import Front, Fronts
from socconsole.model.estate.hosts import Host, Hosts, Inventoried
from socconsole.model.estate.network import Network
from socconsole.model.known import Known, NotRead, Read, Unread
from socconsole.model.posture import Judged
from socconsole.posture.check import Context
from socconsole.text import Untrusted, clean

T_co = TypeVar("T_co", covariant=True)

_SERVER: Final = re.compile(
    r"(?<![a-z0-9])(vllm|ollama|text-generation-inference|tgi|text-embeddings-inference|tritonserver|triton|sglang|"
    r"llama[._-]?cpp|localai|lmdeploy|lightllm|openllm|tensorrt[._-]?llm|djl-(?:inference|serving))(?![a-z0-9])"
)
"""Inference servers by the names of their images."""

_OWN_NETWORK: Final = frozenset({"awsvpc", "none"})
_FEW: Final = 16
_SHOWN: Final = 5

_COMMON: Final = frozenset({5000, 8000, 8001, 8080})
"""Inference ports that other web servers have too: open, they are looked at, but show nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Serving(Generic[T_co]):
    """Something that we take for self-hosted inference."""

    arn: str
    what: T_co
    declared: str
    """The team's pattern that it fits; empty where nobody declared it."""
    signs: tuple[str, ...]
    """What shows it, printable: ``instance type g5.xlarge``, ``image vllm/vllm-openai:v0.6``."""
    unsure: Unread | None = None
    """What was not read, where only that would have shown whether it serves a model."""


Judge = Callable[[Serving[Any], Context], Judged]


def hosts(context: Context) -> Read[tuple[Serving[Host], ...]]:
    listed = context.part(Hosts).instances
    if isinstance(listed, Unread):
        return listed
    clusters = context.part(Containers).clusters
    declared = {one.name: one.declared for one in clusters.value} if isinstance(clusters, Known) else {}
    inventory = context.part(Hosts).inventory
    on_disk = {_last(one.arn): one for one in inventory.value or ()} if isinstance(inventory, Known) else {}
    opened = _opened(context)

    def signs(host: Host) -> Iterator[str]:
        if host.accelerated:
            yield f"instance type {host.type}"
        if host.id in on_disk:
            yield _inventory_sign(on_disk[host.id])
        yield from (f"{id_} opens port {port} to it" for id_ in host.groups for port in opened.get(id_, ()))

    found = (
        Serving(host.arn, host, host.declared or declared.get(host.cluster, ""), tuple(signs(host)))
        for host in listed.value
    )
    return Known(tuple(one for one in found if one.declared or one.signs))


def workloads(context: Context) -> Read[tuple[Serving[Workload], ...]]:
    listed = context.part(Containers).workloads
    if isinstance(listed, Unread):
        return listed
    return Known(tuple(found for one in listed.value if (found := _workload(one, context)) is not None))


def clusters(context: Context) -> Read[tuple[Serving[Cluster], ...]]:
    listed = context.part(Containers).clusters
    if isinstance(listed, Unread):
        return listed
    return Known(tuple(found for one in listed.value if (found := _cluster(one, context)) is not None))


def inventoried(context: Context) -> Read[tuple[Serving[Inventoried], ...]]:
    """What Security Hub's AI inventory found on anything else: container images, functions."""
    listed, instances = context.part(Hosts).inventory, context.part(Hosts).instances
    if isinstance(listed, Unread):
        return listed
    known = {one.id for one in instances.value} if isinstance(instances, Known) else set()
    return Known(
        tuple(
            Serving(one.arn, one, one.declared, (_inventory_sign(one),))
            for one in listed.value or ()
            if _last(one.arn) not in known
        )
    )


def fronts(one: Serving[Host | Workload], context: Context) -> tuple[Front, ...]:
    """Target groups by which load balancers reach it. Raises ``NotRead``."""
    listed = context.part(Fronts).fronts.get()
    if isinstance(one.what, Host):
        ids = {one.what.id, *one.what.private}
        return tuple(front for front in listed if ids & set(front.targets.get()))
    named, addresses = one.what.target_groups, set(one.what.private)
    return tuple(each for each in listed if each.arn in named or (addresses and addresses & set(each.targets.get())))


def homes(one: Workload, context: Context) -> tuple[Host, ...]:
    """Instances whose network its tasks may live on: without one of its own, that is any of its cluster's.

    Raises ``NotRead``, also where there is none that we see.
    """
    if all(each.network in _OWN_NETWORK for each in one.definitions.get()):
        return ()
    ids = {id_ for cluster, id_ in context.part(Containers).instances.get() if cluster == one.cluster}
    found = tuple(host for host in context.part(Hosts).instances.get() if host.id in ids)
    if not found:
        raise NotRead(Unread("ecs:DescribeContainerInstances", Untrusted("it runs on no instance that we see")))
    return found


def server_ports(definition: Definition, context: Context) -> tuple[int, ...]:
    """Ports of the containers that serve a model, and the ones that inference servers have."""
    own = [
        port
        for one in definition.containers
        if one.gpu or _SERVER.search(one.image.raw().lower())
        for first, last in one.ports
        for port in range(first, last + 1)
    ]
    return tuple(dict.fromkeys([*own, *context.config.posture.inference_ports]))


def _opened(context: Context) -> dict[str, tuple[int, ...]]:
    """Security group → the telling ports that it opens, by a rule that was made for one or a few."""
    groups = context.part(Network).groups
    if isinstance(groups, Unread):
        return {}
    found = {
        group.id: tuple(
            port
            for port in _telling(context)
            if any(rule.covers(port) and rule.last - rule.first < _FEW for rule in group.ingress)
        )
        for group in groups.value
    }
    return {id_: ports for id_, ports in found.items() if ports}


def _workload(one: Workload, context: Context) -> Serving[Workload] | None:
    if isinstance(one.definitions, Unread):
        return Serving(one.arn, one, one.declared, (), None if one.declared else one.definitions)
    containers = [container for definition in one.definitions.value for container in definition.containers]
    signs = [f"image {clean(each.image, 120)}" for each in containers if _SERVER.search(each.image.raw().lower())]
    signs += [f"container {each.name} asks for accelerators" for each in containers if each.gpu]
    signs += [
        f"container {each.name} has port {port}"
        for each in containers
        for port in _telling(context)
        if any(first <= port <= last for first, last in each.ports)
    ]
    return Serving(one.arn, one, one.declared, tuple(dict.fromkeys(signs))) if signs or one.declared else None


def _cluster(one: Cluster, context: Context) -> Serving[Cluster] | None:
    instances = context.part(Hosts).instances
    nodes = instances.value if isinstance(instances, Known) else ()
    signs = [f"node {node.id} is {node.type}" for node in nodes if node.cluster == one.name and node.accelerated]
    groups = one.nodegroups.value if isinstance(one.nodegroups, Known) else ()
    signs += [f"node group {each.name} has {', '.join(each.types) or each.ami}" for each in groups if each.accelerated]
    lacking = next((part for part in (one.nodegroups, instances) if isinstance(part, Unread)), None)
    if one.declared or signs or lacking:
        return Serving(one.arn, one, one.declared, tuple(signs), None if one.declared or signs else lacking)
    return None


def _telling(context: Context) -> tuple[int, ...]:
    return tuple(port for port in context.config.posture.inference_ports if port not in _COMMON)


def _inventory_sign(one: Inventoried) -> str:
    found = ", ".join(clean(each, 120) for each in one.found[:3]) or "a model"
    return f"Security Hub's AI inventory found {found} on it"


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


def sure(judge: Judge) -> Judge:
    """``judge``, but UNKNOWN where nobody can say whether it serves a model at all."""

    def judged(one: Serving[Any], context: Context) -> Judged:
        if one.unsure is not None:
            raise NotRead(one.unsure)
        return judge(one, context)

    return judged


def listed(items: Iterable[str]) -> str:
    """A few of them in words, the others counted."""
    found = list(items)
    return ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
