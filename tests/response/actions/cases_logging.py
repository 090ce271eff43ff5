"""Detectors and trails: what gives sight, and how somebody takes it away again."""

from __future__ import annotations

from typing import Any

from socconsole.drill import Embedded
from socconsole.drill.resolver import ASSOCIATION_SECONDS
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


def vpc(aws: Embedded) -> str:
    """A VPC whose queries are in no log, and a log group that waits for them."""
    do(aws, "logs:CreateLogGroup", logGroupName="/aws/route53resolver/all")
    return str(do(aws, "ec2:CreateVpc", CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"])


def _logged_elsewhere_too(aws: Embedded, target: str) -> None:
    to: dict[str, Any] = {
        "Name": "siem",
        "DestinationArn": "arn:aws:s3:::kaufhaus-siem-intake",
        "CreatorRequestId": "siem",
    }
    made = do(aws, "route53resolver:CreateResolverQueryLogConfig", **to)["ResolverQueryLogConfig"]["Id"]
    do(aws, "route53resolver:AssociateResolverQueryLogConfig", ResolverQueryLogConfigId=made, ResourceId=target)
    ours = do(aws, "route53resolver:ListResolverQueryLogConfigAssociations")["ResolverQueryLogConfigAssociations"]
    first = next(one["ResolverQueryLogConfigId"] for one in ours if one["ResolverQueryLogConfigId"] != made)
    do(aws, "route53resolver:DisassociateResolverQueryLogConfig", ResolverQueryLogConfigId=first, ResourceId=target)


CASES = (
    Case("resolver-query-logs", vpc, _logged_elsewhere_too, takes=ASSOCIATION_SECONDS),
    Case("guardduty-frequency", _detector, _hourly),
    Case("cloudtrail-logging", _stopped, _stop),
)
