"""``ecs-service-stop``: have a service keep no task running.

The target is ``CLUSTER/SERVICE``. Facts: ECS API reference, ``UpdateService`` (a new count starts no deployment) and
``DescribeServices``; Application Auto Scaling User Guide, "Amazon ECS and Application Auto Scaling": a policy or a
schedule sets the count again, up from the registered minimum.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.ecs import arn, missing, named, parts
from socconsole.response.parts import Part, read
from socconsole.response.unfolding import Unfolding
from socconsole.response.wording import count
from socconsole.text import token

_STATE: Final = "desiredCount"


@dataclass(frozen=True, slots=True)
class Service:
    """A service as AWS described it in one round of reads."""

    name: str
    place: Place
    status: str
    desired: int
    alive: int
    """Tasks that run or are about to."""
    daemon: bool
    """One task for each instance: it takes no count."""
    balancers: int
    """Load balancer target groups that send it traffic."""
    scaling: tuple[str, ...] | None
    """What autoscaling may set the count to, in words; None where it could not be read."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]


class EcsServiceStop(Unfolding[Service]):
    """See the module's text."""

    info = Info(
        id="ecs-service-stop",
        title="Stop all tasks of an ECS service",
        target_type="cluster/service",
        calls=("ecs:UpdateService",),
        stops="all that the service's tasks do: they are stopped, and none is started in their place",
        does_not_stop="sessions of its task role that were taken out of it, tasks that were started by hand, other "
        "services of the same task definition; a task may take up to its stop timeout (30 s, if not set otherwise)",
        reversible=Reversible.PARTLY,
        captures="the service: task definition, network, deployments, load balancers; its autoscaling; tags",
        verifies="the desired count is 0 and no task is running; while tasks are stopping it is in doubt",
        undo_leaves="new tasks: memory and local disks of the old ones are gone",
        pitfalls=(
            "autoscaling sets the count again: its range is said before, and reading back notices it",
            "memory and local disks of the tasks are lost as evidence: said before",
            "a DAEMON service takes no count: refused, and ecs-task-stop is named",
            "its task role's sessions stay valid outside: iam-role-revoke-sessions is named",
        ),
    )
    writes = ("UpdateService", "CreateService")
    types = ("AwsEcsService", "AWS::ECS::Service")

    def name(self, target: str) -> str:
        return named(target, "service")

    def arns(self, target: Target) -> tuple[str, ...]:
        return (arn("service", target),)

    async def look(self, door: Door, target: Target) -> Service:
        cluster, name = parts(target)
        found = await read(
            door,
            target.place,
            {
                "services": Part("ecs:DescribeServices", {"cluster": cluster, "services": [name], "include": ["TAGS"]}),
                "autoscaling": Part(
                    "application-autoscaling:DescribeScalableTargets",
                    {"ServiceNamespace": "ecs", "ResourceIds": [f"service/{target.id}"]},
                    optional=True,
                ),
            },
        )
        service = next(iter(found.known("services")["services"]), None)
        if service is None:
            raise missing("ecs:DescribeServices", target.place, f"service {token(target.id)}")
        return Service(
            name=target.id,
            place=target.place,
            status=str(service.get("status", "")),
            desired=int(service["desiredCount"]),
            alive=int(service.get("runningCount", 0)) + int(service.get("pendingCount", 0)),
            daemon=service.get("schedulingStrategy") == "DAEMON",
            balancers=len(service.get("loadBalancers", ())),
            scaling=None if "autoscaling" in found.unread else _ranges(found.known("autoscaling")),
            tags={tag["key"]: tag.get("value", "") for tag in service.get("tags", ())},
            unread=found.unread,
            evidence=found.evidence,
        )

    def state(self, seen: Service) -> State:
        return {_STATE: seen.desired}

    def underway(self, seen: Service) -> str:
        return ""  # AWS takes another count at any time

    def judged(self, seen: Service, plan: Plan) -> ActionState:
        state = super().judged(seen, plan)
        stopping = state is ActionState.APPLIED and plan.after[_STATE] == 0 and seen.alive > 0
        return ActionState.IN_DOUBT if stopping else state

    def cut(self, seen: Service, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if seen.status != "ACTIVE":
            return Cut(None, f"would change nothing here: the service is {token(seen.status)}")
        if seen.daemon:
            return Cut(
                None,
                "a DAEMON service takes no count: it runs one task on each instance",
                instead="ecs-task-stop: a task by itself, which the service starts again",
            )
        if seen.desired == 0:
            left = f", {count(seen.alive, 'task')} stopping still" if seen.alive else ""
            return Cut(None, f"would change nothing here: it is to keep no task running{left}")
        return Cut(
            wanted={_STATE: 0},
            why=f"the service keeps {count(seen.desired, 'task')} running, {seen.alive} are there now",
            blast_radius=f"1 service, {count(seen.alive, 'task')}; {count(seen.balancers, 'target group')} of load "
            "balancers without a target; who uses it: not known (configuration does not say)",
            fit=65,
            warnings=_warnings(seen),
        )

    def steps(self, seen: Service, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        cluster, name = parts(target)
        return (Call("ecs", "UpdateService", {"cluster": cluster, "service": name, **wanted}),)


def _ranges(answer: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    for target in answer["ScalableTargets"]:
        suspended = target.get("SuspendedState") or {}
        off = all(suspended.get(key) for key in ("DynamicScalingOutSuspended", "ScheduledScalingSuspended"))
        if target.get("ScalableDimension", "ecs:service:DesiredCount") == "ecs:service:DesiredCount" and not off:
            found.append(f"{target['MinCapacity']} to {target['MaxCapacity']}")
    return tuple(found)


def _warnings(seen: Service) -> tuple[str, ...]:
    out = ["memory and local disks of its tasks are lost, also as evidence"]
    if seen.scaling is None:
        out.append("whether autoscaling sets the count again could not be read")
    out += [
        f"autoscaling sets the count to {each} when an alarm or a schedule asks for it: suspend it too, "
        "aws application-autoscaling register-scalable-target --suspended-state"
        for each in seen.scaling or ()
    ]
    out.append("what was taken out of a task keeps its role's rights: iam-role-revoke-sessions ends that")
    return tuple(out)


ACTION: Final = EcsServiceStop()
