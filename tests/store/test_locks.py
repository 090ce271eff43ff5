from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from socconsole.store.locks import LockHeld, hold, holder


def test_waiting_ends_with_the_lock_or_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    held, free = threading.Event(), threading.Event()

    def keep() -> None:
        with hold(path):
            held.set()
            free.wait(60)

    keeper = threading.Thread(target=keep)
    keeper.start()
    held.wait(60)
    begun = time.monotonic()
    with pytest.raises(LockHeld) as refused, hold(path, wait_s=0.2):
        pass
    assert refused.value.pid == os.getpid()
    assert time.monotonic() - begun > 0.15  # it did wait, and it did end
    threading.Timer(0.1, free.set).start()
    with hold(path, wait_s=60):  # behind the one that gave up
        assert free.is_set()
    keeper.join()
    assert holder(path) is None


def test_an_impatient_taker_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with hold(path):
        before = (threading.active_count(), len(os.listdir("/dev/fd")))
        for _ in range(5):
            with pytest.raises(LockHeld), hold(path):
                pass
        assert (threading.active_count(), len(os.listdir("/dev/fd"))) == before


def test_asking_who_holds_a_lock_keeps_nobody_from_taking_it(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            holder(path)

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        for _ in range(200):
            with hold(path):
                pass
    finally:
        stop.set()
        asker.join()
