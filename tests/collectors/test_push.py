"""The queue: what messages hold, what is deleted and when, and what is left to the dead-letter queue."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import pytest
from moto.backends import get_backend

from socconsole.aws import Door
from socconsole.collectors import push, trail_objects
from socconsole.collectors.announcements import Object, opened
from socconsole.collectors.push import Inbox, Pushed
from socconsole.config import PushConfig
from socconsole.drill import Embedded, pushing
from socconsole.formats import Quarantined
from socconsole.model.action import Mode
from socconsole.model.finding import Observation
from socconsole.model.source import Freshness
from socconsole.text import clean
from tests.drillstate import config_for
from tests.embedded import client

DAY = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/23"
LOG = f"{DAY}/111122223333_CloudTrail_eu-central-1_20261123T1005Z_aB.json.gz"
RECORD = {"eventVersion": "1.08", "eventTime": "2026-11-23T10:00:00Z", "eventSource": "s3.amazonaws.com"}


def log_file(count: int, **more: Any) -> bytes:
    records = [{**RECORD, "eventName": "GetObject", "eventID": f"e{n}", **more} for n in range(count)]
    return gzip.compress(json.dumps({"Records": records}, ensure_ascii=False).encode())


# --- messages ---------------------------------------------------------------------------------------------


def announced(body: Any) -> list[Object]:
    text = body if isinstance(body, str) else json.dumps(body)
    return [one for part in opened(text) for one in part.objects]


def by_sns(inner: Any) -> dict[str, Any]:
    message = inner if isinstance(inner, str) else json.dumps(inner)
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-central-1:111122223333:t", "Message": message}


def s3_record(key: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    what = {"bucket": {"name": "trails"}, "object": {"key": key}}
    return {"eventSource": "aws:s3", "awsRegion": "eu-west-1", "eventName": name, "s3": what}


def test_every_object_of_an_announcement_is_seen_whoever_announces_it() -> None:
    both = [Object("trails", "a b/ü.json.gz", "eu-west-1"), Object("trails", "c+d", "eu-west-1")]
    event = {"Records": [s3_record("a+b/%C3%BC.json.gz"), s3_record("c%2Bd"), s3_record("x", "ObjectRemoved:Delete")]}
    assert announced(event) == announced(by_sns(event)) == announced(by_sns(by_sns(event))) == both
    assert announced([event, event]) == both * 2
    own = by_sns({"s3Bucket": "trails", "s3ObjectKey": ["one", "two%20"]})
    assert announced(own) == [Object("trails", "one", ""), Object("trails", "two%20", "")]
    bus = {"source": "aws.s3", "detail-type": "Object Created", "account": "111122223333", "region": "eu-west-1"}
    detail = {"bucket": {"name": "trails"}, "object": {"key": "plain+key"}}
    assert announced({**bus, "detail": detail}) == [Object("trails", "plain+key", "eu-west-1")]
    elsewhere = announced({**bus, "region": "x.example.org/", "detail": detail})
    assert elsewhere == [Object("trails", "plain+key", "")], "a Region becomes part of a host's name"


def test_all_findings_of_an_event_are_read_and_say_whose_they_are() -> None:
    finding = {"AwsAccountId": "111122223333", "SchemaVersion": "2018-10-08", "ProductArn": "arn:x", "Title": "t"}
    event = {
        "source": "aws.securityhub",
        "detail-type": "Security Hub Findings - Imported",
        "account": "444455556666",
        "region": "eu-west-1",
        "detail": {"findings": [{**finding, "Id": "1"}, {**finding, "Id": "2"}]},
    }
    (part,) = opened(json.dumps(by_sns(event)))
    assert [one.native_id for one in part.records if isinstance(one, Observation)] == ["1", "2"]
    assert part.source is not None
    assert (part.source.service, part.source.account, part.source.region) == (
        "securityhub",
        "444455556666",
        "eu-west-1",
    )
    forged = {**event, "account": "../../etc", "region": "[b]"}
    assert opened(json.dumps(forged))[0].source is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "empty"),
        ("hello", "not JSON"),
        ("{}", "an empty object"),
        ('{"a":1}', "no format"),
        (json.dumps({"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "You have chosen"}), "confirmed"),
        (json.dumps(by_sns("plain text of somebody")), "no format"),
    ],
    ids=["empty", "text", "object", "unknown", "subscription", "sns-text"],
)
def test_what_cannot_be_understood_is_said_to_be(body: str, reason: str) -> None:
    found = [one for part in opened(body) for one in part.records]
    assert [type(one) for one in found] == [Quarantined]
    assert isinstance(found[0], Quarantined)
    assert reason in found[0].reason


def test_what_aws_sends_to_try_the_way_holds_nothing() -> None:
    for body in ({"Service": "Amazon S3", "Event": "s3:TestEvent"}, by_sns("CloudTrail validation message.")):
        assert [part for part in opened(json.dumps(body)) if part.records or part.objects] == []


def test_a_log_file_is_known_by_its_key() -> None:
    yes = [LOG, f"prefix/{LOG}", LOG.replace("111122223333/", "o-abc/111122223333/", 1)]
    yes.append(LOG.replace("/CloudTrail/", "/CloudTrail-Insight/"))
    no = [LOG.replace("/CloudTrail/", "/CloudTrail-Digest/"), "AWSLogs/111122223333/Config/x.json.gz", f"{LOG}.txt"]
    assert [Object("b", key, "").is_log_file for key in yes + no] == [True] * len(yes) + [False] * len(no)


# --- log files ---------------------------------------------------------------------------------------------


def test_a_log_file_is_read_in_batches_packed_or_not() -> None:
    data = log_file(1203, userAgent="ü\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), long="x" * 900)
    sizes = [len(batch) for batch in trail_objects.batches(data)]
    assert sizes == [500, 500, 203]
    assert [len(batch) for batch in trail_objects.batches(gzip.decompress(data))] == sizes
    halves = gzip.decompress(data)
    joined = gzip.compress(halves[:5000]) + gzip.compress(halves[5000:])
    assert [len(batch) for batch in trail_objects.batches(joined)] == sizes
    assert list(trail_objects.batches(gzip.compress(b'{"Records": [ ]}'))) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (log_file(700)[:-40], "ends too early"),
        (gzip.compress(b'{"Records":[{"a":1},{"b"'), "before its records do"),
        (gzip.compress(b'{"Records":[1,2]}'), "before its records do"),
        (gzip.compress(b'{"fileName":"digest"}'), "no list of Records"),
        (b"<html>Sign in</html>", "no list of Records"),
        (b"\x1f\x8bnot really", "not a whole gzip"),
        (b"", "no list of Records"),
        (gzip.compress(b'{"Records":[' + b'{"a":' * 50_000), "nested too deeply"),
    ],
    ids=["cut", "open", "numbers", "digest", "page", "magic", "nothing", "deep"],
)
def test_what_is_no_whole_log_file_is_not_taken_for_one(data: bytes, reason: str) -> None:
    with pytest.raises(trail_objects.Unreadable, match=reason):
        list(trail_objects.batches(data))


def test_what_unpacks_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_objects, "UNPACKED", 1_000_000)
    with pytest.raises(trail_objects.Unreadable, match="unpacks to more than"):
        list(trail_objects.batches(gzip.compress(b'{"Records":[' + b" " * 3_000_000 + b"]}")))
    monkeypatch.setattr(trail_objects, "RECORD", 1_000)
    with pytest.raises(trail_objects.Unreadable, match="a record of more"):
        list(trail_objects.batches(log_file(1, long="x" * 600_000)))


# --- the queue ---------------------------------------------------------------------------------------------


@dataclass
class Queue:
    """The install's queue, seen from both sides."""

    aws: Embedded
    inbox: Inbox
    backend: Any
    bucket: str

    def send(self, body: Any) -> None:
        self.backend.send_message("socconsole-push", body if isinstance(body, str) else json.dumps(body))

    def put(self, data: bytes, key: str = LOG) -> None:
        """An object in the trails' bucket, and its announcement."""
        client(self.aws, "s3").put_object(Bucket=self.bucket, Key=key, Body=data)

    @property
    def left(self) -> int:
        """Messages that are in the queue, hidden or not."""
        return len(self.backend.queues["socconsole-push"]._messages)

    @property
    def dead(self) -> int:
        return len(self.backend.queues["socconsole-push-dead"].messages)

    def show_again(self) -> None:
        """The visibility timeout of what was received is over."""
        for one in self.backend.queues["socconsole-push"]._messages:
            one.visible_at = 0

    async def take(self) -> list[Pushed]:
        return [pushed async for pushed in self.inbox.receive(wait_s=1)]

    def calls(self, operation: str) -> list[Any]:
        return self.aws.journal.calls("sqs", operation)


