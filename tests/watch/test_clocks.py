"""What the watch says of deadlines with no console open: once each, and until somebody did what they ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from socconsole.aws import Door
from socconsole.clocks import regimes
from socconsole.commands import Acknowledge
from socconsole.commands import cases as ask
from socconsole.config import CasesConfig, Config, EntityConfig
from socconsole.model.action import Mode
from socconsole.model.finding import Severity, State
from socconsole.store import case_acts, case_alarms, db, decisions, ledger, own, project, reading
from socconsole.store.case_alarms import SETTLED, WARNED
from socconsole.store.state import StateFolder
from socconsole.watch.duties import WHO, Duties
from socconsole.watch.keeper import Keeper
from tests.store.desk import live

SHOP = "Kaufhaus SE"
NO = ("nis2-23", *(id_ for id_, one in regimes().items() if one.asks and id_ != "nis2-23"))
"""Every regime that has to be asked about."""


def shop(*not_applying: str) -> Config:
    """One entity, and who may decide for it."""
    entity = EntityConfig(name=SHOP, country="DE", applies=dict.fromkeys(not_applying, False))
    return Config(entity=(entity,), cases=CasesConfig(decide=("ana",)))


CONFIG = shop(*NO)
GDPR = f"gdpr-33/notify@{SHOP}"
OPENED = datetime(2026, 3, 1, 3, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return live(tmp_path / "state")


def act(folder: StateFolder, request: ask.CaseRequest, now: datetime = OPENED) -> str:
    return case_acts.act(folder, CONFIG, request, "ana", now).case


def warn(folder: StateFolder, now: datetime, config: Config = CONFIG) -> list[tuple[str, str, int]]:
    """What the watch puts on record at ``now``, clocks of the team's own aside."""
    with db.reading(folder) as conn:
        entries = case_alarms.due(conn, config, WHO, now)
    if entries:
        ledger.append(folder, entries)
        project.project(folder)
    return [
        (entry.verb, entry.data["clock"], entry.data.get("percent", 0))
        for entry in entries
        if not entry.data["clock"].startswith("team/")
    ]


def alarms(folder: StateFolder) -> dict[str, tuple[Severity, State]]:
    """Findings about clocks, the team's own aside, by title."""
    with db.reading(folder) as conn:
        ids = [id_ for (id_,) in conn.execute("SELECT id FROM finding WHERE instr(types, ?) > 0", (own.CLOCK,))]
        found = list(reading.each(conn, ids, OPENED))
    return {
        one.finding.title.raw(): (one.finding.severity, one.state)
        for one in found
        if "team/" not in one.finding.title.raw()
    }


def test_each_part_of_its_time_is_said_once_and_from_three_quarters_on_loudly(folder: StateFolder) -> None:
    case = act(folder, ask.OpenCase(title="a call"))
    assert warn(folder, OPENED + 35 * HOUR) == []
    assert warn(folder, OPENED + 36 * HOUR) == [(WARNED, GDPR, 50)]
    assert warn(folder, OPENED + 37 * HOUR) == []
    assert alarms(folder) == {}
    assert warn(folder, OPENED + 54 * HOUR) == [(WARNED, GDPR, 75)]
    near = f"Deadline 75 % of its time has passed: {GDPR}, case {case}"
    assert alarms(folder) == {near: (Severity.HIGH, State.NEW)}
    # The watch was dead past 90 %: the last part that passed is said, not each.
    assert warn(folder, OPENED + 73 * HOUR) == [(WARNED, GDPR, 100)]
    over = f"Deadline OVERDUE: {GDPR}, case {case}"
    assert alarms(folder) == {over: (Severity.CRITICAL, State.NEW)}
    assert warn(folder, OPENED + 80 * HOUR) == []
    act(folder, ask.MarkSent(case=case, clock=GDPR, at=OPENED + 81 * HOUR), OPENED + 82 * HOUR)
    assert warn(folder, OPENED + 83 * HOUR) == [(SETTLED, GDPR, 0)]
    assert alarms(folder)[over][1] is State.RESOLVED
    assert warn(folder, OPENED + 84 * HOUR) == []


def test_a_deadline_that_moved_is_no_longer_near_and_is_warned_about_anew(folder: StateFolder) -> None:
    case = act(folder, ask.OpenCase(title="a call"))
    warn(folder, OPENED + 60 * HOUR)
    later = ask.SetMoment(case=case, entity=SHOP, moment="aware", at=OPENED + 50 * HOUR, reason="the DPO was sure then")
    act(folder, later, OPENED + 61 * HOUR)
    assert warn(folder, OPENED + 62 * HOUR) == [(SETTLED, GDPR, 0)]
    assert warn(folder, OPENED + (50 + 36) * HOUR) == [(WARNED, GDPR, 50)]


def test_silence_about_a_regime_is_warned_about_and_a_no_ends_it(folder: StateFolder) -> None:
    asked = shop(*NO[1:])
    case = act(folder, ask.OpenCase(title="a call"))
    found = warn(folder, OPENED + 19 * HOUR, asked)
    assert [(verb, percent) for verb, name, percent in found if name.startswith("nis2-23/early")] == [(WARNED, 75)]
    assert any("nis2-23/early" in title for title in alarms(folder))
    act(folder, ask.AnswerRegime(case=case, entity=SHOP, regime="nis2-23", applies=False, reason="too small"))
    assert {verb for verb, name, _ in warn(folder, OPENED + 20 * HOUR, asked) if "nis2" in name} == {SETTLED}
    assert {state for title, (_, state) in alarms(folder).items() if "nis2" in title} == {State.RESOLVED}


