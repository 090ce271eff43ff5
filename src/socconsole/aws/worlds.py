"""Which AWS a world means: its endpoint, its first credentials, and the places that belong to it."""

from __future__ import annotations

from typing import Final

from socconsole.aws.guard import Refused
from socconsole.aws.operations import Role
from socconsole.model.world import Place, World, WorldKind

DRILL_KEY: Final = "AKIASOCCONSOLEDRILL0"
DRILL_SECRET: Final = "drill"
"""The drill analyst's key. Public by design: it opens nothing but the embedded AWS on 127.0.0.1."""


def endpoint(world: World) -> str | None:
    """The address every client of this world talks to; None leaves it to botocore (live)."""
    return world.drill.endpoint if world.drill is not None else None


def drill_role(account: str, role: Role, partition: str = "aws") -> str:
    """ARN of the role that the embedded AWS keeps for a role kind."""
    return f"arn:{partition}:iam::{account}:role/socconsole-{role}"


def admit(world: World, place: Place, operation: str) -> None:
    """Raises :class:`Refused` for a place outside the world's stamp, or any place of an import world."""
    if world.kind is WorldKind.IMPORT:
        raise Refused(operation, "an import world calls no AWS")
    if place.account not in world.accounts:
        raise Refused(
            operation,
            f"account {place.account} does not belong to this state folder",
            "add an [[accounts]] entry for it to the config (socconsole config path says where)",
        )
