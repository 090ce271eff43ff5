"""What others set up that keeps findings from whoever looks: filters, trusted lists, rules, and views on the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from socconsole.collectors.posture.asking import Asking
from socconsole.model.estate.detection import ArchiveFilter, AutomationRule, Hiding, Insight, TrustedList
from socconsole.model.known import Known, Read, Unread, whole
from socconsole.text import Untrusted, token

_HIDING: Final = ("SUPPRESSED", "RESOLVED")
"""Workflow states in which a finding is in nobody's queue."""
_SMALL: Final = ("INFORMATIONAL", "LOW")
_HIDING_V2: Final = {
    "StatusId": ("status", {3: "Suppressed", 4: "Resolved", 5: "Archived"}),
    "SeverityId": ("severity", {1: "Informational", 2: "Low"}),
}
"""The same by OCSF's ``status_id`` and ``severity_id`` of findings."""
_ASKED: Final = 100
"""Rules in one ``BatchGetAutomationRules``."""

T = TypeVar("T")


async def hiding(asking: Asking, detectors: Read[tuple[str, ...]]) -> Hiding:
    """Everything of the place; ``detectors`` are the ids of GuardDuty's here."""

    async def below(read: Callable[[str], Awaitable[Read[tuple[T, ...]]]]) -> Read[tuple[T, ...]]:
        if isinstance(detectors, Unread):
            return detectors
        return _joined(await asking.each(detectors.get(), read))

    async def trusted(detector: str, kind: str, ids: str, parameter: str) -> Read[tuple[TrustedList, ...]]:
        return await _trusted(asking, detector, kind, ids, parameter)

    return Hiding(
        filters=await below(lambda one: _filters(asking, one)),
        addresses=await below(lambda one: trusted(one, "IPSet", "IpSetIds", "IpSetId")),
        entities=await below(lambda one: trusted(one, "TrustedEntitySet", "TrustedEntitySetIds", "TrustedEntitySetId")),
        rules=await _rules(asking),
        rules_v2=await _rules_v2(asking),
        insights=await _insights(asking),
    )


def _joined(parts: Iterable[Read[tuple[T, ...]]]) -> Read[tuple[T, ...]]:
    found = whole(parts)
    return found if isinstance(found, Unread) else Known(tuple(one for part in found.get() for one in part))


# --- GuardDuty ----------------------------------------------------------------------------------------


async def _filters(asking: Asking, detector: str) -> Read[tuple[ArchiveFilter, ...]]:
    named = {"DetectorId": detector}
    names = await asking.all("guardduty:ListFilters", named, lambda page: [str(one) for one in page["FilterNames"]])
    if isinstance(names, Unread):
        return names

    async def one(name: str) -> Read[tuple[ArchiveFilter, ...]]:
        asked = {**named, "FilterName": name}
        return await asking.one("guardduty:GetFilter", asked, lambda answer: (_filter(name, answer),))

    return _joined(await asking.each(names.get(), one))


def _filter(name: str, answer: Mapping[str, Any]) -> ArchiveFilter:
    criteria = answer["FindingCriteria"]["Criterion"].items()
    return ArchiveFilter(
        name=Untrusted(name),
        archives=answer["Action"] != "NOOP",
        criteria=tuple((token(field), _equals(how)) for field, how in criteria),
    )


def _equals(how: Mapping[str, Any]) -> tuple[str, ...]:
    """Values of a plain equality, under its present or its deprecated name; anything else is not read as one."""
    values = [*(how.get("Equals") or ()), *(how.get("Eq") or ())]
    others = {key for key, value in how.items() if value} - {"Equals", "Eq"}
    return () if others else tuple(token(value) for value in values)


async def _trusted(asking: Asking, detector: str, kind: str, ids: str, parameter: str) -> Read[tuple[TrustedList, ...]]:
    named = {"DetectorId": detector}
    found = await asking.all(f"guardduty:List{kind}s", named, lambda page: [str(one) for one in page[ids]])
    if isinstance(found, Unread):
        return found

    async def one(ident: str) -> Read[tuple[TrustedList, ...]]:
        return await asking.one(f"guardduty:Get{kind}", {**named, parameter: ident}, lambda answer: (_list(answer),))

    return _joined(await asking.each(found.get(), one))


