"""All actions, by id: every file in ``actions``, and the runbooks that the configuration declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Final, Protocol, runtime_checkable

from socconsole.config import Config
from socconsole.model.action import Plan
from socconsole.response import actions, runbook
from socconsole.response.base import Action


def _found() -> Iterator[Action]:
    for module in sorted(info.name for info in iter_modules(actions.__path__)):
        found = import_module(f"{actions.__name__}.{module}")
        yield from found.ACTIONS if hasattr(found, "ACTIONS") else (found.ACTION,)


ACTIONS: Final[Mapping[str, Action]] = {action.info.id: action for action in _found()}


@runtime_checkable
class Configured(Protocol):
    """An action to which the configuration says something; as it stands in :data:`ACTIONS` it has the defaults."""

    def configured(self, config: Config) -> Action:
        """The same with what ``config`` says. What is on record is read back and undone without it."""
        ...


def known(config: Config) -> Mapping[str, Action]:
    """What can be done with this configuration."""
    told = {id_: one.configured(config) for id_, one in ACTIONS.items() if isinstance(one, Configured)}
    return {**ACTIONS, **told, **runbook.declared(config, config.who)}


def of(plan: Plan) -> Action | None:
    """The action of a plan on record, whatever the configuration says now; None for one of a later version."""
    if plan.action in ACTIONS:
        return ACTIONS[plan.action]
    return runbook.recorded(plan) if plan.action.startswith(runbook.PREFIX) else None
