"""Connections out of an instance: what ends them, what does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec import structs

from socconsole.drill import Embedded
from socconsole.drill.engine import Engine
from socconsole.drill.flows import Flow, Unreachable
from socconsole.drill.scenario import Step, Stream
from tests.response.actions.case import do
from tests.response.actions.cases_ec2 import Network, network
from tests.response.conftest import PROD

OUTSIDE = "203.0.113.9"
ALL = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def reachable(aws: Embedded) -> Network:
    """The network with a gateway behind its public subnet."""
    made = network(aws)
    gateway = do(aws, "ec2:CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    do(aws, "ec2:AttachInternetGateway", InternetGatewayId=gateway, VpcId=made.vpc)
    table = do(aws, "ec2:CreateRouteTable", VpcId=made.vpc)["RouteTable"]["RouteTableId"]
    do(aws, "ec2:AssociateRouteTable", RouteTableId=table, SubnetId=made.public)
    do(aws, "ec2:CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return made


def start(aws: Embedded, instance: str) -> Flow:
    return aws.cloud.flows.start(PROD.account, PROD.region, instance, OUTSIDE, bytes_per_second=1000)


def moves(aws: Embedded, flow: Flow) -> int:
    """Bytes of the next minute (and of what the host took), once the network has been looked at as it is now."""
    aws.cloud.flows.look()
    before = flow.bytes
    aws.advance(60)
    return flow.bytes - before


def _isolated(aws: Embedded, made: Network) -> None:
    group = do(aws, "ec2:CreateSecurityGroup", GroupName="none", Description="-", VpcId=made.vpc)["GroupId"]
    do(aws, "ec2:RevokeSecurityGroupEgress", GroupId=group, IpPermissions=ALL)
    found = do(aws, "ec2:DescribeInstances", InstanceIds=[made.instance])["Reservations"][0]["Instances"][0]
    interface = found["NetworkInterfaces"][0]["NetworkInterfaceId"]
    do(aws, "ec2:ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface, Groups=[group])


def _revoked(aws: Embedded, made: Network) -> None:
    do(aws, "ec2:RevokeSecurityGroupEgress", GroupId=made.group, IpPermissions=ALL)


def _acl(aws: Embedded, subnet: str, *, egress: bool) -> None:
    found = do(aws, "ec2:DescribeNetworkAcls", Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    rule = {"RuleNumber": 1, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "Egress": egress}
    do(aws, "ec2:CreateNetworkAclEntry", NetworkAclId=found["NetworkAcls"][0]["NetworkAclId"], **rule)


def _denied(aws: Embedded, made: Network) -> None:
    _acl(aws, made.private, egress=True)


def _answers_denied(aws: Embedded, made: Network) -> None:
    _acl(aws, made.private, egress=False)


def _unrouted(aws: Embedded, made: Network) -> None:
    do(aws, "ec2:DeleteRoute", RouteTableId=made.table, DestinationCidrBlock="0.0.0.0/0")


def _blocked(aws: Embedded, made: Network) -> None:
    do(aws, "ec2:ModifyVpcBlockPublicAccessOptions", InternetGatewayBlockMode="block-bidirectional")


def _ingress_blocked(aws: Embedded, made: Network) -> None:
    do(aws, "ec2:ModifyVpcBlockPublicAccessOptions", InternetGatewayBlockMode="block-ingress")


def _stopped(aws: Embedded, made: Network) -> None:
    do(aws, "ec2:StopInstances", InstanceIds=[made.instance])


Deed = Callable[[Embedded, Network], None]


@pytest.mark.parametrize("change", [_isolated, _revoked, _ingress_blocked])
def test_a_flow_through_nat_survives(aws: Embedded, change: Deed) -> None:
    made = reachable(aws)
    flow = start(aws, made.instance)
    assert flow.via == made.nat
    assert flow.tracked
    assert moves(aws, flow) > 50_000
    change(aws, made)
    assert moves(aws, flow) > 50_000
    assert not flow.ended


@pytest.mark.parametrize("change", [_denied, _answers_denied, _unrouted, _blocked, _stopped])
def test_a_flow_through_nat_ends(aws: Embedded, change: Deed) -> None:
    made = reachable(aws)
    flow = start(aws, made.instance)
    assert moves(aws, flow) > 50_000
    change(aws, made)
    assert moves(aws, flow) == 0
    assert flow.ended


def test_what_has_ended_does_not_begin_again(aws: Embedded) -> None:
    made = reachable(aws)
    flow = start(aws, made.instance)
    _unrouted(aws, made)
    aws.advance(60)
    do(aws, "ec2:CreateRoute", RouteTableId=made.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made.nat)
    assert moves(aws, flow) == 0
    assert moves(aws, start(aws, made.instance)) > 50_000, "a new one does"


@pytest.mark.parametrize("change", [_isolated, _revoked, _unrouted, _denied])
def test_a_new_flow_needs_all_of_them(aws: Embedded, change: Deed) -> None:
    made = reachable(aws)
    change(aws, made)
    with pytest.raises(Unreachable):
        start(aws, made.instance)


@pytest.mark.parametrize(("open_in", "survives"), [(False, True), (True, False)])
def test_straight_to_the_internet_it_is_tracked_unless_all_is_open(
    aws: Embedded, open_in: bool, survives: bool
) -> None:
    made = reachable(aws)
    do(aws, "ec2:DeleteRoute", RouteTableId=made.table, DestinationCidrBlock="0.0.0.0/0")
    gateway = do(aws, "ec2:DescribeInternetGateways", Filters=[{"Name": "attachment.vpc-id", "Values": [made.vpc]}])
    id_ = gateway["InternetGateways"][0]["InternetGatewayId"]
    do(aws, "ec2:CreateRoute", RouteTableId=made.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=id_)
    if open_in:
        do(aws, "ec2:AuthorizeSecurityGroupIngress", GroupId=made.group, IpPermissions=ALL)
    flow = start(aws, made.instance)
    assert flow.tracked is survives
    _isolated(aws, made)
    assert bool(moves(aws, flow)) is survives


def test_a_scenario_begins_a_flow_and_its_score_says_what_left(aws: Embedded) -> None:
    made = reachable(aws)
    stream = Stream(account=PROD.account, region=PROD.region, instance="${host}", to=OUTSIDE, bytes_per_second=1000)
    step = Step(id="leaves", at=5.0, streams=(stream,))
    engine = Engine(aws.cloud, structs.replace(aws.engine.scenario, step=(step,), path=()), {"host": made.instance})
    engine.skip(65)
    (told,) = engine.scores()["streams"]
    assert told["via"] == made.nat
    assert told["bytes"] > 50_000
    assert told["ended"] is None
    _unrouted(aws, made)
    engine.skip(60)
    (cut,) = engine.scores()["streams"]
    assert cut["bytes"] - told["bytes"] < 30_000
    assert "no route" in cut["ended"]


def test_a_step_whose_flow_the_network_does_not_let_begin_has_not_happened(aws: Embedded) -> None:
    made = reachable(aws)
    _denied(aws, made)
    stream = Stream(account=PROD.account, region=PROD.region, instance=made.instance, to=OUTSIDE)
    step = Step(id="leaves", at=5.0, streams=(stream,))
    engine = Engine(aws.cloud, structs.replace(aws.engine.scenario, step=(step,), path=()), {})
    engine.skip(60)
    assert engine.done == {}
    assert engine.scores()["streams"] == []
