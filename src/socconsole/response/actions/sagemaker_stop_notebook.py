"""``sagemaker-stop-notebook``: stop a notebook instance; its volume stays.

Facts: SageMaker API reference, ``StopNotebookInstance`` (ends the compute instance, keeps the ML storage volume);
SageMaker Developer Guide, "Customization of a SageMaker notebook instance using a lifecycle configuration script"
(a start script runs as root at every start).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.parts import Part, read
from socconsole.response.sagemaker_endpoint import arns
from socconsole.response.unfolding import Unfolding
from socconsole.text import token

_STATE: Final = "Running"
_NAME: Final = re.compile(r"(?=.{1,63}$)[A-Za-z0-9](?:-*[A-Za-z0-9])*")
_ARN: Final = re.compile(r"arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{12}:notebook-instance/(.+)", re.DOTALL)
_AT_REST: Final = ("InService", "Stopped", "Failed", "")
_RUNNING: Final = ("InService", "Stopping", "PendingMaintenance", "InMaintenance")
"""A notebook that is stopping still runs, one that is starting does not run yet."""


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook instance as AWS described it; ``status`` empty: there is none of that name."""

    name: str
    place: Place
    status: str
    role: str
    internet: bool
    """It reaches the internet by SageMaker's own interface, whatever its VPC says."""
    script: str
    """Lifecycle configuration that runs when it starts; empty for none."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]


def _missing(trouble: AwsTrouble) -> bool:
    """SageMaker has no code of its own for "there is none": only the words tell it from a bad request."""
    return trouble.code == "ValidationException" and "RecordNotFound" in trouble.detail.raw()


class SageMakerStopNotebook(Unfolding[Notebook]):
    """See the module's text."""

    info = Info(
        id="sagemaker-stop-notebook",
        title="Stop a notebook instance",
        target_type="notebook instance",
        calls=("sagemaker:StopNotebookInstance", "sagemaker:StartNotebookInstance"),
        stops="everything that runs in the notebook instance, and every connection out of it",
        does_not_stop="sessions of its role that were taken out of it, jobs that it started, what was copied already",
        reversible=Reversible.PARTLY,
        captures="the notebook instance: role, network, lifecycle configuration, status; tags",
        verifies="its status is Stopped; while it is Stopping, or Pending after an undo, it is in doubt",
        undo_leaves="memory, running kernels and all files outside /home/ec2-user/SageMaker are gone; it may come up "
        "with a newer version of its software",
        pitfalls=(
            "memory is lost as evidence; the ML storage volume stays: said before",
            "a lifecycle script runs as root at every start: it is named, to be read before an undo",
            "what was taken out of it keeps its role's rights: iam-role-revoke-sessions is named",
            "a notebook that is being changed takes no other change: refused until it is done",
        ),
    )
    writes = ("StartNotebookInstance", "StopNotebookInstance", "CreateNotebookInstance", "UpdateNotebookInstance")
    types = ("AwsSageMakerNotebookInstance", "AWS::SageMaker::NotebookInstance")

    def name(self, target: str) -> str:
        found = _ARN.fullmatch(target)
        name = found[1] if found else target
        if not _NAME.fullmatch(name):
            raise BadTarget(f"{token(target)!r} is not the name of a notebook instance")
        return name

    def arns(self, target: Target) -> tuple[str, ...]:
        return arns("notebook-instance", target.id, target.place)

    async def look(self, door: Door, target: Target) -> Notebook:
        named = {"NotebookInstanceName": target.id}
        try:
            first = await read(door, target.place, {"notebook": Part("sagemaker:DescribeNotebookInstance", named)})
        except AwsTrouble as trouble:
            if not _missing(trouble):
                raise
            return Notebook(target.id, target.place, "", "", False, "", {}, (), {"notebook": None})
        notebook = first.known("notebook")
        tagged = {"ResourceArn": notebook["NotebookInstanceArn"]}
        second = await read(door, target.place, {"tags": Part("sagemaker:ListTags", tagged, optional=True)})
        return Notebook(
            name=target.id,
            place=target.place,
            status=str(notebook["NotebookInstanceStatus"]),
            role=str(notebook.get("RoleArn", "")),
            internet=notebook.get("DirectInternetAccess", "Enabled") == "Enabled",
            script=str(notebook.get("NotebookInstanceLifecycleConfigName") or ""),
            tags={tag["Key"]: tag["Value"] for tag in second.known("tags").get("Tags", ())},
            unread=second.unread,
            evidence={**first.evidence, **second.evidence},
        )

    def state(self, seen: Notebook) -> State:
        return {_STATE: seen.status in _RUNNING if seen.status else None}

    def underway(self, seen: Notebook) -> str:
        return "" if seen.status in _AT_REST else token(seen.status)

    def cut(self, seen: Notebook, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if doing := self.underway(seen):
            why = f"the notebook instance is {doing}: AWS takes no change until it is done"
            return Cut(None, why, refusals=(why,))
        if not seen.status:
            return Cut(None, "would change nothing here: there is no notebook instance of that name")
        if not self.state(seen)[_STATE]:
            return Cut(None, "would change nothing here: it does not run")
        way = "with direct internet access" if seen.internet else "with its VPC's ways out only"
        warnings = [
            "memory and files outside /home/ec2-user/SageMaker are lost, also as evidence; its volume stays",
            f"what was taken out of it keeps its role's rights ({token(seen.role.rpartition('/')[2])}): "
            "iam-role-revoke-sessions ends that",
        ]
        if seen.script:
            warnings.append(
                f"the lifecycle configuration {token(seen.script)} may run as root when it starts: read it first"
            )
        return Cut(
            wanted={_STATE: False},
            why=f"the notebook instance runs, {way}",
            blast_radius="1 notebook instance; whoever works in it loses what is not on its volume; how many do: "
            "not known",
            fit=70,
            warnings=tuple(warnings),
        )

    def steps(self, seen: Notebook, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted or None in (now[_STATE], wanted[_STATE]):
            return ()
        operation = "StartNotebookInstance" if wanted[_STATE] else "StopNotebookInstance"
        return (Call("sagemaker", operation, {"NotebookInstanceName": target.id}),)

    def restored(self, seen: Notebook, done: Plan) -> State:
        """What somebody deleted meanwhile cannot be started."""
        return done.before if seen.status else self.state(seen)

    def words(self, state: State) -> str:
        running = state[_STATE]
        return "no notebook instance" if running is None else "running" if running else "not running"


ACTION: Final = SageMakerStopNotebook()
