"""Cases on the screen: from a finding to its case, the six lines, clocks, steps, and what is refused."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from socconsole.commands import cases as ask
from socconsole.config import CasesConfig, EntityConfig
from socconsole.model.source import Freshness
from socconsole.screens import clock_words
from socconsole.store import case_acts, cases, db
from socconsole.widgets.table import WindowTable
from tests.screens.conftest import CONFIG
from tests.screens.support import HOSTILE, Estate, Opened, Running, record

SHOP = "Kaufhaus SE"
MINE = CONFIG.__class__(
    analyst="oncall1",
    accounts=CONFIG.accounts,
    entity=(EntityConfig(name=SHOP, country="DE", zone="Europe/Berlin"),),
    cases=CasesConfig(decide=("lead",)),
)


@pytest.fixture
def leak(estate: Estate) -> Estate:
    estate.answer(
        Freshness.FRESH, record(1, "The corpus leaves", "CRITICAL"), record(2, HOSTILE, "HIGH"), record(3, "Also here")
    )
    return estate


def opened(estate: Estate, **said: object) -> str:
    """A case that somebody opened before."""
    return act(estate, ask.OpenCase(title="the corpus is offered for sale", **said))  # type: ignore[arg-type]


def act(estate: Estate, request: ask.CaseRequest, who: str = "ana") -> str:
    return case_acts.act(estate.folder, MINE, request, who, datetime.now(UTC)).case


async def beside(desk: Running, *said: str) -> None:
    await desk.until(lambda: all(one in desk.text() for one in said))


async def test_a_finding_becomes_a_case_and_the_key_goes_to_it_afterwards(leak: Estate, console: Opened) -> None:
    async with console(size=(160, 50), config=MINE) as desk:
        await desk.until(lambda: "The corpus leaves" in desk.text())
        await desk.press("K")
        await beside(desk, "enter: a new case of 1 finding")
        await desk.press("enter")
        await beside(desk, "opened c-", "bucket-1: unmapped", "GDPR-33", "nobody said yet")
        assert leak.verbs() == ["case_open"]
        await desk.press("escape")
        await beside(desk, "goes to it")
        await desk.press("K")
        await desk.until(lambda: "GDPR-33" in desk.text())
        assert leak.verbs() == ["case_open"], "it was only shown"


async def test_marked_rows_join_an_open_case_with_tab(leak: Estate, console: Opened) -> None:
    case = opened(leak)
    async with console(config=MINE) as desk:
        await desk.until(lambda: "Also here" in desk.text())
        await desk.press("space", "space", "K")
        await beside(desk, "a new case of 2 findings")
        await desk.press("tab")
        await beside(desk, case, "the corpus is offered for sale")
        await desk.press("enter")
        await beside(desk, "attached 2")
    with db.reading(leak.folder) as conn:
        found = cases.get(conn, case)
        assert found is not None
        assert len(found.findings) == 2


async def test_the_list_says_what_is_due_in_words_and_claims(
    leak: Estate, console: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = opened(leak)
    async with console(size=(80, 24), config=MINE) as desk:
        await desk.press("4")
        await beside(desk, "GDPR-33 ≈71 h", "the corpus is offered")
        monkeypatch.setattr(desk.screen, "blocked", lambda at: "")  # the row came a moment ago
        await desk.press("c")
        await beside(desk, "open, owner oncall1")
        await desk.press("c")
        await beside(desk, "refused: its owner is oncall1 already")
        await desk.type(":filter nothing-of-it")
        await desk.press("enter")
        await beside(desk, "no open case holds")
    with db.reading(leak.folder) as conn:
        found = cases.get(conn, case)
        assert found is not None
        assert found.owner.raw() == "oncall1"


async def test_a_step_takes_a_note_and_closing_says_what_stands_open(leak: Estate, console: Opened) -> None:
    case = opened(leak)
    act(leak, ask.TakePlaybook(case=case, playbook="credentials-leaked"))
    async with console(size=(160, 50), config=MINE) as desk:
        await desk.press("4")
        await desk.until(lambda: case in desk.text())
        await desk.press("enter")
        await beside(desk, "○ open")
        await desk.type("/step open")
        await desk.press("enter")
        await desk.until(lambda: desk.text().count("○ open") > 2 and "clock " not in desk.text())
        await desk.press("space")
        await beside(desk, "how it was done")
        await desk.press("enter")
        await beside(desk, "refused: how was it done? a note is needed")
        await desk.press("space", "tab")
        await beside(desk, "LEFT OUT on purpose")
        await desk.type("the CI holds no key")
        await desk.press("enter")
        await desk.until(lambda: "case_step" in leak.verbs())
        assert leak.entry().entry.data["skip"] is True
        await desk.type(":close it is over")
        await desk.press("enter")
        await beside(desk, "refused:", "clocks open", ":close anyway REASON")
        assert "case_close" not in leak.verbs()
        await desk.type(":close anyway a drill")
        await desk.press("enter")
        await desk.until(lambda: "case_close" in leak.verbs())


async def test_a_clock_is_answered_by_who_may_and_a_suspicion_moves_nothing(leak: Estate, console: Opened) -> None:
    opened(leak)
    async with console(size=(160, 50), config=MINE) as desk:
        await desk.press("4")
        await beside(desk, "the corpus is offered")
        await desk.press("enter")
        await desk.until(lambda: "GDPR-33" in desk.text())
        await desk.type("/nis2")
        await desk.press("enter", "enter")
        await beside(desk, ":applies".removeprefix(":"), SHOP)
        await desk.press("enter")
        await beside(desk, "why")
        await desk.type("we host it")
        await desk.press("enter")
        await beside(desk, "refused: you may not decide whether a regime applies: lead may")
        await desk.type(":aware")
        await desk.press("enter")
        await beside(desk, "when")
        await desk.type("10m")
        await desk.press("enter")
        await beside(desk, "how is it known")
        await desk.type("the press called")
        await desk.press("enter")
        await beside(desk, "kept as your suspicion")
    assert leak.entry().entry.data["suspected"] is True


async def test_laws_that_want_an_answer_first_are_one_row_until_it_is_opened(leak: Estate, console: Opened) -> None:
    opened(leak)
    async with console(size=(160, 50), config=MINE) as desk:
        await desk.press("4")
        await beside(desk, "the corpus is offered")
        await desk.press("enter")
        await beside(desk, "regimes want an answer: ")
        screen = desk.screen
        keys = [row.key for row in screen.rows_shown()]
        assert not any(key.startswith("clock nis2-23/") for key in keys)
        await desk.press(*["down"] * keys.index("clock asks"), "enter")
        await desk.until(lambda: any(row.key == f"clock nis2-23/early-warning@{SHOP}" for row in screen.rows_shown()))
        await desk.press("enter")
        await desk.until(lambda: [row.key for row in screen.rows_shown()] == keys)


async def test_a_hostile_title_is_text_everywhere(leak: Estate, console: Opened) -> None:
    case = act(leak, ask.OpenCase(title=HOSTILE, hypothesis=HOSTILE))
    act(leak, ask.NoteCase(case=case, text=f"a note {HOSTILE}"))
    act(leak, ask.TellStakeholder(case=case, name=f"told {HOSTILE}", how=HOSTILE))
    act(leak, ask.HoldCase(case=case, on=True, reason=f"because {HOSTILE}"))
    act(leak, ask.ChangeCase(case=case, field="owner", value=f"me {HOSTILE}"))
    async with console(size=(160, 50), config=MINE) as desk:
        await desk.press("4")
        await beside(desk, "[@click=app.quit]x[/]")
        await desk.press("enter")
        await beside(desk, "[@click=app.quit]x[/]", "leaving?")
        rows = 0
        while (
            desk.screen.query_one("#list", WindowTable).cursor < desk.screen.query_one("#list", WindowTable).count - 1
        ):
            assert desk.text().replace("\n", "").isprintable()
            await desk.press("down")
            rows += 1
        assert rows > 8
        await beside(
            desk, "note: a note [@click", "told told [@click", "legal hold: because [@click", "owner: ana → me [@"
        )


async def test_of_two_windows_the_second_is_told_who_was_first_and_what_it_wrote_is_kept(
    leak: Estate, console: Opened, tmp_path: Path
) -> None:
    case = opened(leak)
    other = tmp_path / "other.toml"
    other.write_text('analyst = "ben"\n')
    async with console(size=(120, 40), config=MINE) as desk:
        await desk.press("4")
        await beside(desk, case)
        await desk.press("enter")
        await desk.until(lambda: desk.screen.place == "case" and "GDPR-33" in desk.text())
        await desk.type(":set hypothesis")
        await desk.press("enter")
        await beside(desk, f"hypothesis of {case}")
        said = ("case", "set", case, "hypothesis", "an insider", "--config", str(other))
        first = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "socconsole", *said, "--store", str(leak.folder.root), stdout=subprocess.DEVNULL
        )
        assert await first.wait() == 0
        await desk.type("a stolen inference session")
        await desk.press("enter")
        await beside(desk, "refused: ben set the hypothesis at")
        await desk.until(lambda: "an insider" in desk.text())
        assert "a stolen inference session" in desk.text(), "it stands in the question"
        await desk.press("enter")
        await beside(desk, "an insider → a stolen inference session")
    with db.reading(leak.folder) as conn:
        found = cases.get(conn, case)
    assert found is not None
    assert found.hypothesis.raw() == "a stolen inference session"


async def test_a_note_that_could_not_be_recorded_stands_in_the_next_question(leak: Estate, console: Opened) -> None:
    case = opened(leak)
    whole = act(leak, ask.OpenCase(title="a call from the press", severity="low"))
    async with console(size=(120, 40), config=MINE) as desk:
        await desk.press("4")
        await beside(desk, "offered for sale", "a call from the press", f"{case}  open")
        await desk.act("n")
        await beside(desk, f"note on the case {case}")
        await desk.type("the press office called")
        act(leak, ask.MergeCases(case=case, into=whole), "ben")
        await desk.press("ctrl+d")
        await beside(desk, f"{case} is part of {whole} now")
        await beside(desk, f"{whole}  open")
        await desk.act("n")
        await beside(desk, f"note on the case {whole}", "the press office called")
        await desk.press("ctrl+d")
        await desk.until(lambda: leak.verbs()[-1] == "case_note")


async def test_the_header_shows_what_is_due_by_law(leak: Estate, console: Opened) -> None:
    async with console(size=(120, 40), config=MINE) as desk:
        await beside(desk, "3 unacked")
        assert "GDPR" not in desk.text()
        case = opened(leak)
        await beside(desk, "GDPR-33 ≈71 h")
        act(leak, ask.CloseCase(case=case, reason="a drill", anyway=True))
        await beside(desk, "GDPR-33 ≈71 h (case closed)")
        await desk.press("4")
        await beside(desk, "closed", "the corpus is offered")


async def test_a_query_finds_the_findings_of_a_case(leak: Estate, console: Opened) -> None:
    async with console(size=(120, 40), config=MINE) as desk:
        await desk.until(lambda: "Also here" in desk.text())
        await desk.press("K")
        await beside(desk, "enter: a new case")
        await desk.press("enter")
        await beside(desk, "opened c-")
        with db.reading(leak.folder) as conn:
            (case,) = cases.each(conn)
        await desk.press("escape")
        await desk.type(f":filter case:{case.id}")
        await desk.press("enter")
        await beside(desk, "1 of 3")


NOW = datetime(2026, 3, 1, 3, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ("", NOW),
        ("35m", NOW - timedelta(minutes=35)),
        ("2h ago", NOW - timedelta(hours=2)),
        ("04:00", datetime(2026, 2, 28, 4, 0, tzinfo=UTC)),
        ("03:00Z", datetime(2026, 3, 1, 3, 0, tzinfo=UTC)),
        ("2026-03-01T04:00+02:00", datetime(2026, 3, 1, 2, 0, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_as_it_is_said(typed: str, at: datetime) -> None:
    assert clock_words.moment(typed, NOW) == at


@pytest.mark.parametrize("typed", ["yesterday", "2026-03-01T04:00", "25:00"])
def test_a_moment_that_could_be_another_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"a time is|needs its zone"):
        clock_words.moment(typed, NOW)
