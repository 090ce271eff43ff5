"""Two processes want to act on one target at once: one does, the other says who is at it, and AWS is asked once."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from socconsole.drill import Embedded
from socconsole.drill.faults import Fault, Faults
from socconsole.store.state import StateFolder

from ..actor.conftest import Child, child  # noqa: F401
from ..response.conftest import ASSETS, PROD, aws, changes, embedded, folder, record  # noqa: F401

ACTION = "s3-block-public"
PUT = ("s3:PutPublicAccessBlock", "socconsole-responder")
AT = {"action": ACTION, "target": ASSETS, "account": PROD.account, "region": PROD.region}
PATIENCE_S = 60.0
"""For the processes to start."""
ANSWERED_S = 15.0
"""Less than the 20 seconds that an answer is waited for."""
NOTHING_LEFT = "would change nothing here"


class Gate:
    """AWS takes the containing call and answers when the test lets it: until then one process is at it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def wait_until_reached(self) -> None:
        assert self.reached.wait(PATIENCE_S)


@pytest.fixture
def gate(aws: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:  # noqa: F811
    gate, take = Gate(), Faults.take

    def held(faults: Faults, service: str, op: str, account: str, region: str) -> Fault | None:
        if op == "PutPublicAccessBlock":
            gate.reached.set()
            gate.open.wait(ANSWERED_S)
        return take(faults, service, op, account, region)

    monkeypatch.setattr(Faults, "take", held)
    yield gate
    gate.open.set()


class Command:
    """The containment as a script orders it, armed and confirmed, in a process of its own."""

    def __init__(self, folder: StateFolder) -> None:  # noqa: F811
        words = ["contain", ACTION, ASSETS, "--account", PROD.account, "--region", PROD.region]
        words += ["--respond", "--confirm", ASSETS, "--reason", "leaking", "--no-wait", "--store", str(folder.root)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "socconsole", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def ended(self) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=120)
        return self.process.returncode, said


Start = Callable[[], Command]


@pytest.fixture
def command(folder: StateFolder) -> Iterator[Start]:  # noqa: F811
    begun: list[Command] = []

    def start() -> Command:
        begun.append(Command(folder))
        return begun[-1]

    yield start
    for one in begun:
        with one.process:
            one.process.kill()


@pytest.fixture
def actor(child: Callable[..., Child]) -> Child:  # noqa: F811
    """A console's actor, armed, that has shown the plan."""
    actor = child()
    assert actor.answer("respond", reason="leaking")["mode"] == "RESPOND"
    assert actor.answer("plancontain", **AT)["say"] == "planned"
    return actor


def at_it(pid: int) -> str:
    return f"another process (pid {pid}) is acting on {ASSETS} right now"


def acted_once(aws: Embedded, folder: StateFolder) -> None:  # noqa: F811
    """By AWS's journal one call was made; by the ledger one action was begun, and came to its end."""
    assert changes(aws) == [PUT]
    assert [line.entry.verb for line in record(folder)] == ["intent", "outcome"]
    assert record(folder)[-1].entry.data["state"] == "applied"


def test_of_two_commands_started_at_once_one_acts(
    aws: Embedded,  # noqa: F811
    folder: StateFolder,  # noqa: F811
    gate: Gate,
    command: Start,
) -> None:
    both = [command(), command()]
    gate.wait_until_reached()
    end = time.monotonic() + PATIENCE_S
    while all(one.process.poll() is None for one in both) and time.monotonic() < end:
        time.sleep(0.01)  # there is no waiting for "any of two processes": they are asked, not waited out
    (loser,) = [one for one in both if one.process.poll() is not None]
    (winner,) = [one for one in both if one is not loser]
    code, said = loser.ended()
    assert code == 4, said
    assert at_it(winner.process.pid) in said
    gate.open.set()
    code, said = winner.ended()
    assert code == 0, said
    acted_once(aws, folder)


def test_a_command_yields_to_the_console(
    aws: Embedded,  # noqa: F811
    folder: StateFolder,  # noqa: F811
    gate: Gate,
    command: Start,
    actor: Child,
) -> None:
    n = actor.ask("contain", **AT, confirm=ASSETS[-6:], wait=False)
    gate.wait_until_reached()
    code, said = command().ended()
    assert code == 4, said
    assert at_it(actor.process.pid) in said
    gate.open.set()
    done = actor.hear(lambda reply: reply.get("n") == n and reply["say"] == "done")
    assert done["outcome"]["state"] == "applied"
    acted_once(aws, folder)


def test_the_console_yields_to_a_command(
    aws: Embedded,  # noqa: F811
    folder: StateFolder,  # noqa: F811
    gate: Gate,
    command: Start,
    actor: Child,
) -> None:
    first = command()
    gate.wait_until_reached()
    refused = actor.answer("contain", **AT, confirm=ASSETS[-6:], wait=False)
    assert (refused["say"], refused["kind"]) == ("failed", "refused")
    assert at_it(first.process.pid) in refused["why"]
    gate.open.set()
    code, said = first.ended()
    assert code == 0, said
    again = actor.answer("contain", **AT, confirm=ASSETS[-6:], wait=False)
    assert NOTHING_LEFT in again["why"]
    acted_once(aws, folder)
