"""The palette: the registry's commands by name, and nothing that Textual would add of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from socconsole.commands import COMMANDS, Command
from socconsole.screens.base import ConsoleScreen
from socconsole.widgets.safe import palette_name


class RegistryProvider(Provider):
    """Only what means something on the screen below; what cannot be done now says why."""

    async def discover(self) -> Hits:
        for screen, command, text, help_ in self._commands():
            yield DiscoveryHit(Content(text), partial(screen.perform, command), text, help_)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for screen, command, text, help_ in self._commands():
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, Content(text), partial(screen.perform, command), text, help_)

    def _commands(self) -> Iterator[tuple[ConsoleScreen, Command, str, str]]:
        screen = self.screen
        if not isinstance(screen, ConsoleScreen):
            return
        for command in COMMANDS:
            if command.id == "palette" or not screen.knows(command):
                continue
            why = screen.why_not(command)
            help_ = f"not now: {why}" if why else command.help
            key = screen.desk.keymap.label(command.id)
            yield screen, command, palette_name(command.title), f"{key}  {help_}".strip()


class Palette(CommandPalette):
    """Opaque and without a dimmed copy of the screen below: a tenth of the bytes on a slow link."""

    DEFAULT_CSS = """
    Palette { background: $background; }
    Palette > Vertical { background: $surface; }
    """

    def __init__(self) -> None:
        super().__init__(providers=[RegistryProvider], placeholder="a command's name")
