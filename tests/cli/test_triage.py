from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from socconsole.drill import Embedded
from socconsole.store.state import StateFolder
from tests.cli.support import fill, run
from tests.embedded import client
from tests.store.builders import observation


@pytest.fixture
def shelf(state: StateFolder) -> StateFolder:
    fill(state, observation("1"), observation("2"), observation("3"))
    return state


def ids(folder: StateFolder, *query: str) -> list[str]:
    return [row["id"] for row in run("findings", *query, "--json", "--store", folder.root).rows]


def states(folder: StateFolder) -> dict[str, str]:
    return {row["id"]: row["state"] for row in run("findings", "--json", "--store", folder.root).rows}


def test_acknowledge_some(shelf: StateFolder) -> None:
    first, second, third = ids(shelf)
    ran = run("ack", first, second, "--reason", "known job", "--json", "--store", shelf.root)
    assert ran.code == 0
    assert ran.row["batch"].startswith("b-")
    assert set(ran.row["ids"]) == {first, second}
    assert (ran.row["skipped"], ran.row["aws"]) == ([], None)
    assert states(shelf) == {first: "acknowledged", second: "acknowledged", third: "new"}
    (entry,) = run("ledger", "show", "--verb", "acknowledge", "--json", "--store", shelf.root).rows
    assert entry["seq"] == ran.row["ledger"]
    assert entry["private"] == {"reason": "known job"}


def test_a_reason_is_needed(shelf: StateFolder) -> None:
    for verb in (["ack"], ["ack", "--reason", "  "], ["note"], ["snooze", "--for", "4h"]):
        ran = run(verb[0], ids(shelf)[0], *verb[1:], "--store", shelf.root)
        assert ran.code == 2, verb
    assert run("ledger", "verify", "--json", "--store", shelf.root).row["entries"] == 1


def test_unknown_ids_are_named_and_the_rest_is_done(shelf: StateFolder) -> None:
    first, *_ = ids(shelf)
    ran = run("ack", first, "f-000000000000", "\x1b[31m", "--reason", "r", "--json", "--store", shelf.root)
    assert ran.code == 2
    assert ran.row["ids"] == [first]
    assert "f-000000000000: there is no such finding" in ran.err
    assert "\x1b" not in ran.err + ran.out
    nothing = run("ack", "f-000000000000", "--reason", "r", "--json", "--store", shelf.root)
    assert (nothing.code, nothing.row["batch"], nothing.row["ledger"]) == (2, None, None)


def test_ids_from_standard_input(shelf: StateFolder) -> None:
    first, second, third = ids(shelf)
    listed = run("findings", "--json", "--limit", "1", "--store", shelf.root).out
    ran = run("claim", "-", "--json", "--store", shelf.root, stdin=f"{second} {third}\n{listed}")
    assert set(ran.row["ids"]) == {first, second, third}
    assert run("claim", "-", "--store", shelf.root, stdin="").code == 2
    assert run("claim", "-", "--store", shelf.root, stdin='{"no": "id"}\n').code == 2


def test_claiming_what_is_mine_is_no_failure(shelf: StateFolder) -> None:
    first, *_ = ids(shelf)
    assert run("claim", first, "--store", shelf.root).code == 0
    again = run("claim", first, "--store", shelf.root)
    assert again.code == 0
    assert "yours already" in again.err
    assert ids(shelf, "owner:me") == [first]


@pytest.mark.parametrize("word", ["false", "FALSE_POSITIVE", "false-positive"])
def test_a_verdict(shelf: StateFolder, word: str) -> None:
    first, *_ = ids(shelf)
    assert run("verdict", first, "--is", word, "--store", shelf.root).code == 0
    (entry,) = run("ledger", "show", "--verb", "verdict", "--json", "--store", shelf.root).rows
    assert entry["data"]["verdict"] == "FALSE_POSITIVE"


def test_a_verdict_that_is_none(shelf: StateFolder) -> None:
    assert run("verdict", ids(shelf)[0], "--is", "maybe", "--store", shelf.root).code == 2


def test_notes(shelf: StateFolder) -> None:
    first, *_ = ids(shelf)
    assert run("note", first, "--text", "called them\nno answer", "--store", shelf.root).code == 0
    (entry,) = run("ledger", "show", "--verb", "note", "--json", "--store", shelf.root).rows
    assert entry["private"] == {"text": "called them\nno answer"}


def test_snoozes(shelf: StateFolder) -> None:
    first, second, third = ids(shelf)
    assert run("snooze", first, "--for", "4h", "--reason", "backup", "--store", shelf.root).code == 0
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert run("snooze", second, "--until", tomorrow, "--reason", "backup", "--store", shelf.root).code == 0
    assert states(shelf) == {first: "snoozed", second: "snoozed", third: "new"}


@pytest.mark.parametrize(
    "when",
    [
        [],
        ["--for", "8d"],
        ["--for", "soon"],
        ["--for", "4h", "--until", "2099-01-01T00:00:00Z"],
        ["--until", "2099-01-01T00:00:00Z"],
        ["--until", "2001-01-01T00:00:00Z"],
        ["--until", "2099-01-01T00:00:00"],
        ["--until", "tomorrow"],
    ],
)
def test_snoozes_that_are_refused(shelf: StateFolder, when: list[str]) -> None:
    assert run("snooze", ids(shelf)[0], *when, "--reason", "r", "--store", shelf.root).code == 2
    assert set(states(shelf).values()) == {"new"}


