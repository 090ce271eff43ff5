"""Who a resource policy (a bucket's, a key's, a secret's, a function's) lets in. Pure.

AWS itself says whether a policy is public (``GetBucketPolicyStatus``); this reads who else is named in it,
which no call of AWS answers. Policy grammar: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.response.statement import NotAPolicy, parse, statements

_ACCOUNT: Final = re.compile(r"\d{12}")
_ARN: Final = re.compile(r"arn:[a-z-]+:(iam|sts)::(\d{12}):(.+)")

# AWS's own accounts, one a region, by which load balancers wrote their access logs before they had a service
# principal (Elastic Load Balancing User Guide, "Enable access logs"); bucket policies still name them. To deny them
# ends the record of who came in, which is the last thing wanted.
_LOAD_BALANCERS: Final = {
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-northeast-3": "383597477331",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-southeast-3": "589379963580",
    "ca-central-1": "985666609251",
    "cn-north-1": "638102146993",
    "cn-northwest-1": "037604701340",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-south-1": "635631232127",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-gov-east-1": "190560391635",
    "us-gov-west-1": "048591011584",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
}


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
            if kind == "Service" or account_of(principal) in _LOAD_BALANCERS.values():
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


def account_of(principal: str) -> str | None:
    """The account that a principal in a policy belongs to; None where its name does not tell."""
    if _ACCOUNT.fullmatch(principal):
        return principal
    arn = _ARN.fullmatch(principal)
    return arn[2] if arn else None
