"""The handoff as a file that another install accepts: signed, whole in itself, RFC 8785 JSON.

::

    {"handoff": {…}, "key": "…", "public": "hex", "signature": "hex"}

``handoff`` is a :class:`Parcel`. The signature is the giving install's ledger key over :data:`_SIGNED` and the bytes of
``handoff`` as they stand in the file. There is one spelling: a file that holds the same in other bytes is refused as
altered, so that the SHA-256 of the file names it on both ledgers. It holds free text and evidence: it is as
confidential as the ledger.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import rfc8785

from socconsole.config import PeerConfig
from socconsole.model.world import World
from socconsole.reports import carried
from socconsole.reports.carried import Carried
from socconsole.store import actions, adopted, cases, evidence, ledger, project_actions
from socconsole.store.db import Connection
from socconsole.store.instants import micros
from socconsole.store.keys import Signer, key_id, public_of
from socconsole.store.peers import enrolled, signed_with
from socconsole.store.state import world_data, world_of
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

SUFFIX: Final = ".handoff"
VERSION: Final = 2
_KNOWN: Final = (1, VERSION)
MOST: Final = 64 * 1024 * 1024
"""Bytes of a file that is read at all."""
NAME: Final = 200
"""Characters of a giver's name. Whoever gives under a longer one gives under its beginning."""
DEPTH: Final = 200
"""Levels of JSON in a file: RFC 8785 is written by recursion, two calls a level, and Python stops at a thousand."""
RECORDS: Final = 16 * 1024 * 1024
"""Bytes of cases' records that travel; what is more is named in ``left_out``. States before containments always do."""

_NAMED: Final = 20
"""Entries that are named one by one."""

OWN: Final = "the handoff is this install's own: the next shift accepts it on theirs"

_SIGNED: Final = b"socconsole handoff 1\n"


class BadHandoff(ValueError):
    """The file is no handoff, or not one to be accepted here; says why. ``remedy`` is the way out, if there is one."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class Parcel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is handed over. Until its signature was found good, all of it is untrusted."""

    v: int
    id: Annotated[str, msgspec.Meta(pattern="^h-[0-9a-f]{12}$")]
    install: Annotated[str, msgspec.Meta(pattern="^i-[0-9a-f]{12}$")]
    who: Annotated[str, msgspec.Meta(max_length=NAME)]
    at: int
    world: dict[str, Any]
    cases: tuple[Annotated[str, msgspec.Meta(pattern="^c-[0-9a-f]{8}$")], ...]
    """The open ones."""
    actions: tuple[Annotated[str, msgspec.Meta(pattern="^a-[0-9a-f]{12}$")], ...]
    """Containments in force or in doubt: those the next shift answers for."""
    document: dict[str, Any]
    """The handoff as people read it (``as_data``)."""
    entries: tuple[Carried, ...]
    evidence: dict[str, str]
    """SHA-256 → base64."""
    left_out: tuple[str, ...]
    """SHA-256 of what did not fit, or was missing."""
    decisions: tuple[Carried, ...] = ()
    """What was decided about findings that are open or in an open case, in its order. Since version 2."""
    untold: tuple[int, ...] = ()
    """Entries of the giver's ledger with such decisions that did not fit: the oldest. Since version 2."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """What did not travel, in words."""
        said = [
            f"evidence {clean(digest, 64)} is not in it: it did not fit, or was not there" for digest in self.left_out
        ]
        if self.untold:
            more = f" and {len(self.untold) - _NAMED:,} more" if len(self.untold) > _NAMED else ""
            named = ", ".join(f"{seq:,}" for seq in self.untold[:_NAMED])
            said.append(f"the oldest decisions on findings are not in it, they did not fit: entries {named}{more}")
        return tuple(said)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    handoff: msgspec.Raw
    key: str
    public: str
    signature: str


@dataclass(frozen=True, slots=True)
class Given:
    """A file and what the giver's ledger says of it."""

    data: bytes
    parcel: Parcel

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


# --- giving -------------------------------------------------------------------------------------------------


def make(
    folder: StateFolder, conn: Connection, document: dict[str, Any], who: str, signer: Signer, now: datetime
) -> Given:
    """The file of everything that is open at ``now``. Raises ``ledger.LedgerError``."""
    open_ = list(cases.each(conn))
    held = [*actions.in_force(conn), *actions.in_doubt(conn)]
    done = {one.id: one for one in (*held, *(each for case in open_ for each in cases.actions_of(conn, case)))}
    undos = {one.undone_by for one in done.values() if one.undone_by} | {
        one.undoes for one in done.values() if one.undoes
    }
    wanted = {*done, *undos}
    seqs = {event.seq for id_ in _family(conn, [one.id for one in open_]) for event in cases.events(conn, id_)}
    entries = [*ledger.get(folder, sorted(seqs)).values(), *_about_actions(folder, wanted)]
    states = [stored.evidence for id_ in sorted(wanted) if (stored := actions.whole(conn, id_)) and stored.evidence]
    decisions, untold = carried.decisions(folder, conn, open_)
    kept, left_out = _evidence(folder, states, [digest for case in open_ for digest in case.evidence])
    parcel = Parcel(
        v=VERSION,
        id=f"h-{secrets.token_hex(6)}",
        install=folder.install,
        who=who[:NAME],
        at=micros(now),
        world=world_data(folder.world),
        cases=tuple(one.id for one in open_),
        actions=tuple(dict.fromkeys(one.id for one in held)),
        document=document,
        entries=tuple(carried.carried(line) for line in sorted(entries, key=lambda line: line.seq)),
        evidence=kept,
        left_out=tuple(left_out),
        decisions=decisions,
        untold=untold,
    )
    body = rfc8785.dumps(msgspec.to_builtins(parcel))
    return Given(_spelt(body, signer.public, signer.sign(_SIGNED + body)), parcel)


