"""contain, undo, action and send on the command line: JSON shapes, exit codes, and what AWS saw."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from socconsole.drill import Embedded
from socconsole.model.world import Place
from socconsole.response import session as sessions
from socconsole.response.registry import ACTIONS
from socconsole.store import ledger
from socconsole.store.state import StateFolder

from ..cli.support import Ran, run
from .conftest import ASSETS, CORPUS, EXPORTS, ML, PROD, changes, leaking, owner, record

ACTION = "s3-block-public"
PUT = ("s3:PutPublicAccessBlock", "socconsole-responder")

Verb = Callable[..., Ran]


@pytest.fixture
def verb(folder: StateFolder, tmp_path: Path) -> Verb:
    def call(*arguments: str, **environment: str) -> Ran:
        # No configuration but what a test gives; the state folder is the drill's.
        return run(*arguments, "--store", str(folder.root), XDG_CONFIG_HOME=str(tmp_path), **environment)

    return call


def on(bucket: str, place: Place = PROD) -> tuple[str, ...]:
    return (ACTION, bucket, "--account", place.account, "--region", place.region)


ARMED = ("--respond", "--no-wait", "--json")


def test_the_list_says_what_there_is(verb: Verb) -> None:
    listed = verb("contain", "--list", "--json")
    assert listed.code == 0
    assert {row["action"] for row in listed.rows} == set(ACTIONS)
    (row,) = [row for row in listed.rows if row["action"] == ACTION]
    assert row["calls"] == ["s3:PutPublicAccessBlock", "s3:DeletePublicAccessBlock"]
    assert row["second_person"] is False


def test_a_plan_is_0_whether_it_helps_or_not(aws: Embedded, folder: StateFolder, verb: Verb) -> None:
    leaking(aws)
    for bucket, place, helps in ((CORPUS, PROD, True), (EXPORTS, ML, False)):
        planned = verb("contain", *on(bucket, place), "--plan", "--json")
        assert planned.code == 0
        assert planned.row["helps"] is helps
        assert set(planned.row) >= {
            "action", "target", "account", "region", "helps", "calls", "before", "after", "stops",
            "does_not_stop", "blast_radius", "reversible", "warnings", "permitted",
        }  # fmt: skip
    assert changes(aws) == []
    assert record(folder) == []


def test_done_is_0_and_undone_with_acceptance(aws: Embedded, folder: StateFolder, verb: Verb) -> None:
    leaking(aws)
    done = verb("contain", *on(CORPUS), *ARMED, "--confirm", CORPUS, "--reason", "data is leaving")
    assert done.code == 0
    assert done.row["state"] == "applied"
    assert done.row["calls"][0]["operation"] == "PutPublicAccessBlock"
    assert done.row["verified"] == [["at once", True]]
    assert done.row["ledger"] == record(folder)[-1].seq
    assert done.row["undo"]["command"] == f"socconsole undo {done.row['action_id']} --store {folder.root}"
    id_ = done.row["action_id"]

    assert verb("undo", id_, *ARMED, "--confirm", CORPUS).code == 4
    planned = verb("undo", id_, "--plan", "--json")
    assert planned.code == 0
    assert planned.row["re_exposes"] is True
    assert changes(aws) == [PUT]
    accepted = ("--accept-exposure", "--reason", "owner asked")
    back = verb("undo", id_, *ARMED, "--confirm", CORPUS, *accepted)
    assert back.code == 0
    assert back.row["state"] == "applied"

    shown = {row["action_id"]: row for row in verb("action", "show", "--json").rows}
    assert shown[id_]["undone_by"] == back.row["action_id"]
    assert shown[back.row["action_id"]]["undoes"] == id_
    assert verb("action", "show", id_).code == 0
    assert verb("action", "show", "a-000000000000").code == 2


@pytest.mark.parametrize(
    ("flags", "environment", "by"),
    [(("--mode", "READ"), {}, "--mode READ"), ((), {"SOCCONSOLE_MODE": "read"}, "SOCCONSOLE_MODE")],
    ids=["flag", "environment"],
)
def test_read_wins_over_respond_and_says_who_asked_for_it(
    aws: Embedded, verb: Verb, flags: tuple[str, ...], environment: dict[str, str], by: str
) -> None:
    leaking(aws)
    no = verb("contain", *on(CORPUS), *ARMED, *flags, "--confirm", CORPUS, **environment)
    assert no.code == 4
    assert f"READ was asked for by {by}" in no.row["remedy"]
    assert changes(aws) == []


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--confirm", ASSETS),
        ("--respond",),
        ("--respond", "--confirm", ASSETS[-6:]),
        ("--respond", "--confirm", ASSETS, "--mode", "READ"),
    ],
)
def test_unarmed_or_unconfirmed_is_4_with_the_lines(aws: Embedded, verb: Verb, options: tuple[str, ...]) -> None:
    refused = verb("contain", *on(ASSETS), *options)
    assert refused.code == 4
    assert "aws s3api put-public-access-block" in refused.out
    assert "# to undo:" in refused.out
    assert changes(aws) == []


def test_read_in_the_environment_or_the_config_wins(aws: Embedded, verb: Verb, tmp_path: Path) -> None:
    armed = (*on(ASSETS), "--respond", "--confirm", ASSETS, "--no-wait")
    assert verb("contain", *armed, SOCCONSOLE_MODE="READ").code == 4
    strict = tmp_path / "strict.toml"
    strict.write_text('mode = "READ"\n')
    assert verb("contain", *armed, "--config", str(strict)).code == 4
    assert changes(aws) == []


def test_what_would_not_help_is_4_and_says_what_would(aws: Embedded, verb: Verb) -> None:
    leaking(aws)
    no = verb("contain", *on(EXPORTS, ML), *ARMED, "--confirm", EXPORTS)
    assert no.code == 4
    assert "would change nothing" in no.row["refused"]
    assert "try s3-deny-outsiders" in no.row["refused"]
    assert changes(aws) == []


def test_bad_input_is_2(verb: Verb) -> None:
    assert verb("contain").code == 2
    assert verb("contain", "s3-explode", ASSETS).code == 2
    assert verb("contain", ACTION, "no bucket at all").code == 2
    assert verb("contain", ACTION, ASSETS).code == 2, "nobody said where"
    assert verb("undo", "a-000000000000").code == 2
    assert verb("contain", *on(ASSETS), "--mode", "WILD").code == 2


def test_not_applied_is_1(aws: Embedded, verb: Verb) -> None:
    aws.faults.add(kind="denied", service="s3", op="PutPublicAccessBlock", times=None)
    no = verb("contain", *on(ASSETS), *ARMED, "--confirm", ASSETS)
    assert no.code == 1
    assert no.row["state"] == "not_applied"
    assert no.row["undo"] is None


def test_in_doubt_is_3_and_so_is_an_aws_that_does_not_answer(aws: Embedded, verb: Verb) -> None:
    aws.faults.add(kind="html", service="s3", op="PutPublicAccessBlock", times=None)
    doubt = verb("contain", *on(ASSETS), *ARMED, "--confirm", ASSETS)
    assert doubt.code == 3
    assert doubt.row["state"] == "in_doubt"
    assert verb("action", "show").code == 3
    aws.faults.add(kind="denied", service="s3", op="GetPublicAccessBlock", times=None)
    assert verb("contain", *on(ASSETS), "--plan").code == 3


def test_waiting_reads_back_again_and_says_when_it_came_back(
    aws: Embedded, verb: Verb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LATER", (("15 s", 0.02), ("60 s", 0.05)))
    held = verb("contain", *on(ASSETS), "--respond", "--confirm", ASSETS, "--json")
    assert held.code == 0
    assert held.row["verified"] == [["at once", True], ["15 s", True], ["60 s", True]]
    owner(aws, "DeletePublicAccessBlock", ASSETS)
    aws.faults.add(kind="denied", service="s3", op="GetPublicAccessBlock", times=None)
    assert verb("contain", *on(ASSETS), "--respond", "--confirm", ASSETS, "--json").code == 3


def test_a_broken_ledger_is_not_built_upon(aws: Embedded, folder: StateFolder, verb: Verb) -> None:
    head = folder.keys / "ledger.head"
    head.write_bytes(head.read_bytes().replace(b'"seq":1', b'"seq":9'))
    assert verb("contain", *on(ASSETS), *ARMED, "--confirm", ASSETS).code == 4
    assert changes(aws) == []


def test_sending_with_nothing_to_send_is_0_and_in_read_it_is_4(verb: Verb) -> None:
    sent = verb("send", "--json")
    assert (sent.code, sent.row["sent"]) == (0, 0)
    assert verb("send", "--mode", "READ").code == 4


def test_the_record_of_an_action_is_whole(aws: Embedded, folder: StateFolder, verb: Verb) -> None:
    verb("contain", *on(ASSETS), *ARMED, "--confirm", ASSETS)
    (intent,) = ledger.read(folder, verbs=("intent",))
    assert json.loads(json.dumps(dict(intent.entry.data)))["undo_calls"][0]["operation"] == "DeletePublicAccessBlock"


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_lets_finish_what_was_begun(
    aws: Embedded, folder: StateFolder, tmp_path: Path, ending: signal.Signals
) -> None:
    aws.faults.add(service="s3", op="PutPublicAccessBlock", latency=1.0)
    command = [sys.executable, "-m", "socconsole", "contain", *on(ASSETS), *ARMED, "--confirm", ASSETS]
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    with subprocess.Popen([*command, "--store", str(folder.root)], stderr=subprocess.PIPE, env=env) as child:
        end = time.monotonic() + 60
        while not record(folder, "intent"):
            assert time.monotonic() < end
            time.sleep(0.01)
        child.send_signal(ending)
        time.sleep(0.1)
        child.send_signal(ending)
        assert b"on the ledger" in child.communicate(timeout=120)[1]
    assert child.returncode == 130
    assert record(folder)[-1].entry.verb == "outcome"
    assert record(folder)[-1].entry.data["state"] == "applied"


def test_at_a_terminal_the_plan_is_shown_and_the_tail_is_typed(
    aws: Embedded, folder: StateFolder, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "socconsole", "contain", *on(ASSETS), "--respond", "--no-wait", "--json"]
    child = subprocess.Popen(
        [*command, "--store", str(folder.root)],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
    )
    os.close(theirs)
    said = b""
    while b"to go ahead" not in said:
        assert select.select([ours], [], [], 60)[0], said
        said += os.read(ours, 4096)
    assert b"account 111122223333" in said, "what is confirmed is restated"
    assert changes(aws) == []
    os.write(ours, f"{ASSETS[-6:]}\n".encode())
    out, _ = child.communicate(timeout=120)
    os.close(ours)
    assert child.returncode == 0
    assert json.loads(out)["state"] == "applied"
    assert changes(aws) == [PUT]
