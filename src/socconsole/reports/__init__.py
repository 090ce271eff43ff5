"""Reports that leave the console: made once as a ``Document``, given as Markdown, HTML or data.

Nothing here reaches AWS: reports read the store and the ledger.
"""

from socconsole.reports.document import (
    Cell,
    Document,
    Facts,
    Fixed,
    Mood,
    Notice,
    Paragraph,
    Part,
    Points,
    Section,
    Table,
    Words,
)
from socconsole.reports.html import html
from socconsole.reports.markdown import markdown

__all__ = [
    "Cell",
    "Document",
    "Facts",
    "Fixed",
    "Mood",
    "Notice",
    "Paragraph",
    "Part",
    "Points",
    "Section",
    "Table",
    "Words",
    "html",
    "markdown",
]
