"""The actor as the console meets it: a process with two pipes, judged by what the embedded AWS saw."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.actor import loop
from socconsole.actor.identity import name_of
from socconsole.commands import Acknowledge
from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.store import db, decisions, ledger, reading
from socconsole.store.state import StateFolder

from ..response.conftest import ASSETS, CORPUS, PROD, changes, leaking, open_ids, record, take_in
from .conftest import Child

Make = Callable[..., Child]
ACTION = "s3-block-public"
PUT = ("s3:PutPublicAccessBlock", "socconsole-responder")
AT = {"action": ACTION, "target": ASSETS, "account": PROD.account, "region": PROD.region}


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError("it did not happen")
        time.sleep(0.01)


def contain(**more: Any) -> dict[str, Any]:
    return {**AT, "confirm": ASSETS[-6:], "wait": False, **more}


def test_armed_with_a_reason_shown_a_plan_and_typed_it_acts_once(
    aws: Embedded, folder: StateFolder, child: Make
) -> None:
    actor = child()
    ready = actor.hear(lambda reply: reply["say"] == "ready")
    assert ready["mode"] == "TRIAGE"

    refused = actor.answer("contain", **contain())
    assert (refused["say"], refused["kind"]) == ("failed", "refused")
    assert any("put-public-access-block" in line for line in refused["aws_lines"])
    assert changes(aws) == []

    assert actor.answer("respond", reason=" ")["mode"] == "TRIAGE"
    armed = actor.answer("respond", reason="data is leaving")
    assert armed["mode"] == "RESPOND"
    assert armed["until"]
    assert ledger.read(folder, verbs=("respond",))[0].entry.private["reason"] == "data is leaving"

    assert "look at the plan first" not in actor.answer("plancontain", **AT)["plan"]["refusals"]
    assert actor.answer("contain", **contain(confirm="nothing"))["say"] == "failed"
    assert changes(aws) == []
    done = actor.answer("contain", **contain())
    assert done["outcome"]["state"] == "applied"
    assert changes(aws) == [PUT]

    undo = actor.answer("planundo", action_id=done["outcome"]["action_id"])
    assert undo["plan"]["re_exposes"]
    assert undo["confirm"] == ASSETS

    assert actor.answer("standdown")["mode"] == "TRIAGE"
    assert [line.entry.data["why"] for line in ledger.read(folder, verbs=("stand_down",))] == ["signed off"]
    assert actor.answer("contain", **contain())["kind"] == "refused"
    assert changes(aws) == [PUT]
    assert actor.leave() == 0


@pytest.mark.parametrize("by", ["flag", "environment"])
def test_read_is_never_armed_whoever_says_it(aws: Embedded, child: Make, by: str) -> None:
    options = ("--mode", "READ") if by == "flag" else ()
    actor = child(*options, env={} if by == "flag" else {"SOCCONSOLE_MODE": "READ"})
    assert actor.hear(lambda reply: reply["say"] == "ready")["mode"] == "READ"
    refused = actor.answer("respond", reason="please")
    assert refused["mode"] == "READ"
    assert "READ" in refused["why"]
    actor.answer("plancontain", **AT)
    assert actor.answer("contain", **contain())["kind"] == "refused"
    assert changes(aws) == []


def test_a_restarted_actor_is_not_armed(aws: Embedded, child: Make) -> None:
    first = child()
    assert first.answer("respond", reason="data is leaving")["mode"] == "RESPOND"
    first.process.kill()
    first.process.wait()
    assert child().hear(lambda reply: reply["say"] == "ready")["mode"] == "TRIAGE"


def test_a_ledger_that_is_not_whole_arms_nobody(aws: Embedded, folder: StateFolder, child: Make) -> None:
    head = folder.keys / "ledger.head"
    head.write_bytes(head.read_bytes().replace(b'"seq":1', b'"seq":9'))
    refused = child().answer("respond", reason="data is leaving")
    assert refused["mode"] == "TRIAGE"
    assert "ledger" in refused["why"]


def test_being_stopped_and_resumed_disarms(aws: Embedded, child: Make) -> None:
    actor = child()
    actor.answer("respond", reason="data is leaving")
    os.kill(actor.process.pid, signal.SIGSTOP)
    os.kill(actor.process.pid, signal.SIGCONT)
    told = actor.hear(lambda reply: reply["say"] == "modeis")
    assert told["mode"] == "TRIAGE"
    assert "resumed" in told["why"]


@pytest.mark.parametrize("how", ["input ends", "hangup", "terminated"])
def test_an_idle_actor_ends_with_its_console(aws: Embedded, child: Make, how: str) -> None:
    actor = child()
    actor.hear(lambda reply: reply["say"] == "ready")
    if how == "input ends":
        assert actor.leave() == 0
    else:
        actor.process.send_signal(signal.SIGHUP if how == "hangup" else signal.SIGTERM)
        assert actor.process.wait(60) == 0


def test_an_action_outlives_its_console(aws: Embedded, folder: StateFolder, child: Make) -> None:
    actor = child()
    actor.answer("respond", reason="data is leaving")
    actor.answer("plancontain", **AT)
    aws.faults.add(service="s3", op="PutPublicAccessBlock", latency=1.0)
    actor.ask("contain", **contain())
    until(lambda: record(folder, "intent"))
    actor.process.send_signal(signal.SIGHUP)
    assert actor.leave() == 0
    assert [line.entry.verb for line in record(folder)] == ["intent", "outcome"]
    assert record(folder)[-1].entry.data["state"] == "applied"
    assert changes(aws) == [PUT]
    assert ledger.read(folder, verbs=("stand_down",)), "hanging up disarms"


async def test_a_chore_that_fails_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_RETRY", (0.0,))
    tries: list[int] = []

    async def chore() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("the disk is full")

    await asyncio.wait_for(loop._again(chore), 5.0)
    assert len(tries) == 3


def test_the_responder_role_is_had_and_let_go_and_where_it_cannot_be_asked_that_is_said(
    aws: Embedded, child: Make
) -> None:
    said = child("--mode", "READ").answer("proveresponder")
    assert said["say"] == "proven"
    assert {one["state"] for one in said["sessions"]} <= {"READY", "UNKNOWN"}
    assert {one["account"] for one in said["sessions"]} >= {*aws.world.accounts}


def test_a_line_that_is_no_request_harms_nobody(aws: Embedded, child: Make) -> None:
    actor = child()
    assert actor.process.stdin is not None
    for line in (b"\x00\xff\n", b"[]\n", b'{"n": 1, "request": {"do": "format"}}\n', b"{}\n"):
        actor.process.stdin.write(line)
        actor.process.stdin.flush()
        assert actor.hear(lambda reply: reply["say"] == "failed")["kind"] == "input"
    assert actor.answer("standdown")["mode"] == "TRIAGE"


async def test_decisions_are_sent_by_themselves(aws: Embedded, folder: StateFolder, child: Make) -> None:
    leaking(aws)
    await take_in(aws, folder)
    ids = open_ids(folder)
    actor = child()
    actor.hear(lambda reply: reply["say"] == "ready")
    decisions.decide(folder, Acknowledge(ids=(ids[0],), reason="on it"), _login(), Mode.TRIAGE, datetime.now(UTC))
    sent = actor.hear(lambda reply: reply["say"] == "sent")
    assert (sent["n"], sent["sent"], sent["waiting"]) == (0, 1, 0)
    assert len(aws.journal.calls("securityhub", "BatchUpdateFindings")) == 1


async def test_what_was_decided_in_read_goes_on_demand(aws: Embedded, folder: StateFolder, child: Make) -> None:
    leaking(aws)
    await take_in(aws, folder)
    ids = open_ids(folder)
    decisions.decide(folder, Acknowledge(ids=(ids[0],), reason="on it"), _login(), Mode.READ, datetime.now(UTC))
    actor = child()
    assert actor.answer("send")["sent"] == 0
    assert actor.answer("send", include_read=True)["sent"] == 1


def test_an_offer_puts_what_helps_first(aws: Embedded, folder: StateFolder, child: Make) -> None:
    leaking(aws)
    asyncio.run(take_in(aws, folder))
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        finding = next(
            stored.finding
            for stored in reading.each(conn, open_ids(folder))
            if any(CORPUS in resource.id.raw() for resource in stored.finding.resources)
        )
    offered = child().answer("offer", findings=[finding.id])
    assert offered["plans"][0]["helps"]
    assert offered["plans"][0]["target"] == CORPUS
    assert offered["plans"][0]["finding"] == finding.id
    assert changes(aws) == []


def _login() -> str:
    return name_of(Config())


def test_an_actor_that_cannot_use_the_store_says_so_and_logs_it(
    aws: Embedded, folder: StateFolder, child: Make
) -> None:
    with db.writing(folder) as conn:
        conn.execute("DROP TABLE meta")
    actor = child()
    said = actor.hear(lambda reply: reply["say"] == "failed")
    assert "no such table: meta" in said["why"]
    assert "doctor" in said["remedy"]
    assert actor.process.wait(60) == 2
    (line,) = (folder.logs / "actor.log").read_text().splitlines()
    assert "cannot start | OperationalError: no such table: meta" in line
