"""Each rail on its own: what it forbids, and that it forbids nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socconsole.model.action import Call, Mode, Plan, Reversible
from socconsole.model.world import DrillWorld, Place, World, WorldKind
from socconsole.response import rails

ARN = "arn:aws:s3:::llm-corpus-eu"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PLAN = Plan(
    action="s3-block-public",
    target="llm-corpus-eu",
    place=Place("111122223333", "eu-central-1"),
    finding=None,
    helps=True,
    why="",
    instead="",
    calls=(Call("s3", "PutPublicAccessBlock", {"Bucket": "llm-corpus-eu"}),),
    undo_calls=(),
    before={"PublicAccessBlock": None},
    after={},
    stops="",
    does_not_stop="",
    blast_radius="",
    reversible=Reversible.YES,
    wide=False,
    warnings=(),
    permitted="unknown",
    read_at=NOW,
    tags={"env": "prod", "socconsole": "keep"},
)


@pytest.mark.parametrize("mode", [Mode.READ, Mode.TRIAGE])
def test_only_respond_is_armed(mode: Mode) -> None:
    assert rails.armed(mode)
    assert not rails.armed(Mode.RESPOND)


@pytest.mark.parametrize(
    "pattern",
    ["llm-corpus-eu", "llm-*", "111122223333", "111122223333/llm-*", "?lm-corpus-eu", "arn:aws:s3:::llm-*"],
)
def test_never_touch_by_id_by_account_and_by_both(pattern: str) -> None:
    assert rails.never_touch((pattern,), PLAN, ARN)


@pytest.mark.parametrize("pattern", ["llm", "LLM-*", "999988887777", "999988887777/llm-*", ""])
def test_never_touch_means_what_it_says(pattern: str) -> None:
    assert not rails.never_touch((pattern,), PLAN, ARN)


@pytest.mark.parametrize(
    ("rule", "forbids"),
    [({"env": "*"}, True), ({"env": "prod"}, True), ({"env": "dev"}, False), ({"x": "*"}, False), ({}, False)],
)
def test_protected_tags(rule: dict[str, str], forbids: bool) -> None:
    assert bool(rails.protected(rule, PLAN)) is forbids


def test_tags_that_aws_would_not_show_protect_where_any_tag_does() -> None:
    hidden = replace(PLAN, tags={}, evidence={"tags": {"denied": True}})
    assert rails.protected({"env": "*"}, hidden)
    assert not rails.protected({}, hidden)
    assert rails.protected({"env": "*"}, replace(PLAN, tags={}, parts=(hidden,))), "a composition's parts are asked"


def test_an_import_world_and_a_foreign_account_are_refused() -> None:
    started = datetime(2026, 11, 23, tzinfo=UTC)
    drill = World(WorldKind.DRILL, "aws", ("111122223333",), DrillWorld("leak", 1, 5000, started, 1.0))
    assert not rails.world(drill, "111122223333")
    assert rails.world(drill, "999988887777")
    assert rails.world(World(WorldKind.IMPORT), "111122223333")


def test_the_sixth_action_in_ten_minutes_waits() -> None:
    recent = [NOW - timedelta(minutes=9, seconds=i) for i in range(5)]
    said = rails.rate(recent, NOW)
    assert "the limit is 5 in 10 min; next in " in said[:78], "a footer of 80 cells shows no more"
    assert "--break-glass on the command line" in said[:78]
    assert not rails.rate(recent[:4], NOW)
    assert not rails.rate(recent, NOW + timedelta(minutes=2))


@pytest.mark.parametrize(("seconds", "forbids"), [(None, False), (299, False), (301, True), (-301, True)])
def test_clock_skew(seconds: float | None, forbids: bool) -> None:
    assert bool(rails.skew(seconds)) is forbids


def test_a_public_state_needs_acceptance_and_a_reason() -> None:
    exposing = replace(PLAN, re_exposes=True)
    assert rails.exposure(exposing, False, "why not")
    assert rails.exposure(exposing, True, "  ")
    assert not rails.exposure(exposing, True, "owner asked")
    assert not rails.exposure(PLAN, False, "")


def test_the_last_six_confirm_and_a_script_gives_all() -> None:
    assert rails.confirm_text(PLAN) == "pus-eu"
    assert not rails.confirmed(PLAN, "pus-eu")
    assert not rails.confirmed(PLAN, "llm-corpus-eu")
    assert rails.confirmed(PLAN, "pus-eu", whole=True)
    assert not rails.confirmed(PLAN, "llm-corpus-eu", whole=True)


@pytest.mark.parametrize("change", [{"wide": True}, {"re_exposes": True}])
def test_what_is_wide_or_re_exposes_takes_the_whole_id(change: dict[str, bool]) -> None:
    plan = replace(PLAN, **change)
    assert rails.confirm_text(plan) == "llm-corpus-eu"
    assert rails.confirmed(plan, "pus-eu")


@pytest.mark.parametrize("typed", ["", "PUS-EU", "pus-eu ", " pus-eu", "us-eu", "рus-eu", "pus\u2011eu", "pus-eu\n"])
def test_nothing_else_confirms(typed: str) -> None:
    assert rails.confirmed(PLAN, typed)


@given(st.text(max_size=20))
def test_no_text_but_the_right_one_confirms(typed: str) -> None:
    assert bool(rails.confirmed(PLAN, typed)) is (typed not in ("pus-eu", "llm-corpus-eu"))


def test_a_target_that_changed_since_it_was_shown_is_looked_at_again() -> None:
    assert not rails.moved(PLAN, replace(PLAN, read_at=NOW + timedelta(seconds=3)))
    assert rails.moved(PLAN, replace(PLAN, before={"PublicAccessBlock": {"BlockPublicAcls": True}}))
    assert rails.moved(PLAN, replace(PLAN, calls=()))
    assert rails.moved(PLAN, replace(PLAN, re_exposes=True))


def test_a_plan_is_stale_after_five_seconds() -> None:
    assert not rails.stale(PLAN, NOW + timedelta(seconds=5))
    assert rails.stale(PLAN, NOW + timedelta(seconds=6))


def test_the_profiles_own_rights_are_used_only_where_the_config_says_so() -> None:
    assert rails.identity("", False)
    assert not rails.identity("", True)
    assert not rails.identity("arn:aws:iam::111122223333:role/responder", False)
