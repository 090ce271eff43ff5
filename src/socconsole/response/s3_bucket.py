"""One bucket read afresh: everything that decides who may read it, and what to keep as evidence.

"Not configured" is a state that S3 reports as an error; the door tells it (``Absent``) from a missing bucket
or a denied read, so that neither can pass for "no policy".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from socconsole.model.action import Call, Plan
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.found import resources
from socconsole.response.parts import Part, read
from socconsole.response.resource_policy import Reach, reach
from socconsole.response.statement_change import StatementChange
from socconsole.response.wording import listed
from socconsole.text import token

FLAGS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
"""The four switches of a public access block (S3 API, ``PublicAccessBlockConfiguration``)."""

_SWITCH: Final = "BlockPublicPolicy"

Block = Mapping[str, bool]
"""All four flags; None stands for "no configuration"."""

_EVERYONE: Final = {
    "http://acs.amazonaws.com/groups/global/AllUsers": "everyone",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "any AWS account",
}

TYPES: Final = ("AwsS3Bucket", "AwsS3Object", "S3Bucket", "AWS::S3::Bucket")
"""How records call a bucket, or something in one."""

# Names of today, and those of before 2018 in us-east-1 (capitals, underscores, up to 255).
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_EXPRESS: Final = "--x-s3"
"""How the names of S3 Express One Zone's directory buckets end: their policies have actions of their own."""
_ARN: Final = re.compile(r"arn:[a-z-]+:s3:::([^/]+)(?:/.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket as AWS described it in one round of reads."""

    name: str
    place: Place
    block: Block | None
    account_block: Block | None
    policy: str | None
    """The policy's JSON text; untrusted."""
    policy_public: bool
    """What AWS says of the policy, whether or not a block stands before it."""
    acl_public: tuple[str, ...]
    """Public grants of the bucket's ACL, in words: ``READ to everyone``."""
    ownership: str
    """``BucketOwnerEnforced`` (ACLs mean nothing), ``BucketOwnerPreferred`` or ``ObjectWriter``."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    """Parts that AWS denied; what they would say is unknown."""
    evidence: Mapping[str, Any]
    """Each part as AWS returned it; null for "not configured", ``{"denied": true}`` for a denied read."""
    spared: tuple[str, ...] | None = None
    """Our own principals of the account (see ``own_roles``); None when they are not known, or were not asked for."""

    def reach(self, own: Collection[str] = ()) -> Reach:
        """Who the policy lets in; ``own`` as in ``resource_policy.reach``."""
        return reach(self.policy, self.place.account, own)

    def flag(self, name: str) -> bool:
        """Is the switch on, by the bucket's own block or by the account's? The stricter wins."""
        return any(block is not None and block[name] for block in (self.block, self.account_block))

    @property
    def acls_count(self) -> bool:
        return self.ownership != "BucketOwnerEnforced"

    def open_paths(self) -> tuple[str, ...]:
        """Each way in for the public that nothing blocks, in words; empty when there is none to be seen."""
        paths = []
        if self.policy_public and not self.flag("RestrictPublicBuckets"):
            paths.append("the bucket policy is public")
        if self.acl_public and self.acls_count and not self.flag("IgnorePublicAcls"):
            paths.append("the bucket ACL grants " + ", ".join(self.acl_public))
        return tuple(paths)


async def read_bucket(door: Door, name: str, place: Place) -> Bucket:
    """Read all parts at once. Raises ``AwsTrouble`` when a part that decides the plan cannot be read."""
    asked = {"Bucket": name, "ExpectedBucketOwner": place.account}
    parts = await read(
        door,
        place,
        {
            "block": Part("s3:GetPublicAccessBlock", asked),
            "account_block": Part("s3control:GetPublicAccessBlock", {"AccountId": place.account}, optional=True),
            "policy": Part("s3:GetBucketPolicy", asked, optional=True),
            "policy_status": Part("s3:GetBucketPolicyStatus", asked),
            "acl": Part("s3:GetBucketAcl", asked, optional=True),
            "ownership": Part("s3:GetBucketOwnershipControls", asked, optional=True),
            "tags": Part("s3:GetBucketTagging", asked, optional=True),
        },
    )
    rules = parts.known("ownership").get("OwnershipControls", {}).get("Rules", [])
    return Bucket(
        name=name,
        place=place,
        block=block_of(parts.known("block")),
        account_block=block_of(parts.known("account_block")),
        policy=parts.known("policy").get("Policy"),
        policy_public=bool(parts.known("policy_status").get("PolicyStatus", {}).get("IsPublic", False)),
        acl_public=_public_grants(parts.known("acl")),
        ownership=str(rules[0]["ObjectOwnership"]) if rules else "ObjectWriter",
        tags={tag["Key"]: tag["Value"] for tag in parts.known("tags").get("TagSet", ())},
        unread=parts.unread,
        evidence=parts.evidence,
    )


def block_of(answer: Mapping[str, Any]) -> Block | None:
    """The four flags of a ``GetPublicAccessBlock``, of a bucket or an account; None where there is none."""
    flags = answer.get("PublicAccessBlockConfiguration")
    return None if flags is None else {name: bool(flags.get(name, False)) for name in FLAGS}


def _public_grants(answer: Mapping[str, Any]) -> tuple[str, ...]:
    grants: list[str] = []
    for grant in answer.get("Grants", []):
        who = _EVERYONE.get(grant.get("Grantee", {}).get("URI", ""))
        if who:
            grants.append(f"{str(grant.get('Permission', '?'))[:16]} to {who}")
    return tuple(grants)


def bucket_name(target: str) -> str:
    """The bucket that a name, or the ARN of it or of an object in it, names. Raises ``BadTarget``."""
    arn = _ARN.fullmatch(target)
    name = arn[1] if arn else target
    if not _NAME.fullmatch(name):
        raise BadTarget(f"{token(target)!r} is not the name of a bucket")
    if name.endswith(_EXPRESS):
        raise BadTarget(f"{token(target)!r} is a directory bucket, which none of these calls knows")
    return name


def buckets_of(finding: Finding) -> tuple[Target, ...]:
    """The buckets of a finding, those of its objects included."""
    return resources(finding, TYPES, bucket_name)


def bucket_arn(target: Target) -> str:
    return f"arn:{partition_of(target.place.region)}:s3:::{target.id}"


class BucketChange(Change[Bucket]):
    """A change to something of one bucket."""

    types = TYPES

    def name(self, target: str) -> str:
        return bucket_name(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        return (bucket_arn(target),)

    async def look(self, door: Door, target: Target) -> Bucket:
        return await read_bucket(door, target.id, target.place)


class BucketPolicyChange(StatementChange[Bucket], BucketChange):
    """One statement of ours in the policy of a bucket.

    While ``BlockPublicPolicy`` is on S3 refuses to write a policy that is public, whatever Deny stands beside
    (S3 User Guide, "Blocking public access to your Amazon S3 storage"): that one switch is lowered for the
    moment of the write and raised again. The public gets nothing by it, as ``RestrictPublicBuckets`` stays, and
    where that was off the policy counted already.
    """

    policy_bytes = 20480
    writes = ("PutBucketPolicy", "DeleteBucketPolicy")

    def statement(self, target: Target, condition: Mapping[str, Any]) -> Mapping[str, Any]:
        """A Deny of everything on the bucket and its objects, for everyone of whom ``condition`` holds."""
        resource = self.arns(target)[0]
        return {
            "Sid": self.sid,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [resource, f"{resource}/*"],
            "Condition": dict(condition),
        }

    def let_in(self, seen: Bucket) -> str:
        """Who outside the account the policy and the ACL let in without our Deny, in a clause; empty for nobody."""
        reach = seen.reach()
        named = ("the policy lets in" + listed(reach.outside),) if reach.outside else ()
        return "; ".join((*seen.open_paths(), *named))

    def state(self, seen: Bucket) -> State:
        return {**super().state(seen), _SWITCH: bool(seen.block and seen.block[_SWITCH])}

    def put(self, seen: Bucket, new: Mapping[str, Any], **said: Any) -> Cut:
        cut = super().put(seen, new, **said)
        if cut.wanted is None or not seen.policy_public:
            return cut
        if seen.account_block and seen.account_block[_SWITCH]:
            sentence = f"the account has {_SWITCH} on: S3 may refuse to write a policy that lets everyone in"
            return replace(cut, warnings=(*cut.warnings, sentence))
        # Only where it has to be lowered it is part of what is wanted: turned on by others later, it is no drift.
        return replace(cut, wanted={**cut.wanted, _SWITCH: True}) if self.state(seen)[_SWITCH] else cut

    def steps(self, seen: Bucket, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        calls = super().steps(seen, target, {"Policy": now["Policy"]}, {"Policy": wanted["Policy"]})
        if not wanted.get(_SWITCH):
            return calls
        if not now.get(_SWITCH):
            return (*calls, _switch(seen, target, on=True))
        if calls and seen.policy_public and wanted["Policy"] is not None:
            # Raised again whatever became of the policy: a put that S3 refuses must not leave the bucket weaker.
            return (_switch(seen, target, on=False), *calls, replace(_switch(seen, target, on=True), always=True))
        return calls

    def restored(self, seen: Bucket, done: Plan) -> State:
        """The switch is none of an undo's business, unless it was lowered for the action."""
        return {**super().restored(seen, done), **({_SWITCH: True} if _SWITCH in done.after else {})}

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        plan = await super().plan_undo(door, done)
        public = (plan.evidence["policy_status"] or {}).get("PolicyStatus", {}).get("IsPublic", False)
        if not (public and plan.before[_SWITCH] and [call.operation for call in plan.calls] == ["PutBucketPolicy"]):
            return plan
        warning = f"S3 refuses this while {_SWITCH} is on, as the policy is public: undo what turned it on first"
        return replace(plan, warnings=(*plan.warnings, warning))

    def write(self, target: Target, policy: str) -> Call:
        return Call("s3", "PutBucketPolicy", {**_owner(target), "Policy": policy})

    def remove(self, target: Target) -> Call:
        return Call("s3", "DeleteBucketPolicy", _owner(target))


def _switch(seen: Bucket, target: Target, *, on: bool) -> Call:
    flags = {"PublicAccessBlockConfiguration": {**(seen.block or dict.fromkeys(FLAGS, False)), _SWITCH: on}}
    return Call("s3", "PutPublicAccessBlock", {**_owner(target), **flags})


def _owner(target: Target) -> dict[str, Any]:
    return {"Bucket": target.id, "ExpectedBucketOwner": target.place.account}
