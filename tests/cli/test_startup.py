"""The program itself, as a process: few runs, because each start costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import FINDING

PROBE = """
import sys
from socconsole.cli import main
sys.argv = ["socconsole", *sys.argv[1:]]
try:
    main()
finally:
    heavy = {"textual", "rich", "botocore", "aiobotocore", "boto3", "moto", "sqlite3", "sqlite_utils", "cryptography"}
    print("HEAVY", sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
"""


def program(*arguments: str | Path, code: str = "", **options: object) -> subprocess.CompletedProcess[bytes]:
    start = ["-c", code] if code else ["-m", "socconsole"]
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)], capture_output=True, timeout=120, check=False, **options
    )  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["findings", "--help"], ["ledger", "--help"]])
def test_asking_for_help_loads_nothing_heavy(arguments: list[str]) -> None:
    ran = program(*arguments, code=PROBE)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == b"HEAVY []"


def test_version_is_told() -> None:
    from socconsole import __version__

    assert program("--version").stdout.decode().strip().endswith(__version__)


def test_ends_are_exit_codes(tmp_path: Path) -> None:
    ran = program("findings", "--store", tmp_path / "nowhere")
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert b"no state folder" in ran.stderr
    assert b"mend it with" in ran.stderr
    assert program("findings", "--bogus").returncode == 2


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    many = [{**FINDING, "Arn": f"{FINDING['Arn']}{n}", "Id": f"1{n}", "Title": "x" * 400} for n in range(300)]
    records = "\n".join(map(json.dumps, many))
    assert program("import", "-", "--store", shelf, input=records.encode()).returncode == 0
    with subprocess.Popen(
        [sys.executable, "-m", "socconsole", "findings", "--json", "--store", str(shelf)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as lister:
        assert lister.stdout is not None
        assert lister.stderr is not None
        assert lister.stdout.read(1) == b"{"
        lister.stdout.close()
        said = lister.stderr.read()
        assert lister.wait(60) == 0
    assert b"Traceback" not in said
    assert b"fault" not in said


def test_a_terminal_without_unicode_gets_signs_it_can_show(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    record = json.dumps({**FINDING, "Title": "\x1b[31m \u6f0f\u6d29 \udc80"})
    assert program("import", "-", "--store", shelf, input=record.encode()).returncode == 0
    plain = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for form in ([], ["--csv"], ["--json"]):
        ran = program("findings", *form, "--store", shelf, env=plain)
        assert ran.returncode == 0, ran.stderr
        assert b"\x1b" not in ran.stdout + ran.stderr
        assert ran.stdout.isascii()
