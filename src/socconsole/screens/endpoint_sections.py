"""An endpoint in words: who reaches it, what it may read, where it sends, who calls it, whose it is."""

from __future__ import annotations

from typing import Final

from socconsole.model.endpoint import Endpoint, EndpointKind
from socconsole.model.entity import Entity, EntityKind
from socconsole.model.trail import Recording, resource_name
from socconsole.screens import words
from socconsole.screens.endpoint_map import EXPOSED
from socconsole.screens.posture_words import Stamp, listed
from socconsole.store.endpoint_callers import Callers
from socconsole.widgets.detail import Body, Section

KINDS: Final = {
    EndpointKind.SAGEMAKER: "SageMaker",
    EndpointKind.BEDROCK_MODEL: "model",
    EndpointKind.BEDROCK_AGENT: "agent",
    EndpointKind.KNOWLEDGE_BASE: "knowledge",
    EndpointKind.INFERENCE_PROFILE: "profile",
    EndpointKind.PROVISIONED: "throughput",
    EndpointKind.EC2: "EC2",
    EndpointKind.ECS: "ECS",
    EndpointKind.EKS: "EKS",
    EndpointKind.INVENTORY: "found",
}
"""As short as a column."""

_TAGS: Final = 8


def facts(one: Endpoint) -> list[Section]:
    """What is known of it, the gravest first. What was not read says so."""
    network = " ".join((one.vpc, *one.subnets, *one.groups))
    routed = [region for region in one.regions if region != one.place.region]
    tags: list[Body] = [[(key, "quiet"), (" ", "quiet"), (value, "text")] for key, value in one.tags[:_TAGS]]
    regions: Body = ", ".join(one.regions) if one.regions else [("? not read", "warn")]
    return [
        Section("exposure", [EXPOSED[one.exposure]]),
        Section("may read", listed(one.reads, "nothing that holds data", "it acts with no role")),
        Section("sends to", listed(one.sends, "nothing", "? not looked at")),
        Section("logs", listed(one.logs, "nothing of what it is asked is written down", "AWS does not say")),
        Section("data in", [regions, *([[("it leaves its own Region", "warn")]] if routed else [])]),
        *([Section("model", [one.model])] if one.model is not None else []),
        *([Section("role", [one.role])] if one.role else []),
        *([Section("network", [network])] if network else []),
        Section("owner", [one.owner if one.owner is not None else [("no tag that was read names one", "quiet")]]),
        *([Section("dataset", [[(one.dataset, "strong")]])] if one.dataset else []),
        *([Section("tags", tags)] if tags else []),
        Section("where", [one.arn, f"{one.place.account} {one.place.region}"]),
    ]


def entities(one: Endpoint) -> list[Entity]:
    """By what findings and events name it and its role."""
    kind = EntityKind.INSTANCE if one.kind is EndpointKind.EC2 else EntityKind.RESOURCE
    role = [(EntityKind.ROLE, f"{one.place.account}/{one.role.rpartition('/')[2]}")] if one.role else []
    return [(kind, resource_name(one.arn)), *role]


def callers(found: Callers, stamp: Stamp) -> Section:
    """Who called it. Nobody seen is no "nobody calls it": that stands beside it."""
    lines: list[Body] = [
        [(one.who, "text"), (f"  {words.plural(one.calls, 'call')}, last {stamp(one.last)}", "quiet")]
        for one in found.seen
    ]
    if found.recorded is None:
        return Section("callers", [[(found.why, "quiet")]])
    if not lines:
        lines = [[("nobody was seen in the trail that is kept", "text")]]
    if found.recorded is not Recording.RECORDED:
        lines.append([("? not all of its calls are recorded: ", "warn"), (found.why, "text")])
    return Section("callers", lines)
