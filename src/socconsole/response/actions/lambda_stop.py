"""``lambda-stop``: reserve no concurrency at all for a function, so that nothing can invoke it.

Facts: Lambda API reference, ``PutFunctionConcurrency`` (the setting covers the function with all its versions);
Lambda Developer Guide, "Configuring reserved concurrency" (to throttle a function, set it to zero), "Asynchronous
invocation" (events that are throttled are tried again for up to six hours, then dropped or sent to the
dead-letter queue), "Function timeout" (a running invocation ends after 15 minutes at the latest).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.parts import Part, read
from socconsole.response.resource_policy import Reach, reach
from socconsole.response.wording import count, listed
from socconsole.text import token

_STATE: Final = "ReservedConcurrentExecutions"
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ARN: Final = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:([^:]+)(?::[^:]+)?")


@dataclass(frozen=True, slots=True)
class Function:
    """A function as AWS described it in one round of reads."""

    name: str
    place: Place
    reserved: int | None
    """Reserved concurrency; None where the function shares the account's."""
    role: str
    timeout: int
    """Seconds that one invocation may take."""
    edge: bool
    """A replica of Lambda@Edge: its settings are those of the function in us-east-1."""
    policy: str | None
    """Who may invoke it; JSON, untrusted."""
    sources: int | None
    """Event sources that feed it (queues, streams) and are on; None where they could not be read."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    def reach(self, own: Collection[str] = ()) -> Reach:
        """Who the policy lets in, the account's own principals and services apart."""
        return reach(self.policy, self.place.account, own)


async def read_function(door: Door, name: str, place: Place) -> Function:
    """Raises ``AwsTrouble`` when what decides the plan cannot be read. Environment values are not kept."""
    named = {"FunctionName": name}
    parts = await read(
        door,
        place,
        {
            "configuration": Part("lambda:GetFunctionConfiguration", named),
            "concurrency": Part("lambda:GetFunctionConcurrency", named),
            "policy": Part("lambda:GetPolicy", named, optional=True),
            "event_sources": Part("lambda:ListEventSourceMappings", named, optional=True),
            "tags": Part("lambda:ListTags", {"Resource": _arn(name, place)}, optional=True),
        },
    )
    configuration = _without_secrets(parts.known("configuration"))
    mappings = parts.known("event_sources").get("EventSourceMappings", ())
    return Function(
        name=name,
        place=place,
        reserved=parts.known("concurrency").get(_STATE),
        role=str(configuration.get("Role", "")),
        timeout=int(configuration.get("Timeout", 900)),
        edge="MasterArn" in configuration,
        policy=parts.known("policy").get("Policy"),
        sources=None
        if "event_sources" in parts.unread
        else sum(one.get("State") not in ("Disabled", "Disabling") for one in mappings),
        tags=parts.known("tags").get("Tags", {}),
        unread=parts.unread,
        evidence={**parts.evidence, "configuration": configuration},
    )


