"""Commands that are printed to be pasted: they mean the store that was meant."""

import shlex
from pathlib import Path

import pytest

from socconsole.cli.pasting import called, store_of, with_store
from tests.docs.test_docs import verbs


@pytest.mark.parametrize(
    ("said", "pasted"),
    [
        ("socconsole undo a-0123456789ab", "socconsole undo a-0123456789ab --store '/a b'"),
        ("socconsole action show", "socconsole action show --store '/a b'"),
        ("`socconsole ledger verify` says more", "`socconsole ledger verify --store '/a b'` says more"),
        ("socconsole watch --once   (makes it)", "socconsole watch --store '/a b' --once   (makes it)"),
        ("socconsole contain --list", "socconsole contain --list"),
        ("socconsole drill --resume --store /x", "socconsole drill --resume --store /x"),
        ("what `socconsole ledger key` says so there", "what `socconsole ledger key` says so there"),
        ("socconsole doctor   (without --store)", "socconsole doctor   (without --store)"),
    ],
    ids=lambda text: text.replace(" ", "-").replace("/", ""),
)
def test_a_command_to_paste_names_the_store_that_was_given(said: str, pasted: str) -> None:
    assert with_store(said, Path("/a b")) == pasted
    assert with_store(said, None) == said


def test_every_verb_that_takes_a_store_is_told_of_it_and_no_other() -> None:
    """But for two: an approval is given on another install, and a drill makes a new one."""
    for verb, command in verbs().items():
        takes = any("--store" in each.opts for each in command.params) and verb not in ("approve", "drill")
        assert ("--store" in with_store(f"socconsole {verb}   (so)", "/s")) is takes, verb


@pytest.mark.parametrize(
    ("started", "said"),
    [
        ("/v/bin/python .venv/bin/socconsole drill leak", ".venv/bin/socconsole"),
        ("/v/bin/python '/a b/socconsole' findings", "'/a b/socconsole'"),
        ("python3 -P -m socconsole findings", "python3 -P -m socconsole"),
        ("python -m pytest tests/socconsole", "socconsole"),
    ],
    ids=["venv", "quoted", "module", "another"],
)
def test_a_command_to_paste_is_named_as_it_was_started(started: str, said: str) -> None:
    assert called(shlex.split(started)) == said


def test_the_store_is_taken_from_either_way_of_giving_it() -> None:
    assert store_of(["undo", "a-1", "--store", "/x", "--json"]) == "/x"
    assert store_of(["undo", "--store=/x"]) == "/x"
    assert store_of(["undo", "a-1"]) is None
    assert store_of(["undo", "--store"]) == ""
    assert store_of([]) is None, "a plain start"
