"""``case`` and ``clock``: the work of a case from a shell, on imported findings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest

from tests.cli.support import run
from tests.cli.test_incidents import HOSTILE, imported

CONFIG = """
[[dataset]]
name = "corpus"
stores = ["corpus"]
categories = ["pii"]
entity = "Kaufhaus SE"
people = [100, 250]

[[entity]]
name = "Kaufhaus SE"
country = "DE"
zone = "Europe/Berlin"

[cases]
decide = ["lead"]
"""


@pytest.fixture
def desk(tmp_path: Path) -> tuple[str, ...]:
    """The options of an analyst who may not decide."""
    config = tmp_path / "config.toml"
    config.write_text('analyst = "ana"\n' + CONFIG)
    return ("--store", str(imported(tmp_path)), "--config", str(config))


def lead(desk: tuple[str, ...]) -> tuple[str, ...]:
    config = Path(desk[3]).with_name("lead.toml")
    config.write_text('analyst = "lead"\n' + CONFIG)
    return (*desk[:3], str(config))


def test_a_case_of_an_incident_from_opening_to_closing(desk: tuple[str, ...]) -> None:
    incident = run("incidents", "--json", *desk[:2]).row
    row = run("case", "open", "--incident", incident["id"], "--json", *desk).row
    assert {"case", "title", "severity", "findings", "clocks"} <= set(row)
    assert (row["title"], row["severity"], set(row["findings"])) == (HOSTILE, "CRITICAL", set(incident["findings"]))
    case = row["case"]
    (notify,) = [one for one in row["clocks"] if one["regime"] == "gdpr-33"]
    assert (notify["about"], notify["entity"]) == (True, "Kaufhaus SE")

    said = run("clock", "start", case, "--at", "2026-03-01T04:00:00Z", "--reason", "the DPO was told", *desk)
    assert "suspicion" in said.out
    assert run("clock", "start", case, "--at", "2026-03-01T04:00:00Z", "--reason", "sure", *lead(desk)).code == 0
    shown = run("clock", "show", case, "--json", *desk)
    assert shown.code == 1, "the shop was told in March: its clock is long overdue"
    (notify,) = [one for one in shown.rows if one["regime"] == "gdpr-33"]
    assert (notify["about"], notify["due"], notify["state"]) == (False, "2026-03-04T04:00:00Z", "overdue")

    plain = run("case", "show", case, *desk).out
    assert "\x1b" not in plain
    assert "100 to 250 people" in plain
    assert "UNKNOWN: no trail is read" in plain
    refused = run("case", "close", case, "--reason", "over", *desk)
    assert (refused.code, "clocks open" in refused.err) == (4, True)
    assert run("case", "close", case, "--reason", "a drill", "--anyway", *desk).code == 0
    assert run("case", "list", "--json", *desk).rows == []
    after = run("clock", "show", "--json", *desk)
    assert after.code == 1, "no law asks whether we closed the case"
    assert {(one["case"], one["case_closed"], one["role"]) for one in after.rows} == {(case, True, "controller")}
    assert "(case closed)" in run("clock", "show", *desk).out
    assert [one["status"] for one in run("case", "list", "--closed", "--json", *desk).rows] == ["closed"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("case", "open"), 2, "needs a title"),
        (("case", "open", "--finding", "f-000000000000"), 2, "there is no finding"),
        (("case", "show", "c-00000000"), 2, "there is no case"),
        (("case", "note", "c-00000000", "--text", "x"), 2, "there is no case"),
        (("clock", "start", "c-00000000", "--reason", "x"), 2, "there is no case"),
        (("case", "open", "--title", "t", "--severity", "bad"), 2, "a severity is one of"),
    ],
    ids=["nothing", "finding", "show", "note", "clock", "severity"],
)
def test_what_makes_no_sense_is_said(desk: tuple[str, ...], words: tuple[str, ...], code: int, said: str) -> None:
    ran = run(*words, *desk)
    assert (ran.code, said in ran.err) == (code, True), ran.err


def test_two_windows_do_not_overwrite_each_other(desk: tuple[str, ...]) -> None:
    row = run("case", "open", "--title", "a call", "--json", *desk).row
    seen = ("--seen", str(row["seq"]))
    assert run("case", "set", row["case"], "severity", "critical", *seen, *desk).code == 0
    second = run("case", "set", row["case"], "severity", "low", *seen, *desk)
    assert (second.code, "ana set the severity" in second.err) == (4, True)
    history = run("case", "show", row["case"], "--json", *desk).row["history"]
    assert [one["words"] for one in history][-1] == "severity: HIGH → CRITICAL"


def test_of_two_processes_at_once_one_wins_and_the_other_is_told_who(desk: tuple[str, ...]) -> None:
    row = run("case", "open", "--title", "a call", "--json", *desk).row
    said = ("case", "set", row["case"], "hypothesis", "--seen", str(row["seq"]))
    command = [sys.executable, "-m", "socconsole", *said[:4]]
    racing = [
        subprocess.Popen([*command, value, *said[4:], *desk], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for value in ("a stolen session", "an insider")
    ]
    told = [(each.communicate(timeout=60)[1], each.returncode) for each in racing]
    assert sorted(code for _, code in told) == [0, 4], told
    assert any("ana set the hypothesis at" in err for err, code in told if code == 4)


def test_the_regimes_are_listed_with_their_law() -> None:
    rows = {one["id"]: one for one in run("clock", "regimes", "--json").rows}
    assert rows["gdpr-33"]["deadlines"][0]["after"] == "72h"
    assert json.dumps(rows["nis2-23"]).count("month") >= 1


def test_the_evidence_pack_is_written_once_and_put_on_record(desk: tuple[str, ...], tmp_path: Path) -> None:
    case = run("case", "open", "--title", "a call", "--json", *desk).row["case"]
    file = tmp_path / "case.zip"
    row = run("evidence", case, "-o", file, "--json", *desk).row
    assert (row["bytes"], row["missing"]) == (file.stat().st_size, [])
    assert file.stat().st_mode & 0o77 == 0
    assert run("evidence", case, "-o", file, *desk).code == 2, "never over a file that is there"
    history = run("case", "show", case, "--json", *desk).row["history"]
    assert history[-1]["words"].startswith("evidence pack made")
    assert run("evidence", case, "-o", tmp_path / "x.zip", "--recipient", "age1nonsense", *desk).code == 2


def test_a_sealed_pack_opens_with_its_recipients_identity(desk: tuple[str, ...], tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    case = run("case", "open", "--title", "a call", "--json", *desk).row["case"]
    file = tmp_path / "case.zip.age"
    assert run("evidence", case, "-o", file, "--recipient", str(identity.to_public()), *desk).code == 0
    assert pyrage.decrypt(file.read_bytes(), [identity]).startswith(b"PK")


def test_a_broken_playbook_file_is_named_and_hides_nothing(desk: tuple[str, ...], tmp_path: Path) -> None:
    team = tmp_path / "team"
    team.mkdir()
    (team / "latin.toml").write_bytes(b'title = "Schl\xfcssel"')
    (team / "hostile.toml").write_text(
        'title = "\\u001b]0;owned\\u0007"\nwhen = "x"\n[[step]]\nid = "a"\ntitle = "A"\nwhy = "\\u001b[2J"\ndo = "d"\n'
    )
    config = Path(desk[3])
    config.write_text(config.read_text() + f'playbooks = "{team}"\n')
    case = run("case", "open", "--title", "a call", "--json", *desk).row["case"]
    assert run("case", "playbook", case, "hostile", *desk).code == 0
    listed = run("case", "playbook", case, *desk)
    assert "latin.toml" in listed.err
    assert "public-bucket" in listed.err
    assert "\x1b" not in listed.out + listed.err
    shown = run("case", "show", case, *desk)
    assert (shown.code, "latin.toml" in shown.err, "1 step not done" in shown.out) == (0, True, True)
    assert run("case", "close", case, "--reason", "over", *desk).code == 4


def test_a_playbook_is_taken_and_its_steps_are_ticked(desk: tuple[str, ...]) -> None:
    incident = run("incidents", "--json", *desk[:2]).row["id"]
    case = run("case", "open", "--incident", incident, "--json", *desk).row["case"]
    listed = run("case", "playbook", case, *desk)
    assert "fits  public-bucket" in listed.err
    assert run("case", "playbook", case, "public-bucket", *desk).code == 0
    assert run("case", "step", case, "public-bucket/who", "--note", "ci-deploy", *desk).code == 0
    rows = {one["step"]: one["state"] for one in run("case", "playbook", case, "--json", *desk).rows}
    assert (rows["who"], rows["close"]) == ("done", "open")
    assert run("case", "step", case, "public-bucket/nothing", "--note", "x", *desk).code == 2


def test_a_draft_says_what_is_known_and_marks_every_gap(desk: tuple[str, ...], tmp_path: Path) -> None:
    incident = run("incidents", "--json", *desk[:2]).row["id"]
    case = run("case", "open", "--incident", incident, "--json", *desk).row["case"]
    clock = "gdpr-33/notify@Kaufhaus SE"
    row = run("clock", "draft", case, clock, "--format", "json", *desk).row
    fields = {one["name"]: one for one in row["fields"]}
    assert fields["categories and approximate number of people"]["answer"] == "100 to 250 people"
    assert fields["likely consequences"]["gap"]
    assert fields["data protection officer or other contact"]["gap"] == "no contact is configured"
    assert fields["reasons for the delay, if later than 72 hours"]["gap"] == "the reasons for the delay", "since March"
    assert row["gaps"] == sum(bool(one["gap"]) for one in row["fields"])
    file = tmp_path / "draft.html"
    assert run("clock", "draft", case, clock, "--format", "html", "-o", file, *desk).code == 0
    assert "TO BE WRITTEN" in file.read_text()
    assert "\x1b" not in file.read_text()
    for one in run("clock", "show", case, "--json", *desk).rows:
        assert run("clock", "draft", case, one["id"], "--format", "json", *desk).code == 0, one["id"]
    assert run("clock", "draft", case, "gdpr-33/notify@nobody", *desk).code == 2
