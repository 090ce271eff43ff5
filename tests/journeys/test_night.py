"""A night, by keyboard: from the first alarm to a handoff that the next shift has accepted and works with."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from socconsole.cli.drill_world import NEXT_SHIFT
from tests.journeys.conftest import Drill, Open
from tests.journeys.keys import ARRIVAL_S, CORPUS, LEAKING, act, command, escape, press, press_until, to_corpus, write
from tests.reports.test_pack import complaints, verified


def test_from_the_first_alarm_to_an_accepted_handoff(drill: Drill, console: Open, tmp_path: Path) -> None:
    night = console(drill.store, columns=160, rows=50, home=drill.home)
    pack, page, file, line = (tmp_path / name for name in ("case.zip", "handoff.html", "night.handoff", "receipt"))

    # on duty; the alarm; seen
    night.wait_for(LEAKING, ARRIVAL_S)
    command(night, "shift on 8h")
    night.wait_for("READY", ARRIVAL_S)
    escape(night, lambda: "─ Triage" in night.text)
    to_corpus(night)
    act(night, "a", "acknowledge")
    write(night, "looking into it")
    night.wait_for("ledger entry")

    # a case of the incident, by a playbook
    act(night, "K", "a new case of")
    press(night, "\r")
    night.wait_for("leaving?", ARRIVAL_S)
    case = json.loads(drill.run("case", "list", "--json").stdout.splitlines()[0])["case"]
    command(night, "set hypothesis a key from a public log opened the corpus")
    night.wait_for("hypothesis")
    command(night, "playbook public-bucket")
    night.wait_for("worked by")

    # whose clocks run from when: who decides says so
    command(night, "aware Kaufhaus SE")
    night.wait_for("aware: when")
    press(night, "\r")
    night.wait_for("how is it known")
    write(night, "read in the trail by the officer on duty")
    night.wait_for("ledger entry")

    # contained, and verified; the playbook's step ticks itself
    command(night, "respond the corpus is leaking")
    night.wait_for(" RESPOND")
    command(night, f"contain s3-block-public {CORPUS}")
    night.wait_for("PutPublicAccessBlock", ARRIVAL_S)
    press_until(night, "\r", "type s-prod")
    press(night, *"s-prod", "\r")
    night.wait_for("applied", ARRIVAL_S)
    escape(night, lambda: case in night.text)
    command(night, f"evidence {pack}")
    night.wait_for("packed: ", ARRIVAL_S)
    escape(night, lambda: "─ Case" in night.text)

    # handed over
    press_until(night, "6", "─ Handoff")
    night.wait_for(case)
    command(night, f"write {page}")
    night.wait_for(page.exists)
    command(night, f"give {file}")
    night.wait_for("UNACCEPTED", ARRIVAL_S)
    escape(night, lambda: "unaccepted" in night.text)

    # taken over by the next shift, on another install
    day = console(drill.store / NEXT_SHIFT, columns=120, rows=40, home=drill.home)
    day.wait_for("─ Triage", ARRIVAL_S)
    press_until(day, "6", "─ Handoff")
    command(day, f"accept {file}")
    day.wait_for("oncall1", ARRIVAL_S)
    press_until(day, "\r", "Type the last")
    (id_,) = re.findall(r"h-[0-9a-f]{12}", drill.run("handoff", "show", "--json").stdout)[:1]
    press(day, *id_[-6:], "\r")
    day.wait_for("is yours", ARRIVAL_S)
    command(day, f"write {line}")
    day.wait_for(lambda: line.exists() and bool(line.read_text().strip()))
    receipt = line.read_text().strip()

    # the receipt settles it
    command(night, f"receipt {line}")
    night.wait_for("accepted by oncall2", ARRIVAL_S)
    command(night, "shift off")
    night.wait_for("was given and accepted")
    shown = json.loads(drill.run("handoff", "show", "--json", check=0).stdout.splitlines()[0])
    assert (shown["handoff"], shown["accepted_by"], shown["peer"]) == (id_, "oncall2", "day shift")
    assert receipt.startswith("socconsole-receipt.")

    # the day has the case, what was believed, and the containment with its undo
    press(day, "\x1b")
    day.wait_for(case)
    press_until(day, "4", "─ Cases")
    day.wait_for("a key from a public log")
    press(day, "\r")
    day.wait_for("─ Case  ")
    command(day, "filter contained")
    day.wait_for("s3-block-public")

    # what goes to others holds, and shows where somebody touched it
    assert "<script" not in page.read_text()
    assert case in page.read_text()
    there = tmp_path / "unpacked"
    with zipfile.ZipFile(pack) as packed:
        packed.extractall(there)
    assert complaints(verified(there)) == []
    report = there / "report.html"
    report.write_bytes(report.read_bytes().replace(b"corpus", b"c0rpus", 1))
    assert complaints(verified(there)) == ["report.html: FAILED"]
    assert drill.run("ledger", "verify").returncode == 0
    for terminal in (night, day):
        command(terminal, "q")
        assert terminal.wait_exit() == 0
