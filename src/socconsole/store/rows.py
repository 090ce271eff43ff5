"""From a merged finding to its row in ``finding`` and its text in the search index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

import msgspec

from socconsole import triage
from socconsole.model.finding import Actor, Finding, Reason, Resource, Workflow
from socconsole.store import naming, needs
from socconsole.store.codec import MOST
from socconsole.store.instants import instant_or_none, micros, micros_or_none, storable

_LEAKS: Final = frozenset({triage.Mark.EXFIL, triage.Mark.CHANNEL})
CLOSED: Final = (Workflow.RESOLVED.value, Workflow.SUPPRESSED.value)

TITLE_LIMIT: Final = 256
"""Characters of a title in the table; Security Hub allows no more, the record keeps all."""

PLACE_LIMIT: Final = 96
_OWN: Final = ("socconsole",)
"""``sources`` of an alarm of our own: it repeats nothing, and each time is about something that is new."""
_PRINCIPALS: Final = ("role", "user", "principal")
NAMES_LIMIT: Final = 1_000
"""Characters of types, resources and actors that ``type:``, ``res:`` and ``actor:`` look at."""

_TEXT_LIMIT: Final = 4_000
"""Characters of each searchable column."""

_COLUMNS: Final = (
    "id", "kind", "severity", "score", "reasons", "title", "place", "account", "region", "types", "resources",
    "actors", "product", "sources", "workflow", "verdict", "occurred", "published", "seen", "updated", "events",
    "active", "sample", "sequence", "leaks", "resolved_at", "resumed_at", "print", "text_row", "text_digest",
)  # fmt: skip
_INSERT: Final = f"INSERT INTO finding (n, {', '.join(_COLUMNS)}) VALUES (?{', ?' * len(_COLUMNS)})"
_UPDATE: Final = f"UPDATE finding SET {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE n = ?"
_INSERT_TEXT: Final = (
    "INSERT INTO finding_fts (rowid, title, description, resources, types, actors, account) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_ID_LENGTHS: Final = range(16, 27, 2)
"""Longer ids to try, up to the whole alias key, when twelve digits are taken by another finding."""

_encode: Final = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Before:
    """What is stored of a finding that is about to change."""

    id: str
    workflow: str
    active: bool
    occurred: int | None
    seen: int
    resolved_at: int | None
    resumed_at: int | None
    blocked_at: int | None
    text_row: int
    text_digest: bytes


def before(conn: Connection, n: int) -> Before:
    return Before(
        *conn.execute(
            "SELECT f.id, f.workflow, f.active, f.occurred, f.seen, f.resolved_at, f.resumed_at, q.blocked_at, "
            "f.text_row, f.text_digest FROM finding AS f JOIN queue AS q ON q.n = f.n WHERE f.n = ?",
            (n,),
        ).fetchone()
    )


def insert(conn: Connection, made: Sequence[tuple[int, Finding, str]], now: datetime) -> None:
    """Write new findings, each with its number and the alias key of its strongest name."""
    if not made:
        return
    ids = _free_ids(conn, made)
    text_row = _take_text_rows(conn, len(made))
    texts: list[tuple[object, ...]] = []
    values: list[tuple[object, ...]] = []
    at = micros(now)
    for row, ((n, finding, _), id_) in enumerate(zip(made, ids, strict=True), start=text_row):
        text = text_of(finding)
        texts.append((row, *text))
        resolved = at if _closed(finding.active, finding.workflow) else None
        values.append((n, *_values(finding, id_, resolved, None, row, text)))
    conn.executemany(_INSERT, values)
    conn.executemany(_INSERT_TEXT, texts)
    needs.note(conn, [(n, finding) for n, finding, _ in made])
    naming.added(conn, [(n, finding) for n, finding, _ in made])


def update(conn: Connection, n: int, finding: Finding, was: Before, now: datetime) -> None:
    """Rewrite a finding's row; its text only when that changed (most updates move a count and a time)."""
    text = text_of(finding)
    text_row = was.text_row
    if _digest(text) != was.text_digest:
        text_row = _take_text_rows(conn, 1)
        conn.execute(_INSERT_TEXT, (text_row, *text))
    resolved: int | None = None
    if _closed(finding.active, finding.workflow):
        resolved = micros(now) if was.resolved_at is None else was.resolved_at
    resumed = was.resumed_at
    if finding.occurred is not None and (
        triage.resumed(instant_or_none(was.occurred), finding.occurred, instant_or_none(was.blocked_at))
        or (finding.sources == _OWN and was.occurred is not None and micros(finding.occurred) > was.occurred)
        or (resolved is None and was.resolved_at is not None and micros(finding.occurred) > was.resolved_at)
    ):
        resumed = micros(finding.occurred)
    conn.execute(_UPDATE, (*_values(finding, was.id, resolved, resumed, text_row, text), n))
    needs.note(conn, [(n, finding)])
    naming.changed(conn, n, finding)


def _closed(active: bool, workflow: Workflow) -> bool:
    """Whether AWS calls it closed: archived or gone, or by its workflow."""
    return not active or workflow.value in CLOSED


def pack_reasons(reasons: Sequence[Reason]) -> str:
    """The reasons of a score as they are stored."""
    return _encode([(r.points, storable(r.why)) for r in reasons]).decode()


