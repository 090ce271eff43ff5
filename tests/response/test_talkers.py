"""Who a NAT gateway talks to, asked of the embedded AWS's flow logs."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from moto.backends import get_backend

from socconsole.aws import AwsTrouble
from socconsole.collectors import egress
from socconsole.commands import AskTalkers
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.model.egress import PathKind
from socconsole.response import talkers
from socconsole.response.session import Refusal, Session
from socconsole.store import db, egress_intake, evidence
from socconsole.store import egress as stored
from socconsole.store.state import StateFolder
from tests.response.conftest import PROD, Make, eventually, record

STREAMING_S = 1800.0
"""Story seconds after which the stream through the gateway has run for a while."""


@pytest.fixture
async def nat(aws: Embedded, folder: StateFolder, session: Make, monkeypatch: pytest.MonkeyPatch) -> str:
    """The gateway of the LLM hosts, discovered, while a stream runs through it; the analyst lives in the story."""
    aws.advance(STREAMING_S)
    monkeypatch.setattr(talkers, "BEFORE", timedelta(days=1))
    monkeypatch.setattr(Session, "now", lambda self: aws.clock.now())
    asked: Session = session(Mode.TRIAGE)
    async with asked.door(asked, "reader") as door:
        found = egress.Egress(asked.config).collect(door, PROD, None)  # type: ignore[arg-type]
        listings = [one async for batch in found for one in batch.listings]
    with db.writing(folder) as conn, db.transaction(conn):
        egress_intake.take(conn, (), listings, asked.now())
        (found,) = [one for one in stored.paths(conn) if one.kind is PathKind.NAT]
    return found.id


async def test_the_receiver_is_named_is_new_and_the_answer_is_evidence(
    nat: str, aws: Embedded, folder: StateFolder, session: Make
) -> None:
    said: list[str] = []

    async def tell(done: int, total: int, text: str) -> None:
        said.append(f"{done} of {total}: {text}")
        aws.clock.skip(60)  # a query takes up to a minute of the story

    told = await talkers.ask(session(Mode.READ, tell=tell), AskTalkers(path=nat))
    assert said[-1].startswith("2 of 2: ")
    first = told["peers"][0]
    assert (first["address"], first["new"]) == ("203.0.113.9", True)
    assert first["out"] > 100_000_000
    assert first["uploads"]
    assert any(one["new"] is False for one in told["peers"]), "whom it always talks to is not new"
    assert told["bytes_scanned"] > 0
    kept = json.loads(evidence.get(folder, told["evidence"]))
    assert kept["peers"] == told["peers"]
    assert kept["rows"]
    (line,) = record(folder, talkers.ASKED)
    assert line.entry.data["evidence"] == told["evidence"]


async def test_given_up_it_ends_in_aws_too(nat: str, aws: Embedded, session: Make) -> None:
    task = asyncio.create_task(talkers.ask(session(Mode.READ), AskTalkers(path=nat)))
    await eventually(lambda: aws.journal.calls("logs", "GetQueryResults"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(aws.journal.calls("logs", "StopQuery")) == 1


async def test_a_log_of_refused_traffic_alone_tells_nothing_of_what_passes(
    nat: str, aws: Embedded, session: Make
) -> None:
    backend = get_backend("ec2")[PROD.account][PROD.region]
    for log in backend.flow_logs.values():
        log.traffic_type = "REJECT"
    with pytest.raises(Refusal, match="no flow log tells"):
        await talkers.ask(session(Mode.READ), AskTalkers(path=nat))
    assert aws.journal.calls("logs", "StartQuery") == []


async def test_where_no_flow_log_tells_it_says_so_and_asks_nothing(nat: str, aws: Embedded, session: Make) -> None:
    aws.faults.add(service="logs", op="StartQuery", kind="error", code="ResourceNotFoundException", status=400)
    with pytest.raises(AwsTrouble):
        await talkers.ask(session(Mode.READ), AskTalkers(path=nat))
    with pytest.raises(Refusal, match="no way out is called"):
        await talkers.ask(session(Mode.READ), AskTalkers(path="p-000000000000"))
