"""Reading the ledger: in order, by sequence, as a window for a screen, and as an export."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from socconsole.store import ledger_body
from socconsole.store.instants import micros
from socconsole.store.ledger_file import Head, Window, reading
from socconsole.text import ascii_json

if TYPE_CHECKING:
    from socconsole.model.entry import Line
    from socconsole.store.state import StateFolder

WORLD: Final = "world"
"""Verb of the first entry, which also introduces the first key."""

_BATCH: Final = 500


def head(folder: StateFolder) -> Head:
    """The last entry; sequence 0 and 64 zeros for a ledger without one."""
    with reading(folder.ledger_db) as conn:
        row = conn.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(row[0], row[1].hex()) if row else Head(0, ledger_body.ZERO.hex())


def count(folder: StateFolder) -> int:
    return head(folder).seq


def read(
    folder: StateFolder,
    after: int = 0,
    limit: int | None = None,
    *,
    verbs: Sequence[str] = (),
    subject: str = "",
) -> list[Line]:
    """Entries after a sequence, oldest first, in the order they were written."""
    return list(lines(folder, after, limit, verbs=verbs, subject=subject))


def lines(
    folder: StateFolder,
    after: int = 0,
    limit: int | None = None,
    *,
    verbs: Sequence[str] = (),
    subject: str = "",
) -> Iterator[Line]:
    """As :func:`read`, a few hundred entries in memory at a time."""
    where, values = _filter("", verbs, subject)
    left = limit if limit is not None else -1
    with reading(folder.ledger_db) as conn:
        while left != 0:
            size = _BATCH if left < 0 else min(_BATCH, left)
            rows = conn.execute(
                f"SELECT seq, body, hash FROM ledger WHERE seq > ?{where} ORDER BY seq LIMIT ?",
                (after, *values, size),
            ).fetchall()
            yield from _lines(conn, rows)
            if len(rows) < size:
                return
            after = rows[-1][0]
            left -= len(rows) if left > 0 else 0


def bodies(folder: StateFolder, limit: int = -1, *, verbs: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Entries as they were written (``ledger_body``), oldest first, without what is private; -1: all of them."""
    where, values = _filter("", verbs, "")
    with reading(folder.ledger_db) as conn:
        rows = conn.execute(f"SELECT body FROM ledger WHERE 1{where} ORDER BY seq LIMIT ?", (*values, limit))
        return [_document(body) for (body,) in rows]


def _document(body: bytes) -> dict[str, Any]:
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise ValueError("an entry's body is no JSON object")
    return document


def get(folder: StateFolder, seqs: Sequence[int]) -> dict[int, Line]:
    """Entries by sequence; those that do not exist are left out."""
    found: dict[int, Line] = {}
    with reading(folder.ledger_db) as conn:
        for start_ in range(0, len(seqs), _BATCH):
            part = seqs[start_ : start_ + _BATCH]
            marks = ",".join("?" * len(part))
            rows = conn.execute(f"SELECT seq, body, hash FROM ledger WHERE seq IN ({marks})", part).fetchall()
            found.update((line.seq, line) for line in _lines(conn, rows))
    return found


def tail(folder: StateFolder, n: int) -> list[Line]:
    """The last ``n`` entries, oldest first."""
    return list(reversed(window(folder, 0, n).lines))


def window(
    folder: StateFolder,
    offset: int,
    limit: int,
    *,
    newest_first: bool = True,
    text: str = "",
    verbs: Sequence[str] = (),
    subject: str = "",
    after: int = 0,
) -> Window:
    """Rows ``offset`` … of the filtered ledger after an entry, for a screen that shows only what is in view.

    ``text`` is searched, ignoring the case of ASCII letters, in verb, who, subjects, data and private texts.
    Unfiltered it costs the same at any length; a text search reads every body.
    """
    where, values = _filter(text, verbs, subject)
    if after:
        where, values = f"{where} AND seq > ?", [*values, after]
    order = "DESC" if newest_first else "ASC"
    with reading(folder.ledger_db) as conn:
        if where:
            total = conn.execute(f"SELECT count(*) FROM ledger WHERE 1{where}", values).fetchone()[0]
            rows = conn.execute(
                f"SELECT seq, body, hash FROM ledger WHERE 1{where} ORDER BY seq {order} LIMIT ? OFFSET ?",
                (*values, limit, offset),
            ).fetchall()
        else:
            total = conn.execute("SELECT coalesce(max(seq), 0) FROM ledger").fetchone()[0]
            first = total - offset - limit + 1 if newest_first else offset + 1
            rows = conn.execute(
                f"SELECT seq, body, hash FROM ledger WHERE seq BETWEEN ? AND ? ORDER BY seq {order}",
                (max(first, 1), first + limit - 1),
            ).fetchall()
        return Window(tuple(_lines(conn, rows)), total)


