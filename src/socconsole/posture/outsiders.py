"""Every party outside our accounts that can read data or become somebody who can. Pure.

Accounts that the checks are told to trust are no part of the house here: a register is of those above all. AWS's own
services count as parties only where a policy does not hold them to our resources, and never in a role's trust policy,
which is how every service of ours works.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from socconsole.model.access import Lacking, Outsider, Party
from socconsole.model.estate.hosts import Hosts
from socconsole.model.estate.identities import Identities, Role
from socconsole.model.estate.outside import Grant, OpenKey, Outside, Seen
from socconsole.model.estate.policy import Policy, Principal, overlaps
from socconsole.model.estate.storage import Bucket, Storage
from socconsole.model.known import Known, NotRead, Read, Unread
from socconsole.posture.check import Context, unread
from socconsole.posture.principals import House, Kind, Let, house, outsiders, stranger

T = TypeVar("T")

_ASSUME: Final = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
_READING: Final = {
    "s3": ("s3:GetObject*", "s3:ListBucket*"),
    "kms": ("kms:Decrypt", "kms:ReEncryptFrom", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:PutKeyPolicy"),
    "secretsmanager": ("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"),
    "sts": _ASSUME,
}
"""Service → actions by which data is read, or by which somebody lets themselves read it."""

_WIDER: Final = (
    "s3:PutBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutReplicationConfiguration",
    "secretsmanager:PutResourcePolicy",
)


def ours(context: Context) -> House:
    """Our own accounts and organisation, without those that are only trusted."""
    config = context.config
    forensic = {config.forensic_account} if config.forensic_account else set()
    own = frozenset(one.account for one in config.accounts) | {context.place.account} | forensic
    return replace(house(context), accounts=own)


def found(context: Context) -> tuple[tuple[Outsider, ...], tuple[Lacking, ...]]:
    """All of them, and what could not be looked at."""
    lacking: list[Lacking] = []
    seen: dict[Outsider, None] = {}
    for walk in (_roles, _buckets, _keys, _secrets, _snapshots, _analyzed):
        for one in walk(context, ours(context)):
            if isinstance(one, Outsider):
                seen[one] = None
            else:
                lacking.append(one)
    return tuple(seen), tuple(dict.fromkeys(lacking))


Found = Iterator[Outsider | Lacking]
"""Parties, and what could not be looked at."""

_TRUST: Final = "trust policy"
_BUCKET: Final = "bucket policy"
_KEY: Final = "key policy"
_GRANT: Final = "grant"
_SECRET: Final = "secret policy"
_SNAPSHOT: Final = "public snapshot"
_ANALYZER: Final = "Access Analyzer"


def _said(about: str, what: str, trouble: Unread) -> Lacking:
    return Lacking("outsiders", about, f"{what}: {unread(NotRead(trouble))}")


def _let(
    what: tuple[str, str], policy: Policy, home: House, service: str, resources: Sequence[str], holds: str = ""
) -> Iterator[Outsider]:
    """Those that a policy lets in; ``what`` is the resource and the kind of policy."""
    for let in outsiders(policy, home, service, resources):
        yield Outsider(
            party=Party(let.kind.value),
            who=let.name,
            account=let.account,
            resource=what[0],
            through=what[1],
            rights=let.actions,
            reads=_reads(service, let),
            conditions=let.conditions,
            doubt=let.doubt,
            holds=holds,
        )


def _reads(service: str, let: Let) -> bool:
    """Of a ``NotAction`` it is taken for granted."""
    reading = (*_READING[service], *(one for one in _WIDER if one.startswith(f"{service}:")))
    return any(one.startswith("not:") or any(overlaps(one, each) for each in reading) for one in let.actions)


def _roles(context: Context, home: House) -> Found:
    listed = context.part(Identities).roles
    if isinstance(listed, Unread):
        yield _said(_TRUST, "whom roles trust", listed)
        return
    for role in listed.get():
        if role.linked:  # a service's own: nobody can change whom it trusts
            continue
        if isinstance(role.trust, Unread):
            yield _said(_TRUST, role.arn, role.trust)
            continue
        yield from (one for one in _trusted(role, role.trust.get(), home) if one.party is not Party.SERVICE)


def _trusted(role: Role, trust: Policy, home: House) -> Iterator[Outsider]:
    return _let((role.arn, _TRUST), trust, home, "sts", ("*",))


def _buckets(context: Context, home: House) -> Found:
    listed = context.part(Storage).buckets
    if isinstance(listed, Unread):
        yield _said(_BUCKET, "buckets", listed)
        return
    for bucket in listed.get():
        if isinstance(bucket.policy, Unread):
            yield _said(_BUCKET, bucket.arn, bucket.policy)
        elif (policy := bucket.policy.get()) is not None:
            whole = (bucket.arn, f"{bucket.arn}/*")
            yield from _blocked(bucket, context, _let((bucket.arn, _BUCKET), policy, home, "s3", whole, _holds(bucket)))


def _holds(bucket: Bucket) -> str:
    return "what it holds was not read" if isinstance(bucket.holds, Unread) else bucket.holds.get()


def _blocked(bucket: Bucket, context: Context, let: Iterable[Outsider]) -> Iterator[Outsider]:
    """``RestrictPublicBuckets`` keeps everybody but the account itself and services out of a bucket whose policy is
    public, also those whom the policy names (S3 User Guide, "Blocking public access")."""
    restricts = any(
        isinstance(one, Known) and one.value.restrict for one in (bucket.block, context.part(Storage).account_block)
    )
    shut = restricts and bucket.public == Known(True)
    yield from (one for one in let if not shut or one.party is Party.SERVICE)


def _keys(context: Context, home: House) -> Found:
    listed = context.part(Outside).keys
    if isinstance(listed, Unread):
        yield _said(_KEY, "keys", listed)
        yield _said(_GRANT, "grants", listed)
        return
    for key in listed.get():
        if isinstance(key.policy, Unread):
            yield _said(_KEY, f"the policy of {key.arn}", key.policy)
        else:
            yield from _let((key.arn, _KEY), key.policy.get(), home, "kms", (key.arn,))
        if isinstance(key.grants, Unread):
            yield _said(_GRANT, f"grants on {key.arn}", key.grants)
        else:
            yield from (one for grant in key.grants.get() if (one := _granted(key, grant, home)) is not None)


def _granted(key: OpenKey, grant: Grant, home: House) -> Outsider | None:
    """AWS's services get grants from whoever uses them, for that one's own things: none of them is a stranger."""
    if grant.grantee.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return None
    who = stranger(Principal("AWS", grant.grantee), home)
    if who is None:
        return None
    kind, account, doubt = who
    rights = tuple(f"kms:{one}" for one in grant.operations)
    let = Let(kind, grant.grantee, account, rights, doubt)
    return Outsider(
        Party(kind.value),
        grant.grantee,
        account,
        key.arn,
        "grant",
        rights,
        _reads("kms", let),
        grant.constraints,
        doubt,
    )


def _secrets(context: Context, home: House) -> Found:
    listed = context.part(Outside).secrets
    if isinstance(listed, Unread):
        yield _said(_SECRET, "secrets", listed)
        return
    for secret in listed.get():
        if isinstance(secret.policy, Unread):
            yield _said(_SECRET, secret.arn, secret.policy)
        elif (policy := secret.policy.get()) is not None:
            yield from _let((secret.arn, _SECRET), policy, home, "secretsmanager", (secret.arn,), "a secret")


def _snapshots(context: Context, home: House) -> Found:
    hosts = context.part(Hosts)
    if isinstance(hosts.public_snapshots, Unread):
        yield _said(_SNAPSHOT, "snapshots that everybody may restore", hosts.public_snapshots)
        return
    known = {} if isinstance(hosts.snapshots, Unread) else {one.id: one.arn for one in hosts.snapshots.get()}
    for id_ in sorted(hosts.public_snapshots.get()):
        arn = known.get(id_, id_)
        yield Outsider(Party.ANYONE, "*", "", arn, _SNAPSHOT, ("ec2:CreateVolume",), True, holds="a volume")


def _analyzed(context: Context, home: House) -> Found:
    """What Access Analyzer sees, but for what policies read above say: of those it knows less (who is of the house),
    and it knows more kinds of resources, and of buckets ACLs and access points."""
    seen = context.part(Outside).seen
    if isinstance(seen, Unread):
        yield _said(_ANALYZER, "Access Analyzer's findings", seen)
        return
    if (findings := seen.get()) is None:
        words = "resources of all other kinds, and ACLs and access points of buckets: no Access Analyzer looks here"
        yield Lacking("outsiders", _ANALYZER, words)
        return
    looked = _looked_at(context)
    for one in findings:
        if one.resource in looked and set(one.sources) <= {"POLICY"}:
            continue
        if one.error:
            words = f"{one.resource or 'a resource'}: Access Analyzer could not analyse it: {one.error}"
            yield Lacking("outsiders", _ANALYZER, words)
            continue
        yield from _told(one, home)


def _told(one: Seen, home: House) -> Iterator[Outsider]:
    """A condition before everybody may well keep all strangers out: undecided."""
    anyone = (Principal("AWS", "*"),) if one.public and not one.principals else ()
    for principal in (*one.principals, *anyone):
        who = stranger(principal, home)
        if who is None:
            continue
        kind, account, doubt = who
        if kind is Kind.ANYONE and one.conditions:
            doubt = f"whether {'; '.join(one.conditions)} keeps strangers out is not known"
        yield Outsider(
            party=Party(kind.value),
            who=principal.value,
            account=account,
            resource=one.resource,
            through=_ANALYZER,
            rights=one.actions,
            reads=True,
            conditions=one.conditions,
            doubt=doubt,
        )


def _looked_at(context: Context) -> frozenset[str]:
    """Resources whose policies were read here."""
    outside = context.part(Outside)
    policies = (
        *((one.arn, one.policy) for one in _list(context.part(Storage).buckets)),
        *((one.arn, one.policy) for one in _list(outside.keys)),
        *((one.arn, one.policy) for one in _list(outside.secrets)),
        *((one.arn, one.trust) for one in _list(context.part(Identities).roles)),
    )
    return frozenset(arn for arn, policy in policies if isinstance(policy, Known))


def _list(listed: Read[tuple[T, ...]]) -> tuple[T, ...]:
    return () if isinstance(listed, Unread) else listed.get()
