"""May a principal make these calls, and what is its session held to while it makes them?

The first is only ever "likely": SCPs, RCPs and conditions are not seen. ``SimulatePrincipalPolicy`` evaluates the
principal's own policies (IAM API reference).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from socconsole.aws import AwsTrouble, Grant
from socconsole.aws.iam import fitting, session_policy
from socconsole.aws.operations import table
from socconsole.model.action import Plan
from socconsole.model.world import Place
from socconsole.response.base import Action, Door
from socconsole.response.compose import Composition

_SESSION: Final = re.compile(r"arn:[a-z-]+:sts::\d{12}:assumed-role/([^/]+)/.+")


async def permits(door: Door, plan: Plan, principal: str, resources: Sequence[str], partition: str) -> str:
    """``likely``, ``unlikely``, or ``unknown`` when it cannot be asked; never raises ``AwsTrouble``.

    ``principal`` is the ARN of a role or user; empty asks about the identity behind ``door`` itself.
    """
    asked: dict[tuple[str, ...], set[str]] = {}
    for call in plan.calls:
        operation = f"{call.service}:{call.operation}"
        on = fitting(operation, resources, partition, plan.place.account)
        asked.setdefault(on, set()).update(table()[operation].iam)
    if not asked:
        return "unknown"
    try:
        source = principal or await own_arn(door, plan.place)
        answers = [await _simulate(door, plan.place, source, sorted(actions), on) for on, actions in asked.items()]
    except AwsTrouble:
        return "unknown"
    if not all(answers):
        return "unknown"
    return "likely" if all(decision == "allowed" for answer in answers for decision in answer) else "unlikely"


def grants(action: Action, plan: Plan) -> Iterator[tuple[Action, Plan, Grant]]:
    """A plan, or each part of a composition's, with who carries it out and all that this takes."""
    for member, part in action.each(plan) if isinstance(action, Composition) else ((action, plan),):
        operations = dict.fromkeys(f"{call.service}:{call.operation}" for call in part.calls)
        yield member, part, Grant(tuple(operations), member.resources(part))


def unnarrowed(action: Action, plan: Plan, partition: str) -> str:
    """Why no session can be held to a plan's calls; empty where it can. Asked before the intent, not after it."""
    try:
        for _, _, grant in grants(action, plan):
            session_policy(grant, partition, plan.place.account)
    except ValueError as cannot:
        return f"the responder's session cannot be narrowed to it: {cannot}"
    return ""


async def _simulate(
    door: Door, place: Place, source: str, actions: Sequence[str], resources: Sequence[str]
) -> list[str]:
    asked = {"PolicySourceArn": source, "ActionNames": list(actions), "ResourceArns": list(resources)}
    answer = await door.call(place, "iam:SimulatePrincipalPolicy", asked)
    return [str(result["EvalDecision"]) for result in answer["EvaluationResults"]]


async def own_arn(door: Door, place: Place) -> str:
    """The door's identity as IAM names it. A session's ARN drops the role's path: IAM is asked for it."""
    arn = str((await door.call(place, "sts:GetCallerIdentity", {}))["Arn"])
    session = _SESSION.fullmatch(arn)
    if session is None:
        return arn
    role = await door.call(place, "iam:GetRole", {"RoleName": session[1]})
    return str(role["Role"]["Arn"])
