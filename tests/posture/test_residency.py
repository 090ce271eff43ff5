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
