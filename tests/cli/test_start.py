"""A plain start is read without typer, and means what typer would have made of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from socconsole.cli import app, console
from socconsole.cli.start import Plain, plain
from tests.cli.test_startup import program

PLAIN: list[list[str]] = [
    [],
    ["--store", "shelf"],
    ["--store=shelf"],
    ["--mode", "READ", "--store", "a b/c"],
    ["--config=x=y.toml", "--mode=triage"],
    ["--store", "first", "--store", "last"],
]
TYPERS: list[list[str]] = [
    ["findings"],
    ["--store", "shelf", "findings"],
    ["--help"],
    ["-h"],
    ["--version", "--store", "x"],
    ["--store"],
    ["--store="],
    ["--store", ""],
    ["--store", "--mode"],
    ["--st", "shelf"],
    ["--", "findings"],
    ["shelf"],
    [""],
]


@pytest.fixture
def by_typer(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], Plain]:
    """What typer passes to the console's start."""
    asked: list[Plain] = []

    def start(what: Plain) -> int:
        asked.append(what)
        return 0

    monkeypatch.setattr(console, "start", start)

    def read(words: list[str]) -> Plain:
        app.build()(words, standalone_mode=False)
        (one,) = asked
        return one

    return read


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_a_plain_start_is_what_typer_makes_of_it(words: list[str], by_typer: Callable[[list[str]], Plain]) -> None:
    assert plain(words) == by_typer(words)


@pytest.mark.parametrize("words", TYPERS, ids=" ".join)
def test_everything_else_is_typers(words: list[str]) -> None:
    assert plain(words) is None


def test_a_shell_that_completes_words_starts_no_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_SOCCONSOLE_COMPLETE", "complete_bash")
    assert plain([]) is None


def test_a_plain_start_ends_with_the_codes_of_the_contract(tmp_path: Path) -> None:
    ran = program("--store", tmp_path / "nowhere")
    assert ran.returncode == 2
    assert b"no state folder" in ran.stderr
    assert b"mend it with" in ran.stderr


PROBE = """
import sys
from socconsole.cli import main
sys.argv = ["socconsole", *sys.argv[1:]]
try:
    main()
finally:
    print("LOADED", sorted({"typer", "pydantic"} & {name.partition(".")[0] for name in sys.modules}))
"""


def test_a_plain_start_loads_no_typer(tmp_path: Path) -> None:
    ran = program("--store", tmp_path / "nowhere", code=PROBE)
    assert ran.stdout.splitlines()[-1] == b"LOADED []"
