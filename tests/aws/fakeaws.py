"""A tiny HTTP server on 127.0.0.1 that answers like AWS, or as told, like everything that is not AWS.

It speaks just enough of each protocol for the door's tests, and counts every request and byte that arrives.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Hit:
    operation: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    key: str
    region: str

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    """Content-Length to claim; the body's own when None."""
    drip: float | None = None
    """Seconds between single bytes: a slow loris."""
    hang: bool = False
    cut: bool = False
    """Close the connection right after the body."""
    flood: int = 0
    """Bytes to pour out after the body."""


Answer = Reply | Callable[[Hit], Reply]


class FakeAws:
    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.bytes = 0
        self.connections = 0
        self.port = 0
        self._answers: dict[str, list[Answer]] = defaultdict(list)
        self._always: dict[str, Answer] = {"sts:AssumeRole": assumed, "sts:GetCallerIdentity": caller}
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def always(self, operation: str, answer: Answer) -> None:
        self._always[operation] = answer

    def next(self, operation: str, *answers: Answer) -> None:
        self._answers[operation].extend(answers)

    def seen(self, operation: str) -> list[Hit]:
        return [hit for hit in self.hits if hit.operation == operation]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            while True:
                hit = await self._read(reader)
                self.hits.append(hit)
                queue = self._answers[hit.operation]
                answer = queue.pop(0) if queue else self._always.get(hit.operation, _unknown)
                if not await self._write(writer, answer(hit) if callable(answer) else answer):
                    break
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if not writer.is_closing():
                writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _read(self, reader: asyncio.StreamReader) -> Hit:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:]) if name
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.bytes += len(head) + len(body)
        found = _SCOPE.search(headers.get("authorization", ""))
        key, region, service = found.groups() if found else ("", "", "")
        return Hit(_operation(service, method, target, body), method, target, headers, body, key, region)

    async def _write(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        if reply.hang:
            await asyncio.Event().wait()
        length = len(reply.body) if reply.length is None else reply.length
        headers = {"Content-Length": str(length), **reply.headers}
        if "Transfer-Encoding" in headers:
            del headers["Content-Length"]
        head = f"HTTP/1.1 {reply.status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
        writer.write(head.encode())
        if reply.drip is not None:
            for byte in reply.body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply.drip)
        else:
            writer.write(reply.body)
        sent = 0
        while sent < reply.flood:
            writer.write(b" " * 65536)
            sent += 65536
            await writer.drain()
        await writer.drain()
        return not reply.cut

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[FakeAws]:
    fake = FakeAws()
    server = await asyncio.start_server(fake.handle, "127.0.0.1", 0, limit=1 << 22)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        await fake.close()


_REST = {
    ("securityhub", "POST", "/findings"): "securityhub:GetFindings",
    ("securityhub", "PATCH", "/findings/batchupdate"): "securityhub:BatchUpdateFindings",
    ("securityhub", "GET", "/accounts"): "securityhub:DescribeHub",
    ("securityhub", "GET", "/findingAggregator/list"): "securityhub:ListFindingAggregators",
    ("guardduty", "GET", "/detector"): "guardduty:ListDetectors",
}
_S3 = {
    ("GET", "publicAccessBlock"): "s3:GetPublicAccessBlock",
    ("PUT", "publicAccessBlock"): "s3:PutPublicAccessBlock",
    ("DELETE", "publicAccessBlock"): "s3:DeletePublicAccessBlock",
    ("GET", "policy"): "s3:GetBucketPolicy",
    ("GET", "location"): "s3:GetBucketLocation",
    ("GET", "website"): "s3:GetBucketWebsite",
}


def _operation(service: str, method: str, target: str, body: bytes) -> str:
    parts = urlsplit(target)
    if service in ("sts", "iam"):
        return f"{service}:{parse_qs(body.decode())['Action'][0]}"
    if (service, method, parts.path) in _REST:
        return _REST[service, method, parts.path]
    if service == "guardduty":
        rest = parts.path.split("/")[3:]
        names = {(): "GetDetector", ("findings",): "ListFindings", ("findings", "get"): "GetFindings"}
        return f"guardduty:{names[tuple(rest)]}"
    if service == "s3" and parts.path.startswith("/v20180820/"):
        return "s3control:GetPublicAccessBlock"
    if service == "s3":
        return _S3.get((method, parts.query.partition("=")[0]), f"s3:{method}")
    return f"{service}:{method} {parts.path}"


def ok(document: Any) -> Reply:
    return Reply(
        body=json.dumps(document).encode(),
        headers={"Content-Type": "application/json", "x-amzn-RequestId": "req-1"},
    )


def error(code: str, status: int = 400, message: str = "m") -> Reply:
    return Reply(
        status,
        json.dumps({"__type": code, "Code": code, "message": message, "Message": message}).encode(),
        {"Content-Type": "application/json", "x-amzn-RequestId": "req-e", "x-amzn-ErrorType": code},
    )


def xml(body: str, status: int = 200) -> Reply:
    return Reply(status, body.encode(), {"Content-Type": "application/xml", "x-amz-request-id": "req-x"})


def s3_error(code: str, status: int = 404) -> Reply:
    return xml(f"<Error><Code>{code}</Code><Message>m</Message><RequestId>req-x</RequestId></Error>", status)


def assumed(hit: Hit, *, account: str | None = None, expires: str = "2099-01-01T00:00:00Z") -> Reply:
    arn = hit.form()["RoleArn"].split(":")
    role = arn[5].removeprefix("role/")
    session = hit.form()["RoleSessionName"]
    return xml(
        '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
        f"<AccessKeyId>ASIA{account or arn[4]}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>t</SessionToken><Expiration>{expires}</Expiration></Credentials><AssumedRoleUser>"
        f"<Arn>arn:aws:sts::{account or arn[4]}:assumed-role/{role}/{session}</Arn>"
        "<AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser></AssumeRoleResult>"
        "<ResponseMetadata><RequestId>req-s</RequestId></ResponseMetadata></AssumeRoleResponse>"
    )


def caller(hit: Hit) -> Reply:
    return identity_of("111122223333")


def identity_of(account: str) -> Reply:
    return xml(
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult><UserId>u</UserId><Account>{account}</Account>"
        f"<Arn>arn:aws:iam::{account}:user/oncall1</Arn></GetCallerIdentityResult>"
        "<ResponseMetadata><RequestId>req-s</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )


def _unknown(hit: Hit) -> Reply:
    return error("UnknownOperationException", 501, hit.operation)
