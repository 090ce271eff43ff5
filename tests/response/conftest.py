from __future__ import annotations

from dataclasses import dataclass

from socconsole.drill import Embedded
from socconsole.model.world import Place
from tests.embedded import aws, embedded  # noqa: F401

CORPUS = "kaufhaus-llm-corpus-prod"
EXPORTS = "kaufhaus-ml-eval-exports"
ASSETS = "kaufhaus-shop-assets"
TRANSCRIPTS = "kaufhaus-support-transcripts"
STRANGER = "999988887777"
PROD = Place("111122223333", "eu-central-1")
ML = Place("444455556666", "eu-west-1")


@dataclass(frozen=True)
class Setting:
    """A configuration that names nothing: the drill's own roles are used."""

    accounts: tuple[object, ...] = ()
    share: float = 1.0


def leaking(aws: Embedded) -> Embedded:  # noqa: F811
    """The world after the corpus was opened to everyone and the exports were handed to a stranger."""
    aws.advance(330)
    return aws


def changes(aws: Embedded) -> list[tuple[str, str]]:  # noqa: F811
    """(operation, role) of all that clients wrote, credentials aside, as the embedded AWS saw it."""
    return [(f"{e.service}:{e.op}", e.role) for e in aws.journal.calls(mutating=True)]
