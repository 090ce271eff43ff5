"""``sagemaker-weight-zero``: send no more traffic to one variant of an endpoint.

The target is ``ENDPOINT/VARIANT``. Facts: SageMaker API reference, ``UpdateEndpointWeightsAndCapacities`` (variants
that are not named keep their weights; the endpoint is Updating meanwhile and goes on serving) and
``InvokeEndpoint``: a request that names its variant (``TargetVariant``) reaches it whatever its weight.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import BadTarget, Door, Info, Target
from socconsole.response.change import Cut, State
from socconsole.response.sagemaker_endpoint import NAME, Endpoint, EndpointChange, Variant, arns, read_endpoint
from socconsole.response.wording import count, listed
from socconsole.text import token

_STATE: Final = "Weight"
_TARGET: Final = re.compile(rf"(?:arn:[a-z-]+:sagemaker:[a-z0-9-]+:\d{{12}}:endpoint/)?({NAME})(?:/({NAME}))?")


class SageMakerWeightZero(EndpointChange):
    """See the module's text."""

    info = Info(
        id="sagemaker-weight-zero",
        title="Send no traffic to one variant of an endpoint",
        target_type="endpoint/variant",
        calls=("sagemaker:UpdateEndpointWeightsAndCapacities",),
        stops="requests to the variant that leave the choice of the variant to SageMaker",
        does_not_stop="requests that name the variant (TargetVariant), what its containers send by themselves, the "
        "other variants, shadow variants, the sessions of its role",
        reversible=Reversible.YES,
        captures="endpoint, its configuration, models, tags",
        verifies="the variant's weight in force is 0; while the endpoint is Updating it is in doubt",
        undo_leaves="nothing",
        pitfalls=(
            "with one variant only there is nobody to take the traffic: refused, and sagemaker-take-down is named",
            "a request may name its variant and reach it all the same: said before",
            "the variant's instances go on running, and may send: sagemaker-isolate cuts their network",
            "an endpoint that is being changed takes no other change: refused until it is done",
        ),
    )
    writes = ("UpdateEndpointWeightsAndCapacities", "UpdateEndpoint", "CreateEndpoint")

    def name(self, target: str) -> str:
        found = _TARGET.fullmatch(target)
        if found is None:
            raise BadTarget(f"{token(target)!r} is not ENDPOINT/VARIANT")
        return f"{found[1]}/{found[2]}" if found[2] else found[1]

    def arns(self, target: Target) -> tuple[str, ...]:
        return arns("endpoint", _endpoint(target), target.place)

    def trail_name(self, target: Target) -> str:
        return _endpoint(target)

    def holds(self, plan: Plan) -> tuple[Target, ...]:
        target = Target(plan.target, plan.place)
        return (target, Target(_endpoint(target), plan.place))

    async def look(self, door: Door, target: Target) -> Endpoint:
        name, _, variant = target.id.partition("/")
        return replace(await read_endpoint(door, name, target.place), focus=variant)

    def state(self, seen: Endpoint) -> State:
        return {_STATE: seen.meant.weight if seen.meant else None}

    def cut_serving(self, seen: Endpoint, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        variant = seen.meant
        if variant is None:
            known = listed(tuple(f"{seen.name}/{one.name}" for one in seen.variants))
            return Cut(None, f"which variant? name it with the endpoint{known}")
        if variant.weight == 0:
            return Cut(None, "would change nothing here: no traffic goes to that variant")
        if seen.status != "InService":
            why = f"the endpoint is {token(seen.status)}: AWS changes weights only of one that is InService"
            return Cut(None, why, refusals=(why,))
        others = tuple(one for one in seen.variants if one.name != seen.focus and one.weight > 0)
        if not others:
            return Cut(
                None,
                "would change nothing here: no other variant takes traffic, and SageMaker sends it to this one",
                instead="sagemaker-take-down: the endpoint as a whole",
            )
        return Cut(
            wanted={_STATE: 0.0},
            why=f"{seen.share(variant):.0%} of the endpoint's traffic goes to {token(variant.name)}",
            blast_radius=_blast_radius(seen, variant, others),
            fit=70,
            warnings=_warnings(seen, variant),
        )

    def steps(self, seen: Endpoint, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted or wanted[_STATE] is None:
            return ()
        weights = [{"VariantName": seen.focus, "DesiredWeight": wanted[_STATE]}]
        params = {"EndpointName": seen.name, "DesiredWeightsAndCapacities": weights}
        return (Call("sagemaker", "UpdateEndpointWeightsAndCapacities", params),)

    def restored(self, seen: Endpoint, done: Plan) -> State:
        """A variant that is gone cannot be given its weight back."""
        return done.before if seen.meant else self.state(seen)

    def words(self, state: State) -> str:
        weight = state[_STATE]
        return "no such variant" if weight is None else f"weight {weight:g}"


def _endpoint(target: Target) -> str:
    return target.id.partition("/")[0]


def _blast_radius(seen: Endpoint, variant: Variant, others: tuple[Variant, ...]) -> str:
    takers = ", ".join(f"{token(one.name)} on {count(one.instances, 'instance')}" for one in others)
    return (
        f"1 variant of {len(seen.variants)}, on {count(variant.instances, 'instance')}; its "
        f"{seen.share(variant):.0%} of the traffic goes to {takers}; whether they can carry it: not known"
    )


def _warnings(seen: Endpoint, variant: Variant) -> tuple[str, ...]:
    out = ["a request that names the variant (TargetVariant) reaches it all the same"]
    if seen.shadows:
        out.append(
            f"{count(len(seen.shadows), 'shadow variant')} get copies of the traffic still{listed(seen.shadows)}"
        )
    model = seen.models.get(variant.model)
    if model is not None and not model.get("EnableNetworkIsolation"):
        out.append("its containers run on and may send by themselves: sagemaker-isolate cuts that")
    return tuple(out)


ACTION: Final = SageMakerWeightZero()
