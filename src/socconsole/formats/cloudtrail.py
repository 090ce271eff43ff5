"""CloudTrail: one call on AWS, as files of a trail, ``LookupEvents``, EventBridge and Security Lake deliver it.

Every member may be missing or of another type than documented: records come from many services, and from files of
anybody's making. Source: "CloudTrail record contents for management, data, and network activity events" (event
versions 1.02 to 1.11), "CloudTrail userIdentity element", API reference of ``LookupEvents``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from socconsole.formats import cloudtrail_ocsf, cloudtrail_resources, secrets
from socconsole.formats.fields import (
    body,
    embedded,
    first_instant,
    mapping,
    number,
    plain,
    token,
    truth,
    untrusted,
)
from socconsole.formats.record import Unreadable
from socconsole.model.trail import Category, TrailEvent, content_id
from socconsole.text import Untrusted

MOST: Final = 2**63 - 1

_CATEGORIES: Final = {
    "management": Category.MANAGEMENT,
    "data": Category.DATA,
    "insight": Category.INSIGHT,
    "networkactivity": Category.NETWORK,
}
_READS: Final = (
    "BatchGet", "Check", "Decrypt", "Describe", "Detect", "Download", "Estimate", "Filter", "Get", "Head", "List",
    "Lookup", "Preview", "Query", "Scan", "Search", "Select", "Simulate", "StartQuery", "Test", "Validate", "View",
)  # fmt: skip
"""How calls that change nothing are named, for records of before ``readOnly`` (event version 1.01)."""
_DATA_CALLS: Final = {
    "s3": ("GetObject", "PutObject", "DeleteObject", "HeadObject", "CopyObject", "ListObjects", "RestoreObject",
           "SelectObject", "UploadPart", "CompleteMultipartUpload", "CreateMultipartUpload", "AbortMultipartUpload"),
    "lambda": ("Invoke",),
}  # fmt: skip
"""Data events, for records of before ``eventCategory`` and ``managementEvent`` (event version 1.06)."""


def is_trail(obj: Mapping[str, Any]) -> bool:
    """A CloudTrail record: as delivered, or as ``LookupEvents`` wraps it; a notification of S3 looks like one."""
    if "CloudTrailEvent" in obj:
        return True
    if "insightDetails" in obj and "eventID" in obj:
        return True
    return "eventSource" in obj and "eventName" in obj and not plain(obj["eventSource"], 64).startswith("aws:")


def read(obj: Mapping[str, Any], account: object = None, at: object = None) -> TrailEvent:
    """A record, an entry of ``LookupEvents``, or OCSF API activity; secrets in it are left out of ``body``.

    ``account`` and ``at`` are an envelope's, for records without any. A record that says no time at all happened
    before it was read: it gets that instant. Raises :class:`Unreadable` for what names no call.
    """
    wrapper: Mapping[str, Any] = {}
    if "CloudTrailEvent" in obj:
        wrapper = obj
        inner = obj["CloudTrailEvent"]
        found = inner if isinstance(inner, dict) else embedded(inner)
        if not isinstance(found, dict):
            raise Unreadable("LookupEvents entry whose CloudTrailEvent is no JSON object")
        record: Mapping[str, Any] = found
    elif "class_uid" in obj:
        record = cloudtrail_ocsf.as_trail(obj)
    else:
        record = obj
    return _event(secrets.without(record), wrapper, account, at)


def _event(record: Mapping[str, Any], wrapper: Mapping[str, Any], account: object, at: object) -> TrailEvent:
    insight = mapping(record.get("insightDetails"))
    source = token(record.get("eventSource") or wrapper.get("EventSource") or insight.get("eventSource"))
    name = token(record.get("eventName") or wrapper.get("EventName") or insight.get("eventName"))
    if not source or not name:
        raise Unreadable(f"CloudTrail record without {'eventName' if source else 'eventSource'}")
    kept = body(record)
    digest = hashlib.sha256(kept).digest()
    identity = record.get("userIdentity")
    who = mapping(identity)
    session = mapping(who.get("sessionContext"))
    issuer = mapping(session.get("sessionIssuer"))
    service = source.partition(".")[0]
    recipient = token(record.get("recipientAccountId")) or token(account)
    caller = token(who.get("accountId")) or token(issuer.get("accountId"))
    return TrailEvent(
        id=token(record.get("eventID") or wrapper.get("EventId")) or content_id(digest),
        at=first_instant(record.get("eventTime"), wrapper.get("EventTime"), at) or datetime.now(UTC),
        source=source,
        name=name,
        account=recipient or _account_id(caller),
        region=token(record.get("awsRegion")),
        category=_category(record, service, name),
        read_only=_read_only(record, wrapper, name),
        error=_error(record),
        caller=caller,
        principal=_principal(identity, wrapper),
        issuer=untrusted(issuer.get("arn")),
        access_key=token(who.get("accessKeyId") or wrapper.get("AccessKeyId")) or "",
        address=untrusted(record.get("sourceIPAddress")) or Untrusted(""),
        agent=untrusted(record.get("userAgent")) or Untrusted(""),
        resources=cloudtrail_resources.read(record, wrapper, service),
        issued=cloudtrail_resources.issued(record),
        bytes_out=_bytes_out(record),
        body=kept,
        digest=digest,
    )


def _account_id(caller: str | None) -> str | None:
    """Of records without ``recipientAccountId`` (event version 1.01): the caller's, unless that is a word."""
    return caller if caller is not None and caller.isdecimal() else None


def _category(record: Mapping[str, Any], service: str, name: str) -> Category:
    known = _CATEGORIES.get(plain(record.get("eventCategory"), 32).lower())
    if known is not None:
        return known
    if "insightDetails" in record:
        return Category.INSIGHT
    if "managementEvent" in record:
        return Category.MANAGEMENT if truth(record["managementEvent"]) else Category.DATA
    return Category.DATA if name.startswith(_DATA_CALLS.get(service, ("\0",))) else Category.MANAGEMENT


def _read_only(record: Mapping[str, Any], wrapper: Mapping[str, Any], name: str) -> bool:
    for said in (record.get("readOnly"), wrapper.get("ReadOnly")):
        if said is not None:
            return truth(said)
    return name.startswith(_READS)


def _error(record: Mapping[str, Any]) -> str:
    """``errorCode``; a refused sign-in has a message only, or says ``Failure`` in its answer."""
    said = token(record.get("errorCode")) or token(record.get("errorMessage"))
    if said:
        return said
    answer = mapping(record.get("responseElements"))
    return "Failure" if "Failure" in (answer.get("ConsoleLogin"), answer.get("CheckMfa")) else ""


def _principal(identity: object, wrapper: Mapping[str, Any]) -> Untrusted:
    """The caller's ARN, else the best name there is: a service, ``anonymous``, a user's name, an id."""
    who = mapping(identity)
    if "ANONYMOUS_PRINCIPAL" in (who.get("principalId"), who.get("accountId")) or who.get("accountId") == "anonymous":
        return Untrusted("anonymous")
    behalf = mapping(who.get("onBehalfOf"))
    for name in (
        who.get("arn"),
        who.get("invokedBy"),
        who.get("userName"),
        behalf.get("userId"),
        who.get("principalId"),
        identity,
        who.get("credentialId"),
        wrapper.get("Username"),
        who.get("accountId"),
        who.get("type"),
    ):
        if (found := untrusted(name)) is not None:
            return found
    return Untrusted("")


def _bytes_out(record: Mapping[str, Any]) -> int | None:
    found = number(mapping(record.get("additionalEventData")).get("bytesTransferredOut"))
    return None if found is None or found < 0 else int(min(found, MOST))
