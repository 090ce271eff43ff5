"""``shift`` and ``handoff`` as they are typed: two installs, from the preview to the receipt."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from socconsole.cli import doctor_local
from socconsole.config import AccountConfig, Config
from socconsole.drill import Embedded
from socconsole.model.world import World, WorldKind
from socconsole.response.responder_sessions import responder_sessions
from socconsole.store import db, keys, project, shifts
from socconsole.store.state import StateFolder
from tests.cli.support import HUB, live, run
from tests.embedded import aws, embedded  # noqa: F401


def enrolled(path: Path, who: str, peer: StateFolder) -> Path:
    signer = keys.load(peer.keys)
    assert signer is not None
    path.write_text(
        f'analyst = "{who}"\n\n[[peers]]\nname = "{peer.root.name}"\npublic_key = "{signer.public.hex()}"\n'
    )
    return path


def ailing(folder: StateFolder) -> list[str]:
    """What doctor says of handoffs."""
    return [check.what for check in doctor_local.folder(folder.root, named=True)[1] if check.area == "handoff"]


def test_a_shift_is_handed_over_and_the_receipt_settles_it(tmp_path: Path) -> None:
    ours, theirs = live(tmp_path / "ours", HUB), live(tmp_path / "theirs", HUB)
    here = ("--store", ours.root, "--config", enrolled(tmp_path / "ours.toml", "ana", theirs))
    there = ("--store", theirs.root, "--config", enrolled(tmp_path / "theirs.toml", "bob", ours))
    case = run("case", "open", "--title", "a call", "--json", *here).row["case"]

    on = run("shift", "on", "--until", f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}", "--json", *here)
    assert run("shift", "on", "--until", "2999-01-01T06:00:00Z", *here).code == 2
    assert on.code == 3, "no account of the configuration says how the responder is reached"
    assert [one["state"] for one in on.row["responder"]] == ["UNKNOWN"]
    assert run("shift", "on", *here).code == 2
    assert [row["who"] for row in run("shift", "show", "--json", *here).rows] == ["ana"]

    preview = run("handoff", "--to", "bob", *here)
    assert preview.code == 0
    assert preview.out.index("Blind: securityhub") < preview.out.index(f"{case} HIGH: a call")
    assert json.loads(run("handoff", "--format", "json", *here).out)["facts"]["Shift"].startswith("ana since ")
    assert run("handoff", "show", "--json", *here).rows == [], "a preview is not on record"

    assert run("handoff", "--format", "signed", *here).code == 2
    file = tmp_path / "tonight.handoff"
    assert run("handoff", "-o", file, *here).code == 0
    assert file.stat().st_mode & 0o077 == 0
    assert run("handoff", "-o", file, *here).code == 2
    assert run("handoff", "show", *here).code == 1
    assert len(ailing(ours)) == 1
    off = run("shift", "off", *here)
    assert "not accepted yet" in off.err
    assert run("shift", "off", *here).code == 2
    assert run("shift", "show", *here).code == 1

    taken = run("handoff", "accept", file, "--json", *there)
    assert taken.row["cases"] == [case]
    assert run("case", "show", case, "--json", *there).row["title"] == "a call"
    again = run("handoff", "accept", file, *there)
    assert again.code == 4
    assert "accepted already" in again.err
    receipt = taken.row["receipt"]
    assert receipt in run("handoff", "show", taken.row["handoff"], *there).out

    assert run("handoff", "receipt", receipt[:-2], *here).code == 4
    assert run("handoff", "receipt", "-", "--json", *here, stdin=receipt + "\n").row["accepted_by"] == "bob"
    assert run("handoff", "show", *here).code == 0
    assert ailing(ours) == []


@pytest.mark.parametrize("verb", ["on", "off"])
def test_a_shift_that_a_busy_store_does_not_show_yet_is_said_to_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    folder = live(tmp_path / "s", HUB)
    (tmp_path / "c.toml").write_text('analyst = "ana"\n')
    typed = ("shift", verb, "--store", folder.root, "--config", tmp_path / "c.toml")
    project.project(folder)
    if verb == "off":
        shifts.sign_on(folder, "ana", datetime.now(UTC), None, [])
    monkeypatch.setattr(db, "BUSY_MS", 20)
    with db.writing(folder) as busy, db.transaction(busy):
        done, again = run(*typed), run(*typed)
    assert "recorded; the store will show it shortly" in done.err
    assert again.code == 2
    assert "not recorded: the store" in again.err


async def test_signing_on_takes_the_responder_role_on_and_says_where_it_could_not(aws: Embedded) -> None:  # noqa: F811
    known = Config(accounts=(AccountConfig(account="111122223333", regions=("eu-central-1",)),))
    found = {one.account: one.state for one in await responder_sessions(aws.world, known)}
    assert found == {"111122223333": "READY", "444455556666": "UNKNOWN"}
    assert any(call.op == "AssumeRole" for call in aws.journal.calls()), "it was had, not foretold"
    (none,) = await responder_sessions(World(WorldKind.LIVE, accounts=("111122223333",)), known)
    assert none.state == "DENIED"
    assert "responder_role" in none.detail
