"""``ebs-snapshot-share``: let the team's forensic account take a snapshot, so that it can copy it.

Facts: EBS User Guide, "Share an Amazon EBS snapshot": what is encrypted with the default AWS managed key (``aws/ebs``)
cannot be shared; of a customer managed key the other account needs the use as well; snapshots stay in their Region.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from socconsole.aws import AwsTrouble, Kind
from socconsole.config import Config
from socconsole.model.action import ActionState, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.ebs_snapshot import SnapshotList
from socconsole.response.sharing import Shared
from socconsole.text import token


@dataclass(frozen=True, slots=True)
class Key:
    """What the snapshot is encrypted with; ``managed``: AWS's own default key, None where that could not be read."""

    id: str
    managed: bool | None


class EbsSnapshotShare(SnapshotList):
    """See the module's text."""

    info = Info(
        id="ebs-snapshot-share",
        title="Share a snapshot with the forensic account",
        target_type="snapshot",
        calls=("ec2:ModifySnapshotAttribute",),
        stops="nothing: it lets the forensic account copy what the snapshot holds",
        does_not_stop="anything that is going on",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.YES,
        captures="who it is shared with, the snapshot's description and tags, its key",
        verifies="the forensic account is on the list",
        undo_leaves="nothing; copies that the forensic account made stay with it",
        pitfalls=(
            "encrypted with the default key (aws/ebs), which AWS does not let be shared: refused, with what to do",
            "encrypted with a key of yours: the forensic account needs the use of that key too; said before",
            "shared with that account alone, as the configuration names it (forensic_account)",
            "the forensic account can read all that is in it from then on",
        ),
    )

    def __init__(self, forensic: str = "") -> None:
        self._forensic = forensic

    def configured(self, config: Config) -> EbsSnapshotShare:
        """As ``registry.Configured`` says."""
        return EbsSnapshotShare(config.forensic_account or "")

    async def look(self, door: Door, target: Target) -> Shared:
        seen = await super().look(door, target)
        snapshot = seen.evidence["snapshot"]
        if not snapshot.get("Encrypted"):
            return seen
        key = await _key(door, target, str(snapshot.get("KmsKeyId", "")))
        return replace(seen, evidence={**seen.evidence, "key": {"id": key.id, "managed": key.managed}})

    def cut(self, seen: Shared, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not self._forensic:
            return Cut(None, "the configuration names no forensic_account")
        if seen.owner not in ("", target.place.account):
            why = f"it belongs to account {token(seen.owner)}: only that account can share it"
            return Cut(None, why, refusals=(why,))
        if self._forensic == target.place.account:
            return Cut(None, "would change nothing here: it is in the forensic account already")
        if self._forensic in seen.names:
            return Cut(None, "would change nothing here: it is shared with the forensic account already")
        key: Mapping[str, Any] | None = seen.evidence.get("key")
        if key is not None and key["managed"]:
            why = (
                "it is encrypted with the default key aws/ebs, which AWS does not let be shared: copy it under a key "
                "of yours first (aws ec2 copy-snapshot --encrypted --kms-key-id), and share the copy"
            )
            return Cut(None, why, refusals=(why,))
        return Cut(
            {"Shared": sorted({*seen.names, self._forensic})},
            why=f"the forensic account {self._forensic} cannot take it yet",
            blast_radius=f"1 snapshot{seen.holds}; account {self._forensic} can read all of it",
            fit=25,
            warnings=("evidence, not containment: stops nothing that is going on", *_about(key, self._forensic)),
        )

    def restored(self, seen: Shared, done: Plan) -> State:
        """Taken off the list again is only whom the action put on it."""
        put = set(done.after["Shared"]) - set(done.before["Shared"])
        return {"Shared": sorted(set(seen.names) - put)}

    def exposes(self, seen: Shared, target: Target, restored: State) -> tuple[str, ...]:
        return ()

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        """By those whom the plan puts on the list or takes off it: others come and go."""
        names = set((await super().look(door, Target(plan.target, plan.place))).names)
        before, after = set(plan.before["Shared"]), set(plan.after["Shared"])
        done = after - before <= names and names.isdisjoint(before - after)
        return ActionState.APPLIED if done else ActionState.NOT_APPLIED


async def _key(door: Door, target: Target, id_: str) -> Key:
    if not id_:
        return Key("", None)
    try:
        about = (await door.call(target.place, "kms:DescribeKey", {"KeyId": id_}))["KeyMetadata"]
    except AwsTrouble as trouble:
        if trouble.kind not in (Kind.DENIED, Kind.NOT_FOUND):
            raise
        return Key(id_, None)
    return Key(id_, about.get("KeyManager") == "AWS")


def _about(key: Mapping[str, Any] | None, forensic: str) -> tuple[str, ...]:
    if key is None:
        return ()
    use = f"account {forensic} needs the use of its key {token(key['id'])} too: kms:DescribeKey, CreateGrant, Decrypt"
    return (use,) if key["managed"] is False else (use, "its key could not be read: AWS may refuse to share it")


ACTION: Final = EbsSnapshotShare()
