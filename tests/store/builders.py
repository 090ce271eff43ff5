"""Hand-made records, for every test that needs something in a store."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from socconsole.model.finding import Actor, Format, Kind, Observation, Resource, Severity, Workflow
from socconsole.text import Untrusted

NOW = datetime(2026, 3, 1, 3, 14, 7, tzinfo=UTC)
"""The moment the tests play at."""

ACCOUNT = "111122223333"
REGION = "eu-central-1"
DETECTOR = f"arn:aws:guardduty:{REGION}:{ACCOUNT}:detector/12abc34d567e8fa901bc2d34e56789f0"


def arn(name: str) -> str:
    return f"{DETECTOR}/finding/{name}"


def observation(name: str = "1", **over: Any) -> Observation:
    """A GuardDuty record of finding ``name``; any field can be given otherwise, text as ``str``.

    ``resource`` and ``actor`` are short forms for one bucket and one address.
    """
    bucket = over.pop("resource", f"bucket-{name}")
    address = over.pop("actor", "203.0.113.9")
    values: dict[str, Any] = {
        "format": Format.GUARDDUTY,
        "merge_keys": (arn(name),),
        "title": f"Objects read in bulk from bucket-{name}",
        "description": "An unusual volume of objects was read.",
        "kind": Kind.THREAT,
        "severity": Severity.HIGH,
        "product": "GuardDuty",
        "types": ("Exfiltration:S3/AnomalousBehavior",),
        "account": ACCOUNT,
        "region": REGION,
        "resources": (Resource("S3Bucket", Untrusted(f"arn:aws:s3:::{bucket}"), Untrusted(bucket)),),
        "actors": (Actor("ip", Untrusted(address)),),
        "occurred": NOW - timedelta(minutes=5),
        "published": NOW - timedelta(minutes=4),
        "updated": NOW - timedelta(minutes=3),
        "workflow": None,
        "verdict": None,
        "active": True,
        "sample": False,
        "note": None,
        "note_by": None,
        "compliance": None,
        "native_id": name,
        "product_arn": None,
        "signals": (),
        "count": 1,
    }
    values.update(over)
    for field in ("title", "description", "note"):
        if isinstance(values[field], str):
            values[field] = Untrusted(values[field])
    if "body" not in values:
        said = {key: repr(value) for key, value in values.items()} | {"title": values["title"].raw()}
        values["body"] = json.dumps(said, sort_keys=True).encode("ascii")
    values.setdefault("digest", hashlib.sha256(values["body"]).digest())
    return Observation(**values)


def hub(name: str = "1", **over: Any) -> Observation:
    """Security Hub's record of the same GuardDuty finding."""
    values: dict[str, Any] = {
        "format": Format.ASFF,
        "native_id": arn(name),
        "product_arn": f"arn:aws:securityhub:{REGION}::product/aws/guardduty",
        "workflow": Workflow.NEW,
    }
    values.update(over)
    return observation(name, **values)
