"""CloudWatch alarms (being written)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud


class Alarms:
    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def minutes(self, began: float, until: float) -> Iterator[float]:
        return iter(())

    def evaluate(self) -> None:
        return
