"""``ebs-snapshot-private``: stop sharing a volume's snapshot with the public and with strangers' accounts.

``ebs_snapshot`` has how the list is read and written, and where AWS documents it.
"""

from __future__ import annotations

from typing import Final

from socconsole.model.action import Reversible
from socconsole.response.base import Info
from socconsole.response.ebs_snapshot import SnapshotList


class EbsSnapshotPrivate(SnapshotList):
    """See the module's text."""

    info = Info(
        id="ebs-snapshot-private",
        title="Stop sharing a volume's snapshot with outsiders",
        target_type="snapshot",
        calls=("ec2:ModifySnapshotAttribute",),
        stops="new copies and volumes of the snapshot by anyone outside your accounts",
        does_not_stop="copies and volumes that were made already: what is in it counts as taken",
        reversible=Reversible.YES,
        captures="who it is shared with, the snapshot's description and tags",
        verifies="neither the public nor a stranger's account is on the list any more",
        undo_leaves="nothing; accounts that others added meanwhile stay on the list",
        pitfalls=(
            "copies cannot be recalled: said before, with what the trail tells of who took it",
            "only the owner's account can change the list: refused elsewhere",
            "other snapshots of the same volume have lists of their own",
            "an undo shares it again: RE-EXPOSES",
        ),
    )
    types = ("AwsEc2Snapshot", "AWS::EC2::Snapshot", "EbsSnapshot")


ACTION: Final = EbsSnapshotPrivate()
