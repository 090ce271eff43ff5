"""Small phrases that plans share."""

from __future__ import annotations

from collections.abc import Sequence

from socconsole.text import token


def count(n: int, one: str, many: str = "") -> str:
    """``1 bucket``, ``2 buckets``."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """``: first, second and 3 more``, or nothing; ``names`` are untrusted."""
    if not names:
        return ""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ": " + ", ".join(token(name) for name in names[:most]) + more
