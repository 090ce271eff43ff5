"""A pass of the rules over 500 new trail events, with many stored and with few: it has to cost what is new.

Events lie one second apart, so that the timespans of correlations hold as many in either store. What is beyond the
first 10,000 is copied inside SQLite under other ids, further back in time than any timespan reaches, and therefore
without the index of what events name.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench import fixtures
from bench.figure import Budget, Row, Settings
from bench.stats import median, paired_ratio
from socconsole.config import Config
from socconsole.formats import cloudtrail
from socconsole.model.world import World, WorldKind
from socconsole.rules.catalogue import Catalogue
from socconsole.rules.passes import look
from socconsole.store import db, rule_findings, trail
from socconsole.store.state import StateFolder

FLAT: Final = Budget(1.3)
NEW: Final = 500
"""Events of one pass: what five minutes of a busy account bring."""

_MAKER: Final = 1
_CALLS: Final = (
    ("s3", "GetObject", {"bucketName": "llm-corpus", "key": "part"}),
    ("s3", "ListObjects", {"bucketName": "llm-corpus"}),
    ("sts", "AssumeRole", {"roleArn": "arn:aws:iam::111122223333:role/checkout", "roleSessionName": "x"}),
    ("bedrock", "InvokeModel", {"modelId": "anthropic.claude-x"}),
    ("ec2", "DescribeInstances", {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}}),
    ("secretsmanager", "GetSecretValue", {"secretId": "prod/db"}),
    ("kms", "Decrypt", {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}),
)
_TELLING: Final = (
    ("iam", "CreateAccessKey", {"userName": "backup"}),
    ("s3", "PutBucketPolicy", {"bucketName": "llm-corpus", "bucketPolicy": {"Statement": []}}),
)
"""Calls that rules look at closely: one in a hundred."""


def run(settings: Settings) -> Iterator[Row]:
    catalogue = Catalogue.of(Config())
    few = _copied(fixtures.SMALL, settings)
    many_count = fixtures.BIG if settings.big else fixtures.MIDDLE
    many = _copied(many_count, settings)
    rounds = settings.rounds(9)
    took_few, took_many = [], []
    for number in range(-1, rounds):  # the first warms the file cache
        times = [_passed(folder, catalogue, number) for folder in ((few, many) if number % 2 else (many, few))]
        if number >= 0:
            took_few.append(times[0 if number % 2 else 1])
            took_many.append(times[1 if number % 2 else 0])
    yield Row(
        f"rule pass over {NEW} new, {many_count:,} stored",
        f"{median(took_many) * 1_000:,.0f} ms",
        f"{fixtures.SMALL:,} stored: {median(took_few) * 1_000:,.0f} ms",
        paired_ratio(took_many, took_few),
        FLAT,
        f"{rounds} x {NEW}",
        "" if settings.big else "with a million: --big",
    )


def _passed(folder: StateFolder, catalogue: Catalogue, number: int) -> float:
    """Seconds from new events in the store to their findings in it."""
    with db.writing(folder) as conn:
        with db.transaction(conn):
            trail.take(conn, list(_events(NEW, datetime.now(UTC), f"new-{number}")), origin="bench", now=_now())
        began = time.perf_counter()
        seen = look(folder.store_db, catalogue, rule_findings.after(conn))
        rule_findings.commit(conn, seen.made, since=seen.after, upto=seen.upto, troubles=seen.troubles, now=_now())
        took = time.perf_counter() - began
        if seen.troubles or rule_findings.after(conn) != trail.head(conn) or not seen.made:
            raise AssertionError(f"the pass did not look at everything: {dict(seen.troubles)}")
    return took


def _copied(count: int, settings: Settings) -> StateFolder:
    root = fixtures.copy(_store(count, settings.cache), settings.scratch / f"trail-{count}")
    return StateFolder.open(root)


def _store(count: int, cache: Path) -> Path:
    """A state folder with ``count`` trail events, all of them seen by the rules; made once."""
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    home = cache / f"trail-{count}-{_MAKER}-{fixtures.schema()}"
    if home.exists():
        return home
    making = Path(tempfile.mkdtemp(prefix="making-", dir=cache))
    try:
        folder = StateFolder.create(making / "state", World(WorldKind.IMPORT))
        db.prepare(folder)
        with db.writing(folder) as conn:
            with db.transaction(conn):
                trail.take(conn, list(_events(fixtures.SMALL, _now(), "old")), origin="bench", now=_now())
            for copy in range(1, count // fixtures.SMALL):
                back = copy * fixtures.SMALL * 1_000_000
                with db.transaction(conn):
                    conn.execute(
                        "INSERT INTO trail (id, account, region, at, seen, source, name, category, read_only, error, "
                        "caller, principal, issuer, access_key, address, bytes_out, origin, event) SELECT id || ?, "
                        "account, region, at - ?, seen, source, name, category, read_only, error, caller, principal, "
                        "issuer, access_key, address, bytes_out, origin, event FROM trail WHERE n <= ?",
                        (f"-{copy}", back, fixtures.SMALL),
                    )
            rule_findings.commit(conn, [], since=0, upto=trail.head(conn), troubles={}, now=_now())
            conn.execute("ANALYZE")
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.replace(folder.root, home)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return home


def _events(count: int, until: datetime, name: str) -> Iterator[Any]:
    """``count`` events, a second apart, the last at ``until``."""
    chance = random.Random(name)
    for number in range(count):
        service, call, parameters = chance.choice(_TELLING if number % 100 == 99 else _CALLS)
        at = until - timedelta(seconds=count - number)
        who = chance.randrange(40)
        yield cloudtrail.read(
            json.loads(
                json.dumps(
                    {
                        "eventVersion": "1.11",
                        "eventID": f"{name}-{number}",
                        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "eventSource": f"{service}.amazonaws.com",
                        "eventName": call,
                        "awsRegion": "eu-central-1",
                        "sourceIPAddress": f"198.51.100.{who}",
                        "userAgent": "aws-sdk-go-v2/1.41.0 os/linux lang/go#1.26 md/GOOS#linux md/GOARCH#amd64",
                        "recipientAccountId": "111122223333",
                        "userIdentity": {
                            "type": "IAMUser",
                            "principalId": f"AIDAQEXAMPLE{who:08}",
                            "arn": f"arn:aws:iam::111122223333:user/u{who}",
                            "accountId": "111122223333",
                            "accessKeyId": f"AKIAQEXAMPLE{who:08}",
                            "userName": f"u{who}",
                        },
                        "requestParameters": parameters,
                        "responseElements": None,
                        "additionalEventData": {"bytesTransferredOut": chance.randrange(1_000_000)},
                    }
                )
            )
        )


def _now() -> datetime:
    return datetime.now(UTC)
