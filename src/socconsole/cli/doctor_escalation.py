"""``doctor`` on escalation: whether each channel can be used, as far as this process sees, and what failed last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from socconsole.cli.checks import Check, ok, warn
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.state import StateFolder

AREA = "escalation"


def escalation(folder: StateFolder | None, settings: Config) -> Iterator[Check]:
    """Nothing where no path is configured. Sends nothing: `escalate ID --dry-run` shows what would be sent."""
    from socconsole.config.channels import NoSecret, secret

    if not settings.escalation:
        return
    dead = _failing(folder)
    for channel in settings.channel:
        said = f"channel {channel.id}"
        try:
            if not channel.sns:
                secret(channel)
        except NoSecret as trouble:
            # The watch may run with another environment, or as another user.
            yield warn(AREA, f"{said}: {clean(str(trouble), 200)}, seen from here", "give it to the watch's unit")
            continue
        if channel.id in dead:
            yield warn(AREA, f"{said}: {dead[channel.id]}", "socconsole escalate   (lists every send)")
        else:
            yield ok(AREA, f"{said}: no send of it failed last")
    if settings.heartbeat is None:
        yield warn(AREA, "nobody is told when the watch dies: there is no [heartbeat]", "deploy heartbeat.json")


def _failing(folder: StateFolder | None) -> dict[str, str]:
    from socconsole.store import db, escalations
    from socconsole.store.schema import SCHEMA

    if folder is None or not folder.store_db.exists() or db.version(folder.store_db) != SCHEMA:
        return {}  # a doctor migrates nothing
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    with db.reading(folder) as conn:
        return {
            id_: f"failed at {at:%Y-%m-%dT%H:%M:%SZ}: {clean(why, 200)}"
            for id_, at, why in escalations.failing(conn, epoch)
        }
