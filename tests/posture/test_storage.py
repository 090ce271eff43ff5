"""Buckets: S3-01 to S3-07."""

from __future__ import annotations

import pytest

from socconsole.model.posture import Verdict
from tests.posture.estate import SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [("S3-01", "kaufhaus-llm-corpus", "kaufhaus-prompt-scratch")],
)
async def test_what_passes_what_fails_and_what_cannot_be_read(
    reviewed: Reviewed, check: str, good: str, bad: str
) -> None:
    found = await reviewed.verdicts(check)
    assert (found[good], found[bad]) == (PASS, FAIL)
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)
