"""What fired, as findings: one for a rule, a principal, a resource and an account, counted up as it goes on."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from socconsole.formats import Unreadable, cloudtrail
from socconsole.model.finding import Format, Observation, Resource, Severity
from socconsole.model.ours import ours
from socconsole.model.trail import TrailEvent
from socconsole.rules import named
from socconsole.rules.engine import Match
from socconsole.rules.rule import Rule
from socconsole.store.instants import instant
from socconsole.store.rule_findings import Made
from socconsole.store.rule_reading import Event, RuleReader
from socconsole.text import Untrusted

PRODUCT: Final = "Trail rules"
IDS: Final = 1_000
"""Event ids that a finding keeps, the latest; of a correlation's match so many events are read."""
RECORDS: Final = 20
"""Records that a finding carries whole, the first and the latest; the others are in the trail under their ids."""
RECORD_BYTES: Final = 64_000
_ATTEMPT: Final = Severity.MEDIUM
"""The most that a call is worth which AWS refused."""
_TACTICS: Final = frozenset(
    {
        "reconnaissance", "resource-development", "initial-access", "execution", "persistence",
        "privilege-escalation", "defense-evasion", "defense-impairment", "stealth", "credential-access", "discovery",
        "lateral-movement", "collection", "command-and-control", "exfiltration", "impact",
    }
)  # fmt: skip
"""ATT&CK's tactics as Sigma's tags write them."""


@dataclass(frozen=True, slots=True)
class _Call:
    """An event and what its record says."""

    event: Event
    said: TrailEvent


def findings(reader: RuleReader, matches: Iterable[Match]) -> list[Made]:
    """Findings for what fired in a pass."""
    return [made for match in matches for made in _of(reader, match)]


def types(tags: Sequence[str]) -> tuple[str, ...]:
    """ASFF types of ATT&CK and ATLAS tags: ``TTPs/Exfiltration/T1537``, ``TTPs/ATLAS/AML.T0040``."""
    told = [tag.lower().partition(".")[::2] for tag in tags]
    attack = [name.replace("_", "-") for space, name in told if space == "attack"]
    technique = next((name.upper() for name in attack if name.startswith("t") and name[1:5].isdigit()), "")
    tactics = [name.replace("-", " ").title() for name in attack if name in _TACTICS]
    found = ["/".join(part for part in ("TTPs", tactic, technique) if part) for tactic in tactics]
    found += [f"TTPs/ATLAS/{name.upper()}" for space, name in told if space == "atlas" and name.startswith("aml.t")]
    return tuple(found) or ("TTPs/Trail",)


def _of(reader: RuleReader, match: Match) -> Iterator[Made]:
    """One finding for a correlation's group; for other rules one for each of whom and what the events are about."""
    if match.group is not None:
        calls = list(_calls(reader, sorted(match.events)[-IDS:]))  # what came last is what is new
        if calls:
            yield _made(match.rule, (calls[0].event.account, *match.group), match.events, calls)
        return
    about: dict[tuple[str, ...], list[_Call]] = {}
    for call in _calls(reader, match.events):
        upon = named.main_resource(named.resources([call.said]))
        about.setdefault((call.event.account, named.principal(call.said), upon), []).append(call)
    for key, its in about.items():
        yield _made(match.rule, key, [call.event.n for call in its], its)


def _calls(reader: RuleReader, numbers: Sequence[int]) -> Iterator[_Call]:
    for event in reader.events(numbers):
        try:
            yield _Call(event, cloudtrail.read(json.loads(event.record)))
        except (Unreadable, ValueError, RecursionError):  # taken in once: only its columns are left to go by
            continue


def _made(rule: Rule, key: tuple[str, ...], numbers: Sequence[int], calls: Sequence[_Call]) -> Made:
    name = "trail/" + hashlib.sha256(json.dumps((rule.id, *key)).encode("ascii")).hexdigest()[:40]
    return Made(name, functools.partial(_observation, rule, name, numbers, calls))


def _observation(
    rule: Rule,
    name: str,
    numbers: Sequence[int],
    calls: Sequence[_Call],
    before: tuple[Observation, Mapping[str, Any]] | None,
) -> Observation | None:
    """The finding with these events in it; None where all of them are counted already.

    Events are numbered as they arrive: those after the last that was counted are new. ``calls`` are the last of them.
    """
    was, known = before if before else (None, {})
    counted: int = known.get("counted", 0)
    fresh = [call for call in calls if call.event.n > counted]
    if not fresh:
        return None
    count = (was.count if was else 0) + sum(n > counted for n in numbers)
    said = [call.said for call in calls]
    first, last = calls[0].event, calls[-1].event
    refused = all(each.error for each in said) and bool(known.get("refused", True))
    resources = _joined(was.resources if was else (), named.resources(said))
    actors = tuple(dict.fromkeys((*(was.actors if was else ()), *named.actors(said))))[: named.LIMIT]
    occurred = instant(last.at) if was is None or was.occurred is None else max(instant(last.at), was.occurred)
    body = json.dumps(
        {
            "product": PRODUCT,
            "rule": {
                "id": rule.id,
                "title": rule.title,
                "level": rule.severity.name.lower(),
                "tags": rule.tags,
                "source": rule.source,
                "description": rule.description,
                "falsepositives": rule.falsepositives,
            },
            "count": count,
            "refused": refused,
            "first": known.get("first") or instant(first.at).isoformat(),
            "last": occurred.isoformat(),
            "counted": max(counted, *numbers),
            "events": [*known.get("events", ()), *(call.event.id for call in fresh)][-IDS:],
            "records": _records(known.get("records", ()), fresh),
        },
        separators=(",", ":"),
    ).encode("ascii")
    return ours(
        Format.TRAIL,
        name,
        Untrusted(f"Attempted, refused: {rule.title}" if refused else rule.title),
        Untrusted(_description(rule)),
        min(rule.severity, _ATTEMPT) if refused else rule.severity,
        body,
        product=PRODUCT,
        types=types(rule.tags),
        account=last.account or None,
        region=last.region or None,
        resources=resources,
        actors=actors,
        occurred=occurred,
        published=None,
        updated=occurred,
        count=count,
    )


def _description(rule: Rule) -> str:
    parts = [rule.description]
    if rule.falsepositives:
        parts.append("It may be harmless: " + "; ".join(rule.falsepositives) + ".")
    parts.append(f"Rule {rule.id} of {rule.source}.")
    return "\n\n".join(part for part in parts if part)


def _joined(known: Sequence[Resource], new: Sequence[Resource]) -> tuple[Resource, ...]:
    found = {(each.type, each.id): each for each in (*known, *new)}
    return tuple(found.values())[: named.LIMIT]


def _records(known: Sequence[Any], fresh: Sequence[_Call]) -> list[Any]:
    """The first record and the latest ones; one that is huge is told by its id alone."""
    added = [
        json.loads(call.event.record)
        if len(call.event.record) <= RECORD_BYTES
        else {"eventID": call.event.id, "left_out": f"{len(call.event.record):,} bytes: see the trail"}
        for call in (*fresh[:1], *fresh[1:][-RECORDS:])
    ]
    every = [*known, *added]
    return every[:1] + every[1:][-(RECORDS - 1) :]
