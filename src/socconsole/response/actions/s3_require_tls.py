"""``s3-require-tls``, ``s3-require-tls-13``: refuse requests to a bucket that come without TLS, or below TLS 1.3.

``aws:SecureTransport`` is false for plain HTTP (S3 User Guide, "Security best practices for Amazon S3",
"Enforce encryption of data in transit"); a request by plain HTTP lacks ``s3:TlsVersion``, so that the two take a Deny
each. They stop reading along on the way, and nobody who has access.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding, Kind
from socconsole.response import statement
from socconsole.response.base import Does, Info, Target
from socconsole.response.change import Cut
from socconsole.response.s3_bucket import Bucket, BucketPolicyChange
from socconsole.response.statement_change import document

_PLAIN: Final[Mapping[str, Mapping[str, str]]] = {"Bool": {"aws:SecureTransport": "false"}}
_OLD: Final[Mapping[str, Mapping[str, str]]] = {"NumericLessThan": {"s3:TlsVersion": "1.3"}}


class S3RequireTls(BucketPolicyChange):
    """See the module's text."""

    sid = "SocconsoleRequireTls"
    refused: Mapping[str, Mapping[str, str]] = _PLAIN
    """The condition under which a request is refused."""
    over = "plain HTTP"
    """What is refused, in words."""
    info = Info(
        id="s3-require-tls",
        title="Require TLS for a bucket",
        target_type="bucket",
        calls=("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutPublicAccessBlock"),
        stops="requests over plain HTTP, which anybody on the way can read",
        does_not_stop="anyone who has access: they go on over HTTPS; copies already taken",
        cuts=False,
        does=Does.HARDENS,
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
        if self._refused(seen, f"{self.arns(target)[0]}/*"):
            return Cut(None, f"would change nothing here: the policy refuses {self.over} already")
        return self._refuse(seen, target, f"{self.over} is accepted")

    def hardened(self, seen: Bucket, target: Target, own: Collection[str]) -> Cut | None:
        """What leaks are objects; checks ask for the bucket too, whose lists are read along as well."""
        bucket = self.arns(target)[0]
        if not self._refused(seen, f"{bucket}/*") or self._refused(seen, bucket):
            return None
        return self._refuse(seen, target, f"{self.over} is refused for objects, and accepted for the bucket itself")

    def _refused(self, seen: Bucket, arn: str) -> bool:
        return any(_denies(one, arn, self.refused) for one in statement.statements(document(seen)))

    def _refuse(self, seen: Bucket, target: Target, why: str) -> Cut:
        return self.put(
            seen,
            self.statement(target, self.refused),
            why=why,
            blast_radius=f"1 bucket; loses access: clients over {self.over}, how many is not known; "
            "keeps it: everyone else",
            fit=5,
            warnings=("a web site endpoint on the bucket, which speaks plain HTTP only, goes dark",)
            if self.refused is _PLAIN
            else ("clients that speak TLS 1.2 at most get nothing any more",),
        )

    def exposed_by(self, seen: Bucket, statement: Mapping[str, Any]) -> str:
        return ""


class S3RequireTls13(S3RequireTls):
    """TLS 1.3 and nothing below, for what must not be talked down."""

    sid = "SocconsoleRequireTls13"
    refused = _OLD
    over = "TLS below 1.3"
    info = replace(
        S3RequireTls.info,
        id="s3-require-tls-13",
        title="Require TLS 1.3 for a bucket",
        stops="requests over TLS 1.2 and older, which an attacker on the way may have talked a client down to",
        does_not_stop="plain HTTP, which names no version: s3-require-tls refuses that; anyone who has access: they "
        "go on over TLS 1.3; copies already taken",
        pitfalls=(
            "taken for a cut of a leak, which it is not: offered for settings alone, never for what somebody does",
            "clients that speak no TLS 1.3 get nothing any more: said before",
            "a request by plain HTTP has no version, and passes: that takes s3-require-tls",
        ),
    )

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        """None for a threat: whoever reads what he should not speaks TLS 1.3 as well."""
        return super().targets(finding) if finding.kind is Kind.CONTROL else ()


def _denies(one: Mapping[str, Any], arn: str, refused: Mapping[str, Mapping[str, str]]) -> bool:
    """Does a statement refuse such requests to everyone, for all of S3, on a bucket, or (``…/*``) on its objects?"""
    return (
        _plain(one.get("Condition")) == _plain(refused)
        and one.get("Effect") == "Deny"
        and one.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and bool({"s3:*", "*"}.intersection(_texts(one.get("Action"))))
        and bool({"*", arn, f"{arn.removesuffix('/*')}*"}.intersection(_texts(one.get("Resource"))))
    )


def _plain(condition: Any) -> Any:
    """A condition in one spelling: keys and values in small letters, a lone value as a list of one."""
    if not isinstance(condition, Mapping):
        return None
    return {
        operator: {str(key).lower(): [text.lower() for text in _texts(value)] for key, value in block.items()}
        for operator, block in condition.items()
        if isinstance(block, Mapping)
    }


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [str(one) for one in found]


ACTIONS: Final = (S3RequireTls(), S3RequireTls13())
