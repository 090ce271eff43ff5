"""Themes: ours are complete and legible, a user's broken one is a sentence and not a crash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.color import Color

from socconsole.widgets.table import WindowTable
from socconsole.widgets.themes import VARIABLES, ThemeError, load_themes, packaged, read_theme
from tests.widgets.stage import COLUMNS, OneApp, numbered

OURS = load_themes()
NAMES = sorted(OURS.themes)
ON_BACKGROUND = [name for name in VARIABLES if name.startswith(("severity-", "state-", "text-"))] + ["mark"]
PAIRS = [
    ("cursor-foreground", "cursor-background"),
    ("bar-foreground", "bar-background"),
    ("text-quiet", "bar-background"),
    ("state-bad", "bar-background"),
    ("state-warn", "bar-background"),
    ("banner-foreground", "banner-background"),
    ("mode-foreground", "mode-read"),
    ("mode-foreground", "mode-triage"),
    ("mode-foreground", "mode-respond"),
]


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""
    a, b = sorted((luminance(one), luminance(other)), reverse=True)
    return (a + 0.05) / (b + 0.05)


def luminance(color: str) -> float:
    parts = [part / 255 for part in Color.parse(color).rgb]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_promised_themes_are_there() -> None:
    assert {"dark", "light", "high-contrast", "colour-safe", "mono"} <= set(NAMES)
    assert OURS.problems == ()
    assert OURS.after(NAMES[-1]) == NAMES[0]
    assert OURS.after("gone") == NAMES[0]


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_legible(name: str) -> None:
    theme = OURS.themes[name]
    least = 7.0 if name == "high-contrast" else 4.5
    said = {**theme.variables, "background": str(theme.background), "foreground": str(theme.foreground)}
    pairs = [(v, "background") for v in [*ON_BACKGROUND, "foreground"]] + PAIRS
    poor = {pair: round(contrast(said[pair[0]], said[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < least} == {}


@pytest.mark.parametrize("name", NAMES)
async def test_it_can_be_put_on(name: str) -> None:
    table = WindowTable(COLUMNS, numbered(3))
    app = OneApp(table)
    async with app.run_test(size=(40, 6)) as pilot:
        app.register_theme(OURS.themes[name])
        app.theme = name
        await pilot.pause()
        assert table.line_style("critical").color is not None
        wanted = Color.parse(OURS.themes[name].variables["severity-critical"])
        assert table.line_style("critical").color == wanted.rich_color


async def test_another_theme_repaints_what_it_colours() -> None:
    table = WindowTable(COLUMNS, numbered(3))
    app = OneApp(table)
    ours = OURS.themes["dark"]
    other = replace(ours, name="other", variables={**ours.variables, "text-quiet": "#123456"})
    async with app.run_test(size=(40, 6)) as pilot:
        app.register_theme(ours)
        app.register_theme(other)
        app.theme = "dark"
        await pilot.pause()

        def quiet() -> set[str]:
            """The colours that the key of the second row is painted in."""
            strips = app.screen._compositor.render_strips()
            return {str(s.style.color.name) for s in strips[2] if s.text.strip() == "k1" and s.style and s.style.color}

        assert quiet() == {ours.variables["text-quiet"].lower()}
        app.theme = "other"  # differs in nothing that the widget itself is styled with
        await pilot.pause()
        assert quiet() == {"#123456"}


def text_of(name: str = "dark") -> str:
    return packaged().joinpath(f"{name}.toml").read_text(encoding="utf-8")


def test_a_users_theme_replaces_ours_and_a_broken_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text_of().replace('name = "dark"', 'name = "mine"'))
    (tmp_path / "dark.toml").write_text(text_of("light").replace('name = "light"', 'name = "dark"'))
    (tmp_path / "broken.toml").write_text("name = [")
    (tmp_path / "big.toml").write_text("#" * 100_000)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    themes = load_themes(tmp_path)
    assert "mine" in themes.themes
    assert not themes.themes["dark"].dark
    assert len(themes.problems) == 3
    assert load_themes(tmp_path / "nowhere").problems == ()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("dark = true", 'dark = "yes"'), "dark"),
        (('name = "dark"', 'name = "Dark Side"'), "name"),
        (('primary = "#5b9bd9"', 'primary = "#5b9bd"'), "colors.primary"),
        (('primary = "#5b9bd9"', "primary = 5"), "colors.primary"),
        (('primary = "#5b9bd9"\n', ""), "colors.primary"),
        (("severity-low", "severity-lowest"), "variables.severity-lowest"),
        (("[variables]", "[other]"), "other"),
    ],
)
def test_it_names_file_and_key(change: tuple[str, str], key: str) -> None:
    assert change[0] in text_of()
    with pytest.raises(ThemeError) as caught:
        read_theme(text_of().replace(*change), "mine.toml")
    assert (caught.value.where, caught.value.key) == ("mine.toml", key)
    assert str(caught.value).startswith(f"mine.toml: {key}: ")
