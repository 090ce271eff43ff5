"""Making a plan's calls, one by one, each noted as it went.

A call may need what an earlier one of the same plan returns: the id of a group that is made first. Such a value
is written ``answer(0, "GroupId")`` in its parameters, and stays so in the plan, the record and what is printed;
it is filled in when the call is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Call, Plan
from socconsole.model.world import Place
from socconsole.response.base import Door, NoteCall, Noted

DEADLINE: Final = 20.0
"""Seconds for one call, tries after throttling included."""

_PAUSE: Final = 0.5
"""Seconds before the second try of a throttled call; twice as long before each further one."""

# Kinds that say AWS understood the request and did not do it, or that it was never sent. All others leave
# open whether it was carried out: only reading back can tell.
_NOT_DONE: Final = frozenset({"denied", "expired", "no_credentials", "throttled", "off", "refused", "not_found"})

ANSWER: Final = "$answer"
"""The one key of a parameter value that stands for a part of an earlier call's answer."""


class Unanswered(LookupError):
    """An earlier call did not return the part that a later one needs."""


def answer(index: int, path: str) -> dict[str, Any]:
    """What stands for ``path`` (dotted, numbers for places in a list) in the answer of the plan's call ``index``."""
    return {ANSWER: [index, path]}


def asked(value: Any) -> tuple[int, str] | None:
    """(index, path) of a value made by :func:`answer`; None for any other value."""
    if not isinstance(value, Mapping) or set(value) != {ANSWER}:
        return None
    index, path = value[ANSWER]
    return int(index), str(path)


def in_a_row(parts: Iterable[Sequence[Call]]) -> tuple[Call, ...]:
    """The calls of several plans as those of one: each answer that a call refers to has another place then."""
    row: list[Call] = []
    for calls in parts:
        before = len(row)
        row += [replace(call, params=_moved(call.params, before)) for call in calls]
    return tuple(row)


def _moved(value: Any, by: int) -> Any:
    if (wanted := asked(value)) is not None:
        return answer(wanted[0] + by, wanted[1])
    if isinstance(value, Mapping):
        return {key: _moved(one, by) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(one, by) for one in value]
    return value


def filled(value: Any, answers: Sequence[Mapping[str, Any]]) -> Any:
    """``value`` with every :func:`answer` in it replaced. Raises :class:`Unanswered`."""
    if (wanted := asked(value)) is not None:
        return _part(answers, *wanted)
    if isinstance(value, Mapping):
        return {key: filled(one, answers) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [filled(one, answers) for one in value]
    return value


def _part(answers: Sequence[Mapping[str, Any]], index: int, path: str) -> Any:
    found: Any = answers
    for key in (index, *(int(part) if part.isdigit() else part for part in path.split("."))):
        try:
            found = found[key]
        except (LookupError, TypeError) as missing:
            raise Unanswered(f"call {index + 1} returned no {path}") from missing
    return found


async def make(door: Door, plan: Plan, note_call: NoteCall) -> None:
    """Make the calls of ``plan`` in order; after the first that AWS did not say yes to, only those marked ``always``.

    Trouble is noted, not raised: what is true afterwards is for ``verify`` to say.
    """
    answers: list[Mapping[str, Any]] = []
    failed = False
    for index, call in enumerate(plan.calls):
        if failed and not call.always:
            continue
        noted, answered = await _one(door, plan, index, answers)
        answers.append(answered)
        failed = failed or not noted.answered
        await note_call(noted)


async def _one(
    door: Door, plan: Plan, index: int, answers: Sequence[Mapping[str, Any]]
) -> tuple[Noted, Mapping[str, Any]]:
    """How the call went, and what AWS answered: nothing where it did not."""
    call = plan.calls[index]
    operation = f"{call.service}:{call.operation}"
    try:
        answered = await _patiently(door, plan.place, operation, filled(call.params, answers))
    except Unanswered:  # nothing was sent
        return Noted(index, operation, answered=False, lost=False, trouble="unanswered", request_id=""), {}
    except AwsTrouble as trouble:
        lost = trouble.kind not in _NOT_DONE and not trouble.declined
        asked_as = trouble.request_id or ""
        return Noted(index, operation, answered=False, lost=lost, trouble=trouble.kind, request_id=asked_as), {}
    request_id = answered.get("ResponseMetadata", {}).get("RequestId", "")
    # A Lambda function that failed is told in an answer that is otherwise a yes.
    failed = "function_error" if answered.get("FunctionError") else ""
    return Noted(index, operation, answered=not failed, lost=False, trouble=failed, request_id=request_id), answered


async def _patiently(door: Door, place: Place, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """One call, tried again only where AWS says that it was asked too often: then it did nothing."""
    loop = asyncio.get_running_loop()
    end = loop.time() + DEADLINE
    pause = _PAUSE
    while True:
        try:
            return await door.call(place, operation, params, deadline=max(end - loop.time(), 0.1))
        except AwsTrouble as trouble:
            if trouble.kind != "throttled" or loop.time() + pause >= end:
                raise
        await asyncio.sleep(pause)
        pause *= 2
