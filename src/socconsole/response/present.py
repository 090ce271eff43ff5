"""Plans and outcomes as JSON: what ``contain --json`` prints and what an actor says to its console.

All text in it is plain ASCII-safe data of ours or a token; a plan's ``evidence`` and ``tags`` stay out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from socconsole.model.action import ActionState, Call, Plan
from socconsole.response import awscli, rails, records, registry
from socconsole.response.base import Does, Info
from socconsole.response.offering import Offer
from socconsole.response.outcome import Outcome


def plan_json(plan: Plan) -> dict[str, Any]:
    """``contain --plan --json``, with what a screen needs besides."""
    return {
        "action": plan.action,
        "target": plan.target,
        "account": plan.place.account,
        "region": plan.place.region,
        "helps": plan.helps,
        "does": _does(plan),
        "calls": calls_json(plan.calls),
        "before": plan.before,
        "after": _after(plan),
        "stops": plan.stops,
        "does_not_stop": plan.does_not_stop,
        "blast_radius": plan.blast_radius,
        "reversible": plan.reversible.value,
        "warnings": list(plan.warnings),
        "permitted": plan.permitted,
        "why": plan.why,
        "instead": plan.instead,
        "finding": plan.finding,
        "check": plan.check or None,
        "purpose": plan.purpose.value,
        "undo_calls": calls_json(plan.undo_calls),
        "wide": plan.wide,
        "parts": [{"action": part.action, "target": part.target, "calls": len(part.calls)} for part in plan.parts],
        "second_person": plan.second_person,
        "fit": plan.fit,
        "re_exposes": plan.re_exposes,
        "refusals": list(plan.refusals),
        "confirm": rails.confirm_text(plan),
        "read_at": _instant(plan.read_at),
    }


def offer_json(offer: Offer) -> dict[str, Any]:
    """One row of an offer: its plan, and what stands beside it."""
    held = offer.in_force
    return {
        **plan_json(offer.plan),
        "fits": list(offer.fits),
        "blocks": list(offer.blocks),
        "ends": list(offer.ends),
        "in_force": held and {"id": held.id, "since": _instant(held.intended), "state": held.state.value},
    }


def _does(plan: Plan) -> str:
    action = registry.ACTIONS.get(plan.action)  # what a team declares stops what the team says
    return (action.info.does if action else Does.STOPS).value


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _after(plan: Plan) -> dict[str, Any]:
    """Also what stays as it was: a part that a plan does not speak of is no part that goes away."""
    if not plan.parts:
        return {**plan.before, **plan.after}
    return {name: {**plan.before.get(name, {}), **after} for name, after in plan.after.items()}


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """``contain --json``."""
    plan = outcome.plan
    changed = outcome.state is not ActionState.NOT_APPLIED
    return {
        "action_id": outcome.action_id,
        "state": outcome.state.value,
        "calls": [{**records.noted(noted), "params": dict(plan.calls[noted.index].params)} for noted in outcome.calls],
        "verified": [list(check) for check in outcome.verified],
        "undo": {
            "command": f"socconsole undo {outcome.action_id}",
            "calls": calls_json(plan.undo_calls),
            "aws_lines": [awscli.line(call, plan.place.region) for call in plan.undo_calls],
        }
        if changed
        else None,
        "ledger": outcome.ledger,
        "action": plan.action,
        "target": plan.target,
        "account": plan.place.account,
        "region": plan.place.region,
        "detail": outcome.detail,
        "approval": f"socconsole action approve {outcome.action_id}" if outcome.owes else None,
    }


def info_json(info: Info) -> dict[str, Any]:
    """One line of ``contain --list --json``."""
    return {
        "action": info.id,
        "title": info.title,
        "target": info.target_type,
        "services": list(info.services),
        "calls": list(info.calls),
        "does": info.does.value,
        "stops": info.stops,
        "does_not_stop": info.does_not_stop,
        "reversible": info.reversible.value,
        "wide": info.wide,
        "second_person": info.second_person,
        "captures": info.captures,
        "verifies": info.verifies,
        "undo_leaves": info.undo_leaves,
        "pitfalls": list(info.pitfalls),
    }


def calls_json(calls: Sequence[Call]) -> list[dict[str, Any]]:
    return [{"service": call.service, "operation": call.operation, "params": dict(call.params)} for call in calls]
