"""``bedrock-require-guardrail``: deny a role or user model invocations that name no guardrail.

A Deny where the condition key ``bedrock:GuardrailIdentifier`` is absent. Facts: Amazon Bedrock User Guide, "Enforce
the use of specific guardrails in model inference requests"; it is evaluated for InvokeModel, Converse and their
streams. The OpenAI-compatible endpoint does not know the key, and is denied by that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Does, Info, Target
from socconsole.response.bedrock_deny import EITHER, BedrockDeny, uses
from socconsole.response.change import Cut
from socconsole.response.iam_inline import nobody
from socconsole.response.iam_principal import Principal
from socconsole.text import token


class BedrockRequireGuardrail(BedrockDeny):
    """See the module's text."""

    policy = "socconsole-bedrock-guardrail"
    info = Info(
        id="bedrock-require-guardrail",
        title="Allow model invocations with a guardrail only",
        target_type="role or user",
        calls=EITHER,
        stops="invocations of models by this role or user that name no guardrail, and its use of the "
        "OpenAI-compatible endpoint",
        does_not_stop="invocations under any guardrail of the account, also a weak one; agents, whose guardrail is "
        "part of their own configuration; invocations by others",
        cuts=False,
        does=Does.HARDENS,
        reversible=Reversible.YES,
        captures="the role or user with tags, policies, credentials and what runs with it",
        verifies="its inline policy denies invocations without a guardrail",
        undo_leaves="nothing",
        pitfalls=(
            "applications that name no guardrail stop: said before",
            "any guardrail will do: said, whoever may make one can make an empty one",
            "the OpenAI-compatible endpoint cannot name one: it is denied",
        ),
    )

    def cut(self, seen: Principal, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not seen.exists:
            return nobody(seen)
        return self.deny(
            seen,
            {
                "Action": ["bedrock:InvokeModel*", "bedrock-mantle:CreateInference"],
                "Condition": {"Null": {"bedrock:GuardrailIdentifier": "true"}},
            },
            why=f"the {seen.kind.word} {token(seen.name)} may invoke models without a guardrail",
            blast_radius=f"applications that name no guardrail stop; {uses(seen, finding)}",
            fit=40,
            warnings=(
                "any guardrail will do, also an empty one: it narrows what leaves, it does not stop an intruder",
            ),
        )

    def exposed_by(self, seen: Principal, ours: Mapping[str, Any]) -> str:
        return f"the {seen.kind.word} {token(seen.name)} may invoke models without a guardrail again"


ACTION: Final = BedrockRequireGuardrail()
