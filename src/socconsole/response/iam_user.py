"""A user read afresh: what he may do by policies of his own, and by what credentials he comes in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from socconsole.response.base import Door
from socconsole.response.iam_principal import Principal, jsonable
from socconsole.response.parts import Part, read
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

    def ways_in(self) -> str:
        """His credentials, in numbers; what could not be read is said elsewhere."""
        active = [id_ for id_, status in self.credentials.items() if status == "Active"]
        return (
            f"1 user with {count(len(self.keys), 'active access key')}{listed(self.keys)}, "
            f"{count(len(active), 'active Bedrock API key')}, {'a' if self.password else 'no'} password, "
            f"{count(self.devices, 'MFA device')}"
        )


async def read_user(door: Door, principal: Principal) -> User:
    """``principal`` with his credentials. Raises ``AwsTrouble``; a denied part is said to be unread."""
    asked = {"UserName": principal.name}
    found = await read(
        door,
        principal.place,
        {
            "keys": Part("iam:ListAccessKeys", asked, optional=True),
            "credentials": Part("iam:ListServiceSpecificCredentials", {**asked, "ServiceName": BEDROCK}, optional=True),
            "login": Part("iam:GetLoginProfile", asked, optional=True),
            "devices": Part("iam:ListMFADevices", asked, optional=True),
        },
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
        evidence={**principal.evidence, **jsonable(found.evidence)},
        unread=(*principal.unread, *found.unread),
    )


def _statuses(credentials: Any) -> dict[str, str]:
    return {str(one["ServiceSpecificCredentialId"]): str(one["Status"]) for one in credentials}
