"""``rds-snapshot-private``: stop sharing a database's snapshot with the public and with strangers' accounts.

Snapshots of instances and of clusters are two kinds with two sets of calls; a cluster's is written
``cluster-snapshot:NAME`` here, as in its ARN. Facts: RDS API reference, ``ModifyDBSnapshotAttribute`` and
``ModifyDBClusterSnapshotAttribute`` (attribute ``restore``); RDS User Guide, "Sharing a DB snapshot": automated
snapshots are never shared, encrypted ones never with everyone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import Call, Reversible
from socconsole.model.regions import partition_of
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.sharing import Shared, SharedChange
from socconsole.text import token

_ID: Final = re.compile(
    r"(?:arn:[a-z-]+:rds:[a-z0-9-]+:\d{12}:)?(?P<kind>snapshot:|cluster-snapshot:)?(?P<name>[a-zA-Z][a-zA-Z0-9-]{0,254})"
)
_CLUSTER: Final = "cluster-snapshot:"


@dataclass(frozen=True, slots=True)
class _Kind:
    """The calls of one of the two kinds, and what they name things."""

    id: str
    describe: str
    found: str
    attributes: str
    result: str
    values: str
    modify: str


_INSTANCE: Final = _Kind(
    id="DBSnapshotIdentifier",
    describe="rds:DescribeDBSnapshots",
    found="DBSnapshots",
    attributes="rds:DescribeDBSnapshotAttributes",
    result="DBSnapshotAttributesResult",
    values="DBSnapshotAttributes",
    modify="ModifyDBSnapshotAttribute",
)
_OF_CLUSTER: Final = _Kind(
    id="DBClusterSnapshotIdentifier",
    describe="rds:DescribeDBClusterSnapshots",
    found="DBClusterSnapshots",
    attributes="rds:DescribeDBClusterSnapshotAttributes",
    result="DBClusterSnapshotAttributesResult",
    values="DBClusterSnapshotAttributes",
    modify="ModifyDBClusterSnapshotAttribute",
)


class RdsSnapshotPrivate(SharedChange):
    """See the module's text."""

    what = "database snapshot"
    writes = (_INSTANCE.modify, _OF_CLUSTER.modify)
    info = Info(
        id="rds-snapshot-private",
        title="Stop sharing a database's snapshot with outsiders",
        target_type="snapshot",
        calls=(f"rds:{_INSTANCE.modify}", f"rds:{_OF_CLUSTER.modify}"),
        stops="new copies and restores of the snapshot by anyone outside your accounts",
        does_not_stop="copies and databases that were made from it already: what is in it counts as taken",
        reversible=Reversible.YES,
        captures="who it is shared with, the snapshot's description and tags",
        verifies="neither the public nor a stranger's account is on the list any more",
        undo_leaves="nothing; accounts that others added meanwhile stay on the list",
        pitfalls=(
            "copies cannot be recalled: said before",
            "only the owner's account can change the list: a name is looked for in that account alone",
            "other snapshots of the same database have lists of their own",
            "an undo shares it again: RE-EXPOSES",
        ),
    )
    types = ("AwsRdsDbSnapshot", "AwsRdsDbClusterSnapshot", "AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot")

    def name(self, target: str) -> str:
        found = _ID.fullmatch(target)
        if found is None:
            raise BadTarget(f"{token(target)!r} is not the name of a database snapshot")
        return f"{_CLUSTER if found['kind'] == _CLUSTER else ''}{found['name']}"

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        name = target.id if target.id.startswith(_CLUSTER) else f"snapshot:{target.id}"
        return (f"arn:{partition_of(place.region)}:rds:{place.region}:{place.account}:{name}",)

    def trail_name(self, target: Target) -> str:
        return target.id.removeprefix(_CLUSTER)

    async def look(self, door: Door, target: Target) -> Shared:
        kind, place = _kind(target), target.place
        asked = {kind.id: target.id.removeprefix(_CLUSTER)}
        shared, about = await asyncio.gather(
            door.call(place, kind.attributes, asked), door.call(place, kind.describe, asked)
        )
        attributes = shared[kind.result].get(kind.values, [])
        found: Mapping[str, Any] = next(iter(about[kind.found]), {})
        encrypted = "encrypted" if found.get("Encrypted") or found.get("StorageEncrypted") else "not encrypted"
        return Shared(
            id=target.id,
            place=place,
            owner="",  # the calls find snapshots of the caller's account alone by a name
            names=tuple(sorted({name for one in attributes for name in _restorers(one)})),
            tags={tag["Key"]: tag.get("Value", "") for tag in found.get("TagList", ())},
            evidence={"shared": attributes, "snapshot": found},
            holds=f", {token(str(found.get('Engine', '?')))}, {found.get('AllocatedStorage', '?')} GiB, {encrypted}",
        )

    def share(self, target: Target, add: Sequence[str], remove: Sequence[str]) -> tuple[Call, ...]:
        kind = _kind(target)
        lists = {"ValuesToRemove": list(remove), "ValuesToAdd": list(add)}
        params = {kind.id: target.id.removeprefix(_CLUSTER), "AttributeName": "restore"}
        return (Call("rds", kind.modify, {**params, **{key: names for key, names in lists.items() if names}}),)


def _kind(target: Target) -> _Kind:
    return _OF_CLUSTER if target.id.startswith(_CLUSTER) else _INSTANCE


def _restorers(attribute: Mapping[str, Any]) -> Sequence[str]:
    return [str(one) for one in attribute.get("AttributeValues", ())] if attribute["AttributeName"] == "restore" else ()


ACTION: Final = RdsSnapshotPrivate()
