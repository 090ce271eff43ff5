"""Escalating by hand, and answering: put on the ledger first; the watch sends. One way for screens and shell."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from socconsole.model.entry import Entry
from socconsole.store import db, decisions, escalations, ledger
from socconsole.store.escalations import Going, Told
from socconsole.store.instants import storable
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.store.db import Connection
    from socconsole.store.state import StateFolder


class EscalationRefused(Exception):
    """It makes no sense: nothing was written."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What came of it: ``id`` is the escalation that is under way about these findings, or this case, now."""

    id: str
    path: str
    abouts: tuple[str, ...]
    """What it tells of, under the ids of now."""
    seq: int
    """The ledger entry; 0 where the path was under way about all of it already and nothing was written."""
    projected: bool = True
    """False when the store was busy: it is on record, and taken in shortly."""


def opening(path: str, abouts: Sequence[str], who: str, reason: str = "", answered: Sequence[str] = ()) -> Entry:
    """The entry that sets a path going; the watch does the rest."""
    data: dict[str, object] = {"id": f"e-{secrets.token_hex(4)}", "path": path}
    if answered:
        data["answered"] = list(answered)
    return Entry("escalation", who, tuple(abouts), data, {"reason": reason} if reason else {})


def ending(one: Going, who: str, how: str, reason: str = "") -> Entry:
    """The entry after which nobody further is told."""
    private = {"reason": reason} if reason else {}
    return Entry("escalation_stopped", who, one.abouts, {"id": one.id, "how": how}, private)


def about(conn: Connection, ids: Sequence[str], now: datetime) -> list[Told]:
    """What is meant by ids of findings or of one case, the worst first, at most ``escalations.MOST`` of it; without
    what is closed, which nobody has to answer.

    Raises :class:`EscalationRefused`.
    """
    asked = list(dict.fromkeys(ids))
    if len(asked) > escalations.MOST:
        asked = escalations.worst(conn, asked)
    found = {one: escalations.told(conn, one, now) for one in asked}
    if missing := [id_ for id_, one in found.items() if one is None]:
        raise EscalationRefused(f"there is no finding or case {clean(missing[0], 40)}")
    known = {one.id: one for one in found.values() if one is not None and not one.over}
    if not known:
        said = f"{clean(next(iter(found)), 40)} is" if len(found) == 1 else "they are all"
        raise EscalationRefused(f"{said} closed: nobody has to answer" if found else "there is nothing to escalate")
    return sorted(known.values(), key=lambda one: -one.severity)[: escalations.MOST]


def begin(folder: StateFolder, path: str, ids: Sequence[str], who: str, reason: str, now: datetime) -> Begun:
    """Set a path going about these findings, or this case. Blocks on the disk: never on the UI loop.

    What it is under way about already is left out, also where another console was faster: see ``escalations``. Raises
    :class:`EscalationRefused`, and what ``ledger.append`` and ``project`` raise; nothing was written then.
    """
    said = _text(reason)
    decisions.catch_up(folder)
    with db.reading(folder) as conn:
        told = about(conn, ids, now)
        known = escalations.covering(conn, [one.id for one in told])
    new = [one for one in told if (path, one.id) not in known]
    if not new:
        first = known[path, told[0].id]
        return Begun(first.id, path, first.abouts, 0)
    entry = opening(path, [one.id for one in new], who, said, [one.id for one in new if not one.open])
    (line,) = ledger.append(folder, [entry])
    projected = decisions.catch_up(folder)
    with db.reading(folder) as conn:
        mine = [one for one in escalations.of(conn, *entry.subjects) if one.path == path and not one.stopped]
    one = next((one for one in mine if one.id == entry.data["id"]), mine[0] if mine else None)
    if one is None:  # not taken in yet, or answered within this moment
        return Begun(str(entry.data["id"]), path, entry.subjects, line.seq, projected)
    return Begun(one.id, path, one.abouts, line.seq if one.id == entry.data["id"] else 0, projected)


def stop(folder: StateFolder, named: Sequence[str], who: str, reason: str) -> list[Going]:
    """Answer what is under way about these findings, this case, or by this id of its own: nobody further is told.

    Those that were; none where nothing was under way. Raises as :func:`begin`.
    """
    said = _text(reason)
    if not said:
        raise EscalationRefused("an answer needs its reason")
    decisions.catch_up(folder)
    with db.reading(folder) as conn:
        found = under_way(conn, named)
    if found:
        ledger.append(folder, [ending(one, who, "stopped", said) for one in found])
        decisions.catch_up(folder)
    return found


def under_way(conn: Connection, named: Sequence[str]) -> list[Going]:
    """What is under way about any of these findings or cases, or has one of these ids itself."""
    about = {one.id for one in escalations.of(conn, *named)}
    return [one for one in escalations.going(conn) if one.id in named or one.id in about]


def _text(reason: str) -> str:
    kept = storable(reason.strip())
    if len(kept) > decisions.TEXT_LIMIT:
        raise EscalationRefused(f"{len(kept):,} characters; at most {decisions.TEXT_LIMIT:,} are kept")
    return kept
