"""Posture as the store knows it now: what each check came to, by whom, and each check in sum. Reading only.

Before (``posture_past``) and by endpoint (``endpoint_view``) are beside this. A verdict here is the one that may be
said now (``posture_trust``); what was said when somebody looked stays beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from socconsole.model.posture import OWN, Result, Verdict
from socconsole.model.world import Place
from socconsole.store.instants import instant, instant_or_none
from socconsole.store.posture_trust import IN_SCOPE, RANK, SAYS, Trust


@dataclass(frozen=True, slots=True)
class Row:
    """One answer as it stands. ``result.verdict`` is what may be said now, ``said`` what was when somebody looked."""

    n: int
    result: Result
    said: Verdict
    since: datetime
    """Since when ``said`` holds."""
    was: Verdict | None
    """The last verdict that was not UNKNOWN; None while this one is not, or where there was none."""
    was_until: datetime | None
    control: str
    """What another scanner calls the check (``S3.8``); empty for ours."""
    gone_at: datetime | None
    disagrees: str = ""
    """Who says otherwise about the same subject, in words; empty where nobody does."""


_LAST: Final = "(SELECT max(at) FROM posture_round AS o WHERE o.account = r.account AND o.region = r.region)"


def results(
    conn: Connection,
    trusted: Trust,
    *,
    check: str | None = None,
    family: str | None = None,
    verdict: Verdict | None = None,
    subject: str | None = None,
    account: str | None = None,
    region: str | None = None,
    answered_by: str | None = None,
    endpoint: str | None = None,
    limit: int = -1,
    offset: int = 0,
) -> list[Row]:
    """Answers that stand now, FAIL first, then UNKNOWN, then PASS; each by check, place and subject.

    ``endpoint`` is an id: answers about what it is made of. ``family`` is ``S3`` of ``S3-01``.
    """
    where, given = ["r.gone_at IS NULL", IN_SCOPE], trusted.parameters()
    for column, value in (
        ("check_id", check),
        ("subject", subject),
        ("account", account),
        ("region", region),
        ("answered_by", answered_by),
    ):
        if value is not None:
            where.append(f"r.{column} = :{column}")
            given[column] = value
    if family is not None:
        where.append("r.check_id GLOB :family")
        given["family"] = f"{family}-[0-9]*"
    if verdict is not None:
        # What is stored besides, for the index: a FAIL or a PASS of now was one when it was said.
        stored = "" if verdict is Verdict.UNKNOWN else "r.verdict = :verdict AND "
        where.append(f"{stored}{SAYS} = :verdict")
        given["verdict"] = verdict.value
    if endpoint is not None:
        where.append("r.thing IN (SELECT thing FROM endpoint_part WHERE endpoint = :endpoint)")
        given["endpoint"] = endpoint
    found = conn.execute(
        f"SELECT {_COLUMNS} FROM posture_result AS r JOIN posture_span AS s ON s.n = r.span "
        f"WHERE {' AND '.join(where)} "
        f"ORDER BY {RANK}, r.check_id, r.account, r.region, r.subject, r.answered_by, r.control "
        "LIMIT :limit OFFSET :offset",
        {**given, "limit": limit, "offset": offset},
    ).fetchall()
    rows = [_row(*values) for values in found]
    return _compared(conn, trusted, rows)


_COLUMNS: Final = (
    f"r.n, r.check_id, r.subject, r.account, r.region, r.answered_by, r.control, {SAYS}, r.verdict, r.since, "
    f"coalesce(r.evaluated, {_LAST}), r.known, r.known_at, r.gone_at, s.digest, s.evidence"
)


def _row(
    n: int, check: str, subject: str, account: str, region: str, answered_by: str, control: str, says: str, said: str,
    since: int, evaluated: int, known: str | None, known_at: int | None, gone_at: int | None, digest: str,
    evidence: str,
) -> Row:  # fmt: skip
    result = Result(
        check, subject, Place(account, region), Verdict(says), tuple(json.loads(evidence)), answered_by,
        instant(evaluated), digest,
    )  # fmt: skip
    was, until = known, known_at
    if says == Verdict.UNKNOWN != said:
        was, until = said, evaluated
    lost = says == Verdict.UNKNOWN and was is not None
    return Row(
        n, result, Verdict(said), instant(since), Verdict(was) if lost and was else None,
        instant_or_none(until) if lost else None, control, instant_or_none(gone_at),
    )  # fmt: skip


# --- what others say of the same ----------------------------------------------------------------------


def _compared(conn: Connection, trusted: Trust, rows: Sequence[Row]) -> list[Row]:
    """The same rows, each told who says otherwise of its subject."""
    wanted = {(row.result.check, row.result.subject) for row in rows}
    if not wanted or not _others(conn):
        return list(rows)
    said: dict[tuple[str, str], list[Row]] = {}
    for values in conn.execute(
        f"SELECT {_COLUMNS} FROM posture_result AS r JOIN posture_span AS s ON s.n = r.span "
        f"WHERE r.gone_at IS NULL AND {IN_SCOPE} AND (r.check_id, r.subject) IN "
        "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:wanted))",
        {**trusted.parameters(), "wanted": json.dumps(sorted(wanted))},
    ):
        one = _row(*values)
        said.setdefault((one.result.check, one.result.subject), []).append(one)
    return [replace(row, disagrees=_otherwise(row, said[row.result.check, row.result.subject])) for row in rows]


def _others(conn: Connection) -> bool:
    found: int = conn.execute("SELECT EXISTS (SELECT 1 FROM posture_result WHERE answered_by <> 'own')").fetchone()[0]
    return bool(found)


_OPPOSITE: Final = {Verdict.PASS: Verdict.FAIL, Verdict.FAIL: Verdict.PASS}


def _otherwise(row: Row, all_of_it: Iterable[Row]) -> str:
    """Of ours, everybody who says the opposite; of another's answer, whether we do. Of a check that they answer in part
    only, their PASS contradicts no FAIL of ours."""
    from socconsole.posture.catalogue import catalogue
    from socconsole.posture.others import NAMES

    about = catalogue().get(row.result.check)
    opposite = _OPPOSITE.get(row.result.verdict)
    own = row.result.answered_by == OWN
    ours_fails = row.result.verdict is (Verdict.FAIL if own else Verdict.PASS)
    if ours_fails and not (about and about.whole):
        return ""
    return "; ".join(
        f"{NAMES.get(one.result.answered_by, 'socconsole')}{' ' * bool(one.control)}{one.control} says "
        f"{one.result.verdict.value} at {one.result.evaluated:%Y-%m-%d %H:%M}Z"
        for one in all_of_it
        if one.result.verdict is opposite and (one.result.answered_by == OWN) is not own
    )


# --- each check in sum --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sum:
    """One check over all places in scope, or over one. Numbers of subjects."""

    check: str
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    """Ours alone: another's stale answer takes nothing from a fresh one of ours."""
    theirs_passed: int = 0
    theirs_failed: int = 0
    theirs_unknown: int = 0
    disputed: int = 0
    """Subjects that pass by us and fail by another."""
    unseen: int = 0
    """Places in scope that were never evaluated."""

    @property
    def verdict(self) -> Verdict:
        """PASS only where we say so of every subject in every place, and nobody says FAIL of any.

        What another fails and we did not look at fails; what we pass and another fails is UNKNOWN until they agree. An
        answer of others alone is no PASS: it may be to a part of the check.
        """
        if self.failed or self.theirs_failed > self.disputed:
            return Verdict.FAIL
        if self.unknown or self.disputed or self.unseen or not self.passed:
            return Verdict.UNKNOWN
        return Verdict.PASS


