"""``secret-deny-outsiders``: a Deny in a secret's resource policy for strangers that it lets in.

Facts: Secrets Manager User Guide, "Resource-based policies": in the policy of a secret ``Resource`` ``*`` is the
secret itself. Whoever read the value has it: only a rotation makes it worthless.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.response import outsiders
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut
from socconsole.response.secret import Secret, SecretChange
from socconsole.response.statement_change import StatementChange
from socconsole.response.wording import count, listed


class SecretDenyOutsiders(SecretChange, StatementChange[Secret]):
    """See the module's text."""

    sid = "SocconsoleDenyOutsiders"
    policy_bytes = 20480
    writes = ("PutResourcePolicy", "DeleteResourcePolicy")
    info = Info(
        id="secret-deny-outsiders",
        title="Deny a secret to the outside accounts its policy lets in",
        target_type="secret",
        calls=("secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy"),
        stops="every use of the secret by principals of accounts that are not yours",
        does_not_stop="use of the value by who has read it, until it is rotated; your own accounts' principals",
        reversible=Reversible.YES,
        captures="resource policy and description of the secret, with its tags; never its value",
        verifies="the resource policy holds the Deny, and all else in it is as it was",
        undo_leaves="nothing; statements that others added meanwhile stay",
        pitfalls=(
            "a value once read is out: rotating it is the owner's step, and breaks clients that keep the old one",
            "a secret that is scheduled for deletion takes no policy: refused",
            "the policy an undo gives back may be the intruder's: RE-EXPOSES",
        ),
    )

    def write(self, target: Target, policy: str) -> Call:
        return Call("secretsmanager", "PutResourcePolicy", {"SecretId": target.id, "ResourcePolicy": policy})

    def remove(self, target: Target) -> Call:
        return Call("secretsmanager", "DeleteResourcePolicy", {"SecretId": target.id})

    def cut(self, seen: Secret, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if seen.deleted:
            why = "the secret is scheduled for deletion: its policy cannot be written"
            return Cut(None, why, refusals=(why,))
        reach = seen.reach(own)
        if not reach.outside and not reach.anyone:
            return Cut(None, "would change nothing here: the policy lets in nobody outside your accounts")
        patterns = None if reach.anyone else outsiders.patterns(reach.outside, partition_of(target.place.region))
        house = outsiders.strangers({target.place.account, *own})
        everyone = ("the policy lets in everyone, of any account",) if reach.anyone else ()
        named = ("the policy lets in" + listed(reach.outside),) if reach.outside else ()
        return self.put(
            seen,
            {
                "Sid": self.sid,
                "Effect": "Deny",
                "Principal": "*",
                "Action": "secretsmanager:*",
                "Resource": "*",
                "Condition": house if patterns is None else outsiders.named(patterns),
            },
            why="; ".join((*everyone, *named)),
            blast_radius="1 secret; loses access: "
            + ("everyone outside your accounts" if patterns is None else count(len(reach.outside), "outside principal"))
            + f"{listed(reach.outside)}; keeps it: {count(reach.inside, 'named principal')} of this account, "
            f"{count(len(reach.family), 'principal')} of your other accounts; who read it: not known",
            fit=75,
            warnings=("what was read is out: rotate the secret as well",),
        )

    def exposed_by(self, seen: Secret, statement: Mapping[str, Any]) -> str:
        reach = seen.reach()
        if reach.anyone:
            return "the policy lets in everyone"
        return "the policy lets in" + listed(reach.outside) if reach.outside else ""


ACTION: Final = SecretDenyOutsiders()
