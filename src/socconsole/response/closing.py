"""What a plan closes for everybody, not only for the finding that it was made for.

``Plan.cuts`` judges one finding with one analyst's eye. Other findings about the same resource follow by
``triage.needs`` alone, so that only what ends every use of its target by those it is about stands here: an action that
denies one service, one kind of session or one path is not in the table, however well it cut where it was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from socconsole.model.action import Plan
from socconsole.triage import needs

Names = Callable[[Plan], tuple[str, ...]]


def _outsiders(plan: Plan) -> tuple[str, ...]:
    return (needs.bucket(plan.target),)


def _everybody(plan: Plan) -> tuple[str, ...]:
    return (needs.bucket(plan.target), needs.bucket(plan.target, whole=True))


CLOSES: Final[Mapping[str, Names]] = {
    "s3-block-public": _outsiders,
    "s3-deny-outsiders": _outsiders,
    "s3-lockdown": _everybody,
    "iam-role-deny": lambda plan: (needs.principal("role", plan.place.account, plan.target),),
    "iam-user-quarantine": lambda plan: (needs.principal("user", plan.place.account, plan.target),),
    "iam-disable-key": lambda plan: (needs.key(plan.target),),
    "ec2-isolate": lambda plan: (needs.instance(plan.target),),
}
"""By action. ``cuts`` of a plan says besides that no other way into the bucket was seen that it leaves open."""


def closes(plan: Plan) -> tuple[str, ...]:
    """What it closes, as ``triage.needs`` names it: of a composition by its parts."""
    parts = [part for part in plan.parts or (plan,) if part.cuts and part.action in CLOSES]
    return tuple(dict.fromkeys(name for part in parts for name in CLOSES[part.action](part)))
