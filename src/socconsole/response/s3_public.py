"""``s3-block-public``: turn on all four switches of a bucket's public access block.

The pattern for all other actions. Facts: S3 API reference (``PutPublicAccessBlock``), S3 User Guide
"Blocking public access to your Amazon S3 storage": ``RestrictPublicBuckets`` leaves a public policy in place
and lets only AWS services and the bucket's own account use it, so named outside accounts in a *public* policy
lose access too; a policy that only names outside accounts is not public, and the block changes nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Info, NoteCall, Target
from socconsole.response.calls import make
from socconsole.response.permits import simulate
from socconsole.response.s3_policy import deny_outside, partition
from socconsole.response.s3_read import FLAGS, Block, Bucket, read_block, read_bucket
from socconsole.response.trail import last_writer
from socconsole.text import token

INFO: Final = Info(
    id="s3-block-public",
    title="Block public access to a bucket",
    target_type="bucket",
    services=("s3",),
    stops="access by anyone, with or without an AWS account, through a public bucket policy or public ACLs",
    does_not_stop="named accounts in a policy that is not public, presigned URLs, access points of their "
    "own, replication, the account's own principals, copies already taken",
    reversible=Reversible.YES,
    wide=False,
    captures="public access blocks of bucket and account, policy and its status, ACL, ownership, tags",
    verifies="the bucket's public access block has all four switches on",
)

_CLOSED: Final[Block] = dict.fromkeys(FLAGS, True)
# Names of today, and those of before 2018 in us-east-1 (capitals, underscores, up to 255).
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_ARN: Final = re.compile(r"arn:[a-z-]+:s3:::([^/]+)(?:/.*)?", re.DOTALL)
_STATE: Final = "PublicAccessBlock"
# Event names of what decides about public access (CloudTrail's names are not always the API's).
_WRITES: Final = (
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "PutBucketAcl",
    "PutBucketPublicAccessBlock",
    "DeleteBucketPublicAccessBlock",
    "PutPublicAccessBlock",
    "DeletePublicAccessBlock",
)
_NO_CALLS: Final[tuple[Call, ...]] = ()


class S3BlockPublic:
    """See the module's text; an implementation of ``base.Action``."""

    info = INFO

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        found: dict[Target, None] = {}
        for resource in finding.resources:
            if resource.type not in ("AwsS3Bucket", "AwsS3Object", "S3Bucket", "AWS::S3::Bucket"):
                continue
            account, region = resource.account or finding.account, resource.region or finding.region
            if account and region:
                # What is no bucket's name names nothing that a call could reach: an odd or hostile record.
                with suppress(BadTarget):
                    found[Target(self.name(resource.id.raw()), Place(account, region))] = None
        return tuple(found)

    def name(self, target: str) -> str:
        arn = _ARN.fullmatch(target)
        name = arn[1] if arn else target
        if not _NAME.fullmatch(name):
            raise BadTarget(f"{token(target)!r} is not the name of a bucket")
        return name

    def resource(self, target: Target) -> str:
        return f"arn:{partition(target.place.region)}:s3:::{target.id}"

    async def permits(self, door: Door, target: Target, principal: str) -> str:
        actions = ("s3:PutBucketPublicAccessBlock",)
        return await simulate(door, target.place, principal, actions, (self.resource(target),))

    async def plan(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        bucket = await read_bucket(door, target.id, target.place)
        paths = bucket.open_paths()
        helps = bool(paths)
        if helps:
            why, instead, by_hand = "; ".join((*paths, "nothing blocks it")), "", _NO_CALLS
        else:
            why, instead, by_hand = _no_help(bucket, own)
        return Plan(
            action=INFO.id,
            target=bucket.name,
            place=bucket.place,
            finding=finding.id if finding else None,
            helps=helps,
            why=why,
            instead=instead,
            calls=(_put(bucket, _CLOSED),) if helps else (),
            undo_calls=(_put(bucket, bucket.block),) if helps else (),
            before={_STATE: bucket.block},
            after={_STATE: _CLOSED if helps else bucket.block},
            stops=INFO.stops,
            does_not_stop=INFO.does_not_stop,
            blast_radius=_blast_radius(bucket, finding, own) if helps else "none: nothing would change",
            reversible=INFO.reversible,
            wide=INFO.wide,
            warnings=_warnings(bucket, helps),
            permitted="unknown",
            read_at=datetime.now(UTC),
            instead_calls=by_hand,
            evidence=bucket.evidence,
            tags=bucket.tags,
        )

    async def apply(self, door: Door, plan: Plan, note_call: NoteCall) -> None:
        await make(door, plan, note_call)

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        now = await read_block(door, plan.target, plan.place)
        if now == plan.after[_STATE]:
            return ActionState.APPLIED
        if now == plan.before[_STATE]:
            return ActionState.NOT_APPLIED
        # One call sets all four switches: a third state was written by someone else, before or after ours.
        return ActionState.PARTIAL

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        bucket = await read_bucket(door, done.target, done.place)
        restored: Block | None = done.before[_STATE]
        helps = bucket.block != restored
        drifted = helps and bucket.block != done.after[_STATE]
        opened = _opened(bucket, restored)
        warnings: list[str] = []
        if drifted:
            warnings.append(
                "DRIFT: someone changed the block since. "
                f"Before the action: {_words(restored)}. Set by it: {_words(done.after[_STATE])}. "
                f"Now: {_words(bucket.block)}"
            )
        if opened:
            warnings.append(f"RE-EXPOSES: {'; '.join(opened)}, and nothing would block it again")
            writer = await last_writer(door, done.place, done.target, _WRITES)
            warnings.append(f"who wrote it last: {writer}")
        warnings += _unread(bucket)
        return replace(
            done,
            helps=helps,
            why=f"restores {_words(restored)}" if helps else "already as it was before the action",
            instead="keep the block: it costs nothing but public access" if opened else "",
            calls=(_put(bucket, restored),) if helps else (),
            undo_calls=(_put(bucket, bucket.block),) if helps else (),
            before={_STATE: bucket.block},
            after={_STATE: restored},
            stops="nothing: this gives back what the action took away",
            does_not_stop="",
            blast_radius="opens again: " + "; ".join(opened) if opened else "opens no path that can be seen",
            # What is typed says what is at stake: giving a leak back, writing over a stranger's change.
            wide=bool(opened) or drifted,
            warnings=tuple(warnings),
            permitted="unknown",
            read_at=datetime.now(UTC),
            re_exposes=bool(opened),
            refusals=(),
            instead_calls=(),
            evidence=bucket.evidence,
            tags=bucket.tags,
        )


def _put(bucket: Bucket, block: Block | None) -> Call:
    """The one call that makes the bucket's block what ``block`` says."""
    whose = {"Bucket": bucket.name}
    owner = {"ExpectedBucketOwner": bucket.place.account}
    if block is None:
        return Call("s3", "DeletePublicAccessBlock", {**whose, **owner})
    flags = {"PublicAccessBlockConfiguration": dict(block)}
    return Call("s3", "PutPublicAccessBlock", {**whose, **flags, **owner})


def _no_help(bucket: Bucket, own: Collection[str]) -> tuple[str, str, tuple[Call, ...]]:
    """(why it would change nothing, what would help, calls for the analyst's own hands)."""
    reach = bucket.reach(own)
    if reach.outside:
        why = (
            "would change nothing here: the bucket is not open to the public, "
            "access is through a named account" + _list(reach.outside)
        )
        instead = "s3-deny-principal: a Deny in the bucket policy for who is named; this version has no key for it"
        denied = deny_outside(bucket.policy or "{}", bucket.name, bucket.place.region, reach.outside)
        if denied is None:
            return why, instead, ()
        put = Call(
            "s3",
            "PutBucketPolicy",
            {"Bucket": bucket.name, "Policy": denied, "ExpectedBucketOwner": bucket.place.account},
        )
        return why, instead, (put,)
    if bucket.policy_public or (bucket.acl_public and bucket.acls_count):
        return "would change nothing here: public access is blocked already", "", ()
    unread = f" (could not be read: {', '.join(bucket.unread)})" if bucket.unread else ""
    others = _count(len(reach.family), "principal")
    who = f"the account's own principals, {others} of your other accounts"
    return (
        f"would change nothing here: neither the policy nor the bucket ACL is public{unread}; "
        f"access, if any, is by {who}, presigned URLs or access points",
        "",
        (),
    )


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _list(names: tuple[str, ...], most: int = 4) -> str:
    """``: first, second and 3 more``, or nothing."""
    if not names:
        return ""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ": " + ", ".join(token(name) for name in names[:most]) + more


def _blast_radius(bucket: Bucket, finding: Finding | None, own: Collection[str]) -> str:
    reach = bucket.reach(own)
    named = (*reach.outside, *reach.family)
    grants = len(bucket.acl_public) if bucket.acls_count else 0
    everyone = _count(reach.anyone + reach.anyone_if, "policy statement")
    conditional = f" ({reach.anyone_if} of them under a condition)" if reach.anyone_if else ""
    parts = [
        "1 bucket",
        f"stops working: {everyone} for everyone{conditional}, {_count(grants, 'public ACL grant')}",
        f"loses access with them: {_count(len(named), 'named principal')} of other accounts{_list(named)}"
        if bucket.policy_public
        else "named principals of other accounts keep access",
        f"keeps it: {_count(reach.inside, 'named principal')} of this account, "
        f"{_count(len(reach.services), 'AWS service')}",
    ]
    if "policy" in bucket.unread:
        parts = ["1 bucket; who the policy names is not known: reading it was denied"]
    if finding is not None:
        addresses = len({actor.value for actor in finding.actors if actor.kind == "ip"})
        parts.append(f"{_count(addresses, 'remote address', 'remote addresses')} in the finding")
    parts.append("how many others read it now: not known (configuration does not say)")
    return "; ".join(parts)


def _warnings(bucket: Bucket, helps: bool) -> tuple[str, ...]:
    out: list[str] = []
    if helps:
        out.append("a public web site served from this bucket goes dark; whether there is one was not read")
    if bucket.acls_count and not bucket.flag("IgnorePublicAcls"):
        out.append("single objects may be public by ACLs of their own; those were not read (the block covers them)")
    if bucket.reach().unreadable:
        out.append("the bucket policy could not be understood; AWS's own word on whether it is public was used")
    return (*out, *_unread(bucket))


def _unread(bucket: Bucket) -> tuple[str, ...]:
    return tuple(f"not read, denied: {part}" for part in bucket.unread)


def _opened(bucket: Bucket, restored: Block | None) -> tuple[str, ...]:
    """The public paths that restoring would open. What cannot be read counts as one: unknown is not safe."""
    paths = replace(bucket, block=restored).open_paths()
    already = bucket.open_paths()
    opened = [path for path in paths if path not in already]
    weaker = restored is None or not all(restored.values())
    if weaker and "acl" in bucket.unread:
        opened.append("the bucket ACL could not be read, and may be public")
    return tuple(opened)


def _words(block: Block | None) -> str:
    """``all on``, ``none``, or which switches are on."""
    on = [name for name in FLAGS if block and block[name]]
    if not on:
        return "no block" if block is None else "all four off"
    return "all four on" if len(on) == len(FLAGS) else "only " + ", ".join(on)
