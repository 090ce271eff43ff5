"""Detection: DET-01 to DET-07."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole import posture
from socconsole.collectors.posture import detection as collector
from socconsole.collectors.posture import snapshot
from socconsole.collectors.posture.hiding import _all_of, _filter, _rule_v2
from socconsole.model.estate.detection import AutomationRule
from socconsole.model.posture import Verdict
from socconsole.model.world import Place
from socconsole.posture.hiding import hides_threats, may_fit_threats
from socconsole.text import Untrusted
from tests.posture.estate import CONFIG, HOME, OTHER, SEALED, Replay, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
QUIET = Place(HOME.account, "eu-west-1")
"""Where nothing of the estate is open to the world: other families' buckets lie elsewhere."""


@pytest.mark.parametrize(
    ("check", "good"),
    [
        ("DET-01", HOME),
        ("DET-02", HOME),
        ("DET-03", HOME),
        ("DET-04", HOME),
        ("DET-05", QUIET),
        ("DET-06", HOME),
        ("DET-07", HOME),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_passes_what_fails_and_what_cannot_be_read(reviewed: Reviewed, check: str, good: Place) -> None:
    assert set((await reviewed.verdicts(check, good)).values()) == {PASS}
    assert set((await reviewed.verdicts(check, OTHER)).values()) == {FAIL}
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check, good)


async def test_what_hides_is_named_with_what_it_hides(reviewed: Reviewed) -> None:
    (found,) = (await reviewed.results("DET-07", OTHER)).values()
    told = "\n".join(found.evidence)
    for words in ("quiet-nights (resource.accessKeyDetails.userName = ci-deploy)", "contractors", "noise (workflow"):
        assert words in told
    (harmless,) = (await reviewed.results("DET-07")).values()
    for name in ("door-knockers", "accepted-controls", "suppressed by us"):
        assert name in "\n".join(harmless.evidence)


# --- pure -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("criterion", "hides"),
    [
        ({"type": {"Equals": ["Recon:EC2/PortProbeUnprotectedPort"]}}, False),
        ({"type": {"Eq": ["Recon:EC2/PortProbeUnprotectedPort"]}, "severity": {"Lt": 4}}, False),
        ({"type": {"Equals": ["Recon:EC2/PortProbeUnprotectedPort", "Recon:EC2/Portscan"]}}, True),
        ({"type": {"NotEquals": ["Recon:EC2/PortProbeUnprotectedPort"]}}, True),
        ({"type": {"Matches": ["Recon:*"]}}, True),
        ({"severity": {"LessThan": 4}}, True),
        ({}, True),
    ],
    ids=["types", "old-names", "one-more", "all-but", "pattern", "low", "everything"],
)
def test_a_filter_hides_threats_unless_it_is_held_to_knocking(criterion: dict[str, object], hides: bool) -> None:
    answer = {"Action": "ARCHIVE", "FindingCriteria": {"Criterion": criterion}}
    assert hides_threats(_filter("f", answer)) is hides


@pytest.mark.parametrize(
    ("criteria", "fits"),
    [
        ({"ComplianceSecurityControlId": [("EQUALS", "S3.11")]}, False),
        ({"ProductArn": [("EQUALS", "arn:aws:securityhub:eu-central-1::product/aws/inspector")]}, False),
        ({"Type": [("PREFIX", "Software and Configuration Checks")], "SeverityLabel": [("EQUALS", "HIGH")]}, False),
        ({"ProductArn": [("PREFIX", "arn:aws:securityhub:")]}, True),
        ({"ProductArn": [("EQUALS", "arn:aws:securityhub:eu-central-1::product/aws/guardduty")]}, True),
        ({"ComplianceStatus": [("NOT_EQUALS", "PASSED")]}, True),
        ({"Type": [("EQUALS", "TTPs/Exfiltration")]}, True),
        ({"AwsAccountId": [("EQUALS", "111122223333")]}, True),
        ({}, True),
    ],
    ids=["control", "inspector", "software", "any-product", "guardduty", "not-passed", "ttps", "account", "everything"],
)
def test_a_rule_fits_threats_unless_a_field_spares_them(criteria: dict[str, list[tuple[str, str]]], fits: bool) -> None:
    fields = tuple((field, tuple(tests)) for field, tests in criteria.items())
    assert may_fit_threats(AutomationRule(Untrusted("r"), True, ("workflow SUPPRESSED",), fields)) is fits


