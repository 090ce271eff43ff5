"""Who a resource policy (a bucket's, a key's, a secret's, a function's) lets in. Pure.

AWS itself says whether a policy is public (``GetBucketPolicyStatus``); this reads who else is named in it,
which no call of AWS answers. Policy grammar: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from socconsole.posture.principals import LOAD_BALANCERS, account_of
from socconsole.response.statement import NotAPolicy, parse, statements


@dataclass(frozen=True, slots=True)
class Reach:
    """The Allow statements of a policy, by whom they let in."""

    anyone: int
    """Statements for everyone, without any condition."""
    anyone_if: int
    """Statements for everyone, under a condition (an address, an organisation, an endpoint …)."""
    outside: tuple[str, ...]
    """Principals of strangers' accounts, as the policy names them; untrusted text."""
    inside: int
    """Principals of the resource's own account."""
    family: tuple[str, ...]
    """Principals of other accounts of the same owner; untrusted text."""
    services: tuple[str, ...]
    """AWS services, and the accounts by which load balancers write their logs; untrusted text."""
    unreadable: bool = False
    """The document is not a policy that we understand."""


def reach(policy: str | None, account: str, own: Collection[str] = ()) -> Reach:
    """Who is let in by ``policy``, the JSON text AWS returned (None: there is none).

    ``account`` owns the resource; ``own`` are further accounts of the same owner.
    """
    if policy is None:
        return Reach(0, 0, (), 0, (), ())
    try:
        found = statements(parse(policy))
    except NotAPolicy:
        return Reach(0, 0, (), 0, (), (), unreadable=True)
    anyone = anyone_if = inside = 0
    outside: dict[str, None] = {}
    family: dict[str, None] = {}
    services: dict[str, None] = {}
    for statement in found:
        if statement.get("Effect") != "Allow":
            continue
        for kind, principal in _principals(statement):
            if kind == "Service" or account_of(principal) in LOAD_BALANCERS:
                services[principal] = None
            elif principal == "*":
                if statement.get("Condition"):
                    anyone_if += 1
                else:
                    anyone += 1
            elif kind == "AWS" and account_of(principal) == account:
                inside += 1
            elif kind == "AWS" and account_of(principal) in own:
                family[principal] = None
            else:
                outside[principal] = None
    return Reach(anyone, anyone_if, tuple(outside), inside, tuple(family), tuple(services))


def _principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, principal) of a statement. Allowing all but some (``NotPrincipal``) is allowing everyone."""
    if "NotPrincipal" in statement:
        yield "AWS", "*"
        return
    principal = statement.get("Principal")
    if isinstance(principal, str):
        yield "AWS", principal
    elif isinstance(principal, dict):
        for kind, names in principal.items():
            for name in [names] if isinstance(names, str) else names:
                yield str(kind), str(name)
