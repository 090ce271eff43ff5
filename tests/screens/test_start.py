"""What the console must not load, and must not do, on its way to the first frame."""

import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.commands import BY_ID
from socconsole.config import AccountConfig, Config
from socconsole.model.source import Freshness
from socconsole.screens import desk as desk_module
from socconsole.store import sources
from socconsole.widgets.prompt import LinePrompt, NotePrompt
from tests.screens.support import ACCOUNT, REGION, Estate, Opened, record

HEAVY = (
    *("aiobotocore", "aiohttp", "botocore", "boto3", "cryptography", "jinja2", "pyrage", "sqlite_utils"),
    *("statistics", "zoneinfo"),
    *("socconsole.aws", "socconsole.response", "socconsole.formats", "socconsole.playbooks"),
    *("socconsole.clocks.running", "socconsole.model.posture", "socconsole.store.decisions"),
)

LATER = (
    *("hashlib", "rfc8785", "zstandard", "secrets", "textual.widgets._text_area"),
    *("socconsole.model.finding", "socconsole.model.action", "socconsole.model.case", "socconsole.model.egress"),
    *("socconsole.store.reading", "socconsole.store.incidents", "socconsole.store.ledger", "socconsole.store.codec"),
    *("socconsole.triage.merging", "socconsole.triage.scoring", "socconsole.triage.correlation"),
    *("socconsole.screens.finding_sections", "socconsole.screens.link", "socconsole.widgets.prompt"),
)
"""What a detail, an act or a question needs, and no row of a list."""
MODULES = 104
"""Ours, before the first frame: each is some tenths of a millisecond of every start."""

FIRST_FRAME = """
import sys
from pathlib import Path
from socconsole.cli.opening import load_config, open_folder
folder = open_folder(Path(sys.argv[1]))
config = load_config(None, folder.root)
from socconsole.app import SocConsole

class Once(SocConsole):
    def _after_first_frame(self):
        Path(sys.argv[2]).write_text(" ".join(sys.modules))
        self.exit()

Once(folder, config, actor=None, watch=None).run(headless=True, size=(160, 50))
"""


