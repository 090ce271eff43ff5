"""Draining the outbox: what was decided here is told to Security Hub, in the order it was decided.

A row is claimed by this process for as long as its write may take; what becomes of it is an entry on the ledger,
and the store learns of it as of any other entry. What fails for a reason that passes is given back and tried again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Mode
from socconsole.model.finding import Finding, Format
from socconsole.model.wire import Sent
from socconsole.model.world import Place, WorldKind
from socconsole.response import book, hub_writes
from socconsole.response.base import Door
from socconsole.response.hub_writes import IDS_A_WRITE, Key, Owed
from socconsole.response.session import Refusal, Session, uninterrupted
from socconsole.store import db, outbox, reading
from socconsole.store.outbox import Fate, Settled, Write
from socconsole.store.reading import Body

AGAIN_S: Final = 5.0
"""How long what was given back is left alone."""

WRITE_S: Final = 240.0
"""The longest that one write takes: 100 records read before and after, 20 a call, each call with its deadline."""

_HUB: Final = "securityhub"


async def drain(session: Session, *, include_read: bool = False) -> Sent:
    """Send all that this analyst owes AWS; ``include_read`` also what was decided in READ, and what failed.

    Raises ``Refusal`` in READ and for an import. Trouble that passes ends the drain and is told in ``why``.
    """
    if session.mode is Mode.READ:
        raise Refusal("refused", "READ mode sends nothing", "run it with mode TRIAGE")
    if session.folder.world.kind is WorldKind.IMPORT:
        raise Refusal("refused", "this state folder holds imported findings only: it reaches no AWS")
    fates: list[Fate] = []
    why = ""
    while not why:
        claimed = await asyncio.to_thread(_claim, session, include_read)
        if not claimed:
            break
        async with session.door(session, "triage") as door:
            for place, batch in _batches(claimed):
                ours = await asyncio.to_thread(_renew, session, claimed)  # those before may have taken their time
                batch = [each for each in batch if each[0].id in ours]
                why = why or (await uninterrupted(_send(session, door, place, batch, fates)) if batch else "")
                if why:  # this one was given back by itself: so are those behind it
                    await asyncio.to_thread(_release, session, batch, why)
    left = await asyncio.to_thread(_waiting, session)
    return Sent(
        sent=fates.count(Fate.SENT),
        failed=fates.count(Fate.FAILED),
        overtaken=fates.count(Fate.OVERTAKEN),
        waiting=left.unsent + left.claimed + (left.kept_back if include_read else 0),
        why=why,
    )


Claimed = tuple[Write, Owed, Place | None]


async def _send(session: Session, door: Door, place: Place | None, batch: Sequence[Claimed], fates: list[Fate]) -> str:
    """One write to one Security Hub, and its entries; why it was given back, or nothing."""
    by_name = {(owed.seq, owed.finding): write for write, owed, _ in batch}
    owed = [each for _, each, _ in batch]
    if place is None:
        why = "no account of this state folder has reported the finding"
        settled = [hub_writes.Settled(each, Fate.FAILED.value, why) for each in owed]
    else:
        try:
            settled = await hub_writes.write(door, place, owed)
        except AwsTrouble as trouble:
            return f"{trouble.operation}: {trouble.kind}" + (f"; {trouble.remedy}" if trouble.remedy else "")
    told = [
        Settled(by_name[each.owed.seq, each.owed.finding], Fate(each.verb), each.why, each.before) for each in settled
    ]
    await asyncio.to_thread(outbox.settle, session.folder, told, session.analyst)
    fates += [each.fate for each in told]
    return ""


def _claim(session: Session, include_read: bool) -> list[Claimed]:
    """The oldest writes owed, each with the records and the place it goes to."""
    folder = session.folder
    book.catch_up(folder)
    now = datetime.now(UTC)
    with closing(db.connect(folder.store_db)) as conn:
        writes = outbox.claim(
            conn, session.analyst, now, include_read=include_read, retry_failed=include_read, limit=IDS_A_WRITE
        )
        found = [
            (
                write,
                reading.get(conn, write.finding),
                reading.bodies(conn, write.finding),
                _verdicts_set(outbox.of_finding(conn, write.finding)),
            )
            for write in writes
        ]
    accounts = folder.world.accounts
    return [
        _owed(write, stored.finding if stored else None, bodies, accounts, own) for write, stored, bodies, own in found
    ]


def _verdicts_set(owed: Sequence[tuple[Write, str, str]]) -> frozenset[str]:
    """Verdicts that we have told AWS of a finding; the watch may not have read the last one back yet."""
    return frozenset(
        str(write.payload["verdict"]) for write, state, _ in owed if state == "sent" and "verdict" in write.payload
    )


def _owed(
    write: Write, finding: Finding | None, bodies: Sequence[Body], accounts: Collection[str], verdicts: frozenset[str]
) -> Claimed:
    if finding is None:
        return write, Owed(write.seq, write.finding, write.payload, ()), None
    keys: tuple[Key, ...] = tuple((product, id_) for format_, product, id_ in finding.handles if format_ == Format.ASFF)
    note_seen = finding.note.raw() if finding.note else ""
    known = verdicts | {"UNKNOWN", *([finding.verdict.value] if finding.verdict else [])}
    owed = Owed(write.seq, write.finding, write.payload, keys, note_seen, known)
    return write, owed, _place(finding, bodies, accounts)


def _place(finding: Finding, bodies: Sequence[Body], accounts: Collection[str]) -> Place | None:
    """The Security Hub that told us: with an aggregator it is not the finding's own account and region."""
    for body in bodies:
        service, _, where = body.origin.raw().partition("/")
        account, _, region = where.partition("/")
        if body.current and service == _HUB and account in accounts:
            return Place(account, region)
    if finding.account in accounts and finding.account and finding.region:
        return Place(finding.account, finding.region)
    return None


def _batches(claimed: Sequence[Claimed]) -> Iterator[tuple[Place | None, list[Claimed]]]:
    """Neighbours that tell the same Security Hub the same, at most 100 records together; order is kept."""

    def alike(each: Claimed) -> tuple[str, str]:
        return repr(each[2]), json.dumps(dict(each[1].told), sort_keys=True)

    for _, run in groupby(claimed, alike):
        batch: list[Claimed] = []
        taken: set[Key] = set()
        for each in run:
            keys = set(each[1].keys)
            # A record is named once in a write: a second decision about it goes with the next one.
            if batch and (len(taken) + len(keys) > IDS_A_WRITE or taken & keys):
                yield batch[0][2], batch
                batch, taken = [], set()
            batch.append(each)
            taken |= keys
        yield batch[0][2], batch


def _release(session: Session, batch: Sequence[Claimed], why: str) -> None:
    with closing(db.connect(session.folder.store_db)) as conn:
        outbox.release(conn, [write for write, _, _ in batch], why, datetime.now(UTC), AGAIN_S)


def _renew(session: Session, claimed: Sequence[Claimed]) -> frozenset[int]:
    """The ids of those that no other process has taken over meanwhile."""
    with closing(db.connect(session.folder.store_db)) as conn:
        held = outbox.renew(conn, [write for write, _, _ in claimed], datetime.now(UTC), WRITE_S)
    return frozenset(write.id for write in held)


def _waiting(session: Session) -> outbox.Waiting:
    with closing(db.connect(session.folder.store_db, readonly=True)) as conn:
        return outbox.waiting(conn, session.analyst)