def _without_secrets(configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    """Environment variables often hold passwords: their names are evidence, their values stay in AWS."""
    names = sorted(configuration.get("Environment", {}).get("Variables", {}))
    kept = {key: value for key, value in configuration.items() if key != "Environment"}
    return {**kept, "EnvironmentNames": names}


def _arn(name: str, place: Place) -> str:
    return f"arn:{partition_of(place.region)}:lambda:{place.region}:{place.account}:function:{name}"


class LambdaStop(Change[Function]):
    """See the module's text."""

    info = Info(
        id="lambda-stop",
        title="Let nothing invoke a Lambda function",
        target_type="function",
        calls=("lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"),
        stops="every new invocation of the function, of any version, by whomever",
        does_not_stop="invocations that are running (15 minutes at most), the sessions of its role that were taken "
        "out of it, and asynchronous events, which AWS tries again for up to 6 hours",
        reversible=Reversible.YES,
        captures="configuration (the names of its environment variables, not their values), reserved concurrency, "
        "resource policy, event sources, tags",
        verifies="the function's reserved concurrency is 0",
        undo_leaves="asynchronous events older than 6 hours are lost, or in the dead-letter queue; messages of a "
        "queue may have passed their retention",
        pitfalls=(
            "running invocations go on: how long at most is said before",
            "its role's sessions stay valid outside it: iam-role-revoke-sessions is named",
            "queues and streams that feed it fill up: how many there are is said before",
            "environment variables hold secrets: only their names are kept as evidence",
            "a Lambda@Edge replica takes no concurrency of its own: refused",
        ),
    )
    # CloudTrail files Lambda's events under the operation with the version of its API.
    writes = (
        "PutFunctionConcurrency20171031",
        "DeleteFunctionConcurrency20171031",
        "PutFunctionConcurrency",
        "DeleteFunctionConcurrency",
    )
    types = ("AwsLambdaFunction", "Lambda", "AWS::Lambda::Function")

    def name(self, target: str) -> str:
        arn = _ARN.fullmatch(target)
        name = arn[1] if arn else target
        if not _NAME.fullmatch(name):
            raise BadTarget(f"{token(target)!r} is not the name of a Lambda function")
        return name

    def arns(self, target: Target) -> tuple[str, ...]:
        return (_arn(target.id, target.place),)

    def trail_name(self, target: Target) -> str:
        return _arn(target.id, target.place)

    async def look(self, door: Door, target: Target) -> Function:
        return await read_function(door, target.id, target.place)

    def state(self, seen: Function) -> State:
        return {_STATE: seen.reserved}

    def cut(self, seen: Function, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if seen.edge:
            why = "a Lambda@Edge replica takes no concurrency of its own: detach it from its distribution"
            return Cut(None, why, refusals=(why,))
        had = "the account's shared concurrency" if seen.reserved is None else f"{seen.reserved} at once"
        return Cut(
            wanted={_STATE: 0},
            why=f"the function can be invoked: {had}",
            blast_radius=_blast_radius(seen, own),
            fit=75,
            warnings=(
                f"invocations that are running go on for up to {seen.timeout} s",
                f"what was taken out of it keeps its role's rights ({token(seen.role.rpartition('/')[2])}): "
                "iam-role-revoke-sessions ends that",
            ),
        )

    def steps(self, seen: Function, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        named = {"FunctionName": seen.name}
        if wanted[_STATE] is None:
            return (Call("lambda", "DeleteFunctionConcurrency", named),)
        return (Call("lambda", "PutFunctionConcurrency", {**named, _STATE: wanted[_STATE]}),)

    def exposes(self, seen: Function, target: Target, restored: State) -> tuple[str, ...]:
        if restored[_STATE] == 0:
            return ()
        if "policy" in seen.unread:
            return ("who may invoke the function could not be read, and it may be anyone",)
        who = seen.reach()
        return ("the function's policy lets anyone invoke it",) if who.anyone or who.anyone_if else ()

    def words(self, state: State) -> str:
        reserved = state[_STATE]
        return "no reserved concurrency" if reserved is None else f"reserved concurrency {reserved}"


def _blast_radius(seen: Function, own: Collection[str]) -> str:
    who = seen.reach(own)
    callers = [f"{count(len(who.services), 'AWS service')}{listed(who.services)}"]
    if who.anyone or who.anyone_if:
        callers.append("anyone")
    if others := (*who.outside, *who.family):
        callers.append(f"{count(len(others), 'principal')} of other accounts{listed(others)}")
    said = "who its policy lets in is not known" if "policy" in seen.unread else ", ".join(callers)
    sources = "not known how many event sources" if seen.sources is None else count(seen.sources, "event source")
    return (
        f"1 function; can no longer invoke it: {said}, and every principal of this account that may; "
        f"{sources} wait and fill up; how often it is invoked: not known (configuration does not say)"
    )


ACTION: Final = LambdaStop()
