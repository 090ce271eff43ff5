"""The palette: the registry's commands by name, and nothing that Textual would add of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Final

from textual import events, on, work
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widgets import Input, OptionList

from socconsole.commands import COMMANDS, Command
from socconsole.screens.base import ConsoleScreen
from socconsole.widgets.safe import palette_name

_NO_MARKUP: Final = str.maketrans("[]", "()")


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
            # Textual reads this as markup, and a refusal may quote AWS.
            yield screen, command, palette_name(_named(command)), f"{key}  {help_}".strip().translate(_NO_MARKUP)


def _named(command: Command) -> str:
    """The title, and the word after ``:`` where the title does not hold it: who knows only that finds it by that."""
    verb = command.verb
    return f"{command.title} (:{verb})" if verb and verb not in command.title.lower() else command.title


class Palette(CommandPalette):
    """Opaque and without a dimmed copy of the screen below: a tenth of the bytes on a slow link."""

    DEFAULT_CSS = """
    Palette { background: $background; }
    Palette > Vertical { background: $surface; }
    """

    def __init__(self) -> None:
        super().__init__(providers=[RegistryProvider], placeholder="a command's name")

    # Keys can close it, or move in it, before it is built and while it goes; Textual's own code does not expect that.

    def _on_mount(self, event: events.Mount) -> None:
        if self not in self.app.screen_stack:
            event.prevent_default()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self not in self.app.screen_stack:
            return False
        return action == "escape" or self.query_one_optional(CommandList) is not None

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _chosen(self, event: Input.Submitted | OptionList.OptionSelected) -> None:
        """A second Enter behind the one that closed it would close the screen below and do the command again."""
        if self not in self.app.screen_stack:
            event.stop()
            event.prevent_default()

    def _action_command_list(self, action: str) -> None:
        with suppress(KeyError):  # a page up or down in a list that is filled but not laid out yet
            super()._action_command_list(action)

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)
    async def _gather_commands(self, search_value: str) -> None:
        """As Textual does it, unless nobody waits for it any more."""
        gather: Callable[[CommandPalette, str], Awaitable[None]] = vars(CommandPalette)["_gather_commands"].__wrapped__
        with suppress(Exception):  # a list of names that could not be filled must not end the console: it stays empty
            await gather(self, search_value)
