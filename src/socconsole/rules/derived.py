"""Fields of ours: what a record means, where no comparison of one value with another tells.

Each is worked out from one record alone. ``accounts`` are the team's accounts besides the record's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, Protocol
from urllib.parse import unquote

_POLICIES: Final = (
    "policy", "bucketPolicy", "policyDocument", "assumeRolePolicyDocument", "resourcePolicy", "policyText",
)  # fmt: skip
"""Parameters that hold a policy: an object in S3's records, text elsewhere, of IAM sometimes percent-encoded."""

_GRANTED: Final = ("userId", "userIds", "valuesToAdd", "targetAccount", "principal", "accountIds", "accountId")
"""Parameters, at any depth below what is *added*, that name who gets access to a snapshot, an image, a function."""

_NARROWED: Final = ("sourceArn", "sourceAccount", "principalOrgID")
"""What keeps Lambda's AddPermission for everyone from being one for everyone."""

_TAKEN_AWAY: Final = frozenset({"remove", "valuesToRemove", "Remove"})
_ACCOUNT: Final = re.compile(r"(?:^|:)(\d{12})(?=:|$)")
_EVERYONE: Final = re.compile(r"/groups/(?:global/AllUsers|global/AuthenticatedUsers)$")
_CANNED: Final = frozenset({"public-read", "public-read-write", "authenticated-read"})
_LIMITS: Final = re.compile(
    r"aws:(?:Source(?:Vpc|Vpce|VpcArn|Ip|Account|Arn|OrgID|OwnerAccount|OrgPaths)|PrincipalOrg(?:ID|Paths)"
    r"|Principal(?:Account|Arn)|VpceOrgID|VpceAccount)|s3:DataAccessPointAccount|kms:CallerAccount",
    re.I,
)
"""Condition keys that keep a statement for everyone from being public (as S3's own "meaning of public" counts)."""


class Derived(Protocol):
    def __call__(self, event: Mapping[str, Any], accounts: frozenset[str]) -> Collection[str]: ...


def outsiders(event: Mapping[str, Any], accounts: frozenset[str]) -> Collection[str]:
    """Accounts that the call lets in, by a policy's Allow or by name, and that are not the team's own."""
    ours = accounts | {str(event.get("recipientAccountId") or ""), _owner(event)}
    named: dict[str, None] = {}
    for principal, _ in _allowed(event):
        named.update(dict.fromkeys(_ACCOUNT.findall(principal)))
    named.update(dict.fromkeys(account for text in _granted(event) for account in _ACCOUNT.findall(text)))
    return [account for account in named if account not in ours]


def public(event: Mapping[str, Any], accounts: frozenset[str]) -> Collection[str]:
    """How the call opens something to everyone: ``policy``, ``acl`` or ``group``; nothing where it does not."""
    found: dict[str, None] = {}
    if any(principal == "*" and not limited for principal, limited in _allowed(event)):
        found["policy"] = None
    parameters = event.get("requestParameters")
    if not isinstance(parameters, dict):
        return []
    if parameters.get("principal") == "*" and not any(parameters.get(key) for key in _NARROWED):
        found["policy"] = None
    for key, text in _leaves(parameters):
        if _EVERYONE.search(text) or (key.lower() in ("x-amz-acl", "acl", "cannedacl") and text in _CANNED):
            found["acl"] = None
        elif key in ("group", "groups", "groupNames", "valuesToAdd", "values") and text == "all":
            found["group"] = None
    return list(found)


FIELDS: Final[Mapping[str, Derived]] = {"outsiders": outsiders, "public": public}
"""By name; ``socconsole.`` stands before it in a rule."""


def _owner(event: Mapping[str, Any]) -> str:
    """Whose resource it is where the record does not say whose trail it is in."""
    identity = event.get("userIdentity")
    if event.get("recipientAccountId") or not isinstance(identity, dict):
        return ""
    return str(identity.get("accountId") or "")


def _allowed(event: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """(principal, whether a condition narrows it) of each Allow in the policies that the call writes."""
    parameters = event.get("requestParameters")
    for name in _POLICIES:
        for statement in _statements(parameters.get(name)) if isinstance(parameters, dict) else ():
            if statement.get("Effect") != "Allow" or "Principal" not in statement:
                continue
            condition = statement.get("Condition")
            limited = bool(condition) and bool(_LIMITS.search(json.dumps(condition)))
            principals = statement["Principal"]
            who = principals.get("AWS") if isinstance(principals, dict) else principals
            for each in who if isinstance(who, list) else [who]:
                if isinstance(each, str):
                    yield each, limited


def _statements(policy: Any) -> list[Mapping[str, Any]]:
    if isinstance(policy, str):
        try:
            policy = json.loads(unquote(policy) if policy.lstrip().startswith("%7B") else policy)
        except ValueError:  # cut short, or none: it says nothing
            return []
    found = policy.get("Statement") if isinstance(policy, dict) else None
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


def _granted(event: Mapping[str, Any]) -> Iterator[str]:
    parameters = event.get("requestParameters")
    if isinstance(parameters, dict):
        for key, text in _leaves(parameters):
            if key in _GRANTED:
                yield text


def _leaves(value: Any) -> Iterator[tuple[str, str]]:
    """(nearest name, text) of all text below ``value``, but for what is taken away."""
    waiting = [("", value)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(str(name), each) for name, each in value.items() if name not in _TAKEN_AWAY]
        elif isinstance(value, list):
            waiting += [(key, each) for each in value]
        elif isinstance(value, str):
            yield key, value
