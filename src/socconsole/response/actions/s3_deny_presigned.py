"""``s3-deny-presigned``: refuse every request to a bucket that is signed in its query string.

A presigned URL works for as long as the credentials behind it, at most seven days, for whoever holds it, and
cannot be revoked by itself (S3 User Guide, "Download and upload objects with presigned URLs"). ``s3:authType``
is ``REST-QUERY-STRING`` for such a request, ``REST-HEADER`` for one of an SDK and ``POST`` for a form ("Amazon
S3 Signature Version 4 authentication specific policy keys").
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut
from socconsole.response.found import at_work
from socconsole.response.s3_bucket import Bucket, BucketPolicyChange
from socconsole.response.wording import count

_PRESIGNED: Final = {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}


class S3DenyPresigned(BucketPolicyChange):
    """See the module's text."""

    sid = "SocconsoleDenyPresigned"
    info = Info(
        id="s3-deny-presigned",
        title="Stop presigned URLs to a bucket",
        target_type="bucket",
        calls=("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutPublicAccessBlock"),
        stops="every presigned URL to the bucket's objects, whoever signed it and whoever holds it, at once",
        does_not_stop="requests signed in a header (SDK, CLI) by who signed the URLs, uploads by browser forms, "
        "anonymous access, copies already taken",
        cuts=False,
        reversible=Reversible.YES,
        captures="bucket policy and its status, public access blocks, ACL, ownership, tags",
        verifies="the bucket policy holds the Deny, and all else in it is as it was",
        undo_leaves="nothing; statements that others added meanwhile stay",
        pitfalls=(
            "applications that hand out presigned links to their users break: said before, as the configuration "
            "does not tell whether there are any",
            "the signer signs on, and works by header: iam-disable-key or iam-role-revoke-sessions for him",
            "an undo brings back every URL that has not expired: RE-EXPOSES",
        ),
    )

    def cut(self, seen: Bucket, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        reach = seen.reach(own)
        other = bool(seen.open_paths() or reach.outside)
        return self.put(
            seen,
            self.statement(target, _PRESIGNED),
            why="presigned URLs are honoured; whether any is in use no configuration tells, only the trail's data "
            "events (additionalEventData: AuthenticationMethod QueryString)",
            blast_radius="1 bucket; loses access: whoever holds a presigned URL, how many is not known; keeps it: "
            f"{count(reach.inside, 'named principal')} of this account, "
            f"{count(len(reach.family) + len(reach.outside), 'principal')} of other accounts and "
            f"{count(len(reach.services), 'AWS service')}, by header",
            # Where a policy or ACL lets strangers in they need no URL.
            fit=35 if other else 65 if at_work(finding) else 15,
            warnings=("applications that give their users presigned links stop working with this bucket",),
        )

    def exposed_by(self, seen: Bucket, statement: Mapping[str, Any]) -> str:
        return "presigned URLs that have not expired work again"


ACTION: Final = S3DenyPresigned()
