"""S3-01 to S3-07: who may read what lies in buckets, under which key, over which connection, and who sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from socconsole.model.estate.policy import EVERYBODY, Policy, Statement
from socconsole.model.estate.storage import Bucket, Encryption, Key, PublicAccessBlock, Replica, Storage
from socconsole.model.known import NotRead, Read
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Condition, Context, Said, unknown, unread, weigh
from socconsole.posture.principals import Kind, Let, house, outsiders
from socconsole.text import clean

Judge = Callable[[Bucket, Context], Iterable[Condition]]


def _buckets(context: Context) -> Read[tuple[Bucket, ...]]:
    return context.part(Storage).buckets


def _check(id_: str, conditions: Judge) -> AnyCheck:
    """On every bucket; what it is said to hold goes with the evidence, since it makes the finding weigh more."""

    def judge(bucket: Bucket, context: Context) -> Judged:
        try:
            found = weigh(conditions(bucket, context))
        except NotRead as trouble:  # before it was clear what to ask
            found = unknown(unread(trouble))
        return replace(found, evidence=(*found.evidence, _held(bucket)))

    return Check(id_, _buckets, judge)


def _held(bucket: Bucket) -> str:
    try:
        held = bucket.holds.get()
    except NotRead as trouble:
        return f"what it holds is not known: {unread(trouble)}"
    return f"it holds {held}" if held else "nothing says that it holds data of value"


# ---- S3-01


def public_access_blocked(bucket: Bucket, context: Context) -> Iterator[Condition]:
    """Either block would do today; both are asked for, since each can be lifted by other hands."""
    yield partial(_all_four, "the bucket", bucket.block)
    yield partial(_all_four, "the account", context.part(Storage).account_block)


def _all_four(whose: str, block: Read[PublicAccessBlock]) -> Said:
    off = ", ".join(block.get().off)
    return Said(not off, f"{whose} does not set {off}" if off else f"{whose} blocks all four")


# ---- S3-02


def nobody_from_outside(bucket: Bucket, context: Context) -> Iterator[Condition]:
    """AWS itself only says whether a policy is public; who else it lets in nobody but us reads."""
    yield partial(_policy_lets_in, bucket, context)
    yield partial(_public, bucket)
    yield partial(_acls_off, bucket)


def _policy_lets_in(bucket: Bucket, context: Context) -> Said:
    policy = bucket.policy.get()
    if policy is None:
        return Said(True, "it has no policy")
    return let_in("its policy", outsiders(policy, house(context), "s3", (bucket.arn, f"{bucket.arn}/*")))


def _public(bucket: Bucket) -> Said:
    public = bucket.public.get()
    return Said(not public, f"Amazon S3 {'calls' if public else 'does not call'} it public")


def let_in(whose: str, let: Iterable[Let]) -> Said:
    """Whom a policy lets in, in words: who surely is decides, else who perhaps is."""
    listed = list(let)
    delivering = [one.words for one in listed if _delivers(one)]
    surely = [one.words for one in listed if not one.doubt and not _delivers(one)]
    perhaps = [one.words for one in listed if one.doubt and not _delivers(one)]
    if surely or perhaps:
        return Said(None if not surely else False, f"{whose} {'; '.join(surely or perhaps)}")
    more = f"; to deliver logs it {'; '.join(delivering)}" if delivering else ""
    return Said(True, f"{whose} lets in nobody from outside{more}")


_DELIVERY: Final = frozenset(
    {
        "s3:putobject", "s3:putobjectacl", "s3:getbucketacl", "s3:listbucket",
        "kms:generatedatakey", "kms:generatedatakey*", "kms:encrypt", "kms:describekey",
    }
)  # fmt: skip
"""What AWS's services are granted to deliver logs. None of it reads an object, for whomever they act."""


def _delivers(let: Let) -> bool:
    return let.kind is Kind.SERVICE and all(one.lower() in _DELIVERY for one in let.actions)


def _acls_off(bucket: Bucket) -> Said:
    said = bucket.ownership.get()
    off = said == "BucketOwnerEnforced"
    return Said(off, "ACLs are off" if off else f"ACLs count: object ownership is {said or 'not set'}")


# ---- S3-03


def own_key(bucket: Bucket, context: Context) -> Iterator[Condition]:
    encryption = bucket.encryption.get()
    yield partial(_with_kms, encryption)
    if encryption.key is not None:
        key = encryption.key.get()
        yield partial(_usable, key)
        yield partial(_rotates, key)
        yield partial(_closed, key, context)


def _with_kms(encryption: Encryption) -> Said:
    if not encryption.algorithm.startswith("aws:kms"):
        return Said(False, f"new objects are encrypted with {encryption.algorithm}, Amazon S3's own keys")
    if encryption.key is None or encryption.key.get().managed:
        return Said(False, "new objects are encrypted with aws/s3, whose policy is AWS's")
    return Said(True, f"new objects are encrypted with {encryption.key.get().arn}")


def _usable(key: Key) -> Said:
    return Said(key.state == "Enabled", f"the key is {key.state}")


def _rotates(key: Key) -> Said:
    if key.rotates is None:
        return Said(False, f"AWS does not rotate the key: its origin is {key.origin}" + ", AWS's own" * key.managed)
    return Said(key.rotates.get(), f"the key {'rotates' if key.rotates.get() else 'does not rotate'}")


def _closed(key: Key, context: Context) -> Said:
    return let_in("the key's policy", outsiders(key.policy.get(), house(context), "kms", (key.arn,)))


# ---- S3-04


def seen_and_kept(bucket: Bucket, context: Context) -> Iterator[Condition]:
    """Object Lock is asked of evidence alone: it cannot be undone, and data protection law wants data erased."""
    yield partial(_logged, bucket, context)
    yield partial(_versioned, bucket)
    yield partial(_locked, bucket)


