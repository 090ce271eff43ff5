"""Which hidden findings are about a target: what nobody would see again when it is opened to others once more."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from socconsole.store.filter import View
from socconsole.store.queue import QueueReader, QueueRow
from socconsole.store.state import StateFolder
from socconsole.triage.query import parse

LIMIT: Final = 20


def about(folder: StateFolder, target: str, now: datetime) -> list[QueueRow]:
    """The snoozed findings that name a target in one of their resources, worst first; at most :data:`LIMIT`.

    For a thread: resources are searched in every snoozed finding.
    """
    name = target.replace('"', "").strip()
    if not name:
        return []
    with QueueReader(folder.store_db) as reader:
        return reader.window(View.ALL, parse(f'state:snoozed res:"{name}"'), offset=0, limit=LIMIT, now=now)


def sentence(rows: list[QueueRow]) -> str:
    """What to say of them before an undo that re-exposes; empty when there are none."""
    if not rows:
        return ""
    until = max(row.snoozed_until for row in rows if row.snoozed_until is not None)
    some = "at least " if len(rows) == LIMIT else ""
    what, stays = ("finding", "stays") if len(rows) == 1 else ("findings", "stay")
    return (
        f"{some}{len(rows)} snoozed {what} about it {stays} hidden after this, until {until:%Y-%m-%d %H:%MZ}: "
        "state:snoozed lists them"
    )
