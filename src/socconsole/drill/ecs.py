"""ECS where moto and AWS differ: tasks run until somebody stops them, and take a while to stop.

Sources: ECS API reference (``StopTask``: a stop signal, 30 seconds, then SIGKILL; tags are deleted;
``UpdateService``) and ECS Developer Guide, "Amazon ECS task lifecycle".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend
from moto.moto_api import state_manager

from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

STOP_SECONDS: Final = 30.0
"""Story seconds until a task has stopped, or the tasks of a service are what was asked for."""


def _backend(call: Call) -> Any:
    return get_backend("ecs")[call.account][call.region]


@routes.before("ecs", "RunTask", "DescribeTasks")
def tasks_stay(cloud: Cloud, call: Call) -> None:
    """moto moves a task one state on towards STOPPED each time it is looked at."""
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 10**9})


@routes.op("ecs", "StopTask")
def stop_task(cloud: Cloud, call: Call) -> dict[str, Any]:
    cluster = _backend(call)._get_cluster(call.params.get("cluster") or "default")
    name = str(call.params["task"]).rpartition("/")[2]
    tasks = _backend(call).tasks.get(cluster.name, {})
    task = next((one for one in tasks.values() if one.id == name), None)
    if task is None:
        raise AwsError("InvalidParameterException", "The referenced task was not found.")

    def done() -> None:
        task.last_status = "STOPPED"

    if task.last_status != "STOPPED":
        task.desired_status, task.last_status = "STOPPED", "DEACTIVATING"
        task.stopped_reason, task.tags = call.params.get("reason", ""), []
        cloud.slow.begin(call, STOP_SECONDS, done)
    return {"task": {"taskArn": task.task_arn, "lastStatus": task.last_status, "desiredStatus": "STOPPED"}}


@routes.after("ecs", "CreateService")
def started(cloud: Cloud, call: Call) -> None:
    _follow(cloud, call, str(call.params["serviceName"]), 0)


@routes.before("ecs", "UpdateService")
def remembered(cloud: Cloud, call: Call) -> None:
    service = _service(call, str(call.params["service"]))
    service.drill_running = service.running_count


@routes.after("ecs", "UpdateService")
def adapted(cloud: Cloud, call: Call) -> None:
    name = str(call.params["service"])
    _follow(cloud, call, name, _service(call, name).drill_running)


def _follow(cloud: Cloud, call: Call, name: str, running: int) -> None:
    """The service has ``running`` tasks now, and in a while as many as it is asked to have by then."""
    service = _service(call, name)

    def count(tasks: int) -> None:
        service.running_count, service.pending_count = tasks, 0
        for deployment in service.deployments:
            deployment |= {"runningCount": tasks, "pendingCount": 0, "desiredCount": service.desired_count}

    count(running)
    cloud.slow.begin(call, STOP_SECONDS, lambda: count(service.desired_count))


def _service(call: Call, name: str) -> Any:
    return _backend(call)._get_service(call.params.get("cluster") or "default", name.rpartition("/")[2])
