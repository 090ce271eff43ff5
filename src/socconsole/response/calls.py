"""Making a plan's calls, one by one, each noted as it went."""

from __future__ import annotations

from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Plan
from socconsole.response.base import Door, NoteCall, Noted

DEADLINE: Final = 20.0
"""Seconds for one call, retries included."""

# Kinds that say AWS understood the request and did not do it, or that it was never sent. All others leave
# open whether it was carried out: only reading back can tell.
_NOT_DONE: Final = frozenset({"denied", "expired", "no_credentials", "throttled", "off", "refused", "not_found"})


async def make(door: Door, plan: Plan, note_call: NoteCall) -> None:
    """Make the calls of ``plan`` in order; stop at the first that AWS did not say yes to.

    Trouble is noted, not raised: what is true afterwards is for ``verify`` to say.
    """
    for index, call in enumerate(plan.calls):
        operation = f"{call.service}:{call.operation}"
        try:
            answer = await door.call(plan.place, operation, call.params, deadline=DEADLINE)
        except AwsTrouble as trouble:
            await note_call(
                Noted(
                    index=index,
                    operation=operation,
                    answered=False,
                    lost=trouble.kind not in _NOT_DONE,
                    trouble=trouble.kind,
                    request_id=trouble.request_id or "",
                )
            )
            return
        request_id = answer.get("ResponseMetadata", {}).get("RequestId", "")
        await note_call(Noted(index, operation, answered=True, lost=False, trouble="", request_id=request_id))
