"""The reports of who can come in: the register of third parties with its questionnaire, and access reviews."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socconsole.config import Config, ThirdPartyConfig
from socconsole.model.access import Access, Credential, Identity, Lacking, Outsider, Party
from socconsole.model.posture import Evaluation
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import Place
from socconsole.reports import access, access_page, answers, html, markdown, third_parties, third_parties_page
from socconsole.reports.access import Use
from socconsole.reports.third_parties import Standing
from socconsole.store import db, evidence, findings, ledger, posture_access, posture_codec, sources, trail
from socconsole.store.state import StateFolder
from socconsole.text import Untrusted
from tests.cli.support import run
from tests.store.builders import ACCOUNT, REGION
from tests.store.desk import live
from tests.store.test_incidents import event

HERE = Place(ACCOUNT, REGION)
KEY = SourceKey("posture", ACCOUNT, REGION)
NOW = datetime.now(UTC).replace(microsecond=0)
"""Of this run: the command line judges by the host's clock."""
AGENCY, AUDITOR = "999988887777", "777788889999"
CLOSED = Lacking("outsiders", "bucket policy", "buckets: s3:ListBuckets not read: denied")


def way(account: str, **changes: Any) -> Outsider:
    made = Outsider(
        Party.ACCOUNT,
        f"arn:aws:iam::{account}:root",
        account,
        "arn:aws:s3:::b",
        "bucket policy",
        ("s3:GetObject",),
        True,
    )
    return replace(made, **changes)


def days_ago(days: int) -> Any:
    return (NOW - timedelta(days=days)).date()


def role(name: str, **changes: Any) -> Identity:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return replace(Identity(arn, "role", days_ago(700), days_ago(1), "team"), **changes)


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return live(tmp_path / "state", 0)


def seen(folder: StateFolder, found: Access, at: datetime = NOW) -> None:
    round_ = Evaluation(HERE, at, (), (), (), 10, (), access=found)
    with closing(db.connect(folder.store_db)) as conn:
        sources.scope(conn, [KEY])
        answer = Answer(KEY, Freshness.FRESH, interval_s=3600.0)
        findings.commit(conn, (), answer=answer, origin="posture", now=at, live=True, evaluation=round_)


def register(folder: StateFolder, *entries: ThirdPartyConfig) -> third_parties.Register:
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        return third_parties.register(folder, conn, Config(third_party=entries), NOW)


def standings(found: third_parties.Register) -> Mapping[str, Standing]:
    return {one.name: one.standing for one in found.members}


def reviewed(folder: StateFolder) -> access.Reviews:
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        return access.access(folder, conn, Config(), NOW)


# --- third parties ------------------------------------------------------------------------------------


def test_the_unregistered_come_first_and_what_is_not_seen_any_more_last(folder: StateFolder) -> None:
    service = way("", party=Party.SERVICE, who="logging.s3.amazonaws.com", reads=False)
    seen(folder, Access((way("111111111111"), way(AGENCY), way(AUDITOR), way("222222222222"), service)))
    found = register(
        folder,
        ThirdPartyConfig(name="Agency", who=(AGENCY,), review=days_ago(1)),
        ThirdPartyConfig(name="Auditor", who=(f"arn:aws:iam::{AUDITOR}:*",), review=days_ago(-30)),
        ThirdPartyConfig(name="Never set", who=("2222*",)),
        ThirdPartyConfig(name="Left", who=("333333333333",), review=days_ago(-30)),
    )
    assert list(standings(found).items()) == [
        ("111111111111", Standing.UNREGISTERED),
        ("Agency", Standing.OVERDUE),
        ("Never set", Standing.OVERDUE),
        ("Auditor", Standing.REGISTERED),
        ("Left", Standing.GONE),
        ("logging.s3.amazonaws.com", Standing.SERVICE),
    ]


def test_a_party_is_gone_only_when_a_round_that_could_see_it_did_not(folder: StateFolder) -> None:
    hour = timedelta(hours=1)
    seen(folder, Access((way(AGENCY), way(AGENCY, through="grant"))), NOW - 3 * hour)
    seen(folder, Access((), (), (CLOSED,)), NOW - 2 * hour)
    (agency,) = register(folder).members
    (left,) = agency.ways
    assert (left.outsider.through, left.kept.unseen_at) == ("bucket policy", NOW - 2 * hour), "the grant is gone"
    page = markdown(third_parties_page.document(register(folder)))
    assert "not confirmed since" in page
    assert "s3:ListBuckets not read: denied" in page
    seen(folder, Access(), NOW - hour)
    assert register(folder).members == ()
    (back,) = [register(folder, ThirdPartyConfig(name="Agency", who=(AGENCY,)))]
    assert standings(back) == {"Agency": Standing.GONE}


