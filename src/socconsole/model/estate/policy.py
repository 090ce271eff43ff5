"""A policy document, typed once: of a bucket, a key, a role's trust, an identity, an organisation.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language". Every text is printable and otherwise as it was
written: patterns go through :func:`covers` and :func:`overlaps`, never through ``fnmatch``, which knows brackets that
IAM does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

ANYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a statement names."""

    kind: str
    """``AWS``, ``Service``, ``Federated`` or ``CanonicalUser``."""
    value: str
    """ARN, account, service or id; ``*`` for everybody, also who has no account at all."""

    @property
    def anybody(self) -> bool:
        return self.value == ANYBODY


EVERYBODY: Final = Principal("AWS", ANYBODY)
"""``"Principal": "*"`` and ``{"AWS": "*"}`` mean the same in a resource's policy."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator. Of its values one has to hold; of a statement's conditions all have to."""

    operator: str
    """As AWS writes it, quantifier and ``IfExists`` included: ``ForAnyValue:StringLike``."""
    key: str
    """In lower case: keys know no case."""
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.key} {self.operator} {', '.join(self.values)}"


@dataclass(frozen=True, slots=True)
class Statement:
    """Of each pair (``actions``, ``not_actions``) one is empty. Both are where the element is missing, which only
    some kinds of policy allow: no principals in an identity's policy, no resources in a trust policy."""

    allow: bool
    principals: tuple[Principal, ...] = ()
    not_principals: tuple[Principal, ...] = ()
    actions: tuple[str, ...] = ()
    """With wildcards; case does not matter."""
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    """ARN patterns."""
    not_resources: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    sid: str = ""

    def acts_on(self, action: str) -> bool:
        """Whether all of ``action``, a name or a pattern, is within the statement's actions."""
        if self.not_actions:
            return not any(overlaps(one, action) for one in self.not_actions)
        return covers(self.actions, action, ignore_case=True)

    def touches(self, action: str) -> bool:
        """Whether some of ``action``, a name or a pattern, is within the statement's actions."""
        if self.not_actions:
            return not covers(self.not_actions, action, ignore_case=True)
        return any(overlaps(one, action) for one in self.actions)

    def reaches(self, resource: str) -> bool:
        """Whether all of ``resource``, an ARN or a pattern, is within the statement's resources."""
        if self.not_resources:
            return not any(overlaps(one, resource) for one in self.not_resources)
        return not self.resources or covers(self.resources, resource)


@dataclass(frozen=True, slots=True)
class Policy:
    statements: tuple[Statement, ...] = ()

    @property
    def allows(self) -> tuple[Statement, ...]:
        return tuple(one for one in self.statements if one.allow)

    @property
    def denies(self) -> tuple[Statement, ...]:
        return tuple(one for one in self.statements if not one.allow)


def covers(patterns: Iterable[str], text: str, *, ignore_case: bool = False) -> bool:
    """Whether one of ``patterns`` fits everything that ``text``, itself a name or a pattern, can stand for.

    Several that cover it only together are not recognised: the answer is then no, though it may be yes.
    """
    if ignore_case:
        return any(_fits(one.lower(), text.lower()) for one in patterns)
    return any(_fits(one, text) for one in patterns)


def overlaps(one: str, other: str) -> bool:
    """Whether two patterns can stand for the same text. Case does not matter."""
    return _meet(one.lower(), other.lower())


# Row by row: can what stands before here in one pattern be equal to what stands before here in the other? No regular
# expressions: somebody else's pattern full of stars takes them a power of its length.


@lru_cache(8192)
def _fits(pattern: str, text: str) -> bool:
    """A ``*`` of ``text`` is only met by one of ``pattern``: it can stand for nothing and for anything."""
    row = [True] + [False] * len(text)
    for mine in pattern:
        before, row = row, [row[0] and mine == "*"]
        for place, theirs in enumerate(text):
            if mine == "*":
                row.append(before[place + 1] or row[place])
            else:
                row.append(before[place] and theirs != "*" and mine in ("?", theirs))
    return row[-1]


@lru_cache(8192)
def _meet(one: str, other: str) -> bool:
    row = [True]
    for theirs in other:
        row.append(row[-1] and theirs == "*")
    for mine in one:
        before, row = row, [row[0] and mine == "*"]
        for place, theirs in enumerate(other):
            if "*" in (mine, theirs):
                row.append(before[place + 1] or row[place])
            else:
                row.append(before[place] and (mine == theirs or "?" in (mine, theirs)))
    return row[-1]
