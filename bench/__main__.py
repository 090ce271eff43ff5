"""``python -m bench [NAME …] [--quick] [--big]``: measure, and print one table."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from bench import machine
from bench.figure import FIGURES, Row, Settings, measure, skipped, table


def main() -> int:
    asked = _arguments()
    names = asked.names or list(FIGURES)
    if not machine.HAVE_PROC:
        print("bench: CPU is counted by Linux's schedstat; this system has none", file=sys.stderr)
        return 2
    cache = asked.cache.expanduser()
    machine.compiled(cache / "bytecode")
    before, began = machine.moment(), time.monotonic()
    rows: list[Row] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="socconsole-bench-") as scratch:
        for name in names:
            place = Path(scratch) / name
            place.mkdir()
            settings = Settings(cache, place, quick=asked.quick, big=asked.big)
            print(f"bench: {name}: {FIGURES[name]} …", file=sys.stderr, flush=True)
            start = time.monotonic()
            try:
                rows += measure(name, settings)
            except AssertionError as broken:  # what was to be measured did not happen: no figure, and said so
                failed = True
                print(f"bench: {name}: {broken}", file=sys.stderr, flush=True)
                rows.append(skipped(name, f"NOT MEASURED: {str(broken).partition('; the screen says')[0]}"))
            print(f"bench: {name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(table(rows)))
    print(f"\n{machine.describe(before, machine.moment())}")
    print(f"{time.monotonic() - began:.0f} s{', quick: too few rounds for more than a glance' if asked.quick else ''}")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    known = "\n".join(f"  {name:<12} {what}" for name, what in FIGURES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Paired figures; see bench/README.md.",
        epilog=f"figures:\n{known}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[*FIGURES, []], help="figures to run (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run, and roughly where are we")
    parser.add_argument("--big", action="store_true", help="with a million findings (some minutes to make, 2 GB)")
    default = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "socconsole-bench"
    parser.add_argument("--cache", type=Path, default=default, help="where stores are kept (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
