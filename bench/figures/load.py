"""How long until rows stand on the screen, and what they cost in memory, as the number of findings grows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench import fixtures, subjects
from bench.figure import Budget, Row, Settings, skipped
from bench.figures.first_frame import in_turn
from bench.screen import PAGE_DOWN
from bench.stats import median, paired_ratio

FLAT: Final = Budget(1.1)
MEMORY: Final = Budget(1.3)


def run(settings: Settings) -> Iterator[Row]:
    sizes = {"10k": fixtures.SMALL, "100k": fixtures.MIDDLE, **({"1M": fixtures.BIG} if settings.big else {})}
    homes = {
        name: fixtures.copy(fixtures.store(count, settings.cache), settings.scratch / f"load-{name}")
        for name, count in sizes.items()
    }
    ours = {name: replace(subjects.console(root), name=name) for name, root in homes.items()}
    peer = subjects.datatable(homes["10k"])
    rounds = settings.rounds(9)
    took, _ = in_turn([*ours.values(), peer], rounds)
    ours_10k = f"at 10k {median(took['10k']):.0f} ms"
    yield Row(
        "load to rows, 10k",
        f"{median(took['10k']):.0f} ms",
        f"{peer.name} 10k {median(took[peer.name]):.0f} ms",
        paired_ratio(took["10k"], took[peer.name]),
        n=f"{rounds}",
    )
    for name in list(sizes)[1:]:
        yield Row(
            f"load to rows, {name}",
            f"{median(took[name]):.0f} ms",
            ours_10k,
            paired_ratio(took[name], took["10k"]),
            FLAT,
            f"{rounds}",
        )
    memory = {name: [_resident(root) for _ in range(2 if settings.quick else 3)] for name, root in homes.items()}
    for name in list(sizes)[1:]:
        yield Row(
            f"resident memory, {name}",
            f"{median(memory[name]):.1f} MB",
            f"at 10k {median(memory['10k']):.1f} MB",
            paired_ratio(memory[name], memory["10k"]),
            MEMORY,
            f"{len(memory[name])}",
        )
    if not settings.big:
        yield skipped("load to rows and memory, 1M", "a million findings take minutes to make: --big")


def _resident(root: Path) -> float:
    """Megabytes of a console at rest that has been through a few pages."""
    subject = subjects.console(root)
    with subject.at_rest() as terminal:
        for _ in range(5):
            before = subject.cursor(terminal.now)
            terminal.send(PAGE_DOWN)
            terminal.await_paint(lambda shown, before=before: subject.cursor(shown) not in (None, before))  # type: ignore[misc]
        return terminal.rss_bytes() / 1e6
