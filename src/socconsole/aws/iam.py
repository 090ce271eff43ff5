"""Least-privilege IAM policies, generated from ``operations.toml``: what a role kind calls, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from socconsole.aws.operations import Operation, Role, table

_TITLES: Final[Mapping[str, str]] = {
    "read": "Read",
    "housekeeping": "Housekeeping",
    "workflow": "Workflow",
    "contain": "Contain",
}


def policy(role: Role, partition: str = "aws", account: str = "*", *, only: str = "") -> dict[str, Any]:
    """The identity policy of a role kind, as an IAM JSON document.

    One statement for each effect and set of resources, everything sorted, so that two versions can be
    compared. With ``only`` (an ARN) every statement whose rows name resources of that service is narrowed to
    it, and changes to anything else fall away: the session policy of one action.
    """
    groups: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for row in table().values():
        if role not in row.roles:
            continue
        resources = _resources(row, partition, account)
        if only and resources != ("*",):
            if row.effect != "read" and only.split(":")[2:3] != [row.service]:
                continue
            if only.split(":")[2:3] == [row.service]:
                resources = (only,)
        groups.setdefault((str(row.effect), resources), set()).update(row.iam)
    statements = [
        {
            "Sid": f"{_TITLES[effect]}{number}",
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": list(resources) if len(resources) > 1 else resources[0],
        }
        for number, ((effect, resources), actions) in enumerate(sorted(groups.items()), start=1)
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def trust(principal: str) -> dict[str, Any]:
    """The trust policy of any of our roles: ``principal`` (an ARN) may assume it and has to say who asks."""
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


def _resources(row: Operation, partition: str, account: str) -> tuple[str, ...]:
    return tuple(pattern.replace("${partition}", partition).replace("${account}", account) for pattern in row.resource)
