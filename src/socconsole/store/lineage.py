"""The tree of credentials: which key handed out which, what each of them did, and whether it still works.

Every hand-over is a trail event: the caller's key asked (AssumeRole, GetSessionToken, GetFederationToken,
CreateAccessKey …) and the answer named a new one (``trail_entity.issued``). An end put to the parent does not end
the child: sessions that were issued live until they expire, or are revoked themselves (IAM User Guide, "Disabling
permissions for temporary security credentials").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from sqlite3 import Connection
from typing import Any, Final

from socconsole.model.action import ActionRecord, ActionState
from socconsole.model.entity import Entity, EntityKind
from socconsole.store import actions
from socconsole.store.instants import instant, instant_or_none
from socconsole.text import Untrusted
from socconsole.triage.entities import principal

DEPTH: Final = 12
NODES: Final = 300
"""Credentials of one tree, at most; that there are more is said."""
_MADE: Final = 50
_HANDED: Final = 200
"""Hand-overs of one key that are followed."""

_KEY: Final = re.compile(r"A[KS]IA[A-Z0-9]{12,}")
_MAKES: Final = re.compile("Create|Put|Attach|Add|Modify|Update|Upload|Import|Share|Authorize|Register|Replicate|Tag")

_ENDS_KEY: Final = frozenset({"iam-disable-key"})
_ENDS_USER: Final = frozenset({"iam-user-quarantine"})
_ENDS_ROLE: Final = frozenset({"iam-role-deny", "cut-role"})
_ENDS_SESSIONS: Final = frozenset({"iam-role-revoke-sessions"})
"""Containments by what they end: of a role's sessions the last one ends those that were issued before."""

_MOMENT: Final = timedelta(minutes=10)
"""A revocation's moment is that of the plan that was confirmed, minutes before its intent: a session that was issued
about then may have been issued after it."""

COUNTED: Final = 10_000
"""Calls of one key that are looked at, the latest: more are said to be more."""
_LATEST: Final = f"SELECT n FROM trail_entity WHERE kind = 'key' AND value = ? ORDER BY at DESC, n DESC LIMIT {COUNTED}"


class Standing(StrEnum):
    ALIVE = "alive"
    CONTAINED = "contained"
    EXPIRED = "expired"
    UNSEEN = "unseen"
    """Nothing that is kept says that it was ever issued or used: nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Made:
    """One change that a credential made."""

    at: datetime
    name: str
    what: Untrusted
    account: str


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key, and what the trail has of it. ``issued`` and ``expires`` are None where nothing says so."""

    key: str
    who: Untrusted
    holder: Entity | None
    """The user or role that it belongs to."""
    by: str
    """The call that handed it out; empty for where the tree begins."""
    issued: datetime | None
    expires: datetime | None
    first: datetime | None
    last: datetime | None
    calls: int
    """At most ``COUNTED``; ``changes``, ``refused``, ``made`` and where it was used are of those."""
    changes: int
    refused: int
    accounts: tuple[str, ...]
    addresses: tuple[Untrusted, ...]
    made: tuple[Made, ...]
    standing: Standing
    why: str
    children: tuple[Credential, ...]

    @property
    def long_lived(self) -> bool:
        return self.key.startswith("AKIA")


@dataclass(frozen=True, slots=True)
class Tree:
    """Where the credentials of a finding began. ``cut``: there are more than are shown."""

    roots: tuple[Credential, ...]
    cut: bool = False


def tree(conn: Connection, entities: Iterable[Entity], now: datetime) -> Tree:
    """The trees in which the keys stand that these entities name, or that these sessions and users used."""
    return _Grower(conn, now).grow(entities)


