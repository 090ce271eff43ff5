"""One secret read afresh: who its resource policy lets in. Its value is never asked for.

``PutResourcePolicy`` is called without ``BlockPublicPolicy``: that check judges the whole policy, and would
refuse our Deny beside a statement that lets everyone in, which is when it is needed most (Secrets Manager API
reference).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import Plan
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Target
from socconsole.response.change import Change
from socconsole.response.parts import Part, read
from socconsole.response.resource_policy import Reach, reach
from socconsole.text import token

_NAME: Final = re.compile(r"[\w/+=.@-]{1,512}", re.ASCII)
_ARN: Final = re.compile(r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]{1,519}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as AWS described it in one round of reads."""

    id: str
    place: Place
    deleted: bool
    """Scheduled for deletion: its policy cannot be written."""
    policy: str | None
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    def reach(self, own: Collection[str] = ()) -> Reach:
        """Who the policy lets in; ``own`` as in ``resource_policy.reach``."""
        return reach(self.policy, self.place.account, own)


async def read_secret(door: Door, secret: str, place: Place) -> Secret:
    """Raises ``AwsTrouble`` when the secret cannot be read; its policy may be denied."""
    asked = {"SecretId": secret}
    parts = await read(
        door,
        place,
        {
            "secret": Part("secretsmanager:DescribeSecret", asked),
            "policy": Part("secretsmanager:GetResourcePolicy", asked, optional=True),
        },
    )
    about = parts.known("secret")
    return Secret(
        id=secret,
        place=place,
        deleted="DeletedDate" in about,
        policy=parts.known("policy").get("ResourcePolicy"),
        tags={tag["Key"]: tag.get("Value", "") for tag in about.get("Tags", ())},
        unread=parts.unread,
        evidence=parts.evidence,
    )


class SecretChange(Change[Secret]):
    """A change to something of one secret."""

    types = ("AwsSecretsManagerSecret", "AWS::SecretsManager::Secret")

    def name(self, target: str) -> str:
        """A name, or an ARN as it is: the six characters that end it belong to the secret, and not to its name."""
        if not (_NAME.fullmatch(target) or _ARN.fullmatch(target)):
            raise BadTarget(f"{token(target)!r} is not the name or ARN of a secret")
        return target

    def arns(self, target: Target) -> tuple[str, ...]:
        if _ARN.fullmatch(target.id):
            return (target.id,)
        place = target.place
        start = f"arn:{partition_of(place.region)}:secretsmanager:{place.region}:{place.account}"
        return (f"{start}:secret:{target.id}-??????",)

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        """Its ARN as well: who names it by its name and who by its ARN write the same policy."""
        mine = Target(plan.target, plan.place)
        known = plan.evidence.get("secret")
        return tuple(dict.fromkeys((mine, Target(str(known["ARN"]), plan.place)))) if known else (mine,)

    async def look(self, door: Door, target: Target) -> Secret:
        return await read_secret(door, target.id, target.place)
