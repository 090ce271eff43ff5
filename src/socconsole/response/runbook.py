"""The team's own containments: an SSM automation document or a Lambda function, declared in the configuration.

What such a thing does is the team's word; the console's rails, record and confirmation are the same. A run of a
document is found again by its name, its parameters and its time (SSM API reference,
``DescribeAutomationExecutions``), so a lost answer is resolved like any other. What a function did cannot be
read back: its outcome is ``unknown``, and says what the function answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from string import Template
from typing import Any, Final

from socconsole.config import Config, RunbookConfig
from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.response.base import BadTarget, Door, Info, NoteCall, Target
from socconsole.response.calls import make
from socconsole.response.found import resources
from socconsole.text import token

PREFIX: Final = "team-"
_START: Final = "ssm:StartAutomationExecution"
_INVOKE: Final = "lambda:Invoke"
_RUN: Final = "Run"
_WELL: Final = frozenset({"Success", "CompletedWithSuccess"})
_OVER: Final = frozenset({"Failed", "Cancelled", "TimedOut", "Rejected", "CompletedWithFailure", "Exited"})
_CLOCKS: Final = timedelta(seconds=30)
"""How far our clock and AWS's may be apart when a run is looked for by its time."""

_NAME: Final = re.compile(r"[\x21-\x7e]{1,300}")
_ARN_TAIL: Final = re.compile(r"arn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:\d*:(?:[a-z-]+[/:])?(.+)")


class Runbook:
    """One of the configuration's; fulfils ``base.Action``."""

    def __init__(self, declared: RunbookConfig, analyst: str = "") -> None:
        self._declared = declared
        self._analyst = analyst
        call = _START if declared.document else _INVOKE
        self.info = Info(
            id=declared.id,
            title=declared.title,
            target_type=" or ".join(declared.types),
            calls=(call,),
            stops=f"as the team declares: {declared.stops}",
            does_not_stop=f"as the team declares: {declared.does_not_stop}",
            reversible=Reversible.PARTLY if declared.undo else Reversible.NO,
            captures="its parameters; what the runbook itself keeps is the team's",
            verifies="the run's own status"
            if declared.document
            else "nothing: a function's effect cannot be read back",
            undo_leaves="whatever the runbook's own way back leaves"
            if declared.undo
            else "all of it: no way back is declared",
            pitfalls=("what it does is the team's word: nothing of it is read back from the target itself",),
            cuts=False,
            wide=declared.wide,
            second_person=declared.second_person,
        )

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        return resources(finding, self._declared.types, self.name)

    def name(self, target: str) -> str:
        arn = _ARN_TAIL.fullmatch(target)
        name = arn[1] if arn else target
        if not _NAME.fullmatch(name):
            raise BadTarget(f"{token(target)!r} names no resource")
        return name

    def resources(self, plan: Plan) -> tuple[str, ...]:
        part = partition_of(plan.place.region)
        own = plan.target
        if self._declared.function:
            function = self._declared.function
            named = function.startswith("arn:")
            where = f"arn:{part}:lambda:{plan.place.region}:{plan.place.account}:function:{function}"
            return (own, function if named else where)
        return (own,)

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        return (Target(plan.target, plan.place),)

    async def plan(self, door: Door, target: Target, finding: Finding | None, own: Collection[str]) -> Plan:
        do = self._filled(self._declared.parameters, target, finding)
        back = self._filled(self._declared.undo, target, finding) if self._declared.undo else None
        return Plan(
            action=self.info.id,
            target=target.id,
            place=target.place,
            finding=finding.id if finding else None,
            helps=True,
            why="the team's own runbook; whether it helps here was not read",
            instead="",
            calls=(self._call(do),),
            undo_calls=(self._call(back),) if back is not None else (),
            before={_RUN: "not run by this action"},
            after={_RUN: "ended well"},
            stops=self.info.stops,
            does_not_stop=self.info.does_not_stop,
            blast_radius="not known: what a runbook reaches is the team's word",
            reversible=self.info.reversible,
            wide=self.info.wide,
            warnings=("nothing was read of the target: look at it yourself",),
            permitted="unknown",
            read_at=datetime.now(UTC),
            evidence={"runbook": self._declared.id, "parameters": do},
            fit=40,
            second_person=self.info.second_person,
        )

    async def plan_undo(self, door: Door, done: Plan) -> Plan:
        helps = bool(done.undo_calls)
        return replace(
            done,
            helps=helps,
            why="runs it with the parameters declared for undoing" if helps else "no way back is declared for it",
            calls=done.undo_calls,
            undo_calls=done.calls if helps else (),
            stops="nothing: this gives back what the action took away",
            does_not_stop="",
            blast_radius="not known: what a runbook reaches is the team's word",
            warnings=("what it gives back was not read, and may be what leaked",),
            wide=True,
            # Nothing says that what comes back is not public: it is treated as if it were.
            re_exposes=helps,
            second_person=True,
            read_at=datetime.now(UTC),
            refusals=(),
        )

    async def apply(self, door: Door, plan: Plan, note_call: NoteCall) -> None:
        await make(door, plan, note_call)

    async def verify(self, door: Door, plan: Plan) -> ActionState:
        return await run_state(door, plan)

    def _call(self, parameters: Mapping[str, str]) -> Call:
        if self._declared.document:
            lists = {name: [value] for name, value in parameters.items()}
            return Call(
                "ssm", "StartAutomationExecution", {"DocumentName": self._declared.document, "Parameters": lists}
            )
        payload = json.dumps(dict(parameters), sort_keys=True)
        return Call("lambda", "Invoke", {"FunctionName": self._declared.function, "Payload": payload})

    def _filled(self, parameters: Mapping[str, str], target: Target, finding: Finding | None) -> dict[str, str]:
        words = {
            "target": target.id,
            "account": target.place.account,
            "region": target.place.region,
            "finding": finding.id if finding else "",
            "analyst": self._analyst,
        }
        return {name: Template(value).safe_substitute(words) for name, value in parameters.items()}


