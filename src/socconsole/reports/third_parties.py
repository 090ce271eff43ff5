"""The register of third parties: who outside can read data or take roles, held against what the team says of them."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import msgspec

from socconsole.config import Config, ThirdPartyConfig
from socconsole.model.access import Outsider, Party
from socconsole.model.world import Place
from socconsole.posture.third_parties import entry_of
from socconsole.reports.answers import Answer, answers
from socconsole.store import posture_access, posture_trust, posture_view
from socconsole.store.db import Connection
from socconsole.store.posture_access import Kept

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder


class Standing(StrEnum):
    """How a party stands in the register; in the order in which they are listed."""

    UNREGISTERED = "not registered"
    OVERDUE = "review overdue"
    REGISTERED = "registered"
    GONE = "no longer seen"
    """Registered, and nothing lets it in any more, as far as could be looked at."""
    SERVICE = "AWS service"
    """Not held to our own resources; for the checks of posture, not for a register."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ask: str
    why: str
    law: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One way in."""

    outsider: Outsider
    kept: Kept

    @property
    def open(self) -> bool:
        """It was there when it was last looked at."""
        return self.kept.gone_at is None


@dataclass(frozen=True, slots=True)
class Member:
    """One party: an entry of the register with all that fits it, or one that fits none."""

    name: str
    standing: Standing
    entry: ThirdPartyConfig | None
    ways: tuple[Way, ...]
    """Open ones; of one that is gone those that were."""
    answers: Mapping[str, Answer]

    @property
    def reads(self) -> bool:
        return any(way.open and way.outsider.reads for way in self.ways)

    @property
    def undecided(self) -> int:
        return sum(way.open and bool(way.outsider.doubt) for way in self.ways)


@dataclass(frozen=True, slots=True)
class Register:
    members: tuple[Member, ...]
    lacking: tuple[tuple[Place, str], ...]
    """What could not be looked at: behind it there may be others."""
    dark: tuple[str, ...]
    """Places in scope whose posture is not fresh, or was never read."""
    rounds: int
    now: datetime

    @property
    def counts(self) -> dict[Standing, int]:
        return {each: sum(one.standing is each for one in self.members) for each in Standing}


@functools.cache
def questions() -> Mapping[str, Question]:
    """The leak-response questionnaire, by id, as packaged."""
    text = resources.files("socconsole.reports").joinpath("leak_questions.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Question])


def register(folder: StateFolder, conn: Connection, config: Config, now: datetime) -> Register:
    """As the store and the ledger know it now."""
    trusted = posture_trust.trust(conn, now)
    seen = {f"{place.account}/{place.region}" for place in posture_view.rounds(conn)}
    given = answers(folder)
    scope = set(trusted.scope)
    known = [(one, kept) for one, kept in posture_access.outsiders(conn) if kept.where in scope]
    members = [*_members(known, config.third_party, given, now.date())]
    return Register(
        members=tuple(sorted(members, key=lambda one: (list(Standing).index(one.standing), not one.reads, one.name))),
        lacking=tuple(
            one for one in posture_access.lacking(conn, "outsiders") if f"{one[0].account}/{one[0].region}" in scope
        ),
        dark=tuple(sorted({*trusted.dark, *(scope - seen)})),
        rounds=len(seen & scope),
        now=now,
    )


def _members(
    known: Sequence[tuple[Outsider, Kept]],
    entries: Sequence[ThirdPartyConfig],
    given: Mapping[str, Mapping[str, Answer]],
    today: date,
) -> Iterator[Member]:
    of_entry: dict[str, list[Way]] = {entry.name: [] for entry in entries}
    others: dict[tuple[bool, str], list[Way]] = {}
    for outsider, kept in known:
        entry = entry_of(outsider, entries)
        if entry is not None:
            of_entry[entry.name].append(Way(outsider, kept))
        elif kept.gone_at is None:
            key = (outsider.party is Party.SERVICE, outsider.name)
            others.setdefault(key, []).append(Way(outsider, kept))
    for entry in entries:
        ways = of_entry[entry.name]
        open_ = tuple(way for way in ways if way.open)
        standing = _standing(entry, today) if open_ else Standing.GONE
        yield Member(entry.name, standing, entry, open_ or tuple(ways), given.get(entry.name, {}))
    for (service, name), ways in others.items():
        standing = Standing.SERVICE if service else Standing.UNREGISTERED
        yield Member(name, standing, None, tuple(ways), given.get(name, {}))


def _standing(entry: ThirdPartyConfig, today: date) -> Standing:
    """Without a day of review nobody ever means to look again: that is overdue."""
    return Standing.OVERDUE if entry.review is None or entry.review < today else Standing.REGISTERED


# --- as data ------------------------------------------------------------------------------------------

CSV_HEAD: Final = (
    "standing", "party", "owner", "purpose", "contact", "review", "kind", "who", "account", "region", "resource",
    "through", "rights", "reads", "conditions", "undecided", "holds", "since", "unconfirmed_since",
)  # fmt: skip


def as_csv(found: Register) -> Iterator[tuple[object, ...]]:
    """A line a way in, after the head; one for a registered party that is not seen; one a thing not looked at."""
    yield CSV_HEAD
    for one in found.members:
        head = (one.standing.value, one.name, *_entry_words(one.entry))
        for way in one.ways:
            who = way.outsider
            yield (
                *head, who.party.value, who.who, way.kept.place.account, way.kept.place.region, who.resource,
                who.through,
                " ".join(who.rights), "yes" if who.reads else "no", "; ".join(who.conditions), who.doubt,
                who.holds,
                f"{way.kept.since:%Y-%m-%d}", _day(way.kept.unseen_at),
            )  # fmt: skip
        if not one.ways:
            yield (*head, *("",) * (len(CSV_HEAD) - len(head)))
    for place, words in found.lacking:
        yield (
            "UNKNOWN",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            place.account,
            place.region,
            "",
            "",
            "",
            "",
            "",
            words,
            "",
            "",
            "",
        )


def _entry_words(entry: ThirdPartyConfig | None) -> tuple[str, str, str, str]:
    if entry is None:
        return "", "", "", ""
    return entry.owner, entry.purpose, entry.contact, entry.review.isoformat() if entry.review else ""


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else ""


def as_json(found: Register) -> dict[str, Any]:
    """The register as data, with the questionnaire."""
    return {
        "at": found.now.isoformat().replace("+00:00", "Z"),
        "not_fresh": list(found.dark),
        "counts": {each.value: n for each, n in found.counts.items()},
        "parties": [_member_json(one) for one in found.members],
        "not_looked_at": [{"account": p.account, "region": p.region, "why": words} for p, words in found.lacking],
        "questions": [{"id": id_, "ask": q.ask, "why": q.why, "law": list(q.law)} for id_, q in questions().items()],
    }


def _member_json(one: Member) -> dict[str, Any]:
    owner, purpose, contact, review = _entry_words(one.entry)
    return {
        "name": one.name,
        "standing": one.standing.value,
        "owner": owner or None,
        "purpose": purpose or None,
        "contact": contact or None,
        "review": review or None,
        "reads": one.reads,
        "undecided": one.undecided,
        "ways": [
            {
                **msgspec.to_builtins(way.outsider),
                "place": way.kept.where,
                "since": f"{way.kept.since:%Y-%m-%d}",
                "unconfirmed_since": _day(way.kept.unseen_at) or None,
                "gone": _day(way.kept.gone_at) or None,
            }
            for way in one.ways
        ],
        "answers": {
            id_: {"answer": given.text, "by": given.who, "at": f"{given.at:%Y-%m-%d}", "entry": given.seq}
            for id_, given in one.answers.items()
        },
    }
