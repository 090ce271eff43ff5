"""Answers of Security Hub, AWS Config and Prowler beside ours: mapped, dated, never taken for more than they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socconsole.formats import read_bytes
from socconsole.model.posture import Verdict
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.store import db, findings, posture_others, posture_trust, posture_view, sources
from socconsole.store.db import Connection
from socconsole.text import Untrusted
from tests.store.test_posture import CORPUS, FAIL, HERE, KEYS, PASS, UNKNOWN, evaluated, result

NOW = datetime.now(UTC).replace(microsecond=0)
HUB = SourceKey("securityhub", HERE.account, HERE.region)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    opened = db.connect(db.prepare(tmp_path))
    sources.scope(opened, [KEYS[0], HUB])
    yield opened
    opened.close()


def asff(status: str, at: datetime = NOW, **over: Any) -> dict[str, Any]:
    """S3.8 about the corpus, as Security Hub tells it."""
    stamp = at.isoformat().replace("+00:00", "Z")
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:{HERE.region}:{HERE.account}:security-control/S3.8/finding/1",
        "ProductArn": f"arn:aws:securityhub:{HERE.region}::product/aws/securityhub",
        "GeneratorId": "security-control/S3.8",
        "AwsAccountId": HERE.account,
        "Region": HERE.region,
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "CreatedAt": "2026-01-01T00:00:00Z",
        "UpdatedAt": stamp,
        "LastObservedAt": stamp,
        "Severity": {"Label": "HIGH"},
        "Title": "S3 general purpose buckets should block public access",
        "Description": "d",
        "Resources": [{"Type": "AwsS3Bucket", "Id": CORPUS, "Region": HERE.region}],
        "Compliance": {"Status": status, "SecurityControlId": "S3.8"},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    } | over


def tell(conn: Connection, body: dict[str, Any], freshness: Freshness = Freshness.FRESH) -> None:
    """As its collector brings it."""
    findings.commit(
        conn,
        read_bytes(json.dumps(body).encode()),
        answer=Answer(HUB, freshness),
        origin=sources.origin_of(HUB),
        now=NOW,
    )
    posture_others.finish(conn, NOW)


def rows(conn: Connection) -> dict[str, Any]:
    found = posture_view.results(conn, posture_trust.trust(conn, NOW), subject=CORPUS)
    return {row.result.answered_by: row for row in found}


def verdict(conn: Connection) -> Verdict:
    return posture_view.sums(conn, posture_trust.trust(conn, NOW))["S3-01"].verdict


def test_their_fail_beside_our_pass_is_no_pass_and_said_in_words(conn: Connection) -> None:
    evaluated(conn, NOW, result(PASS))
    assert verdict(conn) is PASS
    tell(conn, asff("FAILED"))
    found = rows(conn)
    assert {by: row.result.verdict for by, row in found.items()} == {"own": PASS, "securityhub": FAIL}
    assert found["own"].disagrees.startswith("Security Hub S3.8 says FAIL at ")
    assert found["securityhub"].disagrees.startswith("socconsole says PASS at ")
    assert found["securityhub"].result.evaluated == NOW
    assert verdict(conn) is UNKNOWN
    tell(conn, asff("PASSED", NOW + timedelta(seconds=1)))
    assert verdict(conn) is PASS
    assert rows(conn)["own"].disagrees == ""


def test_their_pass_of_a_part_contradicts_no_fail_of_ours_and_proves_no_pass(conn: Connection) -> None:
    tell(conn, asff("PASSED"))
    assert verdict(conn) is UNKNOWN, "S3.8 answers a part of S3-01"
    evaluated(conn, NOW, result(FAIL))
    assert rows(conn)["own"].disagrees == rows(conn)["securityhub"].disagrees == ""
    assert verdict(conn) is FAIL


def test_an_answer_is_unknown_when_it_is_a_day_old_or_its_source_is_silent(conn: Connection) -> None:
    evaluated(conn, NOW, result(PASS))
    tell(conn, asff("FAILED", NOW - timedelta(hours=25)))
    found = rows(conn)["securityhub"]
    assert (found.result.verdict, found.said, found.was) == (UNKNOWN, FAIL, FAIL)
    assert found.was_until == NOW - timedelta(hours=25)
    assert verdict(conn) is PASS, "a stale answer takes nothing from a fresh one of ours"
    tell(conn, asff("FAILED"))
    assert rows(conn)["securityhub"].result.verdict is FAIL
    sources.record(conn, Answer(HUB, Freshness.DENIED, Untrusted("no")), NOW)
    assert rows(conn)["securityhub"].result.verdict is UNKNOWN


def test_what_was_archived_answers_nothing_any_more(conn: Connection) -> None:
    tell(conn, asff("FAILED"))
    tell(conn, asff("FAILED", NOW + timedelta(seconds=1), RecordState="ARCHIVED"))
    assert rows(conn) == {}


CONFIG_RULE = {
    "Id": f"arn:aws:config:{HERE.region}:{HERE.account}:config-rule/config-rule-abc123/finding/1",
    "ProductArn": f"arn:aws:securityhub:{HERE.region}::product/aws/config",
    "GeneratorId": f"arn:aws:config:{HERE.region}:{HERE.account}:config-rule/config-rule-abc123",
    "Title": "s3-bucket-level-public-access-prohibited-conformance-pack-x1y2z3",
    "ProductFields": {"aws/config/ConfigRuleName": "s3-bucket-level-public-access-prohibited-conformance-pack-x1y2z3"},
    "Compliance": {"Status": "FAILED"},
}
PROWLER = {
    "Id": "prowler-s3_bucket_level_public_access_block-1",
    "ProductArn": f"arn:aws:securityhub:{HERE.region}::product/prowler/prowler",
    "GeneratorId": "prowler-s3_bucket_level_public_access_block",
    "Compliance": {"Status": "FAILED"},
}


@pytest.mark.parametrize(("by", "over"), [("config", CONFIG_RULE), ("prowler", PROWLER)], ids=["config", "prowler"])
def test_rules_of_config_and_checks_of_prowler_answer_too(conn: Connection, by: str, over: dict[str, Any]) -> None:
    tell(conn, asff("FAILED", **over))
    assert {name: row.result.verdict for name, row in rows(conn).items()} == {by: FAIL}
    tell(conn, asff("FAILED", NOW + timedelta(seconds=1), **(over | {"Compliance": {"Status": "WARNING"}})))
    assert rows(conn)[by].result.verdict is UNKNOWN


def ocsf(product: dict[str, str], event_code: str = "", **over: Any) -> dict[str, Any]:
    at = int(NOW.timestamp() * 1000)
    return {
        "class_uid": 2003,
        "category_uid": 2,
        "activity_id": 1,
        "severity_id": 4,
        "time": at,
        "cloud": {"account": {"uid": HERE.account}, "provider": "AWS", "region": HERE.region},
        "finding_info": {"uid": "one", "title": "public access", "created_time": at, "last_seen_time": at},
        "metadata": {"uid": "u1", "version": "1.4.0", "product": product, "event_code": event_code},
        "resources": [{"uid": CORPUS, "type": "AWS::S3::Bucket", "region": HERE.region}],
    } | over


@pytest.mark.parametrize(
    ("by", "body"),
    [
        (
            "securityhub",
            ocsf(
                {"name": "Security Hub", "uid": f"arn:aws:securityhub:{HERE.region}::productv2/aws/securityhub"},
                compliance={"control": "S3.8", "status": "Fail", "status_id": 3, "standards": []},
            ),
        ),
        (
            "prowler",
            ocsf({"name": "Prowler", "uid": "prowler"}, "s3_bucket_level_public_access_block", status_code="FAIL"),
        ),
    ],
    ids=["securityhub", "prowler"],
)
def test_the_same_in_ocsf(conn: Connection, by: str, body: dict[str, Any]) -> None:
    tell(conn, body)
    assert {name: row.result.verdict for name, row in rows(conn).items()} == {by: FAIL}


def test_a_control_about_the_account_is_about_the_place(conn: Connection) -> None:
    account = [{"Type": "AwsAccount", "Id": f"AWS::::Account:{HERE.account}", "Region": HERE.region}]
    tell(conn, asff("FAILED", Resources=account))
    (row,) = posture_view.results(conn, posture_trust.trust(conn, NOW), check="S3-01")
    assert row.result.subject == f"{HERE.account}/{HERE.region}"
