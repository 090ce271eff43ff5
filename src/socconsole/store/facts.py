"""What an entry about findings says of them besides their ids, so that the ledger alone tells how long things took.

``data["facts"]`` is ``{id: [severity, kind, sources, happened, published, seen]}``: names as in the model, ``sample``
as the kind of a generated example, ``sources`` parted by blanks, moments in µs. ``happened`` is the earliest that the
records tell, ``published`` when AWS told of it, both by the clocks of those who wrote them and null where none tells;
``seen`` is when this install first had it.
Entries from before this was kept have no ``facts``; an id that the store does not know has none either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any, Final

from socconsole.model.finding import Format, Kind, Severity
from socconsole.store.codec import Codec, Damaged
from socconsole.store.instants import micros
from socconsole.text import token

KEY: Final = "facts"
SAMPLE: Final = "sample"

_CHUNK: Final = 500
_KINDS: Final = frozenset({SAMPLE, *(kind.value for kind in Kind)})
_LATEST: Final = 2**53
"""The largest whole number that every reader of JSON keeps: a ledger holds no moment beyond it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an entry says of one finding. ``severity`` is empty where it says none that is known."""

    severity: str
    kind: str
    sources: str
    happened: int | None
    published: int | None
    seen: int | None


def of(conn: Connection, ids: Sequence[str]) -> dict[str, list[Any]]:
    """What an entry may say of these findings, by the id they have now; what is not known is left out."""
    found: dict[str, list[Any]] = {}
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        marks = ",".join("?" * len(part))
        rows = conn.execute(
            "SELECT n, id, severity, kind, sample, sources, occurred, published, seen FROM finding "
            f"WHERE id IN ({marks})",
            part,
        ).fetchall()
        first = _first(conn, [row[0] for row in rows])
        for n, id_, severity, kind, sample, sources, occurred, published, seen in rows:
            told = [at for at in (first.get(n), occurred) if at is not None]
            # Published alone says when AWS knew, not when it happened; where both are told, the earlier holds.
            happened = min([*told, *([] if published is None else [published])]) if told else None
            found[id_] = [Severity(severity).name, SAMPLE if sample else kind, sources, happened, published, seen]
    return found


def said(conn: Connection, ids: Sequence[str]) -> dict[str, Any]:
    """:func:`of` as part of an entry's data; empty where nothing is known."""
    found = of(conn, ids)
    return {KEY: found} if found else {}


def told(data: Mapping[str, Any], id_: str) -> Facts | None:
    """What an entry says of a finding; None where it says nothing, or nothing that can be read."""
    given = data.get(KEY)
    row = given.get(id_) if isinstance(given, Mapping) else None
    if not isinstance(row, list) or len(row) < 6:
        return None
    severity, kind, sources, happened, published, seen = row[:6]
    return Facts(
        severity if isinstance(severity, str) and severity in Severity.__members__ else "",
        kind if isinstance(kind, str) and kind in _KINDS else "",
        token(sources, 80) if isinstance(sources, str) else "",
        moment(happened),
        moment(published),
        moment(seen),
    )


def moment(value: object) -> int | None:
    """µs as an entry may hold them; None for anything else."""
    return value if type(value) is int and 0 < value < _LATEST else None


def _first(conn: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """The earliest moment that the current records of each finding name."""
    from socconsole.formats.began import began  # all readers of records: no business of the console's first frame

    codec = Codec(conn)
    found: dict[int, int] = {}
    for n, format_, dictionary, data in conn.execute(
        "SELECT o.finding, o.format, b.dictionary, b.data FROM observation AS o JOIN body AS b ON b.observation = o.n "
        f"WHERE o.head = 1 AND o.finding IN ({','.join('?' * len(numbers))})",
        numbers,
    ):
        try:
            at = began(Format(format_), codec.unpack(data, dictionary))
        except Damaged:  # nobody may be kept from deciding by a record that says nothing any more
            continue
        if at is not None:
            found[n] = min(found.get(n, _LATEST), micros(at))
    return found
