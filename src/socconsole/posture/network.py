"""NET-01, NET-04 and BR-07: whether somebody writes down who an LLM talks to, and which way it talks to AWS."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from socconsole.model.estate.bedrock import Bedrock
from socconsole.model.estate.network import FlowLog, Network, Vpc
from socconsole.model.known import Known, Read, Unread
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Context, Said, failed, unknown, weigh
from socconsole.posture.endpoint_policy import data_endpoints, narrowed
from socconsole.posture.llm_subnets import LlmSubnet, llm_subnets
from socconsole.text import clean

INTERVAL: Final = 60
"""Seconds; the other choice is ten minutes, which is most of the time that there is to notice."""

FIELDS: Final = frozenset({"flow-direction", "pkt-srcaddr", "pkt-dstaddr"})
"""What the default fields lack and an investigation needs: behind a NAT gateway or a load balancer ``dstaddr`` is not
where the packet went, and without a direction nobody knows who sent (VPC User Guide, "Flow log records")."""


# ---- NET-01


def recorded(found: LlmSubnet, context: Context) -> Judged:
    """NET-01. One flow log has to be all of it: two halves are two logs that somebody has to know of. A VPC's log
    covers its subnets; an interface's covers no other."""
    subnet = found.subnet.get()
    logs = [one for one in context.part(Network).flow_logs.get() if one.about in (subnet.id, subnet.vpc)]
    if not logs and subnet.owner != context.place.account:
        return unknown(f"{subnet.id} is shared by {subnet.owner}, whose flow logs are not told here", found.words)
    if not logs:
        return failed(f"no flow log on {subnet.id} nor on {subnet.vpc}", found.words)
    best = min(logs, key=lambda one: (sum(not said.met for said in _faults(one)), one.id))
    judged = weigh(partial(_same, said) for said in _faults(best))
    return replace(judged, evidence=(*judged.evidence, found.words))


def _same(said: Said) -> Said:
    return said


def _faults(log: FlowLog) -> tuple[Said, ...]:
    lacking = ", ".join(sorted(FIELDS - log.fields))
    failure = f": {clean(log.error, 120)}" if log.error else ""
    return (
        Said(log.status == "ACTIVE", f"{log.id} is {log.status}"),
        Said(log.traffic == "ALL", f"{log.id} records {log.traffic or 'no kind of traffic'}"),
        Said(log.delivery == "SUCCESS", f"{log.id} delivers: {log.delivery or 'AWS does not say'}{failure}"),
        Said(log.interval <= INTERVAL, f"{log.id} has a record for {log.interval} s"),
        Said(
            not lacking, f"{log.id} lacks the fields {lacking}" if lacking else f"{log.id} has the fields that matter"
        ),
    )


# ---- BR-07


def _vpcs(context: Context) -> Read[tuple[Vpc | LlmSubnet, ...]]:
    """Those that an LLM is in, and whatever of an LLM may be in another."""
    subnets = llm_subnets(context).get()
    used = {one.subnet.value.vpc for one in subnets if isinstance(one.subnet, Known)}
    lost = (one for one in subnets if isinstance(one.subnet, Unread))
    return Known((*(one for one in context.part(Network).vpcs.get() if one.id in used or one.llm), *lost))


def reaches_bedrock_inside(vpc: Vpc | LlmSubnet, context: Context) -> Judged:
    """BR-07. An interface endpoint whose private name is on: without it, code goes on calling the public address."""
    if isinstance(vpc, LlmSubnet):
        return weigh([partial(_in_some, vpc)])
    wanted = ["bedrock-runtime"]
    agents, bases = context.part(Bedrock).agents.get(), context.part(Bedrock).knowledge_bases.get()
    if agents or bases:
        wanted.append("bedrock-agent-runtime")
    return weigh(partial(_endpoint, service, vpc, context) for service in wanted)


def _in_some(lost: LlmSubnet) -> Said:
    return Said(None, f"it is in {lost.subnet.get().vpc}")


def _endpoint(service: str, vpc: Vpc, context: Context) -> Said:
    there = [one for one in context.part(Network).endpoints.get() if one.vpc == vpc.id and one.service == service]
    for one in there:
        if one.available and one.private_dns and one.kind == "Interface":
            return Said(True, f"{one.id} serves {service}")
    if there:
        one = there[0]
        how = "its private name is off" if one.available else f"it is {one.state}"
        return Said(False, f"{one.id} is to serve {service}, but {how}")
    return Said(False, f"no endpoint for {service}: calls leave by the internet, or not at all")


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("NET-01", llm_subnets, recorded),
    Check("NET-04", data_endpoints, narrowed),
    Check("BR-07", _vpcs, reaches_bedrock_inside),
)
