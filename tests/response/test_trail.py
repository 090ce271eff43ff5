"""Who wrote it last, told from the trail; an intruder writes there as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from socconsole.response import trail
from tests.response.conftest import CORPUS, PROD

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WRITES = ("PutBucketPolicy",)


class Told:
    """A door behind which CloudTrail has these events, newest first."""

    role = "reader"

    def __init__(self, *events: Mapping[str, Any]) -> None:
        self._events = events

    def roles(self, account: str) -> Mapping[str, str]:
        return {"reader": "", "responder": f"arn:aws:iam::{account}:role/ir/soc-responder"}

    async def call(self, *_: Any, **__: object) -> dict[str, Any]:
        return {"Events": list(self._events)}


def event(who: str, role: str, minutes: int, code: str = "", body: str | None = None) -> dict[str, Any]:
    identity = {"sessionContext": {"sessionIssuer": {"userName": role}}}
    record = {"userIdentity": identity, **({"errorCode": code} if code else {})}
    return {
        "EventName": "PutBucketPolicy",
        "Username": who,
        "EventTime": NOW - timedelta(minutes=minutes),
        "CloudTrailEvent": json.dumps(record) if body is None else body,
    }


OURS = event("socconsole-oncall1", "soc-responder", 1)
THEIRS = event("jane", "builder", 9)


async def test_our_own_write_is_passed_over() -> None:
    assert "jane" in (await trail.last_write(Told(OURS, THEIRS), PROD, CORPUS, WRITES)).words


@pytest.mark.parametrize("body", [None, "", "[", "[]", "{}"], ids=["role", "none", "broken", "list", "empty"])
async def test_an_intruder_who_names_his_session_like_ours_is_told_all_the_same(body: str | None) -> None:
    found = await trail.last_write(
        Told(event("socconsole-oncall1", "vllm-recs", 2, body=body), THEIRS), PROD, CORPUS, WRITES
    )
    assert "socconsole-oncall1" in found.words
    assert found.at == NOW - timedelta(minutes=2)
    assert "2 callers" in await trail.callers(Told(event("socconsole-x", "vllm-recs", 2), THEIRS), PROD, CORPUS)


async def test_a_write_that_was_refused_wrote_nothing() -> None:
    found = await trail.last_write(Told(event("eve", "builder", 2, "AccessDenied"), THEIRS), PROD, CORPUS, WRITES)
    assert "jane" in found.words


class Scanned(Told):
    """The same behind reads that fill every page about the resource; by the name of an event the writes are found."""

    async def call(self, *asked: Any, **_: object) -> dict[str, Any]:
        (wanted,) = asked[2]["LookupAttributes"]
        if wanted["AttributeKey"] == "ResourceName":
            reads = [{**event("socconsole-watch", "soc-reader", 1), "EventName": "GetBucketPolicy"} for _ in range(50)]
            return {"Events": reads, "NextToken": "more"}
        return {"Events": [one for one in self._events if one["EventName"] == wanted["AttributeValue"]]}


async def test_reads_that_fill_the_page_hide_no_write() -> None:
    about = {"Resources": [{"ResourceName": CORPUS}]}
    other = {**event("eve", "builder", 2), "Resources": [{"ResourceName": "another-bucket"}]}
    older = {**THEIRS, **about, "EventName": "DeleteBucketPolicy"}
    newer = {**event("vllm", "vllm-recs", 5), **about}
    door = Scanned({**OURS, **about}, other, older, newer)
    found = await trail.last_write(door, PROD, CORPUS, ("DeleteBucketPolicy", *WRITES))
    assert (found.words, found.at) == ("PutBucketPolicy by vllm at 2026-11-23T02:55:00Z", NOW - timedelta(minutes=5))
    none = await trail.last_write(Scanned({**OURS, **about}, other), PROD, CORPUS, WRITES)
    assert (none.words.partition(":")[0], none.at) == ("not known", None)
