from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from socconsole.model.entry import Entry
from socconsole.model.world import DrillWorld, World, WorldKind
from socconsole.store import db, evidence, ledger
from socconsole.store.ownership import check_file_system
from socconsole.store.state import LockHeld, StateError, StateFolder, state_home

LIVE = World(WorldKind.LIVE, partition="aws-cn", accounts=("111122223333",))
DRILL = World(
    WorldKind.DRILL,
    drill=DrillWorld("leak", 7, 43210, datetime(2026, 3, 1, 3, 14, 7, 123456, tzinfo=UTC), 2.5),
)


@pytest.mark.parametrize("world", [LIVE, DRILL, World(WorldKind.IMPORT)], ids=lambda world: world.kind.value)
def test_a_folder_keeps_its_world_and_its_installation(tmp_path: Path, world: World) -> None:
    made = StateFolder.create(tmp_path / "state", world)
    opened = StateFolder.open(tmp_path / "state")
    assert opened.world == world
    assert opened.install == made.install
    assert opened.session != made.session
    assert ledger.read(opened)[0].entry.verb == "world"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_everything_is_owner_only_under_any_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        folder = StateFolder.create(tmp_path / "a" / "state", World(WorldKind.IMPORT))
        db.prepare(folder)
        ledger.append(folder, [Entry("system", "watch", private={"text": "x"})])
        evidence.put(folder, b"proof")
        with folder.lock("watch"):
            found = [tmp_path / "a", *(tmp_path / "a").rglob("*")]
            modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in found}
    finally:
        os.umask(before)
    assert {path.name for path in modes} >= {"store.db", "ledger.db", "ledger.ed25519", "watch.lock"}
    for path, mode in modes.items():
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_that_already_holds_a_state_is_not_made_again(state: StateFolder) -> None:
    with pytest.raises(StateError, match="already"):
        StateFolder.create(state.root, World(WorldKind.IMPORT))
    assert StateFolder.open(state.root).install == state.install


def test_an_empty_folder_made_by_the_user_is_taken_and_closed_to_others(tmp_path: Path) -> None:
    root = tmp_path / "state"
    root.mkdir()
    root.chmod(0o755)
    StateFolder.create(root, World(WorldKind.IMPORT))
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_missing_folder_says_how_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(StateError) as refused:
        StateFolder.open(tmp_path / "nothing")
    assert "socconsole" in refused.value.remedy


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir(mode=0o700)
    with pytest.raises(StateError, match="no state folder"):
        StateFolder.open(tmp_path / "other")
    assert list((tmp_path / "other").iterdir()) == []


def _link_the_root(state: StateFolder) -> Path:
    link = state.root.with_name("link")
    link.symlink_to(state.root)
    return link


def _link_the_ledger(state: StateFolder) -> Path:
    real = state.root.with_name("elsewhere.db")
    state.ledger_db.rename(real)
    state.ledger_db.symlink_to(real)
    return state.root


def _open_to(path_of: str, mode: int):
    def change(state: StateFolder) -> Path:
        (state.root / path_of).chmod(mode)
        return state.root

    return change


def _replaceable(state: StateFolder) -> Path:
    state.root.parent.chmod(0o777)
    return state.root


@pytest.mark.parametrize(
    "spoil",
    [
        _link_the_root,
        _link_the_ledger,
        _open_to(".", 0o770),
        _open_to(".", 0o702),
        _open_to(".", 0o755),
        _open_to("ledger.db", 0o620),
        _open_to("keys", 0o707),
        _replaceable,
    ],
    ids=["linked", "linked ledger", "group", "world", "readable", "ledger", "keys", "parent"],
)
def test_a_folder_that_others_can_reach_is_refused_with_a_remedy(state: StateFolder, spoil) -> None:
    root = spoil(state)
    with pytest.raises(StateError) as refused:
        StateFolder.open(root)
    assert refused.value.remedy


def test_a_private_key_that_others_can_read_signs_nothing(state: StateFolder) -> None:
    (state.keys / "ledger.ed25519").chmod(0o644)
    with pytest.raises(ledger.LedgerError, match="open to others") as refused:
        ledger.append(state, [Entry("system", "watch")])
    assert "chmod" in refused.value.remedy
    assert ledger.count(state) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_folder_of_another_user_is_refused(state: StateFolder) -> None:
    os.chown(state.root, 12345, -1)
    try:
        with pytest.raises(StateError, match="belongs to user 12345"):
            StateFolder.open(state.root)
    finally:
        os.chown(state.root, os.geteuid(), -1)


