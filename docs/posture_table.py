"""Writes ``posture_table.md`` from the catalogue of checks: ``python docs/posture_table.py``.

What the catalogue says of a check is all there is to say: the page is never edited by hand, and a test fails when it is
stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from socconsole.posture.catalogue import FRAMEWORKS, About, catalogue

PAGE: Final = Path(__file__).with_suffix(".md")

_HEAD: Final = """\
# Every posture check

Written by `docs/posture_table.py` from the catalogue; `socconsole posture --list --json` says it to a program.
[Posture](posture.md) tells how a check comes to its verdict, and what PASS, FAIL and UNKNOWN mean.

How to read it. **Answered by**: `own` is a function of ours, evaluated fresh; the others answer the same question or a
part of it, and their answers are shown beside ours. **Calls** are all operations whose answer a PASS needs: with any
of them denied the check is UNKNOWN. **Ids** are those of Security Hub's controls, AWS Config's managed rules and
Prowler's checks. **Fix** ends with the containment that does it, or its nearest part.
"""

_COLUMNS: Final = ("check", "answered by", "calls", "ids", "clauses", "pattern", "fix")


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for family, members in groupby(catalogue().values(), key=lambda about: about.id.rpartition("-")[0]):
        parts.append("\n".join([f"## {family}\n", *_table(members)]) + "\n")
    return "\n".join(parts)


def _table(checks: Iterable[About]) -> Iterator[str]:
    yield _row(*_COLUMNS)
    yield _row(*("---" for _ in _COLUMNS))
    for about in checks:
        ids = (("Security Hub", about.securityhub), ("Config", about.config), ("Prowler", about.prowler))
        yield _row(
            f"`{about.id}`<br>{about.title}<br>{about.severity}",
            "<br>".join(about.answered_by),
            "<br>".join(f"`{call}`" for call in about.calls) or "none: this install's own record",
            "<br>".join(f"{whose} {', '.join(each)}" for whose, each in ids if each) or "nobody else asks this",
            "<br>".join(f"{FRAMEWORKS[name]}: {', '.join(each)}" for name, each in about.clauses.items()),
            about.pattern,
            about.fix + "".join(f"<br>`contain {one}`" for one in about.actions),
        )


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
