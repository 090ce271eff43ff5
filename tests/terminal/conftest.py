from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.terminal.harness import Terminal, python

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start an app of ``tests/terminal/apps`` on a pty, with ``tmp_path`` as its folder."""
    with ExitStack() as stack:

        def begin(name: str, *args: str, **options: object) -> Terminal:
            argv = python("-m", f"tests.terminal.apps.{name}", str(tmp_path), *args)
            return stack.enter_context(Terminal(argv, cwd=ROOT, **options))  # type: ignore[arg-type]

        yield begin
