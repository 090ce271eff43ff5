"""Who from outside the house a resource's policy lets in. Pure.

What a condition means for this is known of some keys only. Where another one stands between a stranger and the
resource the answer is *undecided*: neither harmless nor open.

Sources: IAM User Guide, "AWS JSON policy elements: Principal", "AWS global condition context keys"; S3 User Guide,
"The meaning of public"; KMS Developer Guide, "AWS KMS condition keys" (``kms:CallerAccount``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from socconsole.model.estate.governance import Governance
from socconsole.model.estate.policy import EVERYBODY, Condition, Policy, Principal, Statement, covers
from socconsole.model.known import Known, Read, Unread
from socconsole.posture.check import Context

_ACCOUNT: Final = re.compile(r"\d{12}")
_ARN: Final = re.compile(r"arn:[a-z-]+:(?:iam|sts)::(\d{12}):(.+)")
_CLUSTER: Final = re.compile(r"arn:[a-z-]+:iam::(\d{12}):oidc-provider/oidc\.eks\.[a-z0-9-]+\.amazonaws\.com.*")
_SAML: Final = re.compile(r"arn:[a-z-]+:iam::(\d{12}):saml-provider/.+")


class Kind(StrEnum):
    ANYONE = "anyone"
    ACCOUNT = "account"
    SERVICE = "service"
    """An AWS service that is not held to our own resources: it may act for a stranger (the confused deputy)."""
    UNNAMED = "unnamed"
    """Somebody whose account the name does not tell: a canonical user, a federation, a deleted principal's id."""


@dataclass(frozen=True, slots=True)
class House:
    """Who is no stranger."""

    accounts: frozenset[str]
    organisation: Read[str | None]
    """``o-a1b2c3``; None: the account is in none. Only asked for where a policy relies on it."""


@dataclass(frozen=True, slots=True)
class Let:
    """One outsider whom one statement lets in, and what it allows them."""

    kind: Kind
    name: str
    """As the policy has it; ``*`` for anyone. Printable."""
    account: str
    """Twelve digits; empty where the name tells none."""
    actions: tuple[str, ...]
    """Patterns; ``not:`` before those of a ``NotAction``."""
    doubt: str = ""
    """Why it is undecided, printable; empty: it is let in."""
    conditions: tuple[str, ...] = ()
    """Under which, printable."""

    @property
    def words(self) -> str:
        who = "everybody" if self.kind is Kind.ANYONE else self.name
        said = f"allows {who} {', '.join(self.actions[:4])}{' …' if len(self.actions) > 4 else ''}"
        return f"{said}, undecided: {self.doubt}" if self.doubt else said


def outsiders(policy: Policy, house: House, service: str, resources: Sequence[str] = ("*",)) -> tuple[Let, ...]:
    """Everyone outside ``house`` whom ``policy`` lets in or may let in, in the order of its statements.

    ``service`` (``s3``) and ``resources`` (ARN patterns: a bucket and its objects) are all that the policy can be
    about: what a lone ``*`` means there, and what a Deny has to reach to take back such an Allow.
    """
    found: dict[Let, None] = {}
    for statement in policy.allows:
        denies = [one for one in policy.denies if _takes_back(one, statement, service, resources)]
        for let in _let(statement, house):
            if not any(_meant(deny, let, house) for deny in denies):
                found[let] = None
    return tuple(found)


def house(context: Context) -> House:
    """Accounts and the organisation that are no strangers to this place."""
    organisation = context.part(Governance).organisation
    own = context.own_accounts | {context.place.account}
    if isinstance(organisation, Unread):
        return House(own, organisation)
    found = organisation.get()
    return House(own, Known(found.id if found else None))


def account_of(principal: str) -> str | None:
    """The account that a principal in a policy belongs to; None where its name does not tell."""
    if _ACCOUNT.fullmatch(principal):
        return principal
    arn = _ARN.fullmatch(principal)
    return arn[1] if arn else None


# ---- what an Allow lets in


def _let(statement: Statement, house: House) -> Iterator[Let]:
    actions = statement.actions or tuple(f"not:{one}" for one in statement.not_actions)
    # To allow all but some is to allow everyone.
    for principal in (EVERYBODY,) if statement.not_principals else statement.principals:
        who = stranger(principal, house)
        if who is None:
            continue
        kind, account, doubt = who
        confined = [_confines(one, kind, house) for one in statement.conditions]
        if True in confined:
            continue
        doubts = [one for one in (doubt, *(one for one in confined if isinstance(one, str))) if one]
        conditions = tuple(str(one) for one in statement.conditions)
        yield Let(kind, principal.value, account, actions, "; ".join(doubts), conditions)


