"""How ECS names what runs: a service or a task, each within a cluster."""

from __future__ import annotations

import re
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.aws.trouble import Kind
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Target
from socconsole.text import token

_NAME: Final = r"[A-Za-z0-9_-]{1,255}"


def named(target: str, kind: str) -> str:
    """``CLUSTER/NAME`` of what was typed: that, or the ARN of a ``service`` or ``task``. Raises :class:`BadTarget`.

    ARNs of before 2018 name no cluster: then it has to be typed.
    """
    found = re.fullmatch(rf"(?:arn:[a-z-]+:ecs:[a-z0-9-]+:\d{{12}}:{kind}/)?({_NAME})/({_NAME})", target)
    if found is None:
        raise BadTarget(
            f"{token(target)!r} is not CLUSTER/{kind.upper()}, or the ARN of a {kind} that names its cluster"
        )
    return f"{found[1]}/{found[2]}"


def parts(target: Target) -> tuple[str, str]:
    """Cluster and name."""
    cluster, _, name = target.id.partition("/")
    return cluster, name


def arn(kind: str, target: Target) -> str:
    place = target.place
    return f"arn:{partition_of(place.region)}:ecs:{place.region}:{place.account}:{kind}/{target.id}"


def missing(operation: str, place: Place, what: str) -> AwsTrouble:
    """ECS lists what it does not know among the failures of an answer that is whole."""
    return AwsTrouble(Kind.NOT_FOUND, operation, place, f"there is no {what}")
