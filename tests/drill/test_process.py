"""The embedded AWS as a process of its own: it starts, resumes as it was, and ends with its last console."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from socconsole.drill import launch
from socconsole.drill.launch import Running
from socconsole.drill.principals import BASE_KEY

CORPUS = "kaufhaus-llm-corpus-prod"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    launch.stop(tmp_path)


def make(running: Running, service: str) -> Any:
    assert running.world.drill is not None
    return boto3.client(
        service,
        region_name="eu-central-1",
        endpoint_url=running.world.drill.endpoint,
        aws_access_key_id=BASE_KEY,
        aws_secret_access_key="drill",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def test_killed_and_resumed_it_is_what_it_was(folder: Path) -> None:
    running = launch.start(folder, seed=3, speed=1.0)
    again = launch.find(folder)
    assert again == running
    hub, s3 = make(running, "securityhub"), make(running, "s3")
    session = make(running, "sts").assume_role(
        RoleArn="arn:aws:iam::111122223333:role/socconsole-reader", RoleSessionName="me", SourceIdentity="me"
    )["Credentials"]
    target = hub.get_findings(MaxResults=1)["Findings"][0]
    key = {"Id": target["Id"], "ProductArn": target["ProductArn"]}
    hub.batch_update_findings(
        FindingIdentifiers=[key], Workflow={"Status": "NOTIFIED"}, Note={"Text": "mine", "UpdatedBy": "me"}
    )
    s3.put_bucket_tagging(Bucket=CORPUS, Tagging={"TagSet": [{"Key": "hold", "Value": "C-1"}]})
    os.kill(running.pid, signal.SIGKILL)
    until(lambda: launch.find(folder) is None)

    resumed = launch.resume(folder, running.world)
    assert resumed.world == running.world
    hub, s3 = make(resumed, "securityhub"), make(resumed, "s3")
    found = hub.get_findings(Filters={"Id": [{"Value": key["Id"], "Comparison": "EQUALS"}]})["Findings"][0]
    assert found["Workflow"] == {"Status": "NOTIFIED"}
    assert found["Note"]["Text"] == "mine"
    assert s3.get_bucket_tagging(Bucket=CORPUS)["TagSet"] == [{"Key": "hold", "Value": "C-1"}]
    old = boto3.client(
        "securityhub",
        region_name="eu-central-1",
        endpoint_url=resumed.world.drill.endpoint,  # type: ignore[union-attr]
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    assert old.describe_hub()["HubArn"], "a session from before the restart works on"
    assert launch.stop(folder) is True
    assert launch.stop(folder) is False
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", running.port)) != 0


def test_it_ends_when_nobody_holds_it_any_more(folder: Path) -> None:
    with launch.hold(folder):
        running = launch.start(folder, linger=0.4)
        with launch.hold(folder):
            pass  # a second console came and went
        assert launch.find(folder) is not None
        assert make(running, "sts").get_caller_identity()["Account"] == "111122223333"
        assert launch.find(folder) is not None
    until(lambda: launch.find(folder) is None)


def test_one_a_folder_and_no_foreign_port(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    running = launch.start(folder)
    with pytest.raises(launch.DrillError, match="already"):
        launch.start(folder)
    other = tmp_path_factory.mktemp("other")
    with pytest.raises(launch.DrillError, match="port"):
        launch.start(other, port=running.port)
    assert launch.find(other) is None
    with pytest.raises(launch.DrillError, match="no scenario"):
        launch.start(other, scenario="nonsense")


def test_launching_imports_no_emulator() -> None:
    code = (
        "import sys; from socconsole.drill import launch; launch.list_scenarios();"
        "sys.exit(any(name.split('.')[0] in ('moto', 'boto3', 'botocore', 'flask') for name in sys.modules))"
    )
    with warnings.catch_warnings():
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
