"""SHS-01 to SHS-03, and SHS-09: models on machines of our own. Which are known, who reaches them, whom they reach."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import Any, Final

from socconsole.model.estate.containers import Containers, Workload
from socconsole.model.estate.fronts import Front
from socconsole.model.estate.hosts import Host, Hosts
from socconsole.model.estate.network import Network, Rule, Vpc
from socconsole.model.known import Known, NotRead, Read, Unread
from socconsole.model.posture import Judged
from socconsole.posture import inference
from socconsole.posture.check import AnyCheck, Check, Context, Here, Said, failed, here, weigh
from socconsole.posture.inference import Serving, listed, sure
from socconsole.text import Untrusted

_WIDE_V4: Final = 16
"""A VPC's block has at most as many addresses as /16 (VPC User Guide, "VPC CIDR blocks"): what is wider is no VPC."""
_WIDE_V6: Final = 56

_SITE: Final = {4: 24, 6: 48}
"""The smallest block that is announced on the internet (RFC 7454, "Prefixes That Are Too Specific"): more than one is
a provider's, and whoever is its customer comes from there."""

# --- SHS-01: all of them are known ------------------------------------------------------------------------


def _found(context: Context) -> Iterator[Serving[Any]]:
    """As far as it was read."""
    for source in (inference.hosts, inference.workloads, inference.clusters, inference.inventoried):
        found: Read[tuple[Serving[Any], ...]] = source(context)
        if isinstance(found, Known):
            yield from found.value


def _shadows(context: Context) -> tuple[Serving[Any], ...]:
    return tuple(one for one in _found(context) if one.signs and not one.declared)


def _shadows_and_here(context: Context) -> Read[tuple[Serving[Any] | Here, ...]]:
    return Known((*_shadows(context), *here(context).get()))


def declared(subject: Serving[Any] | Here, context: Context) -> Judged:
    """SHS-01. Each that nobody declared fails by itself; the place passes where everything that could host one was
    read, and none was found. Security Hub's inventory counts where it is on; it is no duty to have it."""
    if isinstance(subject, Serving):
        return failed(f"{listed(subject.signs)}; no pattern of [egress] llm_tags fits its name or its tags")
    parts, containers = context.part(Hosts), context.part(Containers)

    def none_undeclared() -> Said:
        shadows = _shadows(context)
        known = sum(1 for one in _found(context) if one.declared)
        if shadows:
            return Said(False, f"nobody declared {listed(one.arn for one in shadows)}")
        return Said(True, f"found, and declared: {known}")

    def instances() -> Said:
        groups = context.part(Network).groups.get()
        return Said(True, f"instances looked at: {len(parts.instances.get())}, security groups: {len(groups)}")

    def workloads() -> Said:
        images = [each for one in containers.workloads.get() for each in one.definitions.get()]
        return Said(True, f"task definitions looked at: {len(images)}")

    def clusters() -> Said:
        seen = containers.clusters.get()
        nodes = sum(len(one.nodegroups.get()) for one in seen)
        return Said(
            True, f"EKS clusters looked at by their nodes, not by what runs in them: {len(seen)} ({nodes} groups)"
        )

    def inventory() -> Said:
        found = parts.inventory.get()
        off = "Security Hub's AI inventory is off here: nobody looks for models on disks"
        return Said(True, off if found is None else f"resources that Security Hub's AI inventory names: {len(found)}")

    return weigh([none_undeclared, instances, workloads, clusters, inventory])


# --- SHS-02, SHS-03: who reaches them, and whom they reach ------------------------------------------------


def _hosts_and_workloads(context: Context) -> Read[tuple[Serving[Any], ...]]:
    """Both kinds; where one was not read, the place stands for all of it, and the other is judged all the same."""
    found: dict[str, Serving[Any]] = {}
    for source in (inference.hosts, inference.workloads):
        some: Read[tuple[Serving[Any], ...]] = source(context)
        if isinstance(some, Unread):
            place = f"{context.place.account}/{context.place.region}"
            found.setdefault(place, Serving(place, None, "", (), some))
        else:
            found |= {one.arn: one for one in some.value}
    return Known(tuple(found.values()))


def ports_closed(one: Serving[Host | Workload], context: Context) -> Judged:
    """SHS-02. By security groups, as they add up; a network ACL or a missing route may still keep somebody out."""
    if isinstance(one.what, Host):
        ports: tuple[int, ...] = context.config.posture.inference_ports
    else:
        definitions = one.what.definitions.get()
        ports = tuple(port for each in definitions for port in inference.server_ports(each, context))
    return weigh(partial(_closed, group, ports, context) for group in _groups(one.what, context))


def _closed(id_: str, ports: tuple[int, ...], context: Context) -> Said:
    network = context.part(Network)
    group = network.group(id_).get()
    open_ = [rule for rule in group.ingress if any(rule.covers(port) for port in ports)]
    wide = [rule for rule in open_ if _wide(rule.peer)]
    if open_ and not wide:
        own = [one for one in network.vpcs.get() if one.id == group.vpc]
        if not own:
            raise NotRead(Unread("ec2:DescribeVpcs", Untrusted(f"{group.vpc or 'its VPC'} is not listed")))
        wide = [rule for rule in open_ if _wide(rule.peer, own)]
    if wide:
        return Said(False, f"{id_} lets in {listed(rule.words for rule in wide)}")
    _no_prefix_list(open_)
    return Said(True, f"{id_} opens inference ports to {listed(rule.peer for rule in open_) or 'nobody'}")


