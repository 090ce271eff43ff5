"""A report as one HTML page: no script, nothing loaded from anywhere, readable on a phone and on paper."""

from __future__ import annotations

import functools
from importlib import resources
from typing import TYPE_CHECKING, Final

from socconsole.reports.document import Cell, Document, Words
from socconsole.reports.markdown import SIGNS
from socconsole.text import clean, clean_lines

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for it: nothing but the style that stands in it."""


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
    made.filters |= {"said": clean, "lines": _lines, "cell": _cell, "mood": _mood}
    made.globals["kind"] = _kind
    made.globals["signs"] = SIGNS
    return made


def _cell(cell: Words | Cell) -> str:
    return SIGNS[cell.mood] + clean(cell.words) if isinstance(cell, Cell) else clean(cell)


def _mood(cell: Words | Cell) -> str:
    return cell.mood if isinstance(cell, Cell) else "plain"


def _kind(part: object) -> str:
    return type(part).__name__


def _lines(text: str) -> str:
    return "\n".join(clean_lines(text))
