"""The columns of Triage: what a row says, in how many cells, and which go first where there is no room."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from socconsole.model.standing import State, Verdict, first_known
from socconsole.model.world import WorldKind
from socconsole.screens import words
from socconsole.store.queue_row import QueueRow
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.columns import severity_cell
from socconsole.widgets.rows import Cell, Column

if TYPE_CHECKING:
    from socconsole.screens.desk import Desk

STATE_STYLES: Final = {
    State.NEW: "bad",
    State.ACKNOWLEDGED: "good",
    State.SNOOZED: "quiet",
    State.BLOCKED: "good",
    State.QUIET: "good",
    State.RESOLVED: "quiet",
}
_STATE_WORDS: Final = {
    State.NEW: "new",
    State.ACKNOWLEDGED: "ack",
    State.SNOOZED: "snoozed",
    State.BLOCKED: "blocked",
    State.QUIET: "quiet",
    State.RESOLVED: "closed",
}


def columns(desk: Desk) -> tuple[Column[QueueRow], ...]:
    now = desk.now
    alike = _alike(desk)

    def account(row: QueueRow) -> Cell:
        """By the name that the configuration gives it, if it does."""
        named = next((a.name for a in desk.config.accounts if a.account == row.account), "")
        return Cell(named or row.account or "-", "quiet")

    # Where WHERE has no room the title has more of it, and mostly names what it is about.
    every: tuple[Column[QueueRow], ...] = (
        Column("sev", "SEV", lambda row: severity_cell(max(row.severity, row.worst)), 3, priority=99),
        Column("score", "SCORE", lambda row: Cell(str(row.score), "strong"), 6, priority=70, align="right"),
        Column(
            "age",
            "AGE",
            lambda row: Cell(words.age((now() - _first(row)).total_seconds()), "quiet"),
            4,
            priority=80,
            align="right",
        ),
        Column("what", "WHAT", _what, 32, 3, priority=98),
        Column("where", "WHERE", lambda row: Cell(row.place, "quiet"), 12, 1, priority=45),
        Column("account", "ACCOUNT", account, 12, priority=35),
        Column("region", "REGION", lambda row: Cell(row.region or "-", "quiet"), 14, priority=30),
        Column("owner", "OWNER", _owner, 7, priority=50),
        Column("state", "STATE", _state, 9, priority=90),
    )
    return tuple(column for column in every if column.id not in alike)


def _alike(desk: Desk) -> set[str]:
    """Columns in which every row would say the same: a console over one account, or one region."""
    accounts = desk.config.accounts
    if desk.world.kind is WorldKind.IMPORT or not accounts:
        return set()
    one_account = {"account"} if len(accounts) == 1 else set()
    one_region = {"region"} if len({region for account in accounts for region in account.regions}) == 1 else set()
    return one_account | one_region


def _first(row: QueueRow) -> datetime:
    return first_known(row.occurred, row.published, row.seen) or row.seen


def _what(row: QueueRow) -> Cell:
    """The title; before it how many others a lead stands for, or the sign that it is part of an incident."""
    signs = glyphs.current()
    if row.folds:
        return Cell(f"{signs.fold}+{row.folds} {clean(row.title)}")
    if row.incident is not None:
        return Cell(f"{signs.part} {clean(row.title)}")
    return Cell(row.title)


def _owner(row: QueueRow) -> Cell:
    return Cell(glyphs.current().dot, "quiet") if row.owner is None else Cell(row.owner)


def _state(row: QueueRow) -> Cell:
    """Where it stands; of a lead no better than what it stands for: a new finding is never behind an old one, and
    nothing that leaves behind what was blocked."""
    said = _STATE_WORDS[row.state]
    if row.others_leave:
        return Cell(f"{row.others_leave} leave{'s' if row.others_leave == 1 else ''}", "bad")
    if row.waiting and row.state is not State.NEW:
        return Cell(f"{row.waiting} new", "bad")
    if row.verdict is Verdict.FALSE_POSITIVE:
        said = "false"
    if (row.still_firing or row.folds_firing) and row.state is not State.NEW:
        return Cell(f"{said} fires", "bad")
    if row.others_unseen:
        return Cell(f"{said} ?", "warn")
    if row.unsent:
        return Cell(f"{said} {glyphs.current().up}", "warn")
    return Cell(said, STATE_STYLES[row.state])
