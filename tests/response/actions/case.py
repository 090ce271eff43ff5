"""What the contract of all containments needs to know about one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from socconsole.config import Config
from socconsole.drill import Embedded
from socconsole.model.world import Place
from tests.response.conftest import PROD


def do(aws: Embedded, operation: str, place: Place = PROD, **params: Any) -> Mapping[str, Any]:
    """A call (``s3:PutBucketPolicy``) by the account's own hands, behind our back."""
    return aws.cloud.hands.call(f"AKIB{place.account}BLDR", place.region, operation, params)


@dataclass(frozen=True)
class Case:
    """A target on which the action helps.

    ``prepare`` makes it and returns its id; ``drift`` is what somebody else does to it after the action.
    ``takes``: seconds of the story until AWS has done what it was asked to; until then it is in doubt.
    ``config``: what the action needs to be told.
    """

    action: str
    prepare: Callable[[Embedded], str]
    drift: Callable[[Embedded, str], object]
    place: Place = PROD
    takes: float = 0.0
    config: Config = field(default_factory=lambda: Config(share=1.0))

    def __str__(self) -> str:
        return self.action
