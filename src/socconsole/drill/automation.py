"""The team's own runbooks: SSM automations that run to their end, and Lambda functions that answer.

Neither is executed: a drill proves that the right one is started with the right parameters, once, and that its
end is told truly. Source: SSM API reference (``StartAutomationExecution``, ``AutomationExecutionStatus``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

SECONDS: Final = 6.0
"""Story seconds that a run takes."""

_OWNERS: Final = ("AWS-", "AWSSupport-", "AWSConfigRemediation-", "AWSIncidents-")


@dataclass(slots=True)
class Run:
    id: str
    document: str
    parameters: dict[str, list[str]]
    by: str
    started: datetime
    status: str = "InProgress"
    ended: datetime | None = None


@dataclass(slots=True)
class Runs:
    """By account and region, oldest first."""

    all: dict[tuple[str, str], list[Run]] = field(default_factory=dict)

    def here(self, call: Call) -> list[Run]:
        return self.all.setdefault((call.account, call.region), [])


@routes.op("ssm", "StartAutomationExecution")
def start(cloud: Cloud, call: Call) -> dict[str, Any]:
    document = call.params["DocumentName"]
    own = get_backend("ssm")[call.account][call.region]._documents
    name = document.rpartition("/")[2] or document
    if not name.startswith(_OWNERS) and name not in own:
        raise AwsError("AutomationDefinitionNotFoundException", f"{document} does not exist")
    run = Run(
        id=cloud.ids.uuid("automation", call.n),
        document=name,
        parameters={key: list(values) for key, values in (call.params.get("Parameters") or {}).items()},
        by=call.principal.caller_arn,
        started=cloud.clock.now(),
    )
    cloud.runs.here(call).append(run)

    def end() -> None:
        # A runbook that is told to fail does: the drill's way to practise it.
        run.status = "Failed" if ["fail"] in run.parameters.values() else "Success"
        run.ended = cloud.clock.now()

    cloud.slow.begin(call, SECONDS, end)
    return {"AutomationExecutionId": run.id}


@routes.op("ssm", "DescribeAutomationExecutions")
def describe(cloud: Cloud, call: Call) -> dict[str, Any]:
    found = list(reversed(cloud.runs.here(call)))
    for one in call.params.get("Filters") or ():
        values = one["Values"]
        match one["Key"]:
            case "DocumentNamePrefix":
                found = [run for run in found if any(run.document.startswith(value) for value in values)]
            case "StartTimeAfter":
                after = datetime.fromisoformat(values[0].replace("Z", "+00:00"))
                found = [run for run in found if run.started >= after]
            case "ExecutionId":
                found = [run for run in found if run.id in values]
            case other:
                raise AwsError("InvalidFilterKey", f"The drill does not know the filter {other}.")
    return {"AutomationExecutionMetadataList": [_metadata(run) for run in found]}


@routes.op("ssm", "GetAutomationExecution")
def get(cloud: Cloud, call: Call) -> dict[str, Any]:
    wanted = call.params["AutomationExecutionId"]
    run = next((one for one in cloud.runs.here(call) if one.id == wanted), None)
    if run is None:
        raise AwsError("AutomationExecutionNotFoundException", f"There is no automation execution {wanted}.")
    return {"AutomationExecution": {**_metadata(run), "Parameters": run.parameters}}


def _metadata(run: Run) -> dict[str, Any]:
    told: dict[str, Any] = {
        "AutomationExecutionId": run.id,
        "DocumentName": run.document,
        "AutomationExecutionStatus": run.status,
        "ExecutionStartTime": run.started,
        "ExecutedBy": run.by,
    }
    if run.ended is not None:
        told["ExecutionEndTime"] = run.ended
    return told


@routes.op("lambda", "Invoke")
def invoke(cloud: Cloud, call: Call) -> bytes:
    name = call.params["FunctionName"]
    backend = get_backend("lambda")[call.account][call.region]
    try:
        backend.get_function(name.rpartition(":")[2] if name.startswith("arn:") else name)
    except Exception:  # whatever moto raises, to AWS's clients it is one error
        raise AwsError("ResourceNotFoundException", f"Function not found: {name}", 404) from None
    return b'{"done":true}'
