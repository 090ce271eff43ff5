"""Escalating from the screen: what would go where is shown first, one record, nobody told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from socconsole.commands import Acknowledge
from socconsole.commands import cases as ask
from socconsole.config import ChannelConfig, Config, EscalationConfig, StepConfig
from socconsole.model.action import Mode
from socconsole.model.entry import Entry
from socconsole.model.source import Freshness
from socconsole.store import (
    case_acts,
    db,
    decisions,
    escalation_acts,
    escalation_answers,
    escalation_plan,
    escalations,
    ledger,
    project,
)
from tests.screens.conftest import CONFIG
from tests.screens.support import HOSTILE, Estate, Opened, Running, record

WHY = "escalate: why"
"""The question; before it stands, keys are commands."""
TOPIC = "arn:aws:sns:eu-central-1:111122223333:socconsole-oncall"
MINE = Config(
    analyst=CONFIG.analyst,
    accounts=CONFIG.accounts,
    channel=(
        ChannelConfig(id="oncall", who="whoever is on call", sns=TOPIC),
        ChannelConfig(id="chat", who="security lead", apprise_env="SOC_CHAT_URL", template="${severity} ${id}"),
    ),
    escalation=(
        EscalationConfig(
            name="night",
            severity="HIGH",
            steps=(StepConfig(channel="oncall", wait_minutes=10), StepConfig(channel="chat")),
        ),
        EscalationConfig(name="legal", steps=(StepConfig(channel="chat"),)),
    ),
)


@pytest.fixture
def leak(estate: Estate) -> Estate:
    estate.answer(
        Freshness.FRESH, record(1, "The corpus leaves", "CRITICAL"), record(2, HOSTILE, "HIGH"), record(3, "Also here")
    )
    return estate


async def beside(desk: Running, *said: str) -> None:
    await desk.until(lambda: all(one in desk.text() for one in said))


def going(estate: Estate) -> list[escalations.Going]:
    project.project(estate.folder)
    with db.reading(estate.folder) as conn:
        return escalations.going(conn)


async def test_who_would_be_told_when_and_how_is_shown_before_a_reason_sets_it_going(
    leak: Estate, console: Opened
) -> None:
    async with console(size=(80, 24), config=MINE) as desk:
        await desk.until(lambda: "The corpus leaves" in desk.text())
        await desk.press("e")
        await beside(desk, "night", "1 of 2", "at once", "whoever is on call", "in 10m", "enter: oncall is told", WHY)
        await beside(desk, "[CRITICAL] The corpus leaves")
        assert leak.verbs() == [], "nothing is on record before there is a reason"
        await desk.press("enter")
        await beside(desk, "a reason is needed")
        await desk.type("he is asleep")
        await desk.press("tab")
        await beside(desk, "legal", "by hand only", "CRITICAL f-")
        await desk.press("tab")
        await beside(desk, "whoever is on call")
        await desk.press("enter")
        await beside(desk, "path night is under way", "then, until somebody answers: oncall, chat")
        entry = leak.entry().entry
        assert (entry.verb, entry.who, entry.data["path"]) == ("escalation", "oncall1", "night")
        assert entry.private["reason"] == "he is asleep"
        # What the watch does shows here, without a key.
        about = {"id": entry.data["id"], "step": 0, "attempt": 1, "channel": "oncall"}
        ledger.append(leak.folder, [Entry("escalating", "watch", entry.subjects, about)])
        result = {"path": "night", "result": "failed", "why": "SNS: denied"}
        ledger.append(leak.folder, [Entry("escalated", "watch", entry.subjects, about | result)])
        project.project(leak.folder)
        await beside(desk, "failed: SNS: denied", "then, until somebody answers: chat")
        await desk.press("escape")
        await beside(desk, "Triage", "escalated", "under way")
        await desk.press("e")
        await beside(desk, "under way already: nobody is told twice")
        await desk.type("again")
        await desk.press("enter")
        await beside(desk, "nobody is told twice")
        await desk.press("escape")
        await beside(desk, "Triage")
        assert leak.verbs().count("escalation") == 1
        await desk.type(":escalate stop he rang back")
        await desk.press("enter")
        await beside(desk, "1 escalation answered")
    assert going(leak) == []
    assert leak.entry().entry.private["reason"] == "he rang back"


async def test_marked_rows_go_together_and_hostile_text_stays_text(leak: Estate, console: Opened) -> None:
    async with console(config=MINE) as desk:
        await desk.until(lambda: "Also here" in desk.text())
        await desk.press("asterisk")
        await beside(desk, "3 marks")
        await desk.press("e")
        await beside(desk, "and 2 more", WHY)
        assert "\x1b]52" not in desk.text()
        await desk.type(f"[@click=app.quit]{'x' * 30}")
        await desk.press("enter")
        await beside(desk, "path night is under way about 3 findings")
    (one,) = going(leak)
    assert len(one.abouts) == 3


async def test_a_case_is_escalated_from_the_list_and_from_its_own_screen(leak: Estate, console: Opened) -> None:
    case = case_acts.act(leak.folder, MINE, ask.OpenCase(title="a call"), "ana", datetime.now(UTC)).case
    async with console(size=(160, 50), config=MINE) as desk:
        await desk.press("4")
        await beside(desk, "a call")
        await desk.act("e")
        await beside(desk, "legal", f"socconsole escalate {case}", WHY)
        await desk.press("escape")
        await beside(desk, "Cases")
        await desk.press("enter")
        await beside(desk, "nobody said yet")
        await desk.act("e")
        await beside(desk, f"socconsole escalate {case}", WHY)
        await desk.type("it grows")
        await desk.press("enter")
        await beside(desk, "is under way")
        await desk.press("escape")
        await beside(desk, "by path night", "under way")
    (one,) = going(leak)
    assert one.abouts == (case,)


async def test_the_key_says_why_where_nobody_could_be_told(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        await desk.until(lambda: "The corpus leaves" in desk.text())
        await desk.press("e")
        await beside(desk, "the configuration has no [[escalation]]")
    assert leak.verbs() == []


def test_two_consoles_at_the_same_moment_set_one_path_going(leak: Estate) -> None:
    """Both look before either writes: the entries are there twice, the path is under way once."""
    now = datetime.now(UTC)
    with db.reading(leak.folder) as conn:
        ids = [id_ for (id_,) in conn.execute("SELECT id FROM finding ORDER BY n")]
    first = escalation_acts.opening("night", ids[:2], "ana", "asleep")
    second = escalation_acts.opening("night", ids[1:], "bob", "asleep")
    third = escalation_acts.opening("night", ids[:1], "bob", "asleep")
    ledger.append(leak.folder, [first, second, third])
    mine, theirs = going(leak)
    assert (mine.id, mine.abouts) == (first.data["id"], tuple(ids[:2]))
    assert (theirs.id, theirs.abouts) == (second.data["id"], tuple(ids[2:])), "what the first leaves out is told"
    again = escalation_acts.begin(leak.folder, "night", ids, "eve", "asleep", now)
    assert again.seq == 0
    other = escalation_acts.begin(leak.folder, "legal", ids[:1], "eve", "asleep", now)
    assert other.seq > 0, "another path is another matter"


def test_of_very_many_the_worst_hundred_go_together_without_what_is_closed(leak: Estate) -> None:
    leak.answer(Freshness.FRESH, *(record(n, f"one of many {n}", "LOW") for n in range(10, 130)))
    with db.reading(leak.folder) as conn:
        ids = [id_ for (id_,) in conn.execute("SELECT id FROM finding ORDER BY n DESC")]
        told = escalation_acts.about(conn, ids, datetime.now(UTC))
    assert len(told) == escalations.MOST
    assert [one.severity.name for one in told[:4]] == ["CRITICAL", "HIGH", "HIGH", "LOW"]


def test_what_was_acknowledged_is_told_all_the_same_until_somebody_else_answers(leak: Estate) -> None:
    now = datetime.now(UTC)

    def ack(who: str, *ids: str) -> None:
        decisions.decide(leak.folder, Acknowledge(ids=ids or (id_,), reason="seen"), who, Mode.READ, datetime.now(UTC))

    def answered() -> str:
        with db.reading(leak.folder) as conn:
            (one,) = escalations.going(conn)
            return escalation_answers.answered(conn, one, datetime.now(UTC) + timedelta(seconds=1))

    with db.reading(leak.folder) as conn:
        id_, other = (name for (name,) in conn.execute("SELECT id FROM finding ORDER BY n LIMIT 2"))
    ack("ana")
    escalation_acts.begin(leak.folder, "night", [id_, other], "ana", "I need help", now)
    assert answered() == ""
    with db.reading(leak.folder) as conn:
        (one,) = escalations.going(conn)
        told = escalation_plan.message(conn, MINE, one, MINE.channel[0], False, now)
    assert told is not None
    assert (id_ in told.body, "and 1 more" in told.subject) == (True, True)
    ack("ana")
    assert answered() == "", "she waits for somebody else"
    ack("bob", id_, other)
    assert answered() == "answered"


def test_a_reason_is_kept_whole_or_refused(leak: Estate) -> None:
    with db.reading(leak.folder) as conn:
        (id_,) = conn.execute("SELECT id FROM finding ORDER BY n LIMIT 1").fetchone()
    with pytest.raises(escalation_acts.EscalationRefused, match="at most"):
        escalation_acts.begin(leak.folder, "night", [id_], "ana", "x" * 5_000, datetime.now(UTC))
    assert leak.verbs() == []
    escalation_acts.begin(leak.folder, "night", [id_], "ana", f"\x00\ud800{HOSTILE}", datetime.now(UTC))
    assert HOSTILE in leak.entry().entry.private["reason"]


def test_nothing_that_waits_is_left_out_however_much_does(leak: Estate) -> None:
    with db.reading(leak.folder) as conn:
        (id_,) = conn.execute("SELECT id FROM finding ORDER BY n LIMIT 1").fetchone()
    entries = [escalation_acts.opening(f"p{n}", [id_], "ana") for n in range(1_001)]
    ledger.append(leak.folder, entries)
    newest = str(entries[-1].data["id"])
    assert going(leak)[-1].id == newest
    (stopped,) = escalation_acts.stop(leak.folder, [newest], "ana", "he rang back")
    assert stopped.id == newest