def _wide(peer: str, own: Collection[Vpc] = ()) -> bool:
    """More than any VPC has; all of its own; or of the internet, more than one network has."""
    block = _block(peer)
    if block is None:
        return False
    if block.prefixlen < (_WIDE_V4 if block.version == 4 else _WIDE_V6):
        return True
    blocks = [each for vpc in own for one in vpc.cidrs if (each := _block(one)) and each.version == block.version]
    if any(each[0] in block and each[-1] in block for each in blocks):
        return True
    inside = any(block[0] in each and block[-1] in each for each in blocks)
    return bool(own) and block.is_global and not inside and block.prefixlen < _SITE[block.version]


def _block(peer: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(peer, strict=False)
    except ValueError:  # a group or a prefix list
        return None


def _no_prefix_list(rules: Iterable[Rule]) -> None:
    """What a prefix list holds is not read: it may be everybody. Raises ``NotRead``."""
    lists = [rule.peer for rule in rules if rule.peer.startswith("pl-")]
    if lists:
        why = f"the entries of {listed(lists)} are not looked at"
        raise NotRead(Unread("ec2:GetManagedPrefixListEntries", Untrusted(why)))


def egress_narrow(one: Serving[Host | Workload], context: Context) -> Judged:
    """SHS-03. The rule that every new group begins with lets everything out to everywhere."""
    return weigh(partial(_narrow, group, context) for group in _groups(one.what, context))


def _narrow(id_: str, context: Context) -> Said:
    group = context.part(Network).group(id_).get()
    everything = [rule for rule in group.egress if rule.everything or (rule.first <= 1 and rule.last == 65535)]
    outside = [rule for rule in everything if (block := _block(rule.peer)) is not None and block.prefixlen <= 1]
    if outside:
        return Said(False, f"{id_} lets out {listed(rule.words for rule in outside)}")
    _no_prefix_list(everything)
    return Said(True, f"{id_} lets out {listed(rule.words for rule in group.egress) or 'nothing'}")


def _groups(what: Host | Workload, context: Context) -> tuple[str, ...]:
    """Security groups that it lives under, of its own or of its instances. Raises ``NotRead``."""
    if isinstance(what, Host):
        return _some(what.groups, "ec2:DescribeInstances", "no security group is named")
    groups = [*what.groups.get(), *(each for host in inference.homes(what, context) for each in host.groups)]
    return _some(groups, "ecs:DescribeServices", "it has no security group that we see")


def _some(groups: Iterable[str], call: str, why: str) -> tuple[str, ...]:
    """Nothing to look at is nothing to pass."""
    found = tuple(dict.fromkeys(groups))
    if not found:
        raise NotRead(Unread(call, Untrusted(why)))
    return found


# --- SHS-09: who comes through a load balancer is asked who it is ------------------------------------------


def _behind_balancers(context: Context) -> Read[tuple[Serving[Any], ...]]:
    """Those that one forwards to. What nobody forwards to is reached directly, or not at all: SHS-02 looks at that."""

    def reached(one: Serving[Any]) -> bool:
        try:
            return one.what is None or bool(inference.fronts(one, context))
        except NotRead:
            return True  # as far as anybody knows; it is UNKNOWN then

    return Known(tuple(one for one in _hosts_and_workloads(context).get() if reached(one)))


def authenticated(one: Serving[Host | Workload], context: Context) -> Judged:
    """SHS-09. Inference servers ask nobody who comes unless they are told to; here every path to one has to ask.
    Internal balancers count too: whatever runs in the network is no reason to trust it with a model."""
    return weigh(partial(_asked, front) for front in inference.fronts(one, context))


def _asked(front: Front) -> Said:
    facing = "internet-facing " if isinstance(front.facing, Known) and front.facing.value else ""
    paths = front.paths.get()
    if not paths:  # AWS says that a balancer uses it: then a rule does
        raise NotRead(Unread("elbv2:DescribeRules", Untrusted(f"no rule forwards to {front.arn.rpartition('/')[0]}")))
    open_ = [f"{one.protocol}:{one.port} of {facing}{one.balancer}" for one in paths if not one.asks]
    if open_:
        return Said(False, f"everybody who reaches {listed(dict.fromkeys(open_))} is let through to it")
    asks = dict.fromkeys(f"{one.protocol}:{one.port} of {facing}{one.balancer} by {one.asks}" for one in paths)
    return Said(True, f"{listed(asks)} asks who comes")


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("SHS-01", _shadows_and_here, declared),
    Check("SHS-02", _hosts_and_workloads, sure(ports_closed)),
    Check("SHS-03", _hosts_and_workloads, sure(egress_narrow)),
    Check("SHS-09", _behind_balancers, sure(authenticated)),
)
