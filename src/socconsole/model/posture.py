"""Posture: what a check found about one subject, and what one evaluation of a place came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from socconsole.model.access import Access
from socconsole.model.endpoint import Endpoint
from socconsole.model.world import Place

OWN: Final = "own"
"""``Result.answered_by`` of our own functions; else ``securityhub``, ``config`` or ``prowler``."""


class Verdict(StrEnum):
    PASS = "PASS"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"
    """It could not be read, or not wholly: never taken for either of the others."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a check says of one subject. ``evidence`` are printable sentences with the values that decided it."""

    verdict: Verdict
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One check on one subject, evaluated once."""

    check: str
    """``S3-01``."""
    subject: str
    """Token: the subject's ARN, or ``account/region`` where the check is about the place itself."""
    place: Place
    verdict: Verdict
    evidence: tuple[str, ...]
    answered_by: str
    evaluated: datetime
    """When the answer was made: by us, or by whoever is named."""
    digest: str
    """Hexadecimal SHA-256 of what it was judged by; empty for answers of others."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One round over one place: results of every check, and the endpoints that it found.

    Where a check has no subject here there is no result; that it was looked for is said by ``checks``.
    """

    place: Place
    at: datetime
    results: tuple[Result, ...]
    endpoints: tuple[Endpoint, ...]
    checks: tuple[str, ...]
    """Ids of the checks that were run."""
    asked: int
    """Questions to AWS."""
    unanswered: tuple[str, ...]
    """``call: why`` of those without an answer to rely on, printable, each once."""
    lacking: int = 0
    """Questions of those ``asked`` that it was."""
    evidence: str = ""
    """Hexadecimal SHA-256 of the file that is kept of it; empty until it is."""
    access: Access = field(default_factory=Access)
    """Who can come in: parties outside, and our own identities."""

    @property
    def complete(self) -> bool:
        """Only then is what this round did not see gone."""
        return not self.unanswered