def test_an_attack_sequence_is_not_snoozed(state: StateFolder) -> None:
    fill(state, observation("1", types=("AttackSequence:S3/CompromisedData",)))
    ran = run("snooze", ids(state)[0], "--for", "1h", "--reason", "r", "--store", state.root)
    assert ran.code == 1
    assert "never snoozed" in ran.err


def test_take_back_the_last_act(shelf: StateFolder) -> None:
    first, *_ = ids(shelf)
    assert run("takeback", "--store", shelf.root).code == 2
    run("ack", first, "--reason", "r", "--store", shelf.root)
    assert run("takeback", "--json", "--store", shelf.root).row["ids"] == [first]
    assert set(states(shelf).values()) == {"new"}


# --- telling AWS --------------------------------------------------------------------------------------------


def hub_says(aws: Embedded, native: str) -> tuple[str, str]:
    found = client(aws, "securityhub").get_findings(Filters={"Id": [{"Value": native, "Comparison": "EQUALS"}]})
    (one,) = found["Findings"]
    return one["Workflow"]["Status"], one.get("Note", {}).get("Text", "")


@pytest.fixture
def collected(aws: Embedded, drill: StateFolder) -> StateFolder:
    """The drill, read once."""
    assert run("watch", "--once", "--store", drill.root).code == 0
    return drill


def reported(folder: StateFolder) -> tuple[str, str]:
    """(our id, native id) of a threat that Security Hub has."""
    from contextlib import closing

    from socconsole.store import db, reading

    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        for id_ in ids(folder, "src:securityhub"):
            stored = reading.get(conn, id_)
            if stored is not None and stored.finding.workflow == "NEW":
                return id_, next(native for form, _, native in stored.finding.handles if form == "asff")
    raise AssertionError("the scenario has no new threat in Security Hub")


def test_aws_is_told_and_told_again_when_taken_back(aws: Embedded, collected: StateFolder) -> None:
    id_, native = reported(collected)
    ran = run("ack", id_, "--reason", "on it", "--json", "--store", collected.root)
    assert ran.code == 0, ran.err
    assert ran.row["aws"] == {"sent": 1, "failed": 0, "overtaken": 0, "waiting": 0, "why": ""}
    assert "1 sent" in ran.err
    status, note = hub_says(aws, native)
    assert status == "NOTIFIED"
    assert note
    back = run("takeback", "--store", collected.root)
    assert back.code == 0, back.err
    assert hub_says(aws, native)[0] == "NEW"


def test_read_mode_keeps_it_here(aws: Embedded, collected: StateFolder) -> None:
    id_, native = reported(collected)
    ran = run("ack", id_, "--reason", "quietly", "--mode", "READ", "--json", "--store", collected.root)
    assert (ran.code, ran.row["aws"]) == (0, None)
    assert "not sent" in ran.err
    assert hub_says(aws, native)[0] == "NEW"
    assert run("ack", id_, "--reason", "r", "--mode", "BOLD", "--store", collected.root).code == 2


def test_a_dead_aws_leaves_the_decision_and_says_so(aws: Embedded, collected: StateFolder) -> None:
    id_, _ = reported(collected)
    aws.down()
    ran = run("ack", id_, "--reason", "on it", "--store", collected.root)
    assert ran.code == 3
    assert "not sent" in ran.err
    row = json.loads(run("ledger", "show", "--verb", "acknowledge", "--json", "--store", collected.root).out)
    assert row["subjects"] == [id_]


def test_what_security_hub_has_not_reported_cannot_be_told(aws: Embedded, collected: StateFolder) -> None:
    fill(collected, observation("only-here"))
    (id_,) = ids(collected, "src:guardduty -src:securityhub title:bucket-only-here")
    ran = run("ack", id_, "--reason", "on it", "--json", "--store", collected.root)
    assert ran.code == 3
    assert ran.row["aws"]["failed"] == 1
    assert "Security Hub has not reported this finding" in ran.err
    assert ids(collected, f"id:{id_} state:acknowledged") == [id_]


@pytest.mark.parametrize(
    ("verb", "option"), [("note", "--text"), ("ack", "--reason"), ("snooze", "--reason"), ("verdict", "--reason")]
)
def test_a_text_among_the_ids_names_the_option_that_is_meant(shelf: StateFolder, verb: str, option: str) -> None:
    first = run("findings", "--json", "--store", shelf.root).rows[0]["id"]
    more = {"snooze": ("--for", "4h"), "verdict": ("--is", "false")}.get(verb, ())
    ran = run(verb, first, "ask the owner", *more, "--store", shelf.root)
    assert ran.code == 2
    assert f"socconsole {verb} {first} {option} 'ask the owner'" in ran.err
    assert not run("ledger", "show", "--json", "--subject", first, "--store", shelf.root).rows, "nothing was recorded"
