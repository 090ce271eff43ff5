"""An inline Deny of Bedrock actions on whoever invokes models: a role, or a user (Bedrock API keys are a user's).

Facts: Amazon Bedrock User Guide, "Control permissions for generating and using Amazon Bedrock API keys" (two
endpoints, two actions) and "Identity-based policy examples"; Service Authorization Reference: Converse is authorised
as ``bedrock:InvokeModel``; the OpenAI-compatible endpoint has a prefix of its own, ``bedrock-mantle``.
"""

from __future__ import annotations

from typing import Final

from socconsole.model.finding import Finding
from socconsole.response.base import Door, Target
from socconsole.response.iam_inline import CALLS, InlineDeny
from socconsole.response.iam_principal import ROLE, USER, Principal
from socconsole.response.iam_role import Role, read_role
from socconsole.response.iam_user import User, read_user

EITHER: Final = (*CALLS[ROLE], *CALLS[USER])

CANNOT_SEE: Final = (
    "calls through the OpenAI-compatible endpoint may be missing from invocation logs and from the trail: whether "
    "it is quiet there cannot be seen"
)


def about_models(finding: Finding) -> bool:
    """Does a finding speak of models being invoked, or of how that is logged?"""
    named = any("Bedrock" in each or "ModelInvocation" in each for each in finding.types)
    return named or any(each.type.startswith("AwsBedrock") for each in finding.resources)


class BedrockDeny(InlineDeny):
    """Denies some of Bedrock to a role or a user; offered where a finding is about models."""

    kinds = (ROLE, USER)
    locks_out = False  # the console invokes no model

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        return super().targets(finding) if about_models(finding) else ()

    async def look(self, door: Door, target: Target) -> Principal:
        found = await super().look(door, target)
        if not found.exists:
            return found
        return await read_role(door, found) if found.kind is ROLE else await read_user(door, found)


def uses(seen: Principal, finding: Finding | None) -> str:
    """Who is behind the principal, in numbers."""
    if isinstance(seen, Role):
        return seen.users()
    return seen.ways_in(finding) if isinstance(seen, User) else ""
