"""``kms-rotate``: let KMS make new material for a key every year.

Facts: KMS Developer Guide, "Rotate AWS KMS keys": the key's id, ARN, policy and grants stay; old material is kept, so
that what was encrypted under it can still be read; only symmetric keys whose material KMS made rotate by themselves,
and a multi-Region key where its primary is. KMS API reference, ``EnableKeyRotation``: ``RotationPeriodInDays``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.kms_key import Key, KeyChange, managed_by_aws
from socconsole.text import token

_STATE: Final = "RotationPeriodInDays"
_YEAR: Final = 365
"""Days; what KMS takes where nobody says anything else."""


class KmsRotate(KeyChange):
    """See the module's text."""

    writes = ("EnableKeyRotation", "DisableKeyRotation")
    info = Info(
        id="kms-rotate",
        title="Rotate a key every year",
        target_type="key",
        calls=("kms:EnableKeyRotation", "kms:DisableKeyRotation"),
        stops="nothing: who got hold of material would have it for one period only, and nobody sees KMS's material",
        does_not_stop="anyone who may use the key: policy and grants stay, and old ciphertexts can still be read",
        cuts=False,
        does=Does.HARDENS,
        reversible=Reversible.YES,
        captures="key policy, all grants, key state and metadata, rotation, tags",
        verifies="the key rotates every 365 days",
        undo_leaves="nothing; material that was made meanwhile stays in use",
        pitfalls=(
            "keys with imported material, in custom stores, asymmetric and HMAC keys do not rotate: said, and refused",
            "a replica of a multi-Region key rotates where its primary is: said, and refused",
            "AWS managed keys cannot be changed: refused",
            "a disabled key takes no change: nothing is offered",
            "each rotation costs, up to the second",
        ),
    )

    async def look(self, door: Door, target: Target) -> Key:
        seen = await super().look(door, target)
        if _cannot(seen):
            return seen
        answer = await door.call(target.place, "kms:GetKeyRotationStatus", {"KeyId": target.id})
        rotation = {"KeyRotationEnabled": answer["KeyRotationEnabled"], _STATE: answer.get(_STATE, _YEAR)}
        return replace(seen, evidence={**seen.evidence, "rotation": rotation})

    def state(self, seen: Key) -> State:
        """0 days: it does not rotate."""
        rotation = seen.evidence.get("rotation") or {}
        return {_STATE: rotation[_STATE] if rotation.get("KeyRotationEnabled") else 0}

    def cut(self, seen: Key, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if refusal := _cannot(seen):
            return Cut(None, refusal, refusals=(refusal,))
        if seen.state != "Enabled":
            return Cut(None, f"would change nothing here: the key is {token(seen.state) or 'in no known state'}")
        if self.state(seen)[_STATE]:
            return Cut(None, f"would change nothing here: the key rotates {self.words(self.state(seen))} already")
        return Cut(
            {_STATE: _YEAR},
            why="the key does not rotate",
            blast_radius="1 key; nobody loses access, nothing has to be encrypted anew",
            fit=5,
        )

    def steps(self, seen: Key, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        if not wanted[_STATE]:
            return (Call("kms", "DisableKeyRotation", {"KeyId": target.id}),)
        return (Call("kms", "EnableKeyRotation", {"KeyId": target.id, _STATE: wanted[_STATE]}),)

    def words(self, state: State) -> str:
        return f"every {state[_STATE]} days" if state[_STATE] else "never"


def _cannot(key: Key) -> str:
    """Why KMS rotates no such key, or nothing."""
    about: Mapping[str, Any] = key.evidence["key"]["KeyMetadata"]
    if refusal := managed_by_aws(key):
        return refusal
    if about.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        return f"KMS rotates symmetric keys only, and this one is {token(about['KeySpec'])}"
    if about.get("Origin") != "AWS_KMS":
        return f"KMS did not make the key's material (its origin is {token(about.get('Origin'))}): rotate it by hand"
    regions = about.get("MultiRegionConfiguration") or {}
    if regions.get("MultiRegionKeyType") == "REPLICA":
        primary = token((regions.get("PrimaryKey") or {}).get("Region") or "another Region")
        return f"it is a replica: it rotates with its primary key in {primary}"
    return ""


ACTION: Final = KmsRotate()
