"""``s3-require-tls``: refuse every request to a bucket that does not come over TLS.

``aws:SecureTransport`` is false for plain HTTP (S3 User Guide, "Security best practices for Amazon S3",
"Enforce encryption of data in transit"). It stops reading along on the way, and nobody who has access.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response import statement
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut
from socconsole.response.s3_bucket import Bucket, BucketPolicyChange
from socconsole.response.statement_change import document

_PLAIN: Final = {"Bool": {"aws:SecureTransport": "false"}}


class S3RequireTls(BucketPolicyChange):
    """See the module's text."""

    sid = "SocconsoleRequireTls"
    info = Info(
        id="s3-require-tls",
        title="Require TLS for a bucket",
        target_type="bucket",
        calls=("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutPublicAccessBlock"),
        stops="requests over plain HTTP, which anybody on the way can read",
        does_not_stop="anyone who has access: they go on over HTTPS; copies already taken",
        cuts=False,
        reversible=Reversible.YES,
        captures="bucket policy and its status, public access blocks, ACL, ownership, tags",
        verifies="the bucket policy holds the Deny, and all else in it is as it was",
        undo_leaves="nothing; statements that others added meanwhile stay",
        pitfalls=(
            "taken for a cut of a leak, which it is not: it fits last, and says so",
            "a web site endpoint of S3 speaks plain HTTP only, and goes dark: said before",
            "a policy that has such a Deny already: nothing is offered",
        ),
    )

    def cut(self, seen: Bucket, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if any(_requires_tls(one, self.arns(target)[0]) for one in statement.statements(document(seen))):
            return Cut(None, "would change nothing here: the policy requires TLS already")
        return self.put(
            seen,
            self.statement(target, _PLAIN),
            why="plain HTTP is accepted",
            blast_radius="1 bucket; loses access: clients over plain HTTP, how many is not known; "
            "keeps it: everyone over HTTPS",
            fit=5,
            warnings=("a web site endpoint on the bucket, which speaks plain HTTP only, goes dark",),
        )

    def exposed_by(self, seen: Bucket, statement: Mapping[str, Any]) -> str:
        return ""


def _requires_tls(one: Mapping[str, Any], bucket: str) -> bool:
    """Does a statement refuse plain HTTP to everyone, for all of S3, on the bucket's objects?"""
    condition = one.get("Condition")
    plain = isinstance(condition, Mapping) and condition.keys() == {"Bool"} and _says_plain(condition["Bool"])
    return (
        plain
        and one.get("Effect") == "Deny"
        and one.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and bool({"s3:*", "*"}.intersection(_texts(one.get("Action"))))
        and bool({"*", f"{bucket}/*", f"{bucket}*"}.intersection(_texts(one.get("Resource"))))
    )


def _says_plain(block: Any) -> bool:
    if not isinstance(block, Mapping) or len(block) != 1:
        return False
    ((key, value),) = block.items()
    return str(key).lower() == "aws:securetransport" and [text.lower() for text in _texts(value)] == ["false"]


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [str(one) for one in found]


ACTION: Final = S3RequireTls()