def reasons(packed: str) -> tuple[Reason, ...]:
    """The stored reasons of a score."""
    return tuple(Reason(points, why) for points, why in msgspec.json.decode(packed, type=list[tuple[int, str]]))


_Text = tuple[str, str, str, str, str, str]


def text_of(finding: Finding) -> _Text:
    """What the words of a search are looked for in, in the order of the index's columns."""
    return (
        storable(finding.title.raw(), _TEXT_LIMIT),
        storable(finding.description.raw(), _TEXT_LIMIT),
        _joined(word for r in finding.resources for word in _words(r)),
        _joined(finding.types),
        _joined(a.value.raw() for a in finding.actors),
        _joined(name for name in (finding.account, finding.region) if name),
    )


def leaks(finding: Finding) -> bool:
    """Whether its type says that data leaves, or opens a way out: then "still leaving?" has an answer."""
    return bool(_LEAKS & triage.marks(finding.types))


def place_of(resources: Sequence[Resource], actors: Sequence[Actor] = ()) -> str:
    """Where it happened, in a word or two: the first resource that means something to a reader, and how many more.

    An account says nothing, and an access key's id hardly more: whose key it is stands there before either.
    """
    if not resources:
        return ""
    first = min(resources, key=_vagueness)
    name = first.name.raw() if first.name else ""
    if _vagueness(first):
        name = next((actor.value.raw() for actor in actors if actor.kind in _PRINCIPALS), name)
    if not name:
        name = first.id.raw()
        if name.startswith("arn:"):
            name = name.split(":", 5)[-1]
    more = len({r.id for r in resources}) - 1
    name = storable(name, PLACE_LIMIT - 6)
    return f"{name} +{more}" if more > 0 else name


def _vagueness(resource: Resource) -> int:
    if resource.type in ("AwsAccount", "Account"):
        return 2
    nameless = resource.name is None or resource.name.raw() == resource.id.raw()
    return 1 if nameless and resource.type == "AwsIamAccessKey" else 0


def _words(resource: Resource) -> tuple[str, ...]:
    name = resource.name.raw() if resource.name else ""
    return (resource.type, resource.id.raw(), name)


def _joined(words: Iterable[str]) -> str:
    return storable("\n".join(dict.fromkeys(word for word in words if word)), _TEXT_LIMIT)


def _values(
    finding: Finding, id_: str, resolved: int | None, resumed: int | None, text_row: int, text: _Text
) -> tuple[object, ...]:
    title, _, resources, types, actors, _ = text
    packed = pack_reasons(finding.priority.reasons)
    return (
        id_,
        finding.kind.value,
        int(finding.severity),
        finding.priority.score,
        packed,
        title[:TITLE_LIMIT],
        place_of(finding.resources, finding.actors),
        _or_none(finding.account),
        _or_none(finding.region),
        types[:NAMES_LIMIT],
        resources[:NAMES_LIMIT],
        actors[:NAMES_LIMIT],
        storable(finding.product),
        storable(" ".join(finding.sources)),
        finding.workflow.value,
        None if finding.verdict is None else finding.verdict.value,
        micros_or_none(finding.occurred),
        micros_or_none(finding.published),
        micros_or_none(finding.seen),
        micros_or_none(finding.updated),
        max(-MOST, min(finding.count, MOST)),
        finding.active,
        finding.sample,
        triage.is_sequence(finding.types, finding.signals),
        leaks(finding),
        resolved,
        resumed,
        _print(finding),
        text_row,
        _digest(text),
    )


def _print(finding: Finding) -> bytes:
    """The fingerprint a snooze has to fit; empty for what cannot be snoozed."""
    try:
        return bytes.fromhex(triage.fingerprint(finding).digest)[:8]
    except triage.NotSnoozable:
        return b""


def _or_none(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _digest(text: Sequence[str]) -> bytes:
    return hashlib.blake2b("\x00".join(text).encode(), digest_size=8).digest()


def _take_text_rows(conn: Connection, count: int) -> int:
    """The first of ``count`` numbers never used in the index before: what is left there stays unreachable."""
    last: int = conn.execute(
        "INSERT INTO counter (name, value) VALUES ('text_row', ?) "
        "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value",
        (count,),
    ).fetchone()[0]
    return last - count + 1


def _free_ids(conn: Connection, made: Sequence[tuple[int, Finding, str]]) -> list[str]:
    """An id for each: its own, or a longer one where another finding has it.

    Twelve digits can be made to collide on purpose by anyone who may import findings; that must neither join
    two detections nor stop the intake.
    """
    wanted = [finding.id for _, finding, _ in made]
    taken = {
        id_ for (id_,) in conn.execute(f"SELECT id FROM finding WHERE id IN ({','.join('?' * len(wanted))})", wanted)
    }
    out: list[str] = []
    for _, finding, key in made:
        id_ = finding.id
        if id_ in taken:
            id_ = next(key[:length] for length in _ID_LENGTHS if _is_free(conn, key[:length], taken))
        taken.add(id_)
        out.append(id_)
    return out


def _is_free(conn: Connection, id_: str, taken: set[str]) -> bool:
    return id_ not in taken and conn.execute("SELECT 1 FROM finding WHERE id = ?", (id_,)).fetchone() is None
