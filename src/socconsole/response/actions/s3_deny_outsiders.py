"""``s3-deny-outsiders``: a Deny in the bucket policy for every principal of a stranger's account that it names.

What a public access block does not touch: access that a policy gives to a named account. The Deny stands on
Principal ``*`` and matches ``aws:PrincipalArn``, so that a principal that was deleted meanwhile cannot fail the
put (S3 User Guide, "Bucket policies"; IAM User Guide, "aws:PrincipalArn": for an assumed role it is the role's
ARN, with its path).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut
from socconsole.response.s3_bucket import Bucket, BucketPolicyChange
from socconsole.response.s3_policy import account_of, partition
from socconsole.response.wording import count, listed

_ARN: Final = re.compile(r"arn:[a-z-]+:(iam|sts)::(\d{12}):(.+)")


class S3DenyOutsiders(BucketPolicyChange):
    """See the module's text."""

    sid = "SocconsoleDenyOutsiders"
    info = Info(
        id="s3-deny-outsiders",
        title="Deny a bucket to the outside accounts its policy names",
        target_type="bucket",
        calls=("s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
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
        patterns = _patterns(reach.outside, partition(target.place.region))
        if patterns is None:
            return Cut(
                None,
                "would change nothing here: a principal is named in a way that no ARN matches" + listed(reach.outside),
                instead="s3-lockdown: everyone but the responder is denied",
            )
        resource = self.arns(target)[0]
        statement = {
            "Sid": self.sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [resource, f"{resource}/*"],
            "Condition": {"ArnLike": {"aws:PrincipalArn": list(patterns)}},
        }
        return self.put(
            seen,
            statement,
            why="the policy lets in " + ", ".join(reach.outside[:4]),
            blast_radius=f"1 bucket; loses access: {count(len(reach.outside), 'outside principal')}"
            f"{listed(reach.outside)}; keeps it: {count(reach.inside, 'named principal')} of this account, "
            f"{count(len(reach.family), 'principal')} of your other accounts, "
            f"{count(len(reach.services), 'AWS service')}",
            fit=90,
        )

    def exposed_by(self, statement: Mapping[str, Any]) -> str:
        names = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
        return "the policy lets in" + listed(names)


def _patterns(principals: tuple[str, ...], part: str) -> tuple[str, ...] | None:
    """What ``aws:PrincipalArn`` is matched with; None for one that it cannot be (a canonical user, a federation).

    A whole account, and a session (whose role's path its ARN does not tell), is denied by account.
    """
    patterns: dict[str, None] = {}
    for principal in principals:
        account = account_of(principal)
        if account is None:
            return None
        arn = _ARN.fullmatch(principal)
        exact = arn is not None and arn[1] == "iam" and arn[3] != "root" and "*" not in arn[3]
        patterns[principal if exact else f"arn:{part}:iam::{account}:*"] = None
    return tuple(patterns)


ACTION: Final = S3DenyOutsiders()
