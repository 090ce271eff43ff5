"""Who outside can read a bucket right now: the policy, the ACL and the public access blocks over both.

Source: "Blocking public access to your Amazon S3 storage", section "The meaning of public", and the policy
evaluation logic for resource-based policies.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.backends import get_backend

from socconsole.drill.policy import as_list, conditions_hold, glob

# A condition on one of these with a fixed value makes a grant to everyone not public.
_NARROWING: Final = frozenset(
    {
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
_EQUALITY: Final = frozenset(
    {"StringEquals", "StringLike", "ArnEquals", "ArnLike", "StringEqualsIgnoreCase", "IpAddress"}
)


@dataclass(frozen=True, slots=True)
class Block:
    """A public access block; account and bucket settings add up."""

    block_public_acls: bool = False
    ignore_public_acls: bool = False
    block_public_policy: bool = False
    restrict_public_buckets: bool = False


@dataclass(frozen=True, slots=True)
class Exposure:
    """``public``: anyone can read an object. ``accounts``: other accounts whose principals can."""

    public: bool
    accounts: tuple[str, ...]
    by_policy: bool = False
    by_acl: bool = False


def owner_of(bucket: str) -> str | None:
    """Account that owns a bucket; None when there is no such bucket."""
    for account, partitions in list(get_backend("s3").items()):
        if "aws" in partitions and bucket in partitions["aws"].buckets:
            return str(account)
    return None


def bucket_of(bucket: str) -> Any:
    owner = owner_of(bucket)
    return None if owner is None else get_backend("s3")[owner]["aws"].buckets[bucket]


def effective_block(bucket: str) -> Block:
    """The account's and the bucket's settings together."""
    owner = owner_of(bucket)
    if owner is None:
        return Block()
    settings = [
        get_backend("s3control")[owner]["aws"].public_access_block,
        bucket_of(bucket).public_access_block,
    ]
    given = [one for one in settings if one is not None]
    return Block(
        any(one.block_public_acls for one in given),
        any(one.ignore_public_acls for one in given),
        any(one.block_public_policy for one in given),
        any(one.restrict_public_buckets for one in given),
    )


def policy_of(bucket: str) -> dict[str, Any] | None:
    found = bucket_of(bucket)
    if found is None or not found.policy:
        return None
    text = found.policy.decode() if isinstance(found.policy, bytes) else found.policy
    document: dict[str, Any] = json.loads(text)
    return document


def is_public(document: Mapping[str, Any] | None) -> bool:
    """Whether S3 calls a policy public: it allows something to everyone, without a narrowing condition."""
    for statement in as_list((document or {}).get("Statement")):
        if statement.get("Effect") == "Allow" and "*" in principals_of(statement) and not _narrowed(statement):
            return True
    return False


def principals_of(statement: Mapping[str, Any]) -> list[str]:
    """Principals of a statement: ``*``, accounts and ARNs."""
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return [str(one) for one in as_list(principal.get("AWS"))]
    return [str(one) for one in as_list(principal)]


def _narrowed(statement: Mapping[str, Any]) -> bool:
    for operator, keys in (statement.get("Condition") or {}).items():
        if operator not in _EQUALITY:
            continue
        for key, wanted in keys.items():
            fixed = [str(one) for one in as_list(wanted)]
            if key.lower() == "aws:sourceip":
                if all(_small(one) for one in fixed):
                    return True
            elif key.lower() in _NARROWING and not any("*" in one or "?" in one for one in fixed):
                return True
    return False


def _small(network: str) -> bool:
    try:
        parsed = ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
    return parsed.prefixlen >= (8 if parsed.version == 4 else 32)


def exposed(bucket: str) -> Exposure:
    """Raises ``KeyError`` for a bucket that does not exist."""
    found, owner = bucket_of(bucket), owner_of(bucket)
    if found is None or owner is None:
        raise KeyError(bucket)
    document, block = policy_of(bucket), effective_block(bucket)
    resources = [f"arn:aws:s3:::{bucket}/{key}" for key in [*list(found.keys)[:20], "any-object"]]
    restricted = block.restrict_public_buckets and is_public(document)
    by_policy = not restricted and any(allows(document, None, one) for one in resources)
    by_acl = not block.ignore_public_acls and found.acl is not None and bool(found.acl.public_read)
    outsiders = set()
    if not restricted:
        for name in _principals(document):
            account = _account(name)
            if account and account != owner and any(allows(document, name, one) for one in resources):
                outsiders.add(account)
    return Exposure(by_policy or by_acl, tuple(sorted(outsiders)), by_policy, by_acl)


def _principals(document: Mapping[str, Any] | None) -> set[str]:
    names: set[str] = set()
    for statement in as_list((document or {}).get("Statement")):
        if statement.get("Effect") == "Allow":
            names.update(principals_of(statement))
    return names


def _account(principal: str) -> str:
    if principal.isdigit() and len(principal) == 12:
        return principal
    parts = principal.split(":")
    return parts[4] if len(parts) > 5 else ""


def allows(document: Mapping[str, Any] | None, principal: str | None, resource: str) -> bool:
    """Whether a bucket policy lets a principal (None: an anonymous caller) get an object."""
    context: dict[str, tuple[str, ...]] = {"aws:sourceip": ("203.0.113.9",), "aws:securetransport": ("true",)}
    if principal is not None:
        account = _account(principal)
        arn = f"arn:aws:iam::{account}:root" if principal.isdigit() else principal
        context |= {"aws:principalarn": (arn,), "aws:principalaccount": (account,)}
    allowed = False
    for statement in as_list((document or {}).get("Statement")):
        effect = statement.get("Effect")
        if not _covers(statement, principal, resource):
            continue
        if not conditions_hold(statement.get("Condition") or {}, context, unknown=effect == "Deny"):
            continue
        if effect == "Deny":
            return False
        allowed = True
    return allowed


def _covers(statement: Mapping[str, Any], principal: str | None, resource: str) -> bool:
    actions = as_list(statement.get("Action"))
    if not any(glob(one, "s3:GetObject", ignore_case=True) for one in actions):
        return False
    if not any(glob(one, resource) for one in as_list(statement.get("Resource"))):
        return False
    who = principals_of(statement)
    if "*" in who:
        return True
    if principal is None:
        return False
    account = _account(principal)
    return bool({principal, account, f"arn:aws:iam::{account}:root"}.intersection(who))
