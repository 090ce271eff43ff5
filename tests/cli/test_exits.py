"""Commands that are printed to be pasted: they mean the store that was meant."""

from pathlib import Path

import pytest

from socconsole.cli.exits import store_of, with_store


@pytest.mark.parametrize(
    ("said", "pasted"),
    [
        ("socconsole undo a-0123456789ab", "socconsole undo a-0123456789ab --store '/a b'"),
        ("socconsole action show", "socconsole action show --store '/a b'"),
        ("`socconsole ledger verify` says more", "`socconsole ledger verify --store '/a b'` says more"),
        ("socconsole watch --once   (makes it)", "socconsole watch --store '/a b' --once   (makes it)"),
        ("socconsole contain --list", "socconsole contain --list"),
        ("socconsole drill --resume --store /x", "socconsole drill --resume --store /x"),
        ("socconsole doctor   (without --store)", "socconsole doctor   (without --store)"),
    ],
    ids=lambda text: text.replace(" ", "-").replace("/", ""),
)
def test_a_command_to_paste_names_the_store_that_was_given(said: str, pasted: str) -> None:
    assert with_store(said, Path("/a b")) == pasted
    assert with_store(said, None) == said


def test_the_store_is_taken_from_either_way_of_giving_it() -> None:
    assert store_of(["undo", "a-1", "--store", "/x", "--json"]) == "/x"
    assert store_of(["undo", "--store=/x"]) == "/x"
    assert store_of(["undo", "a-1"]) is None
    assert store_of(["undo", "--store"]) == ""
    assert store_of([]) is None, "a plain start"
