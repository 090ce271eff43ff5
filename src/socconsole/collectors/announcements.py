"""What a message of the queue holds: records, and objects of trails that it announces.

A message is an EventBridge event, or what an SNS topic passed on: S3's announcement of objects, CloudTrail's own, an
alarm. One message may hold several of each, and all of them count. Sources: S3 User Guide, "Event message structure"
(keys are URL-encoded there, and not in EventBridge events); CloudTrail User Guide, "Configuring Amazon SNS
notifications" and "Finding your CloudTrail log files"; SNS Developer Guide, "Parsing message formats".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

from socconsole.formats import Quarantined, Record, read_bytes, read_object
from socconsole.formats.fields import embedded
from socconsole.model.source import SourceKey

_SERVICES: Final = {"aws.securityhub": "securityhub", "aws.guardduty": "guardduty", "aws.cloudwatch": "alarms"}
_DEPTH: Final = 8
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_LOG_FILE: Final = re.compile(
    r"(?:.*/)?AWSLogs/(?:o-[a-z0-9]+/)?[0-9]{12}/CloudTrail(?!-Digest)(?:-[A-Za-z]+)?/.*\.json\.gz"
)
_VALIDATION: Final = "CloudTrail validation message."
"""What CloudTrail sends when a topic is made its own."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a bucket, by its exact key."""

    bucket: str
    key: str
    region: str
    """Of the bucket; empty where the announcement does not say."""

    @property
    def is_log_file(self) -> bool:
        """A trail's log file, insights included; not a digest, nor what others put into the bucket."""
        return _LOG_FILE.fullmatch(self.key) is not None


@dataclass(frozen=True, slots=True)
class Part:
    """One event or announcement of a message."""

    records: tuple[Record, ...] = ()
    objects: tuple[Object, ...] = ()
    source: SourceKey | None = None
    """Whose event it is: the service, in the account and Region on whose bus it was."""


def opened(body: str) -> tuple[Part, ...]:
    """All parts of a message. What cannot be understood is a ``Quarantined`` in one of them; never raises."""
    found = embedded(body)
    if not isinstance(found, dict | list):
        records = tuple(read_bytes(body.encode("utf-8", "surrogatepass")))
        return (Part(records or (Quarantined(b"", "an empty message", 0),)),)
    return tuple(_parts(found, 0))


def _parts(found: object, depth: int) -> Iterator[Part]:
    if isinstance(found, list) and depth < _DEPTH:
        for one in found:
            yield from _parts(one, depth + 1)
        return
    if isinstance(found, dict) and depth < _DEPTH:
        message = found.get("Message")
        if "TopicArn" in found and isinstance(message, str):
            if found.get("Type") == "SubscriptionConfirmation":
                why = "an SNS topic waits for its subscription to be confirmed; see deploy/README.md"
                yield Part((Quarantined(message.encode("utf-8", "surrogatepass"), why, 0),))
                return
            if message.startswith(_VALIDATION):
                return
            inner = embedded(message)
            if isinstance(inner, dict | list):
                yield from _parts(inner, depth + 1)
                return
        if found.get("Event") == "s3:TestEvent":
            return
        objects = tuple(_objects(found))
        if objects:
            yield Part(objects=objects)
            return
    yield Part(tuple(read_object(found, 0)), source=_source(found))


def _objects(found: Mapping[str, Any]) -> Iterator[Object]:
    for record in _list(found.get("Records")):
        s3 = record.get("s3") if isinstance(record, dict) and record.get("eventSource") == "aws:s3" else None
        if isinstance(s3, dict) and str(record.get("eventName", "")).startswith("ObjectCreated"):
            name, key = _text(s3.get("bucket"), "name"), _text(s3.get("object"), "key")
            yield Object(name, unquote_plus(key), _region(record.get("awsRegion")))
    bucket = found.get("s3Bucket")
    if isinstance(bucket, str):
        for key in _list(found.get("s3ObjectKey")):
            yield Object(bucket, str(key), "")
    if found.get("source") == "aws.s3" and found.get("detail-type") == "Object Created":
        detail = found.get("detail")
        if isinstance(detail, dict):
            name, key = _text(detail.get("bucket"), "name"), _text(detail.get("object"), "key")
            yield Object(name, key, _region(found.get("region")))


def _source(found: object) -> SourceKey | None:
    if not isinstance(found, dict) or "detail" not in found:
        return None
    service = _SERVICES.get(str(found.get("source")))
    account, region = str(found.get("account")), str(found.get("region"))
    if service is None or not _ACCOUNT.fullmatch(account) or not _REGION.fullmatch(region):
        return None
    return SourceKey(service, account, region)


def _region(value: object) -> str:
    """A Region's name becomes part of a host's: nothing else may."""
    return value if isinstance(value, str) and _REGION.fullmatch(value) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(holder: object, name: str) -> str:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, str) else ""
