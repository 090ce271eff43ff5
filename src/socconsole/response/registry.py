"""All actions, by id: every file in ``actions``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from socconsole.response import actions
from socconsole.response.base import Action


def _found() -> Iterator[Action]:
    for module in sorted(info.name for info in iter_modules(actions.__path__)):
        found = import_module(f"{actions.__name__}.{module}")
        yield from found.ACTIONS if hasattr(found, "ACTIONS") else (found.ACTION,)


ACTIONS: Final[Mapping[str, Action]] = {action.info.id: action for action in _found()}
