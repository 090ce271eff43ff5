"""Asking one host of ours what it should refuse, slowly and within a budget, and looking at how it refuses.

Off unless the configuration names the URL. Nothing is followed (no redirect, no link), certificates are verified, and
no more than ``BODY_LIMIT`` bytes of an answer are read.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Final

import msgspec

from socconsole.config import ProbeConfig
from socconsole.model.posture import Verdict
from socconsole.probe.leaks import Leak, leaks

if TYPE_CHECKING:
    from aiohttp import ClientSession, StreamReader

BODY_LIMIT: Final = 256 * 1024
TIMEOUT_S: Final = 15.0
NOBODY: Final = "socconsole-probe-no-such-model"


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One request of ``requests.toml``."""

    id: str
    title: str
    method: str = "POST"
    body: str = ""
    hex: str = ""
    repeat: str = ""
    fill: int = 0
    content_type: str = "application/json"
    header: int = 0

    @property
    def data(self) -> bytes:
        """What is sent."""
        if self.hex:
            return bytes.fromhex(self.hex)
        if self.fill:
            return (self.repeat or " ").encode() * self.fill
        return self.body.replace("${model}", NOBODY).encode()


@dataclass(frozen=True, slots=True)
class Answered:
    """How one request was answered. No status: there was no answer, and ``trouble`` says why."""

    asked: Asked
    at: datetime
    status: int | None
    length: int
    digest: str
    """SHA-256 of what was read of the body; the body itself is not kept."""
    leaks: tuple[Leak, ...]
    trouble: str = ""

    @property
    def verdict(self) -> Verdict:
        """FAIL for what it gave away; UNKNOWN without an answer; PASS for one that gave away nothing, whatever its
        status: it is not the business of this check that something was accepted."""
        if self.leaks:
            return Verdict.FAIL
        return Verdict.UNKNOWN if self.status is None else Verdict.PASS


@functools.cache
def requests() -> tuple[Asked, ...]:
    text = resources.files("socconsole.probe").joinpath("requests.toml").read_text("utf-8")
    return tuple(msgspec.convert(tomllib.loads(text)["request"], tuple[Asked, ...]))


async def probe(target: ProbeConfig, asked: Sequence[Asked] | None = None) -> list[Answered]:
    """Every request in turn, at most ``target.budget`` of them and ``target.per_second`` a second.

    A host that does not answer twice running is left alone: the rest is UNKNOWN.
    """
    import aiohttp

    found: list[Answered] = []
    silent = 0
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S, connect=5)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        for n, one in enumerate((asked or requests())[: target.budget]):
            if silent >= 2:
                found.append(_unasked(one))
                continue
            if n:
                await asyncio.sleep(1 / target.per_second)
            found.append(await _ask(session, target, one))
            silent = silent + 1 if found[-1].status is None else 0
    return found


async def _ask(session: ClientSession, target: ProbeConfig, one: Asked) -> Answered:
    import aiohttp

    headers = {"Content-Type": one.content_type, "User-Agent": "socconsole-probe", "X-Socconsole-Probe": one.id}
    if one.header:
        headers["X-Socconsole-Fill"] = "a" * one.header
    if target.token_env and (token := os.environ.get(target.token_env)):
        headers["Authorization"] = f"Bearer {token}"
    at = datetime.now(UTC)
    try:
        async with session.request(
            one.method, target.url, data=one.data or None, headers=headers, allow_redirects=False
        ) as answer:
            status, sent_back = answer.status, answer.headers.items()
            body = await _some(answer.content)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Answered(one, at, None, 0, "", (), type(error).__name__)
    said = body + b"\n" + "\n".join(f"{name}: {value}" for name, value in sent_back).encode("utf-8", "replace")
    given = leaks(said, one.data, target.canaries)
    return Answered(one, at, status, len(body), hashlib.sha256(body).hexdigest(), given)


async def _some(stream: StreamReader) -> bytes:
    read = bytearray()
    async for part in stream.iter_chunked(16 * 1024):
        read += part[: BODY_LIMIT - len(read)]
        if len(read) >= BODY_LIMIT:
            break
    return bytes(read)


def _unasked(one: Asked) -> Answered:
    return Answered(one, datetime.now(UTC), None, 0, "", (), "not asked: it had not answered twice before")
