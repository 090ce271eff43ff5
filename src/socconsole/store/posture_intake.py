"""Taking in what one evaluation of a place came to, in the caller's transaction; reading it is ``posture_view``.

A round writes what changed, and nothing else: what it finds as it was goes on by itself, since a span without an end
lasts until its place's last round. That holds because every round states every result of its place: one that it did not
see is gone where the round was complete, and UNKNOWN where it was not. So a subject that could not be read keeps what
was last known of it beside the UNKNOWN of now, and none is ever called gone because somebody denied us a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

import msgspec

from socconsole.model.endpoint import Endpoint
from socconsole.model.finding import Observation
from socconsole.model.posture import OWN, Evaluation, Result, Verdict
from socconsole.model.world import Place
from socconsole.store import posture_access, posture_codec, posture_finding
from socconsole.store.instants import instant, micros, storable

NOT_SEEN: Final = "not seen in a round that was not complete"
"""The evidence of a subject that an incomplete round left out, whatever the reason."""

GONE: Final = "a complete round did not find it any more"

_REASONS: Final = 3
_WORST: Final = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)


def take(conn: Connection, evaluation: Evaluation) -> list[Observation]:
    """One round. Rounds of a place come in their order; one that is dated before the last is dated right after it.

    Returns what findings come of it: a check that fails, or fails in other words, and one that failed and passes, or
    whose subject is gone. One that cannot be read any more stays as it was.
    """
    place = evaluation.place
    before, evidence = _last_round(conn, place)
    at = max(micros(evaluation.at), before + 1)
    told = [] if evaluation.evidence and evaluation.evidence == evidence else _compare(conn, evaluation, at, before)
    conn.execute(
        "INSERT INTO posture_round (account, region, at, complete, asked, unanswered, evidence) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            place.account, place.region, at, evaluation.complete, evaluation.asked,
            _json(evaluation.unanswered), evaluation.evidence,
        ),
    )  # fmt: skip
    return told


def _compare(conn: Connection, evaluation: Evaluation, at: int, before: int) -> list[Observation]:
    """Write what is other than at the round before. Where the file of evidence is the same, nothing is."""
    place = evaluation.place
    stored = _stored(conn, place)
    told: list[Observation] = []
    for result in _once(evaluation.results):
        known = stored.pop((result.check, result.subject), None)
        if _put(conn, known, result, at, before) and (
            result.verdict is Verdict.FAIL or (known is not None and known.failed and result.verdict is Verdict.PASS)
        ):
            told.append(posture_finding.observation(result, instant(at)))
    whole = f"{place.account}/{place.region}"
    run = frozenset(evaluation.checks)
    # A check that could not even list its subjects, whatever the reason, has seen none of them go.
    blind = {one.check for one in evaluation.results if (one.subject, one.verdict) == (whole, Verdict.UNKNOWN)}
    for (check, subject), known in stored.items():
        if known.gone:
            continue
        # A list that could not be read then and can be now leaves nothing behind.
        if check not in run or subject == whole or (evaluation.complete and check not in blind):
            _end(conn, known, at, before)
            if known.failed:
                gone = Result(check, subject, place, Verdict.PASS, (GONE,), OWN, evaluation.at, "")
                told.append(posture_finding.observation(gone, instant(at)))
        else:
            _put(conn, known, _not_seen(evaluation, check, subject), at, before)
    _take_endpoints(conn, evaluation, at)
    posture_access.take(conn, evaluation, at)
    return told


@dataclass(frozen=True, slots=True)
class _Known:
    """A stored result of this place."""

    n: int
    verdict: Verdict
    span: int
    digest: str
    gone: bool
    failed: bool
    """It fails, or failed when it was last known."""


def _last_round(conn: Connection, place: Place) -> tuple[int, str]:
    """When it was and what is kept of it; 0 before the first."""
    found: tuple[int, str] | None = conn.execute(
        "SELECT at, evidence FROM posture_round WHERE account = ? AND region = ? ORDER BY at DESC LIMIT 1",
        (place.account, place.region),
    ).fetchone()
    return found or (0, "")


def _stored(conn: Connection, place: Place) -> dict[tuple[str, str], _Known]:
    return {
        (check, subject): _Known(
            n,
            Verdict(verdict),
            span,
            digest,
            gone is not None,
            (known if verdict == Verdict.UNKNOWN else verdict) == Verdict.FAIL,
        )
        for check, subject, n, verdict, span, digest, gone, known in conn.execute(
            "SELECT r.check_id, r.subject, r.n, r.verdict, r.span, s.digest, r.gone_at, r.known "
            "FROM posture_result AS r JOIN posture_span AS s ON s.n = r.span "
            "WHERE r.account = ? AND r.region = ? AND r.answered_by = ?",
            (place.account, place.region, OWN),
        )
    }


def _once(results: Iterable[Result]) -> Iterable[Result]:
    """Each check once a subject; where one was judged twice the worse counts."""
    found: dict[tuple[str, str], Result] = {}
    for one in results:
        key = (one.check, one.subject)
        if key not in found or _WORST.index(one.verdict) < _WORST.index(found[key].verdict):
            found[key] = one
    return found.values()


def _not_seen(evaluation: Evaluation, check: str, subject: str) -> Result:
    reasons = evaluation.unanswered[:_REASONS]
    more = len(evaluation.unanswered) - len(reasons)
    said = (NOT_SEEN, *reasons, *([f"and {more} more questions without an answer"] if more else []))
    return Result(check, subject, evaluation.place, Verdict.UNKNOWN, said, OWN, evaluation.at, "")


def _put(conn: Connection, known: _Known | None, result: Result, at: int, before: int) -> bool:
    """What a result is now; False, and nothing written, where it is as it was."""
    if known is None:
        n: int = conn.execute(
            "INSERT INTO posture_result (check_id, subject, account, region, answered_by, thing, verdict, span, since) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?) RETURNING n",
            (
                result.check, storable(result.subject), result.place.account, result.place.region, OWN,
                posture_codec.thing(storable(result.subject)), result.verdict.value, at,
            ),
        ).fetchone()[0]  # fmt: skip
    else:
        if not known.gone and (known.verdict, known.digest) == (result.verdict, result.digest):
            return False
        n = known.n
        if not known.gone:
            _close(conn, known, before)
    span: int = conn.execute(
        "INSERT INTO posture_span (result, verdict, digest, evidence, first_at) VALUES (?, ?, ?, ?, ?) RETURNING n",
        (n, result.verdict.value, result.digest, _json(result.evidence), at),
    ).fetchone()[0]
    conn.execute(
        "UPDATE posture_result SET verdict = ?1, span = ?2, since = iif(verdict = ?1 AND gone_at IS NULL, since, ?3), "
        "gone_at = NULL WHERE n = ?4",
        (result.verdict.value, span, at, n),
    )
    return True


def _close(conn: Connection, known: _Known, before: int) -> None:
    """A span ends with the round before; what it said stays known."""
    conn.execute("UPDATE posture_span SET last_at = ? WHERE n = ?", (before, known.span))
    if known.verdict is not Verdict.UNKNOWN:
        conn.execute(
            "UPDATE posture_result SET known = ?, known_at = ? WHERE n = ?", (known.verdict.value, before, known.n)
        )


def _end(conn: Connection, known: _Known, at: int, before: int) -> None:
    _close(conn, known, before)
    conn.execute("UPDATE posture_result SET gone_at = ? WHERE n = ?", (at, known.n))


def _take_endpoints(conn: Connection, evaluation: Evaluation, at: int) -> None:
    """What is there; after a complete round what it lacks is gone."""
    place = evaluation.place
    for one in evaluation.endpoints:
        conn.execute(
            "INSERT INTO endpoint (id, kind, account, region, arn, doc, seen) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET account = excluded.account, region = excluded.region, doc = excluded.doc, "
            "seen = excluded.seen, gone_at = NULL",
            (
                one.id, one.kind.value, one.place.account, one.place.region, one.arn,
                posture_codec.pack_endpoint(one), at,
            ),
        )  # fmt: skip
        conn.execute("DELETE FROM endpoint_part WHERE endpoint = ?", (one.id,))
        conn.executemany(
            "INSERT INTO endpoint_part (endpoint, thing) VALUES (?, ?)", [(one.id, each) for each in _things(one)]
        )
    if evaluation.complete:
        conn.execute(
            "UPDATE endpoint SET gone_at = ? WHERE account = ? AND region = ? AND gone_at IS NULL AND seen < ?",
            (at, place.account, place.region, at),
        )


def _things(one: Endpoint) -> Iterable[str]:
    return dict.fromkeys(posture_codec.thing(each) for each in (one.arn, *one.parts) if each)


def _json(lines: Sequence[str]) -> str:
    return msgspec.json.encode([storable(line) for line in lines]).decode()


# --- retention ----------------------------------------------------------------------------------------

KEPT: Final = timedelta(days=400)
"""How long is known what was: as long as a closed finding. The files of evidence stay."""


def prune(conn: Connection, now: datetime) -> None:
    """Forget what ended more than ``KEPT`` ago. In the caller's transaction."""
    oldest = micros(now - KEPT)
    conn.execute("DELETE FROM posture_result WHERE gone_at < ?", (oldest,))
    conn.execute(  # never the span of now: the answer of somebody else may be as old as that
        "DELETE FROM posture_span WHERE last_at < ? AND n <> (SELECT span FROM posture_result AS r WHERE r.n = result)",
        (oldest,),
    )
    conn.execute(  # never a place's last: what stands now was said by it
        "DELETE FROM posture_round AS r WHERE at < ? AND at < "
        "(SELECT max(at) FROM posture_round AS o WHERE o.account = r.account AND o.region = r.region)",
        (oldest,),
    )
    conn.execute("DELETE FROM endpoint WHERE gone_at < ?", (oldest,))
    posture_access.prune(conn, oldest)
