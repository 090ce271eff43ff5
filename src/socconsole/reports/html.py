"""A report as one HTML page: no script, nothing loaded from anywhere, readable on a phone and on paper."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import TYPE_CHECKING, Final

from socconsole.reports.document import Cell, Document, Words
from socconsole.reports.markdown import SIGNS
from socconsole.text import clean, clean_lines

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for it: nothing but the style that stands in it."""

_NEVER_BROKEN: Final = "\u00a0"
"""A blank at which no line ends."""
_WHOLE: Final = 26
"""Characters of an id or a moment that is never broken: it fits beside others in a table on paper."""
_TOKENS: Final = re.compile(
    r"(?:≈ )?\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?Z"
    r"|\d+ d \d+ h|\d+ h \d+ min|Art\. [\da-z()]+"
    rf"|\S*-\S*|\S{{{_WHOLE + 1},}}"
)
"""What is kept whole, or may break anywhere: a moment, a length of time and an article as reports write them,
what a browser would break at a hyphen, and what is long."""


def html(document: Document) -> str:
    """The whole page. What AWS or an attacker wrote is text in it and nothing else."""
    return _environment().get_template("page.html.j2").render(document=document, policy=POLICY) + "\n"


@functools.cache
def _environment() -> Environment:
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = resources.files("socconsole.reports")
    made = Environment(
        loader=DictLoader({"page.html.j2": (folder / "page.html.j2").read_text("utf-8")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"said": _said, "plain": clean, "lines": _lines, "cell": _cell, "mood": _mood}
    made.globals["kind"] = _kind
    made.globals["signs"] = SIGNS
    return made


def _said(words: Words) -> Markup:
    return _broken(clean(words))


def _cell(cell: Words | Cell) -> Markup:
    if not isinstance(cell, Cell):
        return _said(cell)
    return _broken(SIGNS[cell.mood].replace(" ", _NEVER_BROKEN) + clean(cell.words))


def _broken(text: str) -> Markup:
    """Text as it breaks across lines: moments and ids stay whole, and nothing breaks within itself but what is long."""
    from markupsafe import Markup, escape

    made, end = Markup(), 0
    for found in _TOKENS.finditer(text):
        how = "whole" if len(found[0]) <= _WHOLE else "long"
        made += escape(text[end : found.start()]) + Markup('<span class="{}">{}</span>').format(how, found[0])
        end = found.end()
    return made + escape(text[end:])


def _mood(cell: Words | Cell) -> str:
    return cell.mood if isinstance(cell, Cell) else "plain"


def _kind(part: object) -> str:
    return type(part).__name__


def _lines(text: str) -> str:
    return "\n".join(clean_lines(text))
