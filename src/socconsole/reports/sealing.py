"""Encrypting what leaves to those it is for, with age (age-encryption.org/v1)."""

from __future__ import annotations

from collections.abc import Sequence


class BadRecipient(ValueError):
    """No age key."""


def seal(data: bytes, recipients: Sequence[str]) -> bytes:
    """``data``, to be read with the identity of any of ``recipients`` (``age1…``). Raises :class:`BadRecipient`."""
    import pyrage

    keys = []
    for one in recipients:
        try:
            keys.append(pyrage.x25519.Recipient.from_str(one))
        except pyrage.RecipientError as error:
            raise BadRecipient(f"{one[:80]!a} is no age key (age1…): `age-keygen` makes one") from error
    sealed: bytes = pyrage.encrypt(data, keys)
    return sealed