def stranger(principal: Principal, house: House) -> tuple[Kind, str, str] | None:
    """(kind, account or nothing, why it is undecided or nothing); None: one of the house."""
    name = principal.value
    if principal.kind == "Service":
        return Kind.SERVICE, "", ""
    if principal.kind == "Federated":
        own = _CLUSTER.fullmatch(name) or _SAML.fullmatch(name)
        if own and own[1] in house.accounts:
            return None
        return Kind.UNNAMED, "", "whom the identity provider vouches for is not worked out"
    if principal.kind == "AWS":
        if "*" in name and not name.startswith("arn:"):
            return Kind.ANYONE, "", ""
        account = account_of(name)
        if account in LOAD_BALANCERS:
            return Kind.SERVICE, account, ""
        if account:
            return None if account in house.accounts else (Kind.ACCOUNT, account, "")
    return Kind.UNNAMED, "", "its name does not tell whose it is"


Confines = bool | str
"""True: only those of the house come through; False: it keeps no stranger out; words: nobody here can tell."""


def _confines(condition: Condition, kind: Kind, house: House) -> Confines:
    """What one condition of an Allow does to a stranger. A key that may be missing keeps nobody out."""
    judge = _OF_THE_CALLER.get(condition.key) or _OF_THE_SOURCE.get(condition.key)
    if kind is Kind.SERVICE and condition.key.startswith("kms:encryptioncontext:") and condition.key.endswith("arn"):
        judge = _own_arn  # a service puts in what it acts for; anybody else puts in what they like
    if judge is not None and condition.operator.removeprefix("ForAnyValue:") in _EQUAL:
        said = [judge(value, condition.operator, house) for value in condition.values]
        return next((one for one in said if one is not True), True)
    if condition.key in _OF_THE_WAY:
        return False
    if condition.key == "aws:sourceip" and (kind is not Kind.ANYONE or _THE_WORLD & set(condition.values)):
        return False
    return f"whether {condition} keeps strangers out is not known"


_EQUAL: Final = frozenset({"StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnEquals", "ArnLike"})
"""``…IfExists`` and ``ForAllValues:`` hold where the key is missing, and are not among them."""

_THE_WORLD: Final = frozenset({"0.0.0.0/0", "::/0"})

_OF_THE_WAY: Final = frozenset(
    {
        "aws:securetransport", "s3:tlsversion", "s3:authtype", "s3:signatureversion", "s3:prefix", "s3:delimiter",
        "s3:max-keys", "s3:x-amz-acl", "s3:x-amz-server-side-encryption", "aws:useragent", "aws:referer",
        "aws:requestedregion", "aws:resourceaccount", "s3:resourceaccount", "sts:externalid", "kms:viaservice",
        "kms:grantisforawsresource",
    }
)  # fmt: skip
"""Keys that say how or for what one comes, which a stranger can do as well as anybody."""


def _own_account(value: str, operator: str, house: House) -> Confines:
    return value in house.accounts


def _own_arn(value: str, operator: str, house: House) -> Confines:
    """Its fifth part is the account. ``Arn…`` operators compare part by part; to others a ``*`` is any text, colons
    included, so that one before the account says nothing about it."""
    parts = value.split(":", 5)
    if len(parts) < 6:
        return f"whose {value} is its name does not tell" if value.strip("*") else False
    if operator.endswith(("ArnLike", "ArnEquals")) or "*" not in "".join(parts[:4]):
        if _ACCOUNT.fullmatch(parts[4]):
            return parts[4] in house.accounts
        if parts[4] == "*":
            return False
    return f"whose {value} is its name does not tell"


def _own_organisation(value: str, operator: str, house: House) -> Confines:
    """Of a path (``o-a1/r-2/ou-3/``) the first part counts."""
    named = value.partition("/")[0]
    if "*" in named or "?" in named:
        return False
    if isinstance(house.organisation, Known):
        return named == house.organisation.value
    return f"whether {named} is this organisation was not read"


Judge = Callable[[str, str, House], Confines]
"""Of one value under one operator."""

