from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.model.action import Mode
from socconsole.model.entry import Line
from socconsole.model.world import Place
from socconsole.response.session import Session
from socconsole.store import db, ledger
from socconsole.store.state import StateFolder
from tests.embedded import aws, embedded  # noqa: F401

CORPUS = "kaufhaus-llm-corpus-prod"
EXPORTS = "kaufhaus-ml-eval-exports"
ASSETS = "kaufhaus-shop-assets"
TRANSCRIPTS = "kaufhaus-support-transcripts"
STRANGER = "999988887777"
PROD = Place("111122223333", "eu-central-1")
ML = Place("444455556666", "eu-west-1")
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


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


def owner(aws: Embedded, operation: str, bucket: str, **params: Any) -> None:  # noqa: F811
    """What the bucket's owner, or an intruder with his rights, does behind our back."""
    aws.cloud.hands.call(f"AKIB{PROD.account}BLDR", PROD.region, f"s3:{operation}", {"Bucket": bucket, **params})


@pytest.fixture
def folder(aws: Embedded, tmp_path: Path) -> StateFolder:  # noqa: F811
    made = StateFolder.create(tmp_path / "state", aws.world)
    db.prepare(made)
    return made


Make = Callable[..., Session]


@pytest.fixture
def session(folder: StateFolder) -> Make:
    """``session(mode, **more)``: a script's session that reads back twice within a fraction of a second."""

    def make(mode: Mode = Mode.RESPOND, config: Config | None = None, **more: Any) -> Session:
        more.setdefault("later", (("15 s", 0.02), ("60 s", 0.05)))
        more.setdefault("by_script", True)
        return Session(folder, config or Config(share=1.0), "oncall1", mode, **more)

    return make


def record(folder: StateFolder, *verbs: str) -> list[Line]:
    return ledger.read(folder, verbs=verbs or ("intent", "outcome", "verified", "resolved"))
