"""Deciding about findings: checked, written to the ledger, then projected.

A decision about many findings is a batch: entries of at most 100 ids, all in one ledger transaction, sharing
a batch id. What a decision does to the store is in ``project_decisions``.
"""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from socconsole.commands import Acknowledge, Claim, Decision, Note, Snooze, TakeBack, Verify
from socconsole.model.action import Mode
from socconsole.model.entry import Entry
from socconsole.model.finding import Verdict
from socconsole.model.world import WorldKind
from socconsole.store import adopted, db, facts, ledger, reading
from socconsole.store.instants import instant, micros, storable
from socconsole.store.project import project

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

IDS_LIMIT: Final = 100
"""Ids in one entry."""
SNOOZE_LIMIT: Final = timedelta(days=7)
TEXT_LIMIT: Final = 4_000
"""Characters of a reason or note."""

UNKNOWN: Final = "there is no such finding"
"""Why an id was left out that names nothing here."""

_CHUNK: Final = 500
SEQUENCE: Final = "attacksequence"
"""GuardDuty's attack sequences have this in their type, with ASFF's prefix or without."""

_T = TypeVar("_T")
_log: Final = logging.getLogger(__name__)


class DecisionRefused(Exception):
    """The request as a whole makes no sense: nothing was written."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to. ``ids`` are the findings decided about, under the id they have now."""

    batch: str
    """Empty when nothing was written."""
    ids: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    """(id, why it was left as it is)."""
    seq: int
    """The batch's last ledger entry; 0 when nothing was written."""
    projected: bool = True
    """False when the store could not take it in: the decision is on record, and the next ``project`` applies it."""


def decide(folder: StateFolder, request: Decision, who: str, mode: Mode, now: datetime) -> Decided:
    """Put a decision on the ledger and apply it. Blocks on the disk: never on the UI loop.

    ``now`` is the moment in the world's time (scenario time in a drill), which snoozes and decisions are dated
    by; entries carry the host's clock besides. Raises ``DecisionRefused``, and what ``ledger.append`` and
    ``project`` raise; after an exception nothing was written.
    """
    catch_up(folder)  # to decide on what is known, and so that taking back sees what others did
    if isinstance(request, TakeBack):
        return _take_back(folder, request, who, mode, now)
    data, private = _check(request, now)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        ids, skipped = _sift(conn, request, who)
        known = [facts.said(conn, part) for part in _parts(ids)]
    if not ids:
        return Decided("", (), tuple(skipped), 0)
    batch = _batch()
    entries = [
        Entry(
            verb=_VERB[type(request)],
            who=who,
            subjects=tuple(part),
            data={**_common(folder, batch, mode, now), **data, **about},
            private=private,
        )
        for part, about in zip(_parts(ids), known, strict=True)
    ]
    return _write(folder, batch, entries, ids, skipped)


_VERB: Final[dict[type, str]] = {
    Acknowledge: "acknowledge",
    Claim: "claim",
    Note: "note",
    Verify: "verdict",
    Snooze: "snooze",
}


def _check(request: Decision, now: datetime) -> tuple[dict[str, Any], dict[str, str]]:
    """What goes into the entry beside the ids: (data, private)."""
    if isinstance(request, Acknowledge):
        return {}, {"reason": _text(request.reason, "an acknowledgement needs a reason")}
    if isinstance(request, Note):
        return {}, {"text": _text(request.text, "the note is empty")}
    if isinstance(request, Verify):
        if request.verdict not in {verdict.value for verdict in Verdict}:
            known = ", ".join(verdict.value for verdict in Verdict)
            raise DecisionRefused(f"a verdict is one of {known}")
        return {"verdict": request.verdict}, {"reason": _text(request.reason)} if request.reason else {}
    if isinstance(request, Snooze):
        if request.until.tzinfo is None:
            raise DecisionRefused("the end of a snooze needs a time zone")
        if request.until <= now:
            raise DecisionRefused("a snooze has to end in the future")
        if request.until - now > SNOOZE_LIMIT:
            raise DecisionRefused(f"a snooze lasts {SNOOZE_LIMIT.days} days at most")
        return {"until": micros(request.until)}, {"reason": _text(request.reason, "a snooze needs a reason")}
    return {}, {}


def _text(text: str, missing: str = "") -> str:
    kept = storable(text.strip())
    if not kept and missing:
        raise DecisionRefused(missing)
    if len(kept) > TEXT_LIMIT:
        raise DecisionRefused(f"{len(kept):,} characters; at most {TEXT_LIMIT:,} are kept")
    return kept


