"""Buckets: S3-01 to S3-07."""

from __future__ import annotations

import pytest

from socconsole.model.posture import Verdict
from tests.posture.estate import SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
CORPUS, SCRATCH = "kaufhaus-llm-corpus", "kaufhaus-prompt-scratch"


@pytest.mark.parametrize("check", ["S3-01", "S3-02", "S3-03", "S3-04", "S3-05", "S3-06", "S3-07"])
async def test_what_passes_what_fails_and_what_cannot_be_read(reviewed: Reviewed, check: str) -> None:
    found = await reviewed.verdicts(check)
    assert (found[CORPUS], found[SCRATCH]) == (PASS, FAIL)
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)
