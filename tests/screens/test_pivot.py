"""Pivots and the tree of credentials on the screen: from a finding to what its key did, and to what ends it."""

from __future__ import annotations

import json
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from socconsole import formats
from socconsole.model.source import Freshness
from socconsole.store import findings
from tests.screens.support import ACCOUNT, HOSTILE, Estate, Opened, record
from tests.store.test_lineage import FIRST, MADE, ROOT, STORY


@pytest.fixture
def stolen(estate: Estate) -> Estate:
    """A finding that names a key, and the trail of what that key began; the key's session is called hostile."""
    named: dict[str, Any] = record(1, "Credentials used from outside")
    named["Resources"] = [
        {
            "Type": "AwsIamAccessKey",
            "Id": f"AWS::IAM::AccessKey:{ROOT}",
            "Details": {"AwsIamAccessKey": {"AccessKeyId": ROOT, "PrincipalName": "ci-deploy"}},
        }
    ]
    estate.answer(Freshness.FRESH, named)
    hostile = {**STORY[2], "eventID": "h", "requestParameters": {"userName": HOSTILE}}
    with closing(estate.write()) as conn:
        read = [one for each in (*STORY, hostile) for one in formats.read_object(each, 1)]
        findings.commit(conn, read, answer=None, origin="trail.json", now=datetime.now(UTC))
    return estate


async def test_p_finds_the_key_and_everything_under_it(stolen: Estate, console: Opened, tmp_path: Path) -> None:
    async with console() as desk:
        await desk.until(lambda: "Credentials used from outside" in desk.text())
        await desk.press("p")
        await desk.until(lambda: f"access key {ROOT}" in " ".join(desk.text().split()))
        assert "within 7 trail events" in " ".join(desk.text().split())
        desk.screen.perform_line(f"export {tmp_path / 'names.json'}")
        await desk.until(lambda: "written to" in desk.text())
        exported = {row["name"]: row for row in json.loads((tmp_path / "names.json").read_text())}
        assert exported[ROOT]["first"] == "2026-03-01T03:14:07Z"
        await desk.press("enter")
        await desk.until(lambda: "s3 ListBuckets" in desk.text())
        await desk.press("end", "enter")
        await desk.until(lambda: '"eventName"' in desk.text())


async def test_p_with_a_name_looks_for_it(stolen: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("pivot 203.0.113.9")
        await desk.until(lambda: "address" in desk.text() and "203.0.113.9" in desk.text())
        desk.screen.perform_line("pivot nowhere")
        await desk.until(lambda: "names nothing that could be looked for" in desk.text())


async def test_t_grows_the_tree_and_x_plans_what_ends_a_branch(stolen: Estate, console: Opened) -> None:
    async with console(size=(160, 50)) as desk:
        await desk.until(lambda: "Credentials used from outside" in desk.text())
        await desk.press("t")
        await desk.until(lambda: MADE in desk.text())
        lines = [line for line in desk.text().splitlines() if "alive" in line]
        assert any(ROOT in line for line in lines)
        assert any(f"  {FIRST}" in line for line in lines)
        assert "ending this one does not end them" in desk.text()
        await desk.until(lambda: not desk.screen.blocked(time.monotonic()))
        await desk.press("X")
        await desk.until(lambda: " reversible " in desk.text())
        assert {"do": "plancontain", "action": "iam-disable-key", "target": ROOT, "account": ACCOUNT} in [
            {name: asked.get(name) for name in ("do", "action", "target", "account")} for asked in desk.asked()
        ]
