"""Models on machines of one's own: instances, services and tasks of ECS, clusters of EKS, and what Security Hub's AI
inventory alone has found."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Final

from socconsole.model.endpoint import Endpoint, EndpointKind, Exposure
from socconsole.model.estate.acting import Acting
from socconsole.model.estate.containers import Cluster, Container, Workload
from socconsole.model.estate.fronts import Front
from socconsole.model.estate.hosts import Host, Hosts, Inventoried, Snapshot
from socconsole.model.estate.network import Network, Rule
from socconsole.model.estate.tls import Tls
from socconsole.model.known import Known, NotRead, Read, Unread
from socconsole.posture import inference, ways
from socconsole.posture.check import Context
from socconsole.posture.inference import Serving
from socconsole.posture.inventory.made import made, may_read, value
from socconsole.text import Untrusted, clean

_UNSEEN: Final = Unread(
    "eks", Untrusted("what its pods may do is known to Kubernetes alone; its nodes' roles are read")
)


def roles(context: Context) -> Iterator[Read[str]]:
    """ARNs of the roles that they act with; empty for none."""
    yield from (one.what.role for one in value(inference.hosts(context)))
    for one in value(inference.workloads(context)):
        yield from (Known(each.role) for each in value(one.what.definitions))
    for cluster in value(inference.clusters(context)):
        yield from (Known(each.role) for each in value(cluster.what.nodegroups))


# --- instances ----------------------------------------------------------------------------------------


def hosts(context: Context) -> Iterator[Endpoint]:
    for one in value(inference.hosts(context)):
        yield _host(context, one)


def _host(context: Context, one: Serving[Host]) -> Endpoint:
    host, part = one.what, context.part(Hosts)
    role = host.role.value if isinstance(host.role, Known) else ""
    found = [each for each in _inventory(part) if each.arn.rpartition("/")[2] == host.id]
    return made(
        context,
        EndpointKind.EC2,
        host.arn,
        host.name,
        exposure=_exposure(context, Known(host.groups), Known(bool(host.public)), _fronts(one, context), host.vpc),
        model=_words(found) or Untrusted(f"image {host.image}"),
        role=role,
        vpc=host.vpc,
        subnets=host.subnets,
        groups=host.groups,
        reads=host.role if isinstance(host.role, Unread) else _may_read(context, [role]),
        sends=ways.sends(host.subnets, context.part(Network)),
        tags=host.tags,
        parts=[
            host.id, host.image, host.profile,
            *host.volumes, *(each.arn for each in _snapshots(part, host)), *_before(one, context),
        ],
    )  # fmt: skip


def _snapshots(part: Hosts, host: Host) -> Iterator[Snapshot]:
    yield from (each for each in value(part.snapshots) if each.volume in host.volumes)


def _inventory(part: Hosts) -> tuple[Inventoried, ...]:
    return (part.inventory.value or ()) if isinstance(part.inventory, Known) else ()


def _words(found: Iterable[Inventoried]) -> Untrusted | None:
    """What was found on it."""
    said = dict.fromkeys(clean(each, 120) for one in found for each in one.found)
    return Untrusted(", ".join(said)) if said else None


# --- containers ---------------------------------------------------------------------------------------


def workloads(context: Context) -> Iterator[Endpoint]:
    """Also one of which nobody can say whether it serves a model: then nothing of it is known."""
    for one in value(inference.workloads(context)):
        yield _workload(context, one)


def _workload(context: Context, one: Serving[Workload]) -> Endpoint:
    work = one.what
    definitions = value(work.definitions)
    acting = [*dict.fromkeys(each.role for each in definitions if each.role)]
    containers = [container for each in definitions for container in each.containers]
    unread = work.definitions if isinstance(work.definitions, Unread) else None
    groups = value(work.groups)
    return made(
        context,
        EndpointKind.ECS,
        work.arn,
        work.name,
        exposure=_exposure(context, work.groups, work.public, _fronts(one, context)),
        model=Untrusted(", ".join(dict.fromkeys(clean(each.image, 120) for each in containers)))
        if containers
        else None,
        role=acting[0] if acting else "",
        subnets=work.subnets,
        groups=groups,
        reads=unread or _may_read(context, acting),
        sends=ways.sends(work.subnets, context.part(Network)) if work.subnets else None,
        logs=unread or Known(tuple(dict.fromkeys(_logs(containers)))),
        tags=work.tags,
        parts=[work.cluster, *acting, *(each.arn for each in definitions), *work.target_groups, *_before(one, context)],
    )


def _logs(containers: Iterable[Container]) -> Iterator[str]:
    for one in containers:
        if one.log_driver:
            yield f"log group {one.log_target}" if one.log_target else f"by {one.log_driver}"


def clusters(context: Context) -> Iterator[Endpoint]:
    for one in value(inference.clusters(context)):
        yield _cluster(context, one)


def _cluster(context: Context, one: Serving[Cluster]) -> Endpoint:
    """Whom its pods answer is Kubernetes' own business, beside the API that AWS tells of."""
    cluster = one.what
    nodes = value(cluster.nodegroups)
    subnets = [*cluster.subnets, *(each for group in nodes for each in group.subnets)]
    acting = [*dict.fromkeys(group.role for group in nodes if group.role)]
    open_api = cluster.public_api and "0.0.0.0/0" in cluster.public_from
    unread = cluster.nodegroups if isinstance(cluster.nodegroups, Unread) else None
    return made(
        context,
        EndpointKind.EKS,
        cluster.arn,
        cluster.name,
        exposure=Exposure.INTERNET if open_api else Exposure.UNKNOWN,
        role=cluster.role,
        vpc=cluster.vpc,
        subnets=subnets,
        groups=cluster.groups,
        reads=unread or (_may_read(context, acting) if acting else _UNSEEN),
        sends=unread or ways.sends(subnets, context.part(Network)),
        logs=Known(tuple(sorted(f"control plane log {each}" for each in cluster.logs))),
        tags=cluster.tags,
        parts=[*acting, *(group.arn for group in nodes), cluster.secrets_key],
    )


