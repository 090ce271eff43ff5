"""Endpoints, notebooks, functions, services and tasks: what runs, and what somebody else does to it meanwhile."""

from __future__ import annotations

import io
import zipfile

from socconsole.drill import Embedded
from tests.response.actions.case import Case, do
from tests.response.conftest import PROD

FUNCTION = "send-digest"


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


CASES = (Case("lambda-stop", function, _let_run),)
