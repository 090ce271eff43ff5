"""``findings`` and ``sources``: what the screens show, for scripts and for eyes, with the first promise kept.

An absence is only ever called clear when every source in scope answered freshly and completely. Sources are
judged before findings are read: what is printed is then at least as new as what is said about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from socconsole.cli.exits import Code, finish, freshness_code, put, put_lines, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.cli.pasting import pasted
from socconsole.cli.watching import IMPORTED_ONLY

if TYPE_CHECKING:
    from socconsole.model.source import SourceState
    from socconsole.store.clear import Clear
    from socconsole.store.reading import Stored

_CSV: Final = (
    "id", "kind", "severity", "score", "title", "state", "leaving", "still_firing", "workflow", "owner", "sources",
    "product", "account", "region", "types", "resources", "actors", "occurred", "published", "seen", "updated",
    "sample",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    @app.command("findings")
    def findings(
        query: Annotated[
            list[str] | None,
            typer.Argument(help="As after `/` in the console: sev:critical,high region:eu-* unacked age:<15m words"),
        ] = None,
        json: JsonOption = False,
        csv: Annotated[bool, typer.Option("--csv", help="CSV that no spreadsheet runs.")] = False,
        everything: Annotated[bool, typer.Option("--all", help="Every kind of finding, not threats alone.")] = False,
        limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many, worst first.")] = None,
        store: StoreOption = None,
        config: ConfigOption = None,
    ) -> None:
        """List findings, worst first: threats, unless --all or the query says otherwise.

        Exit code 3 and a line on stderr for each source that is not fresh and complete.
        """
        if json and csv:
            stop(Code.BAD_INPUT, "--json and --csv exclude each other")
        list_findings(" ".join(query or ()), "json" if json else "csv" if csv else "", everything, limit, store, config)

    @app.command("sources")
    def sources(json: JsonOption = False, store: StoreOption = None, config: ConfigOption = None) -> None:
        """List every source in scope with how fresh its last answer is, and what mends the rest."""
        list_sources(json, store, config)


def list_findings(
    text: str, form: str, everything: bool, limit: int | None, store: StoreOption, config: ConfigOption
) -> None:
    """Print what a query asks for in ``form`` (``json``, ``csv`` or plain), then judge what it is worth."""
    from socconsole.cli.render import while_somebody_reads
    from socconsole.store import clear, db, quarantine, reading, sources
    from socconsole.store.filter import View
    from socconsole.store.queue import QueueReader
    from socconsole.triage.query import QueryError, parse

    try:
        query = parse(text)
    except QueryError as error:
        stop(Code.BAD_INPUT, f"the query: {error}", "socconsole findings --help")
    folder, settings = open_configured(store, config)
    view = View.ALL if everything or query.asks("kind") else View.THREATS
    now = datetime.now(UTC)
    with db.reading(folder) as conn, QueueReader(folder.store_db, me=settings.who) as queue:
        states = sources.states(conn, now=now)
        ids = queue.ids(view, query, now=now, limit=-1 if limit is None else limit)
        total = len(ids) if limit is None or len(ids) < limit else queue.count(view, query, now=now).n
        with while_somebody_reads():
            _print(reading.each(conn, ids, now), form, now)
        held, _ = quarantine.counts(conn)
        states = clear.of_threats(states) if view is View.THREATS else states
        judged = clear.judge(states, world=folder.world.kind, watch_alive=sources.watch_alive(conn), held=held)
    what = "finding" if view is View.ALL else "threat"
    finish(_verdict(len(ids), total, f"{what} matched" if text else what, judged))


def _print(found: Iterable[Stored], form: str, now: datetime) -> None:
    from socconsole.store.reading import findings_json
    from socconsole.text import csv_line

    emit: Callable[[Stored], None]
    if form == "json":

        def emit(stored: Stored) -> None:
            put(findings_json(stored, now))
    elif form == "csv":
        print(csv_line(_CSV))

        def emit(stored: Stored) -> None:
            print(csv_line(_flat(findings_json(stored, now))))
    else:
        emit = _table(now)
    for stored in found:
        emit(stored)


def _table(now: datetime) -> Callable[[Stored], None]:
    from socconsole.cli.render import Column, Table, since, terminal_width
    from socconsole.model.finding import first_known
    from socconsole.store.rows import place_of

    table = Table(
        (
            Column("S", 1),
            Column("SCORE", 5, right=True),
            Column("AGE", 5, right=True),
            Column("STATE", 12),
            Column("ID", 14),
            Column("OWNER", 10, least=150),
            Column("ACCOUNT", 12, least=132),
            Column("REGION", 14, least=132),
            Column("WHERE", 28, least=110),
            Column("WHAT", 0),
        ),
        terminal_width(),
    )
    started = False

    def emit(stored: Stored) -> None:
        nonlocal started
        if not started:
            print(table.head())
            started = True
        f = stored.finding
        print(
            table.row(
                (
                    f.severity.letter,
                    str(f.priority.score),
                    since(first_known(f.occurred, f.published, f.seen), now),
                    "still firing" if stored.still_firing else stored.state.value,
                    f.id,
                    stored.decided.owner or "-",
                    f.account or "-",
                    f.region or "-",
                    place_of(f.resources, f.actors) or "-",
                    f.title,
                )
            )
        )

    return emit


def _flat(row: Mapping[str, Any]) -> list[object]:
    """A finding's JSON as CSV cells: what is a list there is one text here."""
    from socconsole.text import Untrusted

    def raw(value: object) -> str:
        return value.raw() if isinstance(value, Untrusted) else str(value)

    joined = {
        "sources": " ".join(row["sources"]),
        "types": " ".join(row["types"]),
        "resources": "; ".join(f"{r['type']} {raw(r['id'])}" for r in row["resources"]),
        "actors": "; ".join(f"{a['kind']} {raw(a['value'])}" for a in row["actors"]),
    }
    return [joined[name] if name in joined else row[name] for name in _CSV]


