"""``alarms``: every CloudWatch alarm with the way out that it looks at, and every way out that no alarm looks at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from socconsole.cli.exits import Code, finish, freshness_code, put, put_lines, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.cli.watching import IMPORTED_ONLY

if TYPE_CHECKING:
    from socconsole.model.egress import EgressPath
    from socconsole.store.db import Connection
    from socconsole.store.egress import StoredAlarm
    from socconsole.store.leaving import Flow

SERVICES: Final = frozenset({"alarms", "egress", "metrics"})
"""The sources that this answer is made of."""

_CREATED: Final = frozenset({"nat", "instance", "bucket"})
"""Kinds that ``alarm-create`` takes."""

_CSV: Final = (
    "id", "path", "state", "sane", "why", "threshold", "p99", "rate", "last_byte", "account", "region", "name", "kind",
    "resource", "unit", "since",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    @app.command("alarms")
    def alarms(
        json: JsonOption = False,
        csv: Annotated[bool, typer.Option("--csv", help="CSV that no spreadsheet runs.")] = False,
        store: StoreOption = None,
        config: ConfigOption = None,
    ) -> None:
        """List alarms with what they watch and whether they would tell in time, and ways out without any.

        Exit code 3 and a line on stderr for each source of alarms, ways out or metrics that is not fresh and complete.
        """
        if json and csv:
            stop(Code.BAD_INPUT, "--json and --csv exclude each other")
        list_alarms("json" if json else "csv" if csv else "", store, config)


def list_alarms(form: str, store: StoreOption, config: ConfigOption) -> None:
    """Print them in ``form`` (``json``, ``csv`` or plain), then judge what that is worth."""
    from socconsole.cli.render import while_somebody_reads
    from socconsole.model.world import WorldKind
    from socconsole.store import clear, db, sources

    folder, _ = open_configured(store, config)
    now = datetime.now(UTC)
    with db.reading(folder) as conn:
        states = [state for state in sources.states(conn, now=now) if state.key.service in SERVICES]
        rows = list_rows(conn, now)
        alive = sources.watch_alive(conn)
    with while_somebody_reads():
        _print(rows, form)
    mute = sum(row["sane"] is False for row in rows)
    bare = sum(row["state"] is None for row in rows)
    said = f"{len(rows) - bare:,} alarms, {mute:,} not sane; {bare:,} ways out without an alarm"
    if folder.world.kind is WorldKind.IMPORT:
        say(said)
        say(IMPORTED_ONLY)
        return
    code = freshness_code(clear.judge(states, world=folder.world.kind, watch_alive=alive))
    say(said)
    finish(code)


def list_rows(conn: Connection, now: datetime) -> list[dict[str, Any]]:
    """The documented JSON, alarms first. ``rate`` is in ``unit`` a second; ``path`` is ``p-…``, null where an alarm
    looks at nothing that leaves; of a way out without an alarm ``id`` and ``state`` are null."""
    from socconsole.store import egress, leaving

    paths = {path.id: path for path in egress.paths(conn, gone=True)}
    flows = {id_: leaving.flow(conn, id_, now) for id_ in paths}
    stored = egress.alarms(conn)
    rows = [_alarm(one, paths.get(one.path or ""), flows.get(one.path or "")) for one in stored]
    watched = {one.path for one in stored if one.egress}
    rows += [_bare(conn, path, flows[path.id], now) for path in egress.paths(conn) if path.id not in watched]
    return rows


def _alarm(stored: StoredAlarm, path: EgressPath | None, flow: Flow | None) -> dict[str, Any]:
    from socconsole.store.reading import rfc3339
    from socconsole.triage import ways_out

    alarm = stored.alarm
    # Of an alarm that was only imported or pushed the way out may not have been discovered; its dimensions name it.
    kind, resource = (path.kind, path.resource) if path else ways_out.subject(alarm.dimensions) or (None, None)
    return {
        "id": alarm.arn,
        "path": stored.path,
        "state": alarm.state.value,
        "sane": stored.sanity.sane,
        "why": list(stored.sanity.why),
        "threshold": alarm.threshold,
        "p99": stored.p99,
        "rate": flow.rate if flow else None,
        "last_byte": rfc3339(flow.last_byte) if flow else None,
        "account": alarm.place.account,
        "region": alarm.place.region,
        "name": alarm.name,
        "kind": kind.value if kind else None,
        "resource": resource,
        "unit": flow.unit if flow else None,
        "since": rfc3339(alarm.since),
    }


def _bare(conn: Connection, path: EgressPath, flow: Flow, now: datetime) -> dict[str, Any]:
    from socconsole.store import egress
    from socconsole.store.reading import rfc3339
    from socconsole.triage import alarm_proposal, ways_out

    own = [one for one in ways_out.series(path) if one.period_s == alarm_proposal.PERIOD_S]
    usual = egress.usual(conn, own[0], now) if own else None
    proposal = alarm_proposal.propose(path, usual)
    if proposal is None:
        why = [f"no alarm, and nothing to watch: {flow.cannot_see}"]
    else:
        why = [f"no alarm looks at what leaves here: {proposal.says}"]
        if path.kind.value in _CREATED:
            where = f"--account {path.place.account} --region {path.place.region}"
            why.append(f"socconsole contain alarm-create {path.resource} {where} --plan")
    return {
        "id": None,
        "path": path.id,
        "state": None,
        "sane": None,
        "why": why,
        "threshold": proposal.threshold if proposal else None,
        "p99": usual.p99 if usual else None,
        "rate": flow.rate,
        "last_byte": rfc3339(flow.last_byte),
        "account": path.place.account,
        "region": path.place.region,
        "name": path.name,
        "kind": path.kind.value,
        "resource": path.resource,
        "unit": flow.unit,
        "since": None,
    }


def _print(rows: list[dict[str, Any]], form: str) -> None:
    from socconsole.text import csv_line

    if form == "json":
        for row in rows:
            put(row)
    elif form == "csv":
        put_lines(
            [
                csv_line(_CSV),
                *(csv_line(["; ".join(row["why"]) if name == "why" else row[name] for name in _CSV]) for row in rows),
            ]
        )
    elif rows:
        _table(rows)


def _table(rows: list[dict[str, Any]]) -> None:
    from socconsole.cli.render import Column, Table, terminal_width
    from socconsole.triage.amounts import per_minute

    table = Table(
        (
            Column("STATE", 11),
            Column("SANE", 4),
            Column("ALARM", 28),
            Column("WAY OUT", 26),
            Column("RATE", 12, right=True),
            Column("ACCOUNT", 12, least=132),
            Column("REGION", 14, least=132),
            Column("WHY", 0),
        ),
        terminal_width(),
    )
    print(table.head())
    for row in rows:
        rate = row["rate"]
        state = {None: "no alarm", "INSUFFICIENT_DATA": "NO DATA"}.get(row["state"], row["state"])
        print(
            table.row(
                (
                    state,
                    {True: "yes", False: "NO", None: "?"}[row["sane"]],
                    row["name"] if row["state"] else "-",
                    row["resource"] or "-",
                    "cannot see"
                    if rate is None and row["kind"]
                    else "-"
                    if rate is None
                    else per_minute(rate, row["unit"]),
                    row["account"],
                    row["region"],
                    row["why"][0] if row["why"] else "",
                )
            )
        )
