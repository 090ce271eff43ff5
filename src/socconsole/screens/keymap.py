"""Which key means which command on which screen, after the config's remapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from socconsole.commands import BY_ID, COMMANDS, Command

RESERVED: Final = frozenset({"ctrl+c", "ctrl+p", "ctrl+q", "ctrl+s", "ctrl+z"})
"""Keys that terminals, shells or Textual give a meaning of their own: never a command's."""

_SHOWN: Final = {
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "asterisk": "*",
    "escape": "esc",
    "full_stop": ".",
    "comma": ",",
    "semicolon": ";",
    "minus": "-",
    "underscore": "_",
    "plus": "+",
    "at": "@",
    "number_sign": "#",
}


class KeymapError(ValueError):
    """A remapping that would leave two meanings on one key, or take a reserved one."""


class Keymap:
    """Built once at start. ``remapped`` maps a command's id to the keys it gets instead of its own."""

    def __init__(self, remapped: Mapping[str, Sequence[str]] | None = None) -> None:
        remapped = remapped or {}
        for id_ in remapped:
            if id_ not in BY_ID:
                raise KeymapError(f"no command has the id {id_!r}")
        self._keys = {c.id: tuple(remapped.get(c.id, c.keys)) for c in COMMANDS}
        self._commands: dict[str, list[Command]] = {}
        for command in COMMANDS:
            for key in self._keys[command.id]:
                if key in RESERVED:
                    raise KeymapError(f"{key} cannot be a command's key ({command.id})")
                for other in self._commands.get(key, ()):
                    if not command.screens or not other.screens or {*command.screens} & {*other.screens}:
                        raise KeymapError(f"{key} is both {other.id} and {command.id}")
                self._commands.setdefault(key, []).append(command)

    def command(self, key: str, screen: str) -> Command | None:
        """What ``key`` means on ``screen``, whether or not it can be done now."""
        for command in self._commands.get(key, ()):
            if not command.screens or screen in command.screens:
                return command
        return None

    def keys(self, id_: str) -> tuple[str, ...]:
        return self._keys[id_]

    def label(self, id_: str) -> str:
        """The first key as it is written on a keyboard; empty where there is none."""
        keys = self._keys[id_]
        return shown(keys[0]) if keys else ""

    @property
    def acting(self) -> frozenset[str]:
        """The keys that the paste guard holds back."""
        return frozenset(key for c in COMMANDS if c.acting for key in self._keys[c.id])


def shown(key: str) -> str:
    """A Textual key name as an analyst reads it."""
    return _SHOWN.get(key, key)
