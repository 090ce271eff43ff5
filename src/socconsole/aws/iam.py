"""Least-privilege IAM policies, generated from ``aws/operations/``: what a role kind calls, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from socconsole.aws.operations import Operation, Role, table

_SESSION_CHARACTERS: Final = 2048
_MANAGED_CHARACTERS: Final = 6144

_TITLES: Final[Mapping[str, str]] = {
    "read": "Read",
    "housekeeping": "Housekeeping",
    "workflow": "Workflow",
    "contain": "Contain",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What one action may do with the responder's role: its own calls on its own resources.

    ``operations`` are ``service:Operation``; ``resources`` are ARNs, patterns where an id is not known before.
    """

    operations: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Push:
    """What an install's watch receives from: the queue's ARN and the names of the trails' buckets.

    Either may be a reference of a template. The dead-letter queue is called like the queue, with ``-dead`` behind.
    """

    queue: str
    trail_buckets: tuple[str, ...] = ()


def session_policy(grant: Grant, partition: str, account: str) -> str:
    """The policy that narrows a role's session to ``grant``, as STS takes it: JSON of at most 2,048 characters.

    An operation is allowed on those of the grant's resources that fit its row; on ``*`` where IAM knows no
    resource for it. Where naming each resource would be too long, a row's own pattern stands for them. Raises
    ``ValueError`` for a grant that names no resource for an operation, or that is too long even so (STS API
    reference, AssumeRole, ``Policy``).
    """
    exact = _session(grant, partition, account, exact=True)
    text = exact if len(exact) <= _SESSION_CHARACTERS else _session(grant, partition, account, exact=False)
    if len(text) > _SESSION_CHARACTERS:
        raise ValueError(f"a session policy of {len(text)} characters is longer than STS takes")
    return text


def _session(grant: Grant, partition: str, account: str, *, exact: bool) -> str:
    groups: dict[tuple[str, ...], set[str]] = {}
    for operation in grant.operations:
        row = table()[operation]
        patterns = resources_of(row, partition, account)
        fitting = tuple(sorted(arn for arn in grant.resources if any(fnmatchcase(arn, one) for one in patterns)))
        if patterns == ("*",) or not exact:
            fitting = patterns
        elif not fitting:
            raise ValueError(f"{operation}: none of the action's resources fits {', '.join(patterns)}")
        groups.setdefault(fitting, set()).update(row.iam)
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
        for resources, actions in sorted(groups.items())
    ]
    roles = [arn for arn in grant.resources if ":role/" in arn] if exact else []
    statements += _passing((table()[operation] for operation in grant.operations), partition, account, roles)
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def fitting(operation: str, resources: Sequence[str], partition: str, account: str) -> tuple[str, ...]:
    """Those of ``resources`` (ARNs) that ``operation`` is checked on; ``*`` where none is."""
    patterns = resources_of(table()[operation], partition, account)
    if patterns == ("*",):
        return patterns
    return tuple(arn for arn in resources if any(fnmatchcase(arn, one) for one in patterns)) or ("*",)


def policy(role: Role, partition: str = "aws", account: str = "*", push: Push | None = None) -> dict[str, Any]:
    """The identity policy of a role kind, as an IAM JSON document.

    One statement for each effect and set of resources, everything sorted, so that two versions can be
    compared. What only ``push`` can narrow is left out without it.
    """
    groups: dict[tuple[str, tuple[str, ...], tuple[str, ...], tuple[tuple[str, str], ...]], set[str]] = {}
    for row in table().values():
        resources = resources_of(row, partition, account, push)
        if role not in row.roles or not resources:
            continue
        # Sorted by what the table says: whatever the account is called, the numbers are the same.
        key = (str(row.effect), row.resource, resources, tuple(sorted(row.condition.items())))
        groups.setdefault(key, set()).update(row.iam)
    statements = [
        {
            "Sid": f"{_TITLES[effect]}{number}",
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": list(resources) if len(resources) > 1 else resources[0],
            **({"Condition": {"StringEquals": dict(condition)}} if condition else {}),
        }
        for number, ((effect, _, resources, condition), actions) in enumerate(sorted(groups.items()), start=1)
    ]
    statements += _passing((row for row in table().values() if role in row.roles), partition, account)
    if role == "responder":
        statements.append(_never(partition, account))
    return {"Version": "2012-10-17", "Statement": statements}


def _passing(
    rows: Iterable[Operation], partition: str, account: str, roles: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Leave to pass a role (any, unless some are named) to the services that ``rows`` hand one to, and to no other."""
    services = sorted({row.passes for row in rows if row.passes})
    if not services:
        return []
    return [
        {
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": list(roles) or f"arn:{partition}:iam::{account}:role/*",
            "Condition": {"StringEquals": {"iam:PassedToService": services}},
        }
    ]


def push_statements(push: Push, partition: str = "aws", account: str = "*") -> list[dict[str, Any]]:
    """Of the watch's policy what hangs on its queue and its trails' buckets alone."""
    without = policy("watch", partition, account)["Statement"]
    kept = [{**one, "Sid": ""} for one in without]
    return [one for one in policy("watch", partition, account, push)["Statement"] if {**one, "Sid": ""} not in kept]


def policies(
    role: Role, partition: str = "aws", account: str = "*", push: Push | None = None
) -> tuple[dict[str, Any], ...]:
    """:func:`policy` in as few documents as IAM takes as managed policies: 6,144 characters each, without blanks.

    (IAM User Guide, "IAM and AWS STS quotas": ten of them on a role by default.)
    """
    documents: list[list[dict[str, Any]]] = [[]]
    for statement in policy(role, partition, account, push)["Statement"]:
        if documents[-1] and _size([*documents[-1], statement]) > _MANAGED_CHARACTERS:
            documents.append([])
        documents[-1].append(statement)
    return tuple({"Version": "2012-10-17", "Statement": statements} for statements in documents)


def _size(statements: list[dict[str, Any]]) -> int:
    return len(json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":")))


def _never(partition: str, account: str) -> dict[str, Any]:
    """A responder never changes socconsole's own roles, whatever the console would let pass."""
    return {
        "Sid": "NeverItsOwnRoles",
        "Effect": "Deny",
        "Action": ["iam:Attach*", "iam:Delete*", "iam:Detach*", "iam:Put*", "iam:Tag*", "iam:Untag*", "iam:Update*"],
        "Resource": f"arn:{partition}:iam::{account}:role/socconsole-*",
    }


def trust(principal: str | Mapping[str, str]) -> dict[str, Any]:
    """The trust policy of any of our roles: ``principal`` (an ARN, or a template's reference to one) may assume it
    and has to say who asks."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Assume",
                "Effect": "Allow",
                "Principal": {"AWS": principal},
                "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
                "Condition": {"StringLike": {"sts:SourceIdentity": "*"}},
            },
            {
                "Sid": "Tag",
                "Effect": "Allow",
                "Principal": {"AWS": principal},
                "Action": "sts:TagSession",
            },
        ],
    }


def resources_of(row: Operation, partition: str, account: str, push: Push | None = None) -> tuple[str, ...]:
    """ARN patterns of a row; none where only ``push`` could name them."""
    named = {"${queue}": (push.queue,), "${trail_bucket}": push.trail_buckets} if push else {}
    found: list[str] = []
    for pattern in row.resource:
        filled = pattern.replace("${partition}", partition).replace("${account}", account)
        placeholder = next((one for one in ("${queue}", "${trail_bucket}") if one in filled), "")
        values = named.get(placeholder, ()) if placeholder else ("",)
        found += [filled.replace(placeholder, value) if placeholder else filled for value in values]
    return tuple(found)
