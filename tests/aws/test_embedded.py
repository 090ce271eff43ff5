"""Every operation of the table against the embedded AWS: real protocols, role policies, journal."""

from __future__ import annotations

from typing import Any

import pytest

from socconsole.aws import Absent, AwsTrouble, Door, Grant, Kind
from socconsole.aws.operations import ROLES, Role, table
from socconsole.drill import Embedded
from socconsole.model.action import Effect, Mode
from socconsole.model.world import Place
from tests.embedded import aws, client, embedded  # noqa: F401

from .conftest import Setting

SPINE = {"sts", "securityhub", "guardduty", "s3", "s3control"}
BELOW_A_DETECTOR = (
    "GetDetector",
    "GetAdministratorAccount",
    "ListFindings",
    "ListFilters",
    "ListIPSets",
    "ListTrustedEntitySets",
)
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@pytest.fixture
def place(aws: Embedded) -> Place:  # noqa: F811
    return Place(aws.accounts[0], aws.regions[0])


@pytest.fixture
def bucket(aws: Embedded, place: Place) -> str:  # noqa: F811
    name = "door-test-bucket"
    client(aws, "s3", place.region).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": place.region}
    )
    return name


def named(aws: Embedded, place: Place) -> dict[str, dict[str, Any]]:  # noqa: F811
    """What reads by identifier ask for, by operation, after making one of each."""
    hub, duty = client(aws, "securityhub", place.region), client(aws, "guardduty", place.region)
    hub.enable_security_hub_v2()
    rule = hub.create_automation_rule(
        RuleName="r",
        RuleOrder=1,
        Description="d",
        Criteria={"SeverityLabel": [{"Value": "LOW", "Comparison": "EQUALS"}]},
        Actions=[{"Type": "FINDING_FIELDS_UPDATE", "FindingFieldsUpdate": {"Note": {"Text": "t", "UpdatedBy": "u"}}}],
    )["RuleArn"]
    (finding,) = hub.get_findings(MaxResults=1)["Findings"]
    (aggregator,) = hub.list_finding_aggregators()["FindingAggregators"]
    (detector,) = duty.list_detectors()["DetectorIds"]
    below = {"DetectorId": detector}
    listed = {"Format": "TXT", "Location": "https://s3.amazonaws.com/lists/l.txt", "Activate": True}
    duty.create_filter(**below, Name="filter", FindingCriteria={"Criterion": {"type": {"Equals": ["Recon"]}}})
    addresses = duty.create_ip_set(**below, Name="addresses", **listed)["IpSetId"]
    entities = duty.create_trusted_entity_set(**below, Name="entities", **listed)["TrustedEntitySetId"]
    return {
        "securityhub:GetFindingHistory": {
            "FindingIdentifier": {"Id": finding["Id"], "ProductArn": finding["ProductArn"]}
        },
        "securityhub:GetFindingAggregator": {"FindingAggregatorArn": aggregator["FindingAggregatorArn"]},
        "securityhub:BatchGetAutomationRules": {"AutomationRulesArns": [rule]},
        "guardduty:GetFindings": {**below, "FindingIds": ["0" * 32]},
        "guardduty:GetFilter": {**below, "FilterName": "filter"},
        "guardduty:GetIPSet": {**below, "IpSetId": addresses},
        "guardduty:GetTrustedEntitySet": {**below, "TrustedEntitySetId": entities},
        **dict.fromkeys((f"guardduty:{name}" for name in BELOW_A_DETECTOR), below),
    }


def params(operation: str, place: Place, bucket: str) -> dict[str, Any]:
    role = f"arn:aws:iam::{place.account}:role/socconsole-reader"
    known: dict[str, dict[str, Any]] = {
        "s3control:GetPublicAccessBlock": {"AccountId": place.account},
        "iam:GetRole": {"RoleName": "socconsole-reader"},
        "iam:GetUser": {"UserName": "oncall1"},
        "iam:SimulatePrincipalPolicy": {"PolicySourceArn": role, "ActionNames": ["s3:GetBucketAcl"]},
    }
    if operation in known:
        return known[operation]
    return {"Bucket": bucket} if operation.startswith("s3:") and operation != "s3:ListBuckets" else {}


