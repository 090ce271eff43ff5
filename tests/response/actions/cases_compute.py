"""Endpoints, notebooks, functions, services and tasks: what runs, and what somebody else does to it meanwhile."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from socconsole.drill import Embedded
from socconsole.drill.ecs import STOP_SECONDS
from socconsole.drill.sagemaker import ENDPOINT_SECONDS, NOTEBOOK_SECONDS
from tests.response.actions.case import Case, do
from tests.response.conftest import ML, PROD

FUNCTION = "send-digest"
ENDPOINT = "Answers"
NOTEBOOK = "exploration"
CLUSTER = "web"


def code() -> bytes:
    """The smallest deployment package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def run(event, context): ...\n")
    return packed.getvalue()


def function(aws: Embedded) -> str:
    do(
        aws,
        "lambda:CreateFunction",
        FunctionName=FUNCTION,
        Runtime="python3.12",
        Role=f"arn:aws:iam::{PROD.account}:role/vllm-recs",
        Handler="app.run",
        Timeout=60,
        Environment={"Variables": {"DB_PASSWORD": "hunter2"}},
        Code={"ZipFile": code()},
        Tags={"team": "crm"},
    )
    return FUNCTION


def _let_run(aws: Embedded, name: str) -> None:
    do(aws, "lambda:PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=5)


def endpoint(aws: Embedded, **model: Any) -> str:
    """An endpoint whose traffic is split 3 to 1 between two models; a second configuration for it besides."""
    role = f"arn:aws:iam::{ML.account}:role/sagemaker-eval"
    for name in ("answers-a", "answers-b"):
        given = {"ModelName": name, "ExecutionRoleArn": role, "PrimaryContainer": {"Image": "i:1"}}
        do(aws, "sagemaker:CreateModel", ML, **given, **model)
    a, b = (
        {"VariantName": name, "ModelName": f"answers-{name}", "InitialInstanceCount": n, "InstanceType": "ml.m5.large"}
        for name, n in (("a", 3), ("b", 1))
    )
    two = [{**a, "InitialVariantWeight": 3.0}, {**b, "InitialVariantWeight": 1.0}]
    do(aws, "sagemaker:CreateEndpointConfig", ML, EndpointConfigName="answers-2", ProductionVariants=two)
    do(aws, "sagemaker:CreateEndpointConfig", ML, EndpointConfigName="answers-1", ProductionVariants=two[:1])
    tags = [{"Key": "team", "Value": "support"}]
    do(aws, "sagemaker:CreateEndpoint", ML, EndpointName=ENDPOINT, EndpointConfigName="answers-2", Tags=tags)
    return ENDPOINT


def networked(aws: Embedded) -> str:
    """The same, with its models in a group that lets everything out; one interface stands for SageMaker's own."""
    vpc = do(aws, "ec2:CreateVpc", ML, CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = do(aws, "ec2:CreateSubnet", ML, VpcId=vpc, CidrBlock="10.8.1.0/24")["Subnet"]["SubnetId"]
    group = do(aws, "ec2:CreateSecurityGroup", ML, GroupName="models", Description="models", VpcId=vpc)["GroupId"]
    do(aws, "ec2:CreateNetworkInterface", ML, SubnetId=subnet, Groups=[group])
    return endpoint(aws, VpcConfig={"SecurityGroupIds": [group], "Subnets": [subnet]})


def let_out(aws: Embedded, name: str) -> None:
    """Somebody adds a rule to the models' group."""
    config = do(aws, "sagemaker:DescribeModel", ML, ModelName="answers-a")["VpcConfig"]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
    group = config["SecurityGroupIds"][0]
    do(aws, "ec2:AuthorizeSecurityGroupEgress", ML, GroupId=group, IpPermissions=[https])


def variant(aws: Embedded) -> str:
    return f"{endpoint(aws)}/b"


def _some_weight(aws: Embedded, target: str) -> None:
    name, _, one = target.partition("/")
    weights = [{"VariantName": one, "DesiredWeight": 2.0}]
    do(aws, "sagemaker:UpdateEndpointWeightsAndCapacities", ML, EndpointName=name, DesiredWeightsAndCapacities=weights)


def _served_anew(aws: Embedded, name: str) -> None:
    do(aws, "sagemaker:CreateEndpoint", ML, EndpointName=name, EndpointConfigName="answers-1")


def notebook(aws: Embedded) -> str:
    role = f"arn:aws:iam::{ML.account}:role/sagemaker-eval"
    given = {"NotebookInstanceName": NOTEBOOK, "InstanceType": "ml.t3.medium", "RoleArn": role}
    do(aws, "sagemaker:CreateNotebookInstance", ML, **given, LifecycleConfigName="on-start")
    return NOTEBOOK


def _deleted(aws: Embedded, name: str) -> None:
    do(aws, "sagemaker:DeleteNotebookInstance", ML, NotebookInstanceName=name)


def _cluster(aws: Embedded) -> None:
    do(aws, "ecs:CreateCluster", clusterName=CLUSTER)
    role = f"arn:aws:iam::{PROD.account}:role/vllm-recs"
    container = {"name": "chat", "image": "chat:1", "memory": 512}
    do(aws, "ecs:RegisterTaskDefinition", family="chat", taskRoleArn=role, containerDefinitions=[container])


def service(aws: Embedded) -> str:
    _cluster(aws)
    tags = [{"key": "team", "value": "web"}]
    given: dict[str, Any] = {
        "cluster": CLUSTER,
        "serviceName": "chat",
        "taskDefinition": "chat",
        "launchType": "FARGATE",
    }
    do(aws, "ecs:CreateService", **given, desiredCount=2, tags=tags)
    return f"{CLUSTER}/chat"


def _scaled(aws: Embedded, target: str) -> None:
    cluster, _, name = target.partition("/")
    do(aws, "ecs:UpdateService", cluster=cluster, service=name, desiredCount=5)


def task(aws: Embedded) -> str:
    if not do(aws, "ecs:DescribeClusters", clusters=[CLUSTER])["clusters"]:
        _cluster(aws)
    tags = [{"key": "team", "value": "web"}]
    secret = {"name": "chat", "environment": [{"name": "TOKEN", "value": "hunter2"}]}
    ran = do(
        aws,
        "ecs:RunTask",
        cluster=CLUSTER,
        taskDefinition="chat",
        launchType="FARGATE",
        tags=tags,
        startedBy="i-0a5b",
        overrides={"containerOverrides": [secret]},
    )
    return f"{CLUSTER}/{ran['tasks'][0]['taskArn'].rpartition('/')[2]}"


def _nothing(aws: Embedded, target: str) -> None:
    """A task that was stopped stays so."""


CASES = (
    Case("ecs-service-stop", service, _scaled, takes=STOP_SECONDS),
    Case("ecs-task-stop", task, _nothing, takes=STOP_SECONDS),
    Case("lambda-stop", function, _let_run),
    Case("sagemaker-isolate", networked, let_out, ML),
    Case("sagemaker-weight-zero", variant, _some_weight, ML, takes=ENDPOINT_SECONDS),
    Case("sagemaker-take-down", endpoint, _served_anew, ML, takes=ENDPOINT_SECONDS),
    Case("sagemaker-stop-notebook", notebook, _deleted, ML, takes=NOTEBOOK_SECONDS),
)
