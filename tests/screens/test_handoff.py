"""Handing a shift over by keyboard: what the first screen says, two installs, a file that was altered, a shift."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socconsole.app import SocConsole
from socconsole.commands import cases as ask
from socconsole.config import Config, PeerConfig
from socconsole.model.entry import Entry
from socconsole.model.source import Freshness
from socconsole.reports.document import Cell, Document, Notice, Section, Table
from socconsole.screens import handoff_first, handoff_rows
from socconsole.screens.handoff_shift import until
from socconsole.store import case_acts, db, evidence, handoffs, keys, ledger, project
from socconsole.widgets.prompt import LineField
from tests.screens.conftest import CONFIG
from tests.screens.support import ACCOUNT, HOSTILE, REGION, Estate, Opened, Running, record

HELD, FAILED = "a-00000000000a", "a-00000000000b"


def contained(estate: Estate, id_: str, state: str, target: str) -> None:
    """A containment as its intent and outcome stand on the ledger."""
    data = {
        "id": id_,
        "action": "s3-block-public",
        "target": target,
        "account": ACCOUNT,
        "region": REGION,
        "finding": None,
        "calls": [],
        "undo_calls": [{"service": "s3", "operation": "DeletePublicAccessBlock", "params": {"Bucket": "corpus"}}],
        "before": {"block": None},
        "after": {"block": True},
        "evidence": evidence.put(estate.folder, b'{"before": 1}'),
        "reversible": "yes",
        "wide": False,
        "undoes": None,
    }
    settled = {"id": id_, "state": state, "when": "at once", "held": state == "applied", "results": [], "detail": ""}
    ledger.append(estate.folder, [Entry("intent", "ana", data=data), Entry("outcome", "ana", data=settled)])
    project.project(estate.folder)


def opened(estate: Estate, title: str, ago: timedelta = timedelta()) -> str:
    asked = ask.OpenCase(title=title)
    return case_acts.act(estate.folder, CONFIG, asked, "ana", datetime.now(UTC) - ago).case


def knowing(who: str, *peers: Estate) -> Config:
    """A configuration that enrols other installs."""
    found = []
    for peer in peers:
        signer = keys.load(peer.folder.keys)
        assert signer is not None
        found.append(PeerConfig(name=peer.folder.root.name, public_key=signer.public.hex()))
    return CONFIG.__class__(analyst=who, accounts=CONFIG.accounts, peers=tuple(found))


@pytest.fixture
def theirs(tmp_path: Path) -> Estate:
    """Another install over the same account."""
    return Estate(tmp_path / "theirs")


@asynccontextmanager
async def console_of(estate: Estate, config: Config, tmp_path: Path) -> AsyncIterator[Running]:
    """A console over another state folder than the fixture's."""
    actor = [sys.executable, str(Path(__file__).parent / "fake_actor.py")]
    app = SocConsole(estate.folder, config, actor=actor, watch=None)
    app.key_guard.window_s = 0.0
    async with app.run_test(size=(120, 40)) as pilot:
        desk = Running(app, pilot, tmp_path / "asked.jsonl")
        await desk.until(lambda: app.screen.is_mounted and "Triage" in desk.text())
        yield desk


async def shown(desk: Running, *said: str) -> None:
    try:
        async with asyncio.timeout(20):
            await desk.until(lambda: all(one in desk.text() for one in said))
    except TimeoutError:
        raise AssertionError(f"{said} not in:\n{desk.text()}") from None


async def command(desk: Running, line: str) -> None:
    """A line after the colon, as it is pasted."""
    await desk.press("colon")
    await desk.until(lambda: desk.screen.asking)
    desk.app.screen.query_one("#line LineField", LineField).insert_text_at_cursor(line)
    await desk.press("enter")


