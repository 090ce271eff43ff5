"""BR-04 and BR-10: what agents may be talked into, and where their code runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from socconsole.model.estate.bedrock import Agent, AgentVersion, Bedrock, Runtime
from socconsole.model.estate.listed import Listed
from socconsole.model.estate.roles import Permissions
from socconsole.model.known import Known, Read, Unread
from socconsole.model.posture import Judged
from socconsole.posture.access import narrow, not_everywhere
from socconsole.posture.check import Condition, Context, Said, weigh
from socconsole.text import clean

_DRAFT: Final = "DRAFT"

# ---- BR-04


def bounded(agent: Listed[Agent], context: Context) -> Judged:
    """BR-04. What callers reach are the versions behind aliases that take invocations; the draft is reached by the
    test alias, and is what the next version will be."""
    return weigh(_bounded(agent, context))


def _bounded(agent: Listed[Agent], context: Context) -> Iterator[Condition]:
    told = agent.told.get()
    yield lambda: Said(True, f"aliases: {len(told.aliases.get())}")
    aliases = () if isinstance(told.aliases, Unread) else told.aliases.value
    for alias in (one for one in aliases if one.rejects):
        yield partial(Said, True, f"the alias {clean(alias.name, 80)} takes no invocations")
    reached = {number for one in aliases if not one.rejects for number in one.versions}
    behind = [one for one in told.versions if isinstance(one, Unread) or one.value.version in reached]
    versions = (Known(told.draft), *behind)
    for version in versions:
        yield partial(_has_guardrail, version)
    for role in dict.fromkeys(one if isinstance(one, Unread) else one.value.permissions for one in versions):
        yield partial(_narrow, role)
        for action in ("s3:GetObject", "lambda:InvokeFunction"):
            yield partial(_not_everywhere, role, action)
    yield partial(_role_alone, agent, context)


def _narrow(role: Read[Permissions]) -> Said:
    return narrow(role.get())


def _not_everywhere(role: Read[Permissions], action: str) -> Said:
    return not_everywhere(role.get(), action)


def _has_guardrail(version: Read[AgentVersion]) -> Said:
    one = version.get()
    if one.drafted and one.version != _DRAFT:
        return Said(False, f"version {one.version} has the draft of the guardrail {one.guardrail}, which is no version")
    which = f"the guardrail {one.guardrail}" if one.guardrail else "no guardrail"
    return Said(bool(one.guardrail), f"version {one.version} has {which}")


def _roles(agent: Agent) -> set[str]:
    """Raises ``NotRead`` where one of its versions was not read."""
    agent.aliases.get()
    return {agent.draft.role, *(one.get().role for one in agent.versions)}


def _role_alone(agent: Listed[Agent], context: Context) -> Said:
    mine = _roles(agent.told.get())
    others = [one for one in context.part(Bedrock).agents.get() if one.arn != agent.arn]
    sharing = [one for one in others if not isinstance(one.told, Unread) and _overlap(mine, one.told.value)]
    if sharing:
        return Said(False, f"it shares its role with {', '.join(clean(one.told.get().name, 80) for one in sharing)}")
    for one in others:
        _roles(one.told.get())  # one that was not read may share it
    return Said(True, "no other agent has its role")


def _overlap(mine: set[str], other: Agent) -> bool:
    read = {one.value.role for one in other.versions if not isinstance(one, Unread)}
    return not mine.isdisjoint({other.draft.role, *read})


# ---- BR-10: AgentCore


def in_vpc(runtime: Listed[Runtime], context: Context) -> Judged:
    """BR-10."""
    told = runtime.told.get()
    met = None if not told.mode else told.mode == "VPC"
    return weigh([lambda: Said(met, f"its network mode is {told.mode or 'not said'}")])
