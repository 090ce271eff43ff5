"""Bulk work inside a case: the keys of Triage on its findings, and some of them split off."""

from __future__ import annotations

import pytest

from socconsole.commands import cases as ask
from socconsole.model.case import Case
from socconsole.store import cases, db, reading
from socconsole.widgets.table import WindowTable
from tests.screens.support import Estate, Opened, Running
from tests.screens.test_cases import MINE, act, beside, leak

__all__ = ["leak"]


def ids(estate: Estate) -> tuple[str, ...]:
    with db.reading(estate.folder) as conn:
        return tuple(id_ for (id_,) in conn.execute("SELECT id FROM queue ORDER BY score DESC, first DESC"))


def case_of(estate: Estate, id_: str) -> Case:
    with db.reading(estate.folder) as conn:
        found = cases.get(conn, id_)
    assert found is not None
    return found


async def at(desk: Running, finding: str) -> None:
    """The cursor of the case's list on one of its findings."""
    assert desk.screen.query_one("#list", WindowTable).go_to_key(f"finding {finding}")
    await desk.until(lambda: "n Note finding" in desk.text())


async def opened_on(desk: Running, case: str, finding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case's own screen, with the cursor on one of its findings."""
    await desk.press("4")
    await beside(desk, case)
    await desk.press("enter")
    await desk.until(lambda: desk.screen.place == "case" and "GDPR-33" in desk.text())
    monkeypatch.setattr(desk.screen, "blocked", lambda at: "")
    await at(desk, finding)


async def test_marked_findings_are_worked_with_the_keys_of_triage(
    leak: Estate, console: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    worst, *others = ids(leak)
    case = act(leak, ask.OpenCase(findings=(worst, *others), title="the corpus is offered for sale"))
    async with console(size=(160, 50), config=MINE) as desk:
        await opened_on(desk, case, worst, monkeypatch)
        await desk.press("asterisk")
        await beside(desk, "3 findings marked", "3 marks")
        await desk.press("a")
        await beside(desk, "reason to acknowledge 3 findings")
        await desk.type("known")
        await desk.press("enter")
        await beside(desk, "acknowledged: 3 findings", "acknowledged")
        assert set(leak.entry().entry.subjects) == {worst, *others}
        await desk.until(lambda: "3 marks" not in desk.text())
        await at(desk, worst)
        await desk.press("space", "space", "n")
        await beside(desk, "note on 2 findings")
        await desk.type("seen")
        await desk.press("ctrl+d")
        await beside(desk, "noted: 2 findings")
        assert leak.entry().entry.verb == "note"
        await desk.press("u")
        await beside(desk, "take back: the note on 2 findings")
        await desk.press("enter")
        await beside(desk, "taken back, the note of ", "2 findings")
        await at(desk, worst)
        await desk.press("c")
        await beside(desk, "claimed: 1 finding", "oncall1")
        assert leak.entry().entry.subjects == (worst,)
    assert case_of(leak, case).owner.raw() == "ana", "the finding was claimed, not the case"


async def test_elsewhere_the_same_keys_mean_the_case_and_say_so(
    leak: Estate, console: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    worst, *others = ids(leak)
    case = act(leak, ask.OpenCase(findings=(worst, *others), title="the corpus is offered for sale"))
    async with console(size=(80, 24), config=MINE) as desk:
        await opened_on(desk, case, worst, monkeypatch)
        await desk.press("home")
        await beside(desk, "n Note case", "c Claim case")
        await desk.press("space")
        await beside(desk, "put the cursor on a finding, or a step")
        await desk.press("a")
        await beside(desk, "no finding under the cursor")
        await desk.press("n")
        await beside(desk, f"note on the case {case}")
        await desk.type("asked the press office")
        await desk.press("ctrl+d")
        await desk.until(lambda: leak.verbs()[-1] == "case_note")


async def test_marked_findings_become_a_case_of_their_own(
    leak: Estate, console: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    worst, second, third = ids(leak)
    case = act(leak, ask.OpenCase(findings=(worst, second, third), title="the corpus is offered for sale"))
    async with console(size=(160, 50), config=MINE) as desk:
        await opened_on(desk, case, second, monkeypatch)
        await desk.press("space", "space", "S")
        await beside(desk, "split 2 findings: title")
        await desk.press("ctrl+u")
        await desk.type("another matter")
        await desk.press("enter")
        await beside(desk, "split 2 findings: why")
        await desk.press("enter")
        await beside(desk, "a reason is needed")
        assert "case_open" not in leak.verbs()[1:]
        await desk.type("another bucket and another actor")
        await desk.press("enter")
        await beside(desk, f"split from {case}")
        await desk.until(lambda: "another matter" in desk.text())
        with db.reading(leak.folder) as conn:
            (part,) = cases.of_finding(conn, second)
        assert part != case
        await desk.press("escape")
        await desk.until(lambda: part not in desk.text() and case in desk.text())
    assert case_of(leak, case).findings == (worst,)
    made = case_of(leak, part)
    assert (made.title.raw(), set(made.findings)) == ("another matter", {second, third})


async def test_marked_findings_are_taken_out_and_a_case_is_merged_from_the_list(
    leak: Estate, console: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    worst, second, third = ids(leak)
    case = act(leak, ask.OpenCase(findings=(worst, second, third), title="the corpus is offered for sale"))
    other = act(leak, ask.OpenCase(findings=(worst,), title="a call from the press", severity="low"))
    async with console(size=(120, 40), config=MINE) as desk:
        await opened_on(desk, case, worst, monkeypatch)
        await desk.press("asterisk")
        await desk.type(":detach a drill of ours")
        await desk.press("enter")
        await beside(desk, "took 3 out")
        assert case_of(leak, case).findings == ()
        await desk.press("escape")
        await desk.until(lambda: desk.screen.place == "cases" and desk.screen.query("#line"))
        await desk.press("end")
        await desk.type(":merge ")
        await desk.press("tab")
        await beside(desk, f"merge {case}")
        await desk.press("escape")
        await desk.type(":merge")
        await desk.press("enter")
        await beside(desk, f"merge {other} into")
        await desk.press("tab")
        await beside(desk, "the corpus is offered")
        await desk.press("enter")
        await beside(desk, f"merge {other} into {case}: why")
        await desk.type("the same matter")
        await desk.press("enter")
        await beside(desk, f"{other} is part of {case} now")
    assert case_of(leak, other).into == case
    with db.reading(leak.folder) as conn:
        found = reading.get(conn, worst)
    assert found is not None
    assert found.case == case
