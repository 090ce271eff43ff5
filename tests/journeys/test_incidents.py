"""The whole leak as one incident and the handed-over bucket as another, each with its story; the scanner as neither."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.journeys.conftest import Drill, started
from tests.journeys.keys import ARRIVAL_S, CORPUS

SPEED = 120
EXPORTS = "kaufhaus-ml-eval-exports"
LEAK = (
    "instance credential exfiltration, outside AWS",
    "bucket block public access disabled",
    "bucket anonymous access granted",
    "attack sequence: compromised data",
)
HANDED_OVER = ("tor IP caller", f"{EXPORTS} grants read access", "anomalous model invocation")
"""Turns of the two stories, in their order."""


def incidents(drill: Drill) -> dict[str, dict[str, Any]]:
    """Incidents by the bucket that ties them."""
    rows = [json.loads(line) for line in drill.run("incidents", "--json").stdout.splitlines()]
    return {one["value"]: row for row in rows for one in row["shared"] if one["kind"] == "bucket"}


def tells(incident: dict[str, Any], turns: tuple[str, ...]) -> bool:
    """Whether the story has these turns, in this order."""
    story = iter(chapter["what"] for chapter in incident["story"])
    return all(any(turn in what for what in story) for turn in turns)


def whole(drill: Drill) -> bool:
    """Whether both are told, each threat of now about either bucket is in its incident, and the scanner is in none."""
    found = incidents(drill)
    leak, handed = found.get(CORPUS), found.get(EXPORTS)
    if not leak or not handed or not tells(leak, LEAK) or not tells(handed, HANDED_OVER):
        return False
    rows = [json.loads(line) for line in drill.run("findings", "--json").stdout.splitlines()]
    rows = [
        row for row in rows if (row["occurred"] or row["seen"]) >= leak["first"]
    ]  # some bucket had another trouble weeks ago
    in_one_row = {
        name: {row["incident"] for row in rows if name in json.dumps([row["types"], row["resources"], row["actors"]])}
        for name in (CORPUS, EXPORTS, "ci-deploy", "203.0.113.9", "Recon:EC2/Portscan")
    }
    return leak["id"] != handed["id"] and in_one_row == {
        CORPUS: {leak["id"]}, "203.0.113.9": {leak["id"]},
        EXPORTS: {handed["id"]}, "ci-deploy": {handed["id"]},
        "Recon:EC2/Portscan": {None},
    }  # fmt: skip


def test_two_incidents_are_two_rows_with_the_right_story(tmp_path: Path) -> None:
    with started(tmp_path / "home", SPEED) as drill:
        end = time.monotonic() + ARRIVAL_S
        while not whole(drill):
            assert time.monotonic() < end, incidents(drill)