_OF_THE_CALLER: Final[Mapping[str, Judge]] = {
    "aws:principalaccount": _own_account,
    "aws:principalarn": _own_arn,
    "aws:principalorgid": _own_organisation,
    "aws:principalorgpaths": _own_organisation,
    "kms:calleraccount": _own_account,
}
_OF_THE_SOURCE: Final[Mapping[str, Judge]] = {
    "aws:sourceaccount": _own_account,
    "aws:sourceowner": _own_account,
    "aws:sourcearn": _own_arn,
    "aws:sourceorgid": _own_organisation,
    "aws:sourceorgpaths": _own_organisation,
    "aws:vpceaccount": _own_account,
    "aws:vpceorgid": _own_organisation,
    "aws:vpceorgpaths": _own_organisation,
}


# ---- what a Deny takes back


def _takes_back(deny: Statement, allow: Statement, service: str, resources: Sequence[str]) -> bool:
    """Whether the Deny reaches all that the Allow gives."""
    everything = f"{service}:*"
    actions = [everything if one == "*" else one for one in allow.actions] or [everything]
    reached = resources if not allow.resources or "*" in allow.resources else allow.resources
    return all(deny.acts_on(one) for one in actions) and all(deny.reaches(one) for one in reached)


def _meant(deny: Statement, let: Let, house: House) -> bool:
    """Whether the Deny is surely about whoever was let in. Every condition of it has to hold for them."""
    return _named(deny, let, house) and all(_holds(one, let, house) for one in deny.conditions)


def _named(deny: Statement, let: Let, house: House) -> bool:
    if deny.not_principals:
        return all(stranger(one, house) is None for one in deny.not_principals)
    return any(one == EVERYBODY or _same(one.value, let) for one in deny.principals)


def _same(name: str, let: Let) -> bool:
    """A Deny of an account is one of all its principals."""
    whole = bool(_ACCOUNT.fullmatch(name)) or name.endswith(":root")
    return name == let.name or (whole and bool(let.account) and account_of(name) == let.account)


def _holds(condition: Condition, let: Let, house: House) -> bool:
    operator, key = condition.operator, condition.key
    if key == "aws:principalisawsservice" and set(condition.values) == {"false"}:
        return operator in ("Bool", "BoolIfExists") and let.kind in (Kind.ACCOUNT, *_BARE[operator == "BoolIfExists"])
    if let.kind is Kind.SERVICE or key not in _OF_THE_CALLER:
        return False
    if operator.removesuffix("IfExists").removeprefix("ForAllValues:") in _UNEQUAL:  # also where the key is missing
        return all(_OF_THE_CALLER[key](one, operator.replace("Not", ""), house) is True for one in condition.values)
    if operator not in _EQUAL or not let.account:
        return False
    if key == "aws:principalaccount":
        return let.account in condition.values
    return key == "aws:principalarn" and covers(condition.values, _principal_arn(let))


_UNEQUAL: Final = frozenset(one.replace("Equals", "NotEquals").replace("Like", "NotLike") for one in _EQUAL)

_BARE: Final[Mapping[bool, tuple[Kind, ...]]] = {True: (Kind.ANYONE, Kind.UNNAMED), False: ()}
"""Who may come without any key of their own, as an anonymous request does: only ``IfExists`` holds for them."""


def _principal_arn(let: Let) -> str:
    """``aws:PrincipalArn`` as it will be: a role's where a session of it is named; any of the account's for all."""
    arn = _ARN.fullmatch(let.name)
    if arn and let.name.split(":")[2] == "iam" and arn[2] != "root":
        return let.name
    return f"{let.name.partition(':iam:')[0] if arn and ':iam:' in let.name else 'arn:aws'}:iam::{let.account}:*"


# AWS's own accounts, one a region, by which load balancers wrote their access logs before they had a service
# principal (Elastic Load Balancing User Guide, "Enable access logs"); bucket policies still name them.
LOAD_BALANCERS: Final = frozenset(
    {
        "098369216593", "754344448648", "582318560864", "600734575887", "383597477331", "718504428378",
        "114774131450", "783225319266", "589379963580", "985666609251", "638102146993", "037604701340",
        "054676820928", "897822967062", "635631232127", "156460612806", "652711504416", "009996457667",
        "076674570225", "507241528517", "127311923021", "033677994240", "190560391635", "048591011584",
        "027434742980", "797873946194",
    }
)  # fmt: skip
