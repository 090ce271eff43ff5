"""A KMS key: whose it is, whether it rotates, whom its policy lets in. For every family whose things it encrypts.

Facts: KMS API reference, ``DescribeKey`` (a key's id, its ARN or an alias, of this or another account);
``GetKeyRotationStatus``: refused for keys whose material KMS did not make.
"""

from __future__ import annotations

from typing import Any

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.policies import parse
from socconsole.model.estate.storage import Key
from socconsole.model.known import Known, Read, Unread
from socconsole.text import token


async def read(asking: Asking, key: str) -> Read[Key]:
    """The key that ``key`` names, an id, ARN or alias. Another account's is mostly not ours to read: ``Unread``."""
    theirs = key.startswith("arn:") and f":{asking.place.account}:" not in key
    about = await asking.one("kms:DescribeKey", {"KeyId": key}, _about, aside=theirs)
    if isinstance(about, Unread):
        return about
    arn, manager, state, origin = about.get()
    rotates = origin == "AWS_KMS" and manager == "CUSTOMER"
    return Known(
        Key(
            arn=arn,
            managed=manager != "CUSTOMER",
            state=state,
            origin=origin,
            rotates=await asking.one("kms:GetKeyRotationStatus", {"KeyId": arn}, _rotates) if rotates else None,
            policy=await asking.one(
                "kms:GetKeyPolicy", {"KeyId": arn, "PolicyName": "default"}, lambda answer: parse(answer["Policy"])
            ),
        )
    )


def _about(answer: dict[str, Any]) -> tuple[str, str, str, str]:
    said = answer["KeyMetadata"]
    return token(said["Arn"], 256), token(said["KeyManager"]), token(said["KeyState"]), token(said["Origin"])


def _rotates(answer: dict[str, Any]) -> bool:
    return answer["KeyRotationEnabled"] is True
