"""Credentials of one account and role kind: botocore's chain first, then the configured role.

An object of this class sits under the signer of every client of its account, so that nothing has to be
rebuilt when a key changes: what is asked for at each signature is asked here. After trouble with them,
``forget`` makes the next signature read profiles, token caches and roles afresh: signing in again in another
window is enough.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiobotocore.credentials import AioCredentials
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from socconsole.aws.guard import Refused
from socconsole.model.world import Place

REFRESH_BEFORE: Final = timedelta(minutes=3)
"""A role session is renewed this long before it ends, whoever asks then."""

_NAME: Final = re.compile(r"[^\w+=,.@-]", re.ASCII)
_TAG: Final = re.compile(r"[^\w\s+=.:/@-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Assume:
    """How to assume a role: who stands behind it and why, as AWS will record it.

    ``seconds`` is the session's length (900 to 43,200; STS AssumeRole); ``policy`` narrows the session.
    """

    role_arn: str
    analyst: str
    tags: Mapping[str, str]
    seconds: int = 3600
    policy: str = ""

    def params(self) -> dict[str, Any]:
        """Parameters of ``sts:AssumeRole``; names reduced to what STS accepts (``[\\w+=,.@-]``, 2 to 64)."""
        who = source_identity(self.analyst)
        params: dict[str, Any] = {
            "RoleArn": self.role_arn,
            "RoleSessionName": f"socconsole-{who}"[:64],
            "SourceIdentity": who,
            "DurationSeconds": self.seconds,
        }
        if self.tags:
            params["Tags"] = [
                {"Key": _TAG.sub("_", key)[:128], "Value": _TAG.sub("_", value)[:256]}
                for key, value in self.tags.items()
            ]
        if self.policy:
            params["Policy"] = self.policy
        return params


def source_identity(analyst: str) -> str:
    """The analyst's name as STS's SourceIdentity."""
    name = _NAME.sub("_", analyst)[:64]
    return name if len(name) >= 2 else f"{name}__"[:2]


class AccountCredentials(AioCredentials):  # type: ignore[misc]  # published without types
    """What a signer asks for keys; the parent's own key and secret stay empty and unused."""

    def __init__(
        self,
        place: Place,
        open_base: Callable[[], Any],
        assume: Assume | None,
        endpoint: str | None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__("", "", method="socconsole", account_id=place.account)
        self._place = place
        self._open_base = open_base
        self._assume = assume
        self._endpoint = endpoint
        self._now = now
        self._lock = asyncio.Lock()
        self._base: Any = None
        self._checked = False
        self._role: tuple[ReadOnlyCredentials, datetime] | None = None

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Keys that hold now. Raises botocore's errors, or :class:`Refused` for another account's keys."""
        async with self._lock:
            if self._role is not None and self._now() < self._role[1] - REFRESH_BEFORE:
                return self._role[0]
            base = await self._base_credentials()
            if self._assume is None:
                return base
            try:
                self._role = await self._assume_role(self._assume)
            except Exception:
                # Any failure: a session that still runs is used to its end, and the next caller tries again.
                if self._role is None or self._now() >= self._role[1]:
                    raise
            return self._role[0]

    def forget(self) -> None:
        """Drop what is cached. Calls under way keep the keys they were signed with."""
        self._base = None
        self._role = None
        self._checked = False

    async def _base_credentials(self) -> ReadOnlyCredentials:
        if self._base is None:
            self._base = self._open_base()
        credentials = await self._base.get_credentials()
        if credentials is None:
            self._base = None
            raise NoCredentialsError
        frozen = await credentials.get_frozen_credentials()
        if self._assume is None and not self._checked:
            answer = await self._sts("GetCallerIdentity", {})
            self._same_account("sts:GetCallerIdentity", str(answer["Arn"]))
            self._checked = True
        return frozen

    async def _assume_role(self, assume: Assume) -> tuple[ReadOnlyCredentials, datetime]:
        answer = await self._sts("AssumeRole", assume.params())
        self._same_account("sts:AssumeRole", str(answer["AssumedRoleUser"]["Arn"]))
        keys = answer["Credentials"]
        frozen = ReadOnlyCredentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return frozen, keys["Expiration"]

    def _same_account(self, operation: str, arn: str) -> None:
        account = arn.split(":")[4] if arn.count(":") >= 5 else ""
        if account != self._place.account:
            raise Refused(
                operation,
                f"these credentials belong to account {account or '?'}, not to {self._place.account}",
                f"set the profile of account {self._place.account} in the config",
            )

    async def _sts(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        async with self._base.create_client(
            "sts", region_name=self._place.region, endpoint_url=self._endpoint
        ) as client:
            call: Callable[..., Awaitable[dict[str, Any]]] = getattr(client, _METHODS[operation])
            return await call(**params)


_METHODS: Final = {"GetCallerIdentity": "get_caller_identity", "AssumeRole": "assume_role"}


class Fixed:
    """botocore's credential resolver for a session whose credentials are given."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    async def load_credentials(self) -> Any:
        return self._credentials