def _family(conn: Connection, ids: Iterable[str]) -> set[str]:
    """Cases with all that were ever merged into them."""
    into = [(one.id, one.into) for one in cases.each(conn, closed=True)]
    found = set(ids)
    while more := {id_ for id_, parent in into if parent in found} - found:
        found |= more
    return found


def _about_actions(folder: StateFolder, ids: set[str]) -> list[Any]:
    lines = ledger.lines(folder, verbs=(*sorted(project_actions.VERBS), adopted.ADOPTED))
    return [
        line
        for line in lines
        if (made := adopted.as_made(line).entry).verb in project_actions.VERBS and made.data.get("id") in ids
    ]


def _evidence(folder: StateFolder, states: Sequence[str], records: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    kept: dict[str, str] = {}
    left_out: list[str] = []
    room = RECORDS
    for digest in dict.fromkeys((*states, *records)):
        try:
            data = evidence.get(folder, digest)
        except evidence.EvidenceError:
            left_out.append(digest)
            continue
        if digest not in states:
            if len(data) > room:
                left_out.append(digest)
                continue
            room -= len(data)
        kept[digest] = base64.b64encode(data).decode("ascii")
    return kept, left_out


# --- reading ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Read:
    """A file whose signature is good: whose it is, and what it holds."""

    parcel: Parcel
    peer: str
    key: str
    digest: str
    world: World

    def evidence(self) -> list[bytes]:
        """Raises :class:`BadHandoff` for bytes that are not what they are called."""
        found = []
        for digest, text in self.parcel.evidence.items():
            try:
                data = base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError) as error:
                raise BadHandoff(f"evidence {digest[:16]} is damaged") from error
            if hashlib.sha256(data).hexdigest() != digest:
                raise BadHandoff(f"evidence {digest[:16]} is not what it is called")
            found.append(data)
        return found


def read(data: bytes, peers: Sequence[PeerConfig], own: str = "") -> Read:
    """A file as it was signed by one of ``peers``. Raises :class:`BadHandoff`.

    What was signed is taken apart only once its signature, over its very bytes, was found good.
    """
    if len(data) > MOST:
        raise BadHandoff(f"the file is larger than {MOST // 1024 // 1024} MiB: no handoff is")
    try:
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BadHandoff("the file is no handoff, or part of it is missing or was altered") from error
    signer = enrolled(peers, file.key)
    if signer is None:
        raise _stranger(file, own)
    if not signer.signed(_SIGNED + bytes(file.handoff), file.signature):
        raise BadHandoff("the file was altered: its signature does not hold")
    if data != _spelt(bytes(file.handoff), signer.public, bytes.fromhex(file.signature)):
        raise BadHandoff("the file was altered: it is not in the bytes that its giver wrote")
    try:
        body = msgspec.json.decode(file.handoff)
        if _deeper(body):
            raise ValueError(f"nested more than {DEPTH} levels deep")
        parcel = msgspec.convert(body, Parcel)
        world = world_of(parcel.world)
    except (msgspec.DecodeError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise BadHandoff("the handoff is of a version that this program does not know", "upgrade socconsole") from error
    if parcel.v not in _KNOWN:
        raise BadHandoff("the handoff is of a version that this program does not know", "upgrade socconsole")
    return Read(parcel, signer.peer.name, file.key, hashlib.sha256(data).hexdigest(), world)


def _spelt(handoff: bytes, public: bytes, signature: bytes) -> bytes:
    """The file in RFC 8785, of a handoff that is."""
    rest = rfc8785.dumps({"key": key_id(public), "public": public.hex(), "signature": signature.hex()})
    return b'{"handoff":' + handoff + b"," + rest[1:]


def _deeper(value: object) -> bool:
    """Whether it is nested deeper than everything that will write it can go."""
    level = [value]
    for _ in range(DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _stranger(file: _File, own: str) -> BadHandoff:
    """Nobody we know signed it. The key that it brings along proves nothing until somebody vouches for it."""
    public = public_of(file.public)
    if public is None or key_id(public) != file.key:
        return BadHandoff("the file was altered: the key that it names is not the one that it brings")
    if not signed_with(public, _SIGNED + bytes(file.handoff), file.signature):
        return BadHandoff("the file was altered: its signature does not hold, not even by the key that it brings")
    if file.key == own:
        return BadHandoff(OWN)
    return BadHandoff(
        f"the handoff was signed by the key {file.key}, which no [[peers]] of the config has",
        f'once they confirmed on another way that `socconsole ledger key` says so there: [[peers]] name = "…" '
        f'public_key = "{public.hex()}"',
    )
