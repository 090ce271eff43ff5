"""``s3-access-logging``: turn on S3's access logs for a bucket, into the bucket its neighbours log to.

A log bucket has to be in the same account and region and to let S3's log delivery write to it (S3 User Guide,
"Logging requests with server access logging"). None is made here: the one that other buckets of the account log to
in this region is taken, as it is known to do. Logs are delivered within hours, by best effort.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Call, Reversible
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.change import Change, Cut, State
from socconsole.response.parts import Part, read
from socconsole.response.s3_bucket import TYPES, bucket_arn, bucket_name
from socconsole.response.wording import count
from socconsole.text import token

NEIGHBOURS: Final = 20
"""Buckets whose logging is read to find the log bucket."""

_STATE: Final = "LoggingEnabled"


@dataclass(frozen=True, slots=True)
class Logging:
    """Where a bucket logs to, and where it could."""

    bucket: str
    place: Place
    now: Mapping[str, Any] | None
    log_bucket: str
    """The one that most neighbours log to; empty where there is none, or where it is not needed. Untrusted."""
    neighbours: int
    """How many log to it."""
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]


class S3AccessLogging(Change[Logging]):
    """See the module's text."""

    info = Info(
        id="s3-access-logging",
        title="Turn on a bucket's access logs",
        target_type="bucket",
        calls=("s3:PutBucketLogging",),
        stops="nothing: requests are logged from now on, anonymous ones included",
        does_not_stop="the leak; what was read before stays unlogged",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.YES,
        captures="the bucket's logging configuration, tags",
        verifies="the bucket's logging configuration names the log bucket and our prefix",
        undo_leaves="logs that were delivered meanwhile",
        pitfalls=(
            "a bucket that logs to itself fills itself: never chosen",
            "a log bucket that lets only named buckets log to it stays empty: said before",
            "logs come within hours and not all of them: s3-data-events is the better record",
        ),
    )
    writes = ("PutBucketLogging",)
    types = TYPES

    def name(self, target: str) -> str:
        return bucket_name(target)

    def arns(self, target: Target) -> tuple[str, ...]:
        return (bucket_arn(target),)

    async def look(self, door: Door, target: Target) -> Logging:
        place = target.place
        asked = {"Bucket": target.id, "ExpectedBucketOwner": place.account}
        parts = await read(
            door,
            place,
            {
                "logging": Part("s3:GetBucketLogging", asked),
                "tags": Part("s3:GetBucketTagging", asked, optional=True),
            },
        )
        now = parts.known("logging").get("LoggingEnabled")
        log_bucket, neighbours = ("", 0) if now else await _log_bucket(door, place, target.id)
        return Logging(
            bucket=target.id,
            place=place,
            now=now,
            log_bucket=log_bucket,
            neighbours=neighbours,
            tags={tag["Key"]: tag["Value"] for tag in parts.known("tags").get("TagSet", ())},
            unread=parts.unread,
            evidence=parts.evidence,
        )

    def state(self, seen: Logging) -> State:
        return {_STATE: seen.now}

    def cut(self, seen: Logging, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if seen.now:
            return Cut(
                None, f"would change nothing here: it logs to {token(str(seen.now.get('TargetBucket')))} already"
            )
        if not seen.log_bucket:
            return Cut(
                None,
                f"no bucket of the account in {seen.place.region} is known to take access logs",
                instead="s3-data-events: a trail records the requests",
            )
        return Cut(
            {_STATE: {"TargetBucket": seen.log_bucket, "TargetPrefix": f"{target.id}/"}},
            why="requests are not logged",
            blast_radius=f"1 bucket; nothing stops working; logs go to {token(seen.log_bucket)}, where "
            f"{count(seen.neighbours, 'other bucket')} of the account log to",
            fit=10,
            warnings=("whether the log bucket lets this bucket log to it was not worked out: look whether logs come",),
        )

    def steps(self, seen: Logging, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        if now == wanted:
            return ()
        status = {} if wanted[_STATE] is None else {"LoggingEnabled": dict(wanted[_STATE])}
        params = {"Bucket": target.id, "BucketLoggingStatus": status, "ExpectedBucketOwner": target.place.account}
        return (Call("s3", "PutBucketLogging", params),)

    def words(self, state: State) -> str:
        said = state[_STATE]
        return f"logs to {token(str(said.get('TargetBucket')))}" if said else "no access logs"


async def _log_bucket(door: Door, place: Place, bucket: str) -> tuple[str, int]:
    """The log bucket of most neighbours, and of how many; ``("", 0)`` where none is known."""
    try:
        answer = await door.call(place, "s3:ListBuckets", {"MaxBuckets": 1000, "BucketRegion": place.region})
    except AwsTrouble:
        return "", 0
    near = [str(one["Name"]) for one in answer["Buckets"] if one.get("BucketRegion", place.region) == place.region]
    others = [name for name in near if name != bucket][:NEIGHBOURS]
    found = Counter(name for name in await asyncio.gather(*(_logs_to(door, place, one) for one in others)) if name)
    for name, neighbours in found.most_common():
        if name != bucket and name in near:
            return name, neighbours
    return "", 0


async def _logs_to(door: Door, place: Place, bucket: str) -> str:
    try:
        answer = await door.call(place, "s3:GetBucketLogging", {"Bucket": bucket, "ExpectedBucketOwner": place.account})
    except AwsTrouble:  # one neighbour less to learn from
        return ""
    return str(answer.get("LoggingEnabled", {}).get("TargetBucket", ""))


ACTION: Final = S3AccessLogging()
