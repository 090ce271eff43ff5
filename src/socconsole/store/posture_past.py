"""Posture as it was: at any instant, of one subject or of all, and what changed since. Reading only.

"Was flow logging on last Tuesday" has an answer here: the verdict of the last round up to then, with when that was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Any

from socconsole.model.posture import OWN, Result, Verdict
from socconsole.model.world import Place
from socconsole.store.instants import instant, instant_or_none, micros


@dataclass(frozen=True, slots=True)
class Span:
    """A verdict for as long as it was judged by the same."""

    verdict: Verdict
    evidence: tuple[str, ...]
    digest: str
    first_at: datetime
    last_at: datetime
    rounds: int
    """Evaluations that said so; of another scanner's answer 1."""


@dataclass(frozen=True, slots=True)
class Then:
    """What was known of one subject at one instant, by one answerer."""

    result: Result
    """As it was said last before that instant; ``evaluated`` says when that was."""
    next: datetime | None
    """When it was looked at the next time; None where it was not since."""
    since: datetime
    """Since when it had been judged so, by the same."""
    control: str = ""


def history(conn: Connection, check: str, subject: str, at: datetime | None = None) -> list[Then]:
    """What was known at ``at`` (default: now), of every answerer; empty where nobody had looked by then.

    The verdict is that of the last round up to ``at``. How long before that was stands in ``result.evaluated``: of
    what was between two rounds nobody knows.
    """
    return list(_then(conn, at or datetime.now(UTC), "AND r.check_id = :check AND r.subject = :subject",
                      {"check": check, "subject": subject}))  # fmt: skip


def at(conn: Connection, when: datetime, check: str | None = None) -> list[Then]:
    """Everything that was known at ``when``, of one check or of all: FAIL first."""
    found = _then(conn, when, "AND (:check IS NULL OR r.check_id = :check)", {"check": check})
    order = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)
    return sorted(found, key=lambda one: (order.index(one.result.verdict), one.result.check, one.result.subject))


def _then(conn: Connection, when: datetime, where: str, values: Mapping[str, Any]) -> Iterable[Then]:
    rounds = "FROM posture_round AS o WHERE o.account = r.account AND o.region = r.region"
    # Ours: the span that the last round up to then falls into; what was gone by that round has none.
    for (
        check,
        subject,
        account,
        region,
        answered_by,
        control,
        verdict,
        digest,
        evidence,
        first,
        seen,
        after,
    ) in conn.execute(
        f"""
        WITH r AS (
            SELECT r.*, iif(r.answered_by = 'own', (SELECT max(o.at) {rounds} AND o.at <= :at), :at) AS looked
            FROM posture_result AS r WHERE (r.gone_at IS NULL OR r.gone_at > :at) {where}
        )
        SELECT r.check_id, r.subject, r.account, r.region, r.answered_by, r.control, s.verdict, s.digest, s.evidence,
            s.first_at, iif(r.answered_by = 'own', r.looked, min(:at, coalesce(s.last_at, s.first_at))),
            iif(r.answered_by = 'own', (SELECT min(o.at) {rounds} AND o.at > :at), NULL)
        FROM r JOIN posture_span AS s ON s.n = (
            SELECT n FROM posture_span WHERE result = r.n AND first_at <= r.looked ORDER BY first_at DESC LIMIT 1
        )
        WHERE r.answered_by <> 'own' OR s.last_at IS NULL OR s.last_at >= r.looked
        """,
        {**values, "at": micros(when)},
    ):
        result = Result(
            check, subject, Place(account, region), Verdict(verdict), tuple(json.loads(evidence)), answered_by,
            instant(seen), digest,
        )  # fmt: skip
        yield Then(result, instant_or_none(after), instant(first), control)


def looked(conn: Connection, when: datetime) -> dict[str, datetime]:
    """Place (``account/region``) → when it was last evaluated up to ``when``."""
    return {
        place: instant(at)
        for place, at in conn.execute(
            "SELECT account || '/' || region, max(at) FROM posture_round WHERE at <= ? GROUP BY account, region",
            (micros(when),),
        )
    }


def spans(conn: Connection, check: str, subject: str, place: Place, answered_by: str = OWN) -> list[Span]:
    """All that is kept of one subject's history, newest first."""
    rounds = "FROM posture_round AS o WHERE o.account = :account AND o.region = :region"
    return [
        Span(Verdict(verdict), tuple(json.loads(evidence)), digest, instant(first), instant(last), max(1, n))
        for verdict, evidence, digest, first, last, n in conn.execute(
            f"""
            WITH s AS (
                SELECT s.n, s.verdict, s.evidence, s.digest, s.first_at,
                    coalesce(s.last_at, (SELECT max(o.at) {rounds}), s.first_at) AS last_at
                FROM posture_span AS s JOIN posture_result AS r ON r.n = s.result
                WHERE r.check_id = :check AND r.subject = :subject AND r.account = :account AND r.region = :region
                    AND r.answered_by = :answered_by
            )
            SELECT s.verdict, s.evidence, s.digest, s.first_at, s.last_at,
                iif(:answered_by = 'own', (SELECT count(*) {rounds} AND o.at BETWEEN s.first_at AND s.last_at), 1)
            FROM s ORDER BY s.first_at DESC, s.n DESC
            """,
            {
                "check": check,
                "subject": subject,
                "account": place.account,
                "region": place.region,
                "answered_by": answered_by,
            },
        )
    ]


@dataclass(frozen=True, slots=True)
class Change:
    """One subject of one check: what it was at the instant asked for, and what it is now. None: nobody said anything,
    or it was not there."""

    check: str
    subject: str
    place: Place
    was: Verdict | None
    now: Verdict | None
    at: datetime
    """When it last changed."""
    evidence: tuple[str, ...]
    """Of what it is now; of what is gone, of what it was."""


def changed_since(conn: Connection, when: datetime) -> list[Change]:
    """Our verdicts that are others than at ``when``, newest first: what came, what turned, what went."""
    found = conn.execute(
        """
        SELECT * FROM (
            SELECT r.check_id, r.subject, r.account, r.region,
                (SELECT verdict FROM posture_span AS b WHERE b.result = r.n AND b.first_at <= :at
                    AND coalesce(b.last_at, :at) >= (SELECT coalesce(max(o.at), 0) FROM posture_round AS o
                        WHERE o.account = r.account AND o.region = r.region AND o.at <= :at)
                    ORDER BY b.first_at DESC LIMIT 1) AS was,
                iif(r.gone_at IS NULL, r.verdict, NULL) AS now, coalesce(r.gone_at, r.since) AS at, s.evidence
            FROM posture_result AS r JOIN posture_span AS s ON s.n = r.span
            WHERE r.answered_by = 'own' AND (r.gone_at > :at OR (r.gone_at IS NULL AND r.since > :at))
        ) WHERE was IS NOT now ORDER BY at DESC, check_id, subject
        """,
        {"at": micros(when)},
    )
    return [
        Change(
            check, subject, Place(account, region), Verdict(was) if was else None, Verdict(now) if now else None,
            instant(at), tuple(json.loads(evidence)),
        )
        for check, subject, account, region, was, now, at, evidence in found
    ]  # fmt: skip