@pytest.mark.parametrize(
    ("update", "hides"),
    [
        ({"Workflow": {"Status": "SUPPRESSED"}}, True),
        ({"Workflow": {"Status": "RESOLVED"}}, True),
        ({"Severity": {"Label": "INFORMATIONAL"}}, True),
        ({"Severity": {"Label": "CRITICAL"}}, False),
        ({"Note": {"Text": "known", "UpdatedBy": "soc"}}, False),
    ],
    ids=["suppressed", "resolved", "lowered", "raised", "noted"],
)
def test_what_a_rule_does_to_a_finding_takes_it_out_of_sight(update: dict[str, object], hides: bool) -> None:
    rule = {"RuleName": "r", "RuleStatus": "ENABLED", "Criteria": {}, "Actions": [{"FindingFieldsUpdate": update}]}
    (found,) = _all_of(["arn:one"], {"Rules": [rule]})
    assert bool(found.hides) is hides


def test_rules_that_were_asked_for_and_not_told_are_not_taken_for_none() -> None:
    with pytest.raises(ValueError, match="not all"):
        _all_of(["arn:one"], {"Rules": []})


def administered(account: str) -> dict[str, Any]:
    return {
        "guardduty:GetAdministratorAccount": {"Administrator": {"AccountId": account, "RelationshipStatus": "Enabled"}}
    }


def rule_v2(**update: Any) -> dict[str, Any]:
    """Pages of the listing, and the one rule of Security Hub's second version that is in it."""
    told = {"RuleName": "later", "RuleStatus": "ENABLED", "Actions": [{"FindingFieldsUpdate": update}]}
    return {
        "securityhub:ListAutomationRulesV2": [{"Rules": [{"RuleId": "r-1"}]}],
        "securityhub:GetAutomationRuleV2": told,
    }


@pytest.mark.parametrize(
    ("instead", "verdict"),
    [
        (administered(HOME.account), PASS),
        (administered("999988887777"), UNKNOWN),
        (rule_v2(Comment="seen"), PASS),
        (rule_v2(StatusId=3), UNKNOWN),
    ],
    ids=["administrator-of-ours", "administrator-elsewhere", "rule-notes", "rule-suppresses"],
)
async def test_what_may_hide_and_cannot_be_seen_from_here_is_unknown(
    reviewed: Reviewed, instead: dict[str, Any], verdict: Verdict
) -> None:
    class Member(Replay):
        async def _answer(self, place: Place, operation: str, params: Any, ask: Any) -> Any:
            return instead[operation] if operation in instead else await super()._answer(place, operation, params, ask)

    estate = await snapshot(Member(reviewed.answers), HOME, CONFIG, datetime.now(UTC), families=(collector.read,))
    check = next(one for one in posture.CHECKS if one.id == "DET-07")
    (found,) = posture.evaluate(posture.Context(estate, CONFIG), [check]).results
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("update", "hides"),
    [
        ({"StatusId": 3}, ("status Suppressed",)),
        ({"SeverityId": 2}, ("severity Low",)),
        ({"SeverityId": 1, "StatusId": 4}, ("status Resolved", "severity Informational")),
        ({"SeverityId": 5, "StatusId": 2, "Comment": "looked at"}, ()),
    ],
    ids=["put-away", "made-small", "both", "neither"],
)
def test_a_rule_of_the_second_version_also_hides_what_it_makes_small(
    update: dict[str, Any], hides: tuple[str, ...]
) -> None:
    actions = [{"Type": "FINDING_FIELDS_UPDATE", "FindingFieldsUpdate": update}]
    (rule,) = _rule_v2({"RuleName": "quiet", "RuleStatus": "ENABLED", "Actions": actions})
    assert rule.hides == hides
