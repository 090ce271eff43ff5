"""Escalation where something breaks or changes under it: nobody is told twice, nothing is lost, and it is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socconsole.aws import Door
from socconsole.commands import Acknowledge
from socconsole.commands import cases as ask
from socconsole.config import (
    ChannelConfig,
    Config,
    EscalationConfig,
    HandoffConfig,
    HeartbeatConfig,
    StepConfig,
)
from socconsole.drill import Embedded
from socconsole.escalate import path as paths_module
from socconsole.model.action import Mode
from socconsole.model.entry import Entry
from socconsole.model.finding import Severity
from socconsole.model.source import Freshness
from socconsole.store import (
    case_acts,
    case_alarms,
    db,
    decisions,
    escalation_answers,
    escalation_firing,
    escalations,
    findings,
    ledger,
    own,
    project,
    sources,
)
from socconsole.store.escalation_acts import opening
from socconsole.store.instants import micros
from socconsole.store.project_handoffs import ACCEPTED, GIVEN
from socconsole.store.state import StateFolder
from socconsole.watch import escalation
from socconsole.watch.duties import WHO, Duties
from socconsole.watch.heartbeat import Heartbeat
from socconsole.watch.keeper import Keeper
from tests.drillstate import ANALYST, config_for, folder_for
from tests.store.builders import observation
from tests.watch.escalating import CHAT, ONCALL, PLACE, Hook, arrives, heard, paths, said, subscribed, watching

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
NOW = StepConfig(channel="oncall", wait_minutes=0)
THEN = StepConfig(channel="chat", wait_minutes=0)


@pytest.fixture
def folder(tmp_path: Path, aws: Embedded) -> StateFolder:
    return folder_for(tmp_path / "state", aws)


def source(folder: StateFolder) -> tuple[str, str]:
    """How the source that escalation is stands: outcome and detail."""
    with db.reading(folder) as conn:
        row: tuple[str, str] = conn.execute(
            "SELECT outcome, detail FROM source WHERE service = 'escalation'"
        ).fetchone()
    return row


async def rounds(folder: StateFolder, config: Config, count: int = 3) -> None:
    """A watch that is started with this configuration, for some rounds."""
    async with watching(folder, config) as watch:
        for _ in range(count):
            await watch.round()


async def test_a_path_that_is_turned_round_tells_nobody_twice_and_leaves_nobody_out(
    folder: StateFolder, aws: Embedded, hook: Hook
) -> None:
    queue = subscribed(aws)
    ledger.append(folder, [opening("night", [arrives(folder)], ANALYST)])
    late = StepConfig(channel="chat", wait_minutes=60)
    await rounds(folder, paths(aws, StepConfig(channel="oncall", wait_minutes=60), late))
    assert (len(heard(aws, queue)), len(hook.told)) == (1, 0)
    await rounds(folder, paths(aws, late, NOW))
    assert (len(heard(aws, queue)), len(hook.told)) == (0, 1)
    await rounds(folder, paths(aws, THEN, NOW, NOW))  # a second turn of the same channel is a step of its own
    assert (len(heard(aws, queue)), len(hook.told)) == (1, 1)
    assert {data["result"] for _, data in said(folder, "escalated")} == {"sent"}
    with db.reading(folder) as conn:
        assert project.unapplied(conn) == {}


async def test_a_path_that_is_gone_is_said_and_goes_on_where_it_was_once_it_is_back(
    folder: StateFolder, aws: Embedded, hook: Hook
) -> None:
    queue = subscribed(aws)
    ledger.append(folder, [entry := opening("night", [arrives(folder)], ANALYST)])
    await rounds(folder, paths(aws, StepConfig(channel="oncall", wait_minutes=60), THEN))
    await rounds(folder, paths(aws, THEN, name="day", severity="CRITICAL"))
    outcome, detail = source(folder)
    assert outcome == Freshness.ERROR
    assert f"{entry.data['id']} waits" in detail
    assert "night is not in the configuration" in detail
    assert hook.told == []
    await rounds(folder, paths(aws, NOW, THEN))
    assert source(folder)[0] == Freshness.FRESH
    assert (len(heard(aws, queue)), len(hook.told)) == (1, 1)


async def test_a_dead_channel_is_dead_until_it_is_reached_again_or_used_no_more(
    folder: StateFolder, aws: Embedded, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = subscribed(aws)
    monkeypatch.setattr(paths_module, "FIRST_PAUSE", timedelta(0))
    dead = aws.faults.add(service="sns", op="Publish", kind="denied", times=None)
    ledger.append(folder, [opening("night", [arrives(folder)], ANALYST)])
    both = paths(aws, StepConfig(channel="oncall"), THEN)
    await rounds(folder, both, 2)
    assert "channel oncall" in source(folder)[1]
    assert len(hook.told) == 1, "the next in line is told at once"
    await rounds(folder, paths(aws, THEN), 1)
    assert source(folder) == (Freshness.FRESH, "")
    await rounds(folder, both, 1)
    assert source(folder)[0] == Freshness.ERROR
    aws.faults.remove(dead)
    await rounds(folder, both)
    assert source(folder) == (Freshness.FRESH, "")
    assert (len(heard(aws, queue)), len(hook.told)) == (1, 1), "it was tried again until it was reached, once"
    results = [data["result"] for _, data in said(folder, "escalated") if data["channel"] == "oncall"]
    assert results[-1] == "sent"
    assert set(results[:-1]) == {"failed"}


async def test_a_broken_template_is_said_beside_the_send_and_no_reason_leaves_this_machine(
    folder: StateFolder, aws: Embedded, hook: Hook
) -> None:
    broken = ChannelConfig(id="chat", apprise_env="SOC_CHAT_URL", template="${password} ${title}")
    path = EscalationConfig(name="night", drill=True, steps=(THEN,))
    config = config_for(aws, channel=(ONCALL, broken), escalation=(path,))
    id_ = arrives(folder, title="\x1b]8;;https://evil.example\x1b\\ <b>@here</b> ${acknowledge}")
    ledger.append(folder, [opening("night", [id_], "<@U1>\x1b[2Jana", "the CEO's laptop")])
    await rounds(folder, config)
    (chat,) = hook.told
    assert f"socconsole ack {id_}" in chat["message"]
    assert "template of this channel is broken" in chat["message"]
    assert "CEO" not in json.dumps(chat)
    assert not {"<", "@", "\x1b", "://"} & {*(chat["title"] + chat["message"])}
    ((_, data),) = said(folder, "escalated")
    assert (data["result"], data["template"]) == ("sent", "broken")
    with db.reading(folder) as conn:
        (one,) = escalations.going(conn)
        (send,) = escalations.sends(conn, one.id)
    assert (send.reached, "plain text" in send.why) == (True, True)


async def test_a_clock_that_was_set_back_silences_no_path(folder: StateFolder, aws: Embedded, hook: Hook) -> None:
    config = paths(aws, THEN)
    ahead = datetime.now(UTC) + timedelta(hours=4)
    async with watching(folder, config) as watch:
        await watch.round()
        with db.writing(folder) as conn:
            sources.save_cursor(conn, "timer/escalation", ahead.isoformat())
        ledger.append(folder, [opening("night", [arrives(folder, "before")], "watch")], now=ahead)
        await watch.round()
        arrives(folder, "after")
        await watch.round()
        await watch.round()
    assert len(hook.told) == 2


async def test_the_heartbeat_does_not_stand_for_a_round_that_lies_ahead(folder: StateFolder, aws: Embedded) -> None:
    settings = HeartbeatConfig(account=PLACE[0], region=PLACE[1], install="soc-1")
    config = paths(aws, THEN)
    async with (
        watching(folder, config) as watch,
        Keeper(folder) as keeper,
        Door.open(config, folder.world, "watch", Mode.READ, WHO) as door,
    ):
        heart = Heartbeat(settings, keeper, door, watch)
        for ahead, beats in ((timedelta(hours=4), 0), (timedelta(0), 1)):
            watch.healthy_at = datetime.now(UTC) + ahead
            await heart.beat()
            assert sum(one.op == "PutMetricData" for one in aws.journal.calls()) == beats


def test_a_severity_that_is_raised_after_days_sets_the_path_going(folder: StateFolder) -> None:
    now = datetime.now(UTC)
    then = now - timedelta(hours=30)

    def stands(severity: Severity, at: datetime) -> list[str]:
        seen = observation("1", occurred=then, published=then, updated=at, severity=severity)
        with db.writing(folder) as conn:
            findings.commit(conn, [seen], answer=None, origin="guardduty/111122223333/eu-central-1", now=at)
        with db.reading(folder) as conn:
            since = now - timedelta(days=3)
            return escalation_firing.fitting(conn, "night", since, now, severity=Severity.HIGH)

    assert stands(Severity.LOW, then) == []
    assert len(stands(Severity.CRITICAL, now)) == 1


async def test_one_that_fails_starves_no_other(
    folder: StateFolder, aws: Embedded, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalation, "AT_ONCE", 1)
    bad, good = (opening("night", [arrives(folder, name)], ANALYST) for name in ("bad", "good"))
    ledger.append(folder, [bad, good])
    answered = escalation_answers.answered

    def broken(conn: Any, one: escalations.Going, now: datetime) -> str:
        if one.id == bad.data["id"]:
            raise ValueError("not understood")
        return answered(conn, one, now)

    monkeypatch.setattr(escalation_answers, "answered", broken)
    async with watching(folder, paths(aws, THEN, severity="")) as watch:
        with pytest.raises(ValueError, match="not understood"):
            await watch.round()
        assert watch.healthy_at is None
    assert len(hook.told) == 1


# --- what our own record gives cause for, with no console open ------------------------------------------------


def owned(aws: Embedded, **more: Any) -> Config:
    path = EscalationConfig(name="own", types=("Case:Clock/*", "Handoff:*"), drill=True, steps=(THEN,))
    return config_for(aws, channel=(ONCALL, CHAT), escalation=(path,), **more)


def alarm(folder: StateFolder, type_: str) -> str:
    """The finding of that type."""
    with db.reading(folder) as conn:
        (id_,) = conn.execute("SELECT id FROM finding WHERE types = ?", (type_,)).fetchone()
    return str(id_)


async def test_each_fraction_of_a_clock_pages_whether_the_one_before_was_answered_or_not(
    folder: StateFolder, aws: Embedded, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalation, "APART", timedelta(0))
    config = owned(aws)
    opened = datetime.now(UTC) - timedelta(hours=55)
    case = case_acts.act(folder, config, ask.OpenCase(title="a call"), "ana", opened).case

    def fraction(hours: int) -> None:
        """What the watch puts on record so long after it was opened, of the 72 hours of GDPR 33 alone."""
        with db.reading(folder) as conn:
            found = case_alarms.due(conn, config, WHO, opened + timedelta(hours=hours))
        ledger.append(folder, [one for one in found if one.data["clock"].startswith("gdpr-33/")])
        project.project(folder)

    async with watching(folder, config) as watch:
        await watch.round()
        fraction(54)
        await watch.round()
        await watch.round()
        assert len(hook.told) == 1
        assert case in hook.told[0]["title"] + hook.told[0]["message"]
        fraction(65)  # nobody has answered
        await watch.round()
        await watch.round()
        assert len(hook.told) == 2
        id_ = alarm(folder, own.CLOCK)
        decisions.decide(folder, Acknowledge(ids=(id_,), reason="on it"), "bob", Mode.READ, datetime.now(UTC))
        await watch.round()
        fraction(73)
        await watch.round()
        await watch.round()
    assert ["OVERDUE" in one["title"] for one in hook.told] == [False, False, True]
    with db.reading(folder) as conn:
        assert len(escalations.going(conn)) == 1, "what began anew took the place of the one before"


async def test_a_handoff_that_nobody_accepts_pages_until_its_receipt_is_here(
    folder: StateFolder, aws: Embedded, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escalation, "APART", timedelta(0))
    at = datetime.now(UTC) - timedelta(minutes=31)

    def give(id_: str, moment: datetime) -> None:
        data = {"now": micros(moment), "handoff": id_, "sha256": "0" * 64, "bytes": 1, "cases": [], "actions": []}
        ledger.append(folder, [Entry(GIVEN, "ana", (id_,), data)])

    config = owned(aws, handoff=HandoffConfig(accept_within_minutes=30))
    sooner = owned(aws, handoff=HandoffConfig(accept_within_minutes=10))
    async with (
        watching(folder, config) as watch,
        Keeper(folder) as keeper,
        Door.open(config, folder.world, "watch", Mode.READ, WHO) as door,
    ):
        await watch.round()
        give("h-aaaaaaaa", at)
        await Duties(folder, config, keeper, door).warn_of_handoffs()
        await Duties(folder, config, keeper, door).warn_of_handoffs()  # a watch that was started anew
        await watch.round()
        await watch.round()
        (first,) = hook.told
        assert "h-aaaaaaaa" in first["message"]
        id_ = alarm(folder, own.UNACCEPTED)
        decisions.decide(folder, Acknowledge(ids=(id_,), reason="seen"), "bob", Mode.READ, datetime.now(UTC))
        await watch.round()
        await Duties(folder, sooner, keeper, door).warn_of_handoffs()  # ten and twenty minutes passed as well
        await watch.round()
        assert len(hook.told) == 2, "seen is not accepted"
        receipt = {"now": micros(at), "handoff": "h-aaaaaaaa", "install": "i", "peer": "night", "by": "bob"}
        ledger.append(folder, [Entry(ACCEPTED, "ana", ("h-aaaaaaaa",), receipt | {"at": micros(at)})])
        await watch.round()
    with db.reading(folder) as conn:
        assert escalations.going(conn) == [], "the receipt answers it"
