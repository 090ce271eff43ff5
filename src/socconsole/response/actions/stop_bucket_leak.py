"""``stop-bucket-leak``: close every way by which a bucket is seen to leak, and no other.

The path decides: open to the public, the public access block; named outside accounts, a Deny for them. Whether
presigned URLs are in use no configuration tells: ``s3-deny-presigned`` is offered beside it, by itself.
"""

from __future__ import annotations

from typing import Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.actions import s3_block_public, s3_deny_outsiders
from socconsole.response.base import Door, Info, Target
from socconsole.response.compose import Choice, Composition, calls_of

_MEMBERS: Final = (s3_deny_outsiders.ACTION, s3_block_public.ACTION)


class StopBucketLeak(Composition):
    """See the module's text."""

    members = _MEMBERS
    info = Info(
        id="stop-bucket-leak",
        title="Stop a bucket leaking, by every way that is open",
        target_type="bucket",
        calls=calls_of(_MEMBERS),
        stops="public access and named outside accounts, whichever of them is open",
        does_not_stop="presigned URLs, access points of their own, replication, the account's own principals, "
        "copies already taken",
        reversible=Reversible.YES,
        captures="what its parts capture",
        verifies="each part by itself; partial where they differ",
        undo_leaves="nothing",
        pitfalls=(
            "a policy is written before the block: the block would refuse a policy that still is public",
            "a part that would change nothing is left out and said",
        ),
    )

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        return s3_block_public.ACTION.targets(finding)

    def name(self, target: str) -> str:
        return s3_block_public.ACTION.name(target)

    async def choose(self, door: Door, target: Target, finding: Finding | None) -> Choice:
        return Choice(tuple(((member, target),) for member in _MEMBERS))


ACTION: Final = StopBucketLeak()
