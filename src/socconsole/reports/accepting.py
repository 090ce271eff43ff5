"""Taking over: a handoff of another install onto this one's ledger, and its receipt onto the giver's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from socconsole.config import Config
from socconsole.model.entry import Entry, Line
from socconsole.model.world import World
from socconsole.reports import receipts
from socconsole.reports.carried import Carried
from socconsole.reports.handoff_file import OWN, BadHandoff, Parcel, Read, read
from socconsole.reports.receipts import BadReceipt
from socconsole.store import (
    adopted,
    adopted_decisions,
    adopting,
    db,
    decisions,
    evidence,
    handoffs,
    keys,
    ledger,
    project,
)
from socconsole.store.adopted_decisions import Meeting
from socconsole.store.instants import micros
from socconsole.store.project_handoffs import ACCEPTED, GIVEN, TAKEN
from socconsole.text import clean, token

if TYPE_CHECKING:
    from socconsole.reports.handoff_file import Given
    from socconsole.store.state import StateFolder

_WAIT_S: Final = 2.0
_CONFLICTS: Final = 20
_NAMES: Final = ("id", "action", "target", "account", "region")
"""What an intent names, and what is matched, stored and sent to AWS as it is."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken over. ``adopted``: entries that were new here; ``receipt``: the line for the giver."""

    parcel: Parcel
    peer: str
    adopted: int
    seq: int
    receipt: str
    decisions: int = 0
    """Those of ``adopted`` that decide about findings."""
    met: Meeting = field(default_factory=Meeting)
    """What they came to here: where both installs had decided, and what is not known here yet."""

    @property
    def decided(self) -> tuple[str, ...]:
        """What came of their decisions on findings, in words; of many conflicts the first are told one by one."""
        conflicts, awaited = self.met.conflicts, len(self.met.awaited)
        said = [f"decisions on findings taken over: {self.decisions:,}"] if self.decisions else []
        if awaited:
            said.append(f"{awaited:,} of the findings are not known here yet: they are decided about when they arrive")
        said += [str(one) for one in conflicts[:_CONFLICTS]]
        if len(conflicts) > _CONFLICTS:
            said.append(f"and {len(conflicts) - _CONFLICTS:,} more on which both installs had decided")
        return tuple(said)


def give(folder: StateFolder, given: Given, who: str, now: datetime, read: int | None = None) -> Line:
    """Put on record that a file was made, from the ledger up to entry ``read``: the next one tells what came after.

    Raises ``ledger.LedgerError``.
    """
    data = {
        "now": micros(now),
        "handoff": given.parcel.id,
        "sha256": given.digest,
        "bytes": len(given.data),
        "cases": list(given.parcel.cases),
        "actions": list(given.parcel.actions),
        **({} if read is None else {"read": read}),
    }
    (line,) = ledger.append(folder, [Entry(GIVEN, who, (given.parcel.id,), data)])
    decisions.taken_in(folder, line.seq)
    return line


def accept(folder: StateFolder, config: Config, data: bytes, who: str, now: datetime) -> Taken:
    """Take over a handoff: evidence first, then all its entries at once.

    Raises :class:`BadHandoff`, and ``LockHeld``, ``ledger.LedgerError``, ``ledger.EntryRefused`` or ``OSError`` where
    it could not be recorded; nothing was taken over then.
    """
    try:
        with folder.lock("handoff", _WAIT_S):
            return _accept(folder, config, data, who, now)
    except db.Error as trouble:
        raise BadHandoff(f"not accepted, and nothing was taken over: the store: {trouble}", "try again") from trouble


def _accept(folder: StateFolder, config: Config, data: bytes, who: str, now: datetime) -> Taken:
    signer = keys.load(folder.keys)
    if signer is None:
        raise BadHandoff("this install has no signing key yet", "socconsole ledger key")
    file = read(data, config.peers, signer.id)
    parcel = file.parcel
    if parcel.install == folder.install:
        raise BadHandoff(OWN)
    _fits(folder.world, file)
    _sound(parcel, now)
    project.project(folder)
    with db.reading(folder) as conn:
        if (before := handoffs.get(conn, parcel.id)) is not None:
            raise BadHandoff(
                f"{token(parcel.id)} was accepted already, at {before.accepted:%Y-%m-%d %H:%MZ}",
                f"socconsole handoff show {token(parcel.id)}   (prints its receipt again)",
            )
    there = adopting.known(folder)
    new = [adopted.entry(one.origin, one.entry, parcel.id, who) for one in _unknown(folder, parcel.entries, there)]
    decided = [(one.origin, one.entry) for one in _unknown(folder, parcel.decisions, there)]
    with db.reading(folder) as conn:
        met = adopted_decisions.meet(folder, conn, decided)
    new += [
        adopted.entry(origin, made, parcel.id, who, stands)
        for (origin, made), stands in zip(decided, met.stands, strict=True)
    ]
    if objection := adopting.objection(folder, new, now):
        raise BadHandoff(f"not accepted, and nothing was taken over: {objection}")
    for kept in file.evidence():
        evidence.put(folder, kept)
    entries = [_taken(file, evidence.put(folder, data), who, now), *new]
    lines = ledger.append(folder, entries)
    decisions.taken_in(folder, lines[-1].seq)  # on record by now: a busy store takes it in later
    receipt = receipts.line(parcel.id, file.digest, who, folder.install, signer, now)
    return Taken(parcel, file.peer, len(new), lines[0].seq, receipt, len(decided), met)


