"""Escalation as tests of the watch see it: topics and queues of the embedded AWS, and a web hook of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from socconsole.aws import Door
from socconsole.config import ChannelConfig, Config, EscalationConfig, StepConfig
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.store import db, escalations, findings, ledger
from socconsole.store.state import StateFolder
from socconsole.watch.escalation import WHO, Escalation
from socconsole.watch.keeper import Keeper
from tests.drillstate import config_for
from tests.embedded import client
from tests.store.builders import observation

PLACE = ("111122223333", "eu-central-1")
TOPIC = "arn:aws:sns:eu-central-1:111122223333:socconsole-oncall"
ONCALL = ChannelConfig(id="oncall", who="whoever is on call", sns=TOPIC)
CHAT = ChannelConfig(id="chat", apprise_env="SOC_CHAT_URL", template="${severity} ${title} | ${acknowledge} | ${note}")


class Hook:
    """A web hook that keeps what it was told; while ``hold`` is set it answers nobody."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.hold = threading.Event()
        self.released = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if hook.hold.is_set():
                    hook.released.wait(20)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"json://user:s3cr3t@127.0.0.1:{self.server.server_port}/hook"


def subscribed(aws: Embedded) -> str:
    """URL of a queue that the topic tells."""
    client(aws, "sns").create_topic(Name="socconsole-oncall")
    url: str = client(aws, "sqs").create_queue(QueueName="phones")["QueueUrl"]
    arn = "arn:aws:sqs:eu-central-1:111122223333:phones"
    raw = {"RawMessageDelivery": "true"}
    client(aws, "sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn, Attributes=raw)
    return url


def heard(aws: Embedded, queue: str) -> list[str]:
    answer = client(aws, "sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [one["Body"] for one in answer.get("Messages", ())]


def paths(aws: Embedded, *steps: StepConfig, **given: Any) -> Config:
    path = EscalationConfig(**({"name": "night", "severity": "HIGH", "drill": True, "steps": steps} | given))
    return config_for(aws, channel=(ONCALL, CHAT), escalation=(path,))


@asynccontextmanager
async def watching(folder: StateFolder, config: Config) -> AsyncIterator[Escalation]:
    async with Keeper(folder) as keeper, Door.open(config, folder.world, "watch", Mode.READ, WHO) as door:
        yield Escalation(folder, config, keeper, door)


def arrives(folder: StateFolder, name: str = "1", **over: Any) -> str:
    """A finding of now; its id."""
    now = datetime.now(UTC)
    record = observation(name, occurred=now, published=now, updated=now, **over)
    with db.writing(folder) as conn:
        findings.commit(conn, [record], answer=None, origin="guardduty/111122223333/eu-central-1", now=now)
        (id_,) = conn.execute("SELECT id FROM finding ORDER BY n DESC LIMIT 1").fetchone()
    return str(id_)


def said(folder: StateFolder, *verbs: str) -> list[tuple[str, Any]]:
    found = ledger.read(folder, verbs=verbs or tuple(escalations.VERBS))
    return [(line.entry.verb, dict(line.entry.data)) for line in found]
