"""Telling Security Hub, against the embedded one: what it accepts, what it leaves out, who was last."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from socconsole.aws import AwsTrouble, Door
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.response import hub_writes
from socconsole.response.hub_writes import Owed, Settled

from .conftest import PROD, Setting, eventually, leaking

ACK = {"workflow": "NOTIFIED", "note": "Acknowledged; socconsole ledger i-1 entry 7."}


async def hub(aws: Embedded, operation: str = "", **params: Any) -> Any:
    """A call as somebody else with the triage role would make it; the records of the hub by default."""
    async with Door.open(Setting(), aws.world, "triage", Mode.TRIAGE, "other") as door:  # type: ignore[arg-type]
        answer = await door.call(PROD, operation or "securityhub:GetFindings", params)
        return answer if operation else answer["Findings"]


def owed(record: dict[str, Any], told: dict[str, Any], **more: Any) -> Owed:
    key = (record["ProductArn"], record["Id"])
    return Owed(seq=7, finding="f-0", told=told, keys=(key,), **more)


async def write(aws: Embedded, *each: Owed) -> list[Settled]:
    async with Door.open(Setting(), aws.world, "triage", Mode.TRIAGE, "oncall1") as door:  # type: ignore[arg-type]
        return await hub_writes.write(door, PROD, each)


async def one(aws: Embedded) -> dict[str, Any]:
    return next(record for record in await hub(leaking(aws)) if record["Workflow"]["Status"] == "NEW")


async def again(aws: Embedded, record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in await hub(aws) if each["Id"] == record["Id"])
    return found


async def test_an_acknowledgement_is_notified_with_its_note(aws: Embedded) -> None:
    record = await one(aws)
    (settled,) = await write(aws, owed(record, ACK))
    assert (settled.verb, settled.why) == ("sent", "")
    assert settled.before == {"workflow": "NEW", "verdict": "UNKNOWN"}
    now = await again(aws, record)
    assert now["Workflow"]["Status"] == "NOTIFIED"
    assert (now["Note"]["Text"], now["Note"]["UpdatedBy"]) == (ACK["note"], "socconsole")


async def test_a_write_whose_entry_was_lost_is_not_made_twice(aws: Embedded) -> None:
    record = await one(aws)
    await write(aws, owed(record, ACK))
    (settled,) = await write(aws, owed(record, ACK))
    assert settled.verb == "sent"
    assert len(aws.journal.calls("securityhub", "BatchUpdateFindings")) == 1


@pytest.mark.parametrize("status", ["NOTIFIED", "SUPPRESSED", "RESOLVED"])
async def test_what_somebody_changed_in_aws_is_left_alone(aws: Embedded, status: str) -> None:
    record = await one(aws)
    names = [{"Id": record["Id"], "ProductArn": record["ProductArn"]}]
    await hub(aws, "securityhub:BatchUpdateFindings", FindingIdentifiers=names, Workflow={"Status": status})
    (settled,) = await write(aws, owed(record, ACK))
    assert settled.verb == "overtaken"
    assert status in settled.why
    assert len(aws.journal.calls("securityhub", "BatchUpdateFindings")) == 1, "theirs"
    assert (await again(aws, record))["Workflow"]["Status"] == status


async def test_a_verdict_and_a_take_back(aws: Embedded) -> None:
    record = await one(aws)
    (settled,) = await write(aws, owed(record, {"verdict": "TRUE_POSITIVE"}))
    assert settled.verb == "sent"
    assert (await again(aws, record))["VerificationState"] == "TRUE_POSITIVE"
    wrong = {"verdict": "UNKNOWN", "expect": {"verdict": "BENIGN_POSITIVE"}}
    assert (await write(aws, owed(record, wrong)))[0].verb == "overtaken"
    right = {"verdict": "UNKNOWN", "expect": {"verdict": "TRUE_POSITIVE"}}
    assert (await write(aws, owed(record, right)))[0].verb == "sent"
    assert (await again(aws, record))["VerificationState"] == "UNKNOWN"


async def test_a_note_does_not_bury_a_strangers(aws: Embedded) -> None:
    record = await one(aws)
    names = [{"Id": record["Id"], "ProductArn": record["ProductArn"]}]
    theirs = {"Text": "on it", "UpdatedBy": "someone"}
    await hub(aws, "securityhub:BatchUpdateFindings", FindingIdentifiers=names, Note=theirs)
    (settled,) = await write(aws, owed(record, {"note": "ours"}))
    assert settled.verb == "overtaken"
    (settled,) = await write(aws, owed(record, {"note": "ours"}, note_seen="on it"))
    assert settled.verb == "sent", "the analyst had seen it"


async def test_what_is_not_there_fails_by_name_and_the_rest_goes_through(aws: Embedded) -> None:
    record = await one(aws)
    gone = Owed(7, "f-1", ACK, ((record["ProductArn"], "no-such-id"),))
    nowhere = Owed(7, "f-2", ACK, ())
    settled = {each.owed.finding: each for each in await write(aws, owed(record, ACK), gone, nowhere)}
    assert {name: each.verb for name, each in settled.items()} == {
        "f-0": "sent",
        "f-1": "send_failed",
        "f-2": "send_failed",
    }
    assert "not reported" in settled["f-2"].why


async def test_unprocessed_is_a_failure_although_aws_said_200(aws: Embedded) -> None:
    record = await one(aws)
    twin = Owed(7, "f-1", ACK, ((record["ProductArn"], record["Id"]),))
    settled = await write(aws, owed(record, ACK), twin)
    assert {each.verb for each in settled} == {"send_failed"}
    assert "DuplicatedFindingIdentifier" in settled[0].why


async def test_a_lost_race_is_told(aws: Embedded) -> None:
    record = await one(aws)
    names = [{"Id": record["Id"], "ProductArn": record["ProductArn"]}]
    slow = aws.faults.add(service="securityhub", op="GetFindings", latency=0.2, times=None)

    async def stranger() -> None:
        await eventually(lambda: aws.journal.calls("securityhub", "BatchUpdateFindings"))
        status = {"Status": "SUPPRESSED"}
        await hub(aws, "securityhub:BatchUpdateFindings", FindingIdentifiers=names, Workflow=status)

    (settled,), _ = await asyncio.gather(write(aws, owed(record, ACK)), stranger())
    aws.faults.remove(slow)
    assert settled.verb == "overtaken"
    assert "lost a race" in settled.why


@pytest.mark.parametrize("operation", ["GetFindings", "BatchUpdateFindings"])
async def test_trouble_leaves_it_owed(aws: Embedded, operation: str) -> None:
    record = await one(aws)
    aws.faults.add(kind="expired", service="securityhub", op=operation, times=None)
    with pytest.raises(AwsTrouble):
        await write(aws, owed(record, ACK))


async def test_denied_is_told_with_what_mends_it(aws: Embedded) -> None:
    record = await one(aws)
    aws.faults.add(kind="denied", service="securityhub", op="BatchUpdateFindings", times=None)
    (settled,) = await write(aws, owed(record, ACK))
    assert settled.verb == "send_failed"
    assert "denied" in settled.why


async def test_a_colleague_s_verdict_is_not_written_over(aws: Embedded) -> None:
    """FALSE_POSITIVE set in AWS after we last read: ours is dropped and said to be, not put on top."""
    record = await one(aws)
    told = owed(record, {"verdict": "FALSE_POSITIVE"})
    (settled,) = await write(aws, told)
    assert settled.verb == "sent"
    (settled,) = await write(aws, owed(record, {"verdict": "TRUE_POSITIVE"}))
    assert settled.verb == "overtaken"
    assert "FALSE_POSITIVE" in settled.why
