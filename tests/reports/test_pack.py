"""The evidence pack: its README's commands find it whole, and find every byte that was changed."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from socconsole.commands import cases as ask
from socconsole.config import Config
from socconsole.reports.pack import MANIFEST, Pack, pack
from socconsole.store import case_acts, cases, db
from socconsole.store.state import StateFolder
from tests.store.builders import NOW, hub
from tests.store.desk import fill, live, named

SECRET = "Frau Muster said <b>so</b>"
CONFIG = Config()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> StateFolder:
    made = live(tmp_path_factory.mktemp("pack") / "state", 2)
    fill(made, hub("9", title="\x1b]0;x\x07 <script>"))
    return made


@pytest.fixture(scope="module")
def case(folder: StateFolder) -> str:
    asked = ask.OpenCase(findings=(named(1), named(9)), title="the corpus")
    id_ = case_acts.act(folder, CONFIG, asked, "ana", NOW).case
    case_acts.act(folder, CONFIG, ask.OpenCase(title="another matter"), "bob", NOW)
    case_acts.act(folder, CONFIG, ask.NoteCase(case=id_, text=SECRET), "ana", NOW)
    return id_


def packed(folder: StateFolder, case: str, *, redacted: bool = False) -> Pack:
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        found = cases.get(conn, case)
        assert found is not None
        return pack(folder, conn, CONFIG, found, NOW + timedelta(hours=1), redacted=redacted)


def unpacked(made: Pack, to: Path) -> Path:
    zipfile.ZipFile(BytesIO(made.data)).extractall(to)
    return to


def verified(folder: Path) -> str:
    """Everything that the README's commands say, run as it tells."""
    readme = (folder / "README.txt").read_text()
    commands = "\n".join(line[7:] for line in readme.splitlines() if line.startswith(" " * 7))
    ran = subprocess.run(["sh", "-c", commands], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return ran.stdout + ran.stderr


def complaints(said: str) -> list[str]:
    found = re.findall(r"^(?:ADDED|BAD SIGNATURE|NOT WHAT WAS SIGNED|A GAP BEFORE|NOT ITS TEXT).*", said, re.M)
    return found + re.findall(r"^.*: FAILED$", said, re.M)


@pytest.mark.parametrize("redacted", [False, True], ids=["whole", "redacted"])
def test_its_own_readme_finds_it_whole(folder: StateFolder, case: str, tmp_path: Path, redacted: bool) -> None:
    made = packed(folder, case, redacted=redacted)
    there = unpacked(made, tmp_path)
    said = verified(there)
    assert complaints(said) == []
    assert said.count("Signature Verified Successfully") == len(list((there / "ledger").glob("*.signed"))) > 2
    assert made.manifest in said


def _touch(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda at: _touch(next((at / "evidence").iterdir())), "FAILED"),
        (lambda at: _touch(sorted((at / "ledger").glob("*.entry"))[1]), "NOT WHAT WAS SIGNED"),
        (lambda at: _touch(sorted((at / "ledger").glob("*.sig"))[1]), "BAD SIGNATURE"),
        (lambda at: _touch(sorted((at / "ledger").glob("*-text.text"))[0]), "NOT ITS TEXT"),
        (lambda at: [one.unlink() for one in sorted((at / "ledger").glob("*3.*"))], "A GAP BEFORE"),
        (lambda at: _touch(at / "report.html"), "FAILED"),
        (lambda at: (at / "evidence" / "more.json").write_text("{}"), "ADDED evidence/more.json"),
    ],
    ids=["evidence", "entry", "signature", "text", "left-out", "report", "added"],
)
def test_one_changed_byte_is_found(
    folder: StateFolder, case: str, tmp_path: Path, change: Callable[[Path], object], found: str
) -> None:
    there = unpacked(packed(folder, case), tmp_path)
    change(there)
    assert any(found in one for one in complaints(verified(there)))


def test_the_same_moment_makes_the_same_bytes(folder: StateFolder, case: str) -> None:
    assert packed(folder, case).data == packed(folder, case).data


def test_a_redacted_pack_holds_no_text_no_name_and_no_other_matter(
    folder: StateFolder, case: str, tmp_path: Path
) -> None:
    there = unpacked(packed(folder, case, redacted=True), tmp_path)
    everything = b"".join(one.read_bytes() for one in there.rglob("*") if one.is_file())
    for word in (SECRET, "another matter", "the corpus", "bob", '"ana"', "ana ", "203.0.113.9"):
        assert word.encode() not in everything, word
    assert not list(there.glob("evidence/*"))
    assert not list(there.glob("ledger/*.entry"))
    whole = unpacked(packed(folder, case), tmp_path / "whole")
    texts = b"".join(one.read_bytes() for one in whole.glob("ledger/*.text"))
    assert SECRET.encode() in texts
    assert b"another matter" not in texts, "the texts of other cases are nobody's business"


def test_evidence_that_is_gone_is_named(folder: StateFolder, case: str) -> None:
    kept = next(folder.evidence.glob("[0-9a-f]*"))
    data = kept.read_bytes()
    kept.unlink()
    try:
        made = packed(folder, case)
    finally:
        kept.write_bytes(data)
    assert made.missing == (kept.name,)
    assert MANIFEST in zipfile.ZipFile(BytesIO(made.data)).namelist()
