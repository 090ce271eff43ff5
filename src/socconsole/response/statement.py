"""One statement of ours in somebody's policy document: put in, found, taken out again. Pure.

Statements are told apart by their ``Sid``; ours begin with ``Socconsole``. All others are left as they are, in
their order, so that an undo takes out only what we put in, whatever others wrote meanwhile.

AWS keeps what a policy says and not how it was written: it makes a text of a list of one, gives lists back in
another order, and adds an empty ``Sid`` (hashicorp/terraform#4278; ansible/ansible#29341, where AWS support says
that the order of principals means nothing). What was read is therefore compared by :func:`same`, never by ``==``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

Document = Mapping[str, Any]

VERSION = "2012-10-17"

_GONE: Final = re.compile(r"A(?:IDA|ROA)[A-Z0-9]{12,}")


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
    return {**document, "Statement": _ordered(document["Statement"])} if "Statement" in document else dict(document)


def _ordered(found: Any) -> Any:
    """Names in an order of their own: AWS gives them in any, and plans of two reads have to be the same plan."""
    if isinstance(found, Mapping):
        return {key: _sorted(one) if key in ("Principal", "NotPrincipal") else one for key, one in found.items()}
    return [_ordered(one) for one in found]


def _sorted(principal: Any) -> Any:
    if not isinstance(principal, Mapping):
        return principal
    return {
        kind: sorted(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else names
        for kind, names in principal.items()
    }


def same(one: Any, other: Any) -> bool:
    """Do two documents, or None for none, say the same?"""
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    """As AWS might have written it: no empty ``Sid``, no list of one, lists without an order."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items() if not (key == "Sid" and one == "")}
    if isinstance(value, list | tuple):
        parts = sorted({json.dumps(_plain(one), sort_keys=True) for one in value})
        return json.loads(parts[0]) if len(parts) == 1 else parts
    return value


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
    return before if same(statements(restored), statements(before)) else restored


def deleted(document: Document | None) -> tuple[str, ...]:
    """Unique ids that stand for users and roles that are gone; a policy that names one is refused when it is written.

    (IAM User Guide, "AWS JSON policy elements: Principal": AWS shows the id where it no longer finds the ARN.)
    """
    found: dict[str, None] = {}
    for one in statements(document):
        for principal in (one.get("Principal"), one.get("NotPrincipal")):
            names = principal.get("AWS", ()) if isinstance(principal, Mapping) else ()
            found |= dict.fromkeys(name for name in ([names] if isinstance(names, str) else names) if _is_gone(name))
    return tuple(found)


def _is_gone(name: Any) -> bool:
    return isinstance(name, str) and bool(_GONE.fullmatch(name))


def text(document: Document) -> str:
    """As the calls take it."""
    return json.dumps(document, separators=(",", ":"))