@pytest.fixture
async def queue(aws: Embedded) -> AsyncIterator[Queue]:
    installed = pushing.install(aws.cloud, aws.engine.scenario)
    settings = PushConfig(**installed.table(aws.port))
    async with Door.open(config_for(aws, push=settings), aws.world, "watch", Mode.READ, "watch") as door:
        backend = get_backend("sqs")[installed.account][installed.region]
        backend.queues["socconsole-push"]._messages.clear()
        yield Queue(aws, Inbox(door, settings), backend, installed.trail_buckets[0])


def bodies(taken: list[Pushed]) -> list[str]:
    return [type(one).__name__ for pushed in taken for one in pushed.records]


async def test_nothing_is_deleted_before_what_it_held_is_committed(queue: Queue) -> None:
    queue.aws.advance(60)
    count = queue.left
    assert count > 4
    async with aclosing(queue.inbox.receive(wait_s=1)) as receipt:
        async for _ in receipt:
            break  # the store would not take it in
    assert queue.left == count
    assert not queue.calls("DeleteMessageBatch")
    queue.show_again()
    taken: list[Pushed] = []
    while part := await queue.take():
        taken += part
    assert queue.left == 0
    assert set(bodies(taken)) == {"Observation"}
    assert {one.source.service for one in taken if one.source} == {"securityhub", "guardduty"}
    assert queue.inbox.answer().outcome is Freshness.FRESH


