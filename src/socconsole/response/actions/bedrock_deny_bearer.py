"""``bedrock-deny-bearer``: deny a role or user the use of Bedrock API keys, and leave signed requests alone.

Stolen Bedrock keys are sold for their model access. Both kinds of key, long-term ones of a user and short-term ones
made from a session, are used through ``CallWithBearerToken``; applications that sign their requests go on. Facts:
Amazon Bedrock User Guide, "Control permissions for generating and using Amazon Bedrock API keys".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Info, Target
from socconsole.response.bedrock_deny import CANNOT_SEE, EITHER, BedrockDeny, uses
from socconsole.response.change import Cut
from socconsole.response.iam_inline import nobody
from socconsole.response.iam_principal import Principal
from socconsole.response.iam_user import User
from socconsole.response.wording import count
from socconsole.text import token


class BedrockDenyBearer(BedrockDeny):
    """See the module's text."""

    policy = "socconsole-bedrock-bearer"
    info = Info(
        id="bedrock-deny-bearer",
        title="Deny the use of Bedrock API keys",
        target_type="role or user",
        calls=EITHER,
        stops="every request to Bedrock with an API key of it, long-term or short-term, on both endpoints",
        does_not_stop="requests to Bedrock that are signed with its credentials; API keys of others",
        reversible=Reversible.YES,
        captures="the role or user with tags, policies, credentials and what runs with it",
        verifies="its inline policy denies CallWithBearerToken on both endpoints",
        undo_leaves="nothing",
        pitfalls=(
            "the OpenAI-compatible endpoint has an action of its own: both are denied",
            "an intruder who holds the credentials themselves goes on signed: said, bedrock-deny-invoke ends that",
            "applications that use API keys on purpose stop: said before",
        ),
    )

    def cut(self, seen: Principal, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not seen.exists:
            return nobody(seen)
        why, fit = _path(seen)
        return self.deny(
            seen,
            {"Action": ["bedrock:CallWithBearerToken", "bedrock-mantle:CallWithBearerToken"]},
            why=why,
            blast_radius=f"applications that use Bedrock by an API key of it stop; {uses(seen, finding)}",
            fit=fit,
            warnings=(
                "requests signed with its credentials go on: bedrock-deny-invoke, if the intruder holds those",
                CANNOT_SEE,
            ),
        )

    def exposed_by(self, seen: Principal, ours: Mapping[str, Any]) -> str:
        return f"Bedrock API keys of {token(seen.name)} work again"


def _path(seen: Principal) -> tuple[str, int]:
    """By which key it may be used, and how sure that is. Short-term keys are listed nowhere."""
    active = [id_ for id_, status in seen.credentials.items() if status == "Active"] if isinstance(seen, User) else []
    if active:
        return f"user {token(seen.name)} has {count(len(active), 'active Bedrock API key')}", 86
    made = f"whoever holds credentials of {token(seen.name)} can make a Bedrock API key that lives up to 12 hours"
    return f"{made}; whether there is one cannot be read", 50


ACTION: Final = BedrockDenyBearer()
