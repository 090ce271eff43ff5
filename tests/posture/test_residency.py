"""Where data lies, and where it is processed: GOV-03, BR-08."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from socconsole import posture
from socconsole.aws import AwsTrouble, Kind
from socconsole.collectors.posture import residency, snapshot
from socconsole.model.posture import Verdict
from socconsole.model.world import Place
from tests.posture.estate import CONFIG, HOME, OTHER, SEALED, Replay, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN


async def test_nothing_lies_outside_the_allowed_regions(reviewed: Reviewed) -> None:
    found = await reviewed.results("GOV-03")
    assert {subject: one.verdict for subject, one in found.items()} == {
        f"{HOME.account}/eu-north-1": FAIL,
        f"{HOME.account}/us-east-1": PASS,
    }
    assert [words.partition(":")[0] for words in found[f"{HOME.account}/eu-north-1"].evidence[:2]] == [
        "buckets",
        "tagged data stores and compute",
    ]
    assert "kaufhaus-old-exports" in found[f"{HOME.account}/eu-north-1"].evidence[0]
    assert set((await reviewed.verdicts("GOV-03", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("GOV-03")


async def test_a_whole_account_is_looked_through_once(reviewed: Reviewed) -> None:
    assert await reviewed.verdicts("GOV-03", OTHER) == {}, "its first place answers for it"


async def test_a_region_that_nobody_may_use_is_unknown_and_takes_nothing_from_the_round(reviewed: Reviewed) -> None:
    class Denied(Replay):
        async def pages(self, place: Place, operation: str, params: Any) -> AsyncIterator[dict[str, Any]]:
            if place.region == "us-east-1" and operation == "ec2:DescribeInstances":
                raise AwsTrouble(Kind.DENIED, operation, place, "with an explicit deny in a service control policy")
            async for page in super().pages(place, operation, params):
                yield page

    estate = await snapshot(Denied(reviewed.answers), HOME, CONFIG, datetime.now(UTC), families=(residency.read,))
    (check,) = (one for one in posture.CHECKS if one.id == "GOV-03")
    found = {one.subject: one for one in posture.evaluate(posture.Context(estate, CONFIG), [check]).results}
    assert found[f"{HOME.account}/us-east-1"].verdict is UNKNOWN
    assert "service control policy" in found[f"{HOME.account}/us-east-1"].evidence[0]
    assert (estate.unanswered, estate.lacking) == ((), 0)


async def test_a_profile_routes_to_allowed_regions_alone(reviewed: Reviewed) -> None:
    found = await reviewed.results("BR-08")
    assert sorted((one.verdict, one.evidence[0]) for one in found.values()) == [
        (FAIL, "it routes to eu-north-1, eu-west-3; allowed: eu-central-1, eu-west-1"),
        (PASS, "it routes to eu-central-1 alone"),
    ], "of AWS's own profiles only those that were used count"
    assert set((await reviewed.verdicts("BR-08", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("BR-08")
