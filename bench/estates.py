"""Estates of any size for the embedded AWS: endpoints that serve an LLM, each with what an endpoint brings along.

Of four two are SageMaker's, each with a model, a configuration and a bucket for what it captures, one is a Bedrock
agent with an alias, one an instance with a GPU. Each has a role of its own; a place has one network, one key, and an
analyzer that says who can come in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from socconsole.drill.scenario import Bucket, Deed, Role, Scenario
from socconsole.model.world import Place

REGIONS: Final = ("eu-central-1", "eu-west-1")
NAME: Final = "llm-bench-"
"""What the names of all endpoints begin with."""

_MODEL: Final = "anthropic.claude-sonnet-4-5-20250929-v1:0"


def scenario(sizes: Mapping[tuple[str, ...], int]) -> Scenario:
    """Accounts → how many endpoints each of them has in each of ``REGIONS``."""
    grounds = [
        (_Ground(Place(account, region)), count)
        for accounts, count in sizes.items()
        for account in accounts
        for region in REGIONS
    ]
    for ground, count in grounds:
        for number in range(count):
            make = (ground.sagemaker, ground.agent, ground.sagemaker, ground.instance)[number % 4]
            make(f"{NAME}{number}")
    return Scenario(
        name="bench",
        title="An estate to measure on",
        summary="As many endpoints as are wanted",
        speed=1.0,
        accounts={f"account-{one}": one for accounts in sizes for one in accounts},
        regions=REGIONS,
        role=tuple(one for ground, _ in grounds for one in ground.roles),
        bucket=tuple(one for ground, _ in grounds for one in ground.buckets),
        estate=tuple(one for ground, _ in grounds for one in ground.deeds),
    )


class _Ground:
    """One place: its network and key, and whatever is put on it."""

    def __init__(self, place: Place) -> None:
        self.roles: list[Role] = []
        self.buckets: list[Bucket] = []
        self.deeds: list[Deed] = []
        self._place = place
        self._subnet, self._group, self._key = (self._saved(one) for one in ("subnet", "group", "key"))
        vpc = self._saved("vpc")
        self._do("ec2:CreateVpc", {vpc: "Vpc.VpcId"}, CidrBlock="10.60.0.0/16")
        self._do("ec2:CreateSubnet", {self._subnet: "Subnet.SubnetId"}, VpcId=_(vpc), CidrBlock="10.60.0.0/20")
        about = "serves models"
        self._do(
            "ec2:CreateSecurityGroup", {self._group: "GroupId"}, GroupName="serving", Description=about, VpcId=_(vpc)
        )
        self._do("kms:CreateKey", {self._key: "KeyMetadata.Arn"}, Description=about)
        self._do("accessanalyzer:CreateAnalyzer", analyzerName="outside", type="ACCOUNT")

    def sagemaker(self, name: str) -> None:
        role, bucket = self._role(name, "sagemaker.amazonaws.com"), f"{name}-{self._place.account}-{self._place.region}"
        self.buckets.append(Bucket(account=self._place.account, region=self._place.region, name=bucket))
        self._do(
            "sagemaker:CreateModel",
            ModelName=name,
            ExecutionRoleArn=role,
            EnableNetworkIsolation=True,
            PrimaryContainer={"Image": f"{self._place.account}.dkr.ecr.{self._place.region}.amazonaws.com/serve:1"},
            VpcConfig={"Subnets": [_(self._subnet)], "SecurityGroupIds": [_(self._group)]},
        )
        self._do(
            "sagemaker:CreateEndpointConfig",
            EndpointConfigName=name,
            KmsKeyId=_(self._key),
            ProductionVariants=[
                {"VariantName": "main", "ModelName": name, "InitialInstanceCount": 2, "InstanceType": "ml.m5.4xlarge"}
            ],
            DataCaptureConfig={
                "EnableCapture": True,
                "InitialSamplingPercentage": 20,
                "DestinationS3Uri": f"s3://{bucket}/capture",
                "KmsKeyId": _(self._key),
                "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
            },
        )
        self._do("sagemaker:CreateEndpoint", EndpointName=name, EndpointConfigName=name)

    def agent(self, name: str) -> None:
        role, saved = self._role(name, "bedrock.amazonaws.com"), self._saved(name)
        self._do(
            "bedrock-agent:CreateAgent",
            {saved: "agent.agentId"},
            agentName=name,
            foundationModel=_MODEL,
            agentResourceRoleArn=role,
        )
        self._do("bedrock-agent:CreateAgentAlias", agentId=_(saved), agentAliasName="live")

    def instance(self, name: str) -> None:
        self._role(name, "ec2.amazonaws.com")
        self._do(
            "ec2:RunInstances",
            ImageId="ami-0a1b2c3d4e5f60718",
            MinCount=1,
            MaxCount=1,
            InstanceType="g5.xlarge",
            SubnetId=_(self._subnet),
            SecurityGroupIds=[_(self._group)],
            IamInstanceProfile={"Name": self._named(name)},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
        )

    def _role(self, name: str, service: str) -> str:
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::corpus/*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.roles.append(Role(account=self._place.account, name=self._named(name), service=service, policy=policy))
        return f"arn:aws:iam::{self._place.account}:role/{self._named(name)}"

    def _named(self, name: str) -> str:
        """Roles are an account's, whatever the region."""
        return f"{name}-{self._place.region}"

    def _saved(self, what: str) -> str:
        return f"{what}-{self._place.account}-{self._place.region}"

    def _do(self, op: str, save: Mapping[str, str] | None = None, **params: Any) -> None:
        self.deeds.append(
            Deed(op=op, account=self._place.account, region=self._place.region, params=params, save=dict(save or {}))
        )


def _(saved: str) -> str:
    """The value that a deed has saved."""
    return f"${{{saved}}}"