def sums(conn: Connection, trusted: Trust, *, account: str | None = None, region: str | None = None) -> dict[str, Sum]:
    """Check → its sum, of those that anybody answered. Cheap: it reads an index alone."""
    given = {**trusted.parameters(), "account": account, "region": region}
    here = "(:account IS NULL OR r.account = :account) AND (:region IS NULL OR r.region = :region)"
    found: dict[str, dict[str, int]] = {}
    for check, own, says, n in conn.execute(
        f"SELECT r.check_id, r.answered_by = 'own', {SAYS} AS says, count(*) FROM posture_result AS r "
        f"WHERE r.gone_at IS NULL AND {IN_SCOPE} AND {here} GROUP BY 1, 2, 3",
        given,
    ):
        field = {"PASS": "passed", "FAIL": "failed", "UNKNOWN": "unknown"}[says]
        found.setdefault(check, {})[field if own else f"theirs_{field}"] = n
    if any("theirs_failed" in counts for counts in found.values()):
        # Every failing answer of theirs about a subject that passes by us: as many as ``theirs_failed`` counts.
        for check, n in conn.execute(
            "WITH own AS (SELECT check_id, subject FROM posture_result AS r WHERE r.gone_at IS NULL "
            f"AND r.answered_by = 'own' AND {IN_SCOPE} AND {SAYS} = 'PASS') "
            "SELECT r.check_id, count(*) FROM posture_result AS r WHERE r.gone_at IS NULL AND r.answered_by <> 'own' "
            f"AND {here} AND r.verdict = 'FAIL' AND {SAYS} = 'FAIL' AND (r.check_id, r.subject) IN own GROUP BY 1",
            given,
        ):
            found[check]["disputed"] = n
    seen = {f"{place.account}/{place.region}" for place in rounds(conn)}
    here_too = [place.split("/") for place in trusted.scope if place not in seen]
    unseen = sum(account in (None, one) and region in (None, other) for one, other in here_too)
    return {check: Sum(check, **counts, unseen=unseen) for check, counts in sorted(found.items())}


# --- rounds -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Round:
    """The last evaluation of one place."""

    place: Place
    at: datetime
    complete: bool
    asked: int
    unanswered: tuple[str, ...]
    evidence: str
    """SHA-256 of the file that is kept of it."""


def rounds(conn: Connection) -> dict[Place, Round]:
    """The last one of every place."""
    return {
        Place(account, region): Round(
            Place(account, region), instant(at), bool(complete), asked, tuple(json.loads(unanswered)), evidence
        )
        for account, region, at, complete, asked, unanswered, evidence in conn.execute(
            "SELECT account, region, max(at), complete, asked, unanswered, evidence FROM posture_round "
            "GROUP BY account, region"
        )
    }
