"""The findings of the shared set, where it is at hand: real records that nobody here wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="the shared set of real findings (../shared/data) is not here"
)


def lines(folder: str) -> Iterator[tuple[str, int, bytes]]:
    """(file name, line number, line) of every record of one folder."""
    for path in sorted((DATA / folder).glob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if line.strip():
                yield path.name, number, line


def objects(folder: str) -> list[Any]:
    return [json.loads(line) for _, _, line in lines(folder)]
