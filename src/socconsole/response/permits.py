"""May a principal make these calls? Only ever "likely": SCPs, RCPs and conditions are not seen.

``SimulatePrincipalPolicy`` evaluates the principal's own policies (IAM API reference).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door

_SESSION: Final = re.compile(r"arn:[a-z-]+:sts::\d{12}:assumed-role/([^/]+)/.+")


async def simulate(door: Door, place: Place, principal: str, actions: Sequence[str], resources: Sequence[str]) -> str:
    """``likely``, ``unlikely``, or ``unknown`` when it cannot be asked; never raises ``AwsTrouble``.

    ``principal`` is the ARN of a role or user; empty asks about the identity behind ``door`` itself.
    """
    try:
        answer = await door.call(
            place,
            "iam:SimulatePrincipalPolicy",
            {
                "PolicySourceArn": principal or await own_arn(door, place),
                "ActionNames": list(actions),
                "ResourceArns": list(resources),
            },
        )
    except AwsTrouble:
        return "unknown"
    decisions = [result["EvalDecision"] for result in answer["EvaluationResults"]]
    if not decisions:
        return "unknown"
    return "likely" if all(decision == "allowed" for decision in decisions) else "unlikely"


async def own_arn(door: Door, place: Place) -> str:
    """The door's identity as IAM names it. A session's ARN drops the role's path: IAM is asked for it."""
    arn = str((await door.call(place, "sts:GetCallerIdentity", {}))["Arn"])
    session = _SESSION.fullmatch(arn)
    if session is None:
        return arn
    role = await door.call(place, "iam:GetRole", {"RoleName": session[1]})
    return str(role["Role"]["Arn"])
