"""``escalate``: what would go where, what is put on record, and what a shell is told when nobody sends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from socconsole.store import ledger
from socconsole.store.state import StateFolder
from tests.cli.support import run
from tests.cli.test_incidents import imported

CONFIG = """
analyst = "ana"
[[channel]]
id = "oncall"
who = "whoever is on call"
sns = "arn:aws:sns:eu-central-1:111122223333:socconsole-oncall"
[[channel]]
id = "chat"
apprise_file = "{secret}"
template = "{template}"
[[escalation]]
name = "night"
severity = "HIGH"
[[escalation.steps]]
channel = "oncall"
wait_minutes = 10
[[escalation.steps]]
channel = "chat"
[[escalation]]
name = "quiet"
[[escalation.steps]]
channel = "chat"
"""


@pytest.fixture
def desk(tmp_path: Path) -> tuple[str, ...]:
    return options(tmp_path, "${severity} ${id}")


def options(tmp_path: Path, template: str) -> tuple[str, ...]:
    secret = tmp_path / "chat.url"
    secret.write_text("json://user:s3cr3t@127.0.0.1/hook", "utf-8")
    secret.chmod(0o600)
    config = tmp_path / "config.toml"
    config.write_text(CONFIG.replace("{secret}", str(secret)).replace("{template}", template), "utf-8")
    return ("--store", str(imported(tmp_path)), "--config", str(config))


def finding(desk: tuple[str, ...]) -> str:
    return str(run("findings", "--json", *desk[:2]).rows[0]["id"])


def test_a_dry_run_shows_what_would_go_where_and_when_and_sends_nothing(desk: tuple[str, ...]) -> None:
    id_ = finding(desk)
    ran = run("escalate", id_, "--dry-run", "--json", *desk)
    assert ran.code == 0
    first, second = ran.rows
    assert (first["channel"], second["channel"]) == ("oncall", "chat")
    assert first["where"].endswith(":socconsole-oncall")
    assert first["at"] < second["at"]
    assert f"socconsole ack {id_}" in first["body"]
    assert second["body"] == f"CRITICAL {id_}"
    assert "s3cr3t" not in ran.out + run("escalate", id_, "--dry-run", *desk).out
    assert ledger.read(StateFolder.open(Path(desk[1])), verbs=("escalation",)) == []


def test_a_template_that_is_broken_is_seen_in_a_dry_run(tmp_path: Path) -> None:
    desk = options(tmp_path, "${password}")
    ran = run("escalate", finding(desk), "--dry-run", "--path", "quiet", "--json", *desk)
    assert ran.code == 3
    assert "password" in ran.row["fault"]
    assert "To acknowledge" in ran.row["body"]


def test_by_hand_it_is_on_record_once_is_answered_and_says_that_nobody_sends_it(desk: tuple[str, ...]) -> None:
    id_ = finding(desk)
    ran = run("escalate", id_, "--reason", "he does not answer", "--json", *desk)
    assert ran.code == 3, "an import world sends nothing"
    assert "not sent" in ran.err
    (line,) = ledger.read(StateFolder.open(Path(desk[1])), verbs=("escalation",))
    assert (line.entry.who, line.entry.subjects, line.entry.data["path"]) == ("ana", (id_,), "night")
    assert line.entry.private["reason"] == "he does not answer"
    again = run("escalate", id_, "--json", *desk)
    assert (again.code, again.row["escalation"]) == (0, ran.row["escalation"])
    assert run("escalate", "--json", *desk).row["about"] == [id_]
    assert run("escalate", id_, "--stop", *desk).code == 2
    assert run("escalate", id_, "--stop", "--reason", "he is here", *desk).code == 0
    assert run("escalate", "--json", *desk).rows == []
    assert run("escalate", id_, "--stop", "--reason", "again", *desk).code == 1


def test_a_case_too_and_what_is_not_known_is_bad_input(desk: tuple[str, ...]) -> None:
    case = run("case", "open", "--finding", finding(desk), "--json", *desk).row["case"]
    body = run("escalate", case, "--path", "quiet", "--dry-run", "--json", *desk).row["body"]
    assert body == f"CRITICAL {case}"
    assert run("escalate", "f-ffffffffffff", *desk).code == 2
    assert run("escalate", case, "--path", "nowhere", *desk).code == 2


def test_doctor_says_which_channel_nobody_can_use(desk: tuple[str, ...]) -> None:
    def said() -> str:
        return "\n".join(one["what"] for one in run("doctor", "--json", *desk).rows if one["area"] == "escalation")

    assert "channel chat: no send of it failed last" in said()
    assert "no [heartbeat]" in said()
    Path(desk[3]).with_name("chat.url").chmod(0o644)
    assert "chmod 600" in said()
    ran = run("escalate", finding(desk), "--json", *desk)
    config = Path(desk[3])
    config.write_text(config.read_text("utf-8").replace('name = "night"', 'name = "day"'), "utf-8")
    assert f"{ran.row['escalation']} waits, and its path night is not in the configuration" in said()
    assert run("escalate", ran.row["escalation"], "--stop", "--reason", "the path is gone", *desk).code == 0
    assert "waits, and its path" not in said()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[[channel]]\nid = "a"\n', "channel[0].id"),
        ('[[channel]]\nid = "a"\napprise_env = "json://u:p@h"\n', "channel[0].id"),
        ('[[escalation]]\nname = "p"\nsteps = [{channel = "nobody"}]\n', "escalation[0].steps"),
        (
            '[[channel]]\nid = "a"\napprise_env = "A"\n[[escalation]]\nname = "p"\n'
            'steps = [{channel = "a", quiet_hours = ["00:00-12:00", "12:00-00:00"]}]\n',
            "cover the day",
        ),
    ],
    ids=["no way", "a secret in the clear", "an unknown channel", "never anything but quiet"],
)
def test_a_configuration_that_could_tell_nobody_is_refused(tmp_path: Path, text: str, key: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text, "utf-8")
    ran = run("config", "check", "--config", config)
    assert ran.code == 2
    assert key in ran.err
