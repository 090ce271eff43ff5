"""``endpoints``: whatever serves an LLM, what it may read, where it may send, and what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from socconsole.cli.exits import finish, freshness_code, put, put_lines, say
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.cli.watching import IMPORTED_ONLY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from socconsole.model.endpoint import Endpoint
    from socconsole.model.known import Read
    from socconsole.store.db import Connection
    from socconsole.store.endpoint_view import Cell


def register(app: typer.Typer) -> None:
    @app.command("endpoints")
    def endpoints(json: JsonOption = False, store: StoreOption = None, config: ConfigOption = None) -> None:
        """List endpoints that serve an LLM, those with failing checks first.

        Exit code 3 and a line on stderr for each place whose posture is not fresh and complete: there may be others.
        """
        list_endpoints(json, store, config)


def list_endpoints(as_json: bool, store: Path | None, config: Path | None) -> None:
    """Print them, then judge what that is worth."""
    from socconsole.cli.render import count, while_somebody_reads
    from socconsole.model.world import WorldKind
    from socconsole.store import clear, db, endpoint_view, posture_trust, sources

    folder, _ = open_configured(store, config)
    with db.reading(folder) as conn:
        trusted = posture_trust.trust(conn, datetime.now(UTC))
        alive = sources.watch_alive(conn)
        cells = endpoint_view.matrix(conn, trusted)
        rows = [_row(conn, one, cells.get(one.id, {})) for one in endpoint_view.endpoints(conn, trusted)]
    rows.sort(key=lambda row: (-len(row["failing"]), -len(row["unknown"])))
    with while_somebody_reads():
        if as_json:
            for row in rows:
                put({key: value for key, value in row.items() if key != "name"})
        elif rows:
            put_lines(_table(rows))
    said = f"{count(len(rows), 'endpoint')}, {sum(bool(row['failing']) for row in rows):,} with a failing check"
    if folder.world.kind is WorldKind.IMPORT:
        say(said)
        say(IMPORTED_ONLY)
        return
    judged = clear.judge(trusted.posture, world=folder.world.kind, watch_alive=alive)
    code = freshness_code(judged)
    say(said if judged.answered else f"{said}; there may be more: not every place was read completely")
    finish(code)


def _row(conn: Connection, one: Endpoint, cells: Mapping[str, Cell]) -> dict[str, Any]:
    """The documented JSON, and the name. What could not be read is null: ``reads``, ``sends``; so is ``callers`` where
    the trail saw nobody, for it may not record who invokes."""
    from socconsole.store import endpoint_callers

    return {
        "id": one.id,
        "kind": one.kind.value,
        "account": one.place.account,
        "region": one.place.region,
        "exposure": one.exposure.value,
        "reads": _read(one.reads, without=[]),
        "sends": _read(one.sends, without=None),
        "callers": list(endpoint_callers.callers(conn, one)) or None,
        "failing": [check for cell in cells.values() for check in cell.failing],
        "unknown": [check for cell in cells.values() for check in cell.unknown],
        "name": one.name,
    }


def _read(value: Read[tuple[str, ...]] | None, *, without: list[str] | None) -> list[str] | None:
    """``without``: what it means that the endpoint has no such thing (a role, of which it reads nothing)."""
    from socconsole.model.known import Known

    if isinstance(value, Known):
        return list(value.value)
    return without if value is None else None


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    from socconsole.cli.render import Column, Table, terminal_width

    table = Table(
        (
            Column("KIND", 15),
            Column("REGION", 14),
            Column("EXPOSURE", 8),
            Column("FAIL", 4, right=True),
            Column("UNKN", 4, right=True),
            Column("ACCOUNT", 12, least=110),
            Column("SENDS", 24, least=140),
            Column("ENDPOINT", 0),
        ),
        terminal_width(),
    )
    return [
        table.head(),
        *(
            table.row(
                (
                    row["kind"], row["region"], row["exposure"], str(len(row["failing"])), str(len(row["unknown"])),
                    row["account"], "not read" if row["sends"] is None else ", ".join(row["sends"]) or "none",
                    row["name"],
                )
            )
            for row in rows
        ),
    ]  # fmt: skip