async def test_the_first_screen_says_what_is_dead_what_failed_and_what_is_late(
    estate: Estate, console: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.answer(Freshness.DENIED)
    contained(estate, FAILED, "not_applied", HOSTILE)
    case = opened(estate, HOSTILE, timedelta(days=4))
    async with console(size=(80, 24)) as desk:
        await desk.press("6")
        await shown(desk, "✗ blind", "✗ failed", "✗ overdue", "DENIED", "s3-block-public on", case)
        rows = desk.text().splitlines()
        (head,) = (row for row in rows if "─ Handoff" in row)
        assert "1 blind" in head
        assert "1 failed" in head
        assert "overdue" in head
        first = [next(n for n, row in enumerate(rows) if word in row) for word in ("✗ blind", "✗ failed", "✗ overdue")]
        changed = next((n for n, row in enumerate(rows) if row.strip().startswith("changed ")), 24)
        assert max(first) < changed, "what nobody may overlook comes first"
        assert "\x1b" not in desk.text()
        assert "\u202e" not in desk.text()
        monkeypatch.setattr(desk.screen, "blocked", lambda at: "")
        await desk.type(f"/overdue {case}")
        await desk.press("enter", "enter")
        await shown(desk, "─ Case", case)


def test_of_each_kind_one_stands_before_the_second_of_any() -> None:
    blind = [f"guardduty {ACCOUNT} region-{n}" for n in range(40)]
    notices = (
        Notice("guardduty and 40 places: DENIED", about=blind[0], label="blind"),
        Notice(f"trail {ACCOUNT} {REGION}: STALE", about=f"trail {ACCOUNT} {REGION}", label="blind"),
        *(Notice(f"x on y ({FAILED}): partial", about=FAILED, label="failed") for _ in range(2)),
        Notice("c-00000001 GDPR-33, SE, was due", about="c-00000001", label="overdue"),
        Notice("The watch does not run: timers stopped"),
    )
    lines = (*((one, Cell("DENIED", "bad")) for one in blind), (f"trail {ACCOUNT} {REGION}", Cell("STALE", "bad")))
    table = Table(("Source", "State"), lines, "")
    report = Document("Handoff", (), (Section("First", notices, "first"), Section("Blind", (table,), "blind")))
    rows = handoff_rows.rows(handoff_rows.HandoffRead(report), lambda at: "")
    assert [row.state.split(" ", 1)[1] for row in rows[:4]] == ["blind", "failed", "overdue", "attention"]
    assert handoff_first.headline(rows) == "41 blind, 2 failed, 1 overdue, 1 attention"
    assert len({row.key for row in rows}) == len(rows)
    assert len(rows[0].sections) == 80, "each of them is told beside the one row"


@pytest.mark.parametrize(
    ("due", "shown"),
    [
        ("2026-11-23 03:14:07Z, overdue", "11-23 03:14:07Z"),
        ("≈ 2026-11-23 03:14:07Z", "≈ 11-23 03:14:07Z"),
        ("without undue delay", "without undue delay"),
        ("not yet running", "not yet running"),
    ],
)
def test_only_a_moment_loses_its_year(due: str, shown: str) -> None:
    columns = ("What", "About", "Due", "Acted")
    table = Table(columns, (("GDPR-33", "c-00000001", Cell(due, "plain"), "ana"),), "")
    report = Document("Handoff", (), (Section("Owed", (table,), "owed"),))
    (row,) = (one for one in handoff_rows.rows(handoff_rows.HandoffRead(report), str) if one.group == "owed")
    assert row.state.endswith(shown)


async def test_a_ledger_that_cannot_be_read_leaves_the_handoff_not_known(estate: Estate, console: Opened) -> None:
    opened(estate, "the corpus is offered for sale")
    async with console() as desk:
        with closing(ledger.connect(estate.folder.ledger_db, "rw")) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        data = estate.folder.ledger_db.read_bytes()
        estate.folder.ledger_db.write_bytes(data.replace(b"case_open", b"case_ope\xff"))
        await desk.press("6")
        await shown(desk, "✗ not known", "what is open:")
        assert "no case, clock or containment changed" not in desk.text()


async def test_a_shift_is_handed_over_between_two_installs_by_keyboard_alone(
    estate: Estate, theirs: Estate, console: Opened, tmp_path: Path
) -> None:
    case = opened(estate, "the corpus is offered for sale")
    contained(estate, HELD, "applied", "corpus")
    file, receipt = tmp_path / "tonight.handoff", tmp_path / "their.receipt"
    mine, other = knowing("ana", theirs), knowing("bob", estate)

    async with console(config=mine) as desk:
        await desk.press("6")
        await shown(desk, case, "nobody is signed on")
        await command(desk, f"write {tmp_path / 'tonight.html'}")
        await desk.until((tmp_path / "tonight.html").exists)
        assert "<script" not in (tmp_path / "tonight.html").read_text("utf-8")
        await command(desk, f"export {tmp_path / 'rows.csv'}")
        await shown(desk, "written to")
        assert "the corpus is offered for sale" in (tmp_path / "rows.csv").read_text("utf-8")
        await command(desk, f"give {file}")
        await shown(desk, "was given", "UNACCEPTED", "1 case, 1 containment")
        with db.reading(estate.folder) as conn:
            (given,) = handoffs.unaccepted(conn)
        await shown(desk, given.digest[:40])
        assert file.stat().st_mode & 0o077 == 0
        await desk.press("escape")
        await shown(desk, "✗ unaccepted")
        await command(desk, f"give {file}")
        await shown(desk, "exists already")
        assert estate.verbs().count("handoff") == 1

    async with console_of(theirs, other, tmp_path) as desk:
        await desk.press("6")
        await shown(desk, "no handoff was given or taken yet")
        await command(desk, f"accept {file}")
        await shown(desk, "signed by", "the corpus is offered for sale", HELD, "tonight.handoff")
        assert theirs.verbs() == [], "it is only shown"
        await desk.press("enter")
        await shown(desk, "Type the last 6 characters")
        await desk.type("wrong1")
        await desk.press("enter")
        await shown(desk, "nothing was done")
        assert theirs.verbs() == []
        await desk.type(given.id[-6:])
        await desk.press("enter")
        await shown(desk, "it is yours: ledger entry", "socconsole-receipt.")
        await command(desk, f"write {receipt}")
        await shown(desk, "the receipt is in")
        await desk.press("escape")
        await shown(desk, case, "s3-block-public on corpus", "● accepted")
        await command(desk, f"accept {file}")
        await shown(desk, "accepted already")
        await desk.press("enter")
        await shown(desk, "it was accepted already")
        assert theirs.verbs().count("handoff_taken") == 1

    async with console(config=mine) as desk:
        await desk.press("6")
        await shown(desk, "✗ unaccepted")
        await command(desk, f"receipt {receipt.read_text('utf-8').strip()[:-3]}")
        await shown(desk, "not done, and nothing was recorded")
        await desk.press("escape")
        await command(desk, f"receipt {receipt.read_text('utf-8').strip()}")
        await shown(desk, "accepted by bob", "● accepted")
        assert "✗ unaccepted" not in desk.text()
        await command(desk, f"receipt {receipt}")
        await shown(desk, "was accepted already")


def _altered(data: bytes) -> bytes:
    return data.replace(b"offered", b"offerec", 1)


def _spaced(data: bytes) -> bytes:
    return json.dumps(json.loads(data)).encode()


def _rubbish(data: bytes) -> bytes:
    return b"\xff\x00not a handoff"


@pytest.mark.parametrize(
    ("change", "said"),
    [(_altered, "was altered"), (_spaced, "was altered"), (_rubbish, "no handoff"), (None, "no [[peers]]")],
)
async def test_a_file_that_cannot_be_trusted_is_refused_in_words_and_nothing_is_lost(
    estate: Estate,
    theirs: Estate,
    console: Opened,
    tmp_path: Path,
    change: Callable[[bytes], bytes] | None,
    said: str,
) -> None:
    from socconsole.reports import giving

    opened(theirs, f"offered {HOSTILE}")
    file = tmp_path / "x.handoff"
    giving.give(theirs.folder, knowing("bob"), file, "bob", datetime.now(UTC))
    if change is not None:
        file.write_bytes(change(file.read_bytes()))
    config = knowing("ana", theirs) if change is not None else CONFIG
    async with console(config=config) as desk:
        await desk.press("6")
        await shown(desk, "nobody is signed on")
        await command(desk, f"accept {file}")
        await shown(desk, "not done, and nothing was recorded", said)
    assert estate.verbs() == []


async def test_what_another_install_wrote_cannot_act_on_the_screen(
    estate: Estate, theirs: Estate, console: Opened, tmp_path: Path
) -> None:
    from socconsole.reports import giving

    opened(theirs, HOSTILE)
    contained(theirs, HELD, "applied", HOSTILE)
    file = tmp_path / "x.handoff"
    giving.give(theirs.folder, knowing(HOSTILE), file, HOSTILE, datetime.now(UTC))
    async with console(config=knowing("ana", theirs), size=(160, 50)) as desk:
        await desk.press("6")
        await shown(desk, "nobody is signed on")
        await command(desk, f"accept {file}")
        await shown(desk, "signed by", "[@click=app.quit]x[/]")
        await desk.press("enter")
        await shown(desk, "Type the last 6 characters", "[@click=app.quit]x[/]")
        assert "\x1b" not in desk.text()
        assert "\u202e" not in desk.text()


async def test_signing_on_asks_for_the_responder_and_leaving_with_nothing_given_is_said_once(
    estate: Estate, console: Opened
) -> None:
    estate.answer(Freshness.FRESH, record(1, "bucket read in bulk"))
    async with console() as desk:
        await command(desk, "shift on 8h")
        await shown(desk, "oncall1 is on since", "READY", "your own credentials of now end at")
        assert {"do": "proveresponder"} in desk.asked()
        assert estate.entry().entry.verb == "shift_on"
        assert estate.entry().entry.data["sessions"] == [{"account": ACCOUNT, "state": "READY"}]
        await desk.press("escape")
        await shown(desk, "oncall1, shift ")
        await command(desk, "shift on")
        await shown(desk, "you are on since")
        await desk.until(lambda: desk.app.desk.duty.loose)
        await command(desk, "q")
        await shown(desk, "no handoff was given in this shift; :q again leaves")
        assert desk.app.is_running
        await command(desk, "shift off")
        await shown(desk, "sign off all the same?")
        await desk.press("escape")
        await shown(desk, "you are still on")
        await command(desk, "shift off")
        await shown(desk, "sign off all the same?")
        await desk.press("enter")
        await shown(desk, "you are off")
        assert estate.verbs() == ["shift_on", "shift_off"]
        await desk.until(lambda: "oncall1, shift " not in desk.text())


async def test_who_cannot_ask_is_signed_on_with_what_is_not_known(estate: Estate, console: Opened) -> None:
    async with console() as desk:
        await desk.until(lambda: desk.app.desk.link is not None)
        monkeyed: Any = desk.app.desk
        monkeyed.link = None
        await command(desk, "shift on")
        await shown(desk, "oncall1 is on since", "UNKNOWN")
        assert estate.entry().entry.data["sessions"] == [{"account": ACCOUNT, "state": "UNKNOWN"}]


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        ("", None),
        ("06:00", datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        ("23:30", datetime(2026, 11, 23, 23, 30, tzinfo=UTC)),
        ("8h", datetime(2026, 11, 24, 6, 15, tzinfo=UTC)),
        ("2026-11-24T07:00:00+01:00", datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
    ],
)
def test_the_end_of_a_shift_is_typed_as_people_say_it(typed: str, end: datetime | None) -> None:
    assert until(typed, datetime(2026, 11, 23, 22, 15, tzinfo=UTC)) == end


@pytest.mark.parametrize("typed", ["26:00", "2026-11-24T06:00:00", "tomorrow"])
def test_an_end_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="an end"):
        until(typed, datetime(2026, 11, 23, 22, 15, tzinfo=UTC))
