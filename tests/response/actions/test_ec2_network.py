"""Routes, network ACLs, security groups, flow logs and a region's block: what is particular to each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from socconsole.aws import Door
from socconsole.commands import Contain
from socconsole.drill import Embedded
from socconsole.drill.ec2 import backend
from socconsole.model.action import Mode, Plan
from socconsole.model.world import Place
from socconsole.response import awscli, engine
from socconsole.response.base import BadTarget, Target
from socconsole.response.registry import ACTIONS
from tests.response.actions.case import do
from tests.response.actions.cases_ec2 import IMAGE, flow_log, network, unrecorded
from tests.response.actions.cases_shared import share
from tests.response.actions.cases_snapshots import snapshot
from tests.response.conftest import PROD, Make, Setting, owner

EVERYWHERE = "0.0.0.0/0"


async def plan(aws: Embedded, action: str, target: str) -> Plan:
    async with Door.open(Setting(), aws.world, "reader", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        return await ACTIONS[action].plan(door, Target(target, PROD), None, ())


async def undoing(aws: Embedded, done: Plan) -> Plan:
    async with Door.open(Setting(), aws.world, "reader", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        return await ACTIONS[done.action].plan_undo(door, done)


def carry_out(aws: Embedded, planned: Plan) -> None:
    """A plan's calls by the account's own hands: only for plans whose ids are all known."""
    for call in planned.calls:
        do(aws, f"{call.service}:{call.operation}", **dict(call.params))


@pytest.mark.parametrize(
    ("action", "typed", "id_"),
    [
        ("ec2-nat-route", "nat-0a1b2c3d", "nat-0a1b2c3d"),
        ("ec2-nat-route", "arn:aws:ec2:eu-central-1:111122223333:route-table/rtb-0a1b2c3d", "rtb-0a1b2c3d"),
        ("ec2-nacl-deny", "arn:aws:ec2:eu-central-1:111122223333:instance/i-0a1b2c3d", "i-0a1b2c3d"),
        ("ec2-sg-egress", "sg-0a1b2c3d4e5f60718", "sg-0a1b2c3d4e5f60718"),
        ("ec2-flow-logs", "vpc-0a1b2c3d", "vpc-0a1b2c3d"),
        ("ec2-vpc-block-public", "ap-southeast-2", "ap-southeast-2"),
    ],
)
def test_ids_and_arns_name_targets(action: str, typed: str, id_: str) -> None:
    assert ACTIONS[action].name(typed) == id_


@pytest.mark.parametrize(
    ("action", "typed"),
    [
        ("ec2-nat-route", "vpc-0a1b2c3d"),
        ("ec2-nat-route", "nat-0A1B2C3D"),
        ("ec2-nat-route", "nat-0a1b2c3"),
        ("ec2-nat-route", "arn:aws:ec2:eu-central-1:111122223333:subnet/rtb-0a1b2c3d"),
        ("ec2-isolate", "subnet-0a1b2c3d"),
        ("ec2-sg-egress", "sg-0a1b2c3d\x1b[0m"),
        ("ec2-nacl-deny", ""),
        ("ec2-vpc-block-public", "eu-central-1a"),
    ],
)
def test_what_is_no_id_of_the_kind_names_nothing(action: str, typed: str) -> None:
    with pytest.raises(BadTarget):
        ACTIONS[action].name(typed)


# --- routes -------------------------------------------------------------------------------------------------


async def test_an_instance_and_a_subnet_stand_for_the_table_they_follow(aws: Embedded) -> None:
    made = network(aws)
    by_nat = await plan(aws, "ec2-nat-route", made.nat)
    for target in (made.instance, made.private, made.table):
        found = await plan(aws, "ec2-nat-route", target)
        assert found.calls == by_nat.calls
        assert set(found.after) == {made.table}
    held = ACTIONS["ec2-nat-route"].holds(by_nat)
    assert held == (Target(made.nat, PROD), Target(made.table, PROD)), "nobody acts on the table by another name"
    assert "1 subnet loses the way out through NAT" in by_nat.blast_radius
    assert "1 instance" in by_nat.blast_radius


async def test_subnets_without_a_table_of_their_own_follow_the_main_one(aws: Embedded) -> None:
    made = network(aws)
    tables = do(aws, "ec2:DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [made.vpc]}])["RouteTables"]
    main = next(t["RouteTableId"] for t in tables if t["RouteTableId"] != made.table)
    do(aws, "ec2:CreateRoute", RouteTableId=main, DestinationCidrBlock=EVERYWHERE, NatGatewayId=made.nat)
    do(aws, "ec2:CreateSubnet", VpcId=made.vpc, CidrBlock="10.9.3.0/24")
    found = await plan(aws, "ec2-nat-route", made.nat)
    assert len(found.calls) == 2
    assert "3 subnets lose the way out" in found.blast_radius
    assert found.wide, "more than one subnet takes the whole id"
    assert len((await plan(aws, "ec2-nat-route", made.table)).calls) == 1


async def test_without_a_route_to_nat_it_says_so_and_what_else_leads_out(aws: Embedded) -> None:
    made = network(aws)
    gateway = do(aws, "ec2:CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    do(aws, "ec2:AttachInternetGateway", InternetGatewayId=gateway, VpcId=made.vpc)
    do(aws, "ec2:ReplaceRoute", RouteTableId=made.table, DestinationCidrBlock=EVERYWHERE, GatewayId=gateway)
    found = await plan(aws, "ec2-nat-route", made.private)
    assert not found.helps
    assert f"{EVERYWHERE} to {gateway}" in found.why
    assert found.instead.startswith("ec2-nacl-deny")


async def test_only_what_leads_to_the_gateway_is_taken_and_given_back(aws: Embedded) -> None:
    made = network(aws)
    peer = do(aws, "ec2:CreateVpc", CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    peering = do(aws, "ec2:CreateVpcPeeringConnection", VpcId=made.vpc, PeerVpcId=peer)["VpcPeeringConnection"]
    via = {"VpcPeeringConnectionId": peering["VpcPeeringConnectionId"]}
    do(aws, "ec2:CreateRoute", RouteTableId=made.table, DestinationCidrBlock="10.8.0.0/16", **via)
    done = await plan(aws, "ec2-nat-route", made.nat)
    assert done.after == {made.table: {"10.8.0.0/16": via["VpcPeeringConnectionId"]}}
    carry_out(aws, done)
    do(aws, "ec2:DeleteRoute", RouteTableId=made.table, DestinationCidrBlock="10.8.0.0/16")
    back = await undoing(aws, done)
    assert back.after == {made.table: {EVERYWHERE: made.nat}}, "a route that somebody took out since stays out"
    assert any(warning.startswith("DRIFT") for warning in back.warnings)


class Described:
    """A door that describes one table, with routes of every kind."""

    def __init__(self, routes: list[dict[str, str]]) -> None:
        self._table = {"RouteTableId": "rtb-0a1b2c3d", "VpcId": "vpc-0a1b2c3d", "Routes": routes}
        self._table["Associations"] = [{"SubnetId": "subnet-0a1b2c3d"}]

    async def call(
        self, place: Place, operation: str, params: Mapping[str, Any], *, deadline: float = 20.0
    ) -> dict[str, Any]:
        answers = {"ec2:DescribeRouteTables": {"RouteTables": [self._table]}, "ec2:DescribeSubnets": {"Subnets": []}}
        return dict(answers.get(operation, {"NetworkInterfaces": []}))


async def test_only_routes_that_somebody_made_and_that_lead_somewhere_count() -> None:
    nat, made = {"NatGatewayId": "nat-0a1b2c3d"}, {"Origin": "CreateRoute", "State": "active"}
    routes = [
        {"DestinationCidrBlock": EVERYWHERE, **nat, **made},
        {"DestinationIpv6CidrBlock": "64:ff9b::/96", **nat, **made},
        {"DestinationPrefixListId": "pl-0a1b2c3d", **nat, **made},
        {"DestinationCidrBlock": "10.1.0.0/16", **nat, **made, "State": "blackhole"},
        {"DestinationCidrBlock": "10.2.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation"},
        {"DestinationPrefixListId": "pl-63a5400a", "GatewayId": "vpce-1", **made},
        {"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"},
    ]
    found = await ACTIONS["ec2-nat-route"].plan(Described(routes), Target("rtb-0a1b2c3d", PROD), None, ())
    kinds = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    assert [call.params for call in found.calls] == [
        {"RouteTableId": "rtb-0a1b2c3d", kind: to}
        for kind, to in zip(kinds, (EVERYWHERE, "64:ff9b::/96", "pl-0a1b2c3d"), strict=True)
    ]
    assert [call.params["NatGatewayId"] for call in found.undo_calls] == ["nat-0a1b2c3d"] * 3


# --- network ACLs ---------------------------------------------------------------------------------------------


async def test_an_acl_that_others_share_is_left_alone(aws: Embedded) -> None:
    made = network(aws)
    done = await plan(aws, "ec2-nacl-deny", made.private)
    assert [call.operation for call in done.calls] == ["CreateNetworkAcl", "ReplaceNetworkAclAssociation"]
    assert "1 other subnet with the same ACL not touched" in done.blast_radius
    assert done.wide
    assert done.undo_calls[0].params["AssociationId"] == {"$answer": [1, "NewAssociationId"]}
    assert "<NewAssociationId of call 2>" in awscli.line(done.undo_calls[0], PROD.region)


async def test_what_is_denied_with_the_subnet_is_said(aws: Embedded) -> None:
    made = network(aws)
    found = await plan(aws, "ec2-nacl-deny", made.public)
    assert any("1 NAT gateway in it" in warning for warning in found.warnings)


async def test_an_acl_of_ours_is_used_again_but_not_one_that_lets_something_pass(aws: Embedded) -> None:
    made = network(aws)
    tags = [{"ResourceType": "network-acl", "Tags": [{"Key": "Name", "Value": "socconsole-deny"}]}]
    acl = do(aws, "ec2:CreateNetworkAcl", VpcId=made.vpc, TagSpecifications=tags)["NetworkAcl"]["NetworkAclId"]
    (only,) = (await plan(aws, "ec2-nacl-deny", made.private)).calls
    assert only.params["NetworkAclId"] == acl
    rule = {"Egress": False, "RuleNumber": 1, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": EVERYWHERE}
    do(aws, "ec2:CreateNetworkAclEntry", NetworkAclId=acl, **rule)
    assert (await plan(aws, "ec2-nacl-deny", made.private)).calls[0].operation == "CreateNetworkAcl"


# --- security groups ------------------------------------------------------------------------------------------


async def test_rules_come_back_as_they_were(aws: Embedded) -> None:
    made = network(aws)
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rules = [
        {**https, "IpRanges": [{"CidrIp": "203.0.113.0/24", "Description": "partner"}]},
        {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "UserIdGroupPairs": [{"GroupId": made.group}]},
    ]
    do(aws, "ec2:AuthorizeSecurityGroupEgress", GroupId=made.group, IpPermissions=rules)
    done = await plan(aws, "ec2-sg-egress", made.group)
    assert "tcp 443 to 203.0.113.0/24" in done.why
    carry_out(aws, done)
    back = await undoing(aws, done)
    carry_out(aws, back)
    again = await plan(aws, "ec2-sg-egress", made.group)
    assert again.before == done.before
    assert any(rule.get("Description") == "partner" for rule in again.before["Egress"])


async def test_giving_back_a_rule_that_was_just_written_is_re_exposing(aws: Embedded, session: Make) -> None:
    made = network(aws)
    out = {"IpProtocol": "tcp", "FromPort": 4444, "ToPort": 4444, "IpRanges": [{"CidrIp": "203.0.113.9/32"}]}
    do(aws, "ec2:AuthorizeSecurityGroupEgress", GroupId=made.group, IpPermissions=[out])
    at = {"account": PROD.account, "region": PROD.region}
    asked = Contain(action="ec2-sg-egress", target=made.group, confirm=made.group, reason="drill", **at)
    done = await engine.contain(session(), asked)
    back = await undoing(aws, done.plan)
    assert back.re_exposes
    assert "written within the day before" in back.warnings[0]
    assert any("AuthorizeSecurityGroupEgress by" in warning for warning in back.warnings)


async def test_who_uses_a_group_and_who_gets_round_it_is_counted(aws: Embedded) -> None:
    made = network(aws)
    other = do(aws, "ec2:CreateSecurityGroup", GroupName="b", Description="b", VpcId=made.vpc)["GroupId"]
    asked = {"ImageId": IMAGE, "InstanceType": "m5.large", "SubnetId": made.private, "MinCount": 1, "MaxCount": 1}
    do(aws, "ec2:RunInstances", **asked, SecurityGroupIds=[made.group, other])
    found = await plan(aws, "ec2-sg-egress", made.group)
    assert "2 interfaces (2 instances)" in found.blast_radius
    assert any("1 interface of them have further groups" in warning for warning in found.warnings)
    assert found.wide


async def test_a_group_that_nobody_uses_is_no_path(aws: Embedded) -> None:
    made = network(aws)
    lone = do(aws, "ec2:CreateSecurityGroup", GroupName="b", Description="b", VpcId=made.vpc)["GroupId"]
    found = await plan(aws, "ec2-sg-egress", lone)
    assert not found.helps
    assert "no interface uses" in found.why


async def test_an_unread_count_is_called_unknown(aws: Embedded) -> None:
    made = network(aws)
    aws.faults.add(kind="denied", service="ec2", op="DescribeNetworkInterfaces", times=None)
    found = await plan(aws, "ec2-sg-egress", made.group)
    assert found.helps
    assert "not known" in found.blast_radius
    assert found.wide, "who loses what is not known: the whole id"
    assert "not read, denied: network interfaces" in found.warnings


# --- flow logs ------------------------------------------------------------------------------------------------


async def test_without_a_destination_nothing_is_invented(aws: Embedded) -> None:
    unrecorded(aws)
    found = await plan(aws, "ec2-flow-logs", network(aws).private)
    assert not found.helps
    assert "where to write" in found.why
    assert found.instead_calls == ()


async def test_delivery_to_a_bucket_is_printed_for_other_hands(aws: Embedded) -> None:
    unrecorded(aws)
    made = network(aws)
    owner(aws, "CreateBucket", "flows-of-prod", CreateBucketConfiguration={"LocationConstraint": PROD.region})
    bucket = {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::flows-of-prod"}
    do(aws, "ec2:CreateFlowLogs", ResourceIds=[made.public], ResourceType="Subnet", TrafficType="ALL", **bucket)
    found = await plan(aws, "ec2-flow-logs", made.private)
    assert not found.helps
    (call,) = found.instead_calls
    assert call.params["ResourceIds"] == [made.private]
    assert call.params["LogDestination"] == "arn:aws:s3:::flows-of-prod"


@pytest.mark.parametrize(("traffic", "recorded"), [("ALL", True), ("REJECT", False)])
async def test_a_log_of_the_vpc_records_its_subnets(aws: Embedded, traffic: str, recorded: bool) -> None:
    made = network(aws)
    do(aws, "logs:CreateLogGroup", logGroupName="vpc-flows")
    flow_log(aws, made.vpc, "VPC", traffic)
    found = await plan(aws, "ec2-flow-logs", made.private)
    assert found.helps is not recorded


# --- the region -----------------------------------------------------------------------------------------------


async def test_another_regions_name_is_refused(aws: Embedded) -> None:
    network(aws)
    found = await plan(aws, "ec2-vpc-block-public", "eu-west-1")
    assert found.refusals == (f"the target is the region itself: {PROD.region}",)


async def test_what_the_organisation_decides_is_refused_before(aws: Embedded) -> None:
    made = network(aws)
    gateway = do(aws, "ec2:CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    do(aws, "ec2:AttachInternetGateway", InternetGatewayId=gateway, VpcId=made.vpc)
    aws.cloud.vpc_blocks.managed_by = "declarative-policy"
    found = await plan(aws, "ec2-vpc-block-public", PROD.region)
    assert found.second_person
    assert found.wide
    assert "declarative policy" in found.refusals[0]


async def test_a_region_without_a_way_out_has_nothing_to_block(aws: Embedded) -> None:
    for gateway in do(aws, "ec2:DescribeInternetGateways")["InternetGateways"]:
        for vpc in gateway["Attachments"]:
            do(aws, "ec2:DetachInternetGateway", InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc["VpcId"])
    found = await plan(aws, "ec2-vpc-block-public", PROD.region)
    assert not found.helps
    assert "no VPC of the region has an internet gateway" in found.why


async def test_blocking_snapshots_opens_again_only_what_is_public(aws: Embedded) -> None:
    block = "ebs-block-public-snapshots"
    made = snapshot(aws)
    found = await plan(aws, block, PROD.region)
    carry_out(aws, found)
    assert "no snapshot is shared" in found.why
    assert not (await undoing(aws, found)).re_exposes
    share(aws, made, "all")
    back = await undoing(aws, found)
    assert back.re_exposes
    assert f"1 snapshot is shared with everybody: {made}" in back.warnings[0]
    other = await plan(aws, block, "eu-west-1")
    assert "the target is the region itself" in other.refusals[0]


async def test_what_a_declarative_policy_owns_no_account_changes(aws: Embedded) -> None:
    backend(PROD.account, PROD.region).drill_sharing_owner = "declarative-policy"
    found = await plan(aws, "ebs-block-public-snapshots", PROD.region)
    assert "declarative policy" in found.refusals[0]
