"""``iam-role-deny``: deny a role everything, now and for every session to come.

The big hammer, for a role that is taken on again and again: an inline Deny of all actions. Facts: IAM User Guide,
"Policy evaluation logic". Sessions of other roles that were taken on from it are theirs, and go on.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut
from socconsole.response.iam_inline import CALLS, nobody
from socconsole.response.iam_principal import ROLE, Principal
from socconsole.response.iam_role import Role, RoleDeny
from socconsole.text import token


class IamRoleDeny(RoleDeny):
    """See the module's text."""

    policy = "socconsole-role-deny"
    info = Info(
        id="iam-role-deny",
        title="Deny a role everything",
        target_type="role",
        calls=CALLS[ROLE],
        stops="every call with the role's credentials, of sessions there are and of sessions to come",
        does_not_stop="sessions of other roles that were taken on from this one; what a resource has handed out "
        "already (presigned URLs end with the role, copies do not)",
        reversible=Reversible.YES,
        captures="the role with its trust policy, inline and attached policies, instance profiles, instances",
        verifies="the role's inline policy denies everything",
        undo_leaves="nothing",
        pitfalls=(
            "whatever runs with the role stops: it is counted before, and a second person approves it",
            "service-linked and Identity Center roles cannot be changed so: refused",
            "the console's own roles: refused",
            "inline policies above 10,240 characters are not taken: refused before",
        ),
        wide=True,
        second_person=True,
    )

    def cut(self, seen: Principal, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not isinstance(seen, Role):
            return nobody(seen)
        return self.deny(
            seen,
            {"Action": "*"},
            why=f"{token(seen.name)} may do what its policies allow, in every session to come",
            blast_radius=f"everything that uses it stops; {seen.users()}",
            fit=45,
            warnings=("everything that runs with this role stops at once, and stays stopped until this is undone",),
        )


ACTION: Final = IamRoleDeny()