async def run_state(door: Door, plan: Plan) -> ActionState:
    """What became of the run that ``plan`` started; ``unknown`` for a function. Raises ``AwsTrouble``."""
    (call,) = plan.calls
    if call.service != "ssm":
        return ActionState.UNKNOWN
    since = plan.read_at - _CLOCKS
    filters = [
        {"Key": "DocumentNamePrefix", "Values": [call.params["DocumentName"]]},
        {"Key": "StartTimeAfter", "Values": [since.strftime("%Y-%m-%dT%H:%M:%SZ")]},
    ]
    found = await door.call(plan.place, "ssm:DescribeAutomationExecutions", {"Filters": filters, "MaxResults": 50})
    for run in found["AutomationExecutionMetadataList"]:
        asked = {"AutomationExecutionId": run["AutomationExecutionId"]}
        whole = (await door.call(plan.place, "ssm:GetAutomationExecution", asked))["AutomationExecution"]
        if not _is_ours(whole, call):
            continue
        status = whole.get("AutomationExecutionStatus", "")
        if status in _WELL:
            return ActionState.APPLIED
        # Steps that were done stay done when a later one fails.
        return ActionState.PARTIAL if status in _OVER else ActionState.IN_DOUBT
    return ActionState.NOT_APPLIED


def _is_ours(run: Mapping[str, Any], call: Call) -> bool:
    told = {name: list(values) for name, values in (run.get("Parameters") or {}).items()}
    return all(told.get(name) == list(values) for name, values in call.params["Parameters"].items())


def declared(config: Config, analyst: str = "") -> dict[str, Runbook]:
    """The configuration's runbooks as actions, by id."""
    return {one.id: Runbook(one, analyst) for one in config.runbook}


def recorded(plan: Plan) -> Runbook:
    """The runbook of an action on record, which the configuration may have lost by now."""
    called = plan.calls[0].params if plan.calls else {}
    return Runbook(
        RunbookConfig(
            id=plan.action,
            title=plan.action,
            document=str(called.get("DocumentName", "")),
            function=str(called.get("FunctionName", "")),
            types=("?",),
            stops="not declared any more",
        )
    )
