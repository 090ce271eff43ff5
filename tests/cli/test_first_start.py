"""From no state at all to a console: what is made, what is asked, and what is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from socconsole.model.regions import partition_of
from socconsole.model.world import WorldKind
from socconsole.store.state import StateFolder

CONFIG = """
[[accounts]]
account = "111122223333"
regions = ["us-gov-west-1"]
profile = "a-profile-that-nobody-has"
[[accounts]]
account = "444455556666"
regions = ["us-gov-east-1"]
"""
BEGIN = """
import sys, pathlib
from socconsole.cli.first_start import begin
begin(pathlib.Path(sys.argv[1]))
print(sorted({name.partition(".")[0] for name in sys.modules} & {"botocore", "aiobotocore", "textual", "typer"}))
"""


def alone(tmp_path: Path) -> dict[str, str]:
    """An environment without a state, without credentials, and without a way to find any."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SOCCONSOLE_"))}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {
        **kept,
        **nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SOCCONSOLE_HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


def test_named_accounts_need_no_answer_of_aws(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    command = [sys.executable, "-c", BEGIN, str(file)]
    done = subprocess.run(command, env=alone(tmp_path), capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
    world = StateFolder.open(tmp_path / "home" / "live").world
    assert (world.kind, world.partition) == (WorldKind.LIVE, "aws-us-gov")
    assert world.accounts == ("111122223333", "444455556666")


def test_without_accounts_and_credentials_it_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "socconsole"],
        env=alone(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3
    assert "asking AWS who we are" in done.stderr
    assert "no AWS account to watch yet" in done.stderr
    assert "socconsole drill" in done.stderr
    assert not (tmp_path / "home" / "live").exists()


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-central-1", "aws"),
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_a_region_names_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition
