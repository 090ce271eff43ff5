"""``incidents``: what Triage shows in one row each, with the story, for scripts and for eyes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from socconsole.cli.exits import Code, finish, freshness_code, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.cli.watching import IMPORTED_ONLY
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.store.db import Connection


def register(app: typer.Typer) -> None:
    @app.command("incidents")
    def incidents(
        incident: Annotated[
            str, typer.Argument(metavar="[ID]", help="n-… of one of them, or the id of any finding in it.")
        ] = "",
        json: JsonOption = False,
        store: StoreOption = None,
        config: ConfigOption = None,
    ) -> None:
        """List incident candidates with an open finding, worst first, each with its story by time.

        Exit code 3 and a line on stderr for each source that is not fresh and complete.
        """
        list_incidents(incident, json, store, config)


def list_incidents(wanted: str, as_json: bool, store: StoreOption, config: ConfigOption) -> None:
    """Print them, or the one that is asked for, then judge what that is worth."""
    from socconsole.cli.render import count, while_somebody_reads
    from socconsole.model.world import WorldKind
    from socconsole.store import clear, db, quarantine, sources

    folder, _ = open_configured(store, config)
    now = datetime.now(UTC)
    with db.reading(folder) as conn:
        states = sources.states(conn, now=now)
        ids = list(_ids(conn, wanted))
        with while_somebody_reads():
            for id_ in ids:
                _print(conn, id_, as_json, now)
        held, _ = quarantine.counts(conn)
        judged = clear.judge(
            clear.of_threats(states), world=folder.world.kind, watch_alive=sources.watch_alive(conn), held=held
        )
    said = count(len(ids), "incident")
    if folder.world.kind is WorldKind.IMPORT:
        say(said)
        say(IMPORTED_ONLY)
        return
    code = freshness_code(judged)
    say(said if ids or judged.answered else f"{said}, which proves nothing: not every source is fresh and complete")
    finish(code)


def _ids(conn: Connection, wanted: str) -> Iterator[str]:
    from socconsole.store import incidents

    if not wanted:
        yield from incidents.each(conn)
        return
    known = incidents.resolve(conn, wanted.lower())
    if known is None:
        stop(Code.BAD_INPUT, f"{clean(wanted, 40)} is no incident and part of none", "socconsole incidents")
    yield known


def _print(conn: Connection, id_: str, as_json: bool, now: datetime) -> None:
    from socconsole.cli.render import count

    row = to_json(conn, id_, now)
    if row is None:  # taken apart since it was listed
        return
    if as_json:
        put(row)
        return
    print(
        f"{row['id']}  {row['severity'][0]} {row['score']:>3}  {count(len(row['findings']), 'finding')}, "
        f"{row['new']:,} new  {clean(row['title'])}"
    )
    for chapter in row["story"]:
        print(f"  {chapter['at'][:19]}Z  {clean(chapter['what'])}  ({chapter['source']})")


def to_json(conn: Connection, id_: str, now: datetime) -> dict[str, Any] | None:
    """An incident as ``incidents --json`` prints it, to go through ``ascii_json``."""
    from socconsole.model.finding import State
    from socconsole.store import incidents
    from socconsole.store.reading import rfc3339

    found = incidents.get(conn, id_)
    if found is None:
        return None
    rows = incidents.members(conn, id_, now)
    return {
        "id": found.id,
        "lead": found.lead,
        "title": next((row.title for row in rows if row.id == found.lead), ""),
        "severity": found.severity.name,
        "score": found.score,
        "findings": list(found.findings),
        "new": sum(row.state is State.NEW for row in rows),
        "first": rfc3339(found.first),
        "last": rfc3339(found.last),
        "accounts": list(found.accounts),
        "shared": [{"kind": kind, "value": value} for kind, value in found.shared],
        "story": [
            {"at": rfc3339(one.at), "what": one.what, "source": one.source, "ref": one.ref} for one in found.story
        ],
    }
