"""A user read afresh: what he may do by policies of his own, and by what credentials he comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from socconsole.model.finding import Finding
from socconsole.response.base import Door
from socconsole.response.iam_principal import Principal, jsonable
from socconsole.response.parts import Part, read
from socconsole.response.recent import Recent, recent
from socconsole.response.wording import count, listed

BEDROCK: Final = "bedrock.amazonaws.com"
"""The service name of Bedrock API keys (IAM API reference, ``CreateServiceSpecificCredential``)."""


@dataclass(frozen=True, slots=True)
class User(Principal):
    """A user, with his credentials."""

    keys: tuple[str, ...] = ()
    """Ids of access keys that work."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """Bedrock API keys: id to status."""
    password: bool = False
    """He may sign in to the AWS console."""
    devices: int = 0
    """MFA devices; an intruder may have enrolled one of them."""
    lately: Recent | None = None
    """What the user did in the last day."""

    def ways_in(self, finding: Finding | None) -> str:
        """His credentials and their use, in numbers; what could not be read is said elsewhere."""
        active = [id_ for id_, status in self.credentials.items() if status == "Active"]
        return (
            f"1 user with {count(len(self.keys), 'active access key')}{listed(self.keys)}, "
            f"{count(len(active), 'active Bedrock API key')}, {'a' if self.password else 'no'} password, "
            f"{count(self.devices, 'MFA device')}{f'; {self.lately.words(finding)}' if self.lately else ''}"
        )


async def read_user(door: Door, principal: Principal) -> User:
    """``principal`` with his credentials. Raises ``AwsTrouble``; a denied part is said to be unread."""
    asked = {"UserName": principal.name}
    login = ("keys", "iam:ListAccessKeys"), ("login", "iam:GetLoginProfile"), ("devices", "iam:ListMFADevices")
    parts = {part: Part(operation, asked, optional=True) for part, operation in login}
    bedrock = {**asked, "ServiceName": BEDROCK}
    parts["credentials"] = Part("iam:ListServiceSpecificCredentials", bedrock, optional=True)
    found, lately = await asyncio.gather(
        read(door, principal.place, parts), recent(door, principal.place, "Username", principal.name)
    )
    fields = {name: getattr(principal, name) for name in Principal.__slots__}
    user = User(**fields)
    keys = found.known("keys").get("AccessKeyMetadata", ())
    credentials = found.known("credentials").get("ServiceSpecificCredentials", ())
    return replace(
        user,
        keys=tuple(str(one["AccessKeyId"]) for one in keys if one.get("Status") == "Active"),
        credentials=_statuses(credentials),
        password=bool(found.known("login")),
        devices=len(found.known("devices").get("MFADevices", ())),
        lately=lately,
        evidence={**principal.evidence, **jsonable(found.evidence)},
        unread=(*principal.unread, *found.unread),
    )


def _statuses(credentials: Any) -> dict[str, str]:
    return {str(one["ServiceSpecificCredentialId"]): str(one["Status"]) for one in credentials}