def _unknown(folder: StateFolder, entries: Iterable[Carried], there: set[tuple[str, int, str]]) -> list[Carried]:
    """Entries that are neither this ledger's own nor were adopted before."""
    return [one for one in entries if one.key not in there and not adopting.own(folder, one.origin)]


def _fits(world: World, file: Read) -> None:
    """A handoff is for the same AWS: the same kind of world, and no account that does not belong to this one."""
    theirs = file.world
    if (theirs.kind, theirs.partition, theirs.drill) != (world.kind, world.partition, world.drill):
        of = f"{theirs.kind.value} world" + (f" ({token(theirs.drill.scenario)})" if theirs.drill else "")
        raise BadHandoff(f"the handoff is of another world: a {of}, {token(theirs.partition)}", "--store FOLDER")
    intents = [one for one in file.parcel.entries if one.verb == "intent"]
    for intent in intents:
        for name, said in (("who", intent.who), *((name, intent.data.get(name)) for name in _NAMES)):
            if not isinstance(said, str) or clean(said, 2_048) != said:
                raise BadHandoff(f"not accepted: an intent's {name} is no plain name: {clean(str(said), 80)}")
    named = {str(intent.data["account"]) for intent in intents}
    others = sorted(named - {*world.accounts})
    if others or (theirs.accounts and world.accounts and not set(theirs.accounts) & set(world.accounts)):
        accounts = ", ".join(token(one) for one in others or theirs.accounts)
        raise BadHandoff(
            f"the handoff is about accounts that do not belong to this state folder: {accounts}",
            "add [[accounts]] entries for them to the config, if they are yours, and start the watch once",
        )


def _sound(parcel: Parcel, now: datetime) -> None:
    """Each entry is in its place, and the decisions are such as this program lets be made."""
    for one in parcel.entries:
        if one.verb in adopted.DECISIONS:
            raise BadHandoff(f"not accepted: {one.verb!a} stands among what is about cases and containments")
    for one in parcel.decisions:
        why = adopted_decisions.unsound(one.entry, now) if one.verb in adopted.DECISIONS else "it is no decision"
        if why:
            raise BadHandoff(f"not accepted: a decision on findings, {one.verb!a}, is none to take over: {why}")


def _taken(file: Read, digest: str, who: str, now: datetime) -> Entry:
    parcel = file.parcel
    return Entry(
        TAKEN,
        who,
        (parcel.id,),
        {
            "now": micros(now),
            "handoff": parcel.id,
            "sha256": digest,
            "install": parcel.install,
            "key": file.key,
            "peer": file.peer,
            "by": parcel.who,
            "at": parcel.at,
            "cases": list(parcel.cases),
            "actions": list(parcel.actions),
        },
    )


def receipt(folder: StateFolder, config: Config, line: str, who: str, now: datetime) -> tuple[str, str, str, int]:
    """Put a receipt on the giver's record: (handoff, by whom, peer, entry).

    Raises :class:`BadReceipt`, ``LockHeld`` and ``ledger.LedgerError``; nothing is on record then.
    """
    said, peer = receipts.read(line, config.peers, now)
    with folder.lock("handoff", _WAIT_S):  # two consoles with one receipt: the second sees that it is settled
        return _receipt(folder, said, peer, who, now)


def _receipt(
    folder: StateFolder, said: receipts.Receipt, peer: str, who: str, now: datetime
) -> tuple[str, str, str, int]:
    try:
        project.project(folder)
    except db.Error as trouble:
        raise BadReceipt(f"not recorded: the store: {trouble}; try again") from trouble
    with db.reading(folder) as conn:
        given = handoffs.get(conn, said.handoff)
    if given is None or not given.given:
        raise BadReceipt(f"the receipt is for {token(said.handoff)}, which this install did not give")
    if given.digest != said.sha256:
        raise BadReceipt("the receipt is for another file than the one that was given: its SHA-256 differs")
    if said.install == folder.install:
        raise BadReceipt("the receipt is this install's own")
    if given.accepted is not None:
        raise BadReceipt(f"{given.id} was accepted already, at {given.accepted:%Y-%m-%d %H:%MZ}")
    data = {
        "now": micros(now),
        "handoff": given.id,
        "install": said.install,
        "key": said.key,
        "peer": peer,
        "by": said.who,
        "at": micros(said.at),
    }
    (entry,) = ledger.append(folder, [Entry(ACCEPTED, who, (given.id,), data)])
    decisions.taken_in(folder, entry.seq)
    return given.id, said.who, peer, entry.seq


def receipt_again(folder: StateFolder, taken: handoffs.HandedOff) -> str:
    """The line for the giver, once more; empty where there is none to give."""
    signer = keys.load(folder.keys)
    if signer is None or taken.given or taken.accepted is None:
        return ""
    by = taken.accepted_by.raw()
    return receipts.line(taken.id, taken.digest, by, folder.install, signer, taken.accepted)
