"""A frame in fewer bytes is the same frame: ours against Textual's own, on a terminal."""

from __future__ import annotations

import itertools

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from socconsole.widgets import safe
from socconsole.widgets.exact import exact
from socconsole.widgets.table import WindowTable
from tests.widgets.stage import COLUMNS, OneApp, numbered

WIDTH, HEIGHT = 24, 3
CONSOLE = Console(color_system="truecolor", force_terminal=True)

styles = st.builds(
    Style,
    color=st.sampled_from(["#ff0000", "#00ff7f", "#c8d1dc"]),
    bgcolor=st.sampled_from([None, "#0d1219", "#102030"]),
    bold=st.sampled_from([None, True]),
    underline=st.sampled_from([None, True]),
)


@st.composite
def chops(draw: st.DrawFn) -> tuple[dict[int, Strip], list[int]]:
    """A line of widgets beside each other: where each begins, what it shows; where each ends."""
    cuts = sorted({0, WIDTH, *draw(st.lists(st.integers(1, WIDTH - 1), max_size=3))})
    out = {}
    for begin, end in itertools.pairwise(cuts):
        text = draw(st.text("ab ✖|", min_size=end - begin, max_size=end - begin))
        at = draw(st.integers(0, len(text)))
        out[begin] = Strip([Segment(text[:at], draw(styles)), Segment(text[at:], draw(styles))])
    return out, cuts[1:]


def screen_after(*updates: CompositorUpdate) -> list[object]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    for update in updates:
        pyte.Stream(screen).feed(update.render_segments(CONSOLE))
    cells = [screen.buffer[y][x] for y in range(HEIGHT) for x in range(WIDTH)]
    return [cell if cell.data != " " or cell.underscore else ("blank", cell.bg) for cell in cells]


def ours(update: CompositorUpdate) -> CompositorUpdate:
    made = exact(update)  # type: ignore[arg-type]
    assert isinstance(made, CompositorUpdate)
    return made


@settings(max_examples=150, deadline=None)
@given(
    st.lists(chops(), min_size=HEIGHT, max_size=HEIGHT),
    st.lists(
        st.tuples(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH), st.integers(0, WIDTH)), min_size=1, max_size=5
    ),
)
def test_spans_show_what_textuals_update_shows_and_touch_nothing_else(
    lines: list[tuple[dict[int, Strip], list[int]]], asked: list[tuple[int, int, int]]
) -> None:
    safe.install_filter()
    spans = [(y, min(a, b), max(a, b)) for y, a, b in asked]
    update = ChopsUpdate([line for line, _ in lines], spans, [ends for _, ends in lines])
    whole = [(y, 0, WIDTH) for y in range(HEIGHT)]
    everything = ChopsUpdate(update.chops, whole, update.chop_ends)
    # On the finished picture the spans change nothing; on an empty screen they paint their cells alone.
    assert screen_after(everything, ours(update)) == screen_after(everything) == screen_after(ours(everything))
    inside = {(y, x) for y, first, end in spans for x in range(first, end)}
    finished, empty, painted = screen_after(everything), screen_after(), screen_after(ours(update))
    for place, (full, blank, found) in enumerate(zip(finished, empty, painted, strict=True)):
        assert found == (full if divmod(place, WIDTH) in inside else blank)


def test_a_full_frame_is_the_same_picture() -> None:
    safe.install_filter()
    line = [Strip([Segment("one ", Style.parse("red"))]), Strip([Segment("two", Style.parse("bold red on blue"))])]
    update = LayoutUpdate([line, line[::-1]], Region(2, 1, 7, 2))
    assert screen_after(ours(update)) == screen_after(update)


async def test_of_a_widget_only_the_lines_near_a_change_are_rendered() -> None:
    table, other = WindowTable(COLUMNS, numbered(50)), WindowTable(COLUMNS, numbered(50))
    rendered: list[tuple[int, int]] = []
    async with OneApp(table, other).run_test(size=(40, 40)) as pilot:
        for widget in (table, other):

            def render_lines(crop: Region, widget: WindowTable[tuple[str, str]] = widget) -> list[Strip]:
                rendered.append((crop.y, crop.height))
                return WindowTable.render_lines(widget, crop)

            widget.render_lines = render_lines  # type: ignore[method-assign]
        table.focus()
        rendered.append((0, 0))
        while rendered:  # until a pause goes by in which nothing is painted any more
            rendered.clear()
            await pilot.pause(0.1)
        await pilot.press("down")
        await pilot.pause()
        assert table.cursor == 1
        assert rendered, "nothing was painted"
        # The two rows by themselves; a machine that is behind may paint the whole once more besides.
        near = {y for first, count in rendered if count <= 2 for y in range(first, first + count)}
        assert near == {1, 2}


def test_a_second_that_passes_costs_its_cells() -> None:
    safe.install_filter()
    header = Strip([Segment("TRIAGE 12:00:0", Style.parse("#c8d1dc on #0d1219")), Segment("1", Style.parse("#c8d1dc"))])
    update = ChopsUpdate([{0: header}], [(0, 14, 15)], [[15]])
    assert ours(update).render_segments(CONSOLE) == "\x1b[1;15H\x1b[38;2;200;209;220m1\x1b[0m"


def test_what_no_terminal_should_get_is_filtered_here_too() -> None:
    safe.install_filter()
    before = safe.dropped()
    update = ChopsUpdate([{0: Strip([Segment("a\x1b]52;c;x\x07b", Style())])}], [(0, 0, 12)], [[12]])
    assert "\x1b]" not in ours(update).render_segments(CONSOLE)
    assert safe.dropped() == before + 1
