"""CloudTrail's deliveries: what happened becomes objects in a trail's bucket, and events on EventBridge.

An object holds what happened in one Region since the last one, and comes late: every ``every`` story seconds, with
what is at least ``lag`` story seconds old (AWS: "within an average of about 5 minutes of an API call"). What a trail
keeps is decided when it happens, by its selectors of that moment. Sources: CloudTrail User Guide, "Finding your
CloudTrail log files", "Events for AWS services via CloudTrail" (EventBridge: calls that change something, where a
trail is logging).
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

import orjson
from moto.backends import get_backend

from socconsole.drill import events, exposure, messages, trailrecords
from socconsole.drill.clock import stamp
from socconsole.drill.journal import Entry
from socconsole.drill.messages import Sender
from socconsole.drill.selectors import wanted

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud
    from socconsole.drill.principals import Principal
    from socconsole.drill.scenario import Path

READ_S: Final = 15.0
"""Story seconds of reading by an open path that become one GetObject record."""

_CREATED: Final = "s3:ObjectCreated:Put"


@dataclass(frozen=True, slots=True)
class _Kept:
    at: datetime
    record: dict[str, Any]


@dataclass(slots=True)
class _Batch:
    """What one trail keeps of one Region and has not delivered yet."""

    trail: Any
    region: str
    kept: list[_Kept] = field(default_factory=list)


class Delivery:
    """The engine lets time pass in it; whoever changes a trail lets it look first."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.every, self.lag = 300.0, 120.0
        self.reader: Callable[[Path], tuple[Principal, str] | None] = lambda path: None
        """Who reads by a path, with which access key; None for one who signs nothing."""
        self._seen = 0
        self._position = 0.0
        self._batches: dict[tuple[str, str], _Batch] = {}
        self._lock = threading.RLock()

    def look(self) -> None:
        """Take in what ended since the last look, by the trails as they are now."""
        with self._lock:
            fresh = self._cloud.journal.ended(self._seen)
            self._seen += len(fresh)
            for entry in fresh:
                if entry.status and entry.n > self._cloud.estate_done:
                    self._take(entry)

    def pass_to(self, position: float) -> None:
        """Time passed up to ``position`` (story seconds)."""
        with self._lock:
            self.look()
            if position <= self._position:
                return
            began, self._position = self._position, position
            for at, entry, size in self._reads(began, position):
                self._keep(entry, at, trailrecords.owner_of(entry), size)
            for due in _multiples(self.every, began, position):
                with self._cloud.clock.at(self._cloud.clock.moment(due)):
                    self._deliver(self._cloud.clock.moment(due - self.lag))

    # --- what is recorded --------------------------------------------------------------------------------

    def _take(self, entry: Entry) -> None:
        at = trailrecords.moment_of(entry)
        recipients = {entry.account, trailrecords.owner_of(entry)} - {""}
        for recipient in recipients:
            logged = self._keep(entry, at, recipient)
            if logged and entry.mutating and logged["managementEvent"]:
                source = f"aws.{logged['eventSource'].partition('.')[0]}"
                with self._cloud.clock.at(at):
                    region = trailrecords.region_of(entry)
                    events.put(self._cloud, recipient, region, source, "AWS API Call via CloudTrail", logged)

    def _keep(self, entry: Entry, at: datetime, recipient: str, size: int | None = None) -> dict[str, Any] | None:
        """Put a record where trails of account ``recipient`` want it; the record, if any of them logs there."""
        region = trailrecords.region_of(entry)
        logging = [one for one in _trails(recipient) if _covers(one, entry, region)]
        if not logging:
            return None
        record = trailrecords.record(self._cloud, entry, recipient, size)
        for trail in logging:
            if wanted(trail.event_selectors, trail.advanced_event_selectors, record):
                batch = self._batches.setdefault((trail.arn, region), _Batch(trail, region))
                batch.kept.append(_Kept(at, record))
        return record

    def _reads(self, began: float, until: float) -> Iterator[tuple[datetime, Entry, int]]:
        """What was read by the timeline's open paths: (when, the call, bytes), a batch each."""
        for path, spans in self._cloud.traffic.paths.values():
            bucket = exposure.bucket_of(path.bucket)
            if bucket is None:
                continue
            keys = sorted(key for key in bucket.keys if "/CloudTrail" not in key) or ["object"]
            for end in _multiples(READ_S, began, until):
                open_s = sum(max(0.0, min(end, one.until) - max(end - READ_S, one.began)) for one in spans.all)
                if open_s > 0:
                    at = self._cloud.clock.moment(end)
                    key = keys[int(end / READ_S) % len(keys)]
                    yield at, self._read(path, at, key, bucket.region_name), int(open_s * path.bytes_per_second)

    def _read(self, path: Path, at: datetime, key: str, region: str) -> Entry:
        who = self.reader(path)
        return Entry(
            n=0,
            time=stamp(at),
            scenario_time=stamp(at),
            account=who[0].account if who else path.account,
            region=region,
            service="s3",
            op="GetObject",
            params={"Bucket": path.bucket, "Key": key},
            access_key=who[1] if who else "",
            principal=who[0].caller_arn if who else f"path/{path.id}",
            role=who[0].role if who else "",
            session=who[0].session if who else "",
            source_identity="",
            tags={},
            by="scenario",
            mutating=False,
            status=200,
            address=who[0].address if who else path.address,
            user_agent="[curl/8.5.0]",
        )

    # --- what is delivered -------------------------------------------------------------------------------

    def _deliver(self, old: datetime) -> None:
        """Write what happened up to ``old``; what cannot be written stays."""
        for batch in self._batches.values():
            due = [one.record for one in batch.kept if one.at <= old]
            if due and self._write(batch, due):
                batch.kept = [one for one in batch.kept if one.at > old]

    def _write(self, batch: _Batch, records: list[dict[str, Any]]) -> bool:
        trail, now = batch.trail, self._cloud.clock.now()
        owner = exposure.owner_of(trail.bucket_name)
        if owner is None:
            return False
        prefix = f"{trail.s3_key_prefix}/" if trail.s3_key_prefix else ""
        unique = self._cloud.ids.access_key("", "trail object", trail.arn, batch.region, now.timestamp())
        name = f"{trail.account_id}_CloudTrail_{batch.region}_{now:%Y%m%dT%H%MZ}_{unique}.json.gz"
        key = f"{prefix}AWSLogs/{trail.account_id}/CloudTrail/{batch.region}/{now:%Y/%m/%d}/{name}"
        data = gzip.compress(orjson.dumps({"Records": records}), mtime=0)
        s3 = get_backend("s3")[owner]["aws"]
        # moto would announce it without asking any policy, and only within the account.
        written = s3.put_object(trail.bucket_name, key, data, disable_notification=True)
        _announce(owner, s3.get_bucket(trail.bucket_name), written, trail, now)
        return True


