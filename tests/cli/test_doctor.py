from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, cast

import pytest

from socconsole.cli import doctor_aws, doctor_local
from socconsole.cli.checks import Level
from socconsole.drill import Embedded
from socconsole.model.world import Place, World, WorldKind
from socconsole.store import db
from socconsole.store.state import StateFolder
from tests.cli.support import HUB, Ran, fill, live, run, watched
from tests.embedded import client
from tests.store.builders import observation

NO_AWS = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_PROFILE": "",
    "AWS_ACCESS_KEY_ID": "",
}


def of(ran: Ran, area: str, level: str = "") -> list[dict[str, Any]]:
    return [row for row in ran.rows if row["area"].startswith(area) and level in ("", row["level"])]


# --- this machine -------------------------------------------------------------------------------------------


def test_an_import_world_needs_no_aws(state: StateFolder) -> None:
    fill(state, observation("1"))
    ran = run("doctor", "--json", "--store", state.root)
    assert ran.code == 0
    assert [set(row) for row in ran.rows] == [{"level", "area", "what", "remedy"}] * len(ran.rows)
    assert not of(ran, "", "fail")
    assert "whole, 1 entries" in of(ran, "ledger")[0]["what"]
    assert any("store.db is whole" in row["what"] for row in of(ran, "store", "ok"))
    assert of(ran, "aws")[0]["what"] == "an import world calls no AWS"
    assert f"{len(of(ran, '', 'ok'))} ok" in ran.err


def test_it_makes_nothing(own_home: Path) -> None:
    ran = run("doctor", "--json", **NO_AWS)
    assert ran.code == 3
    assert of(ran, "store", "warn")[0]["remedy"].startswith("socconsole watch")
    (aws,) = of(ran, "aws", "fail")
    assert "no_credentials" in aws["what"]
    assert aws["remedy"].startswith("aws ")
    assert list(own_home.iterdir()) == []


def test_a_broken_ledger_is_code_1(state: StateFolder) -> None:
    fill(state, observation("1"))
    with closing(sqlite3.connect(state.ledger_db)) as conn, conn:
        conn.execute("DROP TRIGGER ledger_no_delete")
    ran = run("doctor", "--json", "--store", state.root)
    assert ran.code == 1
    assert of(ran, "ledger", "fail")[0]["remedy"]


def test_a_damaged_store_names_recover(state: StateFolder) -> None:
    fill(state, *(observation(str(n)) for n in range(300)))
    with closing(db.connect(state.store_db)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with state.store_db.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(40_000))
    ran = run("doctor", "--json", "--store", state.root)
    assert ran.code == 1
    assert of(ran, "store", "fail")[0]["remedy"] == "socconsole recover"


def test_a_folder_open_to_others(state: StateFolder) -> None:
    state.root.chmod(0o755)
    ran = run("doctor", "--json", "--store", state.root)
    assert ran.code == 2
    assert of(ran, "store", "fail")[0]["remedy"] == f"chmod go-rwx {state.root}"
    assert "whole" in of(ran, "ledger", "ok")[0]["what"]
    assert of(ran, "aws", "warn")[0]["what"].startswith("not asked")


