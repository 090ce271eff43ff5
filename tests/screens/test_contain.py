"""Containment from a finding: offered, armed, typed, carried out, and never by accident."""

from datetime import UTC, datetime
from typing import Any

import pytest
from textual import events

from socconsole.commands import Undo
from socconsole.model.entry import Entry
from socconsole.model.source import Freshness
from socconsole.screens import opening, plan_sections
from socconsole.screens.contain import PlanScreen
from socconsole.store import ledger, project
from tests.screens.support import HOSTILE, Estate, Opened, Running, record


def contained(desk: Running) -> list[dict[str, Any]]:
    return [request for request in desk.asked() if request["do"] in ("contain", "undo")]


@pytest.fixture
def leak(estate: Estate) -> Estate:
    estate.answer(Freshness.FRESH, record(1, "bucket read in bulk", "CRITICAL"))
    return estate


async def to_the_plan(desk: Running) -> None:
    await desk.press("X")
    await desk.until(lambda: "s3-block-public" in desk.text())
    await desk.press("enter")
    await desk.until(lambda: isinstance(desk.app.screen, PlanScreen) and "PutPublicAccessBlock" in desk.text())


async def test_unarmed_it_copies_the_lines_and_enter_asks_what_to_arm_for(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        await to_the_plan(desk)
        text = desk.text()
        for said in ("anyone may read it", "accounts that are named in the policy", "+", "by hand"):
            assert said in text
        await desk.press("y")
        await desk.until(lambda: "sent" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "why this session has to contain" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "not armed, nothing was done" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "why this session has to contain" in desk.text())
        await desk.type("leak")
        await desk.press("enter")
        await desk.until(lambda: "Type the last 6 characters of the target" in desk.text())
        assert " RESPOND " in desk.text()
        assert contained(desk) == []


async def test_armed_it_takes_the_typed_characters_and_tells_the_outcome(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.until(lambda: " RESPOND " in desk.text())
        await to_the_plan(desk)
        await desk.press("enter")
        await desk.until(lambda: "Type the last 6 characters of the target" in desk.text())
        assert "111122223333  eu-central-1" in desk.text()
        await desk.type("wrong")
        await desk.press("enter")
        await desk.until(lambda: "that is not" in desk.text())
        assert contained(desk) == []
        await desk.press(*["backspace"] * 5)
        await desk.type("s-prod")
        await desk.press("enter")
        await desk.until(lambda: "60 s: held" in desk.text())
        request = contained(desk)[0]
        assert (request["target"], request["confirm"]) == ("arn:aws:s3:::llm-corpus-prod", "s-prod")
        assert request["finding"].startswith("f-")
        assert request["reason"] == "", "the short path asks for none"

        await desk.press("enter")
        await desk.until(lambda: "confirmed already" in desk.text())
        assert len(contained(desk)) == 1


async def test_the_outcome_is_in_sight_although_the_plan_was_read_to_its_end(leak: Estate, console: Opened) -> None:
    async with console(size=(80, 15)) as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.until(lambda: " RESPOND " in desk.text())
        desk.screen.perform_line("contain s3-block-public b")
        await desk.until(lambda: "anyone may read it" in desk.text())
        await desk.press("end")
        await desk.until(lambda: "anyone may read it" not in desk.text())
        await desk.press("enter")
        await desk.type("s-prod")
        await desk.press("enter")
        await desk.until(lambda: "outcome" in desk.text())
        await desk.until(lambda: "applied: s3-block-public on arn:" in desk.text().splitlines()[-1])


async def test_back_from_a_plan_what_was_done_is_in_force_and_undone_from_there(leak: Estate, console: Opened) -> None:
    async with console(size=(100, 60)) as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.until(lambda: " RESPOND " in desk.text())
        await desk.press("X")
        await desk.until(lambda: "anyone may read it: the policy grants s3:GetObject to *" in desk.text())
        assert "(U Undo)" in desk.text(), "nothing to undo yet"
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, PlanScreen) and "PutPublicAccessBlock" in desk.text())
        await desk.press("enter")
        await desk.type("s-prod")
        await desk.press("enter")
        await desk.until(lambda: "60 s: held" in desk.text())
        assert "before it" in desk.text()
        assert "helps" not in desk.text(), "what the plan had read is how it was before"
        await desk.press("escape")
        await desk.until(lambda: "in force s3-block-public" in desk.text())
        assert "since 23:31:07Z, a-1; public access is blocked already" in desk.text()
        await desk.press("U")
        await desk.until(lambda: [one["action_id"] for one in desk.asked() if one["do"] == "planundo"] == ["a-1"])


