"""CloudTrail records for the tests of rules, written for them: a user's call that succeeded, and changes to it."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from socconsole.formats import cloudtrail
from socconsole.model.trail import TrailEvent
from socconsole.rules import loader
from socconsole.rules.fields import Fields
from socconsole.rules.rule import Rule
from socconsole.rules.trial import try_out

ACCOUNT = "111122223333"
OTHER_OF_OURS = "444455556666"
STRANGER = "999988887777"
KEY = "AKIAQEXAMPLE00000001"
AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
USER: Mapping[str, Any] = {
    "type": "IAMUser",
    "principalId": "AIDAQEXAMPLE",
    "arn": f"arn:aws:iam::{ACCOUNT}:user/eve",
    "accountId": ACCOUNT,
    "accessKeyId": KEY,
    "userName": "eve",
}
_ids = itertools.count(1)


def session(role: str, name: str = "s", key: str = "ASIAQEXAMPLE00000002") -> dict[str, Any]:
    """A ``userIdentity``: temporary credentials of a role."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAQEXAMPLE:{name}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}",
        "accountId": ACCOUNT,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAQEXAMPLE",
                "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                "accountId": ACCOUNT,
                "userName": role,
            }
        },
    }


def record(call: str, parameters: Any = None, *, after_s: float = 0, **changes: Any) -> dict[str, Any]:
    """``call`` is ``s3:PutBucketPolicy``; ``after_s`` seconds after ``AT``."""
    service, _, name = call.partition(":")
    return {
        "eventVersion": "1.11",
        "eventID": f"00000000-0000-4000-8000-{next(_ids):012}",
        "eventTime": (AT + timedelta(seconds=after_s)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.31.0",
        "userIdentity": USER,
        "requestParameters": parameters,
        "responseElements": None,
        "recipientAccountId": ACCOUNT,
        **changes,
    }


def event(raw: Mapping[str, Any]) -> TrailEvent:
    return cloudtrail.read(json.loads(json.dumps(raw)))


@functools.cache
def builtin() -> tuple[Rule, ...]:
    return tuple(loader.load(accounts=[ACCOUNT, OTHER_OF_OURS]))


def fires(records: Iterable[Mapping[str, Any]], rules: Iterable[Rule] | None = None) -> dict[str, list[int]]:
    """Title → the places of the records that it fired on."""
    trials, troubles = try_out(
        [event(each) for each in records], tuple(rules) if rules is not None else builtin(), Fields([OTHER_OF_OURS])
    )
    assert not troubles
    found: dict[str, list[int]] = {}
    for trial in trials:
        found.setdefault(trial.rule.title, []).extend(trial.records)
    return found
