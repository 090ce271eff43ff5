"""Header, footer and detail pane: what is wrong is said at every width."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from socconsole.model.action import Mode
from socconsole.model.source import Freshness
from socconsole.model.world import WorldKind
from socconsole.text import Untrusted
from socconsole.widgets.detail import DetailPane, Section
from socconsole.widgets.footer import KeyFooter, KeyHint
from socconsole.widgets.header import HeaderState, SourceNote, StatusHeader, health_line, one_line, place_line
from socconsole.widgets.painted import width_of
from socconsole.widgets.rows import Line
from tests.widgets.stage import OneApp

FRESH = (SourceNote("hub", Freshness.FRESH, "4s"), SourceNote("guardduty", Freshness.FRESH, "9s"))
STATE = HeaderState(
    mode=Mode.TRIAGE,
    place="prod-eu 111122223333",
    region="eu-central-1",
    clock="03:14Z",
    sources=FRESH,
    unacked=2,
    oldest="04:21",
)


def plain(line: Line) -> str:
    return "".join(text for text, _ in line)


def everything(state: HeaderState, width: int) -> str:
    if width < 100:
        return plain(one_line(state, width))
    return plain(place_line(state, width)) + "\n" + plain(health_line(state, width))


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_it_says_where_and_what_may_be_done(width: int) -> None:
    said = everything(STATE, width)
    assert "prod-eu" in said
    assert "TRIAGE" in said
    assert "03:14Z" in said
    assert "04:21" in said
    assert all(width_of(line) == width for line in ([one_line(STATE, width)] if width < 100 else []))


@pytest.mark.parametrize("width", [80, 120])
def test_the_oldest_that_waited_too_long_is_said_without_colour(width: int) -> None:
    assert "2 unacked" in everything(STATE, width)
    late = everything(replace(STATE, oldest="18:20", late=True), width)
    assert "18:20!" in late or "18:20 of 15:00" in late


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_dead_watch_is_said(width: int) -> None:
    assert "timers stopped" in everything(replace(STATE, watch_alive=False), width)
    starting = everything(replace(STATE, watch_alive=False, watch_starting=True), width)
    assert "watch starting" in starting
    assert "timers stopped" not in starting


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("freshness", [f for f in Freshness if f is not Freshness.FRESH])
def test_a_source_that_is_not_fresh_is_said(width: int, freshness: Freshness) -> None:
    state = replace(STATE, sources=(*FRESH, SourceNote("trail", freshness)))
    said = everything(state, width)
    assert "not fresh" in said or freshness.value.lower() in said


def test_troubled_sources_come_first_and_none_is_lost() -> None:
    many = tuple(SourceNote(f"service{i}", Freshness.FRESH, "4s") for i in range(20))
    state = replace(STATE, sources=(*many, SourceNote("trail", Freshness.DENIED, note="denied eu-west-1")))
    said = plain(health_line(state, 120))
    assert said.index("denied eu-west-1") < said.index("service0")
    assert "+1" in said
    worse = replace(state, sources=tuple(SourceNote(f"service{i}", Freshness.STALE) for i in range(20)))
    assert "not fresh" in plain(health_line(worse, 120))


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_unacknowledged_is_only_a_fact_when_all_is_fresh(width: int) -> None:
    none = replace(STATE, unacked=0, oldest="")
    assert "known" not in everything(none, width)
    for doubt in (
        replace(none, watch_alive=False),
        replace(none, sources=()),
        replace(none, world=WorldKind.IMPORT),
        replace(none, sources=(*FRESH, SourceNote("trail", Freshness.STALE))),
    ):
        assert "0 known" in everything(doubt, width)


def test_who_is_on_is_said_where_there_is_room_and_goes_first() -> None:
    on = replace(STATE, who="oncall1", shift="shift 06:12", deadline="GDPR-33 ≈71 h", others=("ana",))
    assert "oncall1, shift 06:12" in everything(on, 160)
    assert everything(on, 80) == everything(replace(on, shift=""), 80)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_drill_never_looks_like_production(width: int) -> None:
    assert "DRILL leak" in everything(replace(STATE, world=WorldKind.DRILL, scenario="leak"), width)
    assert "IMPORTED" in everything(replace(STATE, world=WorldKind.IMPORT), width)
    assert "DRILL" not in everything(STATE, width)


def test_a_name_that_does_not_fit_is_a_count() -> None:
    crowded = replace(STATE, others=("a-colleague-of-a-long-name", "another"), region=REGION)
    assert "also here: a-colleague-of-a-long-name, another" in plain(place_line(crowded, 160))
    assert "+2 here" in plain(place_line(crowded, 100))
    assert "a-coll" not in plain(place_line(crowded, 100))


REGION = "eu-central-1 +1"


@pytest.mark.parametrize("width", range(60, 100, 5))
@pytest.mark.parametrize("mode", list(Mode))
def test_a_narrow_line_leaves_out_and_never_cuts(width: int, mode: Mode) -> None:
    calm = replace(STATE, mode=mode, world=WorldKind.DRILL, scenario="leak", region=REGION, others=("on2",))
    trouble = replace(calm, watch_alive=False, alert="1 IN DOUBT", unacked=1_204, oldest="18:20", late=True)
    for state in (calm, replace(calm, place="prod-eu 111122223333 +1"), trouble):
        said = plain(one_line(state, width))
        assert len(said) == width
        assert f" {mode.value} " in said
        assert "DRILL" in said
        assert ("eu-c" in said) is (REGION in said)
        assert ("1111" in said) is ("111122223333 +1" in said)
    assert "timers stopped" in said
    assert "1 IN DOUBT" in said


@pytest.mark.parametrize("width", [100, 110, 120])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_wide_line_keeps_the_mode_beside_what_is_wrong(width: int, mode: Mode) -> None:
    busy = replace(STATE, mode=mode, world=WorldKind.DRILL, scenario="leak", region=REGION, who="oncall1")
    for state in (busy, replace(busy, place="prod-eu 111122223333 +1", alert="1 IN DOUBT", clock="14:40:11Z")):
        said = plain(place_line(state, width))
        assert len(said) == width
        assert f" {mode.value} " in said
        assert state.alert in said
        assert "prod-eu" in said


async def test_it_takes_two_lines_where_there_is_room() -> None:
    header = StatusHeader(STATE)
    async with OneApp(header).run_test(size=(120, 10)) as pilot:
        assert len(header.painted_text) == 2
        await pilot.resize_terminal(80, 10)
        await pilot.pause()
        assert len(header.painted_text) == 1
        assert "TRIAGE" in header.painted_text[0]


async def test_the_footer_says_what_works_and_brackets_what_does_not() -> None:
    footer = KeyFooter()
    async with OneApp(footer).run_test(size=(80, 10)) as pilot:
        footer.show_keys([KeyHint("a", "ack"), KeyHint("X", "contain", why="needs :respond")], right="ledger whole")
        assert "a ack" in footer.painted_text[0]
        assert "(X contain)" in footer.painted_text[0]
        assert footer.painted_text[0].rstrip().endswith("ledger whole")
        footer.say(Untrusted("no\x1b[2J"), "error", seconds=0)
        assert "no\u241b[2J" in footer.painted_text[0]
        assert "ack" not in footer.painted_text[0]
        footer.say(f"refused: {'something stands open, ' * 6}:close anyway REASON", "warning", seconds=0)
        await pilot.pause()
        assert len(footer.painted_text) == 3
        assert "anyway REASON" in footer.painted_text[-1], "a way out that is cut off is none"
        await pilot.resize_terminal(60, 10)
        await pilot.pause()
        assert "REASON" in footer.painted_text[-1]
        footer.hush()
        await pilot.pause()
        assert len(footer.painted_text) == 1
        assert "a ack" in footer.painted_text[0]
        await pilot.resize_terminal(30, 10)
        await pilot.pause()
        assert len(footer.painted_text[0]) == 30
        assert "ledger whole" in footer.painted_text[0]


async def test_the_detail_pane_wraps_keeps_and_scrolls() -> None:
    pane = DetailPane()
    async with OneApp(pane).run_test(size=(40, 8)) as pilot:
        sections = [
            Section("WHO", [Untrusted("role/vllm-recs via 203.0.113.9 and then some more words")]),
            Section("RAW", [Untrusted('{\n  "a": 1\n}')], kept=True),
            Section("LONG", ["x " * 200]),
        ]
        pane.show_sections([("C 94 ", "critical"), (Untrusted("a [b]title[/b]"), "strong")], sections, key="f-1")
        said = [line.rstrip() for line in pane.painted_text]
        assert said[0] == "C 94 a [b]title[/b]"
        assert said[2].startswith("WHO    role/vllm-recs")
        assert said[3].startswith("       ")
        assert said[-1].endswith("more")
        pane.focus()
        await pilot.press("end")
        assert not pane.painted_text[-1].rstrip().endswith("more")
        top = pane.painted_text[0]
        pane.show_sections("t", sections, key="f-1")
        assert pane.painted_text[0] == top
        pane.show_sections("t", sections, key="f-2")
        assert pane.painted_text[0].rstrip() == "t"
