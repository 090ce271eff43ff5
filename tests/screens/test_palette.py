"""The palette under keys that come faster than it closes."""

from __future__ import annotations

import pytest
from textual.command import CommandList

from socconsole.model.source import Freshness
from socconsole.screens.palette import Palette
from socconsole.screens.triage import TriageScreen
from tests.screens.support import Estate, Opened, Running, record


async def open_palette(desk: Running, search: str) -> None:
    await desk.press("ctrl+k")
    await desk.until(lambda: isinstance(desk.app.screen, Palette))
    await desk.type(search)
    await desk.until(lambda: desk.app.screen.query_one(CommandList).option_count == 1)


@pytest.mark.parametrize(("word", "title"), [("respond", "Arm (:respond)"), ("stand-down", "Stand down (:stand-down)")])
async def test_a_command_is_found_by_the_word_that_is_typed_for_it(
    estate: Estate, console: Opened, word: str, title: str
) -> None:
    async with console() as desk:
        await open_palette(desk, word)
        assert title in desk.text()


async def test_enter_again_before_it_has_closed_does_the_command_once(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, record(1, "bucket read in bulk"))
    async with console() as desk:
        await open_palette(desk, "claim")
        await desk.rattle("enter", "enter", "enter", "enter")
        await desk.until(lambda: "claim" in estate.verbs())
        await desk.until(lambda: isinstance(desk.app.screen, TriageScreen))
        await desk.press("1")
        assert desk.app.is_running
        assert estate.verbs() == ["claim"]


async def test_escape_again_before_it_has_closed_leaves_the_screen_below(estate: Estate, console: Opened) -> None:
    async with console() as desk:
        await desk.press("5")
        below = desk.app.screen
        await open_palette(desk, "help")
        palette = desk.app.screen
        for _ in range(2):
            await palette.run_action("escape")
        await desk.pilot.pause()
        assert desk.app.screen is below
