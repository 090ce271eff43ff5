"""Cutting by cells, laying out columns, and finding what changed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from socconsole.text import clean
from socconsole.widgets.detail import wrap
from socconsole.widgets.painted import spread, width_of
from socconsole.widgets.rows import Cell, Column, Line, changed_span, fill, fit, fit_ends, layout, merge

texts = st.text("abc  漢字é✖\u0301", max_size=30).map(lambda text: clean(text))
names = st.sampled_from(["text", "quiet", "bad", "banner"])
runs = st.lists(st.tuples(texts, names), max_size=6).map(merge)


@given(texts, st.integers(0, 40), st.sampled_from(["left", "right"]))
def test_fit_is_exact(text: str, width: int, align: str) -> None:
    out = fit(text, width, "…", align)  # type: ignore[arg-type]
    assert cell_len(out) == width
    assert ("…" in out) == (cell_len(text) > width > 0)


@given(runs, st.integers(0, 60))
def test_fill_is_exact(line: Line, width: int) -> None:
    assert width_of(fill(line, width)) == width


@given(runs)
def test_merging_keeps_the_text(line: Line) -> None:
    again = merge(line)
    assert "".join(text for text, _ in again) == "".join(text for text, _ in line)
    assert all(a[1] != b[1] for a, b in pairwise(again))


def test_a_background_ends_with_its_text() -> None:
    line = fill(merge([(" READ ", "mode-read"), ("  ", "text"), ("x", "text")]), 20)
    assert line[0] == (" READ ", "mode-read")
    assert fill(((" DRILL ", "banner"),), 20)[0] == (" DRILL ", "banner")


@settings(max_examples=300)
@given(runs, runs, st.integers(1, 40))
def test_repainting_the_changed_span_gives_the_new_line(old: Line, new: Line, width: int) -> None:
    old, new = fill(old, width), fill(new, width)
    span = changed_span(old, new)
    if span is None:
        assert old == new
        return
    first, end = span
    assert 0 <= first < end <= width
    screen = cells(old)
    screen[first:end] = cells(new)[first:end]
    assert screen == cells(new)


def cells(line: Line) -> list[tuple[str, str]]:
    """One entry a cell: its character with the marks on it, and its style."""
    out: list[tuple[str, str]] = []
    for text, style in line:
        for char in text:
            size = cell_len(char)
            if size == 0 and out:
                out[-1] = (out[-1][0] + char, out[-1][1])
            out += [(char, style)] * size
    return out


def test_the_span_is_tight() -> None:
    assert changed_span((("abcdef", "text"),), (("abXdef", "text"),)) == (2, 3)
    assert changed_span((("abc", "text"),), (("abc", "text"),)) is None
    assert changed_span((("abc", "text"),), (("abc", "bad"),)) == (0, 3)


def test_two_ends_tell_names_apart_that_begin_alike() -> None:
    ids = ("haiku-20240307-v1:0", "sonnet-20240229-v1:0", "5-sonnet-20240620-v1:0", "5-sonnet-20241022-v2:0")
    for width in range(16, 50):
        assert len({fit_ends(f"anthropic.claude-3-{one}", width, "…") for one in ids}) == len(ids)
    for width in range(1, 50):
        assert cell_len(fit_ends("日本語のモデル-claude-v2:0 日本語", width, "…")) == width


def column(name: str, width: int, flex: int = 0, priority: int = 50) -> Column[str]:
    return Column(name, name, lambda row: Cell(row), width, flex, priority)


def test_what_is_left_over_goes_to_those_that_flex() -> None:
    placed = layout([column("a", 4), column("b", 5, flex=2), column("c", 5, flex=1)], 40)
    assert [width for _, width in placed] == [4, 5 + 16, 5 + 8]


def test_the_least_wanted_go_first() -> None:
    columns = [column("a", 10, priority=9), column("b", 10, priority=1), column("c", 10, priority=5)]
    assert [c.id for c, _ in layout(columns, 32)] == ["a", "b", "c"]
    assert [c.id for c, _ in layout(columns, 31)] == ["a", "c"]
    assert [(c.id, w) for c, w in layout(columns, 4)] == [("a", 4)]


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 3), st.integers(0, 99)), min_size=1, max_size=8))
@pytest.mark.parametrize("width", [1, 20, 80])
def test_columns_always_fit(width: int, made: list[tuple[int, int, int]]) -> None:
    columns = [column(str(i), w, f, p) for i, (w, f, p) in enumerate(made)]
    placed = layout(columns, width)
    assert placed
    assert sum(w for _, w in placed) + len(placed) - 1 <= width
    assert [c.id for c, _ in placed] == sorted((c.id for c, _ in placed), key=int)


@settings(max_examples=200)
@given(runs, st.integers(1, 30))
def test_wrapping_loses_nothing_but_blanks(line: Line, width: int) -> None:
    wrapped = wrap(line, width)
    solid = "".join(text for text, _ in line).replace(" ", "")
    assert "".join(text for part in wrapped for text, _ in part).replace(" ", "") == solid
    # A wide character cannot be halved, so a column of one cell may run over by one.
    assert all(width_of(part) <= max(width, 2) for part in wrapped)


def test_words_stay_whole_where_they_can() -> None:
    assert wrap((("one two three", "text"),), 7) == [(("one two", "text"),), (("three", "text"),)]


@given(runs, runs, st.integers(0, 60))
def test_spread_is_exact(left: Line, right: Line, width: int) -> None:
    assert width_of(spread(left, right, width)) == width