@pytest.mark.parametrize("role", ROLES)
async def test_every_read_of_a_role_is_answered(
    role: Role,
    aws: Embedded,  # noqa: F811
    place: Place,
    bucket: str,
) -> None:
    """The generated policy suffices, and a real answer proves itself.

    What plans are made from beyond the buckets is read under these policies by every containment's contract.
    """
    by_name = named(aws, place)
    async with Door.open(Setting(), aws.world, role, Mode.READ, "oncall1") as door:
        for row in table().values():
            if role not in row.roles or row.effect is not Effect.READ or row.service not in SPINE:
                continue
            if row.id == "s3:GetObject":  # where a queue is configured only: tests/watch/test_push.py
                continue
            if row.id == "securityhub:GetAutomationRuleV2":  # the embedded AWS lists its second hub's rules as none
                continue
            asked = by_name.get(row.id) or params(row.id, place, bucket)
            answer = await door.call(place, row.id, asked)
            assert isinstance(answer, Absent) or answer["ResponseMetadata"]["RequestId"], row.id


async def test_a_containment_and_its_undo_change_aws(
    aws: Embedded,  # noqa: F811
    place: Place,
    bucket: str,
) -> None:
    block = dict.fromkeys(FLAGS, True)
    put = {"Bucket": bucket, "PublicAccessBlockConfiguration": block}
    grant = Grant(("s3:DeletePublicAccessBlock", "s3:PutPublicAccessBlock"), (f"arn:aws:s3:::{bucket}",))
    async with (
        Door.open(Setting(), aws.world, "responder", Mode.RESPOND, "oncall1", grant=grant) as door,
        Door.open(Setting(), aws.world, "reader", Mode.RESPOND, "oncall1") as reader,
    ):
        await door.call(place, "s3:DeletePublicAccessBlock", {"Bucket": bucket})
        assert isinstance(await reader.call(place, "s3:GetPublicAccessBlock", {"Bucket": bucket}), Absent)
        await door.call(place, "s3:PutPublicAccessBlock", put)
        answer = await reader.call(place, "s3:GetPublicAccessBlock", {"Bucket": bucket})
        assert answer["PublicAccessBlockConfiguration"] == block
        with pytest.raises(AwsTrouble, match="session policy"):
            await door.call(place, "s3:GetPublicAccessBlock", {"Bucket": bucket})


async def test_aws_denies_what_a_role_lacks(aws: Embedded, place: Place) -> None:  # noqa: F811
    """With the guard set aside: the role's own policy is the second wall."""
    update = {"FindingIdentifiers": [{"Id": "i", "ProductArn": "p"}], "Workflow": {"Status": "NOTIFIED"}}
    async with Door.open(Setting(), aws.world, "reader", Mode.RESPOND, "oncall1") as door:
        await door.call(place, "securityhub:DescribeHub", {})  # the reader's credentials are in hand
        door._guard.role = "triage"
        with pytest.raises(AwsTrouble) as caught:
            await door.call(place, "securityhub:BatchUpdateFindings", update)
    assert caught.value.kind is Kind.DENIED
    assert "securityhub:BatchUpdateFindings" in caught.value.remedy


async def test_a_bucket_elsewhere_is_found(aws: Embedded, place: Place, bucket: str) -> None:  # noqa: F811
    other = Place(place.account, aws.regions[1])
    async with Door.open(Setting(), aws.world, "reader", Mode.READ, "oncall1") as door:
        answer = await door.call(other, "s3:GetBucketLocation", {"Bucket": bucket})
    assert answer["LocationConstraint"] == place.region
