"""``bedrock-agent-reject``: make an alias of a Bedrock agent turn every invocation away.

Facts: Amazon Bedrock API reference (``UpdateAgentAlias``): setting ``aliasInvocationState`` to ``REJECT_INVOCATIONS``
pauses the alias, ``ACCEPT_INVOCATIONS`` starts it again. The name has to be sent, and what becomes of other fields
that are not sent is not promised: description and routing are sent again as they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.change import Change, Cut, State, judge
from socconsole.response.iam_principal import jsonable
from socconsole.response.parts import Part, read
from socconsole.response.wording import count, listed
from socconsole.text import token

_REJECT: Final = "REJECT_INVOCATIONS"
_ACCEPT: Final = "ACCEPT_INVOCATIONS"
_STATE: Final = "aliasInvocationState"
_ROUTING: Final = "routingConfiguration"
_NAME: Final = re.compile(r"(?:arn:[a-z-]+:bedrock:[a-z0-9-]+:\d{12}:agent-alias/)?([0-9a-zA-Z]{10}/[0-9a-zA-Z]{10})")
_TEST: Final = "TSTALIASID"
"""The working draft's own alias: the Bedrock console tests with it, and nobody can change it."""


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias of an agent."""

    agent: str
    id: str
    place: Place
    name: str
    description: str
    invocations: str
    status: str
    routing: tuple[Mapping[str, Any], ...]
    evidence: Mapping[str, Any]
    tags: Mapping[str, str]
    unread: tuple[str, ...]


class BedrockAgentReject(Change[Alias]):
    """See the module's text."""

    info = Info(
        id="bedrock-agent-reject",
        title="Turn invocations of an agent away",
        target_type="agent alias",
        calls=("bedrock-agent:UpdateAgentAlias",),
        stops="every new invocation of the agent through this alias",
        does_not_stop="invocations under way, other aliases of the agent, the models behind it, its action groups' "
        "own functions",
        reversible=Reversible.YES,
        captures="the alias with its routing, status and tags",
        verifies="the alias says REJECT_INVOCATIONS",
        undo_leaves="an entry in the alias's history",
        pitfalls=(
            "an update may drop what it does not state: name, description and routing are sent again as they are",
            "while the alias is being changed AWS refuses: refused before",
            "the agent's other aliases go on: said",
            "the test alias of the working draft cannot be changed: refused",
        ),
    )
    writes = ("UpdateAgentAlias", "CreateAgentAlias")
    types = ("AwsBedrockAgentAlias",)

    def name(self, target: str) -> str:
        found = _NAME.fullmatch(target)
        if not found:
            raise BadTarget(f"{token(target)!r} is not an agent alias (AGENT/ALIAS, ten characters each, or its ARN)")
        return found[1]

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        return (f"arn:{partition_of(place.region)}:bedrock:{place.region}:{place.account}:agent-alias/{target.id}",)

    async def look(self, door: Door, target: Target) -> Alias:
        agent, _, alias = target.id.partition("/")
        asked = {"agentId": agent, "agentAliasId": alias}
        tags = {"resourceArn": self.arns(target)[0]}
        found = await read(
            door,
            target.place,
            {
                "alias": Part("bedrock-agent:GetAgentAlias", asked),
                "tags": Part("bedrock-agent:ListTagsForResource", tags, optional=True),
            },
        )
        one = found.known("alias")["agentAlias"]
        return Alias(
            agent=agent,
            id=alias,
            place=target.place,
            name=str(one["agentAliasName"]),
            description=str(one.get("description", "")),
            invocations=str(one.get(_STATE, _ACCEPT)),
            status=str(one["agentAliasStatus"]),
            routing=tuple(one.get("routingConfiguration", ())),
            evidence=jsonable(found.evidence),
            tags=dict(found.known("tags").get("tags", {})),
            unread=found.unread,
        )

    def state(self, seen: Alias) -> State:
        """With the routing: the update states it too, and a change of it since has to be noticed."""
        return {_STATE: seen.invocations, _ROUTING: [dict(one) for one in seen.routing]}

    def restored(self, seen: Alias, done: Plan) -> State:
        """A routing that others changed since is theirs."""
        return {**self.state(seen), _STATE: done.before[_STATE]}

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        """The routing is not what the action is about."""
        now = (await self.look(door, Target(plan.target, plan.place))).invocations
        return judge({_STATE: now}, {_STATE: plan.before[_STATE]}, {_STATE: plan.after[_STATE]})

    def cut(self, seen: Alias, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        versions = [str(one.get("agentVersion", "?")) for one in seen.routing]
        return Cut(
            wanted={**self.state(seen), _STATE: _REJECT},
            why=f"the alias {token(seen.name)} accepts invocations",
            blast_radius=f"1 alias of agent {seen.agent}, leading to {count(len(versions), 'version')}"
            f"{listed(versions)}; every application that asks the agent through it is turned away; how many do: not "
            "known (configuration does not say)",
            fit=82,
            warnings=("other aliases of the agent go on accepting", "invocations under way run to their end"),
            refusals=_refusals(seen),
        )

    def steps(self, seen: Alias, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        params: dict[str, Any] = {
            "agentId": seen.agent,
            "agentAliasId": seen.id,
            "agentAliasName": seen.name,
            **({"description": seen.description} if seen.description else {}),
            **({_ROUTING: wanted[_ROUTING]} if wanted[_ROUTING] else {}),
            _STATE: wanted[_STATE],
        }
        return (Call("bedrock-agent", "UpdateAgentAlias", params),)

    def exposes(self, seen: Alias, target: Target, restored: State) -> tuple[str, ...]:
        if restored[_STATE] == _REJECT or seen.invocations != _REJECT:
            return ()
        return (f"the agent can be asked through {token(seen.name)} again",)

    def words(self, state: State) -> str:
        versions = ", ".join(token(one.get("agentVersion", "?")) for one in state[_ROUTING]) or "none"
        doing = "turns invocations away" if state[_STATE] == _REJECT else "accepts invocations"
        return f"{doing}, leads to version {versions}"


def _refusals(seen: Alias) -> tuple[str, ...]:
    if seen.id == _TEST:
        return ("this is the working draft's test alias, which cannot be changed",)
    if seen.status not in ("PREPARED", "DISSOCIATED"):
        return (f"the alias is {token(seen.status)} at the moment: AWS takes no change of it",)
    return ()


ACTION: Final = BedrockAgentReject()
