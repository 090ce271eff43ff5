"""Results as a page to read: failing checks first and the gravest of them on top, what passes only counted."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from socconsole.cli.render import count, fit, terminal_width
from socconsole.model.posture import OWN, Verdict
from socconsole.posture.catalogue import catalogue
from socconsole.posture.others import NAMES
from socconsole.posture.query import severity
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.cli.posture import Line

_WIDE: Final = 100
"""Nobody reads longer lines, however wide the terminal."""

_ORDER: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)


def page(lines: Sequence[Line]) -> Iterator[str]:
    """All of it, at most as wide as the terminal; every text of AWS cleaned."""
    width = min(terminal_width() or _WIDE, _WIDE)
    ranked = sorted(lines, key=_rank)
    for (verdict, check), group in groupby(ranked, key=lambda line: (line.result.verdict, line.result.check)):
        members = list(group)
        about = catalogue().get(check)
        head = f"{verdict.value:7} {severity(check).letter} {check}"
        title = about.title if about else ""
        if verdict is Verdict.PASS:
            yield fit(f"{head:17} {count(len(members), 'subject')}: {title}", width).rstrip()
            continue
        yield from _wrapped(f"{head:17} {title}", width, " " * 18)
        for line in members:
            yield from _subject(line, width)
        if verdict is Verdict.FAIL and about:
            yield from _wrapped(f"          fix: {about.fix}", width, " " * 15)
            if about.action:
                do = f"socconsole contain {about.action} TARGET --check {check} --plan"
                yield from _wrapped(f"          do: {do}", width, " " * 14)


def _rank(line: Line) -> tuple[int, int, str, str, str, str]:
    result = line.result
    where = (result.place.account, result.place.region, result.subject)
    return (_ORDER.index(result.verdict), -int(severity(result.check)), result.check, *where)


def _subject(line: Line, width: int) -> Iterator[str]:
    result = line.result
    by = "" if result.answered_by == OWN else f", says {NAMES[result.answered_by]}"
    where = (
        "" if result.subject.startswith(result.place.account) else f" ({result.place.account} {result.place.region})"
    )
    yield from _wrapped(f"        - {clean(result.subject)}{where}{by}", width, " " * 10)
    for said in line.said:
        yield from _wrapped(f"          {clean(said)}", width, " " * 12)


def _wrapped(text: str, width: int, indent: str) -> Iterator[str]:
    yield from textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)