def _sift(conn: sqlite3.Connection, request: Decision, who: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The findings that the request can be about, each once, in its order; and why not the others."""
    asked: tuple[str, ...] = () if isinstance(request, TakeBack) else tuple(dict.fromkeys(request.ids))
    types = _types(conn, asked)
    owners = _owners(conn, list(types)) if isinstance(request, Claim) else {}
    kept: dict[str, None] = {}
    skipped: list[tuple[str, str]] = []
    for given in asked:
        id_ = given if given in types else reading.resolve(conn, given)
        if id_ is None:
            skipped.append((given, UNKNOWN))
        elif isinstance(request, Snooze) and SEQUENCE in _type_of(conn, id_, types).casefold():
            skipped.append((given, "an attack sequence is never snoozed"))
        elif owners.get(id_) == who:
            skipped.append((given, "it is yours already"))
        else:
            kept[id_] = None
    return list(kept), skipped


def _types(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        marks = ",".join("?" * len(part))
        found.update(conn.execute(f"SELECT id, types FROM finding WHERE id IN ({marks})", part))
    return found


def _type_of(conn: sqlite3.Connection, id_: str, known: dict[str, str]) -> str:
    return known[id_] if id_ in known else _types(conn, [id_]).get(id_, "")


def _owners(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, str | None]:
    """Owners as the queue shows them: over all ids that a finding has had."""
    found: dict[str, str | None] = {}
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        marks = ",".join("?" * len(part))
        found.update(conn.execute(f"SELECT id, owner FROM queue WHERE id IN ({marks})", part))
    return found


# --- taking back ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LastAct:
    """What taking back would revert."""

    batch: str
    verb: str
    """The ledger's: ``acknowledge``, ``snooze`` …"""
    at: datetime
    """In the world's time."""
    findings: int
    told: bool
    """AWS has been told of it, and would be told again."""


def last_act(folder: StateFolder, who: str) -> LastAct:
    """The last batch of ``who`` that was not taken back. Blocks on the disk: never on the UI loop.

    Raises ``DecisionRefused`` where there is none, and what ``ledger.get`` and ``project`` raise.
    """
    catch_up(folder)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        batch = _last_batch(conn, who)
        seqs, findings = conn.execute(
            "SELECT json_group_array(DISTINCT seq), count(DISTINCT finding_id) FROM decision_log "
            "WHERE batch = ? AND taken_by IS NULL",
            (batch,),
        ).fetchone()
        told = conn.execute(
            "SELECT 1 FROM outbox WHERE seq IN (SELECT value FROM json_each(?)) AND state IN ('sent', 'claimed')",
            (seqs,),
        ).fetchone()
    first = min(json.loads(seqs))
    line = ledger.get(folder, [first])[first]
    return LastAct(batch, line.entry.verb, instant(int(line.entry.data["now"])), findings, told is not None)


def _last_batch(conn: sqlite3.Connection, who: str) -> str:
    last = conn.execute(
        "SELECT batch FROM decision_log WHERE who = ? AND taken_by IS NULL ORDER BY seq DESC LIMIT 1", (who,)
    ).fetchone()
    if last is None:
        raise DecisionRefused("you have nothing to take back")
    return str(last[0])


def _take_back(folder: StateFolder, request: TakeBack, who: str, mode: Mode, now: datetime) -> Decided:
    """Revert the last batch of ``who`` that was not taken back, except where somebody decided since."""
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        last = _last_batch(conn, who)
        if request.batch and request.batch != last:
            raise DecisionRefused("that is not your last act any more: look again")
        rows = conn.execute(
            "SELECT finding_id, field, seq, prior_seq, (SELECT o.who FROM decision_log AS o "
            "WHERE o.finding_id = l.finding_id AND o.seq > l.seq AND o.who <> l.who AND o.taken_by IS NULL "
            "ORDER BY o.seq DESC LIMIT 1) FROM decision_log AS l "
            "WHERE batch = ? AND taken_by IS NULL ORDER BY seq, finding_id",
            (last,),
        ).fetchall()
    skipped = [(row[0], f"{row[4]} has decided about it since") for row in rows if row[4] is not None]
    mine = [row for row in rows if row[4] is None]
    if not mine:
        return Decided("", (), tuple(skipped), 0)
    batch = _batch()
    entries = [
        Entry(
            verb="take_back",
            who=who,
            subjects=tuple(row[0] for row in part),
            data={
                **_common(folder, batch, mode, now),
                "of": last,
                "field": part[0][1],
                "restore": {row[0]: row[3] for row in part},
            },
        )
        for part in _parts(mine)
    ]
    return _write(folder, batch, entries, [row[0] for row in mine], skipped)


# --- writing --------------------------------------------------------------------------------------------


def _common(folder: StateFolder, batch: str, mode: Mode, now: datetime) -> dict[str, Any]:
    """An imported world has no AWS to tell, so nothing is owed to it."""
    return {
        "batch": batch,
        "mode": mode.value,
        "now": micros(now),
        "send": folder.world.kind is not WorldKind.IMPORT,
    }


def _write(
    folder: StateFolder,
    batch: str,
    entries: Sequence[Entry],
    ids: Sequence[str],
    skipped: Sequence[tuple[str, str]],
) -> Decided:
    lines = ledger.append(folder, entries)
    return Decided(batch, tuple(ids), tuple(skipped), lines[-1].seq, taken_in(folder, lines[-1].seq))


def taken_in(folder: StateFolder, seq: int) -> bool:
    """Project an entry that was just put on record; False when the store could not: nobody may be told that it is not
    on record then."""
    try:
        return catch_up(folder)
    except (sqlite3.Error, ledger.LedgerError):
        _log.warning("the store cannot take entry %d in", seq, exc_info=True)
        return False


def catch_up(folder: StateFolder) -> bool:
    """Project; False when the store is busy or its disk full: what is on the ledger is applied later then."""
    try:
        project(folder)
    except sqlite3.OperationalError:
        _log.warning("the store could not be brought up to the ledger yet", exc_info=True)
        return False
    return True


def _batch() -> str:
    return f"b-{secrets.token_hex(6)}"


def _parts(items: Sequence[_T]) -> list[Sequence[_T]]:
    return [items[start : start + IDS_LIMIT] for start in range(0, len(items), IDS_LIMIT)]


VERBS: Final = adopted.DECISIONS
"""Ledger verbs of decisions."""
