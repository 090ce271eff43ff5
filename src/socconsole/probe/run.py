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
from socconsole.probe.leaks import DEPTH, Leak, leaks, too_deep

if TYPE_CHECKING:
    from aiohttp import ClientSession, StreamReader

BODY_LIMIT: Final = 256 * 1024
TIMEOUT_S: Final = 15.0
NOBODY: Final = "socconsole-probe-no-such-model"

CODINGS: Final = frozenset({"", "identity", "gzip", "deflate", "br", "zstd"})
"""Content codings that aiohttp takes off, or fails on; any other it hands on as it came."""


class TokenError(ValueError):
    """The bearer token that the configuration names cannot be sent. The message never holds it."""


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
    """How one request was answered. No status: there was no answer."""

    asked: Asked
    at: datetime
    status: int | None
    length: int
    digest: str
    """SHA-256 of what was read of the body; the body itself is not kept."""
    leaks: tuple[Leak, ...]
    trouble: str = ""
    """Why nothing is proved where nothing was found; empty: the endpoint answered, and all of it was read."""

    @property
    def verdict(self) -> Verdict:
        """FAIL for what it gave away; UNKNOWN for trouble; PASS for an answer of the endpoint, read whole, that gave
        away nothing, an acceptance too: it is not the business of this check that something was accepted."""
        if self.leaks:
            return Verdict.FAIL
        return Verdict.UNKNOWN if self.status is None or self.trouble else Verdict.PASS


@functools.cache
def requests() -> tuple[Asked, ...]:
    text = resources.files("socconsole.probe").joinpath("requests.toml").read_text("utf-8")
    return tuple(msgspec.convert(tomllib.loads(text)["request"], tuple[Asked, ...]))


def token(target: ProbeConfig) -> str:
    """The bearer token of ``target.token_env``; empty: it wants none. Raises ``TokenError`` where one is named but
    unset, empty or no token: without it every answer would be that of the door, not of the endpoint."""
    if not target.token_env:
        return ""
    value = os.environ.get(target.token_env, "")
    if not value:
        raise TokenError(f"token_env names {target.token_env}, which is unset or empty: nothing was asked")
    if not all("!" <= one <= "~" for one in value):  # RFC 6750, section 2.1: visible ASCII, no space, no line's end
        raise TokenError(f"{target.token_env} holds characters that no bearer token has: nothing was asked")
    return value


async def probe(target: ProbeConfig, asked: Sequence[Asked] | None = None) -> list[Answered]:
    """Every request in turn, at most ``target.budget`` of them and ``target.per_second`` a second.

    A host that does not answer twice running is left alone. What was not asked is UNKNOWN, and in the list as well.
    Raises ``TokenError`` before anything is asked.
    """
    import aiohttp

    bearer = token(target)
    found: list[Answered] = []
    silent = 0
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S, connect=5)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        for n, one in enumerate(asked or requests()):
            if n >= target.budget:
                found.append(_unasked(one, f"over the budget of {target.budget}"))
                continue
            if silent >= 2:
                found.append(_unasked(one, "it had not answered twice before"))
                continue
            if n:
                await asyncio.sleep(1 / target.per_second)
            found.append(await _ask(session, target, one, bearer))
            silent = silent + 1 if found[-1].status is None else 0
    return found


async def _ask(session: ClientSession, target: ProbeConfig, one: Asked, bearer: str) -> Answered:
    import aiohttp

    headers = {"Content-Type": one.content_type, "User-Agent": "socconsole-probe", "X-Socconsole-Probe": one.id}
    if one.header:
        headers["X-Socconsole-Fill"] = "a" * one.header
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    at = datetime.now(UTC)
    try:
        async with session.request(
            one.method, target.url, data=one.data or None, headers=headers, allow_redirects=False
        ) as answer:
            status, sent_back = answer.status, answer.headers.items()
            coding = answer.headers.get("Content-Encoding", "").strip().lower()
            body, rest = await _some(answer.content)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return Answered(one, at, None, 0, "", (), type(error).__name__)
    said = body + b"\n" + "\n".join(f"{name}: {value}" for name, value in sent_back).encode("utf-8", "replace")
    given = leaks(said, one.data, target.canaries)
    troubles = (
        rest,
        "" if coding in CODINGS else "in a content coding that is not read",
        f"escaped more than {DEPTH} times, and not read so deep" if too_deep(said) else "",
        "" if _its_own(status) else f"answered by whatever stands before it: {status}",
    )
    trouble = "; ".join(each for each in troubles if each)
    return Answered(one, at, status, len(body), hashlib.sha256(body).hexdigest(), given, trouble)


def _its_own(status: int) -> bool:
    """Whether an answer with this status shows how the endpoint itself answers.

    Redirects, refused credentials, limits of the rate and the errors of gateways (RFC 9110, section 15, and RFC 6585;
    above 504 there is hardly another's) come from what stands before it, as a rule: they prove nothing of it.
    """
    if 400 <= status < 500:
        return status not in (401, 403, 407, 429)
    return 200 <= status < 300 or status in (500, 501)


async def _some(stream: StreamReader) -> tuple[bytes, str]:
    """What was read of a body, and why that is not all of it; what was read is looked at in any case."""
    import aiohttp

    read = bytearray()
    try:
        async for part in stream.iter_chunked(16 * 1024):
            read += part
            if len(read) > BODY_LIMIT:
                return bytes(read[:BODY_LIMIT]), f"read {BODY_LIMIT:,} bytes of more"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return bytes(read), f"read {len(read):,} bytes, then {type(error).__name__}"
    return bytes(read), ""


def _unasked(one: Asked, why: str) -> Answered:
    return Answered(one, datetime.now(UTC), None, 0, "", (), f"not asked: {why}")
