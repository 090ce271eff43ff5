"""Make the pictures of the documentation, from a real drill.

    python docs/images/make.py [NAME …]

Starts ``socconsole drill leak --headless`` in a temporary state home, opens the console on it, and writes what it shows
as SVG beside this file; all pictures, or those whose names contain one of the words. Takes about a minute and a half.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from socconsole.app import SocConsole

HERE = Path(__file__).resolve().parent
SPEED = "20"
CORPUS = "kaufhaus-llm-corpus-prod"
STORY = ("public anonymous access", "potential data compromise", "external IP address", "999988887777")
"""Words in the titles that have to be there before the first picture is taken."""
SIZE_LIMIT = 300_000
ARRIVAL_S = 90.0
WIDE, NARROW = (160, 50), (80, 24)


def main(wanted: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="socconsole-pictures-") as home, drill(Path(home)) as store:
        asyncio.run(pictures(store, lambda name: not wanted or any(word in name for word in wanted)))


@contextmanager
def drill(home: Path) -> Iterator[Path]:
    """A drill with its AWS and its watch; its state folder, once the story's findings have arrived."""
    os.environ.update(SOCCONSOLE_HOME=str(home), TERM="xterm-256color", COLORTERM="truecolor")
    os.environ.pop("SOCCONSOLE_CONFIG", None)
    argv = [sys.executable, "-m", "socconsole", "drill", "leak", "--headless", "--speed", SPEED]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if process.stdout is None:
            raise SystemExit("no pipe from the drill")
        store = Path(json.loads(process.stdout.readline())["store"])
        deadline = time.monotonic() + ARRIVAL_S
        while missing := [words for words in STORY if not ids(store, f'title:"{words}"')]:
            if time.monotonic() > deadline:
                raise SystemExit(f"the drill did not show {missing}")
        yield store
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def verb(store: Path, *words: str) -> str:
    """What a verb prints on the drill's store."""
    argv = [sys.executable, "-m", "socconsole", *words, "--store", str(store)]
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout


def ids(store: Path, query: str) -> list[str]:
    return [json.loads(line)["id"] for line in verb(store, "findings", query, "--json").splitlines()]


async def pictures(store: Path, wants: Callable[[str], bool]) -> None:
    async def picture(name: str, size: tuple[int, int], line: str, until: str, theme: str = "dark") -> None:
        """The console at a size, after a command line, once ``until`` is on the screen."""
        if wants(name):
            async with console(store, size, theme) as shown:
                shown.command(line)
                await shown.until(until)
                shown.save(name)

    await picture("triage-160x50", WIDE, "triage", until="WHAT")
    await picture("triage-80x24", NARROW, "triage", until="WHAT")
    for theme in ("light", "high-contrast", "colour-safe", "mono"):
        await picture(f"theme-{theme}", (120, 30), "triage", until="WHAT", theme=theme)
    await picture("help-80x24", NARROW, "help", until="keys and words")
    await picture("sources-80x24", NARROW, "sources", until="DETAIL")
    await picture("contain-plan-160x50", WIDE, f"contain s3-block-public {CORPUS}", until="PutPublicAccessBlock")
    await picture("egress-160x50", WIDE, "egress", until="WAY OUT")
    await picture("pivot-160x50", WIDE, f"pivot {CORPUS}", until="FINDINGS")
    await picture("endpoints-160x50", WIDE, "endpoints", until="FAIL")
    worked = ("case-160x50", "cases-160x50", "handoff-160x50", "handoff-80x24", "activity-160x50")
    case = await asyncio.to_thread(shift, store) if any(map(wants, worked)) else ""
    await picture("cases-160x50", WIDE, "cases", until=case)
    await picture("case-160x50", WIDE, f"case {case}", until="leaving")
    await picture("handoff-160x50", WIDE, "handoff", until=case)
    await picture("handoff-80x24", NARROW, "handoff", until=case)
    await picture("activity-160x50", WIDE, "activity", until="outcome")


def shift(store: Path) -> str:
    """Some minutes of an analyst's work, for the ledger to tell; the case that was opened."""
    public, sequence, theft, _ = (ids(store, f'title:"{words}"')[0] for words in STORY)
    verb(store, "ack", public, "--reason", "paging the data owner")
    verb(store, "claim", public, sequence)
    verb(store, "note", theft, "--reason", "203.0.113.9 is not ours")
    incident = ("--finding", public, "--finding", theft, "--finding", sequence)
    case: str = json.loads(verb(store, "case", "open", *incident, "--json"))["case"]
    verb(store, "case", "set", case, "hypothesis", "a key from a public CI log opened the corpus")
    verb(store, "case", "playbook", case, "public-bucket")
    reason = ("--reason", "the corpus is public", "--finding", public)
    verb(store, "contain", "s3-block-public", CORPUS, "--respond", "--confirm", CORPUS, "--no-wait", *reason)
    return case


class Shown:
    """A console that runs without a terminal."""

    def __init__(self, app: SocConsole, pilot: Pilot[None]) -> None:
        self._app, self._pilot = app, pilot

    def command(self, line: str) -> None:
        from socconsole.screens.base import ConsoleScreen

        if isinstance(self._app.screen, ConsoleScreen):
            self._app.screen.perform_line(line)

    async def until(self, words: str) -> None:
        deadline = time.monotonic() + ARRIVAL_S
        while words not in self.text():
            if time.monotonic() > deadline:
                raise SystemExit(f"{words!r} does not appear:\n{self.text()}")
            await self._pilot.pause(0.05)
        await self._pilot.pause(0.5)

    def text(self) -> str:
        strips = self._app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def save(self, name: str) -> None:
        """Write the screen; without the fonts that the SVG would fetch from elsewhere, and with its blanks kept."""
        svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", self._app.export_screenshot(title="socconsole"), flags=re.S)
        svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
        if len(svg) > SIZE_LIMIT or str(Path.home()) in svg or os.environ["SOCCONSOLE_HOME"] in svg:
            raise SystemExit(f"{name}: {len(svg):,} bytes, or a path of this machine in it")
        path = HERE / f"{name}.svg"
        path.write_text(svg, encoding="utf-8")
        path.chmod(0o644)  # the console makes files for its owner alone
        sys.stdout.write(f"{name}.svg {len(svg):,} bytes\n")


@asynccontextmanager
async def console(store: Path, size: tuple[int, int], theme: str) -> AsyncIterator[Shown]:
    """The console on a state folder, with its own actor, in this process."""
    from socconsole import config
    from socconsole.app import SocConsole
    from socconsole.processes import actor_argv
    from socconsole.store.state import StateFolder

    app = SocConsole(StateFolder.open(store), config.load(root=store), actor=actor_argv(store, None), watch=None)
    async with app.run_test(size=size) as pilot:
        shown = Shown(app, pilot)
        await shown.until("Triage")
        while app.desk.link is None or not app.desk.link.alive:
            await pilot.pause(0.05)
        app.theme = theme
        yield shown


if __name__ == "__main__":
    main(sys.argv[1:])
