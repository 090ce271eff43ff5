"""Access reviews that are due: roles and users, what of theirs nobody uses, and when somebody last looked at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socconsole.config import Config
from socconsole.model.access import Credential, Identity
from socconsole.model.world import Place
from socconsole.reports.answers import Review, reviews
from socconsole.store import posture_access, posture_trust, posture_view
from socconsole.store.db import Connection
from socconsole.store.posture_access import Kept

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

REMEMBERED: Final = 400
"""Days that IAM remembers a role's last use (IAM User Guide, "View last accessed information")."""


BEHIND: Final = 1
"""Days after which AWS's record holds a use: "recent activity usually appears within four hours" (IAM User Guide, "View
last accessed information"), and what is kept here of it are days."""


class Use(StrEnum):
    """What is known of the use of an identity; in the order in which they are listed."""

    UNUSED = "not used"
    UNKNOWN = "UNKNOWN"
    NEW = "new, no use on record"
    USED = "in use"


@dataclass(frozen=True, slots=True)
class Line:
    """One role or user."""

    identity: Identity
    kept: Kept
    use: Use
    said: tuple[str, ...]
    """What to look at, and why the use is UNKNOWN where it is."""
    last: Review | None
    due: bool
    """Nobody looked at it for so long, or ever."""


@dataclass(frozen=True, slots=True)
class Reviews:
    lines: tuple[Line, ...]
    lacking: tuple[tuple[Place, str], ...]
    dark: tuple[str, ...]
    """Places in scope whose posture is not fresh, or was never read."""
    rounds: int
    unused_days: int
    review_days: int
    now: datetime

    @property
    def due(self) -> tuple[Line, ...]:
        return tuple(one for one in self.lines if one.due)

    @property
    def counts(self) -> dict[Use, int]:
        return {each: sum(one.use is each for one in self.lines) for each in Use}


def access(folder: StateFolder, conn: Connection, config: Config, now: datetime) -> Reviews:
    """As the store and the ledger know it now: due ones first, of them what nobody uses."""
    trusted = posture_trust.trust(conn, now)
    scope = set(trusted.scope)
    seen = {f"{place.account}/{place.region}" for place in posture_view.rounds(conn)}
    settings, looked = config.posture, reviews(folder)
    lines = [
        _line(_used(conn, identity), kept, looked.get(identity.arn), settings.unused_days, settings.review_days, now)
        for identity, kept in posture_access.identities(conn)
        if kept.where in scope
    ]
    return Reviews(
        lines=tuple(sorted(lines, key=_order)),
        lacking=tuple(
            (place, words)
            for place, words in posture_access.lacking(conn, "identities")
            if f"{place.account}/{place.region}" in scope
        ),
        dark=tuple(sorted({*trusted.dark, *(scope - seen)})),
        rounds=len(seen & scope),
        unused_days=settings.unused_days,
        review_days=settings.review_days,
        now=now,
    )


def _used(conn: Connection, one: Identity) -> Identity:
    """With what the trail knows of its last use: it is minutes behind where AWS's record is hours."""
    return replace(
        one,
        used=_later(one.used, posture_access.last_call(conn, one.arn)),
        credentials=tuple(
            replace(each, used=_later(each.used, posture_access.last_call_by(conn, each.id)))
            for each in one.credentials
        ),
    )


def _later(day: date | None, call: datetime | None) -> date | None:
    return max((one for one in (day, call.date() if call else None) if one is not None), default=None)


def _order(line: Line) -> tuple[bool, int, date, str]:
    uses = list(Use)
    return not line.due, uses.index(line.use), line.identity.used or line.identity.created, line.identity.arn


def _line(one: Identity, kept: Kept, last: Review | None, unused: int, review: int, now: datetime) -> Line:
    today = now.date()
    use = _use(one, kept, unused, today)
    said = [*_said(one, use, today)]
    for credential in one.credentials:
        said += _credential(credential, unused, today)
    said += [f"Access Analyzer: {kind}" for kind in one.unused]
    if kept.unseen_at:
        said.append(f"not confirmed since {kept.unseen_at:%Y-%m-%d}")
    said += [f"UNKNOWN: {words}" for words in one.unread]
    if not one.owner:
        said.append("no owner by its tags")
    due = last is None or (now - last.at).days >= review
    return Line(one, kept, use, tuple(said), last, due)


