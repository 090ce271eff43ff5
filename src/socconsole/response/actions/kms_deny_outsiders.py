"""``kms-deny-outsiders``: a Deny in the key policy for strangers that the policy or a grant lets use the key.

Where what leaked is encrypted with a key of one's own, this makes the copies unreadable that strangers have
not decrypted yet. It beats grants and IAM policies (KMS Developer Guide, "KMS key access and permissions").
KMS itself refuses a policy under which the caller could not write the policy again (KMS API reference,
``PutKeyPolicy``, ``BypassPolicyLockoutSafetyCheck``), and that check is left on.
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
from socconsole.response.kms_key import Key, KeyChange, managed_by_aws
from socconsole.response.statement_change import StatementChange
from socconsole.response.wording import count, listed


class KmsDenyOutsiders(KeyChange, StatementChange[Key]):
    """See the module's text."""

    sid = "SocconsoleDenyOutsiders"
    policy_bytes = 32768
    writes = ("PutKeyPolicy",)
    info = Info(
        id="kms-deny-outsiders",
        title="Deny a key to the outside accounts that may use it",
        target_type="key",
        calls=("kms:PutKeyPolicy",),
        stops="every use of the key by principals of accounts that are not yours, whether by the policy or by a "
        "grant: encrypted copies they hold stay unreadable from now on",
        does_not_stop="what was decrypted already, data keys in their memory, your own accounts' principals",
        reversible=Reversible.YES,
        captures="key policy, all grants, key state and metadata, tags",
        verifies="the key policy holds the Deny, and all else in it is as it was",
        undo_leaves="nothing; statements that others added meanwhile stay",
        pitfalls=(
            "grants work beside the policy: their grantees are denied too, and kms-revoke-grants is named",
            "a policy that locks everyone out makes a key useless for ever: KMS's own check against that stays on",
            "AWS managed keys cannot be changed: refused",
            "a change takes up to some minutes to be seen everywhere in KMS",
            "the policy an undo gives back may be the intruder's: RE-EXPOSES",
        ),
    )

    def write(self, target: Target, policy: str) -> Call:
        return Call("kms", "PutKeyPolicy", {"KeyId": target.id, "PolicyName": "default", "Policy": policy})

    def remove(self, target: Target) -> Call:
        raise ValueError("a key always has a policy")

    def cut(self, seen: Key, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if refusal := managed_by_aws(seen):
            return Cut(None, refusal, refusals=(refusal,))
        reach, named = seen.reach(own), seen.outsiders(own)
        if not named and not reach.anyone:
            return Cut(None, "would change nothing here: neither the policy nor a grant lets in a stranger")
        patterns = None if reach.anyone else outsiders.patterns(named, partition_of(target.place.region))
        # Who cannot be named by an ARN, and everyone, is denied by not being of the house.
        house = outsiders.strangers({target.place.account, *own})
        grants = seen.granted_outside(own)
        everyone = ("the policy lets in everyone, of any account",) if reach.anyone else ()
        why = (*everyone, *(("strangers may use it" + listed(named),) if named else ()))
        return self.put(
            seen,
            {
                "Sid": self.sid,
                "Effect": "Deny",
                "Principal": "*",
                "Action": "kms:*",
                "Resource": "*",
                "Condition": house if patterns is None else outsiders.named(patterns),
            },
            why="; ".join(why),
            blast_radius=f"1 key; loses access: {'everyone outside your accounts' if patterns is None else ''}"
            f"{count(len(named), 'outside principal') if patterns else ''}{listed(named)}, "
            f"{count(len(grants), 'grant')} among them; keeps it: {count(reach.inside, 'named principal')} of this "
            f"account, {count(len(reach.family), 'principal')} of your other accounts, "
            f"{count(len(seen.grants) - len(grants), 'other grant')}",
            fit=80,
            warnings=_warnings(reach.anyone_if),
        )

    def exposed_by(self, seen: Key, statement: Mapping[str, Any]) -> str:
        named = seen.outsiders()
        everyone = "the key policy lets in everyone" if seen.reach().anyone else ""
        return everyone or ("the key may be used by" + listed(named) if named else "")


def _warnings(anyone_if: int) -> tuple[str, ...]:
    if not anyone_if:
        return ()
    return (f"{count(anyone_if, 'statement')} for everyone under a condition: whom it lets in was not worked out",)


ACTION: Final = KmsDenyOutsiders()
