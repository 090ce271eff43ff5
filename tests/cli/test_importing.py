from __future__ import annotations

import gzip
import hashlib
import json
import os
from contextlib import closing
from pathlib import Path

import pytest

from socconsole.model.world import WorldKind
from socconsole.store import db, evidence, ledger, quarantine
from socconsole.store.recover import recover
from socconsole.store.state import StateFolder
from tests.cli.support import FINDING, HUB, live, run
from tests.formats import records
from tests.formats.shared import DATA, needs_data

BUCKET = {"Name": "llm-corpus", "Arn": "arn:aws:s3:::llm-corpus", "Type": "Destination"}
FOLDERS = ("asff", "guardduty", "ocsf", "eventbridge")


def finding(name: str, **changes: object) -> dict[str, object]:
    arn = str(FINDING["Arn"]).removesuffix("1") + name
    return {**FINDING, "Id": name, "Arn": arn, **changes}


def lines(*objects: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return tmp_path / "shelf"


# --- real records -------------------------------------------------------------------------------------------


@needs_data
def test_every_real_record_is_accounted_for_and_twice_changes_nothing(shelf: Path) -> None:
    files = [path for folder in FOLDERS for path in sorted((DATA / folder).glob("*.jsonl"))]
    first = run("import", "--json", "--store", shelf, *files)
    assert first.code == 1  # something is in quarantine; each file says what
    records = {str(path): len([line for line in path.read_bytes().split(b"\n") if line.strip()]) for path in files}
    for row in first.rows:
        assert row["read"] == row["new"] + row["updated"] + row["unchanged"] + row["quarantined_count"]
        assert row["read"] + row["deferred"] >= records[row["file"]]  # an envelope may hold several
        assert len(row["quarantined"]) == row["quarantined_count"]
        assert all(bad["line"] >= 1 and bad["reason"] for bad in row["quarantined"])
    assert sum(row["new"] for row in first.rows) > 250
    assert len(first.rows) == len(files)

    before = run("findings", "--all", "--json", "sample:yes,no", "--store", shelf).out
    head = run("ledger", "verify", "--json", "--store", shelf).row["head"]
    for row in run("import", "--json", "--store", shelf, *files).rows:
        assert (row["new"], row["updated"]) == (0, 0)
        assert row["unchanged"] == row["read"] - row["quarantined_count"]
    assert run("findings", "--all", "--json", "sample:yes,no", "--store", shelf).out == before
    assert run("ledger", "verify", "--json", "--store", shelf).row["head"] == head


@needs_data
def test_what_was_imported_survives_the_loss_of_the_store(shelf: Path) -> None:
    run("import", "--store", shelf, *sorted((DATA / "guardduty").glob("*.jsonl")))
    before = run("findings", "--all", "--json", "--store", shelf).rows
    assert before
    (shelf / "store.db").unlink()
    assert recover(shelf).rebuilt
    seen = {"seen": "any"}
    after = run("findings", "--all", "--json", "--store", shelf).rows
    assert [{**row, **seen} for row in after] == [{**row, **seen} for row in before]


# --- counts and codes ---------------------------------------------------------------------------------------


def test_a_good_file(shelf: Path, tmp_path: Path) -> None:
    path = tmp_path / "good.jsonl"
    path.write_text(lines(finding("1"), finding("2"), finding("1")))
    ran = run("import", path, "--json", "--store", shelf)
    assert ran.code == 0
    assert ran.row == {
        "file": str(path), "read": 3, "new": 2, "updated": 0, "unchanged": 1, "quarantined": [],
        "quarantined_count": 0, "deferred": 0,
    }  # fmt: skip
    path.write_text(lines(finding("1", UpdatedAt="2026-03-01T04:00:00Z", Severity=2)))
    assert run("import", path, "--json", "--store", shelf).row["updated"] == 1


def test_a_bad_line_is_kept_and_named(shelf: Path, tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_text(lines(finding("1")) + '{"broken": \n' + lines({"what": "is this"}))
    ran = run("import", path, "--json", "--store", shelf)
    assert ran.code == 1
    assert [bad["line"] for bad in ran.row["quarantined"]] == [2, 3]
    assert (ran.row["read"], ran.row["new"], ran.row["quarantined_count"]) == (3, 1, 2)
    with closing(db.connect(shelf / "store.db", readonly=True)) as conn:
        assert b'{"broken":' in {kept.raw.strip() for kept in quarantine.kept(conn)}
    plain = run("import", path, "--store", shelf)
    assert "2 quarantined" in plain.out
    assert "  2: not JSON" in plain.err


def test_alarms_are_deferred_beside_the_count(shelf: Path, tmp_path: Path) -> None:
    path = tmp_path / "alarm.json"
    path.write_text(
        json.dumps({"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": {}})
    )
    ran = run("import", path, "--json", "--store", shelf)
    assert (ran.code, ran.row["read"], ran.row["deferred"]) == (0, 0, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"[]", "holds no records"),
        (gzip.compress(b"{}", mtime=0), "compressed"),
        (b"nonsense", "quarantined"),
    ],
    ids=["empty", "blank", "no records", "compressed", "nonsense"],
)
def test_nothing_to_be_read_is_code_2(shelf: Path, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "odd"
    path.write_bytes(content)
    ran = run("import", path, "--store", shelf)
    assert ran.code == 2
    assert said in ran.err + ran.out


def test_the_highest_code_of_several_files_wins(shelf: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps(finding("1")))
    ran = run("import", good, tmp_path / "missing", tmp_path, "--json", "--store", shelf)
    assert ran.code == 2
    assert [row["read"] for row in ran.rows] == [1, 0, 0]
    assert "No such file" in ran.err
    assert "Is a directory" in ran.err


def test_standard_input(shelf: Path) -> None:
    ran = run("import", "-", "--json", "--store", shelf, stdin=lines(finding("1")).encode() + b"\xff\n")
    assert (ran.code, ran.row["file"], ran.row["new"]) == (1, "-", 1)
    assert run("import", "-", "-", "--store", shelf).code == 2


def test_more_records_than_a_batch(shelf: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.json"
    path.write_text(json.dumps([finding(str(n)) for n in range(1_000)]))
    assert run("import", path, "--json", "--store", shelf).row["new"] == 1_000


# --- where it goes ------------------------------------------------------------------------------------------


def test_without_a_live_store_it_makes_one_that_calls_no_aws(own_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "good.json"
    path.write_text(json.dumps(finding("1")))
    ran = run("import", path)
    assert ran.code == 0
    assert f"findings --store {own_home / 'import'}" in ran.err
    assert StateFolder.open(own_home / "import").world.kind is WorldKind.IMPORT
    assert run("findings").code == 2  # the live state is another matter


def test_with_a_live_store_it_goes_there(own_home: Path, tmp_path: Path) -> None:
    folder = live(own_home / "live", HUB)
    path = tmp_path / "good.json"
    path.write_text(json.dumps(finding("1")))
    run("import", path)
    ran = run("findings", "--json")
    assert ran.code == 3
    assert ran.row["title"] == "Objects read in bulk"
    assert not (own_home / "import").exists()
    assert folder.evidence.is_dir()


def test_what_the_team_declares_counts_for_imports_and_after_recovering(shelf: Path, tmp_path: Path) -> None:
    path = tmp_path / "good.json"
    path.write_text(json.dumps(finding("1", Resource={"ResourceType": "S3Bucket", "S3BucketDetails": [BUCKET]})))
    plain = tmp_path / "plain"
    run("import", path, "--store", plain)
    config = tmp_path / "config.toml"
    config.write_text('[[dataset]]\nname = "corpus"\nstores = ["llm-corpus*"]\ncategories = ["pii"]\n')
    run("import", path, "--store", shelf, "--config", config)
    scored = run("findings", "--json", "--store", shelf).row
    assert scored["score"] > run("findings", "--json", "--store", plain).row["score"]
    assert run("recover", "--force", "--store", shelf, "--config", config).code == 0
    assert run("findings", "--json", "--store", shelf).row["score"] == scored["score"]


def test_the_bytes_are_evidence_and_the_ledger_names_them(shelf: Path, tmp_path: Path) -> None:
    path = tmp_path / "good.json"
    path.write_bytes(b" " + json.dumps(finding("1")).encode())
    run("import", path, "--store", shelf)
    folder = StateFolder.open(shelf)
    (line,) = ledger.lines(folder, verbs=("import",))
    assert evidence.get(folder, line.entry.data["evidence"]) == path.read_bytes()
    assert line.entry.private["file"] == str(path)


def test_secrets_of_a_trail_are_in_nothing_that_is_kept_and_its_events_are_found_again(
    shelf: Path, tmp_path: Path
) -> None:
    path = tmp_path / "trail.json"
    events = [records.trail(eventID=name, requestParameters={"dbPassword": "S3cr3t"}) for name in ("a", "b")]
    path.write_text(json.dumps({"Records": events}, indent=1))
    assert run("import", path, "--json", "--store", shelf).row["new"] == 2
    assert run("import", path, "--json", "--store", shelf).row["unchanged"] == 2
    folder = StateFolder.open(shelf)
    (line,) = ledger.lines(folder, verbs=("import",))
    assert line.entry.data["original"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert b"(secret left out)" in evidence.get(folder, line.entry.data["evidence"])
    assert not [kept for kept in shelf.rglob("*") if kept.is_file() and b"S3cr3t" in kept.read_bytes()]

    def events_kept() -> list[tuple[str, str]]:
        with closing(db.connect(shelf / "store.db", readonly=True)) as conn:
            return conn.execute("SELECT id, event FROM trail ORDER BY n").fetchall()

    before = events_kept()
    assert [ident for ident, _ in before] == ["a", "b"]
    (shelf / "store.db").unlink()
    assert recover(shelf).imports == 1
    assert events_kept() == before


def test_hostile_names_and_content_stay_text(shelf: Path, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\x1b]0;owned\x07\xff.json"
    Path(os.fsdecode(name)).write_text('{"\\u001b[2J": 1}\n' + "\x1b[31m not json\n")
    for form in ([], ["--json"]):
        ran = run("import", os.fsdecode(name), *form, "--store", shelf)
        assert ran.code == 2
        assert not [char for char in ran.out + ran.err if ord(char) < 32 and char != "\n"]
    assert run("ledger", "show", "--json", "--store", shelf).rows[-1]["verb"] == "import"


def test_a_folder_that_is_none_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("mine")
    good = tmp_path / "good.json"
    good.write_text(json.dumps(finding("1")))
    assert run("import", good, "--store", tmp_path / "precious").code == 2
    assert [path.name for path in (tmp_path / "precious").iterdir()] == ["file"]


FLOW = (
    "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK"
)
FIELDS = "version vpc-id interface-id srcaddr dstaddr srcport dstport protocol bytes start end action log-status"


@pytest.mark.parametrize(
    "text", [FLOW, f"{FIELDS}\n2 vpc-1 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 2 ACCEPT OK"], ids=["v2", "named"]
)
def test_a_flow_log_is_said_to_be_one_and_nothing_of_it_is_kept(tmp_path: Path, text: str) -> None:
    file, folder = tmp_path / "flow.log", live(tmp_path / "s")
    file.write_text(f"{text}\n")
    ran = run("import", file, "--store", folder.root)
    assert (ran.code, ran.out) == (2, "")
    assert "a VPC flow log" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not list((folder.root / "evidence").rglob("*.*"))
    assert [line["verb"] for line in run("ledger", "show", "--json", "--store", folder.root).rows] == ["world"]