def _use(one: Identity, kept: Kept, unused: int, today: date) -> Use:
    """A use that is known to be recent decides, whatever else could not be read."""
    if one.used is not None and (today - one.used).days < unused:
        return Use.UNKNOWN if kept.unseen_at else Use.USED
    if one.unread or kept.unseen_at:
        return Use.UNKNOWN
    if one.used is None and (today - one.created).days <= BEHIND:
        return Use.UNKNOWN
    if one.used is None and (today - one.created).days < unused:
        return Use.NEW
    return Use.UNUSED


def _said(one: Identity, use: Use, today: date) -> Iterator[str]:
    if use is Use.UNKNOWN and one.used is None and (today - one.created).days <= BEHIND:
        behind = "AWS's record of its use is hours behind; the trail here has no call by it"
        yield f"UNKNOWN: made {one.created}, and {behind}"
    if use is not Use.UNUSED:
        return
    if one.used is not None:
        yield f"not used for {(today - one.used).days} days"
    elif one.kind == "role":
        days = (today - one.created).days
        yield (
            f"never used since it was made {days} days ago" if days < REMEMBERED else f"not used for {REMEMBERED} days"
        )
    else:
        yield f"no use on record since it was made {(today - one.created).days} days ago"


def _credential(one: Credential, unused: int, today: date) -> Iterator[str]:
    """Only what works can be misused; of what does not work nothing is said."""
    if not one.active:
        return
    age = (today - one.created).days
    if one.unread:  # told among what is UNKNOWN of its user
        if age >= unused:
            yield f"{one.kind} {one.id}: made {age} days ago"
    elif one.used is None and age >= unused:
        yield f"{one.kind} {one.id}: made {age} days ago, never used"
    elif one.used is not None and (today - one.used).days >= unused:
        yield f"{one.kind} {one.id}: made {age} days ago, not used for {(today - one.used).days}"
    elif age >= unused:
        yield f"{one.kind} {one.id}: made {age} days ago, in use"


# --- as data ------------------------------------------------------------------------------------------

CSV_HEAD: Final = (
    "due", "use", "kind", "arn", "account", "owner", "created", "last_used", "look_at", "reviewed", "by", "decision",
)  # fmt: skip


def as_csv(found: Reviews) -> Iterator[tuple[object, ...]]:
    """A line an identity, after the head; one a thing that could not be read."""
    yield CSV_HEAD
    for one in found.lines:
        who, last = one.identity, one.last
        yield (
            "yes" if one.due else "no", one.use.value, who.kind, who.arn, one.kept.place.account, who.owner,
            who.created.isoformat(), who.used.isoformat() if who.used else "", "; ".join(one.said),
            f"{last.at:%Y-%m-%d}" if last else "", last.who if last else "", last.decision if last else "",
        )  # fmt: skip
    for place, words in found.lacking:
        yield ("", "UNKNOWN", "", "", place.account, "", "", "", words, "", "", "")


def as_json(found: Reviews) -> dict[str, Any]:
    return {
        "at": found.now.isoformat().replace("+00:00", "Z"),
        "not_fresh": list(found.dark),
        "unused_days": found.unused_days,
        "review_days": found.review_days,
        "due": len(found.due),
        "counts": {each.value: n for each, n in found.counts.items()},
        "identities": [_line_json(one) for one in found.lines],
        "not_looked_at": [{"account": p.account, "region": p.region, "why": words} for p, words in found.lacking],
    }


def _line_json(one: Line) -> Mapping[str, Any]:
    last = one.last
    review = {
        "decision": last.decision,
        "reason": last.reason,
        "by": last.who,
        "at": last.at.isoformat().replace("+00:00", "Z"),
        "entry": last.seq,
    } if last else None  # fmt: skip
    return {
        **msgspec.to_builtins(one.identity),
        "account": one.kept.place.account,
        "use": one.use.value,
        "look_at": list(one.said),
        "due": one.due,
        "reviewed": review,
    }
