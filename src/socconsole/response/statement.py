"""One statement of ours in somebody's policy document: put in, found, taken out again. Pure.

Statements are told apart by their ``Sid``; ours begin with ``Socconsole``. All others are left as they are, in
their order, so that an undo takes out only what we put in, whatever others wrote meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]

VERSION = "2012-10-17"


class NotAPolicy(ValueError):
    """The document is none that we understand; it must not be written over."""


def parse(policy: str | None) -> Document | None:
    """A policy's text as AWS returned it; None where there is none. Raises :class:`NotAPolicy`."""
    if policy is None:
        return None
    try:
        document = json.loads(policy)
        statements(document)
    except (ValueError, TypeError, RecursionError) as error:
        raise NotAPolicy("the policy is no document that we understand") from error
    return dict(document)


def statements(document: Document | None) -> list[Mapping[str, Any]]:
    """All statements; a single one may stand without a list. Raises ``TypeError``."""
    if document is None:
        return []
    if not isinstance(document, Mapping):
        raise TypeError("a policy is an object")
    found = document.get("Statement", [])
    if isinstance(found, Mapping):
        found = [found]
    if not isinstance(found, Sequence) or isinstance(found, str) or not all(isinstance(s, Mapping) for s in found):
        raise TypeError("a policy's statements are objects")
    return list(found)


def find(document: Document | None, sid: str) -> Mapping[str, Any] | None:
    return next((one for one in statements(document) if one.get("Sid") == sid), None)


def put(document: Document | None, statement: Mapping[str, Any]) -> Document:
    """``document`` with ``statement`` in place of the one of its Sid, or at the end."""
    base = document or {"Version": VERSION}
    sid = statement["Sid"]
    kept = statements(document)
    if find(document, sid) is None:
        return {**base, "Statement": [*kept, dict(statement)]}
    return {**base, "Statement": [dict(statement) if one.get("Sid") == sid else one for one in kept]}


def take_out(document: Document | None, sid: str) -> Document | None:
    """``document`` without the statement; None when nothing is left of it."""
    if find(document, sid) is None:
        return document
    kept = [one for one in statements(document) if one.get("Sid") != sid]
    return {**(document or {}), "Statement": kept} if kept else None


def give_back(now: Document | None, before: Document | None, sid: str) -> Document | None:
    """What ``now`` becomes when our statement is undone: as ``before`` had it, and nothing else changed."""
    earlier = find(before, sid)
    restored = put(now, earlier) if earlier is not None else take_out(now, sid)
    # Where nobody wrote meanwhile it is the very document of before, to the letter (a lone statement, an id).
    same = statements(restored) == statements(before)
    return before if same else restored


def text(document: Document) -> str:
    """As the calls take it."""
    return json.dumps(document, separators=(",", ":"))
