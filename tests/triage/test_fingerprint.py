"""A snooze matches the same thing said of the same things, and nothing wider."""

from __future__ import annotations

from dataclasses import replace

import pytest

from socconsole.model.finding import Actor, Finding, Severity
from socconsole.text import Untrusted
from socconsole.triage import NotSnoozable, fingerprint
from tests.formats import records

from .test_merge import merged

FINDING = merged(records.native())


def test_another_record_of_the_same_has_the_same_fingerprint() -> None:
    other = merged(
        records.native(Arn=records.ARN[:-1] + "0", Id="other", Title="again", UpdatedAt="2026-11-24T00:00:00Z")
    )
    assert other.id != FINDING.id
    assert fingerprint(other).digest == fingerprint(FINDING).digest


@pytest.mark.parametrize(
    "wider",
    [
        replace(FINDING, severity=Severity.CRITICAL),
        replace(FINDING, actors=()),
        replace(FINDING, actors=(*FINDING.actors, Actor("ip", Untrusted("198.51.100.1")))),
        replace(FINDING, resources=FINDING.resources[:1]),
        replace(FINDING, types=("Impact:S3/MaliciousIPCaller",)),
        replace(FINDING, account="999988887777"),
        replace(FINDING, region="us-east-1"),
    ],
)
def test_anything_else_is_another_fingerprint(wider: Finding) -> None:
    assert fingerprint(wider).digest != fingerprint(FINDING).digest


def test_the_order_of_actors_and_resources_does_not_matter() -> None:
    turned = replace(FINDING, actors=FINDING.actors[::-1], resources=FINDING.resources[::-1])
    assert fingerprint(turned) == fingerprint(FINDING)


def test_a_finding_about_nobody_and_nothing_matches_itself_only() -> None:
    empty = replace(FINDING, actors=(), resources=())
    assert fingerprint(empty) == fingerprint(empty)
    assert fingerprint(empty) != fingerprint(replace(empty, id="f-000000000000"))


def test_an_attack_sequence_cannot_be_snoozed() -> None:
    with pytest.raises(NotSnoozable, match="attack sequence"):
        fingerprint(replace(FINDING, types=("AttackSequence:S3/CompromisedData",)))
    with pytest.raises(NotSnoozable):
        fingerprint(replace(FINDING, signals=("arn",)))
