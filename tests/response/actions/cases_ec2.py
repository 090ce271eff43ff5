"""Networks and instances: how they are built, and what somebody else does to them meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.drill import Embedded
from socconsole.drill.vpc_block import TAKES
from tests.response.actions.case import Case, do
from tests.response.conftest import PROD

IMAGE = "ami-0a1b2c3d4e5f60718"


@dataclass(frozen=True)
class Network:
    """A VPC whose private subnet leads out through a NAT gateway in its public one."""

    vpc: str
    public: str
    private: str
    nat: str
    table: str
    """The private subnet's route table."""
    group: str
    """The instance's security group; lets everything out."""
    instance: str


def network(aws: Embedded) -> Network:
    vpc = do(aws, "ec2:CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    public, private = (
        do(aws, "ec2:CreateSubnet", VpcId=vpc, CidrBlock=f"10.9.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2)
    )
    address = do(aws, "ec2:AllocateAddress", Domain="vpc")["AllocationId"]
    made = do(aws, "ec2:CreateNatGateway", SubnetId=public, AllocationId=address)
    nat = made["NatGateway"]["NatGatewayId"]
    table = do(aws, "ec2:CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    do(aws, "ec2:AssociateRouteTable", RouteTableId=table, SubnetId=private)
    do(aws, "ec2:CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    group = do(aws, "ec2:CreateSecurityGroup", GroupName="app", Description="app", VpcId=vpc)["GroupId"]
    instance = do(
        aws,
        "ec2:RunInstances",
        ImageId=IMAGE,
        MinCount=1,
        MaxCount=1,
        InstanceType="m5.large",
        SubnetId=private,
        SecurityGroupIds=[group],
        IamInstanceProfile={"Name": "vllm-recs"},
    )["Instances"][0]["InstanceId"]
    return Network(vpc, public, private, nat, table, group, instance)


def _nat(aws: Embedded) -> str:
    return network(aws).nat


def _routed_elsewhere(aws: Embedded, nat: str) -> None:
    """Somebody leads the way out through an internet gateway instead."""
    found = do(aws, "ec2:DescribeNatGateways", NatGatewayIds=[nat])["NatGateways"][0]["VpcId"]
    tables = do(aws, "ec2:DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [found]}])["RouteTables"]
    table = next(t["RouteTableId"] for t in tables if not any(a.get("Main") for a in t["Associations"]))
    gateway = do(aws, "ec2:CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    do(aws, "ec2:AttachInternetGateway", InternetGatewayId=gateway, VpcId=found)
    do(aws, "ec2:CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def _subnet(aws: Embedded) -> str:
    return network(aws).private


def _opened(aws: Embedded, subnet: str) -> None:
    """Somebody lets our network ACL pass everything."""
    acls = do(aws, "ec2:DescribeNetworkAcls", Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
    acl = acls["NetworkAcls"][0]["NetworkAclId"]
    rule = {"Egress": True, "RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}
    do(aws, "ec2:CreateNetworkAclEntry", NetworkAclId=acl, **rule)


def _group(aws: Embedded) -> str:
    return network(aws).group


def _another_rule(aws: Embedded, group: str) -> None:
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    do(
        aws,
        "ec2:AuthorizeSecurityGroupEgress",
        GroupId=group,
        IpPermissions=[{**https, "IpRanges": [{"CidrIp": "203.0.113.9/32"}]}],
    )


def _served(aws: Embedded) -> str:
    """An instance with everything that isolation touches: a profile, an Auto Scaling group, a target group."""
    made = network(aws)
    ids = {"AutoScalingGroupName": "web", "InstanceId": made.instance}
    size = {"MinSize": 0, "MaxSize": 3, "DesiredCapacity": 0}
    do(aws, "autoscaling:CreateAutoScalingGroup", **ids, **size, VPCZoneIdentifier=made.private)
    do(aws, "autoscaling:AttachInstances", AutoScalingGroupName="web", InstanceIds=[made.instance])
    group = do(
        aws, "elbv2:CreateTargetGroup", Name="web", Protocol="HTTP", Port=80, VpcId=made.vpc, TargetType="instance"
    )
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    do(aws, "elbv2:RegisterTargets", TargetGroupArn=arn, Targets=[{"Id": made.instance, "Port": 8080}])
    return made.instance


def _profile_again(aws: Embedded, instance: str) -> None:
    do(aws, "ec2:AssociateIamInstanceProfile", InstanceId=instance, IamInstanceProfile={"Name": "vllm-recs"})


def _border(aws: Embedded) -> str:
    found = network(aws)
    gateway = do(aws, "ec2:CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    do(aws, "ec2:AttachInternetGateway", InternetGatewayId=gateway, VpcId=found.vpc)
    return PROD.region


def _half_open(aws: Embedded, region: str) -> None:
    do(aws, "ec2:ModifyVpcBlockPublicAccessOptions", InternetGatewayBlockMode="block-ingress")


def unrecorded(aws: Embedded) -> None:
    """Take away the flow logs that the scenario's estate has."""
    found = do(aws, "ec2:DescribeFlowLogs")["FlowLogs"]
    do(aws, "ec2:DeleteFlowLogs", FlowLogIds=[one["FlowLogId"] for one in found])


def flow_log(aws: Embedded, resource: str, kind: str = "Subnet", traffic: str = "ALL") -> None:
    """One of the account's own, to a log group."""
    do(
        aws,
        "ec2:CreateFlowLogs",
        ResourceIds=[resource],
        ResourceType=kind,
        TrafficType=traffic,
        LogDestinationType="cloud-watch-logs",
        LogGroupName="vpc-flows",
        DeliverLogsPermissionArn=f"arn:aws:iam::{PROD.account}:role/vllm-recs",
    )


def _unrecorded(aws: Embedded) -> str:
    made = network(aws)
    do(aws, "logs:CreateLogGroup", logGroupName="vpc-flows")
    flow_log(aws, made.public)
    return made.private


def _rejects_as_well(aws: Embedded, subnet: str) -> None:
    ours = do(aws, "ec2:DescribeFlowLogs", Filter=[{"Name": "resource-id", "Values": [subnet]}])["FlowLogs"]
    do(aws, "ec2:DeleteFlowLogs", FlowLogIds=[one["FlowLogId"] for one in ours])
    flow_log(aws, subnet, traffic="REJECT")


def _on_its_own(aws: Embedded) -> str:
    return network(aws).instance


def _left_alone(aws: Embedded, instance: str) -> None:
    """There is no undo that could find anything changed."""


CASES = (
    Case("ec2-nat-route", _nat, _routed_elsewhere),
    Case("ec2-nacl-deny", _subnet, _opened),
    Case("ec2-sg-egress", _group, _another_rule),
    Case("ec2-snapshot", _on_its_own, _left_alone),
    Case("ec2-isolate", _served, _profile_again),
    Case("ec2-vpc-block-public", _border, _half_open, takes=TAKES),
    Case("ec2-flow-logs", _unrecorded, _rejects_as_well),
)
