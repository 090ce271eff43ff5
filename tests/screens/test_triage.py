"""Deciding about findings, and never saying more than the sources allow."""

import json
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from socconsole.commands import COMMANDS
from socconsole.model.action import Mode
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.store import ledger, sources
from socconsole.store.reading import get
from socconsole.text import Untrusted
from socconsole.widgets.table import WindowTable
from tests.screens.support import SOURCE, Estate, Opened, Running, record


def three() -> list[dict[str, Any]]:
    return [
        record(1, "bucket read in bulk", "CRITICAL"),
        record(2, "keys used elsewhere", "HIGH"),
        record(3, "port open", "LOW"),
    ]


def standing(desk: Running, id_: str) -> Any:
    stored = get(desk.app.desk.conn, id_)
    assert stored is not None
    return stored


def under_cursor(desk: Running) -> str:
    key = desk.screen.query_one("#list", WindowTable).cursor_key
    assert isinstance(key, str)
    return key


async def test_an_acknowledgement_is_on_the_ledger_and_in_the_row(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        chosen = under_cursor(desk)
        await desk.press("a")
        await desk.type("seen it")
        await desk.press("enter")
        await desk.until(lambda: "ack ↑" in desk.text())
        entry = estate.entry().entry
        assert (entry.verb, entry.subjects, entry.who) == ("acknowledge", (chosen,), "oncall1")
        assert "seen it" in entry.private.values()
        assert standing(desk, chosen).not_sent == ("acknowledge",)

        await desk.press("u")
        await desk.until(lambda: "ack ↑" not in desk.text())
        await desk.until(lambda: "taken back, the acknowledgement of " in desk.text())
        assert standing(desk, chosen).decided.acked_at is None


async def test_a_refused_answer_stays_in_its_question_and_no_key_after_it_acts(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        row = under_cursor(desk)
        await desk.press("v")
        await desk.type("nonsense")
        await desk.rattle("enter", *"*cu", "down", "enter", "x")
        await desk.until(lambda: "a verdict is one of" in desk.text())
        assert "nonsense*cux" in desk.text(), "what was typed behind it is text"
        assert under_cursor(desk) == row
        assert estate.verbs() == []
        await desk.press(*["backspace"] * 12)
        await desk.type("t was me")
        await desk.press("enter")
        await desk.until(lambda: estate.verbs() == ["verdict"])
        assert estate.entry().entry.private == {"reason": "was me"}


async def test_a_snooze_takes_how_long_and_why_at_once(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        await desk.press("z")
        await desk.type("4h known job")
        await desk.press("enter")
        await desk.until(lambda: estate.verbs() == ["snooze"])
        assert estate.entry().entry.private == {"reason": "known job"}


async def test_a_command_that_is_none_stays_to_be_mended(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        await desk.press("colon")
        await desk.type("snoose 30d noise")
        await desk.press("enter")
        await desk.until(lambda: "no command snoose; did you mean snooze?" in desk.text())
        await desk.press("home", "delete", "delete", "delete", "delete", "delete", "delete")
        await desk.type(":snooze")
        await desk.press("enter")
        await desk.until(lambda: "30d is too long" in desk.text())
        assert "30d noise" in desk.text(), "what was refused stands in the question"


async def test_taking_back_many_says_what_and_asks_once(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        await desk.press("asterisk", "c")
        await desk.until(lambda: estate.verbs() == ["claim"])
        await desk.press("u")
        await desk.until(lambda: "take back: the claim of 3 findings at " in desk.text())
        await desk.type("u")
        await desk.press("enter")
        await desk.until(lambda: "enter alone does it" in desk.text())
        assert estate.verbs() == ["claim"]
        await desk.press("backspace", "enter")
        await desk.until(lambda: estate.verbs() == ["claim", "take_back"])


async def test_escape_and_an_empty_reason_record_nothing(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        await desk.press("a", "escape")
        await desk.press("a", "enter")
        await desk.until(lambda: "a reason is needed" in desk.text())
        assert estate.verbs() == []


async def test_a_question_names_the_keys_that_answer_it(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        await desk.press("n")
        keys = desk.text().splitlines()[-1]
        assert "ctrl+d keep" in keys
        assert "enter new line" in keys
        await desk.press("escape", "a")
        keys = desk.text().splitlines()[-1]
        assert "enter keep" in keys
        assert "tab" not in keys, "nothing completes a reason"
        await desk.press("escape")


async def test_an_act_stays_with_the_finding_under_the_cursor_at_the_keypress(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        chosen = under_cursor(desk)
        await desk.press("a")
        estate.answer(Freshness.FRESH, record(9, "worse has come", "CRITICAL"))
        await desk.until(lambda: "worse has come" in desk.text())
        await desk.type("mine")
        await desk.press("enter")
        await desk.until(lambda: estate.verbs() == ["acknowledge"])
        assert estate.entry().entry.subjects == (chosen,)


async def test_marks_make_one_batch(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *(record(n, f"finding {n}") for n in range(1, 131)))
    async with console() as desk:
        await desk.press("asterisk")
        await desk.until(lambda: "130 marks" in desk.text())
        await desk.press("a")
        await desk.type("storm")
        await desk.press("enter")
        await desk.until(lambda: "acknowledged: 130 findings" in desk.text())
        entries = [line.entry for line in ledger.read(estate.folder)][1:]
        assert [len(entry.subjects) for entry in entries] == [100, 30]
        assert len({entry.data["batch"] for entry in entries}) == 1
        assert "marks" not in desk.text()


async def test_the_filter_narrows_while_typing_and_escape_returns(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        await desk.press("slash")
        await desk.type("sev:low")
        await desk.until(lambda: "1 of 3" in desk.text())
        await desk.type(" sevv:x")
        await desk.until(lambda: "no field sevv" in desk.text())
        await desk.press("escape")
        await desk.until(lambda: "3 of 3" in desk.text())

        await desk.press("slash")
        await desk.type("sev:critical")
        await desk.press("enter")
        await desk.until(lambda: "1 of 3" in desk.text())
        await desk.press("colon", "q", "enter")
    async with console() as desk:
        assert "sev:critical" in desk.text()
        assert "1 of 3" in desk.text()
        await desk.until(lambda: "filter restored: sev:critical (esc clears)" in desk.text())
        await desk.press("escape")
        await desk.until(lambda: "3 of 3" in desk.text())


async def test_a_resumed_console_begins_at_the_worst(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *(record(n, f"finding {n}") for n in range(1, 81)))
    async with console(size=(80, 24)) as desk:
        first = under_cursor(desk)
        await desk.press("G")
        assert under_cursor(desk) != first
        await desk.press("colon", "q", "enter")
    async with console(size=(80, 24)) as desk:
        await desk.pilot.pause()
        assert under_cursor(desk) == first
        await desk.press("j")
        second = under_cursor(desk)
        await desk.press("colon", "q", "enter")
    async with console(size=(80, 24)) as desk:
        await desk.until(lambda: under_cursor(desk) == second)
        await desk.press("g")
        assert under_cursor(desk) == first


@pytest.mark.parametrize("outcome", [f for f in Freshness if f not in (Freshness.FRESH, Freshness.NEVER)])
async def test_nothing_is_clear_unless_every_source_is_fresh(
    estate: Estate, console: Opened, outcome: Freshness
) -> None:
    estate.answer(Freshness.STALE if outcome is Freshness.STALE else outcome)
    async with console(size=(80, 24)) as desk:
        for place in ("1", "7", "5"):
            await desk.press(place)
            assert "clear" not in desk.text().lower()
        await desk.press("1")
        await desk.until(lambda: "proves nothing" in desk.text())


async def test_clear_is_said_when_it_is_true_and_taken_back_when_it_is_not(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH)
    async with console() as desk:
        await desk.until(lambda: "clear: no open threats" in desk.text())
        estate.answer(Freshness.DENIED)
        await desk.until(lambda: "clear" not in desk.text())
        assert "DENIED" in desk.text()


async def test_an_empty_filter_result_is_not_called_clear(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        await desk.press("slash")
        await desk.type("nosuchword")
        await desk.press("enter")
        await desk.until(lambda: "nothing matches" in desk.text())
        assert "clear" not in desk.text()


async def test_a_snooze_says_what_it_hides_and_ends_within_a_week(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        await desk.press("z")
        await desk.type("9d")
        await desk.press("enter")
        await desk.until(lambda: "9d is too long: a snooze ends after 7 days at the latest" in desk.text())
        await desk.press("backspace", "backspace")
        await desk.type("1d 12h")
        await desk.press("enter")
        await desk.until(lambda: "hides only CRITICAL" in desk.text())
        await desk.type("pentest")
        await desk.press("enter")
        await desk.until(lambda: estate.verbs() == ["snooze"])
        await desk.until(lambda: "2 of 3" in desk.text())


async def test_in_read_decisions_stay_here_and_no_key_asks_for_a_containment(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console(mode=Mode.READ) as desk:
        await desk.press("c")
        await desk.until(lambda: "READ: not sent" in desk.text())
        keys = sorted({key for command in COMMANDS for key in desk.app.desk.keymap.keys(command.id)})
        for place in ("1", "X"):
            await desk.press("escape", "escape", "1")
            desk.screen.perform_line("view threats")
            desk.screen.query_one("#list", WindowTable).clear_marks()
            await desk.press(place)
            await desk.until(lambda place=place: place == "1" or "s3-block-public" in desk.text())
            for key in keys:
                await desk.rattle(key)
                await desk.rattle("enter", "escape")
        assert "contain" not in {request["do"] for request in desk.asked()}
        assert "undo" not in {request["do"] for request in desk.asked()}


async def test_an_export_is_the_filtered_list_for_its_owner_alone(
    estate: Estate, console: Opened, tmp_path: Path
) -> None:
    estate.answer(Freshness.FRESH, record(1, "=HYPERLINK(1)", "CRITICAL"), record(2, "plain"))
    async with console() as desk:
        desk.screen.perform_line("filter sev:critical")
        for name in ("out.json", "out.csv"):
            path = tmp_path / name
            desk.screen.perform_line(f"export {path}")
            await desk.until(lambda path=path: path.exists() and path.stat().st_size)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [row["title"] for row in json.loads((tmp_path / "out.json").read_text())] == ["=HYPERLINK(1)"]
        assert '"\'=HYPERLINK(1)"' in (tmp_path / "out.csv").read_text()
        desk.screen.perform_line(f"export {tmp_path / 'out.csv'}")
        await desk.until(lambda: "exists already" in desk.text())


async def test_the_heartbeat_tells_the_watch_that_somebody_is_there(estate: Estate, console: Opened) -> None:
    from socconsole.store import sources

    async with console() as desk:
        await desk.until(lambda: sources.present(desk.app.desk.conn))
    with closing(estate.write()) as conn:
        assert not sources.present(conn)


async def test_the_cursor_keys_move_from_the_first_moment(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console(size=(80, 24)) as desk:
        first = under_cursor(desk)
        await desk.press("down")
        second = under_cursor(desk)
        assert second != first
        await desk.press("up")
        assert under_cursor(desk) == first


async def test_two_questions_in_a_row_leave_the_keyboard_to_the_screen(estate: Estate, console: Opened) -> None:
    """Snoozing asks for a span and then for a reason, from a finding's own screen whose row leaves the list."""
    estate.answer(Freshness.FRESH, *three())
    async with console() as desk:
        await desk.press("enter")
        await desk.until(lambda: "finding" in desk.screen.titled)
        await desk.press("z")
        await desk.type("1h")
        await desk.press("enter")
        await desk.until(lambda: "reason" in desk.text())
        await desk.type("known test")
        await desk.press("enter")
        await desk.until(lambda: "snoozed" in desk.text())
        await desk.press("escape")
        await desk.until(lambda: "Triage" in desk.text())
        await desk.press("7")
        await desk.until(lambda: "Sources" in desk.text())


async def test_an_export_without_a_name_asks_for_one(estate: Estate, console: Opened, tmp_path: Path) -> None:
    estate.answer(Freshness.FRESH, *three())
    target = tmp_path / "shown.json"
    async with console() as desk:
        desk.screen.perform(desk.app.desk.command("export"))
        await desk.until(lambda: "FILE.csv or FILE.json" in desk.text())
        await desk.type(str(target))
        await desk.press("enter")
        await desk.until(lambda: "3 rows written" in desk.text())
    assert len(json.loads(target.read_text("utf-8"))) == 3


async def test_the_help_explains_signs_brackets_and_how_to_leave(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, *three())
    async with console(size=(120, 90)) as desk:
        await desk.press("question_mark")
        await desk.until(lambda: "ctrl+c" in desk.text())
        for said in ("(brackets)", "keeps a note", "✖ CRITICAL", "▪ LOW", "quiet: a leak", "+1 here", "AGE: since"):
            assert said in desk.text()


async def test_a_filter_that_cannot_be_read_is_asked_for_again_as_it_stands(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, record(1, "bucket read in bulk"), record(2, "low and slow", "LOW"))
    async with console(size=(120, 40)) as desk:
        await desk.until(lambda: "low and slow" in desk.text())
        await desk.press("slash")
        await desk.type("sev:hgh")
        await desk.press("enter")
        await desk.until(lambda: "did you mean high" in desk.text().splitlines()[-1])
        assert "/ sev:hgh" in desk.text(), "and can be mended"
        assert "low and slow" in desk.text(), "what cannot be read hides nothing"
        await desk.press("backspace", "backspace", "backspace")
        await desk.type("high")
        await desk.press("enter")
        await desk.until(lambda: "low and slow" not in desk.text() and "sev:high" in desk.text())


async def test_up_brings_back_what_was_answered_before(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, record(1, "first"), record(2, "second"))
    async with console(size=(120, 40)) as desk:
        await desk.until(lambda: "second" in desk.text())
        await desk.press("a")
        assert "earlier" not in desk.text().splitlines()[-1]
        await desk.type("paging the owner")
        await desk.press("enter")
        await desk.until(lambda: estate.verbs() == ["acknowledge"])
        await desk.press("down", "a")
        assert "earlier" in desk.text().splitlines()[-1]
        await desk.type("x")
        await desk.press("up")
        await desk.until(lambda: "paging the owner" in desk.text().splitlines()[-2])
        await desk.press("down")
        await desk.until(lambda: "paging the owner" not in desk.text().splitlines()[-2])
        await desk.press("up", "up", "enter")
        await desk.until(lambda: estate.verbs() == ["acknowledge", "acknowledge"])
        assert estate.entry().entry.private["reason"] == "paging the owner"
        await desk.press("colon", "up")
        assert "paging" not in desk.text().splitlines()[-2], "a reason is no command"


async def test_beside_an_empty_list_stands_what_mends_it(estate: Estate, console: Opened) -> None:
    with closing(estate.write()) as conn:
        why = Untrusted("the profile a-profile is not configured")
        sources.record(conn, Answer(SOURCE, Freshness.ERROR, why, "aws sso login"), datetime.now(UTC))
    async with console(size=(120, 40)) as desk:
        await desk.until(lambda: "aws sso login" in desk.text())
        assert "a-profile is not" in desk.text()
        estate.answer(Freshness.FRESH)
        await desk.until(lambda: "clear: no open threats" in desk.text())
        assert "aws sso" not in desk.text()


async def test_the_detail_is_read_on_without_leaving_the_row(estate: Estate, console: Opened) -> None:
    long = {**record(1, "bucket read in bulk"), "Description": "\n".join(f"paragraph {n}" for n in range(60))}
    estate.answer(Freshness.FRESH, long, record(2, "another"))
    async with console(size=(120, 30)) as desk:
        await desk.until(lambda: "paragraph 1" in desk.text())
        cursor = desk.screen.subject()
        assert "paragraph 25" not in desk.text()
        for key in ("right_square_bracket", "shift+down"):
            await desk.press(*[key] * 4)
        await desk.until(lambda: "paragraph 25" in desk.text())
        assert desk.screen.subject() == cursor
        await desk.press(*["left_square_bracket"] * 4, *["shift+up"] * 4)
        await desk.until(lambda: "paragraph 25" not in desk.text())
        await desk.press("q")
        await desk.until(lambda: ":q leaves" in desk.text())


async def test_until_every_source_has_answered_the_cursor_rests_on_the_worst(estate: Estate, console: Opened) -> None:
    other = SourceKey("guardduty", SOURCE.account, SOURCE.region)
    with closing(estate.write()) as conn:
        sources.scope(conn, [SOURCE, other])
    estate.answer(Freshness.FRESH, record(3, "port open", "LOW"))
    async with console(size=(120, 40)) as desk:
        await desk.until(lambda: "port open" in desk.text())
        estate.answer(Freshness.FRESH, record(1, "bucket read in bulk", "CRITICAL"))
        await desk.until(lambda: "▶ ✖ C" in desk.text())
        with closing(estate.write()) as conn:
            sources.record(conn, Answer(other, Freshness.FRESH), datetime.now(UTC))
        await desk.until(lambda: "reading" not in desk.text())
        estate.answer(Freshness.FRESH, record(2, "worse still", "CRITICAL"))
        await desk.until(lambda: "worse still" in desk.text())
        row = next(line for line in desk.text().splitlines() if "▶" in line)
        assert "bucket read in bulk" in row, "from then on the cursor stays on its finding"


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (160, 50)])
async def test_what_a_snooze_hides_is_said_whole_at_every_width(
    estate: Estate, console: Opened, size: tuple[int, int]
) -> None:
    estate.answer(Freshness.FRESH, record(1, "bucket read in bulk"))
    async with console(size=size) as desk:
        await desk.until(lambda: "bucket read in bulk" in desk.text())
        await desk.press("z")
        await desk.until(lambda: "at most 7d" in desk.text())
        await desk.type("4h")
        await desk.press("enter")
        await desk.until(lambda: "snooze: reason" in desk.text())
        said = " ".join(desk.text().split())
        assert "hides only HIGH Exfiltration:S3/AnomalousBehavior by no actor on 1 resource until 2" in said
        await desk.press("escape", "v")
        await desk.until(lambda: "a reason may follow" in " ".join(desk.text().split()))
