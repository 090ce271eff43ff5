"""What the field names of a rule mean on a CloudTrail record.

A name is a path from the top of the record, ``requestParameters.ipPermissions.items.cidrIp``. Where an array stands
on the way every element counts, as Sigma has it: one that fits is enough. Values are text, because that is what
rules compare: ``true`` and ``443`` as JSON writes them, a whole object as its JSON without the escapes, so that a
rule may look for a word in all of ``requestParameters``. What is null or missing has no value.

Names under ``socconsole.`` are ours (see ``derived``): what no comparison of one value with another can tell.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import orjson

from socconsole.rules import derived

OURS: Final = "socconsole"

TOP: Final = frozenset(
    {
        "additionalEventData", "addendum", "annotation", "apiVersion", "awsRegion", "edgeDeviceDetails", "errorCode",
        "errorMessage", "eventCategory", "eventContext", "eventID", "eventName", "eventSource", "eventTime",
        "eventType", "eventVersion", "insightDetails", "insightSource", "managementEvent", "readOnly",
        "recipientAccountId", "requestID", "requestParameters", "resources", "responseElements",
        "serviceEventDetails", "sessionCredentialFromConsole", "sharedEventID", "sourceIPAddress", "tlsDetails",
        "userAgent", "userIdentity", "vpcEndpointAccountId", "vpcEndpointId",
    }
)  # fmt: skip
"""All that a record can have at its top: "CloudTrail record contents" and "Insights event record contents" in AWS's
user guide."""


class Fields:
    """The values of a record by field name. ``accounts`` are the team's own: nobody there is an outsider."""

    def __init__(self, accounts: Collection[str] = ()) -> None:
        accounts = frozenset(accounts)
        self._derived: Mapping[str, Callable[[Mapping[str, Any]], Collection[str]]] = {
            f"{OURS}.{name}": functools.partial(work_out, accounts=accounts)
            for name, work_out in derived.FIELDS.items()
        }

    def unknown(self, name: str) -> bool:
        """Whether no record can have this field: such a rule would be silent for ever."""
        return name not in self._derived and name.partition(".")[0] not in TOP

    def values(self, record: str, name: str) -> list[str]:
        """All values of a field, in the order of the record."""
        event = _parsed(record)
        if name in self._derived:
            return list(self._derived[name](event))
        return [text for value in _at(event, name) if (text := _text(value)) is not None]

    # What SQL calls: see ``store.rule_reading``.

    def listed(self, record: str, name: str) -> str | None:
        """``values`` as a JSON array; None where there are none."""
        found = self.values(record, name)
        return json.dumps(found) if found else None

    def first(self, record: str, name: str) -> str | None:
        """The first of ``values``: what a correlation groups by."""
        return next(iter(self.values(record, name)), None)


def number(text: str | None) -> float | None:
    """A value as a number; None for what is none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


@functools.lru_cache(maxsize=64)
def _parsed(record: str) -> dict[str, Any]:
    """Most rules ask one record for several fields in a row."""
    try:
        found: dict[str, Any] = orjson.loads(record)
    except orjson.JSONDecodeError:  # what orjson is too strict for: lone surrogates
        try:
            found = json.loads(record)
        except RecursionError:  # nested deeper than any service takes: its columns are all that can be compared
            return {}
    return found


def _at(value: Any, name: str) -> Iterator[Any]:
    waiting = [(value, name)]
    while waiting:  # arrays may be nested as deep as the caller likes
        value, rest = waiting.pop()
        if isinstance(value, list):
            waiting += [(each, rest) for each in reversed(value)]
        elif not rest:
            yield value
        elif isinstance(value, dict):
            if rest in value:  # before it is taken apart: a key may hold dots itself
                waiting.append((value[rest], ""))
                continue
            head, _, below = rest.partition(".")
            if head in value:
                waiting.append((value[head], below))


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _comparable(value)
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:  # what is inside can still be asked for by name
        return None
    return _comparable(text.replace('\\"', '"').replace("\\\\", "\\"))


def _comparable(text: str) -> str:
    """SQLite would end a comparison at a NUL, and refuse half a surrogate pair: neither may hide what stands beside."""
    if text.isascii() and text.isprintable():
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
