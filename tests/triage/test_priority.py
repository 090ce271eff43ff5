"""The score: reasons add up, leaks and LLM abuse rise above their severity, no clock in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.model.finding import Kind, Priority, Resource, Severity
from socconsole.text import Untrusted
from socconsole.triage import Context, Dataset, Mark, datasets, marks, priority

BUCKET = Resource("AwsS3Bucket", Untrusted("arn:aws:s3:::llm-corpus"))
ESTATE = Context(
    datasets=(
        Dataset("training", ("llm-*",), ("pii",)),
        Dataset("plans", ("plans",), confidential=True),
    ),
    critical=("i-0prod*",),
    alarmed=("arn:aws:s3:::llm-corpus",),
)


NOTHING = Context()


def score(
    severity: Severity,
    *types: str,
    kind: Kind = Kind.THREAT,
    resources: tuple[Resource, ...] = (),
    signals: tuple[str, ...] = (),
    context: Context = NOTHING,
) -> Priority:
    return priority(kind, severity, types, resources, signals, context)


@pytest.mark.parametrize(
    ("finding_type", "expected"),
    [
        ("Exfiltration:S3/AnomalousBehavior", {Mark.EXFIL, Mark.CREDENTIAL}),
        ("Exfiltration:EC2/TransferDataToCloudAccount", {Mark.EXFIL}),
        ("Trojan:EC2/DNSDataExfiltration", {Mark.EXFIL}),
        (
            "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
            {Mark.EXFIL, Mark.CREDENTIAL},
        ),
        ("AttackSequence:S3/CompromisedData", {Mark.EXFIL, Mark.CREDENTIAL}),
        ("UnauthorizedAccess:Lambda/TorRelay", {Mark.CHANNEL}),
        ("UnauthorizedAccess:S3/TorIPCaller", {Mark.CREDENTIAL}),
        ("Policy:S3/BucketAnonymousAccessGranted", {Mark.CHANNEL}),
        ("Policy:Kubernetes/AnonymousAccessGranted", set()),
        ("Discovery:Kubernetes/SuccessfulAnonymousAccess", {Mark.CREDENTIAL}),
        ("PenTest:S3/KaliLinux", {Mark.CREDENTIAL}),
        ("Impact:IAMUser/CostHarvesting", {Mark.CREDENTIAL, Mark.LLM}),
        ("Impact:IAMUser/PromptInjection.Direct", {Mark.CREDENTIAL, Mark.LLM}),
        ("DefenseEvasion:IAMUser/BedrockLoggingDisabled", {Mark.CREDENTIAL, Mark.LLM}),
        ("Execution:SageMaker/CommandAndScriptingInterpreter", {Mark.LLM}),
        ("Recon:EC2/Portscan", set()),
        ("Execution:Runtime/ReverseShell", set()),
        ("Exfiltration:BrandNewService/NeverSeenBefore", {Mark.EXFIL}),
        ("Effects/Data Exfiltration", {Mark.EXFIL}),
        ("TTPs/Credential Access", {Mark.CREDENTIAL}),
        ("exfiltration", set()),
    ],
)
def test_marks_follow_from_the_words_of_the_type(finding_type: str, expected: set[Mark]) -> None:
    assert marks([finding_type]) == expected


def test_the_sketch_of_the_design_adds_up() -> None:
    found = score(Severity.CRITICAL, "Exfiltration:EC2/X", resources=(BUCKET,), context=ESTATE)
    assert [(each.points, each.why) for each in found.reasons] == [
        (40, "critical"),
        (25, "exfil"),
        (15, "pii"),
        (14, "alarm"),
    ]
    assert found.score == 94


def test_low_llm_abuse_and_low_exfiltration_stand_above_an_ordinary_medium() -> None:
    medium = score(Severity.MEDIUM, "Recon:EC2/Portscan").score
    assert score(Severity.LOW, "Impact:IAMUser/CostHarvesting").score > medium
    assert score(Severity.LOW, "Exfiltration:S3/ObjectRead.Unusual").score > medium


def test_an_attack_sequence_counts() -> None:
    plain = score(Severity.CRITICAL, "Backdoor:EC2/Spambot").score
    assert score(Severity.CRITICAL, "AttackSequence:EC2/CompromisedInstanceGroup").score > plain
    assert score(Severity.CRITICAL, "Backdoor:EC2/Spambot", signals=("x",)).score > plain


def test_a_controls_type_earns_no_marks() -> None:
    assert score(Severity.HIGH, "Effects/Data Exfiltration", kind=Kind.CONTROL).score == 30


def test_resources_match_by_arn_bare_id_and_name() -> None:
    named = Resource("AwsEc2Instance", Untrusted("arn:aws:ec2:eu-central-1:1:instance/i-0PROD1"))
    assert "critical resource" in {each.why for each in score(Severity.LOW, resources=(named,), context=ESTATE).reasons}
    by_name = Resource("Other", Untrusted("x"), name=Untrusted("llm-corpus"))
    assert [each.name for each in datasets([by_name], ESTATE)] == ["training"]
    other = Resource("AwsS3Bucket", Untrusted("arn:aws:s3:::not-llm-corpus"))
    assert datasets([other], ESTATE) == ()


def test_a_confidential_dataset_without_categories_counts_less() -> None:
    plans = Resource("AwsS3Bucket", Untrusted("arn:aws:s3:::plans"))
    assert score(Severity.INFO, resources=(plans,), context=ESTATE).score == 8


@given(
    st.sampled_from(Severity),
    st.lists(
        st.sampled_from(
            [
                "Exfiltration:S3/AnomalousBehavior",
                "AttackSequence:IAM/CompromisedCredentials",
                "Impact:IAMUser/CostHarvesting",
                "Trojan:EC2/DropPoint",
            ]
        )
    ),
    st.booleans(),
)
def test_reasons_always_add_up_to_a_score_within_bounds(severity: Severity, types: list[str], in_estate: bool) -> None:
    found = score(severity, *types, resources=(BUCKET,) if in_estate else (), context=ESTATE, signals=())
    assert 0 <= found.score <= 100
    assert sum(each.points for each in found.reasons) == found.score
