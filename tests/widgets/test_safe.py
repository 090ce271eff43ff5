"""From untrusted text to what widgets take; and the filter below them."""

from __future__ import annotations

import pytest
import rich.markup
import textual.content
import textual.markup
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widgets import Static

from socconsole.text import Untrusted, clean, clean_lines
from socconsole.widgets import safe
from socconsole.widgets.detail import DetailPane, Section
from socconsole.widgets.footer import KeyFooter, KeyHint
from socconsole.widgets.table import Cell, Column, WindowTable
from tests.terminal.payloads import PAYLOADS
from tests.widgets.stage import OneApp, Row, Rows


@pytest.mark.parametrize("text", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_it_comes_out_as_cleaned_text_without_markup(text: str) -> None:
    evil = Untrusted(text)
    assert safe.show(evil).plain == clean(text)
    assert safe.show(evil).spans == []
    assert [span.style for span in safe.show(evil, "bold").spans] == ["bold"]
    assert safe.lines(evil).plain == "\n".join(clean_lines(text))
    assert safe.rich_text(evil).plain == clean(text)
    assert safe.rich_text(evil).spans == []


@pytest.mark.parametrize("name", ["acknowledge", "Take back", "screen.triage", "theme (dark)", "a/b:c+d,e-f_g"])
def test_names_may_go_into_a_palette(name: str) -> None:
    assert safe.palette_name(name) == name


@pytest.mark.parametrize("name", ["", " x", "[b]x", "x]", "a\x1b", "a\n", "\u202ea", "x" * 200, "a$b", "a{b}", "a\\b"])
def test_data_may_not(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        safe.palette_name(name)


def test_the_filter_removes_and_counts() -> None:
    safe.install_filter()
    before = safe.dropped()
    console = Console(color_system="truecolor", force_terminal=True)
    evil = Strip([Segment("a\x1b]0;x\x07\u202eb"), Segment("link", Style(link="https://evil.example/"))])
    assert evil.render(console) == "a]0;xblink"
    assert safe.dropped() == before + 2
    clean_strip = Strip([Segment("plain 漢字 é ✖")])
    assert clean_strip.render(console) == "plain 漢字 é ✖"
    assert safe.dropped() == before + 2
    # Taken back for the rest of the suite, where the counter has to stay as it is.
    safe._LastLine.dropped = before


async def test_no_markup_parser_ever_sees_data(monkeypatch: pytest.MonkeyPatch) -> None:
    canary = "\u2e2eCANARY"
    seen: list[str] = []

    def watch(module: object, name: str) -> None:
        original = getattr(module, name)

        def watched(markup: object, *args: object, **options: object) -> object:
            if canary in str(markup):
                seen.append(name)
            return original(markup, *args, **options)

        monkeypatch.setattr(module, name, watched)

    watch(rich.markup, "render")
    watch(textual.markup, "to_content")
    watch(textual.content, "to_content") if hasattr(textual.content, "to_content") else None
    evil = Untrusted(canary + "[@click=app.quit]x[/]")
    table = WindowTable([Column[Row]("t", "T", lambda row: Cell(evil), 20, flex=1)], Rows([("k", "x")]))
    detail, footer = DetailPane(), KeyFooter()
    app = OneApp(table, Static(safe.show(evil)), Static(safe.lines(evil)), detail, footer)
    async with app.run_test(size=(100, 30)) as pilot:
        detail.show_sections(evil, [Section("raw", [evil, [(evil, "bad")]], kept=True)])
        footer.show_keys([KeyHint("a", clean(evil))], right=clean(evil))
        app.notify(clean(evil), title=clean(evil), markup=True)
        await pilot.pause()
        assert any(canary in line for line in table.painted_text)
        assert any(canary in line for line in detail.painted_text)
        assert seen == []
        # The oracle itself: a str in a stock widget is parsed.
        await app.screen.mount(Static(canary + " [b]x[/b]"))
        await pilot.pause()
        assert seen
