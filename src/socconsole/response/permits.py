"""May the identity behind a door make these calls? Only ever "likely": SCPs, RCPs and conditions are not seen.

``SimulatePrincipalPolicy`` evaluates the identity's own policies (IAM API reference). It is asked about the role,
not its session: an assumed-role ARN names neither, so the role is read for its ARN with path.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door

_SESSION: Final = re.compile(r"arn:[a-z-]+:sts::\d{12}:assumed-role/([^/]+)/.+")


async def simulate(door: Door, place: Place, actions: Sequence[str], resources: Sequence[str]) -> str:
    """``likely``, ``unlikely``, or ``unknown`` when it cannot be asked; never raises ``AwsTrouble``."""
    try:
        identity = await door.call(place, "sts:GetCallerIdentity", {})
        arn = str(identity["Arn"])
        session = _SESSION.fullmatch(arn)
        if session:
            role = await door.call(place, "iam:GetRole", {"RoleName": session[1]})
            arn = str(role["Role"]["Arn"])
        answer = await door.call(
            place,
            "iam:SimulatePrincipalPolicy",
            {"PolicySourceArn": arn, "ActionNames": list(actions), "ResourceArns": list(resources)},
        )
    except AwsTrouble:
        return "unknown"
    decisions = [result["EvalDecision"] for result in answer["EvaluationResults"]]
    if not decisions:
        return "unknown"
    return "likely" if all(decision == "allowed" for decision in decisions) else "unlikely"
