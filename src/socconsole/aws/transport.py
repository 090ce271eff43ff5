"""The HTTP session under every client: sends only what the guard permitted, reads no more than a cap.

botocore takes the class through its public ``http_session_cls`` option. Its own session reads a body to the
end however long it is (measured: a 200 MB answer cost 380 MiB and was accepted); this one stops.
"""

from __future__ import annotations

import io
from typing import Any, Final

import aiohttp
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.httpsession import AIOHTTPSession
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from socconsole.aws.gate import BadResponse
from socconsole.aws.guard import PERMIT, Permit, Refused

BODY_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of one answer. AWS's own largest here is about 6 MB (100 findings of 240 KB never come together)."""


class Body:
    """A body already read, in the shape of the raw stream that botocore's response reads from.

    ``content`` is where a streaming answer (an object of S3) reads from.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.content = _Content(data)

    async def read(self) -> bytes:
        return self._data


class _Content:
    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    async def read(self, amount: int = -1) -> bytes:
        return self._stream.read(amount)


class Transport(AIOHTTPSession):  # type: ignore[misc]  # published without types
    """Raises :class:`Refused` without a permit, :class:`BadResponse` past the cap; else as its parent."""

    async def send(self, request: Any) -> AioAWSResponse:
        if not isinstance((request.context or {}).get(PERMIT), Permit):
            raise Refused("unknown", "a request that the guard has not seen")
        request.stream_output = True  # keeps the parent from reading the body: that is done below, with a cap
        response = await super().send(request)
        try:
            data = await _read(response.raw, request.url)
        except BaseException:
            response.raw.close()  # an unread rest must not go back into the pool
            raise
        return AioAWSResponse(response.url, response.status_code, response.headers, Body(data))

    async def _get_session(self, proxy_url: str | None) -> _Straight:
        return _Straight(await super()._get_session(proxy_url))


class _Straight:
    """An aiohttp session that follows no redirect, as botocore's own transport does not.

    aiohttp would carry a signed body and its security token to whatever host a redirect names.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def request(self, method: str, **options: Any) -> aiohttp.ClientResponse:
        return await self._session.request(method, allow_redirects=False, **options)


async def _read(raw: aiohttp.ClientResponse, url: str) -> bytes:
    if raw.content_length is not None and raw.content_length > BODY_LIMIT:
        raise BadResponse(f"an answer of {raw.content_length} bytes; {BODY_LIMIT} is the most we read")
    data = bytearray()
    try:
        async for chunk in raw.content.iter_any():
            data += chunk
            if len(data) > BODY_LIMIT:
                raise BadResponse(f"an answer of more than {BODY_LIMIT} bytes")
    except TimeoutError as error:
        raise ReadTimeoutError(endpoint_url=url, error=error) from error
    except aiohttp.ClientError as error:
        raise ConnectionClosedError(error=error, request=None, endpoint_url=url) from error
    return bytes(data)
