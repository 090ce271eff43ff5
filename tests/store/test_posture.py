"""Posture in the store: what is known now, what was known then, and what nobody may call gone or passed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from socconsole.formats import read_bytes
from socconsole.model.endpoint import Endpoint, EndpointKind, Exposure, endpoint_id
from socconsole.model.finding import Resource
from socconsole.model.known import Known, Unread
from socconsole.model.posture import OWN, Evaluation, Result, Verdict
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.store import (
    correlating,
    db,
    endpoint_callers,
    endpoint_view,
    findings,
    posture_codec,
    posture_intake,
    posture_past,
    posture_trust,
    posture_view,
    sources,
)
from socconsole.store.db import Connection
from socconsole.text import Untrusted
from tests.store.builders import observation
from tests.store.shelf import put

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
HERE = Place("111122223333", "eu-central-1")
THERE = Place("111122223333", "eu-west-1")
KEYS = [SourceKey("posture", place.account, place.region) for place in (HERE, THERE)]
TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
CORPUS = "arn:aws:s3:::corpus"
SUBNET = "arn:aws:ec2:eu-central-1:111122223333:subnet/subnet-0a1b2c3d"
DENIED = ("s3:GetPublicAccessBlock: denied: no",)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    opened = db.connect(db.prepare(tmp_path))
    sources.scope(opened, KEYS)
    yield opened
    opened.close()


def result(verdict: Verdict, subject: str = CORPUS, check: str = "S3-01", why: str = "", place: Place = HERE) -> Result:
    said = why or verdict.value.lower()
    return Result(check, subject, place, verdict, (said,), OWN, TEN, f"digest of {said}")


def evaluated(
    conn: Connection,
    at: datetime,
    *results: Result,
    place: Place = HERE,
    unanswered: Iterable[str] = (),
    endpoints: Iterable[Endpoint] = (),
    checks: tuple[str, ...] = ("S3-01", "NET-01"),
) -> None:
    """One round, committed as the watch does."""
    evaluation = Evaluation(place, at, results, tuple(endpoints), checks, 7, tuple(unanswered))
    answer = Answer(
        SourceKey("posture", place.account, place.region),
        Freshness.FRESH if evaluation.complete else Freshness.PARTIAL,
        interval_s=3600.0,
    )
    findings.commit(conn, (), answer=answer, origin="posture", now=at, evaluation=evaluation)


def now(conn: Connection, **wanted: object) -> dict[str, Verdict]:
    trusted = posture_trust.trust(conn)
    rows = posture_view.results(conn, trusted, **wanted)  # type: ignore[arg-type]
    return {row.result.subject: row.result.verdict for row in rows}


def then(
    conn: Connection, at: datetime, check: str = "S3-01", subject: str = CORPUS
) -> tuple[Verdict, datetime] | None:
    found = posture_past.history(conn, check, subject, at)
    return (found[0].result.verdict, found[0].result.evaluated) if found else None


def test_what_was_last_tuesday_has_an_answer_with_the_round_that_said_it(conn: Connection) -> None:
    evaluated(conn, TEN, result(PASS))
    evaluated(conn, TEN + HOUR, result(PASS))
    evaluated(conn, TEN + 2 * HOUR, result(FAIL))
    evaluated(conn, TEN + 3 * HOUR, result(PASS))
    assert then(conn, TEN - HOUR) is None
    assert then(conn, TEN) == (PASS, TEN)
    assert then(conn, TEN + 1.5 * HOUR) == (PASS, TEN + HOUR)
    assert then(conn, TEN + 2.9 * HOUR) == (FAIL, TEN + 2 * HOUR)
    assert then(conn, TEN + 90 * HOUR) == (PASS, TEN + 3 * HOUR)
    (told,) = posture_past.history(conn, "S3-01", CORPUS, TEN + 1.5 * HOUR)
    assert told.next == TEN + 2 * HOUR, "of what was between two rounds nobody knows"
    spans = posture_past.spans(conn, "S3-01", CORPUS, HERE)
    assert [(one.verdict, one.rounds) for one in spans] == [(PASS, 1), (FAIL, 1), (PASS, 2)]


def test_a_round_that_finds_everything_as_it_was_writes_one_row(conn: Connection) -> None:
    evaluated(conn, TEN, *(result(PASS, f"arn:aws:s3:::b{n}") for n in range(50)))
    before = conn.total_changes
    evaluated(conn, TEN + HOUR, *(result(PASS, f"arn:aws:s3:::b{n}") for n in range(50)))
    assert conn.total_changes - before <= 3, "the round and its source's answer"
    (row,) = posture_view.results(conn, posture_trust.trust(conn), subject="arn:aws:s3:::b7")
    assert (row.result.evaluated, row.since) == (TEN + HOUR, TEN)


def test_what_a_round_did_not_see_is_gone_only_if_it_was_complete(conn: Connection) -> None:
    evaluated(conn, TEN, result(PASS), result(FAIL, SUBNET, "NET-01"))
    evaluated(conn, TEN + HOUR, result(FAIL, SUBNET, "NET-01"), unanswered=DENIED)
    (row,) = posture_view.results(conn, posture_trust.trust(conn), check="S3-01")
    assert (row.result.verdict, row.was, row.was_until, row.since) == (UNKNOWN, PASS, TEN, TEN + HOUR)
    assert posture_intake.NOT_SEEN in row.result.evidence
    assert DENIED[0] in row.result.evidence
    evaluated(conn, TEN + 2 * HOUR, result(FAIL, SUBNET, "NET-01"))
    assert now(conn) == {SUBNET: FAIL}
    assert then(conn, TEN + HOUR) == (UNKNOWN, TEN + HOUR)
    assert then(conn, TEN + 2 * HOUR) is None
    evaluated(conn, TEN + 3 * HOUR, result(PASS), result(FAIL, SUBNET, "NET-01"))
    assert now(conn) == {SUBNET: FAIL, CORPUS: PASS}
    assert then(conn, TEN + 2.5 * HOUR) is None
    assert then(conn, TEN) == (PASS, TEN)


def test_a_list_that_was_denied_once_is_not_unknown_for_ever(conn: Connection) -> None:
    whole = f"{HERE.account}/{HERE.region}"
    evaluated(conn, TEN, result(UNKNOWN, whole), unanswered=DENIED)
    evaluated(conn, TEN + HOUR, result(PASS), unanswered=("kms:DescribeKey: denied: no",))
    assert now(conn) == {CORPUS: PASS}


def test_a_check_that_is_run_no_more_leaves_no_verdict(conn: Connection) -> None:
    evaluated(conn, TEN, result(PASS), result(PASS, SUBNET, "NET-01"))
    evaluated(conn, TEN + HOUR, result(PASS), checks=("S3-01",), unanswered=DENIED)
    assert now(conn) == {CORPUS: PASS}


def test_no_pass_is_said_of_a_place_that_does_not_answer(conn: Connection) -> None:
    evaluated(conn, TEN, result(PASS), result(FAIL, SUBNET, "NET-01"))
    evaluated(conn, TEN, result(PASS, "arn:aws:s3:::other", place=THERE), place=THERE)
    assert posture_view.sums(conn, posture_trust.trust(conn))["S3-01"].verdict is PASS
    sources.record(conn, Answer(KEYS[0], Freshness.ERROR, Untrusted("unreachable")), TEN + HOUR)
    assert now(conn) == {SUBNET: FAIL, CORPUS: UNKNOWN, "arn:aws:s3:::other": PASS}
    assert now(conn, verdict=PASS) == {"arn:aws:s3:::other": PASS}
    (row,) = posture_view.results(conn, posture_trust.trust(conn), subject=CORPUS)
    assert (row.said, row.was, row.was_until) == (PASS, PASS, TEN)
    assert posture_view.sums(conn, posture_trust.trust(conn))["S3-01"].verdict is UNKNOWN


def test_a_place_that_was_never_evaluated_spoils_every_pass(conn: Connection) -> None:
    evaluated(conn, TEN, result(PASS))
    told = posture_view.sums(conn, posture_trust.trust(conn))["S3-01"]
    assert (told.passed, told.unseen, told.verdict) == (1, 1, UNKNOWN)
    here = posture_view.sums(conn, posture_trust.trust(conn), account=HERE.account, region=HERE.region)
    assert here["S3-01"].verdict is PASS


def test_what_is_out_of_scope_is_not_listed(conn: Connection) -> None:
    evaluated(conn, TEN, result(PASS), endpoints=[endpoint()])
    sources.scope(conn, KEYS[1:])
    assert now(conn) == {}
    assert endpoint_view.endpoints(conn, posture_trust.trust(conn)) == []


def test_changes_since_the_last_shift(conn: Connection) -> None:
    evaluated(conn, TEN, result(PASS), result(PASS, "arn:aws:s3:::deleted"), result(FAIL, SUBNET, "NET-01"))
    evaluated(conn, TEN + HOUR, result(FAIL), result(FAIL, SUBNET, "NET-01", why="fail in other words"))
    found = posture_past.changed_since(conn, TEN + HOUR / 2)
    assert {(one.subject, one.was, one.now) for one in found} == {
        (CORPUS, PASS, FAIL),
        ("arn:aws:s3:::deleted", PASS, None),
    }
    assert {one.was for one in posture_past.changed_since(conn, TEN - HOUR)} == {None}
    assert posture_past.changed_since(conn, TEN + 2 * HOUR) == []


def endpoint(name: str = "support-llm", regions: tuple[str, ...] = ("eu-central-1", "us-east-1")) -> Endpoint:
    arn = f"arn:aws:sagemaker:eu-central-1:111122223333:endpoint/{name}"
    return Endpoint(
        id=endpoint_id(EndpointKind.SAGEMAKER, arn),
        kind=EndpointKind.SAGEMAKER,
        place=HERE,
        arn=arn,
        name=Untrusted(f"{name}\x1b[31m"),
        exposure=Exposure.ACCOUNT,
        reads=Known(("arn:aws:s3:::corpus/*",)),
        sends=Unread("ec2:DescribeRouteTables", Untrusted("denied")),
        regions=regions,
        tags=((Untrusted("owner"), Untrusted("ml")),),
        parts=("subnet-0a1b2c3d", CORPUS),
    )


def test_an_endpoint_carries_what_was_found_about_its_parts(conn: Connection) -> None:
    one, other = endpoint(), endpoint("idle")
    evaluated(
        conn,
        TEN,
        result(PASS),
        result(FAIL, SUBNET, "NET-01"),
        result(PASS, "arn:aws:s3:::unrelated"),
        result(UNKNOWN, f"{HERE.account}/{HERE.region}", "LOG-01"),
        endpoints=[one],
        checks=("S3-01", "NET-01", "LOG-01"),
        unanswered=DENIED,
    )
    cells = endpoint_view.matrix(conn, posture_trust.trust(conn))[one.id]
    assert {name: cell.verdict for name, cell in cells.items()} == {"S3": PASS, "NET": FAIL, "LOG": UNKNOWN}
    assert cells["NET"].failing == ("NET-01",)
    assert now(conn, endpoint=one.id) == {SUBNET: FAIL, CORPUS: PASS}
    assert endpoint_view.endpoint(conn, one.id) == one
    routes = {
        each.region: (each.here, each.routed) for each in endpoint_view.residency(conn, posture_trust.trust(conn))
    }
    assert routes == {"eu-central-1": ((one.id,), ()), "us-east-1": ((), (one.id,)), "eu-west-1": ((), ())}
    evaluated(conn, TEN + HOUR, endpoints=[other], unanswered=DENIED)
    assert len(endpoint_view.endpoints(conn, posture_trust.trust(conn))) == 2, "nobody says that it is gone"
    evaluated(conn, TEN + 2 * HOUR, endpoints=[other])
    assert endpoint_view.endpoints(conn, posture_trust.trust(conn)) == [other]


def test_the_file_of_evidence_is_the_evaluation_and_the_same_for_the_same_estate() -> None:
    one = Evaluation(HERE, TEN, (result(PASS), result(FAIL, SUBNET)), (endpoint(),), ("S3-01",), 3, DENIED)
    data = posture_codec.pack(one)
    later = Evaluation(HERE, TEN + HOUR, one.results, one.endpoints, one.checks, one.asked, one.unanswered)
    assert posture_codec.pack(later) == data
    assert posture_codec.unpack(data, TEN) == one
    for other in (b"", data[:-20], b"x" + data, gzip.compress(b"[1"), gzip.compress(b"{}"), gzip.compress(b"[]")):
        with pytest.raises((ValueError, LookupError, TypeError, OSError, EOFError)):
            posture_codec.unpack(other, TEN)


def test_retention_forgets_what_ended_long_ago_and_nothing_else(conn: Connection) -> None:
    evaluated(conn, TEN, result(PASS), result(PASS, SUBNET, "NET-01"))
    evaluated(conn, TEN + HOUR, result(FAIL))
    late = TEN + posture_intake.KEPT + 2 * HOUR
    with db.transaction(conn):
        posture_intake.prune(conn, late)
    assert then(conn, TEN) is None
    assert now(conn) == {CORPUS: FAIL}
    assert conn.execute("SELECT count(*) FROM posture_result").fetchone() == (1,)


def open_findings(conn: Connection) -> set[str]:
    rows = conn.execute("SELECT title FROM queue WHERE sources = 'posture' AND kind = 'control' AND closed = 0")
    return {title.partition(" ")[0] for (title,) in rows}


def test_what_fails_is_a_finding_until_it_passes_and_no_longer_read_is_no_pass(conn: Connection) -> None:
    evaluated(conn, TEN, result(FAIL), result(FAIL, SUBNET, "NET-01"))
    assert open_findings(conn) == {"S3-01", "NET-01"}
    evaluated(conn, TEN + HOUR, result(UNKNOWN), result(FAIL, SUBNET, "NET-01"), unanswered=DENIED)
    assert open_findings(conn) == {"S3-01", "NET-01"}
    evaluated(conn, TEN + 2 * HOUR, result(PASS), unanswered=DENIED)
    assert open_findings(conn) == {"NET-01"}
    evaluated(conn, TEN + 3 * HOUR, result(FAIL))
    assert open_findings(conn) == {"S3-01"}
    assert conn.execute("SELECT count(*) FROM finding").fetchone() == (2,)


def test_a_check_that_could_not_list_its_subjects_has_seen_none_of_them_go(conn: Connection) -> None:
    """Not every trouble is a question that AWS left unanswered: what comes from the store, a fault of ours."""
    evaluated(conn, TEN, result(FAIL), result(PASS, SUBNET, "NET-01"))
    evaluated(conn, TEN + HOUR, result(UNKNOWN, f"{HERE.account}/{HERE.region}"), result(PASS, SUBNET, "NET-01"))
    assert now(conn, check="S3-01") == {CORPUS: UNKNOWN, f"{HERE.account}/{HERE.region}": UNKNOWN}
    assert open_findings(conn) == {"S3-01"}


def test_what_stands_open_is_part_of_no_incident(conn: Connection) -> None:
    bucket = Resource("AwsS3Bucket", Untrusted(CORPUS), Untrusted("corpus"))
    put(conn, *(observation(name, resources=(bucket,), occurred=TEN, published=TEN) for name in ("read", "opened")))
    evaluated(conn, TEN, result(FAIL))
    correlating.finish(conn, TEN)
    found = conn.execute("SELECT sources, incident IS NOT NULL FROM queue").fetchall()
    assert sorted(found) == [("guardduty", 1), ("guardduty", 1), ("posture", 0)]


def invoked(id_: str, by: str, name: str = "InvokeEndpoint", **parameters: str) -> bytes:
    record = {
        "eventVersion": "1.08",
        "eventID": id_,
        "eventTime": "2026-11-23T10:00:00Z",
        "eventSource": "sagemaker.amazonaws.com",
        "eventName": name,
        "awsRegion": HERE.region,
        "recipientAccountId": HERE.account,
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{HERE.account}:user/{by}", "accountId": HERE.account},
        "requestParameters": parameters,
    }
    return json.dumps(record).encode()


def test_who_calls_an_endpoint_is_who_the_trail_saw_invoke_it(conn: Connection) -> None:
    records = (
        invoked("1", "shop", endpointName="support-llm"),
        invoked("2", "stranger", endpointName="another"),
        invoked("3", "auditor", "DescribeEndpoint", endpointName="support-llm"),
    )
    put(conn, *(one for body in records for one in read_bytes(body)))
    found = endpoint_callers.callers(conn, endpoint())
    assert found == (Untrusted(f"arn:aws:iam::{HERE.account}:user/shop"),)
    assert endpoint_callers.callers(conn, endpoint("idle")) == ()
