"""A policy document as AWS returned it, made typed once. What is not in the grammar is refused, never passed over.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from socconsole.model.estate.policy import EVERYBODY, Condition, Policy, Principal, Statement
from socconsole.text import clean

_TOP: Final = frozenset({"Version", "Id", "Statement"})
_ELEMENTS: Final = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_KINDS: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})
_LONGEST: Final = 4096
"""Characters of one text; what is cut off says so and matches nothing any more."""


def parse(document: str | Mapping[str, Any]) -> Policy:
    """The policy's text, also percent-encoded as IAM returns it, or the object that it is.

    Raises ``ValueError`` where it is no policy in the grammar: for :class:`~.asking.Asking` it is then not read.
    """
    if isinstance(document, str):
        text = document if document.lstrip().startswith("{") else unquote(document)
        try:
            document = json.loads(text)
        except RecursionError as error:
            raise ValueError("a policy nested without end") from error
    if not isinstance(document, Mapping) or not set(document) <= _TOP or "Statement" not in document:
        raise ValueError("no policy document")
    found = document["Statement"]
    return Policy(tuple(_statement(one) for one in (found if isinstance(found, list) else [found])))


def _statement(found: Any) -> Statement:
    if not isinstance(found, Mapping) or not set(found) <= _ELEMENTS or found.get("Effect") not in ("Allow", "Deny"):
        raise ValueError("no policy statement")
    for one in ("Principal", "Action", "Resource"):
        if one in found and f"Not{one}" in found:
            raise ValueError(f"a statement with {one} and Not{one}")
    return Statement(
        sid=clean(str(found.get("Sid", ""))),
        allow=found["Effect"] == "Allow",
        principals=_principals(found, "Principal"),
        not_principals=_principals(found, "NotPrincipal"),
        actions=_texts(found, "Action"),
        not_actions=_texts(found, "NotAction"),
        resources=_texts(found, "Resource"),
        not_resources=_texts(found, "NotResource"),
        conditions=tuple(_conditions(found.get("Condition", {}))),
    )


def _texts(found: Mapping[str, Any], element: str) -> tuple[str, ...]:
    """Empty only where the element is missing: an empty list would read like that, and mean the opposite."""
    if element not in found:
        return ()
    said = found[element]
    texts = said if isinstance(said, list) else [said]
    if not texts or not all(isinstance(one, str) for one in texts):
        raise ValueError(f"{element} of a statement")
    return tuple(clean(one, _LONGEST) for one in texts)


def _principals(found: Mapping[str, Any], element: str) -> tuple[Principal, ...]:
    if element not in found:
        return ()
    said = found[element]
    if said == "*":
        return (EVERYBODY,)
    if not isinstance(said, Mapping) or not said or not set(said) <= _KINDS:
        raise ValueError(f"{element} of a statement")
    return tuple(Principal(kind, name) for kind in said for name in _texts(said, kind))


def _conditions(found: Any) -> Iterator[Condition]:
    if not isinstance(found, Mapping):
        raise ValueError("Condition of a statement")
    for operator, keys in found.items():
        if not isinstance(keys, Mapping):
            raise ValueError("Condition of a statement")
        for key, said in keys.items():
            values = said if isinstance(said, list) else [said]
            if not values or not all(isinstance(one, str | int | float) for one in values):
                raise ValueError("Condition of a statement")
            yield Condition(clean(operator), clean(key).lower(), tuple(_plain(one) for one in values))


def _plain(value: str | int | float) -> str:
    """JSON's own ``true`` means the same as the text."""
    return str(value).lower() if isinstance(value, bool) else clean(str(value), _LONGEST)
