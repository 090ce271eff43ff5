"""Push: the one queue of this install, into which EventBridge and SNS put what happens as it happens.

Facts (SQS Developer Guide): a standard queue delivers at least once and in no order; what was received is hidden for
the visibility timeout and comes back unless it is deleted; after ``maxReceiveCount`` receipts it goes to the
dead-letter queue. So a message is deleted only when all that it holds is in the store, and what cannot be read is left
to come back and to go there: it is never deleted unread, and never asked for in haste.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

from socconsole.aws import AwsTrouble, Door, Kind
from socconsole.collectors import trail_objects
from socconsole.collectors.announcements import Object, Part, opened
from socconsole.collectors.base import answer_of
from socconsole.config import PushConfig
from socconsole.formats import Quarantined, Record, secrets
from socconsole.model.source import NOTHING, Answer, Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.text import Untrusted, clean, token

log = logging.getLogger("socconsole.push")

SERVICE: Final = "push"
WAIT_S: Final = 20.0
"""How long SQS holds an empty answer back; the longest there is."""
MESSAGES: Final = 10
VISIBILITY_S: Final = 120
"""How long what was received stays hidden; extended while it is being read."""
LATE_S: Final = 60.0
"""What waited longer in the queue says that we are behind."""
LOOK_S: Final = 60.0
"""Between two looks into the dead-letter queue."""

_EVERYTHING: Final = frozenset({Kind.UNREACHABLE, Kind.TIMEOUT, Kind.EXPIRED, Kind.NO_CREDENTIALS, Kind.THROTTLED})
"""Trouble that no other object would be spared."""
_STAMP: Final = re.compile(r"_(\d{8}T\d{4})Z_")


@dataclass(frozen=True, slots=True)
class Pushed:
    """Records that have to be committed before the next ones are asked for. ``source``: whose listing has them too."""

    records: tuple[Record, ...]
    source: SourceKey | None = None


@dataclass(frozen=True, slots=True)
class _Message:
    id: str
    receipt: str
    body: str
    sent: datetime | None
    """When it was put into the queue; None for one that has come before."""
    parts: tuple[Part, ...]

    @property
    def objects(self) -> list[Object]:
        return [one for part in self.parts for one in part.objects if one.is_log_file]

    @property
    def problem(self) -> str:
        """Why it cannot be read; empty when it can."""
        bad = [one for part in self.parts for one in part.records if isinstance(one, Quarantined)]
        return bad[0].reason if bad else ""


@dataclass(frozen=True, slots=True)
class _Unread:
    why: str
    remedy: str
    seen: float


@dataclass(slots=True)
class _Lane:
    """One receiver. ``oldest`` is of the messages in its hands; ``late_s`` how long those before had waited."""

    oldest: datetime | None = None
    late_s: float = 0.0
    count: int = 0
    """Messages of the last receipt."""
    pending: dict[str, str] = field(default_factory=dict)
    """Id → receipt of what is received and not deleted."""
    extended: float = 0.0


class Inbox:
    """The queue, and what is known of it. Several lanes may receive at once: a long object holds up one of them."""

    def __init__(self, door: Door, settings: PushConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self.key = SourceKey(SERVICE, settings.account, settings.region)
        self._door = door
        self._settings = settings
        self._place = Place(settings.account, settings.region)
        self._clock = clock
        self._lanes: dict[int, _Lane] = {}
        self._unread: dict[str, _Unread] = {}
        self._dead: tuple[int, str] | None = None
        """(messages, name) of the dead-letter queue; None where there is none, or nobody may look."""
        self._blind = ""
        self._looked = -LOOK_S
        self._read_to = ""

    async def receive(self, lane: int = 0, wait_s: float = WAIT_S) -> AsyncGenerator[Pushed, None]:
        """One receipt of at most ten messages: what they carry first, then the objects that they announce.

        What is yielded counts as committed when the next is asked for: only then are its messages deleted. Ends
        without yielding when nothing came. Raises ``AwsTrouble``; what is not deleted comes back.
        """
        await self._look()
        here = self._lanes.setdefault(lane, _Lane())
        messages = await self._received(here, wait_s)
        plain = [one for one in messages if not one.objects]
        for source, records in _by_source(plain):
            yield Pushed(records, source)
        await self._settle(here, plain)
        for message in messages:
            if message.objects:
                async for pushed in self._read(here, message):
                    yield pushed
        here.oldest = None

    def received(self, lane: int = 0) -> int:
        """How many messages the last receipt of a lane brought, whatever they held."""
        return self._lanes[lane].count if lane in self._lanes else 0

    def answer(self) -> Answer:
        """What can be said of the queue after a receipt: fresh only if nothing waits, late or unread."""
        now, said, remedy = datetime.now(UTC), [], ""
        behind = max((self._behind(one, now) for one in self._lanes.values()), default=0.0)
        if behind > LATE_S:
            at = datetime.fromtimestamp(now.timestamp() - behind, UTC)
            said.append(f"read to {at:%H:%M}Z, {behind / 60:.0f} min behind")
        if self._dead is not None and self._dead[0]:
            number, name = self._dead
            said.append(f"{number} unread in the dead-letter queue {name}")
            remedy = f"aws sqs start-message-move-task --source-arn {self._arn(name)} --region {self.key.region}"
        if self._blind:
            said.append(self._blind)
        for one in self._unread.values():
            said.append(f"{len(self._unread)} unread, to be tried again: {one.why}")
            remedy = one.remedy or remedy
            break
        outcome = Freshness.PARTIAL if said else Freshness.FRESH
        note = Untrusted(f"trail objects up to {self._read_to}") if self._read_to else NOTHING
        return Answer(self.key, outcome, Untrusted("; ".join(said)), remedy, WAIT_S, note=note)

    def failed(self, trouble: AwsTrouble) -> Answer:
        return answer_of(trouble, self.key, WAIT_S)

    # --- one receipt -------------------------------------------------------------------------------------

    async def _received(self, lane: _Lane, wait_s: float) -> list[_Message]:
        lane.pending.clear()
        lane.count = 0
        asked = {
            "QueueUrl": self._settings.queue_url,
            "MaxNumberOfMessages": MESSAGES,
            "WaitTimeSeconds": int(wait_s),
            "VisibilityTimeout": VISIBILITY_S,
            "MessageSystemAttributeNames": ["SentTimestamp", "ApproximateReceiveCount"],
        }
        answer = await self._door.call(self._place, "sqs:ReceiveMessage", asked, deadline=wait_s + 10)
        lane.extended = self._clock()
        messages = [_message(one) for one in answer.get("Messages") or ()]
        lane.count = len(messages)
        lane.pending = {str(n): one.receipt for n, one in enumerate(messages)}
        sent = [one.sent for one in messages if one.sent is not None]
        lane.oldest = min(sent, default=None)
        lane.late_s = (_now(answer) - lane.oldest).total_seconds() if lane.oldest else 0.0
        return messages

    async def _settle(self, lane: _Lane, messages: Sequence[_Message]) -> None:
        """Delete what is in the store whole; leave the rest to come back."""
        read = []
        for one in messages:
            if one.problem:
                self._leave(one, one.problem)
            else:
                read.append(one)
                self._unread.pop(one.id, None)
        await self._delete(lane, read)

    def _leave(self, message: _Message, why: str, remedy: str = "") -> None:
        self._unread[message.id] = _Unread(why, remedy, self._clock())
        log.warning("message %s stays in the queue: %s", token(message.id), why)

    async def _delete(self, lane: _Lane, messages: Sequence[_Message]) -> None:
        ids = {receipt: n for n, receipt in lane.pending.items()}
        entries = [{"Id": ids[one.receipt], "ReceiptHandle": one.receipt} for one in messages if one.receipt in ids]
        if not entries:
            return
        asked = {"QueueUrl": self._settings.queue_url, "Entries": entries}
        answer = await self._door.call(self._place, "sqs:DeleteMessageBatch", asked)
        failed = {str(one.get("Id")) for one in answer.get("Failed") or ()}
        for entry in entries:
            lane.pending.pop(entry["Id"], None)
        if failed:  # they come a second time, and are found to be in the store
            log.info("%d of %d messages were not deleted and will come again", len(failed), len(entries))

    async def _read(self, lane: _Lane, message: _Message) -> AsyncIterator[Pushed]:
        """The objects that a message announces, and what else it holds; then the message is done with."""
        problem = message.problem
        for part in message.parts:
            if part.records:
                yield Pushed(part.records, part.source)
        for what in message.objects:
            await self._extend(lane)
            if what.bucket not in self._settings.trail_buckets:
                problem = f"the bucket {token(what.bucket)} is not in [push] trail_buckets"
            else:
                try:
                    async for records in trail_objects.read(self._door, self._at(what), what):
                        yield Pushed(records)
                        await self._extend(lane)
                    self._note(what)
                    continue
                except trail_objects.Unreadable as why:
                    problem = f"{token(what.key.rpartition('/')[2])}: {why}"
                except AwsTrouble as trouble:
                    if trouble.kind in _EVERYTHING:
                        raise
                    told = answer_of(trouble, self.key, WAIT_S)
                    self._leave(message, clean(told.detail), told.remedy)
                    return  # the message is sound: it is not put away as one that is not
            yield Pushed((Quarantined(secrets.without(message.body).encode("utf-8", "surrogatepass"), problem, 0),))
        if problem:
            self._leave(message, problem)
            return
        self._unread.pop(message.id, None)
        await self._delete(lane, [message])

    def _at(self, what: Object) -> Place:
        return Place(self._place.account, what.region or self._place.region)

    async def _extend(self, lane: _Lane) -> None:
        """Keep hidden what is in hand, once a third of its time has passed."""
        if self._clock() - lane.extended < VISIBILITY_S / 3 or not lane.pending:
            return
        entries = [
            {"Id": n, "ReceiptHandle": receipt, "VisibilityTimeout": VISIBILITY_S}
            for n, receipt in lane.pending.items()
        ]
        asked = {"QueueUrl": self._settings.queue_url, "Entries": entries}
        await self._door.call(self._place, "sqs:ChangeMessageVisibilityBatch", asked)
        lane.extended = self._clock()

    # --- what is known -----------------------------------------------------------------------------------

    async def _look(self) -> None:
        """How many messages lie in the dead-letter queue; what went there is no longer ours to wait for."""
        now = self._clock()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        self._unread = {id_: one for id_, one in self._unread.items() if now - one.seen < 3 * VISIBILITY_S}
        self._dead, self._blind = None, ""
        try:
            told = await self._attributes(self._settings.queue_url, "RedrivePolicy")
            policy = orjson.loads(told.get("RedrivePolicy") or "{}")
            name = token(str(policy.get("deadLetterTargetArn", "")).rpartition(":")[2], 80)
            if not name:
                self._blind = "the queue has no dead-letter queue: what cannot be read expires with it"
                return
            url = f"{self._settings.queue_url.rpartition('/')[0]}/{name}"
            held = await self._attributes(url, "ApproximateNumberOfMessages")
            self._dead = int(held["ApproximateNumberOfMessages"]), name
        except AwsTrouble as trouble:
            if trouble.kind in _EVERYTHING:
                raise
            self._blind = f"nobody can look into the dead-letter queue: {clean(trouble.detail, 200)}"
        except (ValueError, KeyError):
            self._blind = "nobody can look into the dead-letter queue: SQS says nothing of it"

    async def _attributes(self, url: str, name: str) -> Mapping[str, str]:
        asked = {"QueueUrl": url, "AttributeNames": [name]}
        answer = await self._door.call(self._place, "sqs:GetQueueAttributes", asked)
        found: Mapping[str, str] = answer.get("Attributes") or {}
        return found

    def _arn(self, name: str) -> str:
        return f"arn:{self._door.world.partition}:sqs:{self.key.region}:{self.key.account}:{name}"

    def _behind(self, lane: _Lane, now: datetime) -> float:
        return (now - lane.oldest).total_seconds() if lane.oldest else lane.late_s

    def _note(self, what: Object) -> None:
        """Log files are named after the minute they were written at."""
        if found := _STAMP.search(what.key):
            day = found[1]
            self._read_to = max(self._read_to, f"{day[:4]}-{day[4:6]}-{day[6:8]} {day[9:11]}:{day[11:13]}Z")


def _message(given: Mapping[str, Any]) -> _Message:
    attributes = given.get("Attributes") or {}
    sent: datetime | None = None
    if attributes.get("ApproximateReceiveCount") == "1" and str(attributes.get("SentTimestamp", "")).isdigit():
        sent = datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC)
    body = str(given.get("Body") or "")
    return _Message(str(given.get("MessageId")), str(given.get("ReceiptHandle")), body, sent, opened(body))


def _by_source(messages: Iterable[_Message]) -> Iterable[tuple[SourceKey | None, tuple[Record, ...]]]:
    """The records of messages that announce nothing, together with those of the same source."""
    found: dict[SourceKey | None, list[Record]] = {}
    for message in messages:
        for part in message.parts:
            if part.records:
                found.setdefault(part.source, []).extend(part.records)
    return [(source, tuple(records)) for source, records in found.items()]


def _now(answer: Mapping[str, Any]) -> datetime:
    """The clock that dated the messages: AWS's, as the answer tells it."""
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(told).astimezone(UTC)
    except (TypeError, ValueError):
        return datetime.now(UTC)
