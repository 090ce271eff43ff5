"""What goes out of a case by key: the pack on record, the report and the draft as files of their own."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from socconsole.widgets.prompt import LineField
from tests.screens.support import Estate, Opened, Running
from tests.screens.test_cases import MINE, beside, opened


@pytest.fixture
def case(estate: Estate) -> str:
    return opened(estate)


async def at(desk: Running, case: str) -> None:
    await desk.press("4")
    await desk.until(lambda: case in desk.text())
    await desk.press("enter")
    await beside(desk, "GDPR-33")


async def command(desk: Running, line: str) -> None:
    """A line after the colon, as it is pasted."""
    await desk.press("colon")
    await desk.until(lambda: desk.screen.asking)
    desk.screen.query_one(LineField).insert_text_at_cursor(line)
    await desk.press("enter")


async def test_a_pack_is_written_once_and_says_what_to_hand_over_by_another_way(
    estate: Estate,
    case: str,
    console: Opened,
    tmp_path: Path,
) -> None:
    file = tmp_path / "case.zip"
    async with console(size=(80, 24), config=MINE) as desk:
        await at(desk, case)
        await command(desk, f"evidence {file}")
        await beside(desk, "packed: ", "sha256")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert digest in desk.text()
        entry = estate.entry().entry
        assert (entry.verb, entry.who, entry.data["sha256"]) == ("case_packed", "oncall1", digest)
        await desk.press("escape")
        await command(desk, f"evidence {file}")
        await beside(desk, "already")
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest
        await command(desk, "evidence redacted")
        await beside(desk, "no free text, no names", "-redacted-")
        await desk.press("escape")
    with zipfile.ZipFile(file) as pack:
        assert "README.txt" in pack.namelist()
    assert estate.verbs().count("case_packed") == 1


async def test_the_report_and_the_draft_of_the_clock_under_the_cursor(
    case: str, console: Opened, tmp_path: Path
) -> None:
    async with console(size=(160, 50), config=MINE) as desk:
        await at(desk, case)
        await command(desk, f"report {tmp_path / 'case.pdf'}")
        await beside(desk, "has to end in .md, .html, .json")
        await command(desk, f"report {tmp_path / 'case.html'}")
        await beside(desk, "readable by you alone")
        assert "offered for sale" in (tmp_path / "case.html").read_text()
        await command(desk, f"draft {tmp_path / 'none.md'}")
        await beside(desk, "no clock is under the cursor")
        await desk.type("/notify,")
        await desk.press("enter")
        await command(desk, f"draft {tmp_path / 'draft.json'}")
        await beside(desk, "gaps to be written")
    assert json.loads((tmp_path / "draft.json").read_text())["case"] == case
