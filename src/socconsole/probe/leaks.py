"""What a response gives away: patterns as data (``patterns.toml``), and the team's canaries. Pure."""

from __future__ import annotations

import functools
import re
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


DEPTH: Final = 4
"""Escapings that are taken off, one after the other: JSON in a string of JSON in a string …"""

_ESCAPE: Final = re.compile(r'\\(?:(["\\/bfnrt])|u([0-9A-Fa-f]{4}))')
_MEANS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


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
    """In the reading that held it most often, so that what stands in several readings is not counted twice."""
    masked: str
    """The first of them, all but its ends taken out: enough to know it, not enough to leak it again."""


@functools.cache
def patterns() -> tuple[Pattern, ...]:
    text = resources.files("socconsole.probe").joinpath("patterns.toml").read_text("utf-8")
    return tuple(msgspec.convert(tomllib.loads(text)["leak"], tuple[Pattern, ...]))


def leaks(body: bytes, sent: bytes = b"", canaries: Sequence[str] = ()) -> tuple[Leak, ...]:
    """Everything that ``body`` gives away, by pattern; what stands in the request itself is no leak of the server."""
    texts, own = readings(body), sent.decode("utf-8", "replace")
    found: list[Leak] = []
    for one in patterns():
        # The last of equals: without its escapes, the n of a line's end does not become the first letter of a name.
        hits = max((_hits(one, text, own) for text in reversed(texts)), key=len)
        if hits:
            found.append(Leak(one.id, one.title, one.severity, len(hits), mask(hits[0])))
    lowered = [text.lower() for text in texts]
    planted = [one for one in canaries if one and any(one.lower() in text for text in lowered)]
    if planted:
        found.append(Leak(CANARY, "one of your canaries", "critical", len(planted), mask(planted[0])))
    return tuple(found)


def readings(body: bytes) -> list[str]:
    """``body`` as it stands, then with the escapes of JSON (RFC 8259, section 7) taken off, up to ``DEPTH`` times.

    The whole text is unescaped rather than parsed and its strings taken out: so a line of an event stream, half an
    answer and JSON in the middle of a sentence are read as well, and what stands around a string stays around it.
    """
    texts = [body.decode("utf-8", "replace")]
    while len(texts) <= DEPTH and _ESCAPE.search(texts[-1]):
        plain = _ESCAPE.sub(_plain, texts[-1])
        # Two escapes may be the halves of one character; a half by itself is none.
        texts.append(plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    return texts


def too_deep(body: bytes) -> bool:
    """Whether something in ``body`` is escaped more than ``DEPTH`` times, and so was not read."""
    return bool(_ESCAPE.search(readings(body)[-1]))


def _plain(escape: re.Match[str]) -> str:
    character, number = escape.groups()
    return chr(int(number, 16)) if number else _MEANS.get(character, character)


def _hits(one: Pattern, text: str, own: str) -> list[str]:
    check = CHECKS.get(one.check, _anything)
    return [hit for match in _compiled(one.pattern).finditer(text) if check(hit := match.group(0)) and hit not in own]


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
