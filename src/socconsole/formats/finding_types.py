"""Finding types in one spelling, and the kind of statement a finding makes.

GuardDuty's own form is ``Purpose:Resource/Name``. Inside ASFF the slash became a hyphen or a dot behind a
namespace (``TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce``), the purpose may be lost to the
category (``TTPs/Discovery/IAMUser-AnomalousBehavior``), and a line break may stand in the middle. The list of
types is open, so nothing here knows one by name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Final

from socconsole.formats.fields import plain, token
from socconsole.model.finding import Kind

TYPES_LIMIT: Final = 64

_PURPOSED: Final = re.compile(r"(?:^|/)([A-Za-z]{3,40}):([A-Za-z0-9]{2,40})[/. -]([^/\s][^/]*)$")
_CATEGORISED: Final = re.compile(
    r"^(?:TTPs|Effects|Unusual Behaviors)/([A-Za-z ]+)/([A-Z][A-Za-z0-9]*)-([A-Z][^/]*)$", re.I
)
_NATIVE: Final = re.compile(r"[A-Za-z]{3,40}:[A-Za-z0-9]{2,40}/[^/\s]+")


@functools.lru_cache(4096)
def normalise(text: str, guardduty: bool = False) -> str:
    """``Purpose:Resource/Name`` where ``text`` holds one, else ``text`` as a token.

    Only of ``guardduty`` records can a category stand for a lost purpose: ``Effects/Data Exposure/PCI-DSS``
    looks the same and is a control.
    """
    kept = token(text) or ""
    if found := _PURPOSED.search(kept):
        return f"{found[1]}:{found[2]}/{found[3]}"
    if guardduty and (found := _CATEGORISED.match(kept)):
        return f"{found[1].title().replace(' ', '')}:{found[2]}/{found[3]}"
    return kept


def is_native(finding_type: str) -> bool:
    """Whether a normalised type has GuardDuty's form (Macie and Inspector write some in it too)."""
    return _NATIVE.fullmatch(finding_type) is not None


def normalised(values: Iterable[object], *, guardduty: bool = False) -> tuple[str, ...]:
    """Each type once, in order of appearance."""
    found: dict[str, None] = {}
    for value in values:
        if name := plain(value, 256):
            found[normalise(name, guardduty)] = None
            if len(found) >= TYPES_LIMIT:
                break
    found.pop("", None)
    return tuple(found)


_THREAT_NAMESPACES: Final = ("ttps", "unusual behaviors", "threat")
_CONTROL_WORDS: Final = (
    "industry and regulatory standards",
    "aws security best practices",
    "network reachability",
    "posture management",
)


@functools.lru_cache(4096)
def _namespace_kind(finding_type: str) -> Kind | None:
    lower = finding_type.lower()
    if lower.startswith(_THREAT_NAMESPACES):
        return Kind.THREAT
    if "vulnerabilities" in lower:
        return Kind.VULNERABILITY
    if lower.startswith(("sensitive data", "sensitivedata:")):
        return Kind.DATA
    if any(word in lower for word in _CONTROL_WORDS):
        return Kind.CONTROL
    if is_native(finding_type) or lower.startswith("effects"):
        return Kind.THREAT
    if lower.startswith("software and configuration checks"):
        return Kind.SOFTWARE
    return None


def states_a_threat(finding_type: str) -> bool:
    """Tactics, unusual behaviours and GuardDuty's own types; ``Effects`` alone also classify controls."""
    return finding_type.lower().startswith(_THREAT_NAMESPACES) or (
        is_native(finding_type) and _namespace_kind(finding_type) is Kind.THREAT
    )


_URGENCY: Final = (Kind.THREAT, Kind.VULNERABILITY, Kind.DATA, Kind.CONTROL, Kind.SOFTWARE)


def kind_of_types(types: Sequence[str]) -> Kind | None:
    """The most urgent kind that any of the types states; None when none of them says."""
    kinds = {_namespace_kind(each) for each in types}
    return next((kind for kind in _URGENCY if kind in kinds), None)


_PRODUCT_KINDS: Final = {
    "guardduty": Kind.THREAT,
    "macie": Kind.DATA,
    "inspector": Kind.VULNERABILITY,
    "access-analyzer": Kind.CONTROL,
    "securityhub": Kind.CONTROL,
    "config": Kind.CONTROL,
    "firewall-manager": Kind.CONTROL,
    "ssm-patch-manager": Kind.VULNERABILITY,
    "health": Kind.OTHER,
}


def kind_of_product(product_arn: str) -> Kind | None:
    """What an AWS product says in general (``…::product/aws/<name>``)."""
    _, aws, name = product_arn.lower().rpartition("/aws/")
    return _PRODUCT_KINDS.get(name) if aws else None
