"""``iam-user-quarantine``: deny a user everything, whatever credential he comes with.

An inline Deny of all actions ends console sign-ins, access keys, Bedrock API keys and the sessions made with
them alike: ``GetSessionToken`` and ``GetFederationToken`` carry the user's own permissions (IAM User Guide,
"Permissions for GetSessionToken"). Deleting a login profile cannot be undone and is not done.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Cut
from socconsole.response.iam_inline import CALLS, InlineDeny, nobody
from socconsole.response.iam_principal import USER, Principal
from socconsole.response.iam_user import User, read_user
from socconsole.text import token


class IamUserQuarantine(InlineDeny):
    """See the module's text."""

    policy = "socconsole-quarantine"
    kinds = (USER,)
    info = Info(
        id="iam-user-quarantine",
        title="Deny a user everything",
        target_type="user",
        calls=CALLS[USER],
        stops="every call of the user: by access keys, in the AWS console, by Bedrock API keys, in sessions made "
        "with them",
        does_not_stop="sessions of roles that he took on before; access that other accounts' policies give to the "
        "whole account",
        reversible=Reversible.YES,
        captures="the user with tags and boundary, inline and attached policies, access keys, Bedrock API keys, "
        "login profile, MFA devices",
        verifies="the user's inline policy denies everything",
        undo_leaves="nothing",
        pitfalls=(
            "inline policies of a user hold 2,048 characters together: refused before where it does not fit",
            "roles that he took on go on: said, iam-role-revoke-sessions ends them",
            "deleting the password cannot be undone: it is left, and does not help him",
            "an MFA device may be the intruder's: counted, and kept as evidence",
            "whoever the console's own roles trust: refused",
        ),
    )

    async def look(self, door: Door, target: Target) -> Principal:
        found = await super().look(door, target)
        return await read_user(door, found) if found.exists else found

    def cut(self, seen: Principal, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not isinstance(seen, User):
            return nobody(seen)
        warnings = ["sessions of roles that he took on go on: iam-role-revoke-sessions ends them"]
        if seen.devices:
            warnings.append(
                f"look at his MFA devices ({seen.devices}) before this is undone: one may be the intruder's"
            )
        return self.deny(
            seen,
            {"Action": "*"},
            why=f"user {token(seen.name)} may do what his policies allow, by every credential he has",
            blast_radius=f"{seen.ways_in(finding)}; whatever runs with them stops at once",
            fit=84,
            warnings=tuple(warnings),
        )


ACTION: Final = IamUserQuarantine()
