"""Endpoints as the store knows them, with what checks came to about what they are made of. Reading only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from socconsole.model.endpoint import Endpoint, EndpointKind, families
from socconsole.model.posture import Verdict
from socconsole.store import posture_codec
from socconsole.store.posture_trust import IN_SCOPE, RANK, SAYS, Trust, family


@dataclass(frozen=True, slots=True)
class Cell:
    """One family of checks about what one endpoint is made of: ids of checks."""

    passed: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Also those that could not even list their subjects in the endpoint's place."""

    @property
    def verdict(self) -> Verdict | None:
        """The worst of them; None: no check of this family is about it."""
        if self.failing:
            return Verdict.FAIL
        return Verdict.UNKNOWN if self.unknown else Verdict.PASS if self.passed else None


def endpoints(conn: Connection, trusted: Trust) -> list[Endpoint]:
    """What serves an LLM, by account, region, kind and name."""
    return [
        posture_codec.unpack_endpoint(doc)
        for (doc,) in conn.execute(
            "SELECT r.doc FROM endpoint AS r WHERE r.gone_at IS NULL "
            "AND r.account || '/' || r.region IN (SELECT value FROM json_each(?)) "
            "ORDER BY r.account, r.region, r.kind, r.arn",
            (json.dumps(trusted.scope),),
        )
    ]


def endpoint(conn: Connection, id_: str) -> Endpoint | None:
    """One endpoint by its id, gone or not."""
    row = conn.execute("SELECT doc FROM endpoint WHERE id = ?", (id_,)).fetchone()
    return posture_codec.unpack_endpoint(row[0]) if row else None


def matrix(conn: Connection, trusted: Trust, ids: Sequence[str] | None = None) -> dict[str, dict[str, Cell]]:
    """Endpoint id → family → cell, of all endpoints or of ``ids``. A family that is not there has nothing to say.

    Only families that look at endpoints of its kind count: what is said of the place as a whole is the estate's.
    """
    wanted = None if ids is None else json.dumps(list(ids))
    chosen = "e.gone_at IS NULL AND (:ids IS NULL OR e.id IN (SELECT value FROM json_each(:ids)))"
    worst: dict[str, dict[str, int]] = {}
    looked_at = {id_: families(EndpointKind(kind)) for id_, kind in conn.execute("SELECT id, kind FROM endpoint")}
    for id_, check, rank in conn.execute(
        f"SELECT e.id, r.check_id, min({RANK}) FROM endpoint AS e JOIN endpoint_part AS p ON p.endpoint = e.id "
        "JOIN posture_result AS r INDEXED BY posture_result_thing ON r.thing = p.thing AND r.gone_at IS NULL "
        f"WHERE {chosen} AND {IN_SCOPE} "
        "GROUP BY 1, 2",
        {**trusted.parameters(), "ids": wanted},
    ):
        if family(check) in looked_at[id_]:
            worst.setdefault(id_, {})[check] = rank
    # Where a check says UNKNOWN of a whole place it is not known of what is in there either.
    for id_, check in conn.execute(
        "SELECT e.id, r.check_id FROM endpoint AS e JOIN posture_result AS r INDEXED BY posture_result_subject "
        "ON r.subject = e.account || '/' || e.region "
        f"WHERE {chosen} AND r.gone_at IS NULL AND r.answered_by = 'own' AND {SAYS} = 'UNKNOWN' AND {IN_SCOPE}",
        {**trusted.parameters(), "ids": wanted},
    ):
        if family(check) in looked_at[id_]:
            checks = worst.setdefault(id_, {})
            checks[check] = min(1, checks.get(check, 1))
    return {id_: _cells(checks) for id_, checks in worst.items()}


def _cells(checks: Mapping[str, int]) -> dict[str, Cell]:
    grouped: dict[str, tuple[list[str], list[str], list[str]]] = {}
    for check, rank in sorted(checks.items()):
        grouped.setdefault(family(check), ([], [], []))[rank].append(check)
    return {
        name: Cell(tuple(passed), tuple(failing), tuple(unknown))
        for name, (failing, unknown, passed) in grouped.items()
    }


# --- where data lies and goes -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Residency:
    """One region: which endpoints are in it, and which send what they process there from elsewhere. Ids."""

    region: str
    here: tuple[str, ...]
    routed: tuple[str, ...]
    failing: int
    """Failing answers about what is in it."""
    unknown: int


def residency(conn: Connection, trusted: Trust) -> list[Residency]:
    """By region, every one in which there is or may be processed anything."""
    here: dict[str, list[str]] = {}
    routed: dict[str, list[str]] = {}
    for one in endpoints(conn, trusted):
        here.setdefault(one.place.region, []).append(one.id)
        for region in one.regions:
            if region != one.place.region:
                routed.setdefault(region, []).append(one.id)
    counts: dict[str, dict[str, int]] = {place.partition("/")[2]: {} for place in trusted.scope}
    for region, says, n in conn.execute(
        f"SELECT r.region, {SAYS}, count(*) FROM posture_result AS r WHERE r.gone_at IS NULL AND {IN_SCOPE} "
        "GROUP BY 1, 2",
        trusted.parameters(),
    ):
        counts.setdefault(region, {})[says] = n
    return [
        Residency(
            region, tuple(here.get(region, ())), tuple(routed.get(region, ())),
            counts.get(region, {}).get("FAIL", 0), counts.get(region, {}).get("UNKNOWN", 0),
        )
        for region in sorted({*here, *routed, *counts})
    ]  # fmt: skip
