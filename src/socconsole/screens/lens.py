"""One of the several lists that a screen shows in turn: what it reads, and how a row of it looks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from socconsole.screens.desk import Desk
from socconsole.store.db import Connection
from socconsole.store.posture_trust import Trust
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Column

Row = TypeVar("Row")


class Lens(ABC, Generic[Row]):
    id: ClassVar[str]
    title: ClassVar[str]
    """Before what is said of the rows."""
    nothing: ClassVar[str]
    """What there is none of, in the plural, for an empty list that is to be believed."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @abstractmethod
    def read(self, conn: Connection, trusted: Trust, since: datetime) -> tuple[Row, ...]:
        """All rows in their order. In a thread."""

    @abstractmethod
    def columns(self) -> Sequence[Column[Row]]:
        """As ``ListScreen.columns``."""

    @abstractmethod
    def key(self, row: Row) -> str: ...

    @abstractmethod
    def said(self, row: Row) -> str:
        """What of a row a filter's words are looked for in."""

    @abstractmethod
    def summary(self, rows: Sequence[Row], since: datetime) -> str:
        """Of all rows, in a few words."""

    @abstractmethod
    def detail(self, row: Row, trusted: Trust) -> tuple[Body, list[Section]]:
        """As ``ListScreen.detail``."""

    @abstractmethod
    def exported(self, row: Row) -> Mapping[str, Any]:
        """A row as plain values."""
