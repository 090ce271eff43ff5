"""``cut-role``: deny a role everything, and end the sessions of the roles that were taken on from it.

A Deny on a role reaches its own sessions alone: those of another role that was taken on from it are the other
role's, and live on (IAM User Guide, "Revoking IAM role temporary security credentials"). Which roles these are is
asked of the trail; what it cannot tell is said.
"""

from __future__ import annotations

from typing import Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response import onward
from socconsole.response.actions import ec2_isolate, iam_role_deny, iam_role_revoke_sessions
from socconsole.response.base import Door, Info, Target
from socconsole.response.compose import Choice, Composition, calls_of

_DENY: Final = iam_role_deny.ACTION
_REVOKE: Final = iam_role_revoke_sessions.ACTION
_MEMBERS: Final = (_DENY, _REVOKE)


class CutRole(Composition):
    """See the module's text."""

    members = _MEMBERS
    fit = 45  # as the Deny alone: a smaller cut that answers comes first
    info = Info(
        id="cut-role",
        title="Cut a role everywhere: itself, and the sessions taken on from it",
        target_type="role",
        calls=calls_of(_MEMBERS),
        stops="every call with the role's credentials, now and later; sessions, until now, of the roles of this "
        "account that it is seen to have taken on within the last day",
        does_not_stop="roles that these took on in turn, roles of other accounts, sessions that the trail does not "
        "tell of, long-term keys and roles that somebody made with it, what was handed out already",
        reversible=Reversible.YES,
        captures="what its parts capture",
        verifies="each part by itself; partial where they differ",
        undo_leaves="nothing",
        pitfalls=(
            "sessions of roles taken on from it outlive the Deny: the last day's trail is asked for them",
            "the trail is late, knows a region each, and not what happens in accounts that are not yours: where was "
            "looked, and what cannot be seen, is said before",
            "whatever runs with the role stops, and the roles it took on lose the sessions of all their users: counted "
            "before, a second person approves it",
            "a role that takes no Deny (service-linked, Identity Center's) takes no revocation either: what it took on "
            "is cut all the same, and that it is left out is said",
            "one of the console's own roles, or one on the never-touch list, is not cut",
        ),
        wide=True,
        second_person=True,
    )

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        return _DENY.targets(finding)

    def name(self, target: str) -> str:
        return _DENY.name(target)

    async def choose(self, door: Door, target: Target, finding: Finding | None) -> Choice:
        # Sessions of an instance's role are called like the instance.
        instances = [one.id for one in ec2_isolate.ACTION.targets(finding)] if finding else []
        found = await onward.look(door, target.place, target.id, instances)
        chain = tuple(((_REVOKE, Target(role, target.place)),) for role in found.roles)
        return Choice((((_DENY, target),), *chain), found.words())


ACTION: Final = CutRole()
