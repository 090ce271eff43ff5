"""Endpoints, notebooks, functions, services and tasks: what runs, and what somebody else does to it meanwhile."""

from __future__ import annotations

import io
import zipfile

from socconsole.drill import Embedded
from socconsole.drill.sagemaker import ENDPOINT_SECONDS, NOTEBOOK_SECONDS
from tests.response.actions.case import Case, do
from tests.response.conftest import ML, PROD

FUNCTION = "send-digest"
ENDPOINT = "Answers"
NOTEBOOK = "exploration"


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


def endpoint(aws: Embedded) -> str:
    """An endpoint whose traffic is split 3 to 1 between two models; a second configuration for it besides."""
    role = f"arn:aws:iam::{ML.account}:role/sagemaker-eval"
    for name in ("answers-a", "answers-b"):
        do(aws, "sagemaker:CreateModel", ML, ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "i:1"})
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


CASES = (
    Case("lambda-stop", function, _let_run),
    Case("sagemaker-weight-zero", variant, _some_weight, ML, takes=ENDPOINT_SECONDS),
    Case("sagemaker-take-down", endpoint, _served_anew, ML, takes=ENDPOINT_SECONDS),
    Case("sagemaker-stop-notebook", notebook, _deleted, ML, takes=NOTEBOOK_SECONDS),
)
