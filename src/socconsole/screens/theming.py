"""Which theme is shown: the configuration's, or what the analyst chose over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socconsole.store.session import Session
from socconsole.text import clean
from socconsole.widgets.themes import Themes

if TYPE_CHECKING:
    from socconsole.config import Config


class ThemeChoice:
    """``chosen`` is empty while the theme is the configuration's."""

    def __init__(self, themes: Themes, config: Config, kept: Session) -> None:
        self._themes = themes
        self.configured = _configured(themes, config)
        # What the analyst chose last stands for as long as the configuration says what it said then.
        self.chosen = kept.theme if kept.theme in themes.themes and kept.theme_over == self.configured else ""

    @property
    def name(self) -> str:
        return self.chosen or self.configured

    def choose(self, name: str) -> str:
        """Take a theme by its name, the next one without, the configuration's by ``-``; what to say of it."""
        if name == "-":
            self.chosen = ""
            return f"theme {self.name}, as configured"
        if name and name not in self._themes.themes:
            return f"no theme {clean(name, 40)}; there are {', '.join(sorted(self._themes.themes))}"
        self.chosen = name or self._themes.after(self.name)
        return f"theme {self.name}; kept for this state folder (:theme - gives it back to the configuration)"


def _configured(themes: Themes, config: Config) -> str:
    """The first account's own, so that production looks like production; else that of all."""
    named = (config.accounts[0].theme if config.accounts else None, config.theme)
    return next((name for name in named if name is not None and name in themes.themes), next(iter(themes.themes)))
