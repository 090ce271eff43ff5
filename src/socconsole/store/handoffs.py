"""Shifts and handoffs as they stand. Reading only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, DatabaseError
from typing import TYPE_CHECKING, Final

from socconsole.store import db
from socconsole.store.instants import instant, instant_or_none
from socconsole.text import Untrusted

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

_COLUMNS: Final = "id, way, seq, at, who, digest, cases, actions, accepted, accepted_by, peer"

_FOLLOWED: Final = (
    "EXISTS (SELECT 1 FROM handoff AS later WHERE later.way = 'out' AND later.accepted IS NOT NULL "
    "AND later.seq > handoff.seq)"
)


@dataclass(frozen=True, slots=True)
class Shift:
    """Somebody on duty. ``until`` is what they said; ``ended`` is when they signed off."""

    seq: int
    who: Untrusted
    since: datetime
    until: datetime | None
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class HandedOff:
    """A handoff that was given (``given``) or taken. ``at`` is when it was made, by ``who``."""

    id: str
    given: bool
    seq: int
    at: datetime
    who: Untrusted
    digest: str
    """SHA-256 of the file."""
    cases: int
    actions: tuple[str, ...]
    accepted: datetime | None
    accepted_by: Untrusted
    peer: Untrusted
    """The other install, as ``[[peers]]`` named it; empty until a receipt came."""


def on_shift(conn: Connection) -> list[Shift]:
    """Who is signed on now, the longest first."""
    return _shifts(conn, "WHERE ended IS NULL ORDER BY since, seq")


def last_shifts(conn: Connection, limit: int = 10) -> list[Shift]:
    """Newest first."""
    return _shifts(conn, "ORDER BY seq DESC LIMIT ?", limit)


def _shifts(conn: Connection, more: str, *values: object) -> list[Shift]:
    rows = conn.execute(f"SELECT seq, who, since, until, ended FROM shift {more}", values)
    return [
        Shift(seq, Untrusted(who), instant(since), instant_or_none(until), instant_or_none(ended))
        for seq, who, since, until, ended in rows
    ]


def get(conn: Connection, id_: str) -> HandedOff | None:
    return next(iter(_handoffs(conn, "WHERE id = ?", id_)), None)


def latest(conn: Connection, limit: int = 20) -> list[HandedOff]:
    """Given and taken, newest first."""
    return _handoffs(conn, "ORDER BY seq DESC LIMIT ?", limit)


def last_accepted(conn: Connection) -> HandedOff | None:
    """The newest that somebody took over, here or elsewhere."""
    return next(iter(_handoffs(conn, "WHERE accepted IS NOT NULL ORDER BY seq DESC LIMIT 1")), None)


def given_after(conn: Connection, seq: int) -> list[HandedOff]:
    """Given here after an entry, newest first."""
    return _handoffs(conn, "WHERE way = 'out' AND seq > ? ORDER BY seq DESC", seq)


def unaccepted(conn: Connection) -> list[HandedOff]:
    """Given, and no receipt has come: nobody is known to have taken over. Oldest first.

    One that was followed by another that was accepted is over: each holds all that was open when it was made.
    """
    return _handoffs(conn, f"WHERE way = 'out' AND accepted IS NULL AND NOT {_FOLLOWED} ORDER BY seq")


def superseded(conn: Connection, id_: str) -> HandedOff | None:
    """The later handoff, accepted by now, that took the place of one that never was; None where there is none."""
    return next(
        iter(
            _handoffs(
                conn,
                "WHERE way = 'out' AND accepted IS NOT NULL AND seq > (SELECT seq FROM handoff WHERE id = ? "
                "AND way = 'out' AND accepted IS NULL) ORDER BY seq LIMIT 1",
                id_,
            )
        ),
        None,
    )


def waiting(folder: StateFolder) -> list[HandedOff]:
    """As :func:`unaccepted`, of a store that may be missing, older or damaged: then nothing, since others say that."""
    if not folder.store_db.exists():
        return []
    try:
        with db.reading(folder) as conn:
            return unaccepted(conn)
    except DatabaseError:
        return []


def holder(conn: Connection, action: str) -> HandedOff | None:
    """The accepted handoff by which another install answers for an action; None while this one does."""
    return next(
        iter(_handoffs(conn, "WHERE id = (SELECT handoff FROM handed_over WHERE action = ?)", action)),
        None,
    )


def _handoffs(conn: Connection, more: str, *values: object) -> list[HandedOff]:
    return [
        HandedOff(
            id=id_,
            given=way == "out",
            seq=seq,
            at=instant(at),
            who=Untrusted(who),
            digest=digest,
            cases=cases,
            actions=tuple(json.loads(actions)),
            accepted=instant_or_none(accepted),
            accepted_by=Untrusted(by),
            peer=Untrusted(peer),
        )
        for id_, way, seq, at, who, digest, cases, actions, accepted, by, peer in conn.execute(
            f"SELECT {_COLUMNS} FROM handoff {more}", values
        )
    ]
