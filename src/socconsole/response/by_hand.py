"""A containment that somebody made by hand, bound to the events that CloudTrail has of it.

When a rail refuses or no role is there, the plan is printed as ``aws`` lines. What was then done outside the
console is not known to the ledger: this puts it there, with the events that prove it and what is true now.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any, Final

from socconsole.commands import RecordByHand
from socconsole.model.entry import Entry
from socconsole.response import book
from socconsole.response.base import Door
from socconsole.response.locate import Aim, locate
from socconsole.response.planning import planner_of
from socconsole.response.session import Refusal, Session
from socconsole.store import ledger
from socconsole.text import clean, token

RECORDED: Final = "recorded"


async def record(session: Session, request: RecordByHand) -> dict[str, Any]:
    """Look the events up, read the target afresh, write one entry; what was written.

    Raises ``Refusal`` for an event that CloudTrail does not have (it takes up to fifteen minutes to), and
    ``AwsTrouble`` when it cannot be asked.
    """
    if not request.events:
        raise Refusal("input", "which events? Name at least one CloudTrail event id (--event)")
    aim = await locate(session, request.action, request.target, request.account, request.region, request.finding)
    async with session.door(session, "reader") as door:
        events = [await _event(door, aim, id_) for id_ in request.events]
        plan = await planner_of(session, aim)(door)  # as it would be planned: a check asks for more than a leak does
    data = {
        "action": aim.action.info.id,
        "target": aim.target.id,
        "account": aim.target.place.account,
        "region": aim.target.place.region,
        "finding": aim.finding.id if aim.finding else None,
        "events": events,
        "still_needed": plan.helps,
        "state": dict(plan.before),
    }
    known = await asyncio.to_thread(book.about, session.folder, aim.finding.id if aim.finding else None)
    entry = Entry(
        verb=RECORDED,
        who=session.analyst,
        subjects=(aim.finding.id,) if aim.finding else (),
        data={**ledger.portable(data), **known},
        private={"reason": request.reason} if request.reason else {},
    )
    try:
        (line,) = await asyncio.to_thread(book.append, session.folder, entry)
    except (ledger.LedgerError, ledger.EntryRefused) as error:
        raise Refusal("refused", f"it could not be recorded: {clean(str(error))}") from error
    return {**data, "ledger": line.seq}


async def _event(door: Door, aim: Aim, id_: str) -> dict[str, Any]:
    asked = {"LookupAttributes": [{"AttributeKey": "EventId", "AttributeValue": id_}], "MaxResults": 1}
    answer = await door.call(aim.target.place, "cloudtrail:LookupEvents", asked)
    found = next((event for event in answer["Events"] if event.get("EventId") == id_), None)
    if found is None:
        raise Refusal(
            "input",
            f"CloudTrail has no event {token(id_)} in {aim.target.place.region}",
            "events arrive within about fifteen minutes; IAM's are in us-east-1",
        )
    at = found.get("EventTime")
    return {
        "id": token(id_),
        "name": token(str(found.get("EventName", "?"))),
        "who": token(str(found.get("Username", "?"))),
        "at": at.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(at, datetime) else None,
        "error": token(_error(found)),
    }


def _error(event: dict[str, Any]) -> str:
    """``errorCode`` of the full event: a call that was refused is no containment."""
    try:
        return str(json.loads(event.get("CloudTrailEvent", "{}")).get("errorCode", ""))
    except (ValueError, AttributeError, RecursionError):
        return ""
