"""Terminals that stall or vanish, and signals: a clean end, a sane terminal, an event loop that never waits."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal.conftest import ROOT
from tests.terminal.harness import PATIENCE_S, Terminal, painted, python, violations

Start = Callable[..., Terminal]


def beats(folder: Path) -> int:
    try:
        return (folder / "beats").stat().st_size
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_it_cleanly(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    terminal = start("stage")
    terminal.wait_for("title 00000")
    terminal.process.send_signal(number)
    assert terminal.wait_exit() == 130
    assert (tmp_path / "ended").exists()
    assert terminal.restored == []


def test_ctrl_c_ends_it_cleanly(start: Start, tmp_path: Path) -> None:
    terminal = start("stage")
    terminal.wait_for("title 00000")
    terminal.send("\x03")
    assert terminal.wait_exit() == 130
    assert (tmp_path / "ended").exists()
    assert terminal.restored == []


def test_a_dropped_connection_ends_it(start: Start, tmp_path: Path) -> None:
    terminal = start("stage")
    terminal.wait_for("title 00000")
    terminal.hang_up()
    terminal.wait_exit()
    assert (tmp_path / "ended").exists()


def test_a_dropped_connection_ends_it_even_if_hangups_are_ignored(tmp_path: Path) -> None:
    ignoring = (
        "import signal, os, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        "os.execv(sys.executable, [sys.executable, '-m', 'tests.terminal.apps.stage', sys.argv[1]])"
    )
    with Terminal(python("-c", ignoring, str(tmp_path)), cwd=ROOT) as terminal:
        terminal.wait_for("title 00000")
        terminal.hang_up()
        terminal.wait_exit()
    assert (tmp_path / "ended").exists()


def test_input_that_ends_ends_it(tmp_path: Path) -> None:
    done = subprocess.run(
        python("-m", "tests.terminal.apps.stage", str(tmp_path)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0
    assert (tmp_path / "ended").exists()


def test_a_stalled_terminal_does_not_stop_the_loop_and_is_repainted(start: Start, tmp_path: Path) -> None:
    terminal = start("stage", columns=160, rows=50)
    terminal.wait_for("title 00000")
    terminal.send("w")  # about 14 kB a beat, and from here on nobody reads
    filled = beats(tmp_path) + 20
    wait_until(lambda: beats(tmp_path) > filled)
    before = beats(tmp_path)
    wait_until(lambda: beats(tmp_path) >= before + 40)  # a loop that waits for the terminal makes none at all
    # The terminal reads again: after one full repaint its screen shows rows and the latest text, not debris.
    terminal.wait_for(lambda: sum("title 000" in line for line in terminal.display) >= 20)
    assert violations(painted(bytes(terminal.raw))) == []


def test_a_signal_ends_it_while_the_terminal_stalls(start: Start, tmp_path: Path) -> None:
    terminal = start("stage", columns=160, rows=50)
    terminal.wait_for("title 00000")
    terminal.send("w")
    filled = beats(tmp_path) + 20
    wait_until(lambda: beats(tmp_path) > filled)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(PATIENCE_S) == 130
    assert (tmp_path / "ended").exists()


def test_bytes_that_are_no_utf8_do_not_end_it(start: Start, tmp_path: Path) -> None:
    terminal = start("stage")
    terminal.wait_for("title 00000")
    terminal.send(b"\xff\xfe\xc3\x28\x80")
    terminal.type(["\x1b[B"])
    terminal.wait_for(lambda: terminal.display[2].startswith("\u25b6"))


def test_a_defect_says_where_but_not_what_was_in_play(start: Start) -> None:
    terminal = start("stage")
    terminal.wait_for("title 00000")
    terminal.send("b")
    assert terminal.wait_exit() == 70
    raw = bytes(terminal.raw)
    after = raw[raw.rfind(b"\x1b[?1049l") :]
    assert b"ValueError: secret" in after
    assert b"stage.py" in after
    assert b"]52;c" in after  # as text
    assert b"\x1b]52" not in raw
    assert b"locals" not in after
    assert str(ROOT).encode() not in after
    assert terminal.restored == []


def test_resizing_keeps_it_whole(start: Start) -> None:
    terminal = start("stage")
    terminal.wait_for("title 00000")
    for columns, rows in ((40, 8), (1, 1), (200, 60), (80, 24)):
        terminal.resize(columns, rows)
        terminal.quiet(0.1)
    terminal.wait_for(lambda: terminal.display[1].startswith("\u25b6") and "title 00021" in terminal.text)


def wait_until(condition: Callable[[], bool], patience: float = PATIENCE_S) -> None:
    """For conditions that must hold while nobody reads the terminal."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited in vain")
        time.sleep(0.02)
