"""Which AWS, if any, a state folder belongs to; and places inside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One account in one region. Both are tokens."""

    account: str
    region: str


class WorldKind(StrEnum):
    LIVE = "live"
    DRILL = "drill"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class DrillWorld:
    """What every process needs to derive scenario time and reach the embedded AWS."""

    scenario: str
    seed: int
    port: int
    started: datetime
    """Host clock at the scenario's time zero."""
    speed: float

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class World:
    """Written as the ledger's first entry; a folder never changes its world."""

    kind: WorldKind
    partition: str = "aws"
    accounts: tuple[str, ...] = ()
    drill: DrillWorld | None = None
