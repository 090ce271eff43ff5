"""What a trail's selectors take in: both kinds, in one form.

Sources: CloudTrail API reference, ``GetEventSelectors``, ``EventSelector``, ``DataResource`` and
``AdvancedFieldSelector``; CloudTrail User Guide, "Logging data events". A trail without selectors records all
management events. A selector that is narrower than a whole store says so in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from socconsole.formats.fields import elements, mapping, plain, token, truth
from socconsole.model.trail import EVERY, MANAGEMENT, Selection, resource_name

_OBJECTS: Final = "AWS::S3::Object"
_PLAIN: Final = frozenset({"eventCategory", "readOnly", "resources.type", "resources.ARN"})


def selections(answer: Mapping[str, Any]) -> tuple[Selection, ...]:
    """Each thing that the answer of ``GetEventSelectors`` takes in, once."""
    advanced, basic = elements(answer.get("AdvancedEventSelectors")), elements(answer.get("EventSelectors"))
    if not advanced and not basic:
        return (Selection(MANAGEMENT, EVERY, reads=True, writes=True),)
    found = [one for each in advanced for one in _advanced(mapping(each))]
    found += [one for each in basic for one in _basic(mapping(each))]
    return tuple(dict.fromkeys(found))


def _basic(selector: Mapping[str, Any]) -> Iterator[Selection]:
    kind = plain(selector.get("ReadWriteType")) or "All"
    reads, writes = kind in ("All", "ReadOnly"), kind in ("All", "WriteOnly")
    if truth(selector.get("IncludeManagementEvents", True)):
        left_out = [token(one) or "?" for one in elements(selector.get("ExcludeManagementEventSources"))]
        yield Selection(MANAGEMENT, EVERY, reads, writes, f"without {', '.join(left_out)}" if left_out else "")
    for each in elements(selector.get("DataResources")):
        what = token(mapping(each).get("Type"))
        for value in elements(mapping(each).get("Values")) if what else ():
            store = _store(what or "", plain(value), begins=True)
            yield Selection(what or "", store, reads, writes, place=_place(plain(value)))


def _advanced(selector: Mapping[str, Any]) -> Iterator[Selection]:
    fields = {plain(mapping(one).get("Field")): mapping(one) for one in elements(selector.get("FieldSelectors"))}
    category = _equals(fields, "eventCategory")
    only = _equals(fields, "readOnly")
    reads, writes = not only or "true" in only, not only or "false" in only
    narrow = _narrow(fields)
    if "Management" in category:
        yield Selection(MANAGEMENT, EVERY, reads, writes, narrow)
    if "Data" not in category:
        return
    where = fields.get("resources.ARN", {})
    for what in _equals(fields, "resources.type"):
        kind = token(what) or ""
        named = [(plain(one), False) for one in elements(where.get("Equals"))]
        named += [(plain(one), True) for one in elements(where.get("StartsWith"))]
        if not named:
            yield Selection(kind, EVERY, reads, writes, narrow)
        for value, begins in named:
            yield Selection(kind, _store(kind, value, begins=begins), reads, writes, narrow, _place(value))


def _equals(fields: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    return [plain(one) for one in elements(fields.get(name, {}).get("Equals"))]


def _narrow(fields: Mapping[str, Mapping[str, Any]]) -> str:
    """Conditions beyond which calls and which stores; what a store must not be called counts as one."""
    said = [f"only where {token(name)} fits" for name in fields if name not in _PLAIN]
    where = fields.get("resources.ARN", {})
    if any(where.get(unless) for unless in ("NotEquals", "NotStartsWith", "NotEndsWith")):
        said.append("some stores left out")
    if where.get("EndsWith"):
        said.append("only where the ARN ends so")
    return ", ".join(said)


def _place(value: str) -> str:
    """The ARN as far as its account, where it names a Region or an account; those of buckets name neither."""
    said = value.split(":")[:5]
    return token(":".join(said)) or "" if any(said[3:]) else ""


def _store(what: str, value: str, *, begins: bool) -> str:
    """The store that an ARN, or the beginning of one, means in a selector.

    ``arn:aws:s3`` and ``arn:aws:s3:::`` are all buckets, ``arn:aws:s3:::b/`` all objects of ``b``.
    """
    parts = value.split(":", 5)
    if len(parts) < 6 or not parts[5]:
        return EVERY
    if what != _OBJECTS:
        if begins and parts[5].endswith((":", "/")):  # ``function:``
            return EVERY
        return token(resource_name(value)) or EVERY
    bucket, slash, key = parts[5].partition("/")
    if not slash:
        return f"{token(bucket)}*" if begins else token(bucket) or EVERY
    if not key:
        return token(bucket) or EVERY
    return f"{token(bucket)}/{token(key) or ''}{'*' if begins else ''}"
