"""The help page that is kept ready says what typer would say. ``python -m tests.cli.test_help`` writes it anew."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from socconsole.cli import app, help_page

KEPT = Path(help_page.__file__).with_name("help.txt")


def by_typer() -> str:
    """The page as typer lays it out in 80 columns and more."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setenv("COLUMNS", "120")
        with pytest.raises(SystemExit):
            app.build()(["--help"], prog_name=help_page.PROGRAM)
    return said.getvalue()


def test_the_kept_page_is_typers() -> None:
    assert KEPT.read_text("utf-8") == by_typer(), "write it anew: python -m tests.cli.test_help"


def asked(*words: str, columns: int) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "socconsole", *words],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "COLUMNS": str(columns)},
    )
    return ran.stdout


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_it_is_what_the_program_prints(word: str) -> None:
    expected = by_typer().replace("Usage: socconsole ", "Usage: python -m socconsole ")
    assert asked(word, columns=100) == expected


def test_a_narrow_terminal_gets_a_page_of_its_width() -> None:
    said = asked("--help", columns=60)
    assert "Usage: python -m socconsole" in said
    assert max(map(len, said.splitlines())) <= 60


def test_another_name_is_typers_to_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "__package__", "")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "argv", ["/opt/bin/soc"])
    assert help_page.page() is None
    monkeypatch.setattr(sys, "argv", ["/opt/bin/socconsole"])
    assert help_page.page() == KEPT.read_text("utf-8")


if __name__ == "__main__":
    KEPT.write_text(by_typer(), "utf-8")
