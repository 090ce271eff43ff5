"""Hostile text through the whole product: on every screen and from every verb it is text, judged by the bytes sent."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import Open
from tests.journeys.keys import COMMAND, act, command, escape, press, press_until, write
from tests.terminal.harness import Terminal, painted, violations
from tests.terminal.payloads import PAYLOADS

EVIL = "[@click=app.quit]x[/] \x1b]52;c;aGk=\x07\u202egnp.exe"
SHOWN = "[@click=app.quit]x[/] ␛]52;c;aGk=␇‹202E›gnp.exe"
"""What a person sees of it, where the text is kept exactly."""
START = "[@click=app.quit]x[/]"

COPIED = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
PRINTED = re.compile(rb"\n")  # a verb prints lines; a screen never does


def hub_record(number: int, evil: str, severity: str) -> dict[str, Any]:
    """A Security Hub finding that says ``evil`` wherever an attacker or another product may write."""
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    remote = {"IpAddressV4": evil, "Country": {"CountryName": evil}, "Organization": {"Asn": evil, "AsnOrg": evil}}
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:guardduty:eu-central-1:111122223333:detector/d1/finding/{number}",
        "ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/guardduty",
        "ProductName": evil,
        "GeneratorId": evil,
        "AwsAccountId": evil,
        "Region": evil,
        "Types": [f"TTPs/{evil}", evil],
        "CreatedAt": at,
        "UpdatedAt": at,
        "LastObservedAt": at,
        "Severity": {"Label": severity},
        "Title": evil,
        "Description": f"{evil}\n{evil}",
        "Resources": [
            {"Type": evil, "Id": evil, "Region": evil, "Tags": {evil: evil}, "Details": {"Other": {evil: evil}}},
            {
                "Type": "AwsIamAccessKey",
                "Id": evil,
                "Details": {"AwsIamAccessKey": {"UserName": evil, "PrincipalType": evil}},
            },
        ],
        "Action": {"AwsApiCallAction": {"RemoteIpDetails": remote, "DomainDetails": {"Domain": evil}}},
        "ProductFields": {"aws/guardduty/service/action/dnsRequestAction/domain": evil, evil: evil},
        "Note": {"Text": evil, "UpdatedBy": evil, "UpdatedAt": at},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    }


def native_record(evil: str) -> dict[str, Any]:
    """The same as GuardDuty itself says it: names and tags of buckets and instances among it."""
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {
        "SchemaVersion": "2.0",
        "AccountId": evil,
        "Arn": f"arn:aws:guardduty:eu-central-1:111122223333:detector/d2/finding/{evil}",
        "Id": evil,
        "Region": evil,
        "Type": evil,
        "Severity": 8.9,
        "Title": evil,
        "Description": evil,
        "CreatedAt": at,
        "UpdatedAt": at,
        "Resource": {
            "ResourceType": evil,
            "AccessKeyDetails": {"AccessKeyId": evil, "UserName": evil, "UserType": evil, "PrincipalId": evil},
            "S3BucketDetails": [{"Arn": evil, "Name": evil, "Type": evil, "Tags": [{"Key": evil, "Value": evil}]}],
            "InstanceDetails": {"InstanceId": evil, "Tags": [{"Key": evil, "Value": evil}]},
        },
        "Service": {
            "DetectorId": "d2",
            "EventLastSeen": at,
            "Action": {"NetworkConnectionAction": {"RemoteIpDetails": {"IpAddressV4": evil}}},
            "RuntimeDetails": {"Process": {"ExecutablePath": evil, "User": evil}},
        },
    }


@dataclass(frozen=True)
class Shelf:
    """An import store full of hostile findings, and files of them under hostile names."""

    store: Path
    home: Path
    file: Path
    finding: str

    def run(self, *words: str) -> str:
        """A verb of the kind that scripts read; its stdout."""
        argv = [sys.executable, "-m", "socconsole", *words, "--store", str(self.store)]
        done = subprocess.run(argv, capture_output=True, text=True, env=self.environ, timeout=180, check=False)
        assert done.returncode == 0, (done.returncode, done.stderr)
        return done.stdout

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "SOCCONSOLE_HOME": str(self.home)}

    @property
    def entries(self) -> int:
        return len(self.run("ledger", "show", "--json").splitlines())


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    root = tmp_path_factory.mktemp("hostile")
    file = root / f"{EVIL.replace('/', '|')}.json"
    records = [hub_record(0, EVIL, "CRITICAL"), native_record(EVIL)]
    records += [hub_record(number, evil, "LOW") for number, evil in enumerate(PAYLOADS.values(), start=1)]
    lines = [json.dumps(record) for record in records]
    lines += ["not json " + EVIL.replace("\x07", ""), json.dumps({"Title": EVIL, EVIL: EVIL})]
    file.write_text("\n".join(lines), "utf-8")
    shelf = Shelf(root / "store", root / "home", file, "")
    argv = [sys.executable, "-m", "socconsole", "import", str(file), "--json", "--store", str(shelf.store)]
    done = subprocess.run(argv, capture_output=True, env=shelf.environ, timeout=180, check=False)
    told = json.loads(done.stdout)
    assert told["new"] + told["quarantined_count"] == len(lines), told
    assert told["quarantined_count"] < 6, told["quarantined"]
    rows = [json.loads(line) for line in shelf.run("findings", "sev:critical", "--json").splitlines()]
    (hub,) = [row for row in rows if row["sources"] == ["securityhub"]]
    assert hub["title"] == EVIL  # JSON is exact, by escapes
    return Shelf(shelf.store, shelf.home, file, hub["id"])


def unclean(raw: bytes, *also: re.Pattern[bytes]) -> list[str]:
    """What a terminal was sent beside text; a copy that we sent on a key is opened and judged as text as well."""
    found = violations(raw, also=(COPIED, *also))
    for match in COPIED.finditer(raw):
        copied = base64.b64decode(match[1])
        if copied == b"hi":
            found.append(f"{match.start()}: the finding's own clipboard sequence")
        found += violations(copied, also=(PRINTED,))
    return found


def where(terminal: Terminal, text: str) -> list[tuple[int, int]]:
    """Each place of ``text`` on the screen: column and row, from 1."""
    return [
        (match.start() + 1, y)
        for y, line in enumerate(terminal.display, 1)
        for match in re.finditer(re.escape(text), line)
    ]


def click(terminal: Terminal, column: int, row: int) -> None:
    """A press and a release of the left button, as terminals report them (SGR)."""
    terminal.send(f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")
    terminal.quiet(0.15)


# --- screens ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("columns", "rows"), [(160, 50), (80, 24)])
def test_on_every_screen_it_is_text(shelf: Shelf, console: Open, tmp_path: Path, columns: int, rows: int) -> None:
    terminal = console(shelf.store, columns=columns, rows=rows, home=shelf.home)
    terminal.wait_for(START)
    terminal.quiet()

    # every finding of the shelf under the cursor once, its detail beside it
    command(terminal, "view all")
    if columns > 100:
        terminal.type(["\x1b[B"] * (len(PAYLOADS) + 2))
    command(terminal, "view threats")
    terminal.wait_for("threats")

    command(terminal, "filter sev:critical src:hub")
    terminal.wait_for("1 of ")
    terminal.wait_for(START)
    press_until(terminal, "y", "sent")
    act(terminal, "a", f"acknowledge {START}")
    escape(terminal)

    # a hostile reason, by the only way a person could put it there
    act(terminal, "n", "note on")
    terminal.paste(EVIL)
    terminal.wait_for(lambda: len(where(terminal, START)) > 1)
    terminal.quiet(0.1)
    press(terminal, "\x04")
    terminal.wait_for("noted")

    press_until(terminal, "\r", "esc Back")
    terminal.wait_for(SHOWN)
    press(terminal, "\x1b[6~", "y")
    terminal.wait_for("sent")
    press_until(terminal, "o", "record 1 of")
    terminal.wait_for(r"\u001b]52;c;aGk=\u0007\u202e")
    press(terminal, "\x1b[6~", "y")
    escape(terminal, "esc Back  a Ack")
    escape(terminal, "1 of ")
    press_until(terminal, "X", "what would stop")
    terminal.wait_for(lambda: "reading what is true" not in terminal.text)
    escape(terminal, "1 of ")
    command(terminal, f"contain {START} {START}")
    terminal.wait_for("no action is called")
    escape(terminal, "1 of ")
    command(terminal, f"contain s3-block-public {START}")
    terminal.wait_for("is not the name of a bucket")
    escape(terminal, "1 of ")

    press_until(terminal, "p", "─ Pivot")
    terminal.wait_for(START)
    press_until(terminal, "\r", "─ By name")
    terminal.wait_for(START)
    press(terminal, "y")
    escape(terminal, "─ Pivot")
    escape(terminal, "1 of ")
    press_until(terminal, "t", "─ Credentials")
    escape(terminal, "1 of ")
    command(terminal, f"pivot {START}")
    terminal.wait_for("─ Pivot")
    escape(terminal, "1 of ")
    press_until(terminal, "2", "─ Egress")
    command(terminal, f"filter {START}")
    press_until(terminal, "1", "1 of ")

    press_until(terminal, "5", "Activity")
    terminal.wait_for(START)
    press(terminal, "\r", "y")
    terminal.wait_for("about")
    escape(terminal, "SUMMARY")
    command(terminal, f"filter {START}")
    terminal.wait_for(START)
    command(terminal, "filter no-entry-says-this")
    terminal.wait_for("no entry holds")

    press_until(terminal, "7", "Sources")
    command(terminal, f"filter {START}")
    terminal.wait_for(f"holds '{START}'")
    press_until(terminal, "?", "keys and words")
    escape(terminal, "no source")

    press_until(terminal, "1", "Triage")
    press_until(terminal, "/", "enter keep")
    terminal.paste(EVIL)
    terminal.quiet(0.3)
    escape(terminal)
    command(terminal, f"filter {START}")
    press_until(terminal, ":", COMMAND)
    write(terminal, f"nonsense{START}")
    terminal.wait_for("no command")
    escape(terminal)
    press_until(terminal, "\x0b", "a command's name")
    terminal.send("[@cl")
    terminal.quiet()
    escape(terminal, "Triage")

    command(terminal, f"export {tmp_path}/{START.replace('/', '|')}.csv")
    terminal.wait_for(lambda: "written to" in " ".join(terminal.text.split()))
    command(terminal, f"export {tmp_path}/{START}/nowhere.json")
    if columns > 100:
        terminal.wait_for(lambda: "No such file" in " ".join(terminal.text.split()))
    command(terminal, "q")
    assert terminal.wait_exit() == 0
    assert terminal.restored == []
    assert unclean(painted(bytes(terminal.raw))) == []
    (exported,) = tmp_path.glob("*.csv")
    assert violations(exported.read_bytes(), also=(PRINTED,)) == []


def test_clicking_on_it_does_nothing(shelf: Shelf, console: Open) -> None:
    before = shelf.entries
    terminal = console(shelf.store, columns=160, rows=50, home=shelf.home)
    terminal.wait_for(START)
    command(terminal, "filter sev:critical src:hub")
    terminal.wait_for("1 of ")
    terminal.wait_for(START)
    clicked = 0
    for key, said in (("", "1 of "), ("\r", "esc Back"), ("\x1b", "1 of "), ("5", "Activity"), ("1", "1 of ")):
        if key:
            press_until(terminal, key, said)
        terminal.quiet()
        for column, row in where(terminal, START)[:8]:
            click(terminal, column + START.index("x"), row)
            clicked += 1
            assert terminal.process.poll() is None
            assert said in terminal.text, terminal.text
    assert clicked > 10
    act(terminal, "a", f"acknowledge {START}")  # and the keyboard is where it was
    escape(terminal)
    command(terminal, "q")
    assert terminal.wait_exit() == 0
    assert shelf.entries == before
    assert unclean(painted(bytes(terminal.raw))) == []


# --- verbs --------------------------------------------------------------------------------------------------


def on_a_terminal(shelf: Shelf, words: Sequence[str]) -> tuple[int, bytes]:
    """One verb on a terminal of its own: its exit code and every byte it sent there."""
    argv = [sys.executable, "-m", "socconsole", *words]
    with Terminal(argv, columns=200, rows=50, env={"SOCCONSOLE_HOME": str(shelf.home)}) as terminal:
        code = terminal.wait_exit(180)
        return code, bytes(terminal.raw).replace(b"\r\n", b"\n")  # the terminal's own carriage returns


def test_every_verb_prints_it_as_text(shelf: Shelf, tmp_path: Path) -> None:
    at, one, reason = ["--store", str(shelf.store)], shelf.finding, ["--reason", EVIL]
    other = tmp_path / EVIL.replace("/", "|")
    other.mkdir()
    copied = other / "ledger.json"
    verbs: dict[str, tuple[Sequence[str], int]] = {
        "findings": (["findings", *at], 0),
        "findings as JSON": (["findings", "--all", "--json", *at], 0),
        "findings as CSV": (["findings", "--all", "--csv", *at], 0),
        "an unreadable query": (["findings", f"sev:{EVIL}", *at], 2),
        "sources": (["sources", *at], 0),
        "import": (["import", str(shelf.file), *at], 1),
        "import as JSON": (["import", str(shelf.file), "--json", *at], 1),
        "ack": (["ack", one, *reason, *at], 0),
        "claim": (["claim", one, *at], 0),
        "note": (["note", one, *reason, *at], 0),
        "verdict": (["verdict", one, "--is", "true", *reason, *at], 0),
        "snooze": (["snooze", one, "--for", "1h", *reason, *at], 0),
        "takeback": (["takeback", *at], 0),
        "a hostile id": (["ack", EVIL, *reason, *at], 2),
        "a hostile verdict": (["verdict", one, "--is", EVIL, *at], 2),
        "a hostile span": (["snooze", one, "--for", EVIL, *reason, *at], 2),
        "ledger": (["ledger", "show", *at], 0),
        "ledger as JSON": (["ledger", "show", "--json", *at], 0),
        "ledger export": (["ledger", "export", *at], 0),
        "ledger verify": (["ledger", "verify", *at], 0),
        "action show": (["action", "show", *at], 0),
        "a hostile action": (["action", "show", EVIL, *at], 2),
        "contain": (["contain", "s3-block-public", EVIL, "--plan", *at], 2),
        "a hostile kind of action": (["contain", EVIL, EVIL, *at], 2),
        "undo": (["undo", EVIL, "--respond", "--confirm", EVIL, *at], 4),
        "doctor": (["doctor", *at], 0),
        "backup": (["backup", "-o", str(other / "backup"), *at], 0),
        "no such store": (["findings", "--store", str(other / "none")], 2),
        "no such file": (["import", str(other / "none.json"), *at], 2),
        "no such config": (["findings", "--config", str(copied), *at], 2),
        "no such verb": ([EVIL], 2),
        "no such option": (["findings", f"--{EVIL}", *at], 2),
    }
    wrong: list[str] = []
    said: dict[str, bytes] = {}
    for name, (words, code) in verbs.items():
        ended, said[name] = on_a_terminal(shelf, words)
        found = unclean(said[name], PRINTED)
        if found or ended != code or b"a fault of ours" in said[name]:
            wrong.append(f"{name}: {ended}, {found[:3]}, {said[name][-300:]!r}")
    assert not wrong, "\n".join(wrong)
    for name in ("findings", "ledger", "findings as CSV"):
        assert SHOWN.encode() in said[name], name
    assert b"\\u001b]52;c;aGk=\\u0007\\u202e" in said["findings as JSON"]