def contained_elsewhere(estate: Estate) -> None:
    """A containment by a command in another terminal."""
    parts: dict[str, Any] = {"calls": [], "undo_calls": [], "before": {}, "after": {}, "evidence": None}
    where = {"target": "llm-corpus-prod", "account": "111122223333", "region": "eu-central-1"}
    data = {"id": "a-7", "action": "s3-lockdown", **where, **parts, "reversible": "yes", "wide": True}
    settled = {"id": "a-7", "state": "applied", "when": "at once", "held": True, "results": [], "detail": ""}
    ledger.append(estate.folder, [Entry("intent", "ana", data=data), Entry("outcome", "ana", data=settled)])
    project.project(estate.folder)


async def test_what_somebody_else_contained_is_read_again_while_the_list_stands(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        await desk.press("X")
        await desk.until(lambda: "helps    s3-block-public" in desk.text())
        contained_elsewhere(leak)
        await desk.until(lambda: len([one for one in desk.asked() if one["do"] == "offer"]) == 2)
        await desk.until(lambda: "helps    s3-block-public" in desk.text())


@pytest.mark.parametrize(
    ("state", "said", "kind"),
    [
        ("applied", "applied: undo of a-1 on b", "good"),
        ("not_applied", "NOT applied: undo of a-1 on b", "warning"),
        ("partial", "applied IN PART: undo of a-1 on b", "error"),
        ("in_doubt", "IN DOUBT: undo of a-1 on b", "error"),
    ],
)
def test_the_line_of_an_outcome_begins_with_its_state(state: str, said: str, kind: str) -> None:
    undo = Undo(action_id="a-1", confirm="b")
    assert plan_sections.settled({"state": state, "target": "b"}, undo) == (said, kind)


async def test_what_would_change_nothing_cannot_be_confirmed(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.press("X")
        await desk.until(lambda: "s3-deny-account" in desk.text())
        opening.plan(desk.app.desk, "useless", "b")
        await desk.until(lambda: "would change nothing" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "it would change nothing here" in desk.text())
        await desk.press("colon")
        assert "it would change nothing here" not in desk.text(), "the keys of the question are what counts now"
        assert "tab complete" in desk.text()
        await desk.press("escape")
        assert contained(desk) == []


async def test_an_undo_that_re_exposes_asks_for_that_word_first(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("respond put it back")
        await desk.until(lambda: " RESPOND " in desk.text())
        desk.screen.perform_line("undo a-1")
        await desk.until(lambda: "RE-EXPOSES: what this restores" in desk.text())
        await desk.press("enter")
        await desk.type("s-prod")
        await desk.press("enter")
        await desk.until(lambda: "that is not RE-EXPOSES" in desk.text())
        assert contained(desk) == []
        assert "esc leaves everything as it is" in desk.text().splitlines()[-1]
        await desk.type("RE-EXPOSES")
        await desk.press("enter")
        await desk.until(lambda: "reason, needed:" in desk.text())
        assert "UNDO" in desk.text()
        await desk.press("enter")
        await desk.until(lambda: "a reason is needed" in desk.text())
        await desk.type("wrong bucket")
        await desk.press("enter")
        await desk.type("s-prod")
        await desk.press("enter")
        await desk.until(lambda: contained(desk))
        assert contained(desk)[0]["accept_exposure"] is True
        assert contained(desk)[0]["although_handed_over"] is False
        assert contained(desk)[0]["reason"] == "wrong bucket", "the actor refuses without one"


def handed_over(estate: Estate, action: str) -> None:
    """A containment of ours that another install accepted with a handoff."""
    now = int(datetime(2026, 3, 1, 3, 14, tzinfo=UTC).timestamp() * 1_000_000)
    same = {"handoff": "h-0123456789ab", "now": now}
    given = {**same, "sha256": "0" * 64, "bytes": 1, "cases": [], "actions": [action]}
    accepted = {**same, "install": "i-0123456789ab", "key": "k", "peer": "berlin", "by": "bob", "at": now}
    made = (Entry("handoff", "oncall1", data=given), Entry("handoff_accepted", "oncall1", data=accepted))
    ledger.append(estate.folder, made)
    project.project(estate.folder)


async def test_an_undo_of_what_another_install_holds_asks_to_be_forced_first(leak: Estate, console: Opened) -> None:
    handed_over(leak, "a-1")
    async with console() as desk:
        desk.screen.perform_line("respond put it back")
        await desk.until(lambda: " RESPOND " in desk.text())
        desk.screen.perform_line("undo a-1")
        await desk.until(lambda: "bob (berlin) since 2026-03-01 03:14Z, by the handoff h-0123456789ab" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "tell them" in desk.text())
        await desk.type("RE-EXPOSES")
        await desk.press("enter")
        await desk.until(lambda: "that is not HANDED-OVER" in desk.text())
        await desk.type("HANDED-OVER")
        await desk.press("enter")
        await desk.until(lambda: "type RE-EXPOSES" in desk.text())
        await desk.type("RE-EXPOSES")
        await desk.press("enter")
        await desk.until(lambda: "reason, needed:" in desk.text())
        assert contained(desk) == []
        await desk.type("bob agreed")
        await desk.press("enter")
        await desk.type("s-prod")
        await desk.press("enter")
        await desk.until(lambda: contained(desk))
        (undo,) = contained(desk)
        assert (undo["although_handed_over"], undo["accept_exposure"], undo["reason"]) == (True, True, "bob agreed")


async def test_what_stays_snoozed_is_said_before_its_target_is_opened_again(leak: Estate, console: Opened) -> None:
    same = {
        **record(2, "the same bucket"),
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::llm-corpus-prod"}],
    }
    leak.answer(Freshness.FRESH, same)
    async with console() as desk:
        await desk.until(lambda: "the same bucket" in desk.text())
        desk.screen.perform_line("undo a-1")
        await desk.until(lambda: "RE-EXPOSES: what this restores" in desk.text())
        assert "snoozed finding" not in desk.text()
        await desk.press("escape")
        desk.screen.perform_line("filter the same bucket")
        await desk.until(lambda: "bucket read in bulk" not in desk.text())
        desk.screen.perform_line("snooze 4h known")
        await desk.until(lambda: leak.verbs() == ["snooze"])
        desk.screen.perform_line("undo a-1")
        await desk.until(lambda: "1 snoozed finding about it stays hidden" in desk.text())


async def test_a_reason_is_given_with_tab_and_reaches_the_ledger(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.until(lambda: " RESPOND " in desk.text())
        await to_the_plan(desk)
        await desk.press("enter")
        await desk.until(lambda: "reason (tab):" in desk.text())
        assert "tab reason" in desk.text().splitlines()[-1]
        await desk.press("tab")
        await desk.type("the owner agreed")
        await desk.press("enter")
        assert contained(desk) == [], "a reason alone confirms nothing"
        await desk.type("s-prod")
        await desk.press("enter")
        await desk.until(lambda: contained(desk))
        assert (contained(desk)[0]["reason"], contained(desk)[0]["confirm"]) == ("the owner agreed", "s-prod")


async def test_a_wide_action_asks_for_the_whole_id_and_a_reason(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.until(lambda: " RESPOND " in desk.text())
        desk.screen.perform_line("contain wide b")
        await desk.until(lambda: "PutPublicAccessBlock" in desk.text())
        assert "wide: the whole id has to be typed" in desk.text()
        assert "second person: somebody else" in desk.text()
        await desk.press("enter")
        await desk.until(lambda: "Type the whole id" in desk.text())
        assert "last six" not in desk.text()
        await desk.type("everything leaks")
        await desk.press("enter")
        await desk.type("s-prod")
        await desk.press("enter")
        await desk.until(lambda: "that is not arn:aws:s3:::llm-corpus-prod" in desk.text())
        assert contained(desk) == []
        await desk.type("arn:aws:s3:::llm-corpus-prod")
        await desk.press("enter")
        await desk.until(lambda: contained(desk))
        assert contained(desk)[0]["reason"] == "everything leaks"


async def confirm_widely(desk: Running) -> None:
    await desk.until(lambda: "reason, needed:" in desk.text())
    await desk.type("it leaks")
    await desk.press("enter")
    await desk.type("arn:aws:s3:::llm-corpus-prod")
    await desk.press("enter")


async def test_a_second_persons_yes_is_asked_for_and_taken(leak: Estate, console: Opened) -> None:
    async with console(size=(120, 60)) as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.until(lambda: " RESPOND " in desk.text())
        desk.screen.perform_line("contain wide b")
        await desk.until(lambda: "PutPublicAccessBlock" in desk.text())
        await desk.press("enter")
        await confirm_widely(desk)
        await desk.until(lambda: "enter Approval …" in desk.text() and "socconsole approve LINE" in desk.text())
        assert "a second person has to approve it" in desk.text()
        copied = []
        desk.app.send_to_clipboard = lambda value: copied.append(value) or "sent"  # type: ignore[method-assign,func-returns-value,assignment]
        await desk.press("y")
        assert copied == ["socconsole-proposal." + 300 * "eN"], "whole, however little of it is shown"
        await desk.press("enter")
        await desk.type("yes go ahead")
        await desk.press("enter")
        await desk.until(lambda: "an approval begins with" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "paste the second person's line" in desk.text())
        desk.app.post_message(events.Paste("socconsole-approval." + 300 * "xA"))
        await desk.until(lambda: "xAxA" in desk.text())
        await desk.press("enter")
        await confirm_widely(desk)
        await desk.until(lambda: len(contained(desk)) == 2)
        assert contained(desk)[1]["approval"] == "socconsole-approval." + 300 * "xA"
        assert contained(desk)[1]["break_glass"] is False
        await desk.until(lambda: "60 s: held" in desk.text() and "socconsole approve LINE" not in desk.text())


async def test_glass_is_broken_by_its_whole_word(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.until(lambda: " RESPOND " in desk.text())
        desk.screen.perform_line("contain wide b")
        await desk.until(lambda: "PutPublicAccessBlock" in desk.text())
        await desk.press("enter")
        await confirm_widely(desk)
        await desk.until(lambda: "enter Approval …" in desk.text())
        await desk.press("enter")
        await desk.type("BREAK-GLASS")
        await desk.press("enter")
        await confirm_widely(desk)
        await desk.until(lambda: len(contained(desk)) == 2)
        assert contained(desk)[1]["break_glass"] is True


async def test_what_aws_did_not_take_can_be_tried_again(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.until(lambda: " RESPOND " in desk.text())
        desk.screen.perform_line("contain flaky b")
        for attempt in (1, 2):
            await desk.until(lambda: "enter Contain …" in desk.text() and "PutPublicAccessBlock" in desk.text())
            assert ("sts:AssumeRole was throttled" in desk.text()) is (attempt == 2)
            await desk.press("enter")
            await desk.type("s-prod")
            await desk.press("enter")
            await desk.until(lambda attempt=attempt: len(contained(desk)) == attempt)
        await desk.until(lambda: "60 s: held" in desk.text())
        assert "throttled" not in desk.text(), "what came of it is the last attempt's"


async def test_a_plan_that_could_not_be_read_is_read_again(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("contain unreadable b")
        await desk.until(lambda: "s3:GetBucketPolicy timed out" in desk.text() and "enter Read again" in desk.text())
        await desk.press("enter")
        await desk.until(lambda: "PutPublicAccessBlock" in desk.text())


async def test_a_dead_actor_disarms_and_says_so(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        desk.screen.perform_line("respond data is leaving")
        await desk.until(lambda: " RESPOND " in desk.text())
        desk.screen.perform_line("respond die")
        await desk.until(lambda: " RESPOND " not in desk.text())
        await desk.until(lambda: desk.app.desk.link is not None and desk.app.desk.link.alive)
        assert " TRIAGE " in desk.text()


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_a_hostile_title_is_text_on_every_screen(estate: Estate, console: Opened, size: tuple[int, int]) -> None:
    estate.answer(Freshness.FRESH, record(1, HOSTILE, "CRITICAL"))
    async with console(size=size) as desk:
        shown = "[@click=app.quit]x[/]"
        await desk.until(lambda: shown in desk.text())
        for keys in (("enter",), ("o",), ("X",), ("n",), ("question_mark",), ("ctrl+k",), ("5",), ("7",)):
            await desk.press("1", *keys)
            text = desk.text()
            assert not {char for char in text if ord(char) < 32 and char != "\n"}
            assert "\u202e" not in text
            if keys == ("enter",):
                assert shown in text
            await desk.press("escape")
        await desk.press("1", "c", "5")
        await desk.until(lambda: "claim" in desk.text())
        await desk.press("home", "enter")
        await desk.until(lambda: shown in desk.text())


async def test_a_terminal_that_is_too_small_says_so(estate: Estate, console: Opened) -> None:
    async with console(size=(80, 24)) as desk:
        await desk.pilot.resize_terminal(50, 9)
        await desk.until(lambda: "socconsole needs 60x10" in desk.text())
        await desk.pilot.resize_terminal(80, 24)
        await desk.until(lambda: "Triage" in desk.text())


async def test_the_second_offer_is_a_key_away(leak: Estate, console: Opened) -> None:
    async with console() as desk:
        await desk.press("X")
        await desk.until(lambda: "s3-deny-account" in desk.text())
        await desk.press("j")
        await desk.until(lambda: "▶ no       s3-deny-account" in desk.text())
        await desk.press("up")
        await desk.until(lambda: "▶ helps    s3-block-public" in desk.text())
