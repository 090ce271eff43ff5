"""The six lines on which a case opens: what is known, what says so, and what nobody can tell. Reading only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.config import Config
from socconsole.model.case import Case, Line, SixLine
from socconsole.model.entity import PRINCIPALS, Entity, EntityKind
from socconsole.model.finding import Leaving
from socconsole.store import case_clocks, case_leaving, pivot, way_leaving
from socconsole.store.case_clocks import Data
from socconsole.store.case_leaving import Tally
from socconsole.store.pivot import Horizon
from socconsole.store.reading import Stored
from socconsole.store.way_leaving import Way
from socconsole.text import Untrusted, clean
from socconsole.triage import QUIET_AFTER

_SHOWN: Final = 3
_ACTORS: Final = frozenset({*PRINCIPALS, EntityKind.KEY, EntityKind.ADDRESS})
_EVENTS: Final = 200
_LOOKS: Final = ("get", "head", "list", "describe", "lookup", "batchget")
"""Beginnings of calls that only look."""
_TAKES: Final = (
    "getsecretvalue", "batchgetsecretvalue", "getparameter", "getobject", "getitem", "batchgetitem", "getrecords",
    "getqueryresults", "getlogevents", "getsnapshotblock", "getpassworddata", "getsessiontoken", "getfederationtoken",
    "getauthorizationtoken", "getrolecredentials", "getcredentials", "getclustercredentials", "getfunction2",
)  # fmt: skip
"""And of those among them that hand out data, code, secrets or credentials: what was read was touched."""
_ASKED: Final = 6
"""Actors that are looked for elsewhere, those that most findings name first."""


def six_lines(conn: Connection, config: Config, case: Case, now: datetime) -> tuple[SixLine, ...]:
    """All six, in their order. What is not known is said to be, each with its reason."""
    found = case_clocks.members(conn, case, now)
    data = case_clocks.data_of(config, case, found)
    actors = _actors(conn, case, found)
    horizon = pivot.horizon(conn, now)
    return (
        _what(data, now),
        _people(data),
        _leaving(conn, case, found, case_leaving.tally(conn, case, now), now),
        _who(actors, data, now),
        _elsewhere(conn, case, actors, horizon, now),
        _next(conn, case, actors, horizon, found, now),
    )


def _what(data: Data, now: datetime) -> SixLine:
    said = [f"{one.name} ({', '.join(one.categories) or 'no categories declared'})" for one in data.declared]
    unknown = [f"{_listed(data.unmapped)}: unmapped, no [[dataset]] names it"] if data.unmapped else []
    if not data.declared and not data.unmapped:
        unknown.append("none of its findings names a store")
    return _line(Line.WHAT, "; ".join(said), f"[[dataset]], findings as of {now:%H:%MZ}", [*unknown, *_unread(data)])


def _people(data: Data) -> SixLine:
    counted = [one.people for one in data.declared if one.people is not None]
    said = ""
    if counted:
        # They may be the same people: at least the most of one, at most all of all.
        least, most = max(low for low, _ in counted), sum(high for _, high in counted)
        who = _words(one for dataset in data.declared for one in dataset.subjects) or "people"
        where = _words(one for dataset in data.declared for one in dataset.countries)
        said = f"{least:,} to {most:,} {who}" + (f" ({where})" if where else "")
    unknown = [f"{one.name}: nobody declared how many" for one in data.declared if one.people is None]
    if data.unmapped:
        unknown.append(f"{_listed(data.unmapped)}: unmapped, which is not nobody")
    if not (counted or unknown):
        unknown.append("none of its findings names a store")
    return _line(Line.PEOPLE, said, "[[dataset]] people", [*unknown, *_unread(data)])


def _leaving(conn: Connection, case: Case, found: Sequence[Stored], tally: Tally, now: datetime) -> SixLine:
    """Yes wins over everything, and what cannot be seen over what is blocked or quiet. A way out is told once,
    however many findings name it."""
    told = tally.said
    firing = [stored for stored in found if stored.leaving is Leaving.YES]
    known = [stored.way_out.path for stored in firing if stored.way_out and stored.way_out.path]
    ways = way_leaving.of_findings(conn, case.findings, now, known)
    unknown: list[str] = []
    if told[Leaving.YES] or any(one.exceeds for one in ways):
        words = _yes(firing, told[Leaving.YES], ways, unknown)
    else:
        words = _not_yes(tally, [one for one in ways if one.leaves])
    if tally.silent:
        unknown.append(f"{tally.silent:,} of its threats say nothing of data leaving, which is not a no")
    if tally.missing:
        unknown.append(f"{tally.missing:,} of its findings are not known to the store")
    if told[Leaving.CANNOT_SEE]:
        unknown.append(f"{told[Leaving.CANNOT_SEE]:,} of its findings cannot be seen")
    if not told:
        unknown.append("no finding of it has a way out that is metered")
    blocked = f"{told[Leaving.BLOCKED]} blocked, {told[Leaving.QUIET]} quiet, {told[Leaving.YES]} leaving"
    return _line(Line.LEAVING, words, f"meters and read-backs as of {now:%H:%M:%SZ}: {blocked}", unknown)


def _yes(firing: Sequence[Stored], total: int, ways: Sequence[Way], unknown: list[str]) -> str:
    """By what it leaves, the most first; ``total`` findings say so, of which ``firing`` were read."""
    lost = [stored for stored in firing if stored.way_out is None or stored.way_out.path is None]
    said = [f"by {way_leaving.said(one)}" for one in ways[:_SHOWN]]
    if (more := len(ways) - len(said)) > 0:
        said.append(f"and by {more:,} more way{'s' * (more > 1)} out")
    said += [f"by {clean(stored.finding.title, 80)}" for stored in lost[: _SHOWN - len(ways)]]
    if said and (more := len(lost) - max(0, _SHOWN - len(ways))) > 0:
        said.append(f"and {more:,} finding{'s' * (more > 1)} of which the way out is not known")
    if (unread := total - len(firing)) > 0:
        said.append(f"{'and ' * bool(said)}by {unread:,} {'more ' * bool(said)}of its findings")
    unknown += [f"how much by {clean(one.path.resource, 80)}: {one.flow.cannot_see}" for one in ways if one.blind]
    unknown += [
        f"how much: {stored.way_out.flow.cannot_see if stored.way_out else 'its way out was not discovered'}"
        for stored in lost
    ]
    if ways and all(one.ordinary for one in ways) and not lost and unread <= 0:
        minutes = int(QUIET_AFTER.total_seconds() // 60)
        return f"yes, in the last {minutes} min; now no more than is usual: {'; '.join(said)}"
    return f"yes: {'; '.join(said)}"


def _not_yes(tally: Tally, ways: Sequence[Way]) -> str:
    told, words = tally.said, ""
    if told and not told[Leaving.CANNOT_SEE]:
        words = "blocked" if told[Leaving.BLOCKED] == told.total() else "quiet, or blocked"
        if tally.silent or tally.missing:  # never the whole answer while some of it is not known
            words += f" by the {told.total():,} that can tell"
    seen = "; ".join(f"by {way_leaving.said(one)}" for one in ways[:_SHOWN])
    return "; ".join(filter(None, (words, seen and f"still seen to leave: {seen}")))


def _who(actors: Sequence[Entity], data: Data, now: datetime) -> SixLine:
    more = f" and {len(actors) - _ASKED:,} more" if len(actors) > _ASKED else ""
    said = "; ".join(_named(one) for one in actors[:_ASKED]) + more
    unknown = [] if actors else ["no finding of it names an actor, a key or an address"]
    return _line(Line.WHO, said, f"its findings as of {now:%H:%MZ}", [*unknown, *_unread(data)])


def _elsewhere(conn: Connection, case: Case, actors: Sequence[Entity], horizon: Horizon, now: datetime) -> SixLine:
    inside = set(case.findings)
    said: list[str] = []
    unknown = [*_blind(horizon), *_unasked(actors)]
    for actor in actors[:_ASKED]:
        moments = pivot.moments(conn, actor, _EVENTS)
        if len(moments) >= _EVENTS:
            unknown.append(f"of {_named(actor)} only the newest {_EVENTS} lines were looked at")
        others = {one.ref for one in moments if isinstance(one.ref, str)} - inside
        held = pivot.held(conn, actor)
        if others:
            said.append(f"{_named(actor)} in {len(others)} finding{'s' * (len(others) > 1)} outside this case")
        if len(held.accounts) > 1:
            said.append(f"{_named(actor)} in accounts {', '.join(held.accounts)}")
    words = "; ".join(said) or ("nowhere else in what is kept here" if actors else "")
    return _line(Line.ELSEWHERE, words, _kept(horizon, now), unknown)


def _next(
    conn: Connection, case: Case, actors: Sequence[Entity], horizon: Horizon, found: Sequence[Stored], now: datetime
) -> SixLine:
    began = min([case_clocks.detected(conn, case), *(one.finding.occurred for one in found if one.finding.occurred)])
    calls: dict[tuple[datetime, str], None] = {}
    unknown = [*_blind(horizon), *_unasked(actors)]
    for actor in actors[:_ASKED]:
        moments = pivot.moments(conn, actor, _EVENTS)
        if len(moments) >= _EVENTS and moments[-1].at >= began:
            unknown.append(f"of {_named(actor)} only the newest {_EVENTS} lines were looked at")
        for one in moments:
            name = clean(one.what, 60)
            if one.severity is None and one.at >= began and not one.error and not _looks(name):
                calls[one.at, f"{one.at:%H:%M:%SZ} {name}"] = None
    said = [words for _, words in sorted(calls)]
    words = "; ".join(said[:6]) + (f" and {len(said) - 6:,} more" if len(said) > 6 else "")
    if not said and actors:
        words = "no call that changes anything or hands out data, in what is kept here"
    return _line(Line.NEXT, words, f"{_kept(horizon, now)}, since {began:%H:%MZ}", unknown)


def _looks(call: str) -> bool:
    name = call.partition(" ")[2].lower()
    return name.startswith(_LOOKS) and not name.startswith(_TAKES)


# --- words ----------------------------------------------------------------------------------------------


def _line(line: Line, answer: str, source: str, unknown: Sequence[str]) -> SixLine:
    return SixLine(line, Untrusted(answer), source, "; ".join(dict.fromkeys(unknown)))


def _unread(data: Data) -> list[str]:
    if not data.looked and not data.more:
        return []
    return [f"{data.more:,} of its findings were not looked at"] if data.more else []


def _blind(horizon: Horizon) -> list[str]:
    if horizon.missing:
        return [f"the trail of {', '.join(horizon.missing)} is not fresh and complete"]
    return [] if horizon.accounts else ["no trail is read"]


def _unasked(actors: Sequence[Entity]) -> list[str]:
    if not actors:
        return ["nobody is named to look for"]
    more = len(actors) - _ASKED
    return [f"{more:,} more actor{'s were' if more > 1 else ' was'} not looked for"] if more > 0 else []


def _kept(horizon: Horizon, now: datetime) -> str:
    since = f"the trail since {horizon.since:%Y-%m-%d %H:%MZ}" if horizon.since else "what is kept of the trail"
    return f"findings and {since}, as of {now:%H:%MZ}"


def _actors(conn: Connection, case: Case, found: Sequence[Stored]) -> list[Entity]:
    """Whoever its findings name, those that most of them name first; addresses last."""
    times: Counter[Entity] = Counter()
    for stored in found:
        times.update(one for one in pivot.of_finding(conn, stored.finding.id) if one[0] in _ACTORS)
    return sorted(times, key=lambda one: (one[0] is EntityKind.ADDRESS, -times[one], one))


def _named(entity: Entity) -> str:
    return f"{entity[0].value} {clean(entity[1], 80)}"


def _words(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _listed(names: Sequence[Untrusted]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(clean(one, 60) for one in names[:_SHOWN]) + more