class _Grower:
    def __init__(self, conn: Connection, now: datetime) -> None:
        self._conn = conn
        self._now = now
        self._in_force = actions.in_force(conn)
        self._grown: set[str] = set()
        self._cut = False

    def grow(self, entities: Iterable[Entity]) -> Tree:
        roots = dict.fromkeys(self._root(key) for key in self._keys(entities))
        grown = [self._credential(key, 0) for key in roots if key not in self._grown]
        return Tree(tuple(one for one in grown if one is not None), self._cut)

    def _keys(self, entities: Iterable[Entity]) -> list[str]:
        found: dict[str, None] = {}
        for kind, value in entities:
            if kind is EntityKind.KEY:
                found[value] = None
            elif kind in (EntityKind.SESSION, EntityKind.USER):
                rows = self._conn.execute(
                    "SELECT DISTINCT t.access_key FROM (SELECT n FROM trail_entity WHERE kind = ? AND value = ? "
                    "ORDER BY at DESC LIMIT ?) AS e CROSS JOIN trail AS t ON t.n = e.n "
                    "WHERE t.access_key <> '' LIMIT ?",
                    (kind, value, COUNTED, _HANDED + 1),
                ).fetchall()
                self._cut = self._cut or len(rows) > _HANDED
                found.update(dict.fromkeys(key for (key,) in rows[:_HANDED]))
        return [key for key in found if _KEY.fullmatch(key)]

    def _root(self, key: str) -> str:
        """The key that all others came from."""
        seen = {key}
        for _ in range(DEPTH):
            row = self._conn.execute(
                "SELECT t.access_key FROM trail_entity AS e JOIN trail AS t ON t.n = e.n "
                "WHERE e.kind = 'issued' AND e.value = ? AND t.access_key <> '' AND t.error = '' LIMIT 1",
                (key,),
            ).fetchone()
            if row is None or row[0] in seen or not _KEY.fullmatch(row[0]):
                return key
            key = row[0]
            seen.add(key)
        return key

    def _credential(self, key: str, depth: int) -> Credential | None:
        if key in self._grown:  # nobody hands out what handed him out, whatever a record says
            return None
        if len(self._grown) >= NODES or depth > DEPTH:
            self._cut = True
            return None
        self._grown.add(key)
        who, holder, by, issued, expires = self._origin(key)
        calls, changes, refused, last = self._conn.execute(
            "SELECT count(*), coalesce(sum(t.read_only = 0 AND t.error = ''), 0), coalesce(sum(t.error <> ''), 0), "
            f"max(t.at) FROM ({_LATEST}) AS e CROSS JOIN trail AS t ON t.n = e.n",
            (key,),
        ).fetchone()
        first = self._conn.execute(
            "SELECT min(at) FROM trail_entity WHERE kind = 'key' AND value = ?", (key,)
        ).fetchone()[0]
        children = tuple(one for each in self._handed(key) if (one := self._credential(each, depth + 1)) is not None)
        standing, why = self._standing(key, holder, issued, expires)
        if standing is Standing.ALIVE and first is None and issued is None:
            standing, why = Standing.UNSEEN, "named by a finding only: another account's, or not in what is kept"
        return Credential(
            key=key,
            who=who,
            holder=holder,
            by=by,
            issued=issued,
            expires=expires,
            first=instant_or_none(first),
            last=instant_or_none(last),
            calls=calls,
            changes=changes,
            refused=refused,
            accounts=self._values(key, "account"),
            addresses=tuple(Untrusted(one) for one in self._values(key, "address")),
            made=self._made(key),
            standing=standing,
            why=why,
            children=children,
        )

    def _origin(self, key: str) -> tuple[Untrusted, Entity | None, str, datetime | None, datetime | None]:
        """Who holds a key, by which call, since when and until when: from its birth, else from its first use."""
        used = self._conn.execute(
            "SELECT t.principal, t.issuer FROM trail_entity AS e JOIN trail AS t ON t.n = e.n "
            "WHERE e.kind = 'key' AND e.value = ? ORDER BY e.at LIMIT 1",
            (key,),
        ).fetchone()
        birth = self._conn.execute(
            "SELECT t.at, t.name, t.event, t.account, t.principal FROM trail_entity AS e JOIN trail AS t ON t.n = e.n "
            "WHERE e.kind = 'issued' AND e.value = ? AND t.error = '' ORDER BY e.at LIMIT 1",
            (key,),
        ).fetchone()
        record: dict[str, Any] = json.loads(birth[2]) if birth else {}
        answer = _mapping(record.get("responseElements"))
        named = _mapping(answer.get("assumedRoleUser")).get("arn") or _mapping(answer.get("federatedUser")).get("arn")
        made_for = str(_mapping(answer.get("accessKey")).get("userName") or "")
        who = str(named or (used[0] if used else "") or made_for)
        holder = _holder(who) or (_holder(used[1]) if used and used[1] else None)
        if holder is None and made_for:  # a key that was made and not used yet
            holder = (EntityKind.USER, f"{birth[3]}/{made_for}")
        if holder is None and birth:  # a federated session has the rights of who asked for it, and no more
            holder = _holder(birth[4])
        expires = _when(_mapping(answer.get("credentials")).get("expiration"))
        return Untrusted(who), holder, birth[1] if birth else "", instant(birth[0]) if birth else None, expires

    def _handed(self, key: str) -> list[str]:
        """Keys that answers to this one named, oldest first."""
        rows = self._conn.execute(
            "SELECT DISTINCT i.value FROM trail_entity AS e JOIN trail AS t ON t.n = e.n AND t.error = '' "
            "JOIN trail_entity AS i INDEXED BY trail_entity_n ON i.n = e.n AND i.kind = 'issued' "
            "WHERE e.kind = 'key' AND e.value = ? ORDER BY e.at LIMIT ?",
            (key, _HANDED + 1),
        ).fetchall()
        self._cut = self._cut or len(rows) > _HANDED
        return [value for (value,) in rows[:_HANDED] if _KEY.fullmatch(value)]

    def _values(self, key: str, kind: str) -> tuple[str, ...]:
        rows = self._conn.execute(
            f"SELECT DISTINCT o.value FROM ({_LATEST}) AS e CROSS JOIN trail_entity AS o INDEXED BY trail_entity_n "
            "ON o.n = e.n AND o.kind = ? ORDER BY o.value LIMIT 20",
            (key, kind),
        )
        return tuple(value for (value,) in rows)

    def _made(self, key: str) -> tuple[Made, ...]:
        rows = self._conn.execute(
            f"SELECT t.n, t.at, t.name, t.account FROM ({_LATEST}) AS e CROSS JOIN trail AS t ON t.n = e.n "
            "WHERE t.read_only = 0 AND t.error = '' AND t.category = 'management' ORDER BY t.at DESC",
            (key,),
        )
        made = islice((row for row in rows if _MAKES.match(row[2])), _MADE)
        return tuple(Made(instant(at), name, self._upon(n), account) for n, at, name, account in made)

    def _upon(self, n: int) -> Untrusted:
        row = self._conn.execute(
            "SELECT min(value) FROM trail_entity INDEXED BY trail_entity_n WHERE n = ? AND kind = 'resource'", (n,)
        ).fetchone()
        return Untrusted(row[0] or "")

    def _standing(
        self, key: str, holder: Entity | None, issued: datetime | None, expires: datetime | None
    ) -> tuple[Standing, str]:
        if expires is not None and expires <= self._now:
            return Standing.EXPIRED, f"expired {expires:%Y-%m-%d %H:%M:%SZ}"
        for record in self._in_force:
            # Of one that is only partly so, nobody knows which part.
            if record.state is ActionState.APPLIED and _ends(record, key, holder, issued):
                return Standing.CONTAINED, f"{record.action} {record.id}"
        return Standing.ALIVE, "until " + f"{expires:%Y-%m-%d %H:%M:%SZ}" if expires else ""


def _ends(record: ActionRecord, key: str, holder: Entity | None, issued: datetime | None) -> bool:
    """Whether a containment in force ends this credential."""
    if record.action in _ENDS_KEY:
        return record.target == key
    if holder is None:
        return False
    kind, value = holder
    account, _, name = value.partition("/")
    if record.place.account != account or record.target.rpartition("/")[2] != name:
        return False
    if kind is EntityKind.USER:
        return record.action in _ENDS_USER
    if record.action in _ENDS_ROLE:
        return True
    return record.action in _ENDS_SESSIONS and issued is not None and issued < record.intended - _MOMENT


def _holder(arn: str) -> Entity | None:
    """The user or role behind a principal's ARN."""
    named = dict(principal(arn))
    for kind in (EntityKind.USER, EntityKind.ROLE):
        if kind in named:
            return kind, named[kind]
    return None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _when(value: object) -> datetime | None:
    """CloudTrail writes an expiration as ``Nov 23, 2026, 4:00:00 PM`` or as RFC 3339, by the service."""
    text = str(value or "").replace("\u202f", " ")
    for form in ("%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
