"""DET-07: what others set up so that findings do not come to sight; each is named, and judged by what it can hide."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from socconsole.formats.finding_types import kind_of_product, kind_of_types, normalise
from socconsole.model.estate.detection import ArchiveFilter, AutomationRule, Detection, Hiding, Insight, TrustedList
from socconsole.model.finding import Kind
from socconsole.model.known import Read
from socconsole.model.posture import Judged
from socconsole.posture.check import AnyCheck, Check, Context, Here, Said, here, weigh
from socconsole.text import clean

_KNOCKING: Final = "Recon:EC2/PortProbe"
"""How GuardDuty's types of somebody trying doors from outside begin: the one kind that a filter may take away unasked.
``Recon:EC2/Portscan`` is an instance that scans, ``Recon:IAMUser/…`` somebody with credentials."""

_CONTROLS: Final = frozenset({("EQUALS", "Security Hub"), ("EQUALS", "Config")})
"""Products, by the names that Security Hub gives its own findings and those of AWS Config."""


def nothing_hides(place: Here, context: Context) -> Judged:
    """DET-07."""
    part = context.part(Detection)
    hiding = part.hiding
    return weigh(
        [
            partial(_administered, "GuardDuty", part.administrator, context),
            partial(_hub_administered, part, context),
            partial(_filters, hiding),
            partial(_trusted, "trusted address lists", hiding.addresses),
            partial(_trusted, "trusted entity lists", hiding.entities),
            partial(_rules, hiding),
            partial(_rules_v2, hiding),
            partial(_insights, hiding),
        ]
    )


def _administered(what: str, above: Read[str], context: Context) -> Said:
    """An administrator's filters and rules hold for its members, who are not shown them."""
    account = above.get()
    if not account:
        return Said(True, f"nobody else administers {what} here")
    seen = account in context.own_accounts
    where = "looked at there" if seen else "what it hides is not seen from here"
    return Said(True if seen else None, f"account {account} administers {what} here: {where}")


def _hub_administered(part: Detection, context: Context) -> Said:
    hub = part.hub.get()
    if hub is None:
        return Said(True, "Security Hub is not enabled here")
    return _administered("Security Hub", hub.administrator, context)


# --- GuardDuty ----------------------------------------------------------------------------------------


def _filters(hiding: Hiding) -> Said:
    found = [one for one in hiding.filters.get() if one.archives]
    bad = [_filtered(one) for one in found if hides_threats(one)]
    if bad:
        return Said(False, f"filters of GuardDuty's that archive threats: {len(bad)}: {'; '.join(bad)}")
    return Said(True, f"no filter archives threats; what else archives: {_names(found)}")


def hides_threats(filter_: ArchiveFilter) -> bool:
    """Whatever GuardDuty finds is a threat; only a filter that is held to types of knocking hides none."""
    types = dict(filter_.criteria).get("type", ())
    return not types or not all(one.startswith(_KNOCKING) for one in types)


def _filtered(filter_: ArchiveFilter) -> str:
    said = [
        f"{field} {'=' if values else 'is compared'} {' or '.join(values)}".strip()
        for field, values in filter_.criteria
    ]
    return f"{clean(filter_.name, 64)} ({clean(' and '.join(said), 160) or 'everything'})"


def _trusted(what: str, lists: Read[tuple[TrustedList, ...]]) -> Said:
    active = [f"{clean(one.name, 64)} ({clean(one.location, 120)})" for one in lists.get() if one.active]
    if active:
        return Said(False, f"{what} of which GuardDuty makes no findings: {len(active)}: {'; '.join(active)}")
    return Said(True, f"no {what} in force")


# --- Security Hub -------------------------------------------------------------------------------------


def _rules(hiding: Hiding) -> Said:
    found = [one for one in hiding.rules.get() if one.enabled and one.hides]
    bad = [_ruled(one) for one in found if may_fit_threats(one)]
    if bad:
        return Said(False, f"rules of Security Hub's that take threats out of sight: {len(bad)}: {'; '.join(bad)}")
    return Said(True, f"no rule takes threats out of sight; what else hides: {_names(found)}")


def may_fit_threats(rule: AutomationRule) -> bool:
    """Unless one of its fields lets no threat through: other products', other kinds', or a control's findings."""
    return not any(_spares_threats(field, tests) for field, tests in rule.criteria)


def _spares_threats(field: str, tests: Sequence[tuple[str, str]]) -> bool:
    """All values of a field have to be such that no threat has them: one of them is enough to fit."""
    values = [value if comparison in ("EQUALS", "PREFIX") else None for comparison, value in tests]
    if not values or None in values:
        return False
    said = [value for value in values if value is not None]
    match field:
        case "ComplianceSecurityControlId" | "ComplianceAssociatedStandardsId" | "ComplianceStatus":
            return True  # only findings of controls have any
        case "ProductName":
            return all(test in _CONTROLS for test in tests)
        case "ProductArn":
            return all(kind_of_product(value) not in (None, Kind.THREAT) for value in said)
        case "Type":
            return all(kind_of_types((normalise(value),)) not in (None, Kind.THREAT) for value in said)
        case _:
            return False


def _ruled(rule: AutomationRule) -> str:
    said = [f"{field} {' or '.join(f'{how} {value}' for how, value in tests)}" for field, tests in rule.criteria]
    return f"{clean(rule.name, 64)} ({', '.join(rule.hides)}: {clean(' and '.join(said), 160) or 'everything'})"


def _rules_v2(hiding: Hiding) -> Said:
    """Of rules of the second version it is known that they hide; what they hide is not worked out."""
    names = [clean(one.name, 64) for one in hiding.rules_v2.get() if one.enabled and one.hides]
    if names:
        return Said(None, f"{', '.join(names)} take findings out of sight, and which is not worked out here")
    return Said(True, "no rule of Security Hub's second version hides anything")


def _insights(hiding: Hiding) -> Said:
    """They hide nothing themselves: where the hidden can be looked at."""
    return Said(True, f"insights on suppressed findings: {_names(hiding.insights.get())}")


def _names(found: Sequence[ArchiveFilter | AutomationRule | Insight]) -> str:
    return ", ".join(clean(one.name, 64) for one in found) or "none"


CHECKS: Final[tuple[AnyCheck, ...]] = (Check("DET-07", here, nothing_hides),)
