"""``sagemaker-take-down``: delete an endpoint; its configuration and models stay, and can serve again.

Facts: SageMaker API reference, ``DeleteEndpoint`` (asynchronous; frees the instances and retires the KMS grants that
belong to the endpoint; the execution role must stay, or AWS cannot clean up) and ``CreateEndpoint``. The last resort:
what was in the instances' memory and on their disks is evidence that goes with them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.sagemaker_endpoint import Endpoint, EndpointChange, arns
from socconsole.text import token

_STATE: Final = "Endpoint"


class SageMakerTakeDown(EndpointChange):
    """See the module's text."""

    info = Info(
        id="sagemaker-take-down",
        title="Take an endpoint down",
        target_type="endpoint",
        calls=("sagemaker:DeleteEndpoint", "sagemaker:CreateEndpoint"),
        stops="every request to the endpoint, and whatever its containers send: their instances are gone",
        does_not_stop="sessions of its role that were taken out of it, other endpoints of the same model, what was "
        "captured to S3 already",
        reversible=Reversible.PARTLY,
        captures="endpoint, its configuration, models, tags, where data is captured to",
        verifies="there is no endpoint of that name; while it is Deleting, or Creating after an undo, it is in doubt",
        undo_leaves="new instances and new KMS grants; weights, instance counts and deployments as the configuration "
        "has them, not as they were changed since; autoscaling has to be registered anew",
        pitfalls=(
            "memory and disks of the instances are lost as evidence: said before, a second person approves",
            "KMS grants are retired: the key must still allow its use when it is created again",
            "without its execution role AWS cannot clean up: do not delete or deny that role meanwhile",
            "the configuration it is restored from may be gone: read before, and refused without",
            "an endpoint that is being changed takes no other change: refused until it is done",
        ),
        second_person=True,
    )
    writes = ("CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint")

    def arns(self, target: Target) -> tuple[str, ...]:
        # Which configuration it is restored from is known only from the plan: see ``resources``.
        return (*super().arns(target), *arns("endpoint-config", "*", target.place))

    def resources(self, plan: Plan) -> tuple[str, ...]:
        configs = {one[_STATE]["Config"] for one in (plan.before, plan.after) if one[_STATE] is not None}
        exact = (one for config in sorted(configs) for one in arns("endpoint-config", config, plan.place))
        return (*arns("endpoint", plan.target, plan.place), *exact)

    def state(self, seen: Endpoint) -> State:
        if not seen.status:
            return {_STATE: None}
        # AWS sets tags that begin with "aws:" itself, and takes them from nobody else.
        tags = {key: value for key, value in sorted(seen.tags.items()) if not key.startswith("aws:")}
        return {_STATE: {"Config": seen.config, "Tags": tags}}

    def cut_serving(self, seen: Endpoint, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        lost = []
        if "config" in seen.unread:
            lost.append("its configuration could not be read: it could not be restored from it")
        if "tags" in seen.unread:
            lost.append("its tags could not be read: they could not be given back")
        return Cut(
            wanted={_STATE: None},
            why=f"the endpoint serves: {seen.serving()}",
            blast_radius=f"1 endpoint, {seen.serving()}; every caller fails; how many there are: not known "
            "(configuration does not say)",
            fit=30,
            warnings=_warnings(seen),
            refusals=tuple(lost),
        )

    def steps(self, seen: Endpoint, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if (now[_STATE] is None) == (wanted[_STATE] is None):
            return ()
        if wanted[_STATE] is None:
            return (Call("sagemaker", "DeleteEndpoint", {"EndpointName": target.id}),)
        tags = [{"Key": key, "Value": value} for key, value in wanted[_STATE]["Tags"].items()]
        params = {"EndpointName": target.id, "EndpointConfigName": wanted[_STATE]["Config"]}
        return (Call("sagemaker", "CreateEndpoint", {**params, "Tags": tags} if tags else params),)

    def restored(self, seen: Endpoint, done: Plan) -> State:
        """An endpoint that somebody created again meanwhile stays as it is."""
        return self.state(seen) if seen.status else done.before

    def judged(self, seen: Endpoint, plan: Plan) -> ActionState:
        state = super().judged(seen, plan)
        if state is not ActionState.APPLIED or plan.after[_STATE] is None or seen.status == "InService":
            return state
        # It is there again, and does not serve: not yet, or not at all.
        return ActionState.IN_DOUBT if seen.underway else ActionState.PARTIAL

    def words(self, state: State) -> str:
        there = state[_STATE]
        return "no endpoint" if there is None else f"an endpoint of configuration {token(there['Config'])}"


def _warnings(seen: Endpoint) -> tuple[str, ...]:
    roles = sorted({str(model.get("ExecutionRoleArn", "")).rpartition("/")[2] for model in seen.models.values()})
    out = [
        "memory and disks of its instances are lost as evidence",
        "its KMS grants are retired; the keys must still allow their use when it is created again",
    ]
    if roles:
        out.append(f"leave its execution role until it is gone, or AWS cannot clean up: {', '.join(map(token, roles))}")
    if seen.capture:
        out.append(f"what it captured stays, and is leak surface itself: {token(seen.capture)}")
    return tuple(out)


ACTION: Final = SageMakerTakeDown()
