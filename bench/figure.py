"""A figure: one line of the table, its budget, and whether it is met."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bench.stats import Ratio

Verdict = Literal["met", "NOT MET", "undecided", "-"]

FIGURES: Final[dict[str, str]] = {
    "version": "--version and --help beside a bare interpreter",
    "first-frame": "exec to the first painted frame with 100k findings, beside a minimal Textual app and htop",
    "load": "exec to painted rows at 10k and 100k (1M: --big), beside textual.DataTable; memory",
    "keys": "bytes and CPU of cursor-down and page-down, beside textual.DataTable and the cells that changed",
    "quiet": "bytes of an update outside the view, and of doing nothing",
    "paint": "key to paint, idle and while another process commits 1,000 findings a second",
    "search": "a keystroke in the filter, and a page of Triage",
    "upsert": "taking findings in, beside sqlite_utils.upsert_all; size on disk",
    "arrival": "the attacker's first byte to its line on the screen, by push and polling (20 drills: --quick runs 3)",
    "rules": "a pass over new trail events, 10k stored beside 100k (1M: --big)",
    "posture": "a round over 2 accounts x 2 regions x 20 endpoints and one over ten times as many: calls, checks",
    "cases": "a case of 10,000 findings beside one of 1,000: read whole, at a glance, decided on",
    "ledger": "appending beside a raw fsync; verifying",
}
"""What there is, in the order it runs; each is ``run`` of the module of that name in ``bench.figures``."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How much to measure, and where to put what is needed for it."""

    cache: Path
    """Stores are made here once and kept."""
    scratch: Path
    """Copies to run on; gone afterwards."""
    quick: bool = False
    big: bool = False

    def rounds(self, full: int = 9) -> int:
        """How many paired rounds: at least 7 in a full run, 3 in a quick one."""
        return 3 if self.quick else max(7, full)


@dataclass(frozen=True, slots=True)
class Budget:
    """A ratio has to stay at most, or be at least, ``limit``; ``unit`` is ``x`` for ratios."""

    limit: float
    at_least: bool = False
    unit: str = "x"

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:,g}{self.unit}"

    def verdict(self, ratio: Ratio) -> Verdict:
        """Not met only if the whole interval is past the limit; undecided if just the middle is."""
        inside = [value >= self.limit if self.at_least else value <= self.limit for value in (ratio.low, ratio.high)]
        if ratio.mid >= self.limit if self.at_least else ratio.mid <= self.limit:
            return "met"
        return "undecided" if any(inside) else "NOT MET"


@dataclass(frozen=True, slots=True)
class Row:
    """``ours`` and ``peer`` are ready to print. Without a budget the row informs; ``note`` goes under the table."""

    name: str
    ours: str
    peer: str = ""
    ratio: Ratio | None = None
    budget: Budget | None = None
    n: str = ""
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.budget is None or self.ratio is None:
            return "-"
        return self.budget.verdict(self.ratio)


def skipped(name: str, reason: str) -> Row:
    return Row(name, "skipped", note=reason)


def measure(name: str, settings: Settings) -> Iterator[Row]:
    module = importlib.import_module(f"bench.figures.{name.replace('-', '_')}")
    rows: Iterable[Row] = module.run(settings)
    yield from rows


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as lines of text, what they remark on below them."""
    head = ("figure", "ours", "peer or limit", "ratio [95 %]", "budget", "verdict", "n")
    notes = list(dict.fromkeys(row.note for row in rows if row.note))
    body = [
        (
            row.name + (f" ({notes.index(row.note) + 1})" if row.note else ""),
            row.ours,
            row.peer,
            "" if row.ratio is None else f"{row.ratio.mid:.3g} [{row.ratio.low:.3g} to {row.ratio.high:.3g}]",
            "" if row.budget is None else str(row.budget),
            row.verdict,
            row.n,
        )
        for row in rows
    ]
    widths = [max(len(line[i]) for line in (head, *body)) for i in range(len(head))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, *body)
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return [*lines, *([""] if notes else []), *(f"({number}) {note}" for number, note in enumerate(notes, start=1))]