def _trails(account: str) -> Iterator[Any]:
    for backend in list(get_backend("cloudtrail")[account].values()) if account else ():
        yield from list(backend.trails.values())


def _covers(trail: Any, entry: Entry, region: str) -> bool:
    """A trail that logs in the Region; the call that stopped it is the last that it holds."""
    if not trail.is_multi_region and trail.region_name != region:
        return False
    stops = entry.op == "StopLogging" and entry.params.get("Name") in (trail.trail_name, trail.arn)
    return bool(trail.status.is_logging or (stops and not entry.code))


def _multiples(step: float, after: float, until: float) -> Iterator[float]:
    """Multiples of ``step`` in (after, until]."""
    number = int(after // step) + 1
    while number * step <= until:
        yield number * step
        number += 1


def _announce(owner: str, bucket: Any, key: Any, trail: Any, now: datetime) -> None:
    """Tell topics and queues of the bucket, and the trail's own topic, that an object is there."""
    told = bucket.notification_configuration
    sender = Sender(messages.S3, f"arn:aws:s3:::{bucket.name}", owner)
    for one in _matching(told.topic if told else (), key.name):
        messages.to_topic(one.arn, _s3_event(owner, bucket, key, one.id, now), sender, now)
    for one in _matching(told.queue if told else (), key.name):
        messages.to_queue(one.arn, _s3_event(owner, bucket, key, one.id, now), sender)
    if trail.topic_arn:
        body = orjson.dumps({"s3Bucket": bucket.name, "s3ObjectKey": [key.name]}).decode()
        messages.to_topic(trail.topic_arn, body, Sender(messages.CLOUDTRAIL, trail.arn, trail.account_id), now)


def _matching(notifications: Iterable[Any], key: str) -> list[Any]:
    return [one for one in notifications if one.matches(_CREATED, key)]


def _s3_event(owner: str, bucket: Any, key: Any, configuration: str, now: datetime) -> str:
    """S3 User Guide, "Event message structure": the key is URL-encoded, as in a form."""
    told: Mapping[str, Any] = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region_name,
        "eventTime": stamp(now),
        "eventName": _CREATED.removeprefix("s3:"),
        "userIdentity": {"principalId": "AWS:cloudtrail"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {"name": bucket.name, "ownerIdentity": {"principalId": owner}, "arn": bucket.arn},
            "object": {"key": quote_plus(key.name), "size": key.size, "eTag": key.etag.strip('"')},
        },
    }
    return orjson.dumps({"Records": [told]}).decode()
