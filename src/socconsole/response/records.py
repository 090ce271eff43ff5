"""Actions on the ledger: what their entries hold, and how an intent becomes a plan again.

An entry's ``data`` is signed for ever, so it holds what a proof needs and no free text: the reason an analyst
typed is ``private``. The wording of a plan is not kept; its calls, before and after are.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from socconsole.model.action import ActionState, Call, Plan, Reversible
from socconsole.model.entry import Entry, Line
from socconsole.model.world import Place
from socconsole.response.approvals import Proposal, Second
from socconsole.response.base import Noted

INTENT: Final = "intent"
OUTCOME: Final = "outcome"
VERIFIED: Final = "verified"
RESOLVED: Final = "resolved"
PROPOSAL: Final = "proposal"
APPROVAL: Final = "approval"
APPROVED: Final = "approved"

AT_ONCE: Final = "at once"


@dataclass(frozen=True, slots=True)
class Consent:
    """What was said yes to besides the target's id."""

    exposure: bool = False
    second: Second | None = None
    glass: bool = False
    """Break-glass was said, in place of a second person's yes."""
    owes: bool = False
    """There is a second person, whose approval is owed within the hour; only with ``glass``."""
    expires: datetime | None = None
    """When it should be looked at again; nothing is ever released by itself."""


def proposal(asked: Proposal) -> Entry:
    """What somebody may not do alone, as it was put to a second person. Never in doubt: nothing is sent for it."""
    return Entry(
        verb=PROPOSAL,
        who=asked.who,
        subjects=(asked.id,),
        data={
            "id": asked.id,
            "action": asked.action,
            "target": asked.target,
            "account": asked.account,
            "region": asked.region,
            "undoes": asked.undoes,
            "re_exposes": asked.re_exposes,
            "at": asked.at.isoformat(),
            "digest": asked.digest,
            **({"done": asked.done} if asked.done else {}),
        },
        private={"reason": asked.why} if asked.why else {},
    )


def proposed(line: Line, calls: tuple[dict[str, Any], ...]) -> Proposal:
    """The proposal that an entry recorded, as it would be with ``calls``."""
    data = line.entry.data
    return Proposal(
        id=data["id"],
        action=data["action"],
        target=data["target"],
        account=data["account"],
        region=data["region"],
        calls=calls,
        undoes=data["undoes"],
        re_exposes=data["re_exposes"],
        why=line.entry.private.get("reason", ""),
        who=line.entry.who,
        install=line.install,
        at=datetime.fromisoformat(data["at"]),
        done=data.get("done", ""),
    )


def approved(action_id: str, second: Second, who: str, reason: str) -> Entry:
    """A second person said yes to what had been done under break-glass."""
    return Entry(
        verb=APPROVED,
        who=who,
        subjects=(action_id,),
        data={
            "id": action_id,
            "by": second.who,
            "peer": second.peer,
            "key": second.key,
            "proposal": second.proposal,
            "digest": second.digest,
        },
        private={"reason": reason} if reason else {},
    )


def new_id() -> str:
    """``a-`` and 12 hexadecimal digits, at random: two installs never mean different actions by one id."""
    return f"a-{secrets.token_hex(6)}"


def intent(
    action_id: str,
    plan: Plan,
    who: str,
    reason: str,
    evidence: str,
    undoes: str | None,
    consent: Consent,
) -> Entry:
    """What will be done, before it is done. ``evidence`` is the SHA-256 of all that was read for the plan."""
    second = consent.second
    return Entry(
        verb=INTENT,
        who=who,
        subjects=(action_id, plan.finding) if plan.finding else (action_id,),
        data={
            "id": action_id,
            **_plan(plan),
            "finding": plan.finding,
            "evidence": evidence,
            "undoes": undoes,
            "closes": list(plan.closes),
            **({"check": plan.check, "purpose": plan.purpose.value} if plan.check else {}),
            "accepted_exposure": consent.exposure,
            "approval": {"by": second.who, "peer": second.peer, "key": second.key, "digest": second.digest}
            if second
            else None,
            "break_glass": consent.glass,
            **({"owes": consent.owes} if consent.glass else {}),
            "expires": consent.expires.isoformat().replace("+00:00", "Z") if consent.expires else None,
        },
        private={"reason": reason} if reason else {},
    )


