"""What Bedrock serves: models that are invoked here, profiles that route elsewhere, agents, knowledge bases.

Facts (Bedrock User Guide): a system-defined inference profile routes to models of several Regions, one of the
customer's own to those of the profile or model that it was made of; what models are asked is written down for a whole
Region, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from socconsole.model.endpoint import Endpoint, EndpointKind
from socconsole.model.estate.bedrock import AgentVersion, Bedrock, InferenceProfile
from socconsole.model.known import Known, Read, Unread
from socconsole.model.regions import partition_of
from socconsole.posture.check import Context
from socconsole.posture.inventory.made import bucket_arn, made, may_read, value
from socconsole.posture.ways import NONE
from socconsole.text import Untrusted

ANYWHERE: Final = "global"
"""Of a model that is named without a Region: any commercial one may process what it is asked."""

_OWN_NETWORK: Final = "the internet, by AgentCore's own network"


def models(context: Context) -> Iterator[Endpoint]:
    """Those invoked in the last two weeks that neither a profile nor bought throughput stands for."""
    part, place = context.part(Bedrock), context.place
    listed = {_last(one.arn) for one in value(part.profiles)} | {_last(one.arn) for one in value(part.provisioned)}
    for model in value(part.invoked):
        if _last(model) in listed:
            continue
        arn = model
        if not model.startswith("arn:"):
            arn = f"arn:{partition_of(place.region)}:bedrock:{place.region}::foundation-model/{model}"
        # What looks like a profile's id, and none could be listed: where it routes to is not known.
        routed = isinstance(part.profiles, Unread) and model.count(".") > 1
        yield made(
            context,
            EndpointKind.BEDROCK_MODEL,
            arn,
            _last(model),
            model=Untrusted(_last(model)),
            sends=part.profiles if isinstance(part.profiles, Unread) and routed else Known((NONE,)),
            logs=_logs(part),
            regions=() if routed else None,
            parts=_here(context),
        )


def profiles(context: Context) -> Iterator[Endpoint]:
    """The customer's own, and those of AWS's that were invoked."""
    part = context.part(Bedrock)
    invoked = {_last(model) for model in value(part.invoked)}
    for one in value(part.profiles):
        if one.application or _last(one.arn) in invoked:
            yield made(
                context,
                EndpointKind.INFERENCE_PROFILE,
                one.arn,
                one.name,
                model=None if one.application else Untrusted(_last(one.arn)),
                sends=Known(_routes(one, context.place.region)),
                logs=_logs(part),
                regions=tuple(dict.fromkeys((context.place.region, *(region or ANYWHERE for region in one.regions)))),
                parts=_here(context),
            )


def _routes(one: InferenceProfile, here: str) -> tuple[str, ...]:
    others = dict.fromkeys(region or "any Region" for region in one.regions if region != here)
    return tuple(f"models in {region}" for region in others) or (NONE,)


def provisioned(context: Context) -> Iterator[Endpoint]:
    """Throughput that was bought for one model."""
    part = context.part(Bedrock)
    for one in value(part.provisioned):
        parts = [one.model, *_here(context)]
        yield made(
            context, EndpointKind.PROVISIONED, one.arn, one.name,
            model=Untrusted(one.model), sends=Known((NONE,)), logs=_logs(part), parts=parts,
        )  # fmt: skip


def agents(context: Context) -> Iterator[Endpoint]:
    """Which functions an agent calls is not looked at: by what it sends is not known of any."""
    part = context.part(Bedrock)
    for one in value(part.agents):
        if isinstance(one.told, Unread):
            yield made(context, EndpointKind.BEDROCK_AGENT, one.arn, one.name, reads=one.told, logs=_logs(part))
            continue
        told = one.told.value
        versions: list[Read[AgentVersion]] = [Known(told.draft), *told.versions]
        known = [version.value for version in versions if isinstance(version, Known)]
        unread = next((each for each in (told.aliases, *told.versions) if isinstance(each, Unread)), None)
        agent = _last(one.arn)
        yield made(
            context,
            EndpointKind.BEDROCK_AGENT,
            one.arn,
            told.name,
            model=Untrusted(", ".join(dict.fromkeys(version.model for version in known if version.model))),
            role=told.draft.role,
            reads=unread or may_read(version.permissions for version in known if version.role),
            logs=_logs(part),
            tags=value(told.tags),
            parts=[
                *(version.role for version in known),
                *(_guardrail(context, version.guardrail) for version in known),
                *(f"{one.arn.partition(':agent/')[0]}:agent-alias/{agent}/{alias.id}" for alias in value(told.aliases)),
                told.key.named if told.key else "",
                *_here(context),
            ],
        )  # fmt: skip


def _guardrail(context: Context, named: str) -> str:
    """Its ARN, whichever of id and ARN names it."""
    place = context.place
    if not named or named.startswith("arn:"):
        return named
    return f"arn:{partition_of(place.region)}:bedrock:{place.region}:{place.account}:guardrail/{named}"


def runtimes(context: Context) -> Iterator[Endpoint]:
    """AgentCore's: agents of one's own code. Which subnets a runtime in a VPC has is not looked at."""
    part = context.part(Bedrock)
    for one in value(part.runtimes):
        if isinstance(one.told, Unread):
            why = one.told
            yield made(context, EndpointKind.BEDROCK_AGENT, one.arn, one.name, reads=why, sends=why)
            continue
        told = one.told.value
        yield made(
            context,
            EndpointKind.BEDROCK_AGENT,
            one.arn,
            told.name,
            role=told.role,
            reads=_unasked(told.role),
            sends=Known((_OWN_NETWORK,)) if told.mode == "PUBLIC" else None,
        )


def _unasked(role: str) -> Unread | None:
    return Unread("iam:GetRole", Untrusted("the role's policies were not asked for")) if role else None


def knowledge_bases(context: Context) -> Iterator[Endpoint]:
    """What it sends goes to where its vectors lie."""
    part = context.part(Bedrock)
    for one in value(part.knowledge_bases):
        if isinstance(one.told, Unread):
            why = one.told
            yield made(context, EndpointKind.KNOWLEDGE_BASE, one.arn, one.name, reads=why, sends=why, logs=_logs(part))
            continue
        told = one.told.value
        sources = [source for source in value(told.sources) if isinstance(source.told, Known)]
        keys = [source.told.value.key for source in sources if isinstance(source.told, Known)]
        yield made(
            context,
            EndpointKind.KNOWLEDGE_BASE,
            one.arn,
            told.name,
            role=told.role,
            reads=may_read([told.permissions]),
            sends=Known(tuple(f"its vectors to {store}" for store in told.storage) or (NONE,)),
            logs=_logs(part),
            tags=value(told.tags),
            parts=[
                *told.storage,
                *(source.arn for source in sources),
                *(bucket_arn(source.told.value.bucket) for source in sources if isinstance(source.told, Known)),
                *(key.named for key in (told.key, *keys) if key),
                *_here(context),
            ],
        )


def _logs(part: Bedrock) -> Read[tuple[str, ...]]:
    if isinstance(part.logging, Unread):
        return part.logging
    logging = part.logging.value
    if logging is None:
        return Known(())
    return Known((*([f"log group {logging.group}"] if logging.group else []), *map(bucket_arn, logging.buckets)))


def _here(context: Context) -> tuple[str, ...]:
    """What all of Bedrock in a place has in common: its settings, which are the place's own, and where it logs."""
    part = context.part(Bedrock)
    logging = part.logging.value if isinstance(part.logging, Known) else None
    group = part.log_group.value if isinstance(part.log_group, Known) else None
    buckets = map(bucket_arn, logging.buckets) if logging else ()
    return (f"{context.place.account}/{context.place.region}", group.arn if group else "", *buckets)


def _last(arn: str) -> str:
    return arn.rpartition("/")[2] if arn.startswith("arn:") else arn