def _list(answer: Mapping[str, Any]) -> TrustedList:
    """While it is being switched on or off it may be in force."""
    return TrustedList(
        name=Untrusted(str(answer["Name"])),
        location=Untrusted(str(answer["Location"])),
        active=answer["Status"] in ("ACTIVE", "ACTIVATING", "DEACTIVATING"),
    )


# --- Security Hub -------------------------------------------------------------------------------------


async def _rules(asking: Asking) -> Read[tuple[AutomationRule, ...]]:
    arns = await asking.all(
        "securityhub:ListAutomationRules",
        {},
        lambda page: [str(one["RuleArn"]) for one in page["AutomationRulesMetadata"]],
        none=Known(()),
    )
    if isinstance(arns, Unread):
        return arns

    async def some(part: Sequence[str]) -> Read[tuple[AutomationRule, ...]]:
        asked = {"AutomationRulesArns": list(part)}
        return await asking.one("securityhub:BatchGetAutomationRules", asked, lambda answer: _all_of(part, answer))

    parts = [arns.get()[start : start + _ASKED] for start in range(0, len(arns.get()), _ASKED)]
    return _joined(await asking.each(parts, some))


def _all_of(asked: Sequence[str], answer: Mapping[str, Any]) -> tuple[AutomationRule, ...]:
    """Raises ``ValueError`` where not every rule was told: what one of them hides nobody would know."""
    if answer.get("UnprocessedAutomationRules") or len(answer["Rules"]) != len(asked):
        raise ValueError("not all rules were told")
    return tuple(
        AutomationRule(
            name=Untrusted(str(rule["RuleName"])),
            enabled=rule["RuleStatus"] == "ENABLED",
            hides=tuple(_hidden(rule["Actions"])),
            criteria=tuple(
                (token(field), tuple((token(one.get("Comparison")), token(one.get("Value"))) for one in listed))
                for field, listed in rule["Criteria"].items()
                if listed
            ),
        )
        for rule in answer["Rules"]
    )


def _hidden(actions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Put away, or made so small that nobody looks."""
    for action in actions:
        update = action.get("FindingFieldsUpdate") or {}
        status = (update.get("Workflow") or {}).get("Status")
        if status in _HIDING:
            yield f"workflow {status}"
        label = (update.get("Severity") or {}).get("Label")
        if label in _SMALL:
            yield f"severity {label}"


async def _rules_v2(asking: Asking) -> Read[tuple[AutomationRule, ...]]:
    """None where Security Hub's second version is not enabled."""
    on = await asking.one("securityhub:DescribeSecurityHubV2", {}, lambda answer: True, none=Known(False))
    if isinstance(on, Unread):
        return on
    if not on.get():
        return Known(())
    ids = await asking.all(
        "securityhub:ListAutomationRulesV2", {}, lambda page: [str(one["RuleId"]) for one in page["Rules"]]
    )
    if isinstance(ids, Unread):
        return ids

    async def one(ident: str) -> Read[tuple[AutomationRule, ...]]:
        return await asking.one("securityhub:GetAutomationRuleV2", {"Identifier": ident}, _rule_v2)

    return _joined(await asking.each(ids.get(), one))


def _rule_v2(answer: Mapping[str, Any]) -> tuple[AutomationRule, ...]:
    """Its criteria are a tree of OCSF conditions; what they let through is not worked out here."""
    updates = [action.get("FindingFieldsUpdate") or {} for action in answer["Actions"]]
    hides = tuple(
        f"{what} {ids[one[field]]}"
        for one in updates
        for field, (what, ids) in _HIDING_V2.items()
        if one.get(field) in ids
    )
    return (AutomationRule(Untrusted(str(answer["RuleName"])), answer["RuleStatus"] == "ENABLED", hides, ()),)


async def _insights(asking: Asking) -> Read[tuple[Insight, ...]]:
    return await asking.all("securityhub:GetInsights", {}, _on_suppressed, none=Known(()))


def _on_suppressed(page: Mapping[str, Any]) -> list[Insight]:
    return [
        Insight(Untrusted(str(one["Name"])))
        for one in page["Insights"]
        if any(
            how.get("Value") == "SUPPRESSED" and how.get("Comparison") == "EQUALS"
            for how in one["Filters"].get("WorkflowStatus") or ()
        )
    ]
