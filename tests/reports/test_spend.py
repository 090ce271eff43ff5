"""Detection against prevention: by the bill, by data, and unknown while a bill is missing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from socconsole.config import PositionConfig, SpendConfig
from socconsole.drill import Embedded
from socconsole.reports import markdown
from socconsole.reports.spend import Bill, as_json, document, mapping, spend
from socconsole.store.state import StateFolder
from tests.cli.conftest import aws, drill, embedded
from tests.cli.support import run

__all__ = ["aws", "drill", "embedded"]

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def bill(service: str, amount: float, unit: str = "USD", month: str = "2026-10") -> Bill:
    return Bill("111122223333", month, service, amount, unit)


def test_the_mapping_divides_every_service_once() -> None:
    for service, shares in mapping().items():
        assert 0 <= shares.detection + shares.prevention + shares.response <= 1, service


def test_shares_are_of_what_is_counted() -> None:
    bills = [bill("Amazon GuardDuty", 60), bill("AWS WAF", 30), bill("AWS Config", 10), bill("Amazon SageMaker", 9000)]
    found = spend(bills, SpendConfig())
    assert (found.detection, found.prevention, found.uncounted) == (67, 33, 9000)
    assert found.share == 0.67
    assert "67%" in markdown(document(found, NOW))


def test_a_team_sees_it_otherwise_and_counts_its_people() -> None:
    settings = SpendConfig(
        services={"Amazon SageMaker": "detection", "AWS WAF": "other"},
        positions=(PositionConfig(name="on call", monthly=100, kind="response"),),
    )
    bills = [bill("Amazon SageMaker", 50), bill("AWS WAF", 30), bill("AWS WAF", 30, month="2026-09")]
    found = spend(bills, settings)
    assert (found.detection, found.response, found.prevention, found.uncounted) == (50, 200, 0, 60)


def test_a_bill_that_is_missing_leaves_the_share_unknown() -> None:
    found = spend([bill("Amazon GuardDuty", 60)], SpendConfig(), unread=("444455556666: denied",))
    assert as_json(found, NOW)["share"] is None
    assert "UNKNOWN" in markdown(document(found, NOW))


def test_credits_that_outweigh_a_part_leave_the_share_unknown() -> None:
    assert spend([bill("Amazon GuardDuty", 60), bill("AWS WAF", -80)], SpendConfig()).share is None


def test_two_currencies_are_not_added_up() -> None:
    with pytest.raises(ValueError, match="cannot be added up"):
        spend([bill("AWS WAF", 1), bill("AWS Config", 1, "EUR")], SpendConfig())


def test_the_bill_is_read_from_aws_and_a_refusal_is_said(aws: Embedded, drill: StateFolder) -> None:
    words = ("posture", "--report", "spend", "--json", "--store", drill.root)
    row = run(*words).row
    assert len(row["months"]) == 3
    assert row["share"] > 0.4
    assert {
        "service": "Amazon GuardDuty",
        "amount": 1237.5,
        "detection": 1.0,
        "prevention": 0.0,
        "response": 0.0,
    } in row["services"]
    aws.faults.add(service="ce", kind="denied", times=None)
    ran = run(*words)
    assert (ran.code, ran.row["share"]) == (3, None)