async def test_a_trails_object_is_read_when_it_is_announced(queue: Queue) -> None:
    queue.put(log_file(620))
    queue.put(b"a digest", LOG.replace("/CloudTrail/", "/CloudTrail-Digest/"))
    assert queue.left == 2
    taken = await queue.take()
    assert [len(one.records) for one in taken] == [500, 120]
    assert set(bodies(taken)) == {"TrailEvent"}
    assert queue.left == 0
    assert clean(queue.inbox.answer().note) == "trail objects up to 2026-11-23 10:05Z"
    queue.send({"Records": [s3_record(LOG) | {"s3": {"bucket": {"name": queue.bucket}, "object": {"key": LOG}}}]})
    assert len(bodies(await queue.take())) == 620, "a second announcement is read a second time; the store knows them"
    assert queue.left == 0


async def test_poison_is_put_away_and_left_to_the_dead_letter_queue(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "LOOK_S", 0.0)
    queue.send("not for us")
    queue.put(log_file(700)[:-40])
    queue.send({"Records": [s3_record(LOG)], "dbPassword": "S3cr3t"})
    for _ in range(5):
        taken = await queue.take()
        kept = [one.raw for pushed in taken for one in pushed.records if isinstance(one, Quarantined)]
        assert not any(b"S3cr3t" in one for one in kept)
        reasons = {one.reason for pushed in taken for one in pushed.records if isinstance(one, Quarantined)}
        assert any("not JSON" in one for one in reasons)
        assert any("ends too early" in one for one in reasons)
        assert any("the bucket trails is not in [push] trail_buckets" in one for one in reasons)
        assert "TrailEvent" in bodies(taken), "what came before the damage stands"
        assert queue.left == 3
        answer = queue.inbox.answer()
        assert answer.outcome is Freshness.PARTIAL
        assert "3 unread, to be tried again" in clean(answer.detail)
        queue.show_again()
    assert not queue.calls("DeleteMessageBatch"), "never deleted unread"
    assert await queue.take() == []
    assert (queue.left, queue.dead) == (0, 3)
    assert await queue.take() == []
    answer = queue.inbox.answer()
    assert "3 unread in the dead-letter queue socconsole-push-dead" in clean(answer.detail)
    assert answer.remedy.startswith(
        "aws sqs start-message-move-task --source-arn arn:aws:sqs:eu-central-1:111122223333:"
    )


