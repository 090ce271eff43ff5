"""``ecs-task-stop``: stop one task.

The target is ``CLUSTER/TASK``. Facts: ECS API reference, ``StopTask`` (a stop signal, 30 seconds if not set otherwise,
then SIGKILL; the task's tags are deleted) and ``DescribeTasks`` (stopped tasks are listed for an hour at least).
A task that was stopped is gone; a service starts another one in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import Door, Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.ecs import arn, named, parts
from socconsole.response.parts import Part, read
from socconsole.response.unfolding import Unfolding
from socconsole.text import token

_STATE: Final = "Stopped"
_REASON: Final = "socconsole: contained"


@dataclass(frozen=True, slots=True)
class Task:
    """A task as AWS described it; ``last`` empty: none of that id is listed (any more)."""

    name: str
    place: Place
    last: str
    """The state it was last seen in."""
    desired: str
    group: str
    """``service:NAME`` for a task of a service, ``family:NAME`` for one that was run by itself."""
    started_by: str
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    @property
    def service(self) -> str:
        """Name of the service that keeps it running; empty for a task by itself."""
        kind, _, name = self.group.partition(":")
        return name if kind == "service" else ""


class EcsTaskStop(Unfolding[Task]):
    """See the module's text."""

    info = Info(
        id="ecs-task-stop",
        title="Stop one ECS task",
        target_type="cluster/task",
        calls=("ecs:StopTask",),
        stops="all that this task does, after its stop timeout at the latest (30 s, if not set otherwise)",
        does_not_stop="the task that a service starts in its place, sessions of its task role that were taken out "
        "of it",
        reversible=Reversible.NO,
        captures="the task: definition, network interface, role overrides, who started it, its tags (which AWS "
        "deletes); values of environment variables are left out",
        verifies="its last status is STOPPED; until then it is in doubt",
        undo_leaves="all of it: the task is gone with its memory and local disks; another one can be run",
        pitfalls=(
            "a service starts another task in its place: said before, and ecs-service-stop is named",
            "memory and local disks are lost as evidence, the task's tags with them: tags are kept in the record",
            "its task role's sessions stay valid outside: iam-role-revoke-sessions is named",
            "not reversible: a second person approves",
        ),
        second_person=True,
    )
    writes = ("RunTask", "StartTask", "StopTask")
    types = ("AwsEcsTask", "AWS::ECS::Task")

    def name(self, target: str) -> str:
        return named(target, "task")

    def arns(self, target: Target) -> tuple[str, ...]:
        return (arn("task", target),)

    async def look(self, door: Door, target: Target) -> Task:
        cluster, name = parts(target)
        asked = {"cluster": cluster, "tasks": [name], "include": ["TAGS"]}
        found = await read(door, target.place, {"tasks": Part("ecs:DescribeTasks", asked)})
        task: Mapping[str, Any] = next(iter(found.known("tasks")["tasks"]), {})
        return Task(
            name=target.id,
            place=target.place,
            last=str(task.get("lastStatus", "")),
            desired=str(task.get("desiredStatus", "")),
            group=str(task.get("group", "")),
            started_by=str(task.get("startedBy", "")),
            tags={tag["key"]: tag.get("value", "") for tag in task.get("tags", ())},
            unread=found.unread,
            evidence={"task": _without_secrets(task) if task else None},
        )

    def state(self, seen: Task) -> State:
        return {_STATE: seen.last in ("STOPPED", "")}

    def underway(self, seen: Task) -> str:
        return token(seen.last) if seen.desired == "STOPPED" and seen.last not in ("STOPPED", "") else ""

    def cut(self, seen: Task, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not seen.last:
            return Cut(None, "would change nothing here: no such task is listed (it may have stopped an hour ago)")
        if seen.last == "STOPPED" or self.underway(seen):
            return Cut(None, "would change nothing here: it is stopped, or about to be")
        warnings = ["not reversible: memory and local disks are lost, also as evidence"]
        if seen.service:
            warnings.append(
                f"the service {token(seen.service)} starts another task in its place: ecs-service-stop ends that"
            )
        warnings.append("what was taken out of it keeps its role's rights: iam-role-revoke-sessions ends that")
        by = f"started by {token(seen.started_by)}" if seen.started_by else "who started it is not said"
        return Cut(
            wanted={_STATE: True},
            why=f"the task is {token(seen.last)}, {by}",
            blast_radius="1 task" + (f" of the service {token(seen.service)}" if seen.service else ", of no service"),
            fit=40 if seen.service else 60,
            warnings=tuple(warnings),
        )

    def steps(self, seen: Task, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted or not wanted[_STATE]:
            return ()
        cluster, name = parts(target)
        return (Call("ecs", "StopTask", {"cluster": cluster, "task": name, "reason": _REASON}),)

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        plan = await super().plan_undo(door, done)
        return replace(plan, why="cannot be undone: a task that was stopped is gone, another one has to be run")

    def words(self, state: State) -> str:
        return "stopped" if state[_STATE] else "running"


def _without_secrets(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Environment variables given at the start often hold passwords: their names are evidence, not their values."""
    overrides = task.get("overrides") or {}
    containers = [
        {
            **{key: value for key, value in one.items() if key != "environment"},
            "environmentNames": sorted(str(each.get("name", "")) for each in one.get("environment", ())),
        }
        for one in overrides.get("containerOverrides", ())
    ]
    return {**task, "overrides": {**overrides, "containerOverrides": containers}}


ACTION: Final = EcsTaskStop()
