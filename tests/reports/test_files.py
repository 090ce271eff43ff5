"""Files that people are given: whole or not there, and never one that the ledger does not know."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.config import Config
from socconsole.reports import giving
from socconsole.reports.files import NotWritten, form_of, new_file, path_of
from socconsole.reports.handoff_file import BadHandoff, read
from socconsole.store import ledger
from tests.reports.test_handoff import knowing
from tests.store.desk import live

KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from socconsole.config import Config
from socconsole.reports import giving
from socconsole.store import ledger
from socconsole.store.state import StateFolder
ledger.append = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
giving.give(StateFolder.open(Path(sys.argv[1])), Config(), Path(sys.argv[2]), "ana", datetime.now(UTC))
"""


def test_who_is_killed_before_the_entry_leaves_no_handoff_that_somebody_could_accept(tmp_path: Path) -> None:
    folder, file = live(tmp_path / "a", 1), tmp_path / "tonight.handoff"
    before = ledger.count(folder)
    ran = subprocess.run([sys.executable, "-c", KILLED, str(folder.root), str(file)], check=False)
    assert ran.returncode == -signal.SIGKILL
    assert ledger.count(folder) == before
    with pytest.raises(BadHandoff, match="no handoff"):
        read(file.read_bytes(), knowing(folder).peers)


def test_what_is_not_recorded_leaves_no_file_and_no_trace_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, file = live(tmp_path / "a", 1), tmp_path / "out" / "tonight.handoff"
    file.parent.mkdir()

    def full(*_: object) -> None:
        raise ledger.LedgerError("the disk is full")

    monkeypatch.setattr(ledger, "append", full)
    with pytest.raises(ledger.LedgerError):
        giving.give(folder, Config(), file, "ana", datetime.now(UTC))
    assert list(file.parent.iterdir()) == []


def test_a_file_is_new_and_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    new_file(file, b"one")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(NotWritten, match="exists already") as caught:
        new_file(file, b"two")
    assert caught.value.taken
    assert file.read_bytes() == b"one"
    (tmp_path / "link.md").symlink_to(tmp_path / "elsewhere.md")
    with pytest.raises(NotWritten):
        new_file(tmp_path / "link.md", b"two")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.md", "page.md"]


NAMES = {"home": "~nobody-of-this-name/x.md", "none": "", "folder": "/nonexistent/x.md", "nul": "a\0b.md"}


@pytest.mark.parametrize("name", [*NAMES.values(), "\ud800.md", "x" * 300], ids=[*NAMES, "surrogate", "long"])
def test_a_name_that_no_file_can_have_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotWritten):
        new_file(path_of(name), b"")
    assert list(tmp_path.iterdir()) == []


def test_a_form_is_what_the_name_ends_in() -> None:
    assert form_of(Path("a.HTML")) == "html"
    with pytest.raises(NotWritten, match=r"\.md, \.html, \.json"):
        form_of(Path("a.pdf"))
