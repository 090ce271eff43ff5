"""A resumed drill: the journal's changes done again in a fresh AWS, each at its own scenario time.

Ids and the timeline depend on the seed and on the state alone, so a fresh world that receives the same
changes at the same times comes to the same state. What the journal masks (secrets) stays masked.
"""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Any

from socconsole.drill.errors import AwsError
from socconsole.drill.journal import Entry
from socconsole.drill.principals import BASE_KEY, Principal
from socconsole.drill.trailrecords import data_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from socconsole.drill.cloud import Cloud
    from socconsole.drill.engine import Engine


def replay(cloud: Cloud, engine: Engine, entries: Iterable[Entry]) -> tuple[int, int]:
    """Do the client's successful changes again; returns how many were done and how many AWS now refused."""
    done = refused = 0
    for entry in sorted(entries, key=lambda one: one.n):
        if entry.by != "client" or not entry.mutating or entry.dry_run or not 200 <= entry.status < 300:
            continue
        if data_type(entry) == "AWS::SQS::Queue":
            continue  # a queue's messages come anew, under other receipts
        moment = datetime.fromisoformat(entry.scenario_time.replace("Z", "+00:00"))
        engine.advance(moment)
        key = _enter(cloud, entry)
        try:
            with cloud.clock.at(moment):
                params = _plain(entry.params)
                cloud.hands.call(key, entry.region, f"{entry.service}:{entry.op}", params)
            done += 1
        except AwsError:
            refused += 1
        finally:
            if key != BASE_KEY:
                cloud.directory.forget(key)
    return done, refused


def _enter(cloud: Cloud, entry: Entry) -> str:
    """An access key for whoever made the request then."""
    if entry.access_key == BASE_KEY:
        return BASE_KEY
    key = f"ASIAREPLAY{entry.n:010d}"[:20]
    arn = f"arn:aws:iam::{entry.account}:role/{entry.role}" if entry.role else entry.principal
    principal = Principal(
        account=entry.account,
        arn=arn,
        name=entry.role or entry.principal.rsplit("/", 1)[-1],
        user_id="replay",
        role=entry.role,
        session=entry.session,
        source_identity=entry.source_identity,
        tags=tuple(entry.tags.items()),
    )
    cloud.directory.register(key, principal)
    return key


def _plain(value: Any) -> Any:
    """Journaled parameters as a client would give them."""
    if isinstance(value, dict):
        if set(value) == {"base64"}:
            return base64.b64decode(value["base64"])
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
