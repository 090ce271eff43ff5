"""Who can come in, as the last round of each place found it: written within ``posture_intake``, read by day reports.

An outsider or identity that a round does not see is gone only where that round looked at everything by which it could
have been seen; else it stays, with since when nobody could confirm it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

import msgspec

from socconsole.model.access import Access, Identity, Lacking, Outsider
from socconsole.model.entity import PRINCIPALS
from socconsole.model.posture import Evaluation
from socconsole.model.world import Place
from socconsole.store.instants import instant, instant_or_none, storable
from socconsole.triage.entities import principal

_OUTSIDERS: Final = "outsiders"
_IDENTITIES: Final = "identities"
_LACKING: Final = "lacking"


def pack(access: Access) -> dict[str, object]:
    """For the file of evidence."""
    built: dict[str, object] = msgspec.to_builtins(access)
    return built


def unpack(doc: object) -> Access:
    """Raises ``msgspec.ValidationError``, a ``ValueError``."""
    return msgspec.convert(doc, Access)


def take(conn: Connection, evaluation: Evaluation, at: int) -> None:
    """What one round found, in the caller's transaction; ``at`` in microseconds."""
    place, access = evaluation.place, evaluation.access
    said = {(_OUTSIDERS, _key_of(one)): _doc(one) for one in access.outsiders}
    said |= {(_IDENTITIES, storable(one.arn)): _doc(one) for one in access.identities}
    said |= {(_LACKING, storable(f"{one.of}: {one.about}: {one.words}")): _doc(one) for one in access.lacking}
    for (kind, key), doc in said.items():
        conn.execute(
            "INSERT INTO posture_access (account, region, kind, key, doc, since) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET since = iif(gone_at IS NULL, since, excluded.since), doc = excluded.doc, "
            "unseen_at = NULL, gone_at = NULL",
            (place.account, place.region, kind, key, doc, at),
        )
    half = {(one.of, one.about) for one in access.lacking}
    here = "SELECT kind, key, doc FROM posture_access WHERE account = ? AND region = ? AND gone_at IS NULL"
    for kind, key, doc in conn.execute(here, (place.account, place.region)).fetchall():
        if (kind, key) in said:
            continue
        column = (
            "coalesce(unseen_at, ?1), gone_at = NULL" if (kind, _about(kind, doc)) in half else "NULL, gone_at = ?1"
        )
        conn.execute(
            f"UPDATE posture_access SET unseen_at = {column} "
            "WHERE account = ?2 AND region = ?3 AND kind = ?4 AND key = ?5",
            (at, place.account, place.region, kind, key),
        )


def _about(kind: str, doc: str) -> str:
    """By what it would have been seen, as ``Lacking.about`` has it."""
    fields = {_OUTSIDERS: "through", _IDENTITIES: "kind"}
    return str(msgspec.json.decode(doc)[fields[kind]]) if kind in fields else ""


def prune(conn: Connection, oldest: int) -> None:
    """Forget what is gone since before ``oldest``."""
    conn.execute("DELETE FROM posture_access WHERE gone_at < ?", (oldest,))


def _key_of(one: Outsider) -> str:
    return storable("\x1f".join((one.who, one.resource, one.through, ",".join(one.rights), ";".join(one.conditions))))


def _doc(one: Outsider | Identity | Lacking) -> str:
    return msgspec.json.encode(one).decode()


# --- reading ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """Where and since when something is known."""

    place: Place
    since: datetime
    unseen_at: datetime | None
    """Since when nobody could confirm it; None: the last round saw it."""
    gone_at: datetime | None

    @property
    def where(self) -> str:
        """``account/region``, as sources in scope are named."""
        return f"{self.place.account}/{self.place.region}"


def outsiders(conn: Connection) -> list[tuple[Outsider, Kept]]:
    """All that are known, also those that are gone."""
    return [(msgspec.json.decode(doc, type=Outsider), kept) for doc, kept in _rows(conn, _OUTSIDERS)]


def identities(conn: Connection) -> list[tuple[Identity, Kept]]:
    """Those that are there, or may still be."""
    return [
        (msgspec.json.decode(doc, type=Identity), kept)
        for doc, kept in _rows(conn, _IDENTITIES)
        if kept.gone_at is None
    ]


def lacking(conn: Connection, of: str) -> list[tuple[Place, str]]:
    """What could not be looked at, by place."""
    found = ((msgspec.json.decode(doc, type=Lacking), kept) for doc, kept in _rows(conn, _LACKING))
    return [(kept.place, one.words) for one, kept in found if one.of == of and kept.gone_at is None]


def last_call(conn: Connection, arn: str) -> datetime | None:
    """When the trail that is kept here last has a call by a role or user; None: it has none, which is no proof."""
    found = [
        conn.execute("SELECT max(at) FROM trail_entity WHERE kind = ? AND value = ?", (kind.value, value)).fetchone()[0]
        for kind, value in principal(arn)
        if kind in PRINCIPALS
    ]
    return instant_or_none(max((at for at in found if at is not None), default=None))


def last_call_by(conn: Connection, key: str) -> datetime | None:
    """The same of an access key."""
    row = conn.execute("SELECT max(at) FROM trail_entity WHERE kind = 'key' AND value = ?", (key,)).fetchone()
    return instant_or_none(row[0])


def _rows(conn: Connection, kind: str) -> Iterator[tuple[str, Kept]]:
    for account, region, doc, since, unseen, gone in conn.execute(
        "SELECT account, region, doc, since, unseen_at, gone_at FROM posture_access WHERE kind = ? "
        "ORDER BY account, region, key",
        (kind,),
    ):
        yield doc, Kept(Place(account, region), instant(since), instant_or_none(unseen), instant_or_none(gone))
