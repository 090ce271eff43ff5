"""A Deny for who is not of the house: strangers' accounts that a resource policy names, or everyone. Pure.

It stands on Principal ``*`` and matches ``aws:PrincipalArn`` or ``aws:PrincipalAccount``, so that a principal
that was deleted meanwhile cannot fail the write (IAM User Guide, "AWS global condition context keys": for an
assumed role ``aws:PrincipalArn`` is the role's ARN, with its path).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from socconsole.posture.principals import account_of

_ARN: Final = re.compile(r"arn:[a-z-]+:(iam|sts)::(\d{12}):(.+)")


def patterns(principals: Sequence[str], partition: str) -> tuple[str, ...] | None:
    """What ``aws:PrincipalArn`` is matched with; None for one that it cannot be (a canonical user, a federation).

    A whole account, and a session (whose role's path its ARN does not tell), is denied by account.
    """
    found: dict[str, None] = {}
    for principal in principals:
        account = account_of(principal)
        if account is None:
            return None
        arn = _ARN.fullmatch(principal)
        exact = arn is not None and arn[1] == "iam" and arn[3] != "root" and "*" not in arn[3]
        found[principal if exact else f"arn:{partition}:iam::{account}:*"] = None
    return tuple(found)


def named(found: Sequence[str]) -> Mapping[str, Any]:
    """The condition that holds for principals of ``patterns``."""
    return {"ArnLike": {"aws:PrincipalArn": list(found)}}


def strangers(accounts: Collection[str]) -> Mapping[str, Any]:
    """The condition that holds for everyone outside ``accounts``, AWS's own services excepted.

    ``IfExists``: an anonymous request carries no keys at all, and has to match.
    """
    return {
        "StringNotEquals": {"aws:PrincipalAccount": sorted(accounts)},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