def _logged(bucket: Bucket, context: Context) -> Said:
    target = bucket.logged_to.get()
    if target:  # S3 takes one of the same account and Region alone, and goes on where it is gone by then
        there = any(one.name == target for one in _buckets(context).get())
        return Said(there, f"access is logged to {target}{'' if there else ', which is not there'}")
    # A bucket that takes access logs would log its own logging without end.
    others = (one for one in _buckets(context).get() if one is not bucket)
    source = next((one.name for one in others if one.logged_to.get() == bucket.name), "")
    return Said(bool(source), f"it takes the access log of {source}" if source else "access is not logged")


def _versioned(bucket: Bucket) -> Said:
    said = bucket.versioning.get()
    return Said(said == "Enabled", f"versioning is {said.lower() or 'off'}")


def _locked(bucket: Bucket) -> Said:
    if not bucket.evidence.get():
        return Said(True, "it keeps no evidence that would need a lock")
    if bucket.lock is None:
        raise LookupError("an evidence bucket whose lock was not asked for")
    lock = bucket.lock.get()
    if not lock.enabled:
        return Said(False, "it keeps evidence, and Object Lock is off")
    if not lock.mode:
        return Said(False, "it keeps evidence, and Object Lock has no default retention")
    return Said(True, f"it keeps evidence, locked by default in {lock.mode.lower()} mode")


# ---- S3-05


def tls_only(bucket: Bucket, context: Context) -> Iterator[Condition]:
    """By a Deny of its own. Below TLS 1.2 AWS takes nothing anyway (S3 User Guide, "Infrastructure security")."""
    policy = bucket.policy.get()
    for what, arn in (("the bucket", bucket.arn), ("its objects", f"{bucket.arn}/*")):
        yield partial(_plain_denied, policy, what, arn)


def _plain_denied(policy: Policy | None, what: str, arn: str) -> Said:
    denies = [one for one in policy.denies if one.acts_on("s3:*") and one.reaches(arn)] if policy else []
    denied = any(_for_all_plain(one) for one in denies)
    least = "".join(f", and TLS below {one}" for deny in denies for one in _least_tls(deny))
    return Said(denied, f"plain HTTP{least} is denied on {what}" if denied else f"plain HTTP is not denied on {what}")


def _for_all_plain(deny: Statement) -> bool:
    said = [(one.operator, one.key, one.values) for one in deny.conditions]
    plain = (("Bool", "aws:securetransport", ("false",)), ("BoolIfExists", "aws:securetransport", ("false",)))
    return EVERYBODY in deny.principals and (not said or (len(said) == 1 and said[0] in plain))


def _least_tls(deny: Statement) -> Iterator[str]:
    if EVERYBODY in deny.principals and len(deny.conditions) == 1:
        one = deny.conditions[0]
        if (one.operator, one.key) == ("NumericLessThan", "s3:tlsversion"):
            yield from one.values


# ---- S3-06


def classified(bucket: Bucket, context: Context) -> Iterator[Condition]:
    posture = context.config.posture
    said = {key.raw().lower(): value.raw().strip() for key, value in bucket.tags.get()}
    yield partial(_tagged, said, posture.classification_tag, posture.classifications)
    yield partial(_tagged, said, posture.owner_tag)
    yield partial(_resident, said, posture.residency_tag, context.place.region)


def _tagged(said: dict[str, str], tag: str, allowed: Iterable[str] = ()) -> Said:
    value = said.get(tag.lower(), "")
    words = f"{clean(tag)} is {clean(value, 80)}" if value else f"{clean(tag)} is not said"
    known = [one.lower() for one in allowed]
    if value and known and value.lower() not in known:
        return Said(False, f"{words}, which is none of {clean(', '.join(allowed))}")
    return Said(bool(value), words)


_REGION: Final = re.compile(r"(eu|us|ca|sa|ap|af|me|il|mx|cn)(-[a-z]+)*(-\d)?")


def _resident(said: dict[str, str], tag: str, region: str) -> Said:
    """A country or another word of the team's own is taken as it is; a Region, or the beginning of one, has to fit."""
    found = _tagged(said, tag)
    value = said.get(tag.lower(), "").lower()
    if _REGION.fullmatch(value) and not f"{region}-".startswith(f"{value}-"):
        return Said(False, f"{found.words}, and the bucket lies in {region}")
    return found


# ---- S3-07


def replicated_within(bucket: Bucket, context: Context) -> Iterator[Condition]:
    replicas = bucket.replicas.get()
    if not replicas:
        yield lambda: Said(True, "it is not replicated")
    for replica in replicas:
        yield partial(_whose, replica, context)
        yield partial(_where, replica, context)


def _whose(replica: Replica, context: Context) -> Said:
    if not replica.account:
        return Said(None, f"whose {replica.bucket} is, to which it is replicated, nobody says: not this account's")
    known = replica.account in context.own_accounts
    return Said(known, f"it is replicated to {replica.bucket} of {'' if known else 'the stranger '}{replica.account}")


def _where(replica: Replica, context: Context) -> Said:
    region = replica.region.get()
    allowed = region in context.regions
    return Said(allowed, f"{replica.bucket} lies in {region}" + ("" if allowed else ", where no data may lie"))


CHECKS: Final[tuple[AnyCheck, ...]] = (
    _check("S3-01", public_access_blocked),
    _check("S3-02", nobody_from_outside),
    _check("S3-03", own_key),
    _check("S3-04", seen_and_kept),
    _check("S3-05", tls_only),
    _check("S3-06", classified),
    _check("S3-07", replicated_within),
)