def test_a_case_of_the_past_gives_one_warning_and_closing_it_ends_no_law(folder: StateFolder) -> None:
    asked = shop()
    case = act(folder, ask.OpenCase(title="an old matter"))
    long_ago = OPENED - timedelta(days=200)
    letter = f"a letter of {long_ago:%Y-%m-%d}"
    act(folder, ask.SetMoment(case=case, entity=SHOP, moment="aware", at=long_ago, reason=letter), OPENED + HOUR)
    assert warn(folder, OPENED + HOUR, asked) == [(WARNED, GDPR, 100)]
    assert warn(folder, OPENED + 2 * HOUR, asked) == []
    (line,) = [one for one in ledger.read(folder, verbs=(WARNED,)) if one.entry.data["clock"] == GDPR]
    assert line.entry.data["more"] > 3
    act(folder, ask.CloseCase(case=case, reason="long over", anyway=True), OPENED + 3 * HOUR)
    assert warn(folder, OPENED + 4 * HOUR, asked) == []
    assert {state for _, state in alarms(folder).values()} == {State.NEW}
    act(folder, ask.MarkSent(case=case, clock=GDPR, at=OPENED + 5 * HOUR), OPENED + 6 * HOUR)
    assert (SETTLED, GDPR, 0) in warn(folder, OPENED + 7 * HOUR, asked)


def test_a_deadline_that_was_settled_and_is_owed_after_all_is_warned_about_again(folder: StateFolder) -> None:
    case = act(folder, ask.OpenCase(title="a call"))
    assert warn(folder, OPENED + 73 * HOUR) == [(WARNED, GDPR, 100)]
    for n, (owed, said) in enumerate(((False, (SETTLED, GDPR, 0)), (True, (WARNED, GDPR, 100)))):
        decided = ask.DecideNotify(case=case, entity=SHOP, regime="gdpr-33", notify=owed, reason="it was looked at")
        act(folder, decided, OPENED + (74 + n) * HOUR)
        assert warn(folder, OPENED + (74 + n) * HOUR) == [said]
        assert warn(folder, OPENED + (75 + n) * HOUR) == []
        assert [state for _, state in alarms(folder).values()] == [State.NEW if owed else State.RESOLVED]


def test_of_several_that_were_over_at_opening_the_next_is_warned_about_once_the_first_is_met(
    folder: StateFolder,
) -> None:
    asked = shop(*NO[1:])
    case = act(folder, ask.OpenCase(title="an old matter"))
    long_ago = OPENED - timedelta(days=200)
    letter = f"a letter of {long_ago:%Y-%m-%d}"
    act(folder, ask.SetMoment(case=case, entity=SHOP, moment="aware", at=long_ago, reason=letter), OPENED + HOUR)
    assert warn(folder, OPENED + HOUR, asked) == [(WARNED, GDPR, 100)]
    act(folder, ask.MarkSent(case=case, clock=GDPR, at=OPENED + HOUR), OPENED + 2 * HOUR)
    assert warn(folder, OPENED + 2 * HOUR, asked) == [(SETTLED, GDPR, 0)]
    ((verb, name, percent),) = warn(folder, OPENED + 3 * HOUR, asked)
    assert (verb, name.partition("/")[0], percent) == (WARNED, "nis2-23", 100)
    assert warn(folder, OPENED + 4 * HOUR, asked) == []


def test_a_case_closed_over_a_running_clock_is_still_warned_about(folder: StateFolder) -> None:
    case = act(folder, ask.OpenCase(title="a call"))
    act(folder, ask.CloseCase(case=case, reason="a drill, we think", anyway=True), OPENED + HOUR)
    assert warn(folder, OPENED + 73 * HOUR) == [(WARNED, GDPR, 100)]
    assert [severity for severity, _ in alarms(folder).values()] == [Severity.CRITICAL]
    with db.reading(folder) as conn:
        assert not any(one.data["clock"].startswith("team/") for one in case_alarms.due(conn, CONFIG, WHO, OPENED))
    no = ask.DecideNotify(case=case, entity=SHOP, regime="gdpr-33", notify=False, reason="it was a drill")
    act(folder, no, OPENED + 74 * HOUR)
    assert warn(folder, OPENED + 75 * HOUR) == [(SETTLED, GDPR, 0)]


async def test_the_watch_says_it_itself_and_not_again_after_a_restart(folder: StateFolder) -> None:
    now = datetime.now(UTC)
    act(folder, ask.OpenCase(title="a call"), now - 55 * HOUR)
    for _ in range(2):
        async with Keeper(folder) as keeper:
            await Duties(folder, CONFIG, keeper, cast(Door, cast(Any, None))).warn_of_clocks()  # no AWS is asked
    (line,) = [one for one in ledger.read(folder, verbs=(WARNED,)) if one.entry.data["clock"] == GDPR]
    assert (line.entry.who, line.entry.data["percent"]) == (WHO, 75)


def test_a_warning_that_somebody_acknowledged_stands_until_the_clock_is_met(folder: StateFolder) -> None:
    act(folder, ask.OpenCase(title="a call"))
    warn(folder, OPENED + 54 * HOUR)
    with db.reading(folder) as conn:
        ids = tuple(id_ for (id_,) in conn.execute("SELECT id FROM finding WHERE title LIKE '%gdpr-33/%'"))
    decisions.decide(folder, Acknowledge(ids=ids, reason="seen"), "ana", Mode.READ, OPENED + 55 * HOUR)
    conn = db.connect(folder.store_db)
    try:
        own.close_acknowledged(conn, OPENED + 100 * HOUR)
    finally:
        conn.close()
    assert [state for _, state in alarms(folder).values()] == [State.ACKNOWLEDGED]
