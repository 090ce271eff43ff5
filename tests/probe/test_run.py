"""Probing a real server on this host: slowly, within a budget, on the record, and nothing while nobody asked for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from socconsole.config import ProbeConfig
from socconsole.model.posture import Verdict
from socconsole.probe import probe, requests
from socconsole.probe.run import BODY_LIMIT
from tests.cli.support import run
from tests.cli.test_incidents import imported


@dataclass
class Endpoint:
    """Answers every request alike, and remembers what it was asked."""

    url: str = ""
    answer: bytes = b'{"error": "invalid"}'
    status: int = 400
    location: str = ""
    coding: str = ""
    missing: int = 0
    """Bytes that are announced and never sent."""
    asked: list[tuple[str, str, int, str]] = field(default_factory=list)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    told = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told.asked.append((self.command, self.path, len(body), self.headers.get("Authorization", "")))
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(told.answer) + told.missing))
            if told.location:
                self.send_header("Location", told.location)
            if told.coding:
                self.send_header("Content-Encoding", told.coding)
            self.end_headers()
            self.wfile.write(told.answer)

        do_POST = do_PURGE = _any

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}/v1/chat"
    yield told
    server.shutdown()
    server.server_close()


def target(endpoint: Endpoint, **over: object) -> ProbeConfig:
    return ProbeConfig(**{"url": endpoint.url, "per_second": 10.0, "budget": 3, **over})  # type: ignore[arg-type]


async def test_no_more_than_the_budget_is_asked_and_nothing_is_followed(endpoint: Endpoint) -> None:
    endpoint.status, endpoint.location = 302, endpoint.url + "/elsewhere"
    found = await probe(target(endpoint))
    assert len(endpoint.asked) == 3
    assert {path for _, path, _, _ in endpoint.asked} == {"/v1/chat"}
    assert {one.trouble for one in found[:3]} == {"answered by whatever stands before it: 302"}
    assert {one.trouble for one in found[3:]} == {"not asked: over the budget of 3"}
    assert len(found) == len(requests())
    assert {one.verdict for one in found} == {Verdict.UNKNOWN}


async def test_only_the_endpoint_itself_can_pass(endpoint: Endpoint) -> None:
    judged = {}
    for endpoint.status in (200, 400, 401, 403, 404, 407, 422, 429, 500, 502, 503, 504, 520):
        (one,) = await probe(target(endpoint), requests()[:1])
        judged[one.status] = one.verdict
    assert {status for status, verdict in judged.items() if verdict is Verdict.PASS} == {200, 400, 404, 422, 500}
    assert set(judged.values()) == {Verdict.PASS, Verdict.UNKNOWN}
    endpoint.answer = b"CUDA out of memory"
    (one,) = await probe(target(endpoint), requests()[:1])
    assert one.verdict is Verdict.FAIL


async def test_an_answer_that_was_not_read_whole_can_fail_and_cannot_pass(endpoint: Endpoint) -> None:
    async def asked() -> tuple[Verdict, str]:
        (one,) = await probe(target(endpoint), requests()[:1])
        assert one.length <= BODY_LIMIT
        return one.verdict, one.trouble

    endpoint.answer = b" " * BODY_LIMIT
    assert await asked() == (Verdict.PASS, "")
    endpoint.answer += b" CUDA out of memory"
    assert await asked() == (Verdict.UNKNOWN, "read 262,144 bytes of more")
    endpoint.answer = b"CUDA out of memory" + endpoint.answer
    assert await asked() == (Verdict.FAIL, "read 262,144 bytes of more")
    endpoint.answer, endpoint.missing = b"all is w", 3
    assert await asked() == (Verdict.UNKNOWN, "read 8 bytes, then ClientPayloadError")
    endpoint.answer = b"CUDA out of memory"
    assert (await asked())[0] is Verdict.FAIL
    endpoint.answer, endpoint.missing, endpoint.coding = b"\x1f\x9d\x90", 0, "compress"
    assert await asked() == (Verdict.UNKNOWN, "in a content coding that is not read")


async def test_every_request_can_be_sent(endpoint: Endpoint) -> None:
    found = await probe(target(endpoint, budget=100))
    assert [one.asked.id for one in found] == [one.id for one in requests()]
    assert all(one.status == 400 for one in found), [one.trouble for one in found]
    assert max(size for _, _, size, _ in endpoint.asked) == 1_048_576


async def test_what_an_answer_gives_away_fails_it(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE_TOKEN", "t0ken")
    endpoint.answer = b'Traceback (most recent call last):\n "the onyx goblin"'
    aimed = target(endpoint, token_env="PROBE_TOKEN", canaries=("onyx goblin",))
    (one,) = await probe(aimed, requests()[:1])
    assert one.verdict is Verdict.FAIL
    assert [leak.id for leak in one.leaks] == ["traceback", "canary"]
    assert endpoint.asked[0][3] == "Bearer t0ken"


async def test_a_dead_host_is_left_alone_and_proves_nothing() -> None:
    found = await probe(ProbeConfig(url="http://127.0.0.1:9/", per_second=10.0, budget=5))
    assert {one.verdict for one in found} == {Verdict.UNKNOWN}
    assert sum("twice before" in one.trouble for one in found) == 3


def test_the_report_is_on_the_record_and_its_failure_a_finding(endpoint: Endpoint, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[[probe]]\nurl = "{endpoint.url}"\nper_second = 10\nbudget = 2\n')
    root = imported(tmp_path)
    words = ("posture", "--report", "errors", "--json", "--store", root, "--config", config)
    ran = run(*words)
    assert (ran.code, ran.row["result"]) == (3, "UNKNOWN"), "two of twelve clear nothing"
    endpoint.answer = b"written by erika.muster@kaufhaus.example \x1b[2J"
    ran = run(*words)
    assert (ran.code, ran.row["result"]) == (1, "FAIL")
    assert "erika.muster" not in ran.out
    (finding,) = [
        one for one in run("findings", "kind:threat", "--json", "--store", root).rows if "give" in one["title"]
    ]
    assert finding["title"] == "Error responses give away mail address"
    verbs = [json.loads(line)["verb"] for line in run("ledger", "show", "--json", "--store", root).out.splitlines()]
    assert verbs[-4:] == ["probing", "probed", "probing", "probed"]
    endpoint.answer = b"{}"
    config.write_text(f'[[probe]]\nurl = "{endpoint.url}"\nper_second = 10\n')
    assert run(*words).code == 0
    assert not [one for one in run("findings", "--json", "--store", root).rows if "give" in one["title"]]


def test_without_the_token_that_is_named_nothing_is_asked(endpoint: Endpoint, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[[probe]]\nurl = "{endpoint.url}"\ntoken_env = "PROBE_TOKEN"\n')
    words = ("posture", "--report", "errors", "--store", imported(tmp_path), "--config", config)
    unset = run(*words)
    for ran in (unset, *(run(*words, PROBE_TOKEN=one) for one in ("", "t0ken\r\nX-More: 1", "t0ken\x1b", "t0kené"))):
        assert (ran.code, endpoint.asked) == (2, [])
        assert "PROBE_TOKEN" in ran.err
        assert "t0ken" not in ran.out + ran.err
    assert "probing" not in run("ledger", "show", "--json", "--store", words[4]).out


def test_nothing_is_asked_that_nobody_called_his_own(endpoint: Endpoint, tmp_path: Path) -> None:
    root = imported(tmp_path)
    ran = run("posture", "--report", "errors", "--store", root)
    assert (ran.code, "no [[probe]] is configured" in ran.err) == (2, True)
    config = tmp_path / "config.toml"
    config.write_text(f'[[probe]]\nurl = "{endpoint.url}"\n')
    ran = run("posture", "--report", "errors", "--url", "http://127.0.0.1:9/", "--store", root, "--config", config)
    assert (ran.code, endpoint.asked) == (2, [])