def test_the_console_loads_nothing_heavy_and_no_aws() -> None:
    program = (
        "import sys, socconsole.app, socconsole.screens.triage, socconsole.screens.offers, "
        "socconsole.screens.activity, socconsole.screens.sources, socconsole.screens.palette\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_no_row_needs_is_loaded_behind_the_first_frame(estate: Estate, tmp_path: Path) -> None:
    seen, config = tmp_path / "modules", tmp_path / "config.toml"
    config.touch(0o600)
    alone = {**os.environ, "SOCCONSOLE_CONFIG": str(config)}
    subprocess.run([sys.executable, "-c", FIRST_FRAME, str(estate.folder.root), str(seen)], env=alone, check=True)
    loaded = set(seen.read_text().split())
    assert "socconsole.screens.triage" in loaded
    assert [name for name in (*HEAVY, *LATER) if name in loaded] == []
    ours = sorted(name for name in loaded if name.partition(".")[0] == "socconsole")
    assert len(ours) <= MODULES, ours


async def test_before_anything_answered_the_console_says_that_it_is_reading(
    estate: Estate, console: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console(size=(160, 50)) as desk:
        await desk.until(lambda: "reading … 1 of 1 sources have not answered yet" in desk.text())
        assert "hub reading" in desk.text().splitlines()[1]
        for said in ("clear", "timers stopped", "proves nothing", "never"):
            assert said not in desk.text()
        await desk.press("7")
        await desk.until(lambda: "… reading" in desk.text() and "the watch is starting" in desk.text())
        assert "mend it" not in desk.text(), "there is nothing to mend in a beginning"
        # A watch that did not come is no beginning any more.
        monkeypatch.setattr(desk_module, "_WATCH_STARTS_S", 0.0)
        await desk.press("1")
        await desk.until(lambda: "timers stopped" in desk.text() and "NEVER" in desk.text())
        assert "reading" not in desk.text()
        estate.answer(Freshness.FRESH)
        await desk.until(lambda: "clear: no open threats" in desk.text())


async def test_who_asks_before_the_prompts_are_made_has_them_made(console: Opened) -> None:
    async with console() as desk:
        await desk.until(lambda: desk.screen.query(LinePrompt) and desk.screen.query(NotePrompt))
        await desk.screen.query(LinePrompt).remove()
        await desk.screen.query(NotePrompt).remove()
        desk.screen.perform(BY_ID["command"])
        desk.screen.perform(BY_ID["command"])  # a second question takes the first one's place, not its widget
        await desk.until(lambda: desk.screen.query(LinePrompt) and desk.screen.query_one(LinePrompt).asking)
        await desk.type("theme light")
        await desk.press("enter")
        await desk.until(lambda: desk.app.theme == "light")


async def test_what_is_typed_before_a_question_stands_is_its_answer_and_no_command(
    estate: Estate, console: Opened
) -> None:
    estate.answer(Freshness.FRESH, record(1, "The corpus leaves"))
    async with console() as desk:
        await desk.until(lambda: "The corpus leaves" in desk.text())
        await desk.screen.query(LinePrompt).remove()
        await desk.screen.query(NotePrompt).remove()
        desk.screen.perform(BY_ID["command"])  # its field is being made: c and v would act, 7 would leave
        await desk.rattle("c", "v", "7", "enter")
        await desk.until(lambda: desk.screen.query(LinePrompt) and desk.screen.query_one(LinePrompt).asking)
        assert desk.screen.query_one(LinePrompt).value == "cv7"
        assert "ignored enter: the question did not stand yet" in desk.text()
        await desk.press("escape")
        assert estate.verbs() == []


async def test_a_burst_behind_a_colon_is_whole(estate: Estate, console: Opened) -> None:
    """As a slow line delivers what was typed: all of it is here before the colon was handled."""
    estate.answer(Freshness.FRESH, record(1, "The corpus leaves"))
    async with console() as desk:
        await desk.until(lambda: "The corpus leaves" in desk.text())
        desk.app.key_guard.window_s = 0.03  # with the guard as it is: a, c, e, n and v are keys that act
        for prompts in (True, False):
            if not prompts:
                await desk.screen.query(LinePrompt).remove()
                await desk.screen.query(NotePrompt).remove()
            await desk.rattle("colon", *"respnd", "space", *"cavenza")
            await desk.until(lambda: desk.screen.query(LinePrompt) and desk.screen.query_one(LinePrompt).asking)
            await desk.until(lambda: desk.screen.query_one(LinePrompt).value == "respnd cavenza")
            await desk.press("escape")
            await desk.until(lambda: not desk.screen.asking)
        assert estate.verbs() == []


async def test_at_80_columns_too(estate: Estate, console: Opened) -> None:
    async with console(size=(80, 24)) as desk:
        with closing(estate.write()) as conn:
            sources.beat(conn, os.getpid(), datetime.now(UTC))  # the watch lives, and has no answer yet
        await desk.until(lambda: "reading 1 of 1" in desk.text().splitlines()[0])


async def test_a_chosen_theme_outlives_the_session_until_the_configuration_names_another(
    estate: Estate, console: Opened
) -> None:
    def configured(theme: str, account_theme: str | None = None) -> Config:
        account = AccountConfig(account=ACCOUNT, regions=(REGION,), theme=account_theme)
        return Config(analyst="oncall1", theme=theme, accounts=(account,))

    async def seen(config: Config, *commands: str) -> str:
        async with console(size=(80, 24), config=config) as desk:
            for line in commands:
                desk.screen.perform_line(line)
            await desk.pilot.pause()
            theme: str = desk.app.theme
            desk.app.leave()
        return theme

    assert await seen(configured("dark")) == "dark"
    assert await seen(configured("light")) == "light", "a session in which nobody chose keeps no theme"
    assert await seen(configured("light", "high-contrast")) == "high-contrast"
    assert await seen(configured("light"), "theme mono") == "mono"
    assert await seen(configured("light")) == "mono", "a choice goes before the configuration, the next time too"
    assert await seen(configured("dark")) == "dark", "but not before what was configured since"
    assert await seen(configured("dark"), "theme mono", "theme -") == "dark"
    assert await seen(configured("dark")) == "dark"
