"""Calls that need what an earlier call of the same plan returned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.world import Place
from socconsole.response.base import Noted
from socconsole.response.calls import Unanswered, answer, filled, make

PLAN = Plan(
    action="x",
    target="t",
    place=Place("111122223333", "eu-central-1"),
    finding=None,
    helps=True,
    why="",
    instead="",
    calls=(
        Call("ec2", "CreateSecurityGroup", {"GroupName": "g"}),
        Call("ec2", "ModifyNetworkInterfaceAttribute", {"Groups": [answer(0, "GroupId")]}),
    ),
    undo_calls=(),
    before={},
    after={},
    stops="",
    does_not_stop="",
    blast_radius="",
    reversible=Reversible.YES,
    wide=False,
    warnings=(),
    permitted="likely",
    read_at=datetime(2026, 11, 23, tzinfo=UTC),
)


class Answers:
    """A door that answers in order and keeps what it was asked."""

    def __init__(self, *answers: Mapping[str, Any]) -> None:
        self._answers = list(answers)
        self.asked: list[Mapping[str, Any]] = []

    async def call(
        self, place: Place, operation: str, params: Mapping[str, Any], *, deadline: float = 20.0
    ) -> dict[str, Any]:
        self.asked.append(params)
        return dict(self._answers.pop(0))


async def _make(door: Answers, plan: Plan = PLAN) -> list[Noted]:
    noted: list[Noted] = []

    async def note(call: Noted) -> None:
        noted.append(call)

    await make(door, plan, note)
    return noted


async def test_an_id_that_a_call_returns_reaches_a_later_one() -> None:
    door = Answers({"GroupId": "sg-1"}, {})
    noted = await _make(door)
    assert door.asked == [{"GroupName": "g"}, {"Groups": ["sg-1"]}]
    assert [call.answered for call in noted] == [True, True]
    assert PLAN.calls[1].params == {"Groups": [answer(0, "GroupId")]}, "the plan stays as it was shown"


async def test_a_call_whose_id_nobody_returned_is_not_sent() -> None:
    door = Answers({})
    noted = await _make(door)
    assert len(door.asked) == 1
    assert not noted[1].answered
    assert not noted[1].lost, "nothing was sent, so nothing can have happened"


async def test_a_plan_without_such_values_is_made_as_it_stands() -> None:
    door = Answers({})
    await _make(door, replace(PLAN, calls=PLAN.calls[:1]))
    assert door.asked == [{"GroupName": "g"}]


def test_lists_and_structures_are_walked() -> None:
    answers = ({"FlowLogIds": ["fl-1", "fl-2"]}, {"Group": {"Id": "sg-1"}})
    value = {"Ids": [answer(0, "FlowLogIds.1")], "In": {"Deep": answer(1, "Group.Id")}, "N": 3, "B": True}
    assert filled(value, answers) == {"Ids": ["fl-2"], "In": {"Deep": "sg-1"}, "N": 3, "B": True}


@pytest.mark.parametrize(("index", "path"), [(0, "Nothing"), (0, "GroupId.0.x"), (5, "GroupId")])
def test_what_is_not_there_is_said(index: int, path: str) -> None:
    with pytest.raises(Unanswered, match=f"call {index + 1}"):
        filled(answer(index, path), ({"GroupId": "sg-1"},))
