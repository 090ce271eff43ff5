"""What was done outside the console, put on record with the events that prove it."""

from __future__ import annotations

from pathlib import Path

import pytest

from socconsole.drill import Embedded
from socconsole.store.state import StateFolder
from tests.cli.support import Ran, run
from tests.embedded import client
from tests.response.conftest import CORPUS, FLAGS, PROD, leaking, owner, record


def _event(aws: Embedded, name: str) -> str:
    found = client(aws, "cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": CORPUS}]
    )["Events"]
    return str(next(event["EventId"] for event in found if event["EventName"] == name))


def _record(folder: StateFolder, *options: str) -> Ran:
    at = ("--account", PROD.account, "--region", PROD.region, "--store", str(folder.root), "--json")
    return run("action", "record", "s3-block-public", CORPUS, *at, *options)


def test_the_events_are_looked_up_and_the_target_read_afresh(aws: Embedded, folder: StateFolder) -> None:
    leaking(aws)
    owner(aws, "PutPublicAccessBlock", CORPUS, PublicAccessBlockConfiguration=dict.fromkeys(FLAGS, True))
    done = _record(folder, "--event", _event(aws, "PutBucketPublicAccessBlock"), "--reason", "no responder role")
    assert done.code == 0
    assert done.row["still_needed"] is False
    (event,) = done.row["events"]
    assert event["name"] == "PutBucketPublicAccessBlock"
    assert event["who"]
    (line,) = record(folder, "recorded")
    assert line.entry.private["reason"] == "no responder role"
    assert line.entry.data["events"][0]["id"] == event["id"]


def test_what_does_not_hold_is_code_1(aws: Embedded, folder: StateFolder) -> None:
    leaking(aws)
    done = _record(folder, "--event", _event(aws, "PutBucketPolicy"))
    assert done.code == 1
    assert done.row["still_needed"] is True


@pytest.mark.parametrize("event", ["11111111-2222-3333-4444-555555555555", "\x1b]52;c;aGk=\x07"])
def test_an_event_that_the_trail_does_not_have_proves_nothing(
    aws: Embedded, folder: StateFolder, tmp_path: Path, event: str
) -> None:
    leaking(aws)
    done = _record(folder, "--event", event)
    assert done.code == 2
    assert "\x1b" not in done.out + done.err
    assert record(folder, "recorded") == []
