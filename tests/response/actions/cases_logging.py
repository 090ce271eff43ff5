"""Detectors and trails: what gives sight, and how somebody takes it away again."""

from __future__ import annotations

from socconsole.drill import Embedded
from tests.response.actions.case import Case, do
from tests.response.conftest import PROD

TRAIL = "org-trail"


def _detector(aws: Embedded) -> str:
    return str(do(aws, "guardduty:ListDetectors")["DetectorIds"][0])


def _hourly(aws: Embedded, detector: str) -> None:
    do(aws, "guardduty:UpdateDetector", DetectorId=detector, FindingPublishingFrequency="ONE_HOUR")


def _stopped(aws: Embedded) -> str:
    do(aws, "cloudtrail:StopLogging", PROD, Name=TRAIL)
    return TRAIL


def _stop(aws: Embedded, trail: str) -> None:
    do(aws, "cloudtrail:StopLogging", PROD, Name=trail)


CASES = (
    Case("guardduty-frequency", _detector, _hourly),
    Case("cloudtrail-logging", _stopped, _stop),
)
