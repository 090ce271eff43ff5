"""What the logs of watch and actor hold, and how large they get."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from socconsole.aws import logs

SECRET = "wJalrXUtnFEMI/K7MDENG"
WRITER = """
import logging, sys
from pathlib import Path
from socconsole.aws import logs
logs.LOG_BYTES, name = int(sys.argv[2]), sys.argv[3]
logs.to(Path(sys.argv[1]))
for number in range(int(sys.argv[4])):
    logging.getLogger("socconsole.x").info("%s line %d of many", name, number)
"""


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("socconsole")
    kept = (root.handlers[:], root.level, ours.level, sys.excepthook, logs.threading.excepthook)
    yield
    for handler in root.handlers:
        if handler not in kept[0]:
            handler.close()
    root.handlers[:], level, own, sys.excepthook, logs.threading.excepthook = kept
    root.setLevel(level)
    ours.setLevel(own)
    logging.captureWarnings(False)


def test_no_record_of_anybody_brings_a_secret_a_second_line_or_a_sequence(tmp_path: Path) -> None:
    logs.to(tmp_path / "actor.log")
    logs.uncaught()
    logging.getLogger("socconsole.actor").info("starting")
    logging.getLogger("botocore.x").info("not our news")
    try:
        raise ValueError(f"<SecretAccessKey>{SECRET}</SecretAccessKey>")
    except ValueError as error:
        logging.getLogger("asyncio").error("Task exception\n\x1b[31m was never retrieved", exc_info=error)
        sys.excepthook(type(error), error, error.__traceback__)
    said = (tmp_path / "actor.log").read_text().splitlines()
    assert [line.split()[1] for line in said] == ["INFO", "ERROR", "CRITICAL"]
    assert all(line.isprintable() and SECRET not in line for line in said)
    assert "test_logs.py:" in said[1]
    assert stat.S_IMODE((tmp_path / "actor.log").stat().st_mode) == 0o600


def test_several_processes_rotate_one_file_and_lose_nothing_of_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "actor.log"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), "20000", name, "300"], stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.communicate(timeout=120) == (None, b"")
        assert writer.returncode == 0
    kept = [path, *(path.with_name(f"actor.log.{n}") for n in range(1, logs.LOG_FILES + 1))]
    sizes = [one.stat().st_size for one in kept if one.exists()]
    assert len(sizes) > 1
    assert max(sizes) < 25_000
    lines = [line for one in kept if one.exists() for line in one.read_text().splitlines()]
    assert len(lines) == len({line.split(" ", 2)[2] for line in lines}) == 600
