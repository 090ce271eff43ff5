"""``--version`` and ``--help`` beside ``python -c pass``: CPU time, as a fork's wall time is mostly the machine's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final

from bench.figure import Budget, Row, Settings
from bench.screen import ROOT, module
from bench.stats import median, paired_ratio
from socconsole import __version__

BUDGET: Final = Budget(4)

_PROGRAMS: Final = {
    "bare": ([sys.executable, "-c", "pass"], ""),
    "--version": (module("socconsole", "--version"), __version__),
    "--help": (module("socconsole", "--help"), "From alarm to contained"),
}


def run(settings: Settings) -> Iterator[Row]:
    rounds = settings.rounds(15)
    cpu: dict[str, list[float]] = {name: [] for name in _PROGRAMS}
    wall: dict[str, list[float]] = {name: [] for name in _PROGRAMS}
    for number in range(-1, rounds):
        for name, (argv, says) in _PROGRAMS.items():
            spent, took, said = _cost(argv)
            if says not in said:
                raise AssertionError(f"{name} did not say {says!r} but {said!r}")
            if number >= 0:  # the first of each only warms the file cache
                cpu[name].append(spent)
                wall[name].append(took)
    for name in ("--version", "--help"):
        yield Row(
            f"{name}: CPU",
            f"{median(cpu[name]):.0f} ms ({median(wall[name]):.0f} wall)",
            f"python -c pass {median(cpu['bare']):.0f} ms ({median(wall['bare']):.0f} wall)",
            paired_ratio(cpu[name], cpu["bare"]),
            BUDGET,
            f"{rounds}",
        )


def _cost(argv: list[str]) -> tuple[float, float, str]:
    """(CPU ms, wall ms, output) of a program run to its end."""
    began = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        said = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise AssertionError(f"{argv} ended with {process.returncode}")
    return (used.ru_utime + used.ru_stime) * 1000, took * 1000, said
