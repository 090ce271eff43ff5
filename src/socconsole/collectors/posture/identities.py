"""Roles and users: see ``model.estate.identities``.

Facts (IAM API reference): ``GetAccountAuthorizationDetails`` tells of every role whom it trusts, its tags and when it
was last used, in the 400 days that IAM remembers: an empty ``RoleLastUsed`` says that it was not; ``ListUsers`` tells
when somebody last signed in by password, and no tags; ``GetAccessKeyLastUsed`` has no ``LastUsedDate`` where a key was
never used, or not since April 2015. IAM answers in us-east-1 for every region.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.home import is_home
from socconsole.collectors.posture.listed import Tags, pairs
from socconsole.collectors.posture.policies import parse
from socconsole.collectors.posture.roles import IAM
from socconsole.config import Config
from socconsole.model.access import Credential
from socconsole.model.estate.identities import Identities, Role, User
from socconsole.model.estate.policy import Policy
from socconsole.model.known import Known, Read, Unread
from socconsole.text import Untrusted, clean, token

_LINKED: Final = "/aws-service-role/"


async def read(asking: Asking, config: Config) -> Identities:
    """In the account's first place; elsewhere empty lists, since IAM is one for all regions."""
    if not is_home(asking.place, config):
        return Identities(False, Known(()), Known(()), Known(()))
    return Identities(True, await _roles(asking), await _users(asking), await _services(asking))


def day(said: object) -> date:
    """Of an instant as AWS gives it. Raises ``TypeError``."""
    if not isinstance(said, datetime):
        raise TypeError("no instant")
    return said.astimezone(UTC).date()


# --- roles --------------------------------------------------------------------------------------------


async def _roles(asking: Asking) -> Read[tuple[Role, ...]]:
    return await asking.all(
        "iam:GetAccountAuthorizationDetails",
        {"Filter": ["Role"]},
        lambda page: [_role(one) for one in page["RoleDetailList"]],
        region=IAM,
    )


def _role(said: Mapping[str, Any]) -> Role:
    return Role(
        arn=token(said["Arn"], 1024),
        linked=str(said["Path"]).startswith(_LINKED),
        created=day(said["CreateDate"]),
        trust=_trust(said["AssumeRolePolicyDocument"]),
        used=_used(said),
        tags=pairs(said.get("Tags") or ()),
    )


def _trust(document: Any) -> Read[Policy]:
    """A policy that is not understood costs its role's answer, and no other's."""
    try:
        return Known(parse(document))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"a trust policy that is not understood ({type(error).__name__})"
        return Unread("iam:GetAccountAuthorizationDetails", Untrusted(why))


def _used(said: Mapping[str, Any]) -> Read[date | None]:
    found = said.get("RoleLastUsed")
    if not isinstance(found, Mapping):
        return Unread("iam:GetAccountAuthorizationDetails", Untrusted("AWS did not say when it was last used"))
    return Known(day(found["LastUsedDate"]) if found.get("LastUsedDate") else None)


# --- users --------------------------------------------------------------------------------------------


async def _users(asking: Asking) -> Read[tuple[User, ...]]:
    listed = await asking.all("iam:ListUsers", {}, lambda page: [_user(one) for one in page["Users"]], region=IAM)
    if isinstance(listed, Unread):
        return listed
    tags = await asking.all(
        "iam:GetAccountAuthorizationDetails",
        {"Filter": ["User"]},
        lambda page: [(token(one["Arn"], 1024), pairs(one.get("Tags") or ())) for one in page["UserDetailList"]],
        region=IAM,
    )
    tagged: Mapping[str, Tags] = {} if isinstance(tags, Unread) else dict(tags.get())

    async def one(user: tuple[str, str, date, date | None]) -> User:
        arn, name, created, signed_in = user
        theirs = tags if isinstance(tags, Unread) else Known(tagged.get(arn, ()))
        return User(arn, created, signed_in, await _keys(asking, name), theirs)

    return Known(await asking.each(listed.get(), one))


def _user(said: Mapping[str, Any]) -> tuple[str, str, date, date | None]:
    last = said.get("PasswordLastUsed")
    return token(said["Arn"], 1024), str(said["UserName"]), day(said["CreateDate"]), day(last) if last else None


async def _keys(asking: Asking, user: str) -> Read[tuple[Credential, ...]]:
    def understand(answer: dict[str, Any]) -> list[tuple[str, bool, date]]:
        return [
            (str(one["AccessKeyId"]), one["Status"] != "Inactive", day(one["CreateDate"]))
            for one in answer["AccessKeyMetadata"]  # two at most
        ]

    listed = await asking.one("iam:ListAccessKeys", {"UserName": user}, understand, region=IAM)
    if isinstance(listed, Unread):
        return listed

    async def one(key: tuple[str, bool, date]) -> Credential:
        id_, active, created = key
        used = await asking.one("iam:GetAccessKeyLastUsed", {"AccessKeyId": id_}, _key_used, region=IAM)
        if isinstance(used, Unread):
            return Credential("access key", token(id_), active, created, None, f"{used.call}: {clean(used.why, 160)}")
        return Credential("access key", token(id_), active, created, used.get())

    return Known(await asking.each(listed.get(), one))


def _key_used(answer: dict[str, Any]) -> date | None:
    last = answer["AccessKeyLastUsed"].get("LastUsedDate")
    return day(last) if last else None


async def _services(asking: Asking) -> Read[tuple[tuple[str, Credential], ...]]:
    """IAM keeps no record of when one was last used."""
    return await asking.all(
        "iam:ListServiceSpecificCredentials",
        {"AllUsers": True},
        lambda page: [
            (
                token(one["UserName"], 256),
                Credential(
                    kind=clean(one["ServiceName"], 80),
                    id=token(one["ServiceSpecificCredentialId"]),
                    active=one["Status"] != "Inactive",
                    created=day(one["CreateDate"]),
                    used=None,
                    unread="IAM keeps no last use of it",
                ),
            )
            for one in page["ServiceSpecificCredentials"]
        ],
        region=IAM,
    )
