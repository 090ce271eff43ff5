"""Which legal entities a case concerns, what was said of each, and so which clocks run. Reading only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.clocks import clocks
from socconsole.config import Config, DatasetConfig, EntityConfig
from socconsole.model.case import Case
from socconsole.model.clock import Clock, Facts, Party
from socconsole.model.finding import Kind
from socconsole.store import cases, reading
from socconsole.store.case_said import said
from socconsole.store.declared import context_of
from socconsole.store.instants import instant, instant_or_none
from socconsole.store.reading import Stored
from socconsole.text import Untrusted
from socconsole.triage.scoring import datasets

LOOKED_AT: Final = 200
"""Findings of a case that are read whole, the worst first."""

TEAM: Final = Party("team", "team")
_TRIAGE: Final = (TEAM.entity, "team", "triage", "")

NOBODY: Final = "no entity configured"
"""The entity of a case whose data nobody mapped, where the configuration names no legal entity at all."""

_HOLDERS: Final = ("S3Bucket", "S3Object", "DynamoDb", "Rds", "SecretsManager", "Redshift", "OpenSearch", "Ebs", "Efs")
"""Parts of the types of resources that hold data."""


@dataclass(frozen=True, slots=True)
class Data:
    """What data a case is about, as far as its findings name stores and the team declared them."""

    declared: tuple[DatasetConfig, ...]
    unmapped: tuple[Untrusted, ...]
    """Stores that its findings name and no ``[[dataset]]`` does."""
    looked: int
    more: int
    """Findings that were not looked at, or that the store does not know."""


def members(conn: Connection, case: Case, now: datetime) -> list[Stored]:
    """The worst of its findings, as they stand at ``now``."""
    return list(reading.each(conn, case.findings[:LOOKED_AT], now))


def data_of(config: Config, case: Case, found: list[Stored]) -> Data:
    """The datasets of its findings' resources; what holds data and is none is unmapped, never nobody's."""
    context = context_of(config)
    by_name = {one.name: one for one in config.datasets}
    declared: dict[str, DatasetConfig] = {}
    unmapped: dict[str, Untrusted] = {}
    for stored in found:
        for resource in stored.finding.resources:
            named = datasets((resource,), context)
            declared |= {one.name: by_name[one.name] for one in named if one.name in by_name}
            if not named and any(word in resource.type for word in _HOLDERS):
                unmapped.setdefault(resource.id.raw(), resource.name or resource.id)
    return Data(tuple(declared.values()), tuple(unmapped.values()), len(found), len(case.findings) - len(found))


def parties(conn: Connection, config: Config, case: Case) -> tuple[Party, ...]:
    """Whom its clocks run for. Where some of the data is unmapped, or nothing names any, every entity may be; one of
    which a moment was said, or a yes, is whatever data the findings are about."""
    data = data_of(config, case, members(conn, case, case.opened))
    entities = {one.name: one for one in config.entity}
    found: dict[Party, None] = {}
    for dataset in data.declared:
        if dataset.entity in entities:
            entity = entities[dataset.entity]
            named = dataset.controllers or tuple(one.name for one in entity.controllers)
            found |= dict.fromkeys(_as(entity, dataset.role, named))
    if data.unmapped or data.more or not all(one.entity for one in data.declared) or not data.declared:
        for entity in config.entity:
            found |= dict.fromkeys(_as(entity, "controller", ()))
        if not config.entity:
            found[Party(NOBODY, "controller")] = None
    for name in sorted(said(conn, case.id).concerned() - {one.entity for one in found} - {TEAM.entity}):
        found |= dict.fromkeys(_declared(config, name))
    return (*found, TEAM)


def _declared(config: Config, name: str) -> Iterator[Party]:
    """An entity in every role that the configuration knows it in; as a controller where that names none."""
    entity = next((one for one in config.entity if one.name == name), EntityConfig(name=name))
    held = [one for one in config.datasets if one.entity == name]
    for dataset in held:
        yield from _as(entity, dataset.role, dataset.controllers or tuple(one.name for one in entity.controllers))
    if not held:
        yield from _as(entity, "controller", ())


def _as(entity: EntityConfig, role: str, controllers: tuple[str, ...]) -> Iterator[Party]:
    if role == "controller":
        yield Party(entity.name, role, entity.zone, entity.country, authorities=tuple(entity.authorities.items()))
        return
    within = {one.name: one.within for one in entity.controllers}
    for name in controllers or ("the controller",):
        yield Party(entity.name, role, entity.zone, entity.country, name, within.get(name, ""))


def of_case(conn: Connection, config: Config, case: Case, now: datetime) -> tuple[Clock, ...]:
    """Its clocks as they stand at ``now``, the nearest first."""
    return clocks(facts(conn, config, case), now)


def still_running(clocks: tuple[Clock, ...]) -> tuple[Clock, ...]:
    """Of the clocks of a case that is closed those that run on. Closing ends what the team promised itself; no law asks
    whether we closed anything."""
    return tuple(one for one in clocks if one.open and one.role != TEAM.role)


def facts(conn: Connection, config: Config, case: Case) -> Facts:
    """What was said of it, in the order of the ledger: a later entry amends an earlier one. Suspicions move nothing."""
    told = said(conn, case.id)
    declared = {(one.name, regime): yes for one in config.entity for regime, yes in one.applies.items()}
    # Whoever opened the case has looked at it, who acknowledged one of its findings before that; what was said amends.
    sent = {_TRIAGE: [_looked_at(conn, case)], **told.sent}
    return Facts(
        detected=detected(conn, case),
        opened=case.opened,
        parties=parties(conn, config, case),
        moments={key: one.at for key, one in told.moments.items()},
        answers={**declared, **told.answers},
        sent={key: tuple(times) for key, times in sent.items()},
        owed=told.owed,
    )


def began(conn: Connection, case: Case) -> datetime | None:
    """When the first event happened that one of its threats tells of; None where none is known."""
    (first,) = conn.execute(
        "SELECT min(began) FROM queue WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
        (Kind.THREAT.value, json.dumps(case.findings)),
    ).fetchone()
    return instant_or_none(first)


def _looked_at(conn: Connection, case: Case) -> datetime:
    known = [case.opened]
    for start in range(0, len(case.findings), 500):
        part = case.findings[start : start + 500]
        marks = ",".join("?" * len(part))
        (first,) = conn.execute(f"SELECT min(acked_at) FROM decision WHERE finding_id IN ({marks})", part).fetchone()
        known += [instant(first)] if first is not None else []
    return min(known)


def detected(conn: Connection, case: Case) -> datetime:
    """When the first of its findings was published by AWS or seen by us; when it was opened, if
    that was before: it, or a case that became part of it.

    A control that fails says what is possible, not that anything happened: one that failed for weeks is no detection
    of a breach, unless the case is of such findings alone.
    """
    opened = cases.first_opened(conn, case)
    known: dict[bool, datetime] = {}
    for start in range(0, len(case.findings), 500):
        part = case.findings[start : start + 500]
        marks = ",".join("?" * len(part))
        rows = conn.execute(
            f"SELECT kind = ?, min(min(coalesce(published, seen), seen)) FROM queue WHERE id IN ({marks}) GROUP BY 1",
            (Kind.THREAT.value, *part),
        )
        for threat, first in rows:
            known[bool(threat)] = min(known.get(bool(threat), opened), instant(first))
    return known.get(True, known.get(False, opened))