def test_a_broken_config_is_one_line_among_others(state: StateFolder, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("share = 7\n")
    path.chmod(0o600)
    ran = run("doctor", "--json", "--store", state.root, "--config", path)
    assert ran.code == 2
    assert f"{path}:1" in of(ran, "config", "fail")[0]["what"]
    assert of(ran, "ledger", "ok")


def test_the_watch(tmp_path: Path) -> None:
    folder = live(tmp_path / "s", HUB)
    assert of(run("doctor", "--json", "--store", folder.root, **NO_AWS), "watch")[0]["level"] == "warn"
    watched(folder)
    assert of(run("doctor", "--json", "--store", folder.root, **NO_AWS), "watch")[0]["level"] == "ok"
    with folder.lock("watch"):
        (said,) = of(run("doctor", "--json", "--store", folder.root, **NO_AWS), "watch")
    assert str(os.getpid()) in said["what"]


@pytest.mark.parametrize(
    ("environ", "level", "said"),
    [
        ({"TERM": "xterm-256color", "LANG": "C.UTF-8"}, Level.OK, "256 colours"),
        ({"TERM": "xterm-ghostty", "COLORTERM": "truecolor", "LANG": "de_DE.utf8"}, Level.OK, "16 million"),
        ({"TERM": "xterm", "NO_COLOR": "1", "LANG": "C.UTF-8"}, Level.OK, "no colour"),
        ({"TERM": "dumb", "LANG": "C.UTF-8"}, Level.WARN, "TERM is dumb"),
        ({"LANG": "C.UTF-8"}, Level.WARN, "TERM is not set"),
        ({"TERM": "xterm", "LANG": "C"}, Level.WARN, "not UTF-8"),
        ({"TERM": "xterm", "LANG": "C.UTF-8", "LC_ALL": "POSIX"}, Level.WARN, "not UTF-8"),
    ],
)
def test_the_terminal(environ: dict[str, str], level: Level, said: str) -> None:
    found = list(doctor_local.terminal(environ, "osc52"))
    assert any(check.level is level and said in check.what for check in found)
    assert all(check.remedy for check in found if check.level is not Level.OK)


@pytest.mark.parametrize(
    ("value", "clipboard", "level"),
    [("on", "osc52", "ok"), ("external", "osc52", "warn"), ("external", "tmux", "ok"), ("off", "tmux", "warn")],
)
def test_tmux_and_the_clipboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, clipboard: str, level: str
) -> None:
    program = tmp_path / "tmux"
    program.write_text(f"#!/bin/sh\n[ \"$*\" = 'show-options -sv set-clipboard' ] && echo {value}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    *_, last = doctor_local.terminal({"TERM": "tmux-256color", "LANG": "C.UTF-8", "TMUX": "x"}, clipboard)
    assert last.level == level
    assert value in last.what


# --- AWS ----------------------------------------------------------------------------------------------------


def test_all_is_well_in_a_drill(drill: StateFolder, aws: Embedded) -> None:
    ran = run("doctor", "--json", "--store", drill.root)
    assert ran.code == 0, of(ran, "", "fail")
    account, region = aws.accounts[0], aws.regions[0]
    said = [row["what"] for row in of(ran, f"aws {account}", "ok")]
    assert any("socconsole-reader" in what for what in said)
    for role in ("reader", "watch", "triage", "responder"):
        assert f"{role} permissions: likely all granted" in said
    assert "this machine's clock agrees with AWS" in said
    assert any(what.startswith("containments: all ") for what in said)
    here = [row["what"] for row in of(ran, f"aws {account} {region}", "ok")]
    assert "Security Hub is on" in here
    assert "GuardDuty is on" in here
    assert "cloudtrail:LookupEvents answers" in here
    assert "org-trail records here" in here
    (gap,) = (row for row in of(ran, f"aws {account} {region}", "warn") if "reads of S3 objects" in row["what"])
    assert f"contain s3-data-events BUCKET --account {account} --region {region}" in gap["remedy"]
    assert "findings are aggregated in eu-central-1 (here)" in here
    assert aws.journal.calls(mutating=True, where=lambda call: call.service != "sts") == []


def test_a_missing_permission_is_named_with_the_command_that_grants_it(drill: StateFolder, aws: Embedded) -> None:
    iam = client(aws, "iam")
    role = "socconsole-reader"
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        document["Statement"].append({"Effect": "Deny", "Action": "guardduty:ListFindings", "Resource": "*"})
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    ran = run("doctor", "--json", "--store", drill.root)
    assert ran.code == 3
    whats = [row["what"] for row in of(ran, "aws", "fail")]
    assert any(what.startswith("guardduty:ListFindings: denied") for what in whats)
    (foretold,) = [row for row in of(ran, "aws", "fail") if "reader permissions" in row["what"]]
    assert "likely denied: guardduty:ListFindings" in foretold["what"]
    assert foretold["remedy"].startswith(f"aws iam put-role-policy --role-name {role} ")
    assert '"Action":["guardduty:ListFindings"]' in foretold["remedy"]


def test_which_containments_the_responder_could_carry_out(drill: StateFolder, aws: Embedded) -> None:
    deny = {"Effect": "Deny", "Action": "s3:PutBucketPolicy", "Resource": "*"}
    client(aws, "iam").put_role_policy(
        RoleName="socconsole-responder",
        PolicyName="lost",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    warned = [row["what"] for row in of(run("doctor", "--json", "--store", drill.root), "aws", "warn")]
    (said,) = [what for what in warned if what.startswith("containments likely denied")]
    assert {"s3-deny-outsiders", "stop-bucket-leak"} <= set(said.partition(": ")[2].split(", "))
    assert "s3-block-public" not in said


def test_services_that_are_off(drill: StateFolder, aws: Embedded) -> None:
    client(aws, "securityhub").disable_security_hub()
    duty = client(aws, "guardduty")
    for detector in duty.list_detectors()["DetectorIds"]:
        duty.delete_detector(DetectorId=detector)
    ran = run("doctor", "--json", "--store", drill.root)
    assert ran.code == 3
    failed = {row["what"].split(":")[0]: row["remedy"] for row in of(ran, "aws", "fail")}
    assert failed["GuardDuty is off"].startswith("aws guardduty create-detector --enable")
    assert any("enable-security-hub" in remedy for remedy in failed.values())


def test_a_trail_that_was_stopped_is_named(drill: StateFolder, aws: Embedded) -> None:
    client(aws, "cloudtrail").stop_logging(Name="org-trail")
    warned = of(run("doctor", "--json", "--store", drill.root), "aws", "warn")
    assert any(row["what"].startswith("no trail records here") for row in warned)
    mends = {row["remedy"] for row in warned if "org-trail" in row["what"]}
    arn = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/org-trail"
    assert mends == {f"aws cloudtrail start-logging --name {arn} --region eu-central-1"}, "as it can be run"
    assert not any("…" in (row["remedy"] or "") for row in warned)


def test_a_dead_aws(drill: StateFolder, aws: Embedded) -> None:
    aws.down()
    ran = run("doctor", "--store", drill.root)
    assert ran.code == 3
    assert "unreachable" in ran.out
    assert "mend it with: start the drill again" in ran.out
    aws.up()


def test_an_account_that_is_not_configured(drill: StateFolder) -> None:
    assert run("doctor", "--store", drill.root, "--account", "999999999999").code == 2


def test_a_live_folder_without_credentials(tmp_path: Path) -> None:
    folder = StateFolder.create(tmp_path / "s", World(WorldKind.LIVE, accounts=("111122223333",)))
    ran = run("doctor", "--json", "--store", folder.root, **NO_AWS)
    assert ran.code == 3
    assert "no_credentials" in of(ran, "aws", "fail")[0]["what"]


# --- what a drill cannot play -------------------------------------------------------------------------------


class Told:
    """A door that answers one listing."""

    def __init__(self, *rules: dict[str, Any]) -> None:
        self._rules = list(rules)

    async def pages(self, place: Place, operation: str, params: Any, **_: Any) -> AsyncIterator[dict[str, Any]]:
        assert operation == "securityhub:ListAutomationRules"
        yield {"AutomationRulesMetadata": self._rules[:1]}
        yield {"AutomationRulesMetadata": self._rules[1:]}


async def test_automation_rules_are_named_as_text() -> None:
    place = Place("111122223333", "eu-central-1")
    rules = (
        {"RuleName": "close\x1b[2J", "RuleStatus": "ENABLED"},
        {"RuleName": "asleep", "RuleStatus": "DISABLED"},
        {"RuleName": "second", "RuleStatus": "ENABLED"},
    )
    said = await doctor_aws._rules(cast(Any, Told(*rules)), place, "aws", [])
    assert said is not None
    assert said.level is Level.WARN
    assert "2 automation rule(s)" in said.what
    assert "second" in said.what
    assert "asleep" not in said.what
    assert "\x1b" not in said.what
    none = await doctor_aws._rules(cast(Any, Told()), place, "aws", [])
    assert none is not None
    assert none.level is Level.OK


@pytest.mark.parametrize(
    ("off", "level", "code"),
    [(0, Level.OK, 0), (-20, Level.OK, 0), (45, Level.WARN, 0), (-3600, Level.FAIL, 3)],
)
def test_the_clock_is_held_against_the_answer(off: float, level: Level, code: int) -> None:
    now = datetime(2026, 3, 1, 3, 14, 7, tzinfo=UTC)
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(now + timedelta(seconds=off), usegmt=True)}}}
    check = doctor_aws._clock("aws", answer, now, now)
    assert (check.level, check.code) == (level, code)


@pytest.mark.parametrize("date", ["", "yesterday", "\x1b[31m"])
def test_an_answer_without_a_date_judges_nothing(date: str) -> None:
    now = datetime.now(UTC)
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    assert doctor_aws._clock("aws", answer, now, now).level is Level.WARN
