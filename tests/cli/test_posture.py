"""``posture`` and ``endpoints``: the documented JSON, the exit codes, and pages that drive no terminal."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from socconsole.formats import ocsf as reader
from socconsole.model.posture import Verdict
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.posture.catalogue import catalogue
from socconsole.store import db, sources
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from tests.cli.support import live, run
from tests.store.test_posture import CORPUS, DENIED, HERE, endpoint, evaluated, result

NOW = datetime.now(UTC).replace(microsecond=0)
KEY = SourceKey("posture", HERE.account, HERE.region)
PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
HOSTILE = "arn:aws:s3:::evil\x1b]0;x\x07"


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    """A place that was evaluated an hour ago (all passed) and now (one fails)."""
    made = live(tmp_path / "live", KEY)
    with closing(db.connect(made.store_db)) as conn:
        good = result(PASS, "arn:aws:s3:::good")
        evaluated(conn, NOW - timedelta(hours=1), good, result(PASS))
        evaluated(conn, NOW, good, result(FAIL, why=f"the policy allows * {HOSTILE}"), endpoints=[endpoint()])
    return made


def test_the_documented_json(folder: StateFolder) -> None:
    ran = run("posture", "--json", "--store", folder.root)
    assert ran.code == 0
    first, second = ran.rows
    assert set(first) == {"id", "subject", "account", "region", "result", "evidence", "answered_by", "evaluated"}
    assert (first["id"], first["subject"], first["result"], first["answered_by"]) == ("S3-01", CORPUS, "FAIL", "own")
    assert first["evaluated"] == NOW.isoformat().replace("+00:00", "Z")
    assert second["result"] == "PASS"
    assert "1 FAIL, 0 UNKNOWN, 1 PASS" in ran.err


def test_the_catalogue_as_json() -> None:
    rows = {row["id"]: row for row in run("posture", "--list", "--json").rows}
    assert set(rows) == set(catalogue())
    assert set(rows["S3-01"]) == {
        "id", "title", "severity", "calls", "securityhub", "prowler", "clauses", "pattern", "answered_by", "fix",
        "action",
    }  # fmt: skip
    assert rows["S3-01"]["answered_by"] == ["own", "securityhub", "config", "prowler"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 0),
        (("--fail-on", "critical"), 1),
        (("--fail-on", "low"), 1),
        (("result:pass", "--fail-on", "critical"), 0),
        (("--check", "S3-04", "--fail-on", "critical"), 0),
        (("--check", "NO-99"), 2),
        (("sev:loud",), 2),
        (("--json", "--csv"), 2),
    ],
    ids=["plain", "critical", "low", "filtered", "other-check", "no-check", "bad-query", "two-forms"],
)
def test_exit_codes(folder: StateFolder, options: tuple[str, ...], code: int) -> None:
    assert run("posture", *options, "--store", folder.root).code == code


def test_what_is_not_fresh_is_named_and_outweighs_a_failing_check(folder: StateFolder) -> None:
    with closing(db.connect(folder.store_db)) as conn:
        sources.record(conn, Answer(KEY, Freshness.ERROR, Untrusted("unreachable")), NOW)
    ran = run("posture", "--json", "--fail-on", "critical", "--store", folder.root)
    assert ran.code == 3
    assert f"not fresh: posture {HERE.account} {HERE.region}: ERROR" in ran.err
    good = next(row for row in ran.rows if row["subject"].endswith("good"))
    assert good["result"] == "UNKNOWN"
    assert good["evidence"][0].startswith("was PASS until ")


def test_unknown_is_counted_openly_and_passes_no_gate(folder: StateFolder) -> None:
    with closing(db.connect(folder.store_db)) as conn:
        evaluated(conn, NOW + timedelta(seconds=1), result(PASS, "arn:aws:s3:::good"), unanswered=DENIED)
    ran = run("posture", "res:corpus", "--json", "--fail-on", "critical", "--store", folder.root)
    assert ran.code == 3
    assert ran.row["evidence"][0].startswith("UNKNOWN since ")
    assert "was FAIL until " in ran.row["evidence"][0]
    assert "1 of severity critical or above UNKNOWN" in ran.err


def test_what_was_known_then(folder: StateFolder) -> None:
    then = (NOW - timedelta(minutes=30)).isoformat()
    ran = run("posture", "--at", then, "--json", "--store", folder.root)
    assert ran.code == 0
    assert {row["result"] for row in ran.rows} == {"PASS"}
    assert {row["evaluated"] for row in ran.rows} == {(NOW - timedelta(hours=1)).isoformat().replace("+00:00", "Z")}
    before = run("posture", "--at", (NOW - timedelta(days=1)).isoformat(), "--json", "--store", folder.root)
    assert (before.code, before.out) == (3, "")
    assert "never evaluated by then" in before.err
    late = run("posture", "--at", (NOW + timedelta(days=1)).isoformat(), "--json", "--store", folder.root)
    assert late.code == 3, "nobody has looked for a day"


def test_ocsf_is_a_compliance_finding_with_all_that_the_class_requires(folder: StateFolder) -> None:
    rows = run("posture", "--ocsf", "--store", folder.root).rows
    failing, passing = rows
    for row in rows:
        required = {
            "activity_id", "category_uid", "class_uid", "cloud", "compliance", "finding_info", "metadata",
            "severity_id", "time", "type_uid",
        }  # fmt: skip
        assert required <= set(row)
        assert (row["class_uid"], row["category_uid"]) == (2003, 2)
        assert row["type_uid"] == 200300 + row["activity_id"]
        assert row["finding_info"]["uid"]
        assert row["finding_info"]["title"]
        assert row["metadata"]["version"] == "1.4.0"
        assert row["metadata"]["product"]["name"] == "socconsole"
        assert row["compliance"]["standards"]
        assert row["time"] == NOW.timestamp() * 1000
    assert (failing["compliance"]["status_id"], passing["compliance"]["status_id"]) == (3, 1)
    assert failing["severity_id"] == 5
    assert len({row["finding_info"]["uid"] for row in rows}) == 2
    read = reader.read(failing)
    assert (read.kind.value, read.account, read.region) == ("control", HERE.account, HERE.region)
    assert read.resources[0].id == Untrusted(CORPUS)


def test_the_page_fits_80_columns_and_drives_neither_terminal_nor_spreadsheet(folder: StateFolder) -> None:
    ran = run("posture", "--store", folder.root, COLUMNS="80")
    assert "\x1b" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert ran.out.startswith("FAIL    C S3-01")
    assert "fix: " in ran.out
    assert "PASS    C S3-01" in ran.out
    rows = list(csv.DictReader(io.StringIO(run("posture", "--csv", "--store", folder.root).out)))
    assert [row["result"] for row in rows] == ["FAIL", "PASS"]
    assert "\x1b" not in rows[0]["evidence"]


def test_endpoints_as_json_and_as_a_page(folder: StateFolder) -> None:
    ran = run("endpoints", "--json", "--store", folder.root)
    assert ran.code == 0
    row = ran.row
    assert set(row) == {
        "id", "kind", "account", "region", "exposure", "reads", "sends", "callers", "failing", "unknown",
    }  # fmt: skip
    assert (row["kind"], row["exposure"], row["reads"]) == ("sagemaker", "account", ["arn:aws:s3:::corpus/*"])
    assert row["sends"] is None, "it was not read"
    assert row["callers"] is None, "the trail may not record who invokes it"
    assert (row["failing"], row["unknown"]) == (["S3-01"], [])
    plain = run("endpoints", "--store", folder.root, COLUMNS="80")
    assert "\x1b" not in plain.out
    assert max(map(len, plain.out.splitlines())) <= 80
    assert "1 endpoint, 1 with a failing check" in plain.err
