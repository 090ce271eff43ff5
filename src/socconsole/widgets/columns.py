"""Cells that several tables share."""

from __future__ import annotations

from socconsole.model.source import Freshness
from socconsole.model.standing import Severity
from socconsole.widgets import glyphs
from socconsole.widgets.rows import Cell


def severity_style(severity: Severity) -> str:
    """The table style, and the end of the theme variable ``severity-…``."""
    return severity.name.lower()


def severity_text(severity: Severity) -> str:
    """Sign and letter: ``✖ C``. Three cells."""
    return f"{glyphs.current().severity[severity]} {severity.letter}"


def severity_cell(severity: Severity) -> Cell:
    return Cell(severity_text(severity), severity_style(severity))


def freshness_sign(freshness: Freshness) -> tuple[str, str]:
    """Sign and style of a source's state; only FRESH is good."""
    signs = glyphs.current()
    if freshness is Freshness.FRESH:
        return signs.good, "good"
    if freshness in (Freshness.STALE, Freshness.PARTIAL):
        return signs.warn, "warn"
    if freshness is Freshness.OFF:
        return signs.off, "warn"
    return signs.bad, "bad"
