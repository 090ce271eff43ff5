"""``s3-block-public``: turn on all four switches of a bucket's public access block.

Facts: S3 API reference (``PutPublicAccessBlock``), S3 User Guide
"Blocking public access to your Amazon S3 storage": ``RestrictPublicBuckets`` leaves a public policy in place
and lets only AWS services and the bucket's own account use it, so named outside accounts in a *public* policy
lose access too; a policy that only names outside accounts is not public, and the block changes nothing there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.found import at_work
from socconsole.response.s3_bucket import FLAGS, Block, Bucket, BucketChange
from socconsole.response.wording import count, listed

_CLOSED: Final[Block] = dict.fromkeys(FLAGS, True)
_STATE: Final = "PublicAccessBlock"


class S3BlockPublic(BucketChange):
    """See the module's text."""

    info = Info(
        id="s3-block-public",
        title="Block public access to a bucket",
        target_type="bucket",
        calls=("s3:PutPublicAccessBlock", "s3:DeletePublicAccessBlock"),
        stops="access by anyone, with or without an AWS account, through a public bucket policy or public ACLs",
        does_not_stop="named accounts in a policy that is not public, presigned URLs, access points of their "
        "own, replication, the account's own principals, copies already taken",
        reversible=Reversible.YES,
        captures="public access blocks of bucket and account, policy and its status, ACL, ownership, tags",
        verifies="the bucket's public access block has all four switches on",
        undo_leaves="nothing",
        pitfalls=(
            "no help against a named account, which is no public access: refused, and the cut that helps is named",
            "outside accounts named in a public policy lose access too: they are listed before",
            "a public web site on the bucket goes dark: said before",
            "the intruder may have removed the block that an undo would remove again: RE-EXPOSES",
        ),
    )
    # Event names of what decides about public access (CloudTrail's names are not always the API's).
    writes = (
        "PutBucketPolicy",
        "DeleteBucketPolicy",
        "PutBucketAcl",
        "PutBucketPublicAccessBlock",
        "DeleteBucketPublicAccessBlock",
        "PutPublicAccessBlock",
        "DeletePublicAccessBlock",
    )

    def state(self, seen: Bucket) -> State:
        return {_STATE: seen.block}

    def cut(self, seen: Bucket, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        paths = seen.open_paths()
        if not paths:
            return _no_help(seen, finding, own)
        return Cut(
            wanted={_STATE: _CLOSED},
            why="; ".join((*paths, "nothing blocks it")),
            blast_radius=_blast_radius(seen, finding, own),
            fit=90,
            # A public block keeps named outsiders out of a public policy too, and of no other.
            cuts=not (seen.reach(own).outside and not seen.policy_public),
            warnings=_warnings(seen),
        )

    def hardened(self, seen: Bucket, target: Target, own: Collection[str]) -> Cut | None:
        """The block before anybody needs it: one policy or ACL, and the bucket would be public."""
        if seen.open_paths():
            return None
        block = seen.block or {}
        off = [flag for flag in FLAGS if not block.get(flag)]
        if not off:
            return Cut(None, "would change nothing here: the bucket's own block has all four switches on")
        reach = seen.reach(own)
        named = ("it stops no named account" + listed(reach.outside) + ": s3-deny-outsiders does",)
        return Cut(
            wanted={_STATE: _CLOSED},
            why=f"nothing is open to the public now{_but_unread(seen)}; the bucket's own block lacks {', '.join(off)}",
            blast_radius="1 bucket; nobody loses access that is seen; from now on a public policy is refused, public "
            "ACLs count for nothing, and uploads that ask for one fail: whether any client's do is not known",
            fit=90,
            cuts=False,
            warnings=named if reach.outside else (),
        )

    def steps(self, seen: Bucket, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        block: Block | None = wanted[_STATE]
        if block == now[_STATE]:
            return ()
        whose = {"Bucket": seen.name}
        owner = {"ExpectedBucketOwner": seen.place.account}
        if block is None:
            return (Call("s3", "DeletePublicAccessBlock", {**whose, **owner}),)
        flags = {"PublicAccessBlockConfiguration": dict(block)}
        return (Call("s3", "PutPublicAccessBlock", {**whose, **flags, **owner}),)

    def exposes(self, seen: Bucket, target: Target, restored: State) -> tuple[str, ...]:
        """The public paths that restoring would open. What cannot be read counts as one: unknown is not safe."""
        block: Block | None = restored[_STATE]
        already = seen.open_paths()
        opened = [path for path in replace(seen, block=block).open_paths() if path not in already]
        weaker = block is None or not all(block.values())
        if weaker and "acl" in seen.unread:
            opened.append("the bucket ACL could not be read, and may be public")
        return tuple(f"{path}, and nothing would block it again" for path in opened)

    def words(self, state: State) -> str:
        """``all four on``, ``no block``, or which switches are on."""
        block: Block | None = state[_STATE]
        on = [name for name in FLAGS if block and block[name]]
        if not on:
            return "no block" if block is None else "all four off"
        return "all four on" if len(on) == len(FLAGS) else "only " + ", ".join(on)


def _no_help(bucket: Bucket, finding: Finding | None, own: Collection[str]) -> Cut:
    """Why it would change nothing, and what would help."""
    reach = bucket.reach(own)
    if reach.outside:
        return Cut(
            None,
            "would change nothing here: the bucket is not open to the public, "
            "access is through a named account" + listed(reach.outside),
            instead="s3-deny-outsiders: a Deny in the bucket policy for who is named",
        )
    if bucket.policy_public or (bucket.acl_public and bucket.acls_count):
        return Cut(None, "would change nothing here: public access is blocked already")
    others = count(len(reach.family), "principal")
    who = f"the account's own principals, {others} of your other accounts"
    return Cut(
        None,
        f"would change nothing here: neither the policy nor the bucket ACL is public{_but_unread(bucket)}; "
        f"access, if any, is by {who}, presigned URLs or access points",
        instead="s3-lockdown: everyone but the responders is denied" if at_work(finding) else "",
    )


def _but_unread(bucket: Bucket) -> str:
    return f" (could not be read: {', '.join(bucket.unread)})" if bucket.unread else ""


def _blast_radius(bucket: Bucket, finding: Finding | None, own: Collection[str]) -> str:
    reach = bucket.reach(own)
    named = (*reach.outside, *reach.family)
    grants = len(bucket.acl_public) if bucket.acls_count else 0
    everyone = count(reach.anyone + reach.anyone_if, "policy statement")
    conditional = f" ({reach.anyone_if} of them under a condition)" if reach.anyone_if else ""
    parts = [
        "1 bucket",
        f"stops working: {everyone} for everyone{conditional}, {count(grants, 'public ACL grant')}",
        f"loses access with them: {count(len(named), 'named principal')} of other accounts{listed(named)}"
        if bucket.policy_public
        else "named principals of other accounts keep access",
        f"keeps it: {count(reach.inside, 'named principal')} of this account, "
        f"{count(len(reach.services), 'AWS service')}",
    ]
    if "policy" in bucket.unread:
        parts = ["1 bucket; who the policy names is not known: reading it was denied"]
    if finding is not None:
        addresses = len({actor.value for actor in finding.actors if actor.kind == "ip"})
        parts.append(f"{count(addresses, 'remote address', 'remote addresses')} in the finding")
    parts.append("how many others read it now: not known (configuration does not say)")
    return "; ".join(parts)


def _warnings(bucket: Bucket) -> tuple[str, ...]:
    out = ["a public web site served from this bucket goes dark; whether there is one was not read"]
    if bucket.acls_count and not bucket.flag("IgnorePublicAcls"):
        out.append("single objects may be public by ACLs of their own; those were not read (the block covers them)")
    if bucket.reach().unreadable:
        out.append("the bucket policy could not be understood; AWS's own word on whether it is public was used")
    return tuple(out)


ACTION: Final = S3BlockPublic()