def test_nothing_found_is_no_all_clear_while_something_was_not_looked_at(folder: StateFolder) -> None:
    assert "nothing was evaluated yet" in markdown(third_parties_page.document(register(folder)))
    seen(folder, Access((), (), (CLOSED,)))
    page = markdown(third_parties_page.document(register(folder)))
    assert "is UNKNOWN" in page
    assert "nobody outside is let in" not in page
    seen(folder, Access(), NOW + timedelta(seconds=1))
    assert "nobody outside is let in" in markdown(third_parties_page.document(register(folder)))


def test_a_round_is_kept_with_who_can_come_in_and_made_again_from_its_file(folder: StateFolder) -> None:
    key = Credential("access key", "AKIA1", True, days_ago(400), None, "denied")
    found = Access((way(AGENCY, doubt="?"),), (role("r", credentials=(key,), unread=("x",)),), (CLOSED,))
    digest = evidence.put(folder, posture_codec.pack(Evaluation(HERE, NOW, (), (), (), 1, (), access=found)))
    again = posture_codec.unpack(evidence.get(folder, digest), NOW)
    assert again.access == found
    with closing(db.connect(folder.store_db)) as conn:
        posture_access.take(conn, again, 1)
        assert [one for one, _ in posture_access.outsiders(conn)] == list(found.outsiders)
        assert [one for one, _ in posture_access.identities(conn)] == list(found.identities)


def test_answers_are_on_the_ledger_and_what_is_erased_there_is_gone(folder: StateFolder) -> None:
    seen(folder, Access((way(AGENCY),)))
    line = answers.answer(folder, "oncall1", AGENCY, "told", "call Anna <b>+49 30 1</b>")
    (member,) = register(folder).members
    assert member.answers["told"].text == "call Anna <b>+49 30 1</b>"
    assert "<b>" not in html(third_parties_page.document(register(folder)))
    ledger.erase(folder, line.seq, "lead")
    assert register(folder).members[0].answers["told"].text == answers.ERASED


# --- access reviews -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "use", "said"),
    [
        (role("r"), Use.USED, ""),
        (role("r", used=days_ago(91)), Use.UNUSED, "not used for 91 days"),
        (role("r", used=None), Use.UNUSED, "not used for 400 days"),
        (role("r", used=None, created=days_ago(3)), Use.NEW, ""),
        (role("r", used=None, unread=("iam:X not read: denied",)), Use.UNKNOWN, "UNKNOWN: iam:X not read"),
        (role("r", used=days_ago(91), unread=("a key",)), Use.UNKNOWN, "UNKNOWN: a key"),
        (role("r", unread=("a key",)), Use.USED, "UNKNOWN: a key"),
        (role("r", owner=""), Use.USED, "no owner"),
        (role("r", unused=("UnusedPermission",)), Use.USED, "Access Analyzer: UnusedPermission"),
        (
            role("r", credentials=(Credential("access key", "AKIA1", True, days_ago(300), days_ago(1)),)),
            Use.USED,
            "access key AKIA1: made 300 days ago, in use",
        ),
        (
            role("r", credentials=(Credential("access key", "AKIA1", True, days_ago(300), None),)),
            Use.USED,
            "made 300 days ago, never used",
        ),
    ],
    ids=[
        "used", "unused", "not in 400 days", "new", "denied", "old and denied", "used and denied", "no owner",
        "analyzer", "old key", "unused key",
    ],
)  # fmt: skip
def test_what_is_said_of_the_use_of_an_identity(folder: StateFolder, one: Identity, use: Use, said: str) -> None:
    seen(folder, Access((), (one,)))
    (line,) = reviewed(folder).lines
    assert (line.use, line.due) == (use, True), "nobody ever reviewed it"
    assert said in "; ".join(line.said)
    assert said in markdown(access_page.document(reviewed(folder)))


