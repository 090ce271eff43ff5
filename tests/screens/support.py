"""An estate in a real store, and a console over it with an actor that reaches no AWS."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from socconsole import formats
from socconsole.app import SocConsole
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.model.world import World, WorldKind
from socconsole.screens.base import ConsoleScreen
from socconsole.store import db, findings, ledger, sources
from socconsole.store.state import StateFolder

ACCOUNT, REGION = "111122223333", "eu-central-1"
SOURCE = SourceKey("securityhub", ACCOUNT, REGION)
HOSTILE = "[@click=app.quit]x[/] \x1b]52;c;aGk=\x07\u202egnp.exe"


def record(number: int, title: str, severity: str = "HIGH") -> dict[str, Any]:
    """An ASFF threat. Its resource and its times are its own."""
    at = (datetime.now(UTC) - timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
    product = f"arn:aws:securityhub:{REGION}::product/aws/guardduty"
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:guardduty:{REGION}:{ACCOUNT}:detector/d1/finding/{number:032}",
        "ProductArn": product,
        "GeneratorId": "guardduty",
        "AwsAccountId": ACCOUNT,
        "Region": REGION,
        "Types": ["TTPs/Exfiltration/Exfiltration:S3-AnomalousBehavior"],
        "CreatedAt": at,
        "UpdatedAt": at,
        "Severity": {"Label": severity},
        "Title": title,
        "Description": title,
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::bucket-{number}", "Region": REGION}],
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    }


class Estate:
    """A state folder with findings in it, as a watch would have left it."""

    def __init__(self, root: Path) -> None:
        self.folder = StateFolder.create(root, World(WorldKind.LIVE, accounts=(ACCOUNT,)))
        db.prepare(self.folder)
        with closing(self.write()) as conn:
            sources.scope(conn, [SOURCE])

    def write(self) -> Any:
        return db.connect(self.folder.store_db)

    def answer(self, outcome: Freshness, *records: dict[str, Any]) -> None:
        """One poll of the only source in scope, by a watch that lives."""
        with closing(self.write()) as conn:
            now = datetime.now(UTC)
            sources.beat(conn, os.getpid(), now)
            read = [found for each in records for found in formats.read_object(each, 0)]
            answer = Answer(SOURCE, outcome)
            findings.commit(conn, read, answer=answer, origin=sources.origin_of(SOURCE), now=now)

    def verbs(self) -> list[str]:
        """What the ledger says, without its first entry."""
        return [line.entry.verb for line in ledger.read(self.folder)][1:]

    def entry(self) -> ledger.Line:
        return ledger.read(self.folder)[-1]


class Running:
    """A running console and what its actor was asked for."""

    def __init__(self, app: SocConsole, pilot: Pilot[None], journal: Path) -> None:
        self.app = app
        self.pilot = pilot
        self._journal = journal

    @property
    def screen(self) -> ConsoleScreen:
        screen = self.app.screen
        assert isinstance(screen, ConsoleScreen)
        return screen

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not true():
                await self.pilot.pause(0.02)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def act(self, key: str) -> None:
        """An acting key, pressed again for as long as it is ignored because the row under the cursor had just moved."""
        await self.press(key)
        while f"ignored {key}: the row under the cursor has just changed" in self.text():
            await self.pilot.pause(0.35)
            await self.press(key)

    async def type(self, text: str) -> None:
        names = {" ": "space", ":": "colon", "/": "slash", "-": "minus", ".": "full_stop"}
        await self.press(*(names.get(char, char) for char in text))

    async def rattle(self, *keys: str) -> None:
        """Keys as fast as they are taken."""
        typed = {"space": " ", "colon": ":"}
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else typed.get(key)))
        await self.pilot.pause()

    def text(self) -> str:
        """All that is on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def asked(self) -> list[dict[str, Any]]:
        """Requests that reached the actor."""
        lines = self._journal.read_text("utf-8").splitlines() if self._journal.exists() else []
        return [json.loads(line) for line in lines]


Opened = Callable[..., Any]
"""``async with console(size=(80, 24), mode=Mode.TRIAGE, config=Config(…)) as desk``."""
