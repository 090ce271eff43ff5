"""Untrusted text: the type, and the only ways to make a printable ``str`` of it.

Everything that AWS or an attacker can write (titles, descriptions, resource names, tags, user
agents, notes) is :class:`Untrusted` from the moment it is read until it is painted or printed. The type
refuses every accidental way into a string, so that an f-string or a widget that would parse markup
fails loudly in a test instead of quietly in front of an analyst.

Ways out, and what each is for:

* :func:`clean`: one printable line, for a terminal, a log or a plain-text report;
* :func:`clean_lines`: the same for text whose line breaks matter;
* :func:`token`: an identifier (region, account, finding type) reduced to a safe alphabet;
* :func:`csv_cell`, :func:`csv_line`: the same for a spreadsheet;
* :meth:`Untrusted.raw`: the exact text, for storage, evidence and JSON with ASCII escapes only.

``widgets.safe`` turns the same type into Textual content; nothing else may.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn

LINE_LIMIT: Final = 512
"""Characters kept of one line; the rest is counted, not shown."""

BLOCK_LIMIT: Final = 20_000
"""Characters kept of a text of several lines."""

CELL_LIMIT: Final = 32_000
"""Characters of one CSV cell; a spreadsheet takes 32,767."""

MARKS_LIMIT: Final = 2
"""Combining marks kept on one base character; more is a way to paint over other rows."""

_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARK_CATEGORIES: Final = frozenset({"Mn", "Me", "Mc"})
# Letters and symbols that paint as nothing, so that two different names would look the same.
_BLANK_LOOKALIKES: Final = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0})
_DOTTED_CIRCLE: Final = "\u25cc"
_TOKEN_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9 ._:/@+*!&=,#()$%~-]")
_NEWLINES: Final = re.compile(r"\r\n|\r|\n|\u2028|\u2029|\x85|\x0b|\x0c")


class Untrusted:
    """Text from AWS, a file or an attacker.

    Equality and hashing work, so that it can be compared and used as a key. Everything that would
    turn it into a ``str`` by accident raises ``TypeError``.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def raw(self) -> str:
        """The exact text: for the store, for evidence and for ASCII-escaped JSON, never for a terminal."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Untrusted) and self._text == other._text

    def __hash__(self) -> int:
        return hash(("Untrusted", self._text))

    def __repr__(self) -> str:
        return f"Untrusted({clean(self, 80)!a})"

    def _refuse(self, *_: object) -> NoReturn:
        raise TypeError("untrusted text has to go through socconsole.text.clean() or widgets.safe")

    __str__ = __add__ = __radd__ = __mod__ = __rmod__ = __iter__ = __len__ = __getitem__ = _refuse

    def __format__(self, spec: str) -> NoReturn:
        self._refuse()


@functools.lru_cache(8192)
def _visible(char: str) -> str:
    """What is painted for one character: itself, or a visible sign of what it was."""
    code = ord(char)
    if 0x20 <= code < 0x7F:
        return char
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    category = unicodedata.category(char)
    hidden = (
        category in _HIDDEN_CATEGORIES
        or code in _BLANK_LOOKALIKES
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0100 <= code <= 0xE01EF
    )
    if hidden:
        return f"\u2039{code:04X}\u203a"
    return " " if category == "Zs" else char


def clean(value: Untrusted | str, limit: int = LINE_LIMIT) -> str:
    """One printable line.

    Control characters become their pictures, bidirectional and invisible ones a bracketed code point, so
    that an attack is seen and not hidden. At most ``limit`` characters are kept and the rest counted.
    The result may still hold ``[`` and ``]``: it must not be given to anything that parses markup.
    """
    text = value.raw() if isinstance(value, Untrusted) else value
    head = text[:limit]
    painted = head if head.isascii() and head.isprintable() else _painted(head)
    over = len(text) - limit
    return f"{painted}\u2026(+{over} chars)" if over > 0 else painted


def _painted(text: str) -> str:
    out: list[str] = []
    marks = 0
    for char in text:
        if unicodedata.category(char) in _MARK_CATEGORIES and _visible(char) == char:
            marks += 1
            if marks > MARKS_LIMIT:
                continue
            if not out:
                out.append(_DOTTED_CIRCLE)
        else:
            marks = 0
        out.append(_visible(char))
    return "".join(out)


def clean_lines(value: Untrusted | str, limit: int = BLOCK_LIMIT) -> list[str]:
    """Printable lines of a text in which line breaks mean something (descriptions, JSON, notes)."""
    text = value.raw() if isinstance(value, Untrusted) else value
    lines = [clean(line.replace("\t", "    "), limit) for line in _NEWLINES.split(text[:limit])]
    if len(text) > limit:
        lines.append(f"\u2026(+{len(text) - limit} chars)")
    return lines


def token(value: object, limit: int = 128) -> str:
    """An identifier in a small alphabet without brackets, quotes or control characters.

    For regions, account ids, finding types and product names: plain strings that are safe on every
    surface, markup parsers included. What is outside the alphabet becomes ``?``; the exact text
    stays in the stored body.
    """
    return _TOKEN_FORBIDDEN.sub("?", str(value)[:limit]).strip()


def ascii_json(value: Any, *, indent: int | None = None) -> str:
    """JSON in which every character outside printable ASCII is escaped: safe on a terminal, nothing lost.

    :class:`Untrusted` values are written with their exact text.
    """
    import json  # nothing is printed before the console's first frame

    text = json.dumps(
        value, ensure_ascii=True, indent=indent, default=_plain, separators=None if indent else (",", ":")
    )
    return text.replace("\x7f", "\\u007f")


def _plain(value: object) -> object:
    if isinstance(value, Untrusted):
        return value.raw()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


# OWASP's list of what begins a formula, what some locales take for one, and what begins a command (DDE).
_FORMULA: Final = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_cell(value: object) -> str:
    """A CSV cell as inert text: control characters visible, and ``'`` before what a spreadsheet would run."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raw = value.raw() if isinstance(value, Untrusted) else str(value)
    shown = clean(raw, CELL_LIMIT)
    harmful = raw.startswith(_FORMULA) or raw.lstrip().startswith(_FORMULA)
    return f"'{shown}" if harmful else shown


def csv_line(values: Iterable[object]) -> str:
    """One CSV line without its end, every cell quoted. Lists have been joined by the caller."""
    return ",".join('"' + csv_cell(value).replace('"', '""') + '"' for value in values)