def _verdict(shown: int, total: int, what: str, judged: Clear) -> Code:
    """Say how many there were and what that is worth; the exit code."""
    from socconsole.cli.render import count

    noun, _, rest = what.partition(" ")
    said = count(total, noun) + (f" {rest}" if rest else "")
    if shown < total:
        said += f"; {shown:,} shown"
    if judged.imported:
        say(said)
        _held(judged.held)
        say(IMPORTED_ONLY)
        return Code.DONE
    if total == 0 and judged and not rest:
        said += f": clear, all {count(judged.total, 'source')} answered freshly and completely"
    elif total == 0 and not judged.answered:
        said += ", which proves nothing: not every source is fresh and complete"
    code = freshness_code(judged)
    say(said)
    _held(judged.held)
    if not judged.watch_alive:
        say(pasted("no watch is running: nothing new will arrive until `socconsole watch` runs"))
    return code


def _held(held: int) -> None:
    if held:
        from socconsole.cli.render import count

        say(f"{count(held, 'record')} could not be understood and are kept in quarantine")


def list_sources(as_json: bool, store: StoreOption, config: ConfigOption) -> None:
    from socconsole.cli.render import Column, Table, terminal_width, while_somebody_reads
    from socconsole.cli.watching import source_json
    from socconsole.model.world import WorldKind
    from socconsole.store import clear, db, latency, quarantine, rule_standing, sources

    folder, _ = open_configured(store, config)
    with db.reading(folder) as conn:
        states = sources.states(conn, now=datetime.now(UTC))
        held, deferred = quarantine.counts(conn)
        alive = sources.watch_alive(conn)
        rules = rule_standing.words(conn, datetime.now(UTC))
        measured = latency.measure(conn, datetime.now(UTC)) if as_json else {}
    with while_somebody_reads():
        if as_json:
            for state in states:
                put(source_json(state, measured.get(sources.origin_of(state.key))))
        elif states:
            table = Table(
                (
                    Column("SERVICE", 12),
                    Column("ACCOUNT", 12),
                    Column("REGION", 14),
                    Column("STATE", 7),
                    Column("AGE", 5, right=True),
                    Column("FINDINGS", 8, right=True),
                    Column("DETAIL", 0),
                ),
                terminal_width(),
            )
            put_lines([table.head(), *map(table.row, map(_source_row, states))])
    if not as_json:
        if held or deferred:
            say(f"{held:,} in quarantine, {deferred:,} deferred")
        for line in rules:
            say(f"rules: {line}")
        if folder.world.kind is not WorldKind.IMPORT:
            say("watch: running" if alive else pasted("watch: not running (`socconsole watch` starts one)"))
    if folder.world.kind is WorldKind.IMPORT:
        say(IMPORTED_ONLY)
        return
    finish(freshness_code(clear.judge(states, world=folder.world.kind, watch_alive=alive, held=held)))


def _source_row(state: SourceState) -> tuple[Any, ...]:
    from socconsole.cli.render import span

    key = state.key
    return (
        key.service, key.account, key.region, state.freshness.value, span(state.age_s), f"{state.findings:,}",
        state.detail,
    )  # fmt: skip
