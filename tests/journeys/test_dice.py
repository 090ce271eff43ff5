"""Random keys contain nothing; the right text does, once. All five hundred: python -m tests.journeys.dice 500"""

from __future__ import annotations

import pytest

from tests.journeys.conftest import Drill
from tests.journeys.dice import Kind, Run, throw

pytestmark = pytest.mark.xdist_group("dice")  # a drill of its own: whose call it was is told by when it was made


def test_only_the_typed_text_contains(drill: Drill) -> None:
    tally = throw(drill, [Run(number) for number in range(10)])
    assert tally.sound, tally
    assert tally.runs == {Kind.LOOSE: 6, Kind.ARMED: 2, Kind.TYPED: 2}
    assert tally.calls.total() == tally.calls[Kind.TYPED] == 2, tally
    assert tally.armed >= 4, tally
