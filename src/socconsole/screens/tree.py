"""The tree of credentials: which key handed out which, what each did, and which of them still works."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from socconsole.commands import Command
from socconsole.model.entity import Entity, EntityKind
from socconsole.screens import opening, words
from socconsole.screens.acts import plan_named
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.listing import ListScreen
from socconsole.screens.pivot import Looked, rows_of, within
from socconsole.screens.renewed import Filtered, Renewed
from socconsole.store import lineage, pivot
from socconsole.store.db import Connection
from socconsole.store.lineage import COUNTED, Credential, Standing, Tree
from socconsole.text import Untrusted, clean
from socconsole.widgets import glyphs
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell, Column
from socconsole.widgets.table import RowSource

_MADE_SHOWN: Final = 12
_REST_S: Final = 10.0
"""How often a tree is grown anew while things happen: it looks at thousands of events."""


@dataclass(frozen=True, slots=True)
class Branch:
    depth: int
    credential: Credential


def branches(tree: Tree) -> Iterator[Branch]:
    """Every credential, each under the one that handed it out."""

    def below(credential: Credential, depth: int) -> Iterator[Branch]:
        yield Branch(depth, credential)
        for child in credential.children:
            yield from below(child, depth + 1)

    for root in tree.roots:
        yield from below(root, 0)


def containment(credential: Credential) -> tuple[str, str, str] | None:
    """(action, target, account) that ends a credential; None where nothing is known that would."""
    if credential.holder is None:
        return None
    kind, value = credential.holder
    account, _, name = value.partition("/")
    if credential.long_lived:
        return "iam-disable-key", credential.key, account
    return ("iam-user-quarantine" if kind is EntityKind.USER else "iam-role-revoke-sessions"), name, account


class TreeScreen(ListScreen[Branch]):
    place: ClassVar[str] = "tree"
    titled: ClassVar[str] = "Credentials"
    footer_ids: ClassVar[tuple[str, ...]] = ("open", "contain", "pivot", "back", "filter", "copy", "command", "help")

    def __init__(self, desk: Desk, entities: Sequence[Entity], about: Untrusted | str) -> None:
        super().__init__(desk)
        self._entities = tuple(entities)
        self._about = about
        self._grown = Renewed(self, lambda: desk.read(_grow, self._entities, desk.now()), self.refill, rest_s=_REST_S)

    # -- the list ----------------------------------------------------------------------------------------

    def columns(self) -> Sequence[Column[Branch]]:
        return (
            Column("state", "STATE", _state, 11, priority=99),
            Column("key", "CREDENTIAL", _key, 26, 1, priority=98),
            Column("who", "WHO", _who, 20, 2, priority=80),
            Column("by", "HANDED OUT BY", lambda row: Cell(row.credential.by or "-", "quiet"), 14, priority=60),
            Column("last", "LAST", self._last, 5, priority=70, align="right"),
            Column("calls", "CALLS", lambda row: Cell(_calls(row.credential)), 7, priority=75, align="right"),
            Column("changes", "CHANGES", _changes, 7, priority=76, align="right"),
        )

    def _last(self, row: Branch) -> Cell:
        last = row.credential.last
        return Cell("-" if last is None else words.age((self.desk.now() - last).total_seconds()), "quiet")

    def source(self, text: str) -> RowSource[Branch]:
        return Filtered(rows_of(self._grown.value), text, lambda row: row.credential.key, _said)

    def renew(self) -> None:
        self._grown.renew()
        super().renew()

    def title_text(self) -> str:
        alive = sum(row.credential.standing is Standing.ALIVE for row in rows_of(self._grown.value))
        cut = "; there are more than are shown" if self._grown.value is not None and self._grown.value.cut else ""
        return f"{clean(self._about, 40)}  {alive} alive{cut}  {within(self._grown.value, self.desk)}"

    def empty_text(self) -> str:
        if (grown := self._grown.value) is None:
            return "reading …"
        if self.filter_text and grown.rows:
            return f"no credential holds {self.filter_text!r}"
        return f"it names no access key, and no session or user whose keys are seen {within(grown, self.desk)}"

    def detail(self, row: Branch) -> tuple[Body, list[Section]]:
        one = row.credential
        stamp = self.desk.stamp
        made: list[Body] = [
            [(stamp(each.at) + "  ", "quiet"), (f"{each.name} ", "text"), (each.what, "strong")]
            for each in one.made[:_MADE_SHOWN]
        ]
        if len(one.made) > _MADE_SHOWN:
            made.append(f"and {len(one.made) - _MADE_SHOWN} more")
        state = _state(row)
        ends = containment(one)
        out = [
            Section("state", [[(state.text, state.style), (f"  {one.why}" if one.why else "", "quiet")]]),
            Section("who", [one.who]),
            Section("born", [f"{stamp(one.issued)} by {one.by}"] if one.issued else ["before what is kept"]),
            Section("used", [f"{stamp(one.first)} to {stamp(one.last)}"] if one.first else ["not once that is kept"]),
            Section("did", [f"{_calls(one)} calls, {one.changes:,} changes, {one.refused:,} refused"]),
            *([Section("made", made)] if made else []),
            Section("from", list(one.addresses) or ["no address"]),
            Section("accounts", [", ".join(one.accounts) or "none"]),
            Section("children", [f"{len(one.children)}: ending this one does not end them"] if one.children else ["0"]),
            *([Section("X", [f"{ends[0]} {clean(ends[1])}"])] if ends and one.standing is Standing.ALIVE else []),
        ]
        return [(one.key, "strong")], out

    # -- commands ----------------------------------------------------------------------------------------

    def subject(self) -> str | None:
        return self.table.cursor_key

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if said or command.id != "contain" or not self.is_built:
            return said
        row = self.table.cursor_row
        if row is None:
            return "there is no row"
        if row.credential.standing not in (Standing.ALIVE, Standing.UNSEEN):
            return f"it is {row.credential.standing}: {row.credential.why}"
        return "" if containment(row.credential) else "whose it is, is not known"

    def do_contain(self, asked: Invocation) -> None:
        if asked.argument:
            plan_named(self, asked.argument)
            return
        row = self.table.cursor_row
        ends = containment(row.credential) if row is not None else None
        if ends is not None:
            action, target, account = ends
            opening.plan(self.desk, action, target, account=account, region=self._region(account))

    def _region(self, account: str) -> str:
        """IAM is everywhere the same: any region of the account that is configured reaches it."""
        return next((one.regions[0] for one in self.desk.config.accounts if one.account == account), "us-east-1")

    def do_open(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            opening.pivot(self.desk, [(EntityKind.KEY, row.credential.key)], row.credential.key)

    def do_pivot(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            one = row.credential
            named: list[Entity] = [(EntityKind.KEY, one.key), *([one.holder] if one.holder else [])]
            named += [(EntityKind.ADDRESS, each.raw()) for each in one.addresses]
            opening.pivot(self.desk, named, one.key)

    def do_copy(self, asked: Invocation) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.say(self.desk.app.send_to_clipboard(f"{row.credential.key} {clean(row.credential.who)}"))

    def export_rows(self) -> Sequence[Mapping[str, Any]]:
        return [
            {
                "depth": row.depth, "key": row.credential.key, "who": row.credential.who, "by": row.credential.by,
                "state": row.credential.standing.value, "why": row.credential.why, "issued": row.credential.issued,
                "expires": row.credential.expires, "first": row.credential.first, "last": row.credential.last,
                "calls": row.credential.calls, "changes": row.credential.changes,
                "accounts": list(row.credential.accounts),
            }
            for row in rows_of(self._grown.value)
        ]  # fmt: skip


def _grow(conn: Connection, entities: Sequence[Entity], now: datetime) -> Looked[Branch]:
    tree = lineage.tree(conn, entities, now)
    return Looked(tuple(branches(tree)), pivot.horizon(conn, now), tree.cut)


def _state(row: Branch) -> Cell:
    signs = glyphs.current()
    match row.credential.standing:
        case Standing.ALIVE:
            return Cell(f"{signs.warn} alive", "bad")
        case Standing.CONTAINED:
            return Cell(f"{signs.good} contained", "good")
        case Standing.UNSEEN:
            return Cell("? unseen", "warn")
        case Standing.EXPIRED:
            return Cell(f"{signs.off} expired", "quiet")


def _who(row: Branch) -> Cell:
    """What an ARN ends with: whose account it is, the detail says."""
    return Cell(Untrusted(row.credential.who.raw().rpartition(":")[2]))


def _key(row: Branch) -> Cell:
    return Cell("  " * row.depth + row.credential.key, "strong")


def _calls(one: Credential) -> str:
    return f"{'≥' if one.calls >= COUNTED else ''}{one.calls:,}"


def _changes(row: Branch) -> Cell:
    return Cell(f"{row.credential.changes:,}", "warn" if row.credential.changes else "quiet")


def _said(row: Branch) -> str:
    return f"{row.credential.key} {clean(row.credential.who)} {row.credential.standing} {row.credential.by}"
