"""``s3-lockdown``: deny a bucket to everyone but us.

For access that no narrower cut ends: by the account's own principals, in ways the policy does not tell. A Deny
of ``s3:*`` for all whose ``aws:PrincipalArn`` is not one of our roles'. AWS's own services are excepted
(``aws:PrincipalIsAWSService``), so that logs are still delivered; the operator is ``BoolIfExists``, as a plain
``Bool`` does not match an anonymous request, which has no such key, and would leave the public reading (IAM
User Guide, "AWS global condition context keys" and "IAM JSON policy elements: Condition operators").

The root user of the bucket's account may get, put and delete the policy even then (S3 API reference,
``PutBucketPolicy``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Cut
from socconsole.response.found import at_work
from socconsole.response.own_roles import own_principals
from socconsole.response.s3_bucket import Bucket, BucketPolicyChange, read_bucket
from socconsole.response.wording import count, listed


class S3Lockdown(BucketPolicyChange):
    """See the module's text."""

    sid = "SocconsoleLockdown"
    info = Info(
        id="s3-lockdown",
        title="Lock a bucket for everyone but the responders",
        target_type="bucket",
        calls=("s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutPublicAccessBlock"),
        stops="every use of the bucket and its objects, by anyone: the public, other accounts, presigned URLs, "
        "access points, and all roles and users of its own account but the console's",
        does_not_stop="AWS services in their own name that the policy allows (log delivery, CloudFront with origin "
        "access control), copies already taken",
        reversible=Reversible.YES,
        captures="bucket policy and its status, public access blocks, ACL, ownership, tags, ARNs of our own roles",
        verifies="the bucket policy holds the Deny, and all else in it is as it was",
        undo_leaves="nothing; statements that others added meanwhile stay",
        pitfalls=(
            "locking ourselves out: our roles' ARNs are read from IAM with their paths, and it is refused when "
            "one of them cannot be read",
            "every reader and writer of the account stops: wide, and a second person approves",
            "log delivery to the bucket would stop: AWS services are excepted",
            "replication, pipelines and training jobs work by roles, and stop: said before",
            "S3 refuses a policy that is public while BlockPublicPolicy is on: that switch is lowered for the write",
            "should it lock everyone out all the same, the account's root user can still delete the policy",
        ),
        wide=True,
        second_person=True,
    )

    async def look(self, door: Door, target: Target) -> Bucket:
        seen = await read_bucket(door, target.id, target.place)
        spared = await own_principals(door, target.place)
        evidence = {**seen.evidence, "own_roles": None if spared is None else list(spared)}
        return replace(seen, spared=spared, evidence=evidence)

    def cut(self, seen: Bucket, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if seen.spared is None:
            why = "the ARNs of our own roles could not be read from IAM: this would lock us out"
            return Cut(None, why, refusals=(why,))
        condition = {
            "ArnNotEquals": {"aws:PrincipalArn": list(seen.spared)},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        }
        reach = seen.reach(own)
        paths = seen.open_paths()
        # A narrower cut does as well where the way out is known; where it is not, and somebody is taking data,
        # this is the one that holds.
        narrower = bool(paths or reach.outside)
        why = "; ".join((*paths, *(("the policy lets in" + listed(reach.outside),) if reach.outside else ())))
        return self.put(
            seen,
            self.statement(target, condition),
            why=why or "whoever reads it does so with rights of the account itself, by IAM or a presigned URL",
            blast_radius=_blast_radius(seen, own),
            fit=60 if narrower else 85 if at_work(finding) else 20,
            warnings=("every job, replication and application that uses the bucket by a role or user stops",),
        )

    def exposed_by(self, seen: Bucket, statement: Mapping[str, Any]) -> str:
        return self.let_in(seen)


def _blast_radius(seen: Bucket, own: Collection[str]) -> str:
    reach = seen.reach(own)
    named = (*reach.outside, *reach.family)
    return "; ".join(
        (
            "1 bucket",
            f"loses access: all of account {seen.place.account} but {count(len(seen.spared or ()), 'role')} of ours, "
            f"{count(reach.inside, 'principal')} of it named in the policy",
            f"{count(len(named), 'principal')} of other accounts{listed(named)}",
            f"keeps it: {count(len(reach.services), 'AWS service')}{listed(reach.services)}",
            "who read objects in the last day: not known (no configuration says, and object reads are data events)",
        )
    )


ACTION: Final = S3Lockdown()
