"""The few signs that screens use, in Unicode and in plain ASCII for terminals that cannot show it.

Every sign is one cell wide. What a colour says is always said by a letter or a sign as well.
"""

from __future__ import annotations

import functools
import locale
import os
from collections.abc import Mapping
from typing import Final

import msgspec

from socconsole.model.standing import Severity


class Glyphs(msgspec.Struct, frozen=True):
    cursor: str
    mark: str
    good: str
    warn: str
    bad: str
    off: str
    cut: str
    """Stands where text was cut."""
    bar: str
    rule: str
    up: str
    down: str
    dot: str
    fold: str
    """Before how many others a row stands for."""
    part: str
    """Before a row that is part of something larger."""
    about: str
    """Before what stands on an assumption."""
    severity: Mapping[Severity, str]


UNICODE: Final = Glyphs(
    cursor="▶",
    mark="◉",
    good="●",
    warn="▲",
    bad="✗",
    off="○",
    cut="…",
    bar="▏",
    rule="─",
    up="↑",
    down="↓",
    dot="·",
    fold="▸",
    part="┊",
    about="≈",
    severity={
        Severity.CRITICAL: "✖",
        Severity.HIGH: "▲",
        Severity.MEDIUM: "◆",
        Severity.LOW: "▪",
        Severity.INFO: "·",
    },
)

ASCII: Final = Glyphs(
    cursor=">",
    mark="*",
    good="+",
    warn="!",
    bad="x",
    off="o",
    cut="~",
    bar="|",
    rule="-",
    up="^",
    down="v",
    dot="-",
    fold=">",
    part=":",
    about="~",
    severity={
        Severity.CRITICAL: "#",
        Severity.HIGH: "!",
        Severity.MEDIUM: "=",
        Severity.LOW: "-",
        Severity.INFO: ".",
    },
)


def for_environment(environ: Mapping[str, str], encoding: str) -> Glyphs:
    """ASCII for ``SOCCONSOLE_ASCII=1``, the bare Linux console and locales other than UTF-8."""
    plain = environ.get("SOCCONSOLE_ASCII", "") not in ("", "0") or environ.get("TERM") in (
        "linux",
        "vt100",
        "dumb",
    )
    return ASCII if plain or encoding.lower().replace("-", "").replace("_", "") != "utf8" else UNICODE


@functools.cache
def current() -> Glyphs:
    """The signs of this process's terminal, decided once."""
    return for_environment(os.environ, locale.getpreferredencoding(False))