def outcome(action_id: str, plan: Plan, who: str, state: ActionState, calls: Sequence[Noted], detail: str) -> Entry:
    """What is true right after, as read back."""
    return Entry(
        verb=OUTCOME,
        who=who,
        subjects=(action_id, plan.finding) if plan.finding else (action_id,),
        data={
            "id": action_id,
            "state": state.value,
            "when": AT_ONCE,
            "held": state is ActionState.APPLIED,
            "results": [noted(call) for call in calls],
            "detail": detail,
        },
    )


def verified(action_id: str, who: str, state: ActionState, when: str, after_s: float, detail: str = "") -> Entry:
    """What is true some time later. ``after_s`` says how long really, where the check was late.

    ``state`` unknown leaves the action's state as it was: the look told something else (``detail``).
    """
    return Entry(
        verb=VERIFIED,
        who=who,
        subjects=(action_id,),
        data={
            "id": action_id,
            "state": state.value,
            "when": when,
            "held": state is ActionState.APPLIED,
            "after_s": round(after_s),
            **({"detail": detail} if detail else {}),
        },
    )


def resolved(action_id: str, who: str, state: ActionState, detail: str) -> Entry:
    """What AWS says of an action that was left in doubt."""
    return Entry(
        verb=RESOLVED,
        who=who,
        subjects=(action_id,),
        data={"id": action_id, "state": state.value, "detail": detail},
    )


def plan_of(line: Line) -> Plan:
    """The plan that an intent recorded, for reading back and for undoing; ``read_at`` is when it was recorded."""
    data = line.entry.data
    return _unplan(data, data.get("finding"), line.at)


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "action": plan.action,
        "target": plan.target,
        "account": plan.place.account,
        "region": plan.place.region,
        "calls": [_call(call) for call in plan.calls],
        "undo_calls": [_call(call) for call in plan.undo_calls],
        "before": dict(plan.before),
        "after": dict(plan.after),
        "reversible": plan.reversible.value,
        "wide": plan.wide,
        "second_person": plan.second_person,
        "re_exposes": plan.re_exposes,
        "cuts": plan.cuts,
        "parts": [_plan(part) for part in plan.parts],
    }


def _unplan(data: Mapping[str, Any], finding: str | None, at: datetime) -> Plan:
    return Plan(
        action=data["action"],
        target=data["target"],
        place=Place(data["account"], data["region"]),
        finding=finding,
        helps=True,
        why="",
        instead="",
        calls=tuple(_uncall(call) for call in data["calls"]),
        undo_calls=tuple(_uncall(call) for call in data["undo_calls"]),
        before=data["before"],
        after=data["after"],
        stops="",
        does_not_stop="",
        blast_radius="",
        reversible=Reversible(data["reversible"]),
        wide=data["wide"],
        warnings=(),
        permitted="unknown",
        read_at=at,
        re_exposes=data.get("re_exposes", False),
        second_person=data.get("second_person", False),
        parts=tuple(_unplan(part, finding, at) for part in data.get("parts", ())),
    )


def noted(call: Noted) -> dict[str, Any]:
    """One call as it went, for the ledger and for ``contain --json``."""
    service, _, operation = call.operation.partition(":")
    return {
        "service": service,
        "operation": operation,
        "answered": call.answered,
        "lost": call.lost,
        "trouble": call.trouble,
        "request_id": call.request_id,
    }


def _call(call: Call) -> dict[str, Any]:
    return {"service": call.service, "operation": call.operation, "params": dict(call.params)}


def _uncall(call: Mapping[str, Any]) -> Call:
    return Call(call["service"], call["operation"], call["params"])