async def test_an_object_that_may_not_be_read_is_no_poison(queue: Queue) -> None:
    queue.put(log_file(3))
    queue.aws.faults.add(service="s3", op="GetObject", kind="denied", times=1)
    assert await queue.take() == []
    assert queue.left == 1
    answer = queue.inbox.answer()
    assert answer.outcome is Freshness.PARTIAL
    assert "s3:GetObject" in answer.remedy
    queue.show_again()
    assert bodies(await queue.take()) == ["TrailEvent"] * 3
    assert queue.left == 0
    assert queue.inbox.answer().outcome is Freshness.FRESH


async def test_what_is_in_hand_stays_hidden_while_a_long_object_is_read(queue: Queue) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 15.0
        return now

    queue.inbox._clock = clock
    queue.put(log_file(2_100))
    queue.put(log_file(1), LOG.replace("T1005Z", "T1010Z"))
    assert len(bodies(await queue.take())) == 2_101
    extended = queue.calls("ChangeMessageVisibilityBatch")
    assert [len(one.params["Entries"]) for one in extended][:1] == [2], "the one behind it, too"
    assert {entry["VisibilityTimeout"] for one in extended for entry in one.params["Entries"]} == {120}
    assert queue.left == 0


async def test_one_message_that_is_not_deleted_keeps_no_other(queue: Queue) -> None:
    queue.aws.advance(30)
    async with aclosing(queue.inbox.receive(wait_s=1)) as receipt:
        await anext(receipt)
        others = len(queue.backend.queues["socconsole-push"]._messages) - 1
        del queue.backend.queues["socconsole-push"]._messages[0]  # somebody else was faster
        async for _ in receipt:
            pass
    assert others > 0
    assert queue.left == 0, "one that fails keeps no other from being deleted"
    assert queue.inbox.answer().outcome is Freshness.FRESH


async def test_a_message_that_waited_says_how_far_behind_we_are(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.aws.advance(30)
    for one in queue.backend.queues["socconsole-push"]._messages:
        one.sent_timestamp -= 9 * 60_000
    assert await queue.take()
    answer = queue.inbox.answer()
    assert answer.outcome is Freshness.PARTIAL
    assert clean(answer.detail).endswith("9 min behind")
    while await queue.take():
        pass
    assert queue.inbox.answer().outcome is Freshness.FRESH


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [({"kind": "denied"}, Freshness.DENIED), ({"kind": "html"}, Freshness.ERROR), ({"kind": "empty"}, Freshness.ERROR)],
    ids=["denied", "page", "empty"],
)
async def test_a_queue_that_does_not_answer_is_never_an_empty_one(
    fault: dict[str, Any], outcome: Freshness, queue: Queue
) -> None:
    queue.aws.faults.add(service="sqs", op="ReceiveMessage", times=None, **fault)
    with pytest.raises(push.AwsTrouble) as caught:
        await queue.take()
    assert queue.inbox.failed(caught.value).outcome is outcome
