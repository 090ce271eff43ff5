"""The compliance report: every clause that a check answers to, with what decided it and what nobody knows."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from socconsole.model.posture import OWN, Evaluation, Result, Verdict
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.posture.catalogue import FRAMEWORKS, catalogue
from socconsole.reports import compliance, html, markdown
from socconsole.reports.compliance import Compliance
from socconsole.store import db, findings, sources
from socconsole.store.state import StateFolder
from tests.cli.support import run
from tests.store.builders import ACCOUNT, NOW, REGION
from tests.store.desk import live

HERE = Place(ACCOUNT, REGION)
KEY = SourceKey("posture", ACCOUNT, REGION)


@pytest.fixture
def folder(tmp_path: Any) -> StateFolder:
    return live(tmp_path / "state", 0)


def evaluated(folder: StateFolder, *results: tuple[str, str, Verdict], unanswered: tuple[str, ...] = ()) -> None:
    made = tuple(
        Result(check, subject, HERE, verdict, (f"{verdict.value} because of <b>",), OWN, NOW, "0" * 64)
        for check, subject, verdict in results
    )
    round_ = Evaluation(HERE, NOW, made, (), tuple(catalogue()), 10, unanswered)
    with closing(db.connect(folder.store_db)) as conn:
        sources.scope(conn, [KEY])
        outcome = Freshness.PARTIAL if unanswered else Freshness.FRESH
        answer = Answer(KEY, outcome, interval_s=3600.0)
        findings.commit(conn, (), answer=answer, origin="posture", now=NOW, live=True, evaluation=round_)


def report(folder: StateFolder, framework: str = "gdpr") -> Compliance:
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        return compliance.compliance(conn, framework, NOW + timedelta(seconds=1))


def test_the_worst_check_decides_a_clause_and_unknown_is_no_pass(folder: StateFolder) -> None:
    evaluated(
        folder,
        ("S3-01", "arn:aws:s3:::a", Verdict.PASS),
        ("S3-02", "arn:aws:s3:::a", Verdict.PASS),
        ("S3-02", "arn:aws:s3:::b", Verdict.UNKNOWN),
        ("S3-03", "arn:aws:s3:::a", Verdict.FAIL),
    )
    lines = {line.about.id: line for clause in report(folder).clauses for line in clause.lines}
    assert [lines[id_].verdict for id_ in ("S3-01", "S3-02", "S3-03")] == [Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL]
    assert lines["S3-03"].evidence == ("arn:aws:s3:::a: FAIL because of <b>",)
    others = [line for id_, line in lines.items() if not id_.startswith("S3-0")]
    assert {line.verdict for line in others} == {Verdict.UNKNOWN}, "what nobody looked at is not met"


def test_nothing_evaluated_is_said_and_counted_as_unknown(folder: StateFolder) -> None:
    made = report(folder)
    assert compliance.counted(made)[Verdict.PASS] == compliance.counted(made)[Verdict.FAIL] == 0
    assert "nothing was evaluated yet" in markdown(compliance.document(made))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_framework_has_a_page_that_names_its_evidence(folder: StateFolder, framework: str) -> None:
    evaluated(folder, ("S3-01", "arn:aws:s3:::a", Verdict.FAIL), unanswered=("s3:ListBuckets: denied",))
    made = report(folder, framework)
    page = html(compliance.document(made))
    assert "<b>" not in page.replace("&lt;b&gt;", "")
    assert "not everything could be read" in page
    assert (">Art. " in page) is (framework in ("gdpr", "nis2")), "a law is cited as one writes it, on one line"
    data = compliance.as_json(made)
    assert data["evaluations"][0]["unanswered"] == ["s3:ListBuckets: denied"]
    assert sum(data["counts"].values()) == len(data["clauses"]) > 0


def test_there_is_no_other_framework(folder: StateFolder) -> None:
    with pytest.raises(KeyError):
        report(folder, "sox")


def test_the_report_is_written_once_and_says_whether_it_stands_on_fresh_posture(
    folder: StateFolder, tmp_path: Path
) -> None:
    evaluated(folder, ("S3-01", "arn:aws:s3:::a", Verdict.FAIL), unanswered=("s3:ListBuckets: denied",))
    file = tmp_path / "gdpr.html"
    words = ("posture", "--report", "compliance", "--format", "html", "-o", file, "--store", folder.root)
    ran = run(*words)
    assert (ran.code, file.read_text().startswith("<!DOCTYPE html>")) == (3, True), "not everything was read"
    assert "clauses: " in ran.err
    assert run(*words).code == 2, "never over a file that is there"
    assert run("posture", "--report", "compliance", "--json", "--store", folder.root).row["framework"] == "gdpr"
    assert run("posture", "--report", "compliance", "--framework", "sox", "--store", folder.root).code == 2
