"""What a listing names, described one by one: what cannot be read of one costs nothing of the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from socconsole.collectors.egress_marks import tags_of
from socconsole.collectors.posture.asking import Asking
from socconsole.model.estate.key import Key
from socconsole.model.estate.listed import Listed
from socconsole.model.known import Known, NotRead, Read, Unread
from socconsole.text import Untrusted, token

T = TypeVar("T")

Named = tuple[str, str]
"""(ARN, name or id by which it is asked after), exactly as AWS said them."""

Tags = tuple[tuple[Untrusted, Untrusted], ...]


async def attempt(read: Awaitable[T]) -> Read[T]:
    """What it gives; or, where it needed something that was not read, that."""
    try:
        return Known(await read)
    except NotRead as trouble:
        return trouble.unread


async def described(
    asking: Asking, names: Read[tuple[Named, ...]], read: Callable[[str, str], Awaitable[T]]
) -> Read[tuple[Listed[T], ...]]:
    """Each of ``names`` with what ``read(arn, name)`` says of it; ``read`` may raise ``NotRead``."""
    if isinstance(names, Unread):
        return names
    return Known(await each_described(asking, names.value, read))


async def each_described(
    asking: Asking, names: Sequence[Named], read: Callable[[str, str], Awaitable[T]]
) -> tuple[Listed[T], ...]:
    """As :func:`described`, where the names are known."""

    async def one(named: Named) -> Listed[T]:
        arn, name = named
        return Listed(token(arn, 256), token(name, 256), await attempt(read(arn, name)))

    return await asking.each(names, one)


async def key(asking: Asking, named: str | None) -> Key | None:
    """The KMS key that something names; None where it names none.

    ``DescribeKey`` takes ids, ARNs and aliases alike; whose key it is it says as ``KeyManager`` (KMS API reference).
    """
    if not named:
        return None

    def account(answer: dict[str, Any]) -> str:
        said = answer["KeyMetadata"]
        return {"CUSTOMER": token(said["AWSAccountId"]), "AWS": ""}[said["KeyManager"]]

    return Key(token(named, 256), await asking.one("kms:DescribeKey", {"KeyId": named}, account))


def pairs(listed: Any) -> Tags:
    """``[{Key, Value}]``, as most services answer."""
    return tuple((Untrusted(name), Untrusted(value)) for name, value in tags_of(listed))
