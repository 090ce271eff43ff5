"""``bedrock-deny-invoke``: deny a role or user the invocation of models, however it asks.

``bedrock:InvokeModel*`` covers InvokeModel, Converse and their streams, the batch job stands beside it, and
``bedrock-mantle:*`` is the OpenAI-compatible endpoint. Agents invoke models with a role of their own.
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
from socconsole.text import token


class BedrockDenyInvoke(BedrockDeny):
    """See the module's text."""

    policy = "socconsole-bedrock-invoke"
    info = Info(
        id="bedrock-deny-invoke",
        title="Deny the invocation of models",
        target_type="role or user",
        calls=EITHER,
        stops="InvokeModel, Converse, their streams, batch jobs to come and all of the OpenAI-compatible endpoint, "
        "for this role or user",
        does_not_stop="agents and flows (they invoke with roles of their own), batch jobs that run already, "
        "invocations by others",
        reversible=Reversible.YES,
        captures="the role or user with tags, policies, credentials and what runs with it",
        verifies="its inline policy denies the invocation of models on both endpoints",
        undo_leaves="nothing",
        pitfalls=(
            "Converse has no action of its own: the Deny of InvokeModel covers it",
            "the OpenAI-compatible endpoint has another prefix: denied too",
            "applications that run with it lose their models: counted before",
            "an agent invokes with its own role: said, bedrock-agent-reject stops it",
        ),
    )

    def cut(self, seen: Principal, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not seen.exists:
            return nobody(seen)
        return self.deny(
            seen,
            {"Action": ["bedrock:InvokeModel*", "bedrock:CreateModelInvocationJob", "bedrock-mantle:*"]},
            why=f"the {seen.kind.word} {token(seen.name)} may invoke models, as far as its policies allow",
            blast_radius=f"every application that asks models with it stops; {uses(seen, finding)}",
            fit=74,
            warnings=("agents invoke models with roles of their own: bedrock-agent-reject stops those", CANNOT_SEE),
        )

    def exposed_by(self, seen: Principal, ours: Mapping[str, Any]) -> str:
        return f"the {seen.kind.word} {token(seen.name)} may invoke models again"


ACTION: Final = BedrockDenyInvoke()