@pytest.mark.parametrize(
    ("mounts", "refused"),
    [
        ([("/", "ext4"), ("/home", "nfs4")], "nfs4"),
        ([("/", "ext4"), ("/home/ana", "fuse.sshfs")], "sshfs"),
        ([("/", "ext4"), ("/home", "cifs")], "cifs"),
        ([("/", "9p")], "9p"),
        ([("/", "nfs"), ("/home", "xfs")], ""),
        ([("/", "fuse.fuse-overlayfs")], ""),
        ([("/", "ext4"), ("/hom", "nfs4")], ""),
        ([("/", "nfs"), ("/", "ext4")], ""),
        ([], ""),
    ],
)
def test_a_network_file_system_is_refused_with_the_setting_that_moves_the_state(
    mounts: list[tuple[str, str]], refused: str
) -> None:
    path = Path("/home/ana/.local/state/socconsole")
    if not refused:
        check_file_system(path, mounts)
        return
    with pytest.raises(StateError, match=refused) as error:
        check_file_system(path, mounts)
    assert "SOCCONSOLE_HOME" in error.value.remedy


@pytest.mark.parametrize("way", ["deleted", "emptied"])
def test_a_store_that_vanished_is_noticed_and_recover_is_named(state: StateFolder, way: str) -> None:
    db.prepare(state)
    StateFolder.open(state.root)
    for path in state.root.glob("store.db*"):
        path.unlink()
    if way == "emptied":
        state.store_db.touch(mode=0o600)
    with pytest.raises(StateError) as refused:
        StateFolder.open(state.root)
    assert "socconsole recover" in refused.value.remedy
    assert StateFolder.open(state.root, without_store=True).install == state.install


def test_a_store_of_garbage_is_noticed(state: StateFolder) -> None:
    state.store_db.write_bytes(b"garbage" * 1000)
    with pytest.raises(StateError) as refused:
        StateFolder.open(state.root)
    assert "socconsole recover" in refused.value.remedy


@pytest.mark.parametrize("way", ["deleted", "emptied", "garbage"])
def test_a_ledger_that_vanished_is_never_taken_for_a_new_one(state: StateFolder, way: str) -> None:
    for path in state.root.glob("ledger.db*"):
        path.unlink()
    if way != "deleted":
        state.ledger_db.write_bytes(b"" if way == "emptied" else b"garbage" * 500)
        state.ledger_db.chmod(0o600)
    with pytest.raises(StateError) as refused:
        StateFolder.open(state.root)
    assert refused.value.remedy
    with pytest.raises(StateError, match="already"):
        StateFolder.create(state.root, World(WorldKind.IMPORT))


def test_a_ledger_of_another_folder_is_refused(state: StateFolder, tmp_path: Path) -> None:
    other = StateFolder.create(tmp_path / "other", World(WorldKind.IMPORT))
    for path in state.root.glob("ledger.db*"):
        path.unlink()
    other.ledger_db.rename(state.ledger_db)
    with pytest.raises(StateError, match="world"):
        StateFolder.open(state.root)


def test_a_live_world_takes_accounts_by_an_entry_and_a_drill_takes_none(tmp_path: Path) -> None:
    folder = StateFolder.create(tmp_path / "live", LIVE)
    assert folder.with_accounts(["111122223333"], "ana") is folder
    assert folder.with_accounts(["444455556666"], "ana").world.accounts == ("111122223333", "444455556666")
    assert StateFolder.open(folder.root).world.accounts == ("111122223333", "444455556666")
    drill = StateFolder.create(tmp_path / "drill", DRILL)
    with pytest.raises(StateError):
        drill.with_accounts(["444455556666"], "ana")


def test_a_lock_names_the_process_that_holds_it_and_dies_with_it(state: StateFolder) -> None:
    code = (
        "import sys, pathlib; from socconsole.store.state import StateFolder\n"
        "folder = StateFolder.open(pathlib.Path(sys.argv[1]))\n"
        "with folder.lock('watch'):\n    print('held', flush=True); sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(state.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert state.holder("watch") == child.pid
        with pytest.raises(LockHeld) as held, state.lock("watch"):
            pass
        assert held.value.pid == child.pid
    finally:
        child.kill()
        child.communicate()
    assert state.holder("watch") is None
    with state.lock("watch"):
        assert state.holder("watch") == os.getpid()
        with pytest.raises(LockHeld), state.lock("watch"):
            pass
    assert state.holder("watch") is None


@pytest.mark.parametrize("name", ["../ledger", "", "a/b", ".hidden", "x" * 200])
def test_a_lock_stays_inside_its_folder(state: StateFolder, name: str) -> None:
    with pytest.raises(ValueError, match="name for a lock"):
        state.lock(name)


def test_the_state_home_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOCCONSOLE_HOME", str(tmp_path / "here"))
    assert state_home() == tmp_path / "here"
    monkeypatch.delenv("SOCCONSOLE_HOME")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert state_home() == tmp_path / "xdg" / "socconsole"


def test_opening_a_folder_needs_no_cryptography(state: StateFolder) -> None:
    """It would cost the first frame 20 ms."""
    code = (
        "import sys, pathlib; from socconsole.store.state import StateFolder\n"
        "StateFolder.open(pathlib.Path(sys.argv[1])); sys.exit('cryptography' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(state.root)], check=False).returncode == 0
