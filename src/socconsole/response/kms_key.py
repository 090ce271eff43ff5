"""One KMS key read afresh: its state, its policy and its grants, which together say who may use it.

A key is used by whoever its policy, an IAM policy that the key policy lets count, or a grant allows; a Deny in
the key policy beats all three (KMS Developer Guide, "KMS key access and permissions", "Grants in AWS KMS").
Policies and grants of an AWS managed key are AWS's own and cannot be changed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Plan
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.posture.principals import account_of
from socconsole.response.base import BadTarget, Door, Target
from socconsole.response.change import Change
from socconsole.response.parts import DENIED, Part, read
from socconsole.response.resource_policy import Reach, reach
from socconsole.response.trail import with_callers
from socconsole.text import token

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")
_ARN: Final = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/(.+)")
_PAGES: Final = 10
"""Of 100 grants each. A key may have 50,000; what is beyond is said not to have been read."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as AWS described it in one round of reads."""

    id: str
    place: Place
    state: str
    """``Enabled``, ``Disabled``, ``PendingDeletion`` and so on (``KeyState``)."""
    managed: bool
    """By AWS: nothing about it can be changed."""
    policy: str | None
    grants: tuple[Mapping[str, Any], ...]
    """As AWS returned them, times aside; untrusted."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    def reach(self, own: Collection[str] = ()) -> Reach:
        """Who the policy lets in; ``own`` as in ``resource_policy.reach``."""
        return reach(self.policy, self.place.account, own)

    def granted_outside(self, own: Collection[str] = ()) -> tuple[Mapping[str, Any], ...]:
        """Grants to principals of other accounts than this and ``own``."""
        house = {self.place.account, *own}
        accounts = ((grant, account_of(str(grant.get("GranteePrincipal", "")))) for grant in self.grants)
        return tuple(grant for grant, account in accounts if account is not None and account not in house)

    def outsiders(self, own: Collection[str] = ()) -> tuple[str, ...]:
        """Strangers that the policy names or a grant is given to, each once; untrusted."""
        grantees = (str(grant["GranteePrincipal"]) for grant in self.granted_outside(own))
        return tuple(dict.fromkeys((*self.reach(own).outside, *grantees)))


async def read_key(door: Door, key: str, place: Place) -> Key:
    """Raises ``AwsTrouble`` when the key itself cannot be read; its parts may be denied."""
    asked = {"KeyId": key}
    parts, grants = await asyncio.gather(
        read(
            door,
            place,
            {
                "key": Part("kms:DescribeKey", asked),
                "policy": Part("kms:GetKeyPolicy", {**asked, "PolicyName": "default"}, optional=True),
                "tags": Part("kms:ListResourceTags", asked, optional=True),
            },
        ),
        _grants(door, place, key),
    )
    about = parts.known("key")["KeyMetadata"]
    unread = parts.unread
    if grants is None:
        unread = (*unread, "grants")
    elif grants["more"]:
        unread = (*unread, f"grants beyond the first {len(grants['Grants'])}")
    return Key(
        id=key,
        place=place,
        state=str(about.get("KeyState", "")),
        managed=about.get("KeyManager") == "AWS",
        policy=parts.known("policy").get("Policy"),
        grants=tuple(_grant(one) for one in grants["Grants"]) if grants else (),
        tags={tag["TagKey"]: tag["TagValue"] for tag in parts.known("tags").get("Tags", ())},
        unread=unread,
        evidence={**parts.evidence, "grants": DENIED if grants is None else grants},
    )


async def _grants(door: Door, place: Place, key: str) -> Mapping[str, Any] | None:
    """All of them, as far as :data:`_PAGES` go; None when they were denied."""
    found: list[Mapping[str, Any]] = []
    asked: dict[str, Any] = {"KeyId": key, "Limit": 100}
    for _ in range(_PAGES):
        try:
            page = await door.call(place, "kms:ListGrants", asked)
        except AwsTrouble as trouble:
            if trouble.kind == "denied":
                return None
            raise
        found += page["Grants"]
        if not page.get("Truncated"):
            return {"Grants": found, "more": False}
        asked["Marker"] = page["NextMarker"]
    return {"Grants": found, "more": True}


def _grant(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """JSON values only: a state does not hold the instant of its making."""
    return {key: value for key, value in answer.items() if key != "CreationDate"}


class KeyChange(Change[Key]):
    """A change to something of one key."""

    types = ("AwsKmsKey", "AWS::KMS::Key")

    def name(self, target: str) -> str:
        arn = _ARN.fullmatch(target)
        name = arn[1] if arn else target
        if not _ID.fullmatch(name):
            raise BadTarget(f"{token(target)!r} is not the id of a key (an alias may change hands: name the key)")
        return name

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        return (f"arn:{partition_of(place.region)}:kms:{place.region}:{place.account}:key/{target.id}",)

    def trail_name(self, target: Target) -> str:
        return self.arns(target)[0]

    async def look(self, door: Door, target: Target) -> Key:
        return await read_key(door, target.id, target.place)

    async def plan(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        """KMS's own uses are management events: the trail tells who needs the key."""
        plan = await super().plan(door, target, finding, own)
        return await with_callers(door, plan, self.trail_name(target))


def managed_by_aws(key: Key) -> str:
    """Why nothing of it can be changed, or nothing."""
    return "it is an AWS managed key: its policy and grants are AWS's own" if key.managed else ""
