"""What AWS takes its time for: in between it says so, and takes no other change."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from socconsole.drill import Embedded
from socconsole.drill.ecs import STOP_SECONDS
from socconsole.drill.sagemaker import ENDPOINT_SECONDS, NOTEBOOK_SECONDS
from tests.embedded import client

ML = "444455556666"


def hands(aws: Embedded, operation: str, region: str, account: str = ML, **params: Any) -> Any:
    """By the world itself."""
    return aws.cloud.hands.call(f"AKIB{account}BLDR", region, operation, params)


def asked(aws: Embedded, service: str, region: str, account: str) -> Any:
    """A client in ``account`` that may do everything."""
    allow = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    role = {"RoleName": "socconsole-responder", "PolicyName": "all", "PolicyDocument": allow}
    hands(aws, "iam:PutRolePolicy", "us-east-1", account, **role)
    return client(aws, service, region, role="responder", account=account)


def test_an_endpoint_is_updating_then_deleting_then_gone(aws: Embedded) -> None:
    sagemaker = asked(aws, "sagemaker", "eu-west-1", ML)
    weights = [{"VariantName": "main", "DesiredWeight": 0.5}]

    def seen() -> tuple[str, float, float]:
        found = sagemaker.describe_endpoint(EndpointName="support-agent")
        main = found["ProductionVariants"][0]
        return found["EndpointStatus"], main["CurrentWeight"], main["DesiredWeight"]

    def update() -> None:
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="support-agent", DesiredWeightsAndCapacities=weights
        )

    update()
    assert seen() == ("Updating", 1.0, 0.5)
    for refused in (update, lambda: sagemaker.delete_endpoint(EndpointName="support-agent")):
        with pytest.raises(ClientError, match="in-progress"):
            refused()
    aws.clock.skip(ENDPOINT_SECONDS)
    assert seen() == ("InService", 0.5, 0.5)

    sagemaker.delete_endpoint(EndpointName="support-agent")
    assert seen()[0] == "Deleting"
    aws.clock.skip(ENDPOINT_SECONDS)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        seen()
    sagemaker.create_endpoint(EndpointName="support-agent", EndpointConfigName="support-agent")
    assert seen()[0] == "Creating"
    with pytest.raises(ClientError, match="already existing"):
        sagemaker.create_endpoint(EndpointName="support-agent", EndpointConfigName="support-agent")


def test_a_notebook_stops_and_starts_by_states_in_between(aws: Embedded) -> None:
    role = f"arn:aws:iam::{ML}:role/sagemaker-eval"
    made = {"NotebookInstanceName": "nb", "InstanceType": "ml.t3.medium", "RoleArn": role}
    hands(aws, "sagemaker:CreateNotebookInstance", "eu-west-1", **made)
    sagemaker = asked(aws, "sagemaker", "eu-west-1", ML)

    def seen() -> str:
        return str(sagemaker.describe_notebook_instance(NotebookInstanceName="nb")["NotebookInstanceStatus"])

    sagemaker.stop_notebook_instance(NotebookInstanceName="nb")
    assert seen() == "Stopping"
    with pytest.raises(ClientError, match="Unable to transition"):
        sagemaker.start_notebook_instance(NotebookInstanceName="nb")
    aws.clock.skip(NOTEBOOK_SECONDS)
    assert seen() == "Stopped"
    sagemaker.start_notebook_instance(NotebookInstanceName="nb")
    assert seen() == "Pending"


def test_a_task_runs_until_it_is_stopped_and_then_takes_a_while(aws: Embedded) -> None:
    account, region = aws.accounts[0], "eu-central-1"
    hands(aws, "ecs:CreateCluster", region, account, clusterName="web")
    container = {"name": "chat", "image": "chat:1", "memory": 512}
    hands(aws, "ecs:RegisterTaskDefinition", region, account, family="chat", containerDefinitions=[container])
    ran = hands(aws, "ecs:RunTask", region, account, cluster="web", taskDefinition="chat", launchType="FARGATE")
    arn = ran["tasks"][0]["taskArn"]
    ecs = asked(aws, "ecs", region, account)

    def seen() -> tuple[str, str]:
        task = ecs.describe_tasks(cluster="web", tasks=[arn])["tasks"][0]
        return task["desiredStatus"], task["lastStatus"]

    assert {seen() for _ in range(6)} == {("RUNNING", "RUNNING")}, "looking stops nothing"
    ecs.stop_task(cluster="web", task=arn, reason="drill")
    assert seen() == ("STOPPED", "DEACTIVATING")
    aws.clock.skip(STOP_SECONDS)
    assert seen() == ("STOPPED", "STOPPED")
    with pytest.raises(ClientError, match="not found"):
        ecs.stop_task(cluster="web", task="0" * 32)
