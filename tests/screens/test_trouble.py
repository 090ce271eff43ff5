"""What the console shows when its own files are not what they should be: it stays up and says so."""

from contextlib import closing

from socconsole.model.source import Freshness
from socconsole.store import ledger
from tests.screens.support import Estate, Opened, record


async def test_a_damaged_entry_is_a_row_that_says_so(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, record(1, "bucket read in bulk", "CRITICAL"))
    async with console() as desk:
        await desk.press("c")
        await desk.until(lambda: estate.verbs() == ["claim"])
        with closing(ledger.connect(estate.folder.ledger_db, "rw")) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        data = estate.folder.ledger_db.read_bytes()
        at = data.rindex(b'"verb":"world"')
        estate.folder.ledger_db.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
        await desk.press("5")
        await desk.until(lambda: "DAMAGED" in desk.text())
        assert "claim" in desk.text()
        desk.screen.perform_line("filter claim")
        await desk.until(lambda: "ledger verify" in desk.text())
        desk.screen.perform_line("export out.json")
        await desk.until(lambda: "cannot be read" in desk.text())


async def test_a_store_that_is_gone_is_said_and_ends_nothing(estate: Estate, console: Opened) -> None:
    estate.answer(Freshness.FRESH, record(1, "bucket read in bulk", "CRITICAL"))
    async with console() as desk:
        await desk.until(lambda: "bucket read in bulk" in desk.text())
        for part in estate.folder.root.glob("store.db*"):
            part.unlink()
        await desk.until(lambda: "the store could not be read" in desk.text())
        await desk.press("down")
        assert "bucket read in bulk" in desk.text()
