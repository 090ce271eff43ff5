"""``doctor`` on escalation: whether each channel can be used, as far as this process sees, and what failed last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeGuard

from socconsole.cli.checks import Check, ok, warn
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.state import StateFolder

AREA = "escalation"


def escalation(folder: StateFolder | None, settings: Config) -> Iterator[Check]:
    """Nothing where no path is configured and nothing is under way. Sends nothing: `escalate ID --dry-run` shows what
    would be sent."""
    from socconsole.config.channels import NoSecret, secret

    yield from _stranded(folder, settings)
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


def _stranded(folder: StateFolder | None, settings: Config) -> Iterator[Check]:
    from socconsole.store import db, escalations

    if not _readable(folder):
        return
    known = {one.name for one in settings.escalation}
    with db.reading(folder) as conn:
        waiting = [one for one in escalations.going(conn) if one.path not in known]
    for one in waiting:
        said = f"{one.id} waits, and its path {one.path} is not in the configuration: nobody further is told"
        yield warn(AREA, said, f"socconsole escalate {one.id} --stop --reason WHY   (or bring the path back)")


def _failing(folder: StateFolder | None) -> dict[str, str]:
    from socconsole.store import db, escalations

    if not _readable(folder):
        return {}
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    with db.reading(folder) as conn:
        return {
            id_: f"failed at {at:%Y-%m-%dT%H:%M:%SZ}: {clean(why, 200)}"
            for id_, at, why in escalations.failing(conn, epoch)
        }


def _readable(folder: StateFolder | None) -> TypeGuard[StateFolder]:
    """Whether there is a store of this program's schema: a doctor migrates nothing."""
    from socconsole.store import db
    from socconsole.store.schema import SCHEMA

    return folder is not None and folder.store_db.exists() and db.version(folder.store_db) == SCHEMA
