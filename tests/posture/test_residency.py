"""Where data lies, and where it is processed: GOV-03, BR-08."""

from __future__ import annotations

from socconsole.model.posture import Verdict
from tests.posture.estate import HOME, OTHER, SEALED, Reviewed

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


async def test_a_profile_routes_to_allowed_regions_alone(reviewed: Reviewed) -> None:
    found = await reviewed.results("BR-08")
    assert sorted((one.verdict, one.evidence[0]) for one in found.values()) == [
        (FAIL, "it routes to eu-north-1, eu-west-3; allowed: eu-central-1, eu-west-1"),
        (PASS, "it routes to eu-central-1 alone"),
    ], "of AWS's own profiles only those that were used count"
    assert set((await reviewed.verdicts("BR-08", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("BR-08")
