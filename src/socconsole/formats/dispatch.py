"""From a parsed object to the reader that understands it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from socconsole.formats import alarm, asff, cloudtrail, eventbridge, guardduty, keys, ocsf, secrets
from socconsole.formats.fields import body, embedded, plain, token
from socconsole.formats.record import Deferred, Quarantined, Record, Unreadable

WRAPPERS_LIMIT: Final = 8
"""Envelope in envelope: SQS → SNS → EventBridge → finding are four."""

_BARE: Final = eventbridge.Opened()
"""What a record that came in no envelope knows of it."""


def read_object(obj: object, line: int) -> Iterator[Record]:
    """Every record that ``obj`` holds: itself, or what its envelopes hold; all of them get ``line``.

    Never raises. Yields at least one record, except for the empty list of a wrapper, which holds none.
    """
    yield from _read(obj, line, _BARE, 0)


def read_document(obj: object) -> Iterator[Record]:
    """The same for a whole file: the elements of its array, or of its one wrapper, are numbered from 1."""
    if isinstance(obj, dict) and _reader(obj) is None:
        _, opened = _other(obj)
        if opened is not None and len(opened.records) > 1:
            for ordinal, each in enumerate(opened.records, 1):
                yield from _read(each, ordinal, opened, 1)
            return
    if isinstance(obj, list):
        for ordinal, each in enumerate(obj, 1):
            yield from _read(each, ordinal, _BARE, 1)
        return
    yield from _read(obj, 1, _BARE, 0)


def without_secrets(obj: object, depth: int = 0) -> object:
    """A copy in which every trail record, and what no reader knows, is without its secrets (``formats.secrets``).

    Findings stay as they are, for their bytes tell one from another. It reads as ``obj`` does.
    """
    if depth >= 2 * WRAPPERS_LIMIT:  # nothing so deep is read
        return secrets.without(obj)
    if isinstance(obj, list):
        return [without_secrets(each, depth + 1) for each in obj]
    if isinstance(obj, str):
        inner = embedded(obj) if obj[:1] in ("{", "[") else None
        if not isinstance(inner, dict | list):
            return secrets.out_of(obj)
        hidden = without_secrets(inner, depth + 1)
        return obj if hidden == inner else body(hidden).decode("ascii")
    if not isinstance(obj, dict):
        return obj
    try:
        reader = _reader(obj)
        opened = _other(obj)[1] if reader is None else None
    except Exception:  # as :func:`_read` has it: then nothing of it is known to be a finding
        return secrets.without(obj)
    if opened is None:
        return obj if reader is not None and reader is not cloudtrail else secrets.without(obj)
    return {name: without_secrets(each, depth + 1) for name, each in obj.items()}


def _read(obj: object, line: int, outer: eventbridge.Opened, depth: int) -> Iterator[Record]:
    if isinstance(obj, list) and depth < WRAPPERS_LIMIT:
        for each in obj:
            yield from _read(each, line, outer, depth + 1)
        return
    if not isinstance(obj, dict):
        yield Quarantined(body(secrets.without(obj)), f"not a JSON object but {_json_name(obj)}", line)
        return
    try:
        reader = _reader(obj)
        if reader is not None:
            yield _by(reader, obj, outer)
            return
        deferred, opened = _other(obj)
    except Unreadable as why:
        yield Quarantined(body(secrets.without(obj)), str(why), line)
        return
    except Exception as fault:  # a fault of ours in one record must neither lose it nor stop the import
        yield Quarantined(body(secrets.without(obj)), f"fault of this program's reader: {type(fault).__name__}", line)
        return
    if deferred:
        yield Deferred(body(obj), deferred, line)
    elif opened is None:
        yield Quarantined(body(secrets.without(obj)), _unknown(obj), line)
    elif opened.nothing:
        yield Quarantined(body(secrets.without(obj)), opened.nothing, line)
    elif depth >= WRAPPERS_LIMIT:
        yield Quarantined(body(secrets.without(obj)), f"more than {WRAPPERS_LIMIT} envelopes in each other", line)
    else:
        for each in opened.records:
            yield from _read(each, line, opened, depth + 1)


def _by(reader: Any, obj: Mapping[str, Any], outer: eventbridge.Opened) -> Record:
    """What the reader makes of it, with what the envelope knows for those that may lack it."""
    if reader is guardduty:
        return guardduty.read(obj, outer.account, outer.region)
    if reader is cloudtrail:
        return cloudtrail.read(obj, outer.account, outer.at)
    found: Record = reader.read(obj)
    return found


def _reader(obj: Mapping[str, Any]) -> Any:
    """The module whose ``read`` takes this object; None when it is no finding or event itself."""
    if "class_uid" in obj:
        return cloudtrail if ocsf.class_of(obj) == ocsf.API_ACTIVITY else ocsf
    if "ProductArn" in obj or ("AwsAccountId" in obj and ("SchemaVersion" in obj or "GeneratorId" in obj)):
        return asff
    if cloudtrail.is_trail(obj):
        return cloudtrail
    if alarm.is_alarm(obj):
        return alarm
    if eventbridge.is_envelope(obj):
        return None
    return guardduty if _is_guardduty(obj) else None


def _is_guardduty(obj: Mapping[str, Any]) -> bool:
    """A type of the form ``Purpose:Resource…`` beside what GuardDuty says with it, in any letter case."""
    low = {key.lower(): value for key, value in obj.items() if isinstance(key, str)}
    if keys.is_guardduty_arn(plain(low.get("arn"))):
        return True
    finding_type = low.get("type")
    if not isinstance(finding_type, str) or ":" not in finding_type:
        return False
    return any(name in low for name in ("severity", "service", "resource", "accountid", "detectorid"))


def _other(obj: Mapping[str, Any]) -> tuple[str, eventbridge.Opened | None]:
    """(what is deferred, what is opened) for an object that is no finding itself."""
    opened = eventbridge.open_envelope(obj) if eventbridge.is_envelope(obj) else eventbridge.unwrap(obj)
    return (opened.deferred, opened) if opened is not None else ("", None)


def _unknown(obj: Mapping[str, Any]) -> str:
    if not obj:
        return "an empty object"
    shown = ", ".join(token(name) or "?" for name in list(obj)[:5])
    return f"no format that is known; keys: {shown}{', …' if len(obj) > 5 else ''}"


def _json_name(obj: object) -> str:
    if obj is None:
        return "null"
    if isinstance(obj, bool):
        return "a boolean"
    if isinstance(obj, str):
        return "text"
    if isinstance(obj, list):
        return "lists in lists"
    return "a number" if isinstance(obj, int | float) else type(obj).__name__
