"""From exec to the first frame with rows on it, at 100k findings; peers one after the other in every round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bench import fixtures, subjects
from bench.figure import Budget, Row, Settings, skipped
from bench.stats import median, paired_ratio
from bench.subjects import Subject

MINIMAL: Final = Budget(1.2)
HTOP: Final = Budget(2.2)


def run(settings: Settings) -> Iterator[Row]:
    root = fixtures.copy(fixtures.store(fixtures.MIDDLE, settings.cache), settings.scratch / "first-frame")
    ours, whole, least, htop = (
        subjects.console(root),
        subjects.console_whole(root),
        subjects.minimal(),
        subjects.htop(),
    )
    rounds = settings.rounds(11)
    took, cpu = in_turn([ours, least, whole, *([htop] if htop else [])], rounds)
    name, said = "first frame, 100k findings", f"{median(took[ours.name]):.0f} ms"
    yield Row(
        name,
        said,
        f"{least.name} {median(took[least.name]):.0f} ms",
        paired_ratio(took[ours.name], took[least.name]),
        MINIMAL,
        f"{rounds}",
    )
    yield Row(
        f"{name}: CPU until it stands",
        f"{median(cpu[ours.name]):.0f} ms",
        f"{least.name} {median(cpu[least.name]):.0f} ms",
        paired_ratio(cpu[ours.name], cpu[least.name]),
        n=f"{rounds}",
    )
    yield Row(
        f"{name}, and the detail beside it",
        f"{median(took[whole.name]):.0f} ms",
        f"{least.name} {median(took[least.name]):.0f} ms",
        paired_ratio(took[whole.name], took[least.name]),
        n=f"{rounds}",
    )
    if htop is None:
        yield skipped(f"{name}, beside htop", "htop is not installed")
        return
    yield Row(
        name,
        said,
        f"htop {median(took[htop.name]):.0f} ms",
        paired_ratio(took[ours.name], took[htop.name]),
        HTOP,
        f"{rounds}",
    )


def in_turn(programs: list[Subject], rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Wall and CPU milliseconds from exec to what each program is for, painted; the first round only warms up.

    The CPU is read when the frame has been seen, so what a program does in the moment after it counts as well.
    """
    took: dict[str, list[float]] = {program.name: [] for program in programs}
    cpu: dict[str, list[float]] = {program.name: [] for program in programs}
    for number in range(-1, rounds):
        for program in programs:
            with program.run() as terminal:
                at = terminal.await_paint(program.ready)
                spent = terminal.cpu_ns()
                if number >= 0:
                    took[program.name].append((at - terminal.started) * 1000)
                    cpu[program.name].append(spent / 1e6)
    return took, cpu