# --- what somebody else found -------------------------------------------------------------------------


def inventoried(context: Context) -> Iterator[Endpoint]:
    """Container images and functions: where they run, and who reaches them, AWS does not say with it."""
    for one in value(inference.inventoried(context)):
        yield made(
            context, EndpointKind.INVENTORY, one.arn, one.what.name, exposure=Exposure.UNKNOWN, model=_words([one.what])
        )


# --- who reaches it -----------------------------------------------------------------------------------


def _may_read(context: Context, acting: Iterable[str]) -> Read[tuple[str, ...]] | None:
    known = context.part(Acting)
    return may_read(known.of(role) for role in acting if role)


def _fronts(one: Serving[Host] | Serving[Workload], context: Context) -> Read[tuple[Front, ...]]:
    try:
        return Known(inference.fronts(one, context))
    except NotRead as trouble:
        return trouble.unread


def _before(one: Serving[Host] | Serving[Workload], context: Context) -> list[str]:
    """Target groups, load balancers and their listeners."""
    fronts = value(_fronts(one, context))
    balancers = {arn for front in fronts for arn in front.balancers}
    listeners = (each.arn for each in value(context.part(Tls).listeners) if each.balancer in balancers)
    return [*(front.arn for front in fronts), *sorted(balancers), *listeners]


def _exposure(
    context: Context,
    groups: Read[tuple[str, ...]],
    public: Read[bool],
    fronts: Read[tuple[Front, ...]],
    vpc: str = "",
) -> Exposure:
    """Open to the world as soon as one way in is known to be; closed only where every way in was read."""
    known = [front.facing for front in value(fronts)]
    if any(isinstance(facing, Known) and facing.value for facing in known):
        return Exposure.INTERNET
    try:
        worn = groups.get()
        rules = [rule for id_ in worn for rule in context.part(Network).group(id_).get().ingress]
        if public.get() and any(rule.anywhere for rule in rules):
            return Exposure.INTERNET
        for front in fronts.get():
            front.facing.get()
    except NotRead:
        return Exposure.UNKNOWN
    if not worn:  # it lives on its instance's network, whichever that is
        return Exposure.UNKNOWN
    whole_vpc = any(rule.anywhere or _covers(context, rule, vpc) for rule in rules)
    return Exposure.VPC if whole_vpc else Exposure.PRIVATE


def _covers(context: Context, rule: Rule, vpc: str) -> bool:
    """Whether all addresses of one of the VPCs' blocks may come."""
    try:
        peer = ipaddress.ip_network(rule.peer, strict=False)
    except ValueError:  # a group or a prefix list
        return False
    vpcs = (one for one in value(context.part(Network).vpcs) if vpc in ("", one.id))
    blocks = [ipaddress.ip_network(cidr) for one in vpcs for cidr in one.cidrs]
    return any(block.version == peer.version and block[0] in peer and block[-1] in peer for block in blocks)
