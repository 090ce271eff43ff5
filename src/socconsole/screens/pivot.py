"""Pivots: what a finding or an event names, how much is kept under each of those names, and all of it by time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from socconsole.commands import Command
from socconsole.model.entity import Entity, EntityKind
from socconsole.screens import opening, words
from socconsole.screens.acts import pivot_named
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.listing import ListScreen
from socconsole.screens.reader import ReadScreen
from socconsole.screens.renewed import Filtered, Renewed
from socconsole.store import pivot, trail
from socconsole.store.db import Connection
from socconsole.store.pivot import COUNTED, Held, Horizon, Moment
from socconsole.text import Untrusted, ascii_json, clean
from socconsole.widgets.columns import severity_cell
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource

Row = TypeVar("Row")

KINDS: Mapping[EntityKind, str] = {
    EntityKind.KEY: "access key",
    EntityKind.SESSION: "session",
    EntityKind.USER: "user",
    EntityKind.ROLE: "role",
    EntityKind.ADDRESS: "address",
    EntityKind.BUCKET: "bucket",
    EntityKind.INSTANCE: "instance",
    EntityKind.RESOURCE: "resource",
    EntityKind.ACCOUNT: "account",
    EntityKind.DOMAIN: "domain",
}


@dataclass(frozen=True, slots=True)
class Looked(Generic[Row]):
    """What was found under names, and within what was looked. ``cut``: there is more than is shown."""

    rows: tuple[Row, ...]
    horizon: Horizon
    cut: bool = False


def rows_of(looked: Looked[Row] | None) -> tuple[Row, ...]:
    return looked.rows if looked is not None else ()


def within(looked: Looked[Any] | None, desk: Desk) -> str:
    """Within what was looked, in words: what is not kept may still have happened. Empty before anything was."""
    if looked is None:
        return ""
    horizon = looked.horizon
    blind = f"; the trail of {', '.join(horizon.missing)} is not read" if horizon.missing else ""
    if not horizon.events:
        return f"within findings: no trail events are kept{blind}"
    some = f"{COUNTED:,} or more" if horizon.events >= COUNTED else f"{horizon.events:,}"
    if horizon.since is None:
        return f"within {some} trail events that were told or imported{blind}"
    read = words.plural(len(horizon.accounts), "account")
    return f"within {some} trail events, {read} read since {desk.stamp(horizon.since)}{blind}"


class PivotScreen(ListScreen[Held]):
    """The names in a finding or an event, and how much is kept under each."""

    place: ClassVar[str] = "pivot"
    titled: ClassVar[str] = "Pivot"
    footer_ids: ClassVar[tuple[str, ...]] = ("open", "tree", "back", "filter", "copy", "command", "help")

    def __init__(self, desk: Desk, entities: Sequence[Entity], about: Untrusted | str) -> None:
        super().__init__(desk)
        self._entities = tuple(entities)
        self._about = about
        self._held = Renewed(self, lambda: desk.read(_all_held, self._entities, desk.now()), self.refill)

    def columns(self) -> Sequence[Column[Held]]:
        return (
            Column("kind", "KIND", lambda row: Cell(KINDS[row.entity[0]], "quiet"), 10, priority=95),
            Column("name", "NAME", lambda row: Cell(Untrusted(row.entity[1]), "strong"), 24, 2, priority=99),
            Column("findings", "FINDINGS", _findings, 9, priority=90, align="right"),
            Column("events", "EVENTS", _events, 7, priority=85, align="right"),
            Column("last", "LAST", self._last, 5, priority=80, align="right"),
            Column("accounts", "ACCOUNTS", lambda row: Cell(" ".join(row.accounts), "quiet"), 12, 1, priority=60),
        )

    def _last(self, row: Held) -> Cell:
        return Cell("-" if row.last is None else words.age((self.desk.now() - row.last).total_seconds()), "quiet")

    def source(self, text: str) -> RowSource[Held]:
        return Filtered(rows_of(self._held.value), text, _name, _called)

    def built(self) -> None:
        super().built()
        self._held.renew()

    def title_text(self) -> str:
        return clean(self._about, 60)

    def empty_text(self) -> str:
        return "reading …" if self._held.value is None else "it names nothing that could be looked for"

    def detail(self, row: Held) -> tuple[Body, list[Section]]:
        kind, name = row.entity
        out = [
            Section("findings", [f"{row.findings:,}, {row.open:,} of them open"]),
            Section("events", [_events(row).text]),
            Section("first", [self.desk.stamp(row.first) if row.first else "not here"]),
            Section("last", [self.desk.stamp(row.last) if row.last else "not here"]),
            Section("accounts", [(", ".join(row.accounts) or "none") + (" at least" if row.events >= COUNTED else "")]),
            Section("within", [within(self._held.value, self.desk)]),
        ]
        return [(f"{KINDS[kind]}  ", "quiet"), (Untrusted(name), "strong")], out

    def do_open(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.desk.app.push_screen(EntityScreen(self.desk, row.entity))

    def do_pivot(self, asked: Invocation) -> None:
        if asked.argument:
            self.work(pivot_named(self, asked.argument))
        else:
            self.do_open(asked)

    def do_tree(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            opening.tree(self.desk, [row.entity], Untrusted(row.entity[1]))

    def do_copy(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.say(self.desk.app.send_to_clipboard(Untrusted(row.entity[1])))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "kind": row.entity[0].value, "name": Untrusted(row.entity[1]), "findings": row.findings,
                "open": row.open, "events": row.events, "first": row.first, "last": row.last,
                "accounts": list(row.accounts),
            }
            for row in rows_of(self._held.value)
        ]  # fmt: skip


class EntityScreen(ListScreen[Moment]):
    """Everything that is kept under one name, newest first."""

    place: ClassVar[str] = "entity"
    titled: ClassVar[str] = "By name"
    footer_ids: ClassVar[tuple[str, ...]] = ("open", "pivot", "tree", "back", "filter", "copy", "command", "help")

    def __init__(self, desk: Desk, entity: Entity) -> None:
        super().__init__(desk)
        self.entity = entity
        self._moments = Renewed(self, lambda: desk.read(_all_moments, self.entity, desk.now()), self.refill)

    def columns(self) -> Sequence[Column[Moment]]:
        return (
            Column("at", "WHEN", self._at, 15, priority=99),
            Column("sev", "SEV", _severity, 3, priority=95),
            Column("what", "WHAT", lambda row: Cell(row.what, "text"), 28, 2, priority=98),
            Column("error", "ERROR", lambda row: Cell(row.error, "warn"), 12, 1, priority=70),
            Column("who", "WHO OR WHERE", lambda row: Cell(row.who, "quiet"), 20, 2, priority=60),
            Column("account", "ACCOUNT", lambda row: Cell(row.account, "quiet"), 12, priority=50),
            Column("region", "REGION", lambda row: Cell(row.region, "quiet"), 12, priority=40),
        )

    def _at(self, row: Moment) -> Cell:
        return Cell(words.short_stamp(row.at, local=self.desk.local_time), "quiet")

    def source(self, text: str) -> RowSource[Moment]:
        return Filtered(rows_of(self._moments.value), text, lambda row: row.ref, _said)

    def built(self) -> None:
        super().built()
        self._moments.renew()

    def title_text(self) -> str:
        return f"{KINDS[self.entity[0]]} {clean(self.entity[1], 60)}  {within(self._moments.value, self.desk)}"

    def empty_text(self) -> str:
        if self.filter_text and rows_of(self._moments.value):
            return f"nothing of it holds {self.filter_text!r}"
        return "reading …" if self._moments.value is None else f"nothing {within(self._moments.value, self.desk)}"

    def detail(self, row: Moment) -> tuple[Body, list[Section]]:
        out = [
            Section("when", [self.desk.stamp(row.at)]),
            Section("who" if isinstance(row.ref, int) else "where", [row.who]),
            Section("place", [f"{row.account} {row.region}"]),
            *([Section("error", [[(row.error, "warn")]])] if row.error else []),
            Section("id", [str(row.ref) if isinstance(row.ref, str) else "a trail event"]),
        ]
        return row.what, out

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if not said and command.id in ("pivot", "tree") and self.is_built and self.table.cursor_row is None:
            return "there is no row"
        return said

    def do_open(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is None:
            return
        if isinstance(row.ref, str):
            opening.finding(self.desk, row.ref)
            return
        stored = trail.numbered(self.desk.conn, row.ref)
        if stored is None:
            self.say("that event is forgotten by now", "warning")
            return
        lines = json.dumps(json.loads(ascii_json(stored.record(self.desk.conn))), indent=1).split("\n")
        about: Body = [(f"event {stored.id}  seen {self.desk.stamp(stored.seen)}  from {stored.origin}", "quiet")]
        self.desk.app.push_screen(ReadScreen(self.desk, row.what, [Section("", [about, *lines])]))

    def do_pivot(self, asked: Invocation) -> None:
        if asked.argument:
            self.work(pivot_named(self, asked.argument))
        elif (row := self.table.cursor_row) is not None:
            opening.pivot(self.desk, self._named(row), row.what)

    def do_tree(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            opening.tree(self.desk, self._named(row), row.what)

    def _named(self, row: Moment) -> list[Entity]:
        if isinstance(row.ref, str):
            return pivot.of_finding(self.desk.conn, row.ref)
        return pivot.of_event(self.desk.conn, row.ref)

    def do_copy(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            said = f"{self.desk.stamp(row.at)} {clean(row.what)} {clean(row.who)} {row.error}".rstrip()
            self.say(self.desk.app.send_to_clipboard(said))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "at": row.at, "ref": row.ref, "what": row.what, "who": row.who, "account": row.account,
                "region": row.region, "severity": row.severity.name if row.severity is not None else None,
                "error": row.error,
            }
            for row in rows_of(self._moments.value)
        ]  # fmt: skip


def _all_held(conn: Connection, entities: Sequence[Entity], now: datetime) -> Looked[Held]:
    return Looked(tuple(pivot.held(conn, each) for each in entities), pivot.horizon(conn, now))


def _all_moments(conn: Connection, entity: Entity, now: datetime) -> Looked[Moment]:
    return Looked(tuple(pivot.moments(conn, entity)), pivot.horizon(conn, now))


def _name(row: Held) -> str:
    return f"{row.entity[0]} {row.entity[1]}"


def _called(row: Held) -> str:
    return f"{KINDS[row.entity[0]]} {clean(row.entity[1])}"


def _findings(row: Held) -> Cell:
    if not row.findings:
        return Cell("-", "quiet")
    return Cell(f"{row.open:,} of {row.findings:,}", "strong" if row.open else "quiet")


def _events(row: Held) -> Cell:
    if not row.events:
        return Cell("-", "quiet")
    return Cell(f"{'≥' if row.events >= COUNTED else ''}{row.events:,}", "text")


def _severity(row: Moment) -> Cell:
    return Cell("", "quiet") if row.severity is None else severity_cell(row.severity)


def _said(row: Moment) -> str:
    return f"{clean(row.what)} {clean(row.who)} {row.account} {row.region} {row.error}"
