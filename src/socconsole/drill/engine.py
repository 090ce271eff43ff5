"""Plays a scenario's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socconsole.drill.scenario import Scenario

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud


class Engine:
    def __init__(self, cloud: Cloud, scenario: Scenario, variables: dict[str, str]) -> None:
        self.cloud, self.scenario, self.variables = cloud, scenario, variables

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def skip(self, seconds: float) -> None: ...
