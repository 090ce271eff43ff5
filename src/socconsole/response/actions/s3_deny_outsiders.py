"""``s3-deny-outsiders``: a Deny in the bucket policy for every principal of a stranger's account that it names.

What a public access block does not touch: access that a policy gives to a named account (S3 User Guide,
"Blocking public access to your Amazon S3 storage"). ``outsiders`` has the statement's condition, and why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.posture.principals import account_of
from socconsole.response import outsiders
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut
from socconsole.response.s3_bucket import Bucket, BucketPolicyChange
from socconsole.response.wording import count, listed


class S3DenyOutsiders(BucketPolicyChange):
    """See the module's text."""

    sid = "SocconsoleDenyOutsiders"
    info = Info(
        id="s3-deny-outsiders",
        title="Deny a bucket to the outside accounts its policy names",
        target_type="bucket",
        calls=("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutPublicAccessBlock"),
        stops="every use of the bucket by the named principals of accounts that are not yours",
        does_not_stop="anonymous access, presigned URLs signed by your own principals, access points of their own, "
        "replication, your own principals, copies already taken",
        reversible=Reversible.YES,
        captures="bucket policy and its status, public access blocks, ACL, ownership, tags",
        verifies="the bucket policy holds the Deny, and all else in it is as it was",
        undo_leaves="nothing; statements that others added meanwhile stay",
        pitfalls=(
            "a principal deleted meanwhile would fail the put: the Deny matches its ARN as a condition",
            "a session's ARN drops its role's path: the whole outside account is denied then",
            "who is named as no ARN matches (CloudFront's old identities, canonical users): left alone, and said",
            "a policy above 20,480 bytes is not taken: refused before",
            "the policy an undo gives back may be the intruder's: RE-EXPOSES",
        ),
    )

    def cut(self, seen: Bucket, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        reach = seen.reach(own)
        if not reach.outside:
            public = bool(seen.open_paths())
            return Cut(
                None,
                "would change nothing here: the policy names nobody outside your accounts",
                instead="s3-block-public: the bucket is open to the public" if public else "",
            )
        # What no ARN matches (an origin access identity, a canonical user) must not keep others from being denied.
        named = tuple(one for one in reach.outside if account_of(one))
        unnamed = tuple(one for one in reach.outside if one not in named)
        patterns = outsiders.patterns(named, partition_of(target.place.region))
        if not patterns:
            return Cut(
                None,
                "would change nothing here: a principal is named in a way that no ARN matches" + listed(unnamed),
                instead="s3-lockdown: everyone but the responder is denied",
            )
        left = ("not denied, as no ARN matches the name" + listed(unnamed),) if unnamed else ()
        return self.put(
            seen,
            self.statement(target, outsiders.named(patterns)),
            why="the policy lets in" + listed(named),
            blast_radius=f"1 bucket; loses access: {count(len(named), 'outside principal')}"
            f"{listed(named)}; keeps it: {count(reach.inside, 'named principal')} of this account, "
            f"{count(len(reach.family), 'principal')} of your other accounts, "
            f"{count(len(reach.services), 'AWS service')}",
            fit=90,
            warnings=left,
            cuts=not (unnamed or seen.open_paths()),
        )

    def exposed_by(self, seen: Bucket, statement: Mapping[str, Any]) -> str:
        names = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
        return "the policy lets in" + listed(names)


ACTION: Final = S3DenyOutsiders()
