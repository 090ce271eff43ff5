"""Cleaning untrusted text: nothing in, whatever it is, can steer what it is painted on."""

from __future__ import annotations

import json
import pickle
import unicodedata
from collections.abc import Callable
from typing import Any

import pyte
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from socconsole.text import MARKS_LIMIT, Untrusted, ascii_json, clean, clean_lines, token
from tests.terminal.payloads import PAYLOADS

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
FRAGMENTS = [*(text for name, text in PAYLOADS.items() if not name.startswith("long")), "\x1b", "[", "]", "\\", "\x9c"]
hostile = st.lists(
    st.one_of(st.sampled_from(FRAGMENTS), st.text(st.characters(exclude_categories=()), max_size=8)), max_size=20
).map("".join)
ANYTHING = st.text(st.characters(exclude_categories=()))


def assert_harmless(line: str) -> None:
    assert not [char for char in line if unicodedata.category(char) in HIDDEN]
    line.encode("utf-8")
    run = 0
    for char in line:
        run = run + 1 if unicodedata.category(char).startswith("M") else 0
        assert run <= MARKS_LIMIT
    assert not line[:1] or not unicodedata.category(line[0]).startswith("M")


@settings(max_examples=400, deadline=None)
@given(hostile)
@example("\x1b]52;c;UA==\x07")
@example("\u0301" * 9)
@example("\ufe0f\u0301\u0301\u0301")
def test_a_line_is_printable_and_cleaning_it_again_changes_nothing(text: str) -> None:
    line = clean(text)
    assert_harmless(line)
    assert clean(line, 10**6) == line
    assert clean(Untrusted(text)) == line


@settings(max_examples=150, deadline=None)
@given(hostile)
def test_a_terminal_is_left_as_plain_text_would_leave_it(text: str) -> None:
    screen = pyte.Screen(80, 5)
    untouched = pyte.Screen(80, 5)
    pyte.Stream(screen).feed("\x1b[2;3H" + clean(text, 30))
    assert screen.title == ""
    assert screen.mode == untouched.mode
    assert screen.margins == untouched.margins
    assert screen.cursor.attrs == untouched.cursor.attrs
    assert not screen.cursor.hidden


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_nothing_visible_is_lost(text: str) -> None:
    # A letter that was there is there still, in order: cleaning shows more, never less.
    letters = [char for char in text[:512] if char.isascii() and char.isalnum()]
    rest = iter(clean(text))
    assert all(letter in rest for letter in letters)


@given(st.integers(0, 60), st.text("ab\x00\u202e", max_size=80))
def test_what_is_cut_is_counted(limit: int, text: str) -> None:
    line = clean(text, limit)
    over = len(text) - limit
    assert line.endswith(f"\u2026(+{over} chars)") == (over > 0)


def test_an_attack_is_shown_not_hidden() -> None:
    assert clean("a\x1b]0;x\x07b") == "a\u241b]0;x\u2407b"
    assert clean("exe.\u202egnp") == "exe.\u2039202E\u203agnp"
    assert clean("\x9b31m") == "\u2039009B\u203a31m"
    assert clean("a\u3000b\u00a0c") == "a b c"
    assert clean("\x7f\x00") == "\u2421\u2400"


def test_ordinary_text_of_any_script_stays_itself() -> None:
    for text in ("plain", "Größe", "日本語", "עברית", "हिन्दी", "e\u0301te\u0301", "1,204 \u00b7 41 MB/min"):
        assert clean(text) == text


@settings(max_examples=200, deadline=None)
@given(hostile)
def test_lines_break_where_the_text_does(text: str) -> None:
    lines = clean_lines(text)
    for line in lines:
        assert_harmless(line)
    assert clean_lines(Untrusted(text)) == lines


def test_every_kind_of_line_break_is_one() -> None:
    assert clean_lines("a\nb\r\nc\rd\u2028e\u2029f\x85g\x0bh\x0ci") == list("abcdefghi")
    assert clean_lines("\ta") == ["    a"]
    assert clean_lines("") == [""]
    assert clean_lines("x" * 30, 10) == ["x" * 10, "\u2026(+20 chars)"]


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_a_token_is_safe_even_as_markup(text: str) -> None:
    said = token(text)
    assert said.isascii()
    assert said.isprintable() or not said
    assert not set(said) & set("[]\"'<>`\\{}")
    assert token(said) == said


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_json_is_plain_ascii_and_loses_nothing(text: str) -> None:
    written = ascii_json({"t": Untrusted(text), text: [text]})
    assert all(0x20 <= ord(char) < 0x7F for char in written)
    assert json.loads(written) == {"t": text, text: [text]}


ACCIDENTS: list[Callable[[Untrusted], Any]] = [
    str,
    lambda u: f"{u}",
    lambda u: f"{u:>10}",
    lambda u: "{}".format(u),  # noqa: UP032
    lambda u: "%s" % u,  # noqa: UP031
    lambda u: u % (),
    lambda u: "x" + u,
    lambda u: u + "x",
    lambda u: "".join(u),
    lambda u: "".join([u]),
    list,
    len,
    lambda u: u[0],
    lambda u: u[1:],
    lambda u: "a" in u,
    lambda u: str.__add__("a", u),
    lambda u: json.dumps(u),
]


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_no_accident_makes_a_string_of_it(accident: Callable[[Untrusted], Any], capsys: object) -> None:
    with pytest.raises(TypeError):
        accident(Untrusted("[/]"))


def test_it_compares_hashes_and_is_true_like_its_text() -> None:
    assert Untrusted("a") == Untrusted("a")
    assert Untrusted("a") != Untrusted("b")
    assert Untrusted("a") != "a"
    assert len({Untrusted("a"), Untrusted("a"), Untrusted("b")}) == 2
    assert not Untrusted("")
    assert Untrusted(" ")
    assert pickle.loads(pickle.dumps(Untrusted("\x1b"))).raw() == "\x1b"


def test_its_repr_can_be_logged() -> None:
    assert repr(Untrusted("\x1b]0;x\x07\n")) == "Untrusted('\\u241b]0;x\\u2407\\u240a')"
