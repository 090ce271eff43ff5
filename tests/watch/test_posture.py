"""Posture from end to end on the embedded AWS: evaluated, told, mended, evaluated at once, and made again from the
record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.commands import Contain
from socconsole.config import AccountConfig
from socconsole.drill import Embedded
from socconsole.model.action import ActionState, Mode
from socconsole.model.posture import Verdict
from socconsole.model.source import Freshness
from socconsole.response import engine
from socconsole.response.session import Session
from socconsole.store import db, evidence, ledger, posture_codec, posture_past, recover
from socconsole.store.state import StateFolder
from socconsole.watch import meters, watch
from tests.cli.support import run
from tests.drillstate import ANALYST, SERVICES, config_for, folder_for

ACCOUNT, REGION = "111122223333", "eu-central-1"
BUCKET = "kaufhaus-support-transcripts"
CHECK = "S3-05"
SUBJECT = f"arn:aws:s3:::{BUCKET}"
LONG_S = 60.0


def rounds(folder: StateFolder) -> int:
    return len(ledger.read(folder, verbs=(posture_codec.EVALUATED,)))


def verdict(folder: StateFolder) -> Verdict | None:
    with db.reading(folder) as conn:
        then = posture_past.history(conn, CHECK, SUBJECT)
    return then[0].result.verdict if then else None


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG_S):
        while not await asyncio.to_thread(true):
            await asyncio.sleep(0.05)  # the pace of looking; what is waited for is the condition


async def test_what_fails_is_mended_by_a_containment_and_passes_at_once(
    tmp_path: Path, aws: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(meters.LATER_S, "posture", 0.0)
    folder = folder_for(tmp_path / "state", aws)
    exclude = tuple(one for one in SERVICES if one != "posture")
    config = config_for(aws, accounts=(AccountConfig(account=ACCOUNT, regions=(REGION,), exclude=exclude),))

    report = await watch(folder, config, once=True)
    assert report is not None
    assert [(state.key.service, state.freshness) for state in report.states] == [("posture", Freshness.FRESH)]
    on = ("--json", "--store", folder.root)
    asked = ("posture", "--check", CHECK, f"res:{BUCKET}", "--fail-on", "medium", *on)
    ran = await asyncio.to_thread(run, *asked)
    assert (ran.code, ran.row["result"], ran.row["subject"]) == (1, "FAIL", SUBJECT)
    told = ("findings", "--all", "src:posture", f"res:{BUCKET}", CHECK)
    failing = await asyncio.to_thread(run, *told, *on)
    assert [(row["kind"], row["state"]) for row in failing.rows] == [("control", "new")]

    task = asyncio.create_task(watch(folder, config))
    try:
        await until(lambda: rounds(folder) == 2)
        order = Contain(action="s3-require-tls", target=BUCKET, confirm=BUCKET, account=ACCOUNT, region=REGION)
        done = await engine.contain(Session(folder, config, ANALYST, Mode.RESPOND, by_script=True), order)
        assert done.state is ActionState.APPLIED
        await until(lambda: verdict(folder) is Verdict.PASS)
        mended = await asyncio.to_thread(run, *asked)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert (mended.code, mended.row["result"]) == (0, "PASS")
    left = await asyncio.to_thread(run, *asked)
    assert (left.code, left.row["result"]) == (3, "UNKNOWN"), "no watch, no PASS"
    resolved = await asyncio.to_thread(run, *told, "state:resolved", *on)
    assert [row["id"] for row in resolved.rows] == [failing.row["id"]]
    verbs = [line.entry.verb for line in ledger.read(folder, verbs=("evaluated", "intent", "outcome"))]
    assert verbs[:5] == ["evaluated", "evaluated", "intent", "outcome", "evaluated"]
    made_again(folder)


def made_again(folder: StateFolder) -> None:
    """From the record alone everything that was known at any moment is known again."""
    entries = [line.entry for line in ledger.read(folder, verbs=(posture_codec.EVALUATED,))]
    assert all(evidence.get(folder, entry.data["evidence"]) for entry in entries)
    assert entries[0].data["evidence"] == entries[1].data["evidence"], "nothing had changed: it is kept once"
    first = datetime.fromisoformat(entries[1].data["at"])
    with db.reading(folder) as conn:
        known = [posture_past.at(conn, when) for when in (first, datetime.now(UTC))]
    for part in folder.root.glob("store.db*"):
        part.unlink()
    assert recover.recover(folder.root).missing == ()
    with db.reading(folder) as conn:
        again = [posture_past.at(conn, when) for when in (first, datetime.now(UTC))]
    assert again == known
    assert {one.result.verdict for one in again[0] if one.result.subject == SUBJECT and one.result.check == CHECK} == {
        Verdict.FAIL
    }
