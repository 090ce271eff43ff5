"""``kms-revoke-grants``: revoke every grant on a key that was given to a stranger's principal.

A grant is permission beside the key policy, easily overlooked (KMS Developer Guide, "Grants in AWS KMS"; KMS
API reference, ``RevokeGrant``). A revoked grant is gone: another one with the same words has another id and
token, so this is not reversible, and the plan of an undo prints the calls that would grant anew, by hand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.kms_key import Key, KeyChange, managed_by_aws
from socconsole.response.wording import count, listed

_KEPT: Final = ("GranteePrincipal", "RetiringPrincipal", "Operations", "Constraints", "Name")
"""What ``CreateGrant`` takes of what ``ListGrants`` returns."""


class KmsRevokeGrants(KeyChange):
    """See the module's text."""

    writes = ("CreateGrant", "RevokeGrant", "RetireGrant")
    info = Info(
        id="kms-revoke-grants",
        title="Revoke a key's grants to outside accounts",
        target_type="key",
        calls=("kms:RevokeGrant",),
        stops="use of the key by principals of accounts that are not yours, as far as a grant allows it",
        does_not_stop="who the key policy lets in, what was decrypted already, new grants by who may create them",
        reversible=Reversible.NO,
        captures="all grants in full, key policy, key state and metadata, tags",
        verifies="none of the revoked grants is listed any more",
        undo_leaves="all of it: a grant that was revoked is gone; what it said is in the record, to grant anew by hand",
        pitfalls=(
            "not reversible: a second person approves, and kms-deny-outsiders, which is, is named first",
            "a grant that an AWS service was given for its own work is left alone",
            "whoever may create grants makes new ones: the deny in the key policy outlasts that",
            "a grant may work for some minutes yet",
        ),
        second_person=True,
    )

    def state(self, seen: Key) -> State:
        """Grants to other accounts; those within the account come and go with every volume."""
        return {str(grant["GrantId"]): dict(grant) for grant in seen.granted_outside()}

    def cut(self, seen: Key, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if refusal := managed_by_aws(seen):
            return Cut(None, refusal, refusals=(refusal,))
        if "grants" in seen.unread:
            return Cut(None, "not known: the grants could not be read")
        grants = seen.granted_outside(own)
        if not grants:
            named = seen.reach(own).outside
            return Cut(
                None,
                "would change nothing here: no grant was given to a stranger",
                instead="kms-deny-outsiders: the key policy names strangers" if named else "",
            )
        grantees = tuple(dict.fromkeys(str(grant["GranteePrincipal"]) for grant in grants))
        gone = dict.fromkeys(str(grant["GrantId"]) for grant in grants)
        return Cut(
            {**self.state(seen), **gone},
            why=f"{count(len(grants), 'grant')} to strangers{listed(grantees)}",
            blast_radius=f"1 key; loses access: {count(len(grantees), 'outside principal')}{listed(grantees)}, by "
            f"{count(len(grants), 'grant')}; keeps it: {count(len(seen.grants) - len(grants), 'other grant')}",
            fit=50,
            warnings=("not reversible; kms-deny-outsiders denies the same principals, and is",),
        )

    def steps(self, seen: Key, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        return tuple(
            Call("kms", "RevokeGrant", {"KeyId": target.id, "GrantId": grant})
            for grant, said in now.items()
            if said is not None and wanted.get(grant) is None
        )

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        plan = await super().plan_undo(door, done)
        revoked = [grant for id_, grant in done.before.items() if grant is not None and done.after.get(id_) is None]
        return replace(
            plan,
            helps=False,
            calls=(),
            undo_calls=(),
            why="a revoked grant cannot be given back: granting the same anew makes another grant",
            instead="kms create-grant: what was revoked, for who decides that it was rightful",
            instead_calls=tuple(_anew(done.target, grant) for grant in revoked),
        )

    def restored(self, seen: Key, done: Plan) -> State:
        return self.state(seen)

    def words(self, state: State) -> str:
        return count(sum(grant is not None for grant in state.values()), "grant") + " to other accounts"


def _anew(key: str, grant: Mapping[str, Any]) -> Call:
    said = {name: grant[name] for name in _KEPT if grant.get(name)}
    return Call("kms", "CreateGrant", {"KeyId": key, **said})


ACTION: Final = KmsRevokeGrants()
