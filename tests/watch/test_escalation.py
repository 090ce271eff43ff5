"""Escalation by the watch: real topics and queues of the embedded AWS, and a web server of our own for Apprise."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from socconsole.commands import Acknowledge, TakeBack
from socconsole.config import ChannelConfig, EscalationConfig, StepConfig
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.model.finding import Severity
from socconsole.model.source import Freshness
from socconsole.store import db, decisions, escalation_firing, escalations, ledger, sources
from socconsole.store.escalation_acts import opening
from socconsole.store.state import StateFolder
from socconsole.text import clean
from tests.drillstate import ANALYST, config_for, folder_for
from tests.watch.escalating import PLACE, Hook, arrives, heard, paths, said, subscribed, watching

# Apprise's mail looks for a module of the standard library that goes away.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
def folder(tmp_path: Path, aws: Embedded) -> StateFolder:
    return folder_for(tmp_path / "state", aws)


async def test_what_is_new_is_told_once_in_order_until_somebody_acknowledges(
    folder: StateFolder, aws: Embedded, hook: Hook
) -> None:
    queue = subscribed(aws)
    config = paths(aws, StepConfig(channel="oncall", wait_minutes=0), StepConfig(channel="chat"))
    arrives(folder, "old")  # stood in the queue before anybody asked to be told
    async with watching(folder, config) as watch:
        await watch.round()
        id_ = arrives(folder, "new", title="<!here> Objects read @everyone")
        await watch.round()
        (text,) = heard(aws, queue)
        assert f"socconsole ack {id_}" in text
        assert "@" not in text
        assert "<" not in text
        assert "bucket-new" not in text, "no resource leaves this machine"
        await watch.round()  # nobody acknowledged: the next in line
        await watch.round()
        assert heard(aws, queue) == []
        (chat,) = hook.told
        assert chat["title"].startswith("[HIGH]")
        assert f"socconsole ack {id_}" in chat["message"]
        decisions.decide(folder, Acknowledge(ids=(id_,), reason="seen"), ANALYST, Mode.READ, datetime.now(UTC))
        await watch.round()
        await watch.round()
        verbs = [verb for verb, _ in said(folder)]
        decisions.decide(folder, TakeBack(), ANALYST, Mode.READ, datetime.now(UTC))
        with db.reading(folder) as conn:  # nobody has acknowledged it after all
            since = datetime.now(UTC) - timedelta(minutes=5)
            assert id_ in escalation_firing.fitting(conn, "night", since, datetime.now(UTC), severity=Severity.HIGH)
    assert verbs == ["escalation", *["escalating", "escalated"] * 2, "escalation_stopped"]
    results = [data["result"] for _, data in said(folder, "escalated")]
    assert results == ["sent", "sent"]
    assert "s3cr3t" not in json.dumps(said(folder))


async def test_a_dead_channel_is_told_on_the_next_one_and_shows(folder: StateFolder, aws: Embedded, hook: Hook) -> None:
    aws.faults.add(service="sns", op="Publish", kind="denied", times=None)
    async with watching(folder, paths(aws, StepConfig(channel="oncall"), StepConfig(channel="chat"))) as watch:
        await watch.round()
        arrives(folder)
        await watch.round()
        await watch.round()
        assert len(hook.told) == 1
        assert [(data["channel"], data["result"]) for _, data in said(folder, "escalated")] == [
            ("oncall", "failed"),
            ("chat", "sent"),
        ]
        with db.reading(folder) as conn:
            ((channel, _, why),) = escalations.failing(conn, datetime.min.replace(tzinfo=UTC, year=2000))
            row = conn.execute("SELECT outcome, detail FROM source WHERE service = 'escalation'").fetchone()
        assert channel == "oncall"
        assert "denied" in why
        assert row[0] == Freshness.ERROR
        assert "channel oncall" in row[1]


async def test_a_watch_that_died_while_sending_repeats_that_send_alone_and_says_so(
    folder: StateFolder, aws: Embedded, hook: Hook
) -> None:
    config = paths(aws, StepConfig(channel="chat"))
    hook.hold.set()
    async with watching(folder, config) as watch:
        await watch.round()
        arrives(folder)
        dying = asyncio.create_task(watch.round())
        async with asyncio.timeout(20):
            while not hook.told:
                await asyncio.sleep(0.02)  # the pace of looking
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        assert [verb for verb, _ in said(folder)] == ["escalation", "escalating"]
        hook.hold.clear()
        hook.released.set()
    async with watching(folder, config) as another:
        await another.round()
        await another.round()
    assert [("Perhaps sent before" in one["message"]) for one in hook.told] == [False, True]
    assert [data["attempt"] for _, data in said(folder, "escalated")] == [2]


async def test_what_our_own_record_gives_cause_for_fits_by_type_and_a_drill_pages_nobody_unasked(
    folder: StateFolder, aws: Embedded, hook: Hook
) -> None:
    step = StepConfig(channel="chat")
    config = paths(aws, step, severity="", types=("Containment:*",))
    quiet = paths(aws, step, drill=False)
    async with watching(folder, quiet) as nobody, watching(folder, config) as watch:
        await watch.round()
        arrives(folder, "threat", severity=Severity.CRITICAL)
        await nobody.round()
        await watch.round()
        assert hook.told == []
        arrives(folder, "own", types=("Containment:Response/Undone",), severity=Severity.MEDIUM)
        await watch.round()
        assert len(hook.told) == 1


@pytest.mark.parametrize("broken", ["absent", "open", "nonsense"])
async def test_a_secret_that_cannot_be_used_is_a_failure_with_a_reason(
    folder: StateFolder, aws: Embedded, tmp_path: Path, broken: str
) -> None:
    file = tmp_path / "chat.url"
    if broken != "absent":
        file.write_text("nonsense", "utf-8")
        file.chmod(0o644 if broken == "open" else 0o600)
    path = EscalationConfig(name="hand", steps=(StepConfig(channel="chat"),), drill=True)
    channel = ChannelConfig(id="chat", apprise_file=str(file))
    config = config_for(aws, channel=(channel,), escalation=(path,))
    id_ = arrives(folder)
    ledger.append(folder, [opening("hand", [id_], ANALYST)])
    async with watching(folder, config) as watch:
        await watch.round()
    ((_, data),) = said(folder, "escalated")
    assert data["result"] == "failed"
    assert {"absent": "cannot be read", "open": "chmod 600", "nonsense": "Apprise"}[broken] in data["why"]


async def test_a_storm_is_one_message(folder: StateFolder, aws: Embedded, hook: Hook) -> None:
    async with watching(folder, paths(aws, StepConfig(channel="chat"))) as watch:
        await watch.round()
        for n in range(30):
            arrives(folder, f"s{n}", resource=f"b{n}")
        await watch.round()
        arrives(folder, "late")
        await watch.round()
    assert len(hook.told) == 1
    assert "and 29 more" in hook.told[0]["title"]


async def test_escalation_is_a_source_only_where_somebody_is_to_be_told(folder: StateFolder, aws: Embedded) -> None:
    from socconsole.watch import escalation

    assert escalation.keys(config_for(aws), folder.world) == []
    (key,) = escalation.keys(paths(aws, StepConfig(channel="chat")), folder.world)
    assert (key.account, key.region) == PLACE
    with db.writing(folder) as conn:
        sources.scope(conn, [key])
        (state,) = sources.states(conn, now=datetime.now(UTC))
    assert state.freshness is Freshness.NEVER
    assert clean(state.detail)
