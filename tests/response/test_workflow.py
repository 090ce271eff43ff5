"""From a decision on the ledger to Security Hub, and what the ledger says of it afterwards."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.commands import Acknowledge, Decision, TakeBack, Verify
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.response import workflow
from socconsole.response.session import Refusal
from socconsole.store import db, decisions, ledger, outbox
from socconsole.store.state import StateFolder

from ..embedded import client
from .conftest import PROD, Make, leaking, open_ids, take_in


def decide(folder: StateFolder, request: Decision, mode: Mode = Mode.TRIAGE) -> None:
    decided = decisions.decide(folder, request, "oncall1", mode, datetime.now(UTC))
    assert decided.ids, decided.skipped


def waiting(folder: StateFolder) -> outbox.Waiting:
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        return outbox.waiting(conn)


def hub(aws: Embedded) -> dict[str, Any]:
    """What Security Hub says of each record now, by id."""
    pages = client(aws, "securityhub", PROD.region, "triage", PROD.account).get_paginator("get_findings")
    return {found["Id"]: found for page in pages.paginate() for found in page["Findings"]}


def notified(aws: Embedded) -> int:
    return sum(found["Workflow"]["Status"] == "NOTIFIED" for found in hub(aws).values())


@pytest.fixture
async def ids(aws: Embedded, folder: StateFolder) -> list[str]:
    leaking(aws)
    await take_in(aws, folder)
    return open_ids(folder)


async def test_an_acknowledgement_reaches_aws_and_the_ledger(
    aws: Embedded, folder: StateFolder, session: Make, ids: list[str]
) -> None:
    before = notified(aws)
    decide(folder, Acknowledge(ids=tuple(ids[:3]), reason="on it"))
    sent = await workflow.drain(session(Mode.TRIAGE))
    assert (sent.sent, sent.failed, sent.overtaken, sent.waiting) == (3, 0, 0, 0)
    assert notified(aws) == before + 3
    assert len(aws.journal.calls("securityhub", "BatchUpdateFindings")) == 1, "one write for the batch"
    (line,) = ledger.read(folder, verbs=("sent",))
    assert set(line.entry.subjects) == set(ids[:3])
    notes = [found["Note"]["Text"] for found in hub(aws).values() if "Note" in found]
    assert sum("ledger" in note for note in notes) == 3
    assert not any("on it" in note or "oncall1" in note for note in notes), "no personal data in AWS"
    assert (await workflow.drain(session(Mode.TRIAGE))).sent == 0


async def test_read_sends_nothing_and_what_was_decided_in_it_waits_to_be_asked_for(
    aws: Embedded, folder: StateFolder, session: Make, ids: list[str]
) -> None:
    decide(folder, Acknowledge(ids=(ids[0],), reason="on it"), Mode.READ)
    with pytest.raises(Refusal):
        await workflow.drain(session(Mode.READ))
    assert (await workflow.drain(session(Mode.TRIAGE))).sent == 0
    assert aws.journal.calls("securityhub", "BatchUpdateFindings") == []
    assert (await workflow.drain(session(Mode.TRIAGE), include_read=True)).sent == 1


async def test_what_somebody_changed_in_aws_stays_and_is_on_record(
    aws: Embedded, folder: StateFolder, session: Make, ids: list[str]
) -> None:
    decide(folder, Acknowledge(ids=tuple(ids), reason="on it"))
    hands = client(aws, "securityhub", PROD.region, "triage", PROD.account)
    names = [{"Id": f["Id"], "ProductArn": f["ProductArn"]} for f in hub(aws).values()]
    hands.batch_update_findings(FindingIdentifiers=names, Workflow={"Status": "SUPPRESSED"})
    sent = await workflow.drain(session(Mode.TRIAGE))
    assert (sent.sent, sent.overtaken) == (0, len(ids))
    assert {found["Workflow"]["Status"] for found in hub(aws).values()} == {"SUPPRESSED"}
    (line,) = ledger.read(folder, verbs=("overtaken",))
    assert "SUPPRESSED" in line.entry.private["why"]


async def test_taking_back_restores_what_aws_said_before(
    aws: Embedded, folder: StateFolder, session: Make, ids: list[str]
) -> None:
    before = notified(aws)
    decide(folder, Acknowledge(ids=(ids[0],), reason="on it"))
    await workflow.drain(session(Mode.TRIAGE))
    decide(folder, Verify(ids=(ids[0],), verdict="TRUE_POSITIVE", reason="seen"))
    await workflow.drain(session(Mode.TRIAGE))
    assert "TRUE_POSITIVE" in {f.get("VerificationState") for f in hub(aws).values()}
    for _ in range(2):
        decide(folder, TakeBack())
        await workflow.drain(session(Mode.TRIAGE))
    assert "TRUE_POSITIVE" not in {f.get("VerificationState") for f in hub(aws).values()}
    assert notified(aws) == before


@pytest.mark.parametrize(
    "fault", [{"kind": "expired"}, {"kind": "reset"}, {"code": "ThrottlingException", "status": 429}]
)
async def test_trouble_that_passes_keeps_it_owed(
    aws: Embedded,
    folder: StateFolder,
    session: Make,
    ids: list[str],
    fault: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workflow, "AGAIN_S", 0.0)
    decide(folder, Acknowledge(ids=tuple(ids[:2]), reason="on it"))
    rule = aws.faults.add(service="securityhub", op="BatchUpdateFindings", times=None, **fault)
    sent = await workflow.drain(session(Mode.TRIAGE))
    assert sent.why
    assert (sent.sent, sent.failed, sent.waiting) == (0, 0, 2)
    assert ledger.read(folder, verbs=("sent", "send_failed")) == []
    aws.faults.remove(rule)
    assert (await workflow.drain(session(Mode.TRIAGE))).sent == 2


async def test_two_processes_do_not_send_the_same_twice(
    aws: Embedded, folder: StateFolder, session: Make, ids: list[str]
) -> None:
    decide(folder, Acknowledge(ids=tuple(ids), reason="on it"))
    both = await asyncio.gather(workflow.drain(session(Mode.TRIAGE)), workflow.drain(session(Mode.TRIAGE)))
    assert sum(sent.sent for sent in both) == len(ids)
    told = [
        n["Id"] for e in aws.journal.calls("securityhub", "BatchUpdateFindings") for n in e.params["FindingIdentifiers"]
    ]
    assert len(told) == len(set(told))


async def test_a_failure_is_kept_and_tried_again_on_demand(
    aws: Embedded, folder: StateFolder, session: Make, ids: list[str]
) -> None:
    decide(folder, Acknowledge(ids=(ids[0],), reason="on it"))
    rule = aws.faults.add(kind="denied", service="securityhub", op="BatchUpdateFindings", times=None)
    assert (await workflow.drain(session(Mode.TRIAGE))).failed == 1
    aws.faults.remove(rule)
    assert (await workflow.drain(session(Mode.TRIAGE))).sent == 0, "not by itself: it was refused"
    assert waiting(folder).failed == 1
    assert (await workflow.drain(session(Mode.TRIAGE), include_read=True)).sent == 1


async def test_what_another_process_took_over_is_left_to_it(
    aws: Embedded, folder: StateFolder, session: Make, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop sleeps between claiming and sending: by then somebody else may have the lease."""
    decide(folder, Acknowledge(ids=tuple(ids[:2]), reason="on it"))
    claim = workflow._claim

    def claim_and_sleep(*given: Any) -> Any:
        claimed = claim(*given)
        with closing(db.connect(folder.store_db)) as conn:
            conn.execute("UPDATE outbox SET lease_pid = 1 WHERE id = ?", (claimed[0][0].id if claimed else 0,))
        return claimed

    monkeypatch.setattr(workflow, "_claim", claim_and_sleep)
    sent = await workflow.drain(session(Mode.TRIAGE))
    assert (sent.sent, sent.waiting) == (1, 1)
    (line,) = ledger.read(folder, verbs=("sent",))
    assert len(line.entry.subjects) == 1
