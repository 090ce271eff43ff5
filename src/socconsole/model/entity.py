"""What findings and trail events name: who acted, from where, on what. The words by which they are compared."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class EntityKind(StrEnum):
    """``finding_entity.kind``. KEY, ADDRESS and ACCOUNT are written as in ``trail_entity``; what is done to BUCKET,
    INSTANCE and RESOURCE stands there as ``resource``, under the same name."""

    KEY = "key"
    """An access key's id."""
    SESSION = "session"
    """A role's session: ``account/role/session``."""
    USER = "user"
    """An IAM user or root: ``account/name``."""
    ROLE = "role"
    """A role, whoever uses it: ``account/name``."""
    ADDRESS = "address"
    BUCKET = "bucket"
    INSTANCE = "instance"
    RESOURCE = "resource"
    """Anything else, and a bucket that is tagged as public on purpose."""
    ACCOUNT = "account"
    DOMAIN = "domain"
    SIGNAL = "signal"
    """A finding that an attack sequence is made of, as ``alias.key`` has it."""


Entity = tuple[EntityKind, str]

PRINCIPALS: Final = frozenset({EntityKind.SESSION, EntityKind.USER, EntityKind.ROLE})
THINGS: Final = frozenset({EntityKind.BUCKET, EntityKind.INSTANCE, EntityKind.RESOURCE})
