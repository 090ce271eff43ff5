"""All actions, by id. A new one is a file of its own and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from socconsole.response.base import Action
from socconsole.response.s3_public import S3BlockPublic

ACTIONS: Final[Mapping[str, Action]] = {action.info.id: action for action in (S3BlockPublic(),)}
