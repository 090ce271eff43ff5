"""Themes from TOML: ours in ``themes/``, a user's own in the config folder.

A theme file::

    name = "night"
    dark = true
    [colors]        # the keys of textual.theme.Theme: primary, foreground, background, surface, panel …
    [variables]     # every name in VARIABLES; nothing else

Strict: an unknown key, a missing one or a value that is no colour is a problem that names file and key. A
user's broken theme never keeps the console from starting; the problem is shown instead.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from textual.color import Color, ColorParseError
from textual.theme import Theme

FALLBACK_VARIABLES: Final[Mapping[str, str]] = {
    "severity-critical": "#ff5f6d",
    "severity-high": "#ff9e64",
    "severity-medium": "#e8c468",
    "severity-low": "#6cb6ff",
    "severity-info": "#8b98a9",
    "state-good": "#63c58b",
    "state-warn": "#e8c468",
    "state-bad": "#ff5f6d",
    "state-off": "#8b98a9",
    "text-quiet": "#8b98a9",
    "text-strong": "#ffffff",
    "cursor-background": "#2b4a75",
    "cursor-foreground": "#ffffff",
    "mark": "#c9a6ff",
    "bar-background": "#171d26",
    "bar-foreground": "#c5cfdb",
    "rule": "#3a4554",
    "mode-read": "#3a4554",
    "mode-triage": "#1f5f8b",
    "mode-respond": "#b3261e",
    "mode-foreground": "#ffffff",
    "banner-background": "#7a4fbf",
    "banner-foreground": "#ffffff",
}
"""What every theme defines, with the values that stand in when one does not (Textual's own themes)."""

VARIABLES: Final = tuple(FALLBACK_VARIABLES)

_COLORS: Final = (
    "primary",
    "secondary",
    "accent",
    "warning",
    "error",
    "success",
    "foreground",
    "background",
    "surface",
    "panel",
)
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_SIZE_LIMIT: Final = 64 * 1024


class ThemeError(Exception):
    """A theme file that cannot be used: ``where`` (file), ``key``, ``message``."""

    def __init__(self, where: str, key: str, message: str) -> None:
        super().__init__(f"{where}: {key}: {message}" if key else f"{where}: {message}")
        self.where = where
        self.key = key
        self.message = message


@dataclass(frozen=True, slots=True)
class Themes:
    """All usable themes by name (a user's own replace ours), and what was wrong with the others."""

    themes: Mapping[str, Theme]
    problems: tuple[str, ...]

    def after(self, name: str) -> str:
        """The theme that follows ``name``, round and round."""
        names = sorted(self.themes)
        return names[(names.index(name) + 1) % len(names)] if name in names else names[0]


def packaged() -> Path:
    """Our themes: inside the installed package, or beside ``src`` in a working tree."""
    here = Path(__file__).resolve()  # importlib.resources would bring zipfile and more before the first frame
    inside = here.parents[1] / "themes"
    return inside if inside.is_dir() else here.parents[3] / "themes"


def read_theme(text: str, where: str) -> Theme:
    """Parse one theme. Raises :class:`ThemeError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ThemeError(where, "", str(error)) from error
    for key in document:
        if key not in ("name", "dark", "colors", "variables"):
            raise ThemeError(where, key, "unknown key")
    name = document.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ThemeError(where, "name", "needs lower-case letters, digits and dashes, at most 32")
    dark = document.get("dark")
    if not isinstance(dark, bool):
        raise ThemeError(where, "dark", "needs true or false")
    colors = _colors(document.get("colors"), where, "colors", _COLORS)
    variables = _colors(document.get("variables"), where, "variables", VARIABLES)
    return Theme(name=name, dark=dark, variables=variables, **colors)


def _colors(table: Any, where: str, section: str, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise ThemeError(where, section, "needs a table")
    for key in table:
        if key not in names:
            raise ThemeError(where, f"{section}.{key}", f"unknown; known are {', '.join(names)}")
    for key in names:
        if key not in table:
            raise ThemeError(where, f"{section}.{key}", "missing")
        value = table[key]
        if not isinstance(value, str):
            raise ThemeError(where, f"{section}.{key}", "needs a colour as a string")
        try:
            Color.parse(value)
        except ColorParseError as error:
            raise ThemeError(where, f"{section}.{key}", "is no colour (write #rrggbb)") from error
    return {key: table[key] for key in names}


def load_themes(user_dir: Path | None = None) -> Themes:
    """Our themes and the user's. Ours are part of the program: a broken one raises :class:`ThemeError`."""
    themes: dict[str, Theme] = {}
    for entry in _toml_files(packaged()):
        theme = read_theme(entry.read_text(encoding="utf-8"), entry.name)
        themes[theme.name] = theme
    problems: list[str] = []
    for entry in _toml_files(user_dir) if user_dir is not None and user_dir.is_dir() else ():
        try:
            theme = read_theme(_bounded(entry), str(entry))
        except (ThemeError, OSError, UnicodeDecodeError) as error:
            problems.append(str(error))
        else:
            themes[theme.name] = theme
    return Themes(themes, tuple(problems))


def _bounded(entry: Path) -> str:
    with entry.open("rb") as file:
        data = file.read(_SIZE_LIMIT + 1)
    if len(data) > _SIZE_LIMIT:
        raise ThemeError(str(entry), "", f"is larger than {_SIZE_LIMIT:,} bytes")
    return data.decode("utf-8")


def _toml_files(folder: Path) -> Iterator[Path]:
    return iter(sorted((e for e in folder.iterdir() if e.name.endswith(".toml")), key=lambda e: e.name))
