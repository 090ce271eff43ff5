"""The second person's verb, where there are no AWS credentials and where the line is somebody's own making."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from socconsole.model.world import World, WorldKind
from socconsole.response import approvals
from socconsole.store import db, keys
from socconsole.store.state import HOME_VARIABLE, StateFolder
from tests.cli.support import run

CALL: dict[str, Any] = {"service": "s3", "operation": "DeletePublicAccessBlock", "params": {"Bucket": "corpus"}}


@pytest.fixture
def lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateFolder:
    """The live install of somebody who has no AWS credentials."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    folder = StateFolder.create(tmp_path / "live", World(WorldKind.LIVE, accounts=("111122223333",)))
    db.prepare(folder)
    keys.export(folder)
    return folder


def line(*calls: dict[str, Any]) -> str:
    return approvals.proposal_line(
        approvals.Proposal(
            id="p-1",
            action="s3-block-public",
            target="corpus",
            account="111122223333",
            region="eu-central-1",
            calls=calls,
            undoes="a-1",
            re_exposes=True,
            why="",
            who="oncall1",
            install="i-1",
            at=datetime.now(UTC).replace(microsecond=0),
        )
    )


def test_it_needs_no_credentials(lead: StateFolder) -> None:
    yes = run("approve", line(CALL), "--confirm", "corpus", "--json")
    assert yes.code == 0, yes.err
    assert yes.row["approval"].startswith("socconsole-approval.")


def test_without_an_install_it_says_so_and_asks_aws_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    no = run("approve", line(CALL), "--confirm", "corpus")
    assert no.code == 2
    assert "state folder" in no.err


@pytest.mark.parametrize("lacking", ["service", "operation", "params"])
def test_a_line_whose_calls_lack_something_is_bad_input(lead: StateFolder, lacking: str) -> None:
    no = run("approve", line({name: CALL[name] for name in CALL if name != lacking}), "--confirm", "corpus")
    assert no.code == 2
    assert "lacks its service, operation or params" in no.err