def test_what_was_made_today_is_not_called_unused_and_the_trail_tells_of_its_use(folder: StateFolder) -> None:
    key = Credential("access key", "AKIAQAAAAAAAAAAAAAAA", True, days_ago(200), None)
    user = Identity(f"arn:aws:iam::{ACCOUNT}:user/ci-deploy", "user", days_ago(200), None, "team", (key,))
    seen(folder, Access((), (role("vllm", used=None, created=days_ago(0)), user)))
    before = {one.identity.arn.rpartition("/")[2]: one for one in reviewed(folder).lines}
    assert (before["vllm"].use, before["ci-deploy"].use) == (Use.UNKNOWN, Use.UNUSED)
    assert "AWS's record of its use is hours behind" in "; ".join(before["vllm"].said)
    session = Untrusted(f"arn:aws:sts::{ACCOUNT}:assumed-role/vllm/i-0abc")
    calls = (
        replace(
            event("1", "GetObject", "ASIAQAAAAAAAAAAAAAAA", "b"),
            at=NOW,
            principal=session,
            issuer=Untrusted(role("vllm").arn),
        ),
        replace(event("2", "GetObject", key.id, "b"), at=NOW, principal=Untrusted(user.arn)),
    )
    with closing(db.connect(folder.store_db)) as conn, db.transaction(conn):
        trail.take(conn, calls, origin="test", now=NOW)
    after = {one.identity.arn.rpartition("/")[2]: one for one in reviewed(folder).lines}
    assert (after["vllm"].use, after["ci-deploy"].use) == (Use.USED, Use.USED)
    assert "never used" not in "; ".join(after["ci-deploy"].said)


def test_a_review_counts_until_it_is_old(folder: StateFolder) -> None:
    seen(folder, Access((), (role("a"), role("b", used=days_ago(100)))))
    answers.review(folder, "oncall1", role("a").arn, "narrow", "too wide")
    found = reviewed(folder)
    assert [(one.identity.arn[-1], one.due) for one in found.lines] == [("b", True), ("a", False)]
    later = replace(found.lines[1], due=True)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        in_a_year = access.access(folder, conn, Config(), NOW + timedelta(days=365))
    assert later.identity in [one.identity for one in in_a_year.due]


# --- the command line ---------------------------------------------------------------------------------


def test_reports_and_what_the_team_says_from_the_shell(folder: StateFolder, tmp_path: Path) -> None:
    user = Identity(f"arn:aws:iam::{ACCOUNT}:user/old", "user", days_ago(500), days_ago(400))
    seen(folder, Access((way(AGENCY, conditions=("=1+1",)),), (user,), (CLOSED,)))
    on = ("--store", folder.root)
    assert run("third-party", "answer", AGENCY, "told", "within 4 hours", *on).code == 0
    assert run("third-party", "answer", "nobody", "told", "x", *on).code == 2
    assert run("third-party", "answer", AGENCY, "no-such", "x", *on).code == 2
    asked = run("posture", "--report", "third-parties", "--json", *on)
    (party,) = asked.row["parties"]
    assert (party["standing"], party["answers"]["told"]["answer"]) == ("not registered", "within 4 hours")
    assert len(asked.row["questions"]) == len(run("third-party", "questions", "--json").rows) > 10
    assert asked.row["not_looked_at"], "denied is said"
    file = tmp_path / "register.csv"
    run("posture", "--report", "third-parties", "--csv", "-o", file, *on)
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [(row["standing"], row["account"]) for row in rows] == [("not registered", ACCOUNT), ("UNKNOWN", ACCOUNT)]
    assert not rows[0]["conditions"].startswith("="), "no spreadsheet runs it"

    assert run("access", "reviewed", user.arn, "--decision", "remove", "--reason", "left", *on).code == 0
    assert run("access", "reviewed", "arn:aws:iam::1:user/x", *on).code == 2
    (line,) = run("posture", "--report", "access", "--json", *on).row["identities"]
    assert (line["use"], line["due"], line["reviewed"]["decision"]) == ("not used", False, "remove")
    page = run("posture", "--report", "access", "--format", "html", *on).out
    assert page.startswith("<!DOCTYPE html>")
    assert "user/old" in page
    assert run("posture", "--report", "compliance", "--csv", *on).code == 2, "it has no rows"
