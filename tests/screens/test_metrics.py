"""How long things took, on the screen: what was done, what waits, and what only the store knows."""

from __future__ import annotations

from socconsole.model.source import Freshness
from tests.screens.support import Estate, Opened, record


async def test_metrics_say_what_was_done_what_waits_and_what_the_ledger_does_not_know(
    estate: Estate, console: Opened
) -> None:
    estate.answer(Freshness.FRESH, record(1, "Objects read in bulk", "CRITICAL"), record(2, "Another"))
    async with console(size=(100, 40)) as desk:
        await desk.until(lambda: "Objects read in bulk" in desk.text())
        await desk.type(":ack on it")
        await desk.press("enter")
        await desk.until(lambda: "acknowledge" in estate.verbs())
        await desk.type(":metrics soon")
        await desk.press("enter")
        await desk.until(lambda: "soon is no span" in desk.text())
        await desk.type(":metrics 30d")
        await desk.press("enter")
        await desk.until(lambda: "Metrics: live" in desk.text())
        said = desk.text()
        assert "all  1 of 1: " in said
        assert "CRITICAL  1 of 1: " in said
        assert "acknowledge: UNKNOWN, 1 of 1 kept it; 1 wait in the store" in said
        assert "1 unacknowledged threats" in said
        await desk.press("escape")
        await desk.until(lambda: "Objects read in bulk" in desk.text())
