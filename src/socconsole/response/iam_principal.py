"""One IAM role or user read afresh: what it may do by policies of its own, and who would miss it.

IAM is one for an account, whatever region it is asked in; its changes take effect "within seconds, sometimes
minutes" (IAM User Guide, "Changes that I make are not always immediately visible"). The size limits are of all
inline policies of a role or user together, white space not counted (IAM User Guide, "IAM and AWS STS quotas").
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.world import Place
from socconsole.response.base import Door
from socconsole.response.iam_own import own
from socconsole.response.parts import Part, read
from socconsole.text import token

_UNKNOWN: Final = "not known"


@dataclass(frozen=True, slots=True)
class Kind:
    """Roles and users have the same calls under other names."""

    word: str
    """As in an ARN: ``role``."""
    noun: str
    """As in the names of operations and parameters: ``Role``."""
    room: int
    """Characters that all inline policies of one may have together."""

    def named(self, name: str) -> dict[str, str]:
        return {f"{self.noun}Name": name}


ROLE: Final = Kind("role", "Role", 10_240)
USER: Final = Kind("user", "User", 2_048)


@dataclass(frozen=True, slots=True)
class Principal:
    """A role or user as IAM described it in one round of reads."""

    kind: Kind
    name: str
    place: Place
    exists: bool
    arn: str
    """With its path; empty when there is no such principal."""
    path: str
    details: Mapping[str, Any]
    """IAM's own description."""
    inline: Mapping[str, Any]
    """Policy name to document; untrusted. A document that is no JSON stands as the text it is."""
    attached: tuple[str, ...]
    """ARNs of managed policies."""
    profiles: tuple[str, ...]
    """ARNs of the instance profiles that a role is in."""
    own: tuple[str, ...] | None
    """ARNs of the console's own roles and of who may take them on; None when they could not all be read."""
    evidence: Mapping[str, Any]
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    at: datetime
    """When it was read, by AWS's clock where its answer told."""

    @property
    def last_used(self) -> str:
        """When and where IAM last saw a role used, in words; it lags behind by some hours."""
        used = self.details.get("RoleLastUsed") or {}
        if not used.get("LastUsedDate"):
            return "no use known to IAM"
        return f"last used {moment(used['LastUsedDate'])} in {token(used.get('Region') or '?')}"

    @property
    def services(self) -> tuple[str, ...]:
        """AWS services that a role's trust lets take it on; untrusted."""
        return _trusted(self.details.get("AssumeRolePolicyDocument"), "Service")

    @property
    def callers(self) -> tuple[str, ...]:
        """Accounts, roles and users that a role's trust lets take it on; untrusted."""
        return _trusted(self.details.get("AssumeRolePolicyDocument"), "AWS")


async def read_principal(door: Door, kind: Kind, name: str, place: Place) -> Principal:
    """Read all at once. Raises ``AwsTrouble`` when a part that decides the plan cannot be read."""
    asked = kind.named(name)
    try:
        answer = await door.call(place, f"iam:Get{kind.noun}", asked)
    except AwsTrouble as trouble:
        if trouble.kind != "not_found":
            raise
        nothing: dict[str, Any] = {}
        gone = {"principal": None}
        return Principal(
            kind, name, place, False, "", "", nothing, nothing, (), (), (), gone, {}, (), datetime.now(UTC)
        )
    found = answer[kind.noun]
    parts = {"attached": Part(f"iam:ListAttached{kind.noun}Policies", asked, optional=True)}
    if kind is ROLE:
        parts["instance_profiles"] = Part("iam:ListInstanceProfilesForRole", asked, optional=True)
    inline, around, ours = await asyncio.gather(
        _inline(door, kind, name, place), read(door, place, parts), own(door, place)
    )
    profiles = around.known("instance_profiles") if kind is ROLE else {}
    return Principal(
        kind=kind,
        name=name,
        place=place,
        exists=True,
        arn=str(found["Arn"]),
        path=str(found.get("Path", "/")),
        details=found,
        inline=inline,
        attached=tuple(str(one["PolicyArn"]) for one in around.known("attached").get("AttachedPolicies", ())),
        profiles=tuple(str(one["Arn"]) for one in profiles.get("InstanceProfiles", ())),
        own=ours,
        evidence=jsonable({"principal": found, "inline": inline, **around.evidence}),
        tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
        unread=around.unread,
        at=_told(answer),
    )


def _told(answer: Mapping[str, Any]) -> datetime:
    """The time in an answer's head; ours where it has none."""
    try:
        at = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (LookupError, TypeError, ValueError):
        return datetime.now(UTC)
    return at.astimezone(UTC) if at.tzinfo else datetime.now(UTC)


async def _inline(door: Door, kind: Kind, name: str, place: Place) -> dict[str, Any]:
    """All inline policies. None of them may stay unread: they share one size limit."""
    listed = await door.call(place, f"iam:List{kind.noun}Policies", {**kind.named(name), "MaxItems": 1000})
    names = [str(one) for one in listed["PolicyNames"]]
    answers = await asyncio.gather(
        *(door.call(place, f"iam:Get{kind.noun}Policy", {**kind.named(name), "PolicyName": one}) for one in names)
    )
    return {one: _document(answer.get("PolicyDocument")) for one, answer in zip(names, answers, strict=True)}


def _document(found: Any) -> Any:
    """botocore decodes IAM's documents; one that it could not stays text."""
    if isinstance(found, Mapping):
        return jsonable(found)
    try:
        return json.loads(str(found))
    except (ValueError, RecursionError):
        return str(found)


def jsonable(value: Any) -> Any:
    """An answer of AWS as JSON: times as RFC 3339."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value


def moment(value: Any) -> str:
    """A time of AWS to the minute, in words."""
    return value.strftime("%Y-%m-%d %H:%MZ") if isinstance(value, datetime) else _UNKNOWN


def _trusted(document: Any, kind: str) -> tuple[str, ...]:
    if not isinstance(document, Mapping):
        return ()
    statements = document.get("Statement", ())
    found: dict[str, None] = {}
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        principal = statement.get("Principal") if isinstance(statement, Mapping) else None
        if principal == "*":
            principal = {"AWS": "*"}
        if isinstance(principal, Mapping) and statement.get("Effect") == "Allow":
            names = principal.get(kind, ())
            found |= dict.fromkeys([names] if isinstance(names, str) else [str(name) for name in names])
    return tuple(found)
