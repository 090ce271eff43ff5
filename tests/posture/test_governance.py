"""What the organisation enforces: GOV-01, 02, 04, 05."""

from __future__ import annotations

import pytest

from socconsole.model.posture import Verdict
from socconsole.model.world import Place
from tests.posture.estate import ACCOUNTS, HOME, SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
MEMBER = Place(ACCOUNTS["ml-platform"], HOME.region)


@pytest.mark.parametrize("check", ["GOV-01", "GOV-04"])
async def test_service_control_policies_are_judged_from_the_management_account(reviewed: Reviewed, check: str) -> None:
    found = await reviewed.verdicts(check)
    assert found == {
        ACCOUNTS["prod-eu"]: FAIL,  # no such policy applies to the one that manages
        ACCOUNTS["ml-platform"]: PASS,
        ACCOUNTS["acquired-shop"]: FAIL,
    }
    assert await reviewed.verdicts(check, MEMBER) == {}
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)


@pytest.mark.parametrize("check", ["GOV-02", "GOV-05"])
async def test_merged_policies_are_judged_in_each_account(reviewed: Reviewed, check: str) -> None:
    assert await reviewed.verdicts(check) == {ACCOUNTS["prod-eu"]: PASS}
    assert await reviewed.verdicts(check, MEMBER) == {ACCOUNTS["ml-platform"]: FAIL}
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)
