"""Fewer bytes, the same picture: our rendering of a line against Textual's, on a terminal."""

from __future__ import annotations

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from socconsole.widgets import ansi

colors = st.sampled_from([None, "default", "#ff0000", "#00ff7f", "#102030", "red", "color(200)"])
styles = st.builds(
    Style,
    color=colors,
    bgcolor=colors,
    bold=st.sampled_from([None, True, False]),
    italic=st.sampled_from([None, True]),
    underline=st.sampled_from([None, True]),
    reverse=st.sampled_from([None, True]),
)
lines = st.lists(st.tuples(st.text("ab ✖", max_size=5), st.one_of(st.none(), styles)), max_size=8)


def picture(sequence: str) -> list[object]:
    screen = pyte.Screen(60, 1)
    pyte.Stream(screen).feed(sequence + "|")
    cells = [screen.buffer[0][x] for x in range(60)]
    return [cell if cell.data != " " or cell.reverse or cell.underscore else ("blank", cell.bg) for cell in cells]


def textuals_own(segments: list[Segment]) -> str:
    return "".join(
        text if style is None else Strip.render_style(style, text, color_system=ColorSystem.TRUECOLOR)
        for text, style, _ in segments
        if text
    )


@settings(max_examples=300, deadline=None)
@given(lines)
def test_the_picture_is_the_same_and_no_longer(parts: list[tuple[str, Style | None]]) -> None:
    segments = [Segment(text, style) for text, style in parts]
    ours, theirs = ansi.render(segments, ColorSystem.TRUECOLOR), textuals_own(segments)
    assert picture(ours) == picture(theirs)
    # "0;" takes the place of a whole reset; a default colour may be named where Textual resets to it.
    assert len(ours) <= len(theirs) + 3 * len(segments)


def test_a_background_is_said_once() -> None:
    back = "#102030"
    segments = [Segment("a", Style(color="#ff0000", bgcolor=back)), Segment("b", Style(color="#00ff00", bgcolor=back))]
    assert ansi.render(segments, ColorSystem.TRUECOLOR) == (
        "\x1b[38;2;255;0;0;48;2;16;32;48ma\x1b[38;2;0;255;0mb\x1b[0m"
    )


def test_a_blank_says_no_more_than_its_ground() -> None:
    on = "on #102030"
    segments = [Segment("a", Style.parse(f"bold red {on}")), Segment("  ", Style.parse(f"green {on}"))]
    assert ansi.render(segments, ColorSystem.TRUECOLOR) == "\x1b[1;31;48;2;16;32;48ma  \x1b[0m"
    underlined = [Segment("a", Style.parse("red")), Segment(" ", Style.parse("underline red"))]
    assert ansi.render(underlined, ColorSystem.TRUECOLOR) == "\x1b[31ma\x1b[4m \x1b[0m"


def test_an_attribute_goes_without_a_word_about_the_colours() -> None:
    segments = [Segment("a", Style.parse("bold #ff0000 on #102030")), Segment("b", Style.parse("#ff0000 on #102030"))]
    assert "\x1b[22mb" in ansi.render(segments, ColorSystem.TRUECOLOR)
