"""What has to be closed for a finding to be blocked, read from what it names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from socconsole import triage
from socconsole.model.finding import Actor, Resource
from socconsole.text import Untrusted
from socconsole.triage import needs
from tests.store.builders import ACCOUNT, NOW, observation

ROLE = (Actor("role", Untrusted("vllm")), Actor("access_key", Untrusted("ASIA1")))
STRANGER = (Actor("account", Untrusted("999988887777")), Actor("user", Untrusted("reader")))
INSTANCE = (Resource("AwsEc2Instance", Untrusted(f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/i-0a")),)
EXFIL, OPENED = "Exfiltration:S3/AnomalousBehavior", "Policy:S3/BucketAnonymousAccessGranted"
VLLM = f"role:{ACCOUNT}/vllm"


def told(type_: str = EXFIL, **over: Any) -> list[set[str]]:
    finding = triage.merge([observation("1", types=(type_,), **over)], NOW + timedelta(1), triage.Context())
    return [set(part) for part in needs.of(finding)]


@pytest.mark.parametrize(
    ("type_", "actors", "expected"),
    [
        (EXFIL, (), "bucket:bucket-1"),
        (EXFIL, STRANGER, "bucket:bucket-1"),
        (EXFIL, ROLE, "bucket:bucket-1 whole"),  # closing it to strangers does not stop our own role
        (OPENED, ROLE, "bucket:bucket-1"),  # the role opened it; the way out is the opening
        ("AttackSequence:S3/CompromisedData", ROLE, "bucket:bucket-1 whole"),
    ],
)
def test_a_store_is_closed_by_what_keeps_its_readers_out(type_: str, actors: Any, expected: str) -> None:
    assert told(type_, actors=actors) == [{expected}]


def test_every_store_that_is_named_has_to_be_closed() -> None:
    two = tuple(Resource("AwsS3Bucket", Untrusted(f"arn:aws:s3:::{name}")) for name in ("a", "b"))
    inside = Resource("AwsS3Object", Untrusted("arn:aws:s3:::b/some/key"))
    assert told(actors=(), resources=(*two, inside)) == [{"bucket:a"}, {"bucket:b"}]


def test_one_principal_with_one_key_is_one_doer_and_several_are_several() -> None:
    key = Actor("access_key", Untrusted("AKIA2"))
    theft = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS"
    assert told(theft, resources=INSTANCE, actors=ROLE) == [{VLLM, "access_key:ASIA1"}]
    assert told(theft, resources=(), actors=(*ROLE, key)) == [{VLLM}]
    assert told(theft, resources=(), actors=(key,)) == [{"access_key:AKIA2"}]
    ana = Actor("user", Untrusted("ana"))
    assert told(theft, resources=(), actors=(*ROLE, ana)) == [{VLLM}, {f"user:{ACCOUNT}/ana"}]


@pytest.mark.parametrize(
    ("type_", "resources", "actors"),
    [
        ("Trojan:EC2/DNSDataExfiltration", INSTANCE, ()),  # queries to the resolver pass every group
        ("UnauthorizedAccess:IAMUser/TorIPCaller", (), STRANGER),  # a stranger's credentials are not ours to cut
        ("Effects/Data Exposure", (Resource("AwsRdsDbSnapshot", Untrusted("x")),), ()),
    ],
)
def test_what_tells_too_little_needs_nothing_that_can_be_named(type_: str, resources: Any, actors: Any) -> None:
    assert told(type_, resources=resources, actors=actors) == []


def test_an_instance_is_what_counts_where_nothing_else_is_named() -> None:
    assert told("Behavior:EC2/TrafficVolumeUnusual", resources=INSTANCE, actors=()) == [{"instance:i-0a"}]
