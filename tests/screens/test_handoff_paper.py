"""What is shown of another install's report, however large it is."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from socconsole.reports.handoff_file import NAME, Parcel
from socconsole.screens import handoff_paper
from socconsole.screens.handoff_paper import cut
from socconsole.text import Untrusted
from socconsole.widgets.detail import Section


def test_of_a_long_report_the_beginning_is_shown_and_that_there_is_more() -> None:
    short = [Section("a", ["one", [("two", "text"), (Untrusted("three"), "text")]])]
    assert list(cut(short)) == short
    many = [Section("x", [f"line {n}" for n in range(50)]) for _ in range(100)]
    found = list(cut(many))
    assert sum(len(one.body) for one in found) == handoff_paper.LINES + 1
    assert "longer than 2,000 lines" in str(found[-1].body)
    wide = list(cut([Section("x", ["a", [(Untrusted("y" * 1_000_000), "text")], "b"])]))
    assert [len(one.body) for one in wide] == [1, 1]
    assert "not shown" in str(wide[-1].body)


def test_a_giver_has_a_name_of_bounded_length() -> None:
    none = {"world": {}, "document": {}, "evidence": {}, "cases": [], "actions": [], "entries": [], "left_out": []}
    whole = {"v": 2, "id": "h-000000000000", "install": "i-000000000000", "at": 0, **none}
    assert msgspec.convert({**whole, "who": "x" * NAME}, Parcel).who == "x" * NAME
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**whole, "who": "x" * (NAME + 1)}, Parcel)


def test_many_cases_are_counted_beyond_those_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    converted: list[object] = []
    monkeypatch.setattr(handoff_paper, "from_data", lambda data: converted.append(data) or _refuse())
    parcel = SimpleNamespace(cases=["c-00000000"] * 250, actions=[], lacks=(), document={})
    cases, contained = handoff_paper.listed(parcel)
    assert len(cases.body) == 201
    assert "50 more" in str(cases.body[-1])
    assert "nothing is in force" in str(contained.body)
    assert len(converted) == 1


def _refuse() -> None:
    raise ValueError
