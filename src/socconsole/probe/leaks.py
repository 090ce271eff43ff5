"""What a response gives away: patterns as data (``patterns.toml``), and the team's canaries. Pure."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

import msgspec
import re2

CANARY: Final = "canary"
"""Id of a leak that is one of the team's own canaries: planted text that comes from training data alone."""

SHOWN: Final = 3
"""Characters that are shown of what was found, at either end."""


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: str
    title: str
    severity: Literal["critical", "high", "medium", "low"]
    pattern: str
    check: str = ""


@dataclass(frozen=True, slots=True)
class Leak:
    """One kind of thing that a response held."""

    id: str
    title: str
    severity: str
    times: int
    masked: str
    """The first of them, all but its ends taken out: enough to know it, not enough to leak it again."""


@functools.cache
def patterns() -> tuple[Pattern, ...]:
    text = resources.files("socconsole.probe").joinpath("patterns.toml").read_text("utf-8")
    return tuple(msgspec.convert(tomllib.loads(text)["leak"], tuple[Pattern, ...]))


def leaks(body: bytes, sent: bytes = b"", canaries: Sequence[str] = ()) -> tuple[Leak, ...]:
    """Everything that ``body`` gives away, by pattern; what stands in the request itself is no leak of the server."""
    text, own = body.decode("utf-8", "replace"), sent.decode("utf-8", "replace")
    found: list[Leak] = []
    for one in patterns():
        check = CHECKS.get(one.check, _anything)
        hits = [
            hit for match in _compiled(one.pattern).finditer(text) if check(hit := match.group(0)) and hit not in own
        ]
        if hits:
            found.append(Leak(one.id, one.title, one.severity, len(hits), mask(hits[0])))
    planted = [one for one in canaries if one and one.lower() in text.lower()]
    if planted:
        found.append(Leak(CANARY, "one of your canaries", "critical", len(planted), mask(planted[0])))
    return tuple(found)


def mask(text: str) -> str:
    """Its first and last characters, and how many there were."""
    if len(text) <= 2 * SHOWN + 2:
        return f"{text[:1]}… ({len(text)} characters)"
    return f"{text[:SHOWN]}…{text[-SHOWN:]} ({len(text)} characters)"


@functools.cache
def _compiled(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.case_sensitive = False
    return re2.compile(pattern, options=options)


def _anything(_: str) -> bool:
    return True


def _luhn(text: str) -> bool:
    """ISO/IEC 7812-1, annex B; a card's number has 13 to 19 digits, and never only one."""
    digits = [int(one) for one in text if one.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 2:
        return False
    doubled = (sum(divmod(2 * one, 10)) if n % 2 else one for n, one in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    """ISO 13616: the rearranged number modulo 97 is 1."""
    plain = text.replace(" ", "").upper()
    if not 15 <= len(plain) <= 34:
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {"luhn": _luhn, "iban": _iban}
