"""What a role's own policies let it do, as far as they tell by themselves. Pure.

What they tell is never less than the truth about the role's policies: a Deny that may not apply takes nothing back, a
condition that nobody here can decide is named and left open. Policies of buckets and keys may give a role more, SCPs
may take from it. Sources: IAM User Guide, "Policy evaluation logic", "Permissions boundaries for IAM entities".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from socconsole.model.estate.policy import Policy, Statement, covers, overlaps
from socconsole.model.estate.roles import Permissions
from socconsole.posture.check import Said

_FULL: Final = re.compile(r"(AdministratorAccess|PowerUserAccess|\w+FullAccess)")
"""AWS's managed policies that allow all of a service, or of all services."""
_SERVICE_WIDE: Final = re.compile(r"[*?]*\*[*?]*|[a-z0-9*?-]+:[*?]*\*[*?]*", re.IGNORECASE)
_WILD: Final = re.compile(r"[*?/:]*\*[*?/:]*")
_TYPE: Final = re.compile(r"[A-Za-z-]+[/:]")

_DATA: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "s3": ("arn:aws:s3:::*", ("s3:GetObject", "s3:GetObjectVersion")),
    "kms": ("arn:aws:kms:*:*:key/*", ("kms:Decrypt",)),
    "dynamodb": (
        "arn:aws:dynamodb:*:*:table/*",
        ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:GetRecords",
         "dynamodb:PartiQLSelect", "dynamodb:ExportTableToPointInTime"),
    ),
    "secretsmanager": ("arn:aws:secretsmanager:*:*:secret:*", ("secretsmanager:GetSecretValue",)),
}  # fmt: skip
"""Service → all that it keeps, and the actions that read it."""


# ---- too much


def narrow(permissions: Permissions) -> Said:
    """Whether the role has no policy that allows a whole service, or all of them, on everything."""
    full = [
        one.name
        for one in permissions.policies
        if one.arn.startswith("arn:aws:iam::aws:") and _FULL.fullmatch(one.name)
    ]
    if full:
        return Said(False, f"its role {_name(permissions)} has {', '.join(full)}")
    return _said(permissions, list(_wide(permissions)), "no whole service on everything")


def _wide(permissions: Permissions) -> Iterator[tuple[str, Statement]]:
    for one in permissions.policies:
        for statement in one.policy.allows:
            actions = [
                one for one in statement.actions if _SERVICE_WIDE.fullmatch(one) and _on_everything(statement, one)
            ]
            if statement.not_actions and _on_everything(statement, "*"):
                actions = [f"all but {', '.join(statement.not_actions)}"]
            if actions:
                yield f"{one.name} allows {', '.join(actions)} on everything", statement


def not_everywhere(permissions: Permissions, action: str) -> Said:
    """Whether the role may not do ``action`` on all that its service has, or all of a kind in an account."""
    found = [
        (f"{one.name} allows {action} on everything", statement)
        for one in permissions.policies
        for statement in one.policy.allows
        if statement.touches(action) and _on_everything(statement, action)
    ]
    return _said(permissions, found, f"no {action} on everything", action)


def _on_everything(statement: Statement, action: str) -> bool:
    """All but some is everything too."""
    service = action.partition(":")[0]
    return bool(statement.not_resources) or any(_everything(one, service) for one in statement.resources)


def _everything(pattern: str, service: str) -> bool:
    """Whether an ARN pattern stands for all of a service, or all of one kind (``endpoint/*``); of S3, all buckets."""
    parts = pattern.split(":", 5)
    if len(parts) < 6:  # its wildcard stands for whole sections
        return "*" in pattern
    name = parts[5] if overlaps(parts[2], "s3") else _TYPE.sub("", parts[5], count=1)
    return overlaps(parts[2], service) and _WILD.fullmatch(name) is not None


def _said(permissions: Permissions, found: list[tuple[str, Statement]], harmless: str, action: str = "") -> Said:
    if not found:
        return Said(True, f"its role {_name(permissions)} is allowed {harmless}")
    found = sorted(found, key=lambda one: bool(one[1].conditions))  # what is sure comes first
    words = f"its role {_name(permissions)}: " + "; ".join(_if(said, one) for said, one in found[:4])
    if permissions.boundary is not None:
        if _bounded(permissions.boundary, action):
            return Said(True, f"{words}, but its boundary does not")
        words += ", and so does its boundary"
    return Said(False if any(not one.conditions for _, one in found) else None, words)


def _bounded(boundary: Policy, action: str) -> bool:
    """Surely: none of its Allows is as wide, whatever its Denies say."""
    for statement in boundary.allows:
        wide = (
            [action]
            if action and statement.touches(action)
            else list(filter(_SERVICE_WIDE.fullmatch, statement.actions))
        )
        wide += ["*"] if statement.not_actions else []
        if any(_on_everything(statement, one) for one in wide):
            return False
    return True


def _if(words: str, statement: Statement) -> str:
    return f"{words} if {' and '.join(map(str, statement.conditions))}" if statement.conditions else words


def _name(permissions: Permissions) -> str:
    return permissions.role.rpartition("/")[2]


# ---- what it may read


def readable(permissions: Permissions) -> tuple[str, ...]:
    """ARN patterns of objects, keys, tables and secrets that the role's policies let it read; printable.

    Behind a pattern stands what narrows it: ``if …`` for conditions, ``but not …`` for a Deny of a part.
    """
    found = (
        pattern
        for one in permissions.policies
        for statement in one.policy.allows
        for everything, reads in _DATA.values()
        for pattern in _patterns(permissions, statement, everything, reads)
    )
    return tuple(dict.fromkeys(found))


def _patterns(permissions: Permissions, allow: Statement, everything: str, reads: tuple[str, ...]) -> Iterator[str]:
    actions = [one for one in reads if allow.touches(one)]
    if not actions:
        return
    named = [one for one in allow.resources if overlaps(one, everything)]
    for resource in [everything] if allow.not_resources else named:
        pattern = everything if covers([resource], everything) else resource
        denies = [deny for one in permissions.policies for deny in one.policy.denies]
        if any(_takes_back(deny, actions, pattern) for deny in denies):
            continue
        if permissions.boundary is not None and not _within(permissions.boundary, actions, pattern):
            continue
        partly = [part for deny in denies if any(map(deny.touches, actions)) for part in _parts(deny, pattern)]
        but = [f"but not {part}" for part in (*allow.not_resources, *partly)]
        yield _if(" ".join((pattern, *dict.fromkeys(but))), allow)


def _takes_back(deny: Statement, actions: list[str], pattern: str) -> bool:
    return not deny.conditions and all(map(deny.acts_on, actions)) and deny.reaches(pattern)


def _within(boundary: Policy, actions: list[str], pattern: str) -> bool:
    return any(
        any(map(one.touches, actions))
        and (bool(one.not_resources) or any(overlaps(each, pattern) for each in one.resources))
        for one in boundary.allows
    )


def _parts(deny: Statement, pattern: str) -> list[str]:
    if deny.not_resources:
        return [_if(f"outside {', '.join(deny.not_resources)}", deny)]
    return [_if(one, deny) for one in deny.resources if overlaps(one, pattern)]
