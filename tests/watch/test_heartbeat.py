"""The heartbeat: nobody is at a console, the watch is killed, and somebody is told all the same."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from socconsole.aws.heartbeat_template import template
from socconsole.drill import Embedded, roles, stack
from socconsole.drill.stack import Stack
from tests.drillstate import folder_for
from tests.embedded import client

FILE = Path(__file__).parents[2] / "deploy" / "heartbeat.json"
ACCOUNT, REGION = "111122223333", "eu-central-1"
METRIC = {
    "Namespace": "socconsole",
    "MetricName": "Heartbeat",
    "Dimensions": [{"Name": "Install", "Value": "soc-1"}],
}
CONFIG = f"""
analyst = "oncall1"
[[accounts]]
account = "{ACCOUNT}"
regions = ["{REGION}"]
exclude = ["securityhub", "guardduty", "trail", "egress", "alarms", "metrics", "posture"]
[heartbeat]
account = "{ACCOUNT}"
region = "{REGION}"
install = "soc-1"
"""


def test_the_file_is_what_is_deployed_here() -> None:
    made = json.dumps(template(), indent=2) + "\n"
    assert FILE.read_text("utf-8") == made, "socconsole iam template --heartbeat > deploy/heartbeat.json"


def deployed(aws: Embedded) -> str:
    """The stack of deploy/heartbeat.json, with a queue that its topic tells; the queue's URL."""

    def call(operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return aws.cloud.hands.call(roles.builder_key(ACCOUNT), REGION, operation, params)

    made = stack.create(
        json.loads(FILE.read_text("utf-8")), {"Install": "soc-1"}, Stack(ACCOUNT, REGION, "heartbeat"), call
    )
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:pager"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    queue: str = client(aws, "sqs").create_queue(QueueName="pager", Attributes={"Policy": policy})["QueueUrl"]
    client(aws, "sns").subscribe(TopicArn=made.outputs["TopicArn"], Protocol="sqs", Endpoint=arn)
    return queue


def told(aws: Embedded, queue: str) -> list[tuple[str, str]]:
    """(new state, alarm) of what the topic told."""
    found = client(aws, "sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ())
    texts = [json.loads(json.loads(one["Body"])["Message"]) for one in found]
    return [(one["NewStateValue"], one["AlarmName"]) for one in texts]


def beats(aws: Embedded) -> int:
    calls = aws.journal.calls()
    return sum(1 for one in calls if (one.service, one.op, one.code) == ("cloudwatch", "PutMetricData", ""))


def state(aws: Embedded) -> str:
    (alarm,) = client(aws, "cloudwatch").describe_alarms(AlarmNames=["socconsole-silent-soc-1"])["MetricAlarms"]
    return str(alarm["StateValue"])


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(40):
        while not await asyncio.to_thread(true):
            await asyncio.sleep(0.1)  # the pace of looking; what is waited for is the condition


async def test_the_watch_is_killed_with_no_console_open_and_the_topic_is_told(aws: Embedded, tmp_path: Path) -> None:
    queue = deployed(aws)
    folder = folder_for(tmp_path / "state", aws)
    config = tmp_path / "config.toml"
    config.write_text(CONFIG, "utf-8")
    watch = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "socconsole", "watch", "--store", str(folder.root), "--config", str(config)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: beats(aws) > 0)
        await asyncio.to_thread(aws.advance, 60)
        assert state(aws) == "OK"
        watch.send_signal(signal.SIGKILL)
        await watch.wait()
        told(aws, queue)
        await asyncio.to_thread(aws.advance, 420)
        assert state(aws) == "ALARM"
        assert told(aws, queue) == [("ALARM", "socconsole-silent-soc-1")]
    finally:
        if watch.returncode is None:
            watch.kill()
            await watch.wait()
    mine = [one for one in aws.journal.calls() if one.op == "PutMetricData"]
    assert {one.role for one in mine} == {"socconsole-watch"}
