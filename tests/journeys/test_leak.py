"""Working the leak: from the first alarm to the closed bucket, on a real terminal, judged by AWS's own journal."""

from __future__ import annotations

import json
import os
import signal

from socconsole.drill import launch
from socconsole.store.state import StateFolder
from tests.journeys.conftest import Drill, Open, until
from tests.journeys.keys import ARRIVAL_S, CORPUS, LEAKING, PUBLIC, act, command, escape, press, press_until

EXPORTS = "kaufhaus-ml-eval-exports"


def test_acknowledge_contain_and_undo(drill: Drill, console: Open) -> None:
    terminal = console(drill.store, columns=160, rows=50, home=drill.home)
    terminal.wait_for(LEAKING, ARRIVAL_S)
    command(terminal, f"filter res:{CORPUS} type:s3 anonymous")
    terminal.wait_for("1 of 1")

    # acknowledge: on the ledger at once, in Security Hub a moment later
    act(terminal, "a", "acknowledge Amazon")
    terminal.type("looking into it\r")
    terminal.wait_for("AWS says NOTIFIED", ARRIVAL_S)
    told = drill.finding(f"res:{CORPUS} type:s3 anonymous")
    assert told["workflow"] == "NOTIFIED"
    assert told["state"] == "acknowledged"
    hub = drill.client("securityhub").get_findings(Filters={"Title": [{"Value": PUBLIC, "Comparison": "PREFIX"}]})
    noted = [one for one in hub["Findings"] if one["Workflow"]["Status"] == "NOTIFIED"]
    assert noted
    assert all(one["Note"]["UpdatedBy"] == "socconsole" for one in noted)

    # somebody else's change appears, and is not written over
    drill.client("securityhub").batch_update_findings(
        FindingIdentifiers=[{"Id": one["Id"], "ProductArn": one["ProductArn"]} for one in noted],
        Workflow={"Status": "SUPPRESSED"},
    )
    terminal.wait_for(lambda: "AWS says SUPPRESSED" in terminal.text or "nothing matches" in terminal.text, ARRIVAL_S)
    assert not [call for call in drill.calls("BatchUpdateFindings") if "SUPPRESSED" in json.dumps(call["params"])]

    # the public bucket: unarmed nothing is called, armed and typed it is
    assert not drill.calls("PutPublicAccessBlock")
    command(terminal, f"contain s3-block-public {CORPUS}")
    terminal.wait_for("PutPublicAccessBlock")
    press_until(terminal, "\r", "why this session has to contain")
    escape(terminal)
    assert not drill.calls("PutPublicAccessBlock")
    command(terminal, "respond the corpus is leaking")
    terminal.wait_for(" RESPOND")
    press_until(terminal, "\r", "type s-prod")
    press(terminal, *"s-prod", "\r")
    terminal.wait_for("applied", ARRIVAL_S)
    (call,) = drill.calls("PutPublicAccessBlock")
    assert call["params"]["Bucket"] == CORPUS
    assert call["source_identity"] == "oncall1"
    assert drill.run("contain", "s3-block-public", CORPUS, "--plan").returncode == 0
    assert drill.run("contain", "s3-block-public", CORPUS, "--respond", "--confirm", CORPUS).returncode == 4

    # the bucket that leaks to a named account: the action would change nothing, and says what would
    plan = drill.run("contain", "s3-block-public", EXPORTS, "--plan", "--json", check=0)
    said = json.loads(plan.stdout)
    assert said["helps"] is False
    assert "999988887777" in json.dumps(said)

    # undo: what it restores is the attacker's state, so it is refused unless that is accepted in words
    (action,) = json.loads(f"[{drill.run('action', 'show', '--json', check=0).stdout.splitlines()[0]}]")
    id_ = action.get("action_id") or action["id"]
    assert drill.run("undo", id_, "--respond", "--confirm", CORPUS).returncode == 4
    assert len(drill.calls("PutPublicAccessBlock")) == 1
    assert not drill.calls("DeletePublicAccessBlock")
    done = drill.run(
        "undo", id_, "--respond", "--confirm", CORPUS, "--accept-exposure", "--reason", "wrong bucket", "--no-wait"
    )
    assert done.returncode == 0, done.stderr
    assert drill.calls("DeletePublicAccessBlock") or len(drill.calls("PutPublicAccessBlock")) == 2

    assert drill.run("ledger", "verify").returncode == 0
    command(terminal, "q")
    assert terminal.wait_exit() == 0
    assert terminal.restored == []


def test_a_dead_aws_is_never_clear(drill: Drill, console: Open) -> None:
    terminal = console(drill.store, home=drill.home)
    terminal.wait_for(LEAKING, ARRIVAL_S)
    folder = StateFolder.open(drill.store)
    os.kill(drill.pid, signal.SIGKILL)
    terminal.wait_for(lambda: "error" in terminal.text.lower() and "✗" in terminal.text, ARRIVAL_S)
    for key, name in (("5", "Activity"), ("7", "Sources"), ("1", "Triage")):
        press_until(terminal, key, name)
        terminal.wait_for("✗")
        assert "clear" not in terminal.text.lower()
    command(terminal, "filter res:nothing-has-this-name")
    terminal.wait_for("proves nothing")
    refused = drill.run("findings", "res:nothing-has-this-name")
    assert refused.returncode == 3
    said = (refused.stdout + refused.stderr).replace(str(drill.store), "FOLDER")  # which is called after this test
    assert "clear" not in said.lower()
    assert drill.run("sources").returncode == 3

    with launch.hold(drill.store):
        running = launch.resume(drill.store, folder.world)
        assert running.port == drill.port
        terminal.wait_for(lambda: "✗" not in terminal.text and "●" in terminal.text, ARRIVAL_S)
        assert drill.run("findings", "--limit", "1").returncode == 0
    launch.stop(drill.store)


def test_the_console_can_go_and_the_record_stays(drill: Drill, console: Open) -> None:
    """A dropped line: the console ends, the terminal's processes end, the stores are whole."""
    terminal = console(drill.store, home=drill.home)
    terminal.wait_for(LEAKING, ARRIVAL_S)
    command(terminal, f"filter res:{CORPUS} type:s3 anonymous")  # a row that stays under the cursor
    terminal.wait_for("1 of 1")
    act(terminal, "c", "claimed")
    terminal.wait_for(lambda: bool(drill.run("findings", "mine", "--json").stdout.strip()))
    terminal.hang_up()
    terminal.wait_exit()
    assert drill.run("ledger", "verify").returncode == 0
    folder = StateFolder.open(drill.store)
    (drill.store / "store.db").unlink()
    for rest in ("-wal", "-shm"):
        (drill.store / f"store.db{rest}").unlink(missing_ok=True)
    drill.process.send_signal(signal.SIGTERM)
    drill.process.wait(ARRIVAL_S)
    until(lambda: folder.holder("watch") is None)  # it leaves in its own time
    assert drill.run("recover").returncode in (0, 3)
    told = drill.run("ledger", "show", "--verb", "claim", "--json").stdout
    assert len(told.splitlines()) == 1