def numbers(folder: StateFolder, verb: str, after: int) -> list[int]:
    """The sequences of a verb's entries after an entry, in order. It looks at every entry after that one."""
    with reading(folder.ledger_db) as conn:
        rows = conn.execute("SELECT seq FROM ledger WHERE seq > ? AND verb = ? ORDER BY seq", (after, verb))
        return [seq for (seq,) in rows]


def last_before(folder: StateFolder, moment: datetime) -> int:
    """The newest entry that was made before a moment; 0 for none. It looks at every entry since."""
    most = micros(moment)
    with reading(folder.ledger_db) as conn:
        newest_first = conn.execute("SELECT seq, body FROM ledger ORDER BY seq DESC")
        return next((seq for seq, body in newest_first if _document(body)["at"] < most), 0)


def subjects(folder: StateFolder, after: int, verbs: Sequence[str]) -> dict[str, int]:
    """How many subjects the entries after one have, by verb."""
    where, values = _filter("", verbs, "")
    with reading(folder.ledger_db) as conn:
        rows = conn.execute(
            "SELECT verb, sum(json_array_length(CAST(body AS TEXT), '$.subjects')) FROM ledger "
            f"WHERE seq > ?{where} GROUP BY verb",
            (after, *values),
        )
        return dict(rows.fetchall())


def export(folder: StateFolder, after: int = 0) -> Iterator[str]:
    """The ledger as ASCII JSON Lines, each with all that is needed to verify it again elsewhere.

    ``body`` is the exact text that was hashed; salts and private texts are included, so the export is as
    confidential as the ledger.
    """
    with reading(folder.ledger_db) as conn:
        while True:
            rows = conn.execute(
                "SELECT seq, body, prev, hash, sig FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?",
                (after, _BATCH),
            ).fetchall()
            texts = _private(conn, [row[0] for row in rows])
            for seq, body, prev, hash_, sig in rows:
                private = {
                    name: {"salt": salt.hex(), "text": text.decode("utf-8")}
                    for name, (salt, text) in texts.get(seq, {}).items()
                }
                yield ascii_json(
                    {
                        "seq": seq,
                        "body": body.decode("utf-8"),
                        "prev": prev.hex(),
                        "hash": hash_.hex(),
                        "sig": sig.hex(),
                        "private": private,
                    }
                )
            if len(rows) < _BATCH:
                return
            after = rows[-1][0]


def _filter(text: str, verbs: Sequence[str], subject: str) -> tuple[str, list[object]]:
    where, values = "", list[object]()
    if verbs:
        where += f" AND verb IN ({','.join('?' * len(verbs))})"
        values += verbs
    if subject:
        where += " AND EXISTS (SELECT 1 FROM json_each(CAST(body AS TEXT), '$.subjects') WHERE value = ?)"
        values.append(subject)
    if text:
        where += (
            " AND (instr(lower(verb || ' ' ||"
            " json_extract(CAST(body AS TEXT), '$.who') || ' ' ||"
            " json_extract(CAST(body AS TEXT), '$.subjects') || ' ' ||"
            " json_extract(CAST(body AS TEXT), '$.data')), lower(?)) > 0"
            " OR EXISTS (SELECT 1 FROM private AS p WHERE p.seq = ledger.seq"
            " AND instr(lower(CAST(p.text AS TEXT)), lower(?)) > 0))"
        )
        values += [text, text]
    return where, values


def _lines(conn: sqlite3.Connection, rows: Sequence[tuple[int, bytes, bytes]]) -> Iterator[Line]:
    texts = _private(conn, [row[0] for row in rows])
    for seq, body, hash_ in rows:
        private = {name: text.decode("utf-8") for name, (_, text) in texts.get(seq, {}).items()}
        yield ledger_body.line(seq, body, hash_, private)


def _private(conn: sqlite3.Connection, seqs: Sequence[int]) -> dict[int, dict[str, tuple[bytes, bytes]]]:
    found: dict[int, dict[str, tuple[bytes, bytes]]] = {}
    for start_ in range(0, len(seqs), _BATCH):
        part = seqs[start_ : start_ + _BATCH]
        query = f"SELECT seq, name, salt, text FROM private WHERE seq IN ({','.join('?' * len(part))})"
        for seq, name, salt, text in conn.execute(query, part):
            found.setdefault(seq, {})[name] = (salt, text)
    return found
