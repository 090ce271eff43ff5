"""``clock``: what is due by law, contract or plan, and what is said about it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from socconsole.cli import writing
from socconsole.cli.case import CaseArgument, act_on
from socconsole.cli.case_words import clock_json, clock_words, named_case
from socconsole.cli.exits import Code, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, ReasonOption, StoreOption
from socconsole.cli.times import instant
from socconsole.model.clock import ids, named
from socconsole.text import clean

AtOption = Annotated[str, typer.Option("--at", help="When, RFC 3339 with its zone; now when absent.")]
EntityOption = Annotated[
    str, typer.Option("--entity", help="The legal entity, as [[entity]] names it; not needed where a case has one.")
]


def register(app: typer.Typer) -> None:
    room = typer.Typer(help="Clocks of cases: deadlines by law, contract and plan.", no_args_is_help=True)
    for verb in (start, show, draft, sent, applies, decide, regimes):
        room.command(verb.__name__)(verb)
    app.add_typer(room, name="clock")


def start(
    case: CaseArgument,
    moment: Annotated[str, typer.Argument(help="aware, classified, high_risk or personal_data.")] = "aware",
    entity: EntityOption = "",
    at: AtOption = "",
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Say when an entity was aware (or what else a clock runs from), how it is known and why.

    Said by one whom [cases] decide does not name, it is kept as a suspicion and moves nothing. A second one amends.
    """
    from socconsole.commands.cases import SetMoment

    act_on(
        SetMoment(case=case, entity=_entity(case, entity, store, config), moment=moment, at=_at(at), reason=reason),
        json,
        store,
        config,
    )


def show(
    case: Annotated[
        str,
        typer.Argument(metavar="[CASE]", help="Of one case; when absent of all open ones, and what runs on of others."),
    ] = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Every deadline of the open cases, the nearest first; and of cases that were closed over clocks by law or contract
    those that run on. Exit code 1 when one is overdue."""
    from socconsole.model.clock import ClockState
    from socconsole.store import case_clocks, cases, db

    folder, settings = open_configured(store, config)
    now = datetime.now(UTC)
    with db.reading(folder) as conn:
        if case:
            named = named_case(conn, case)
            clocks = [(named, clock) for clock in case_clocks.of_case(conn, settings, named, now)]
        else:
            clocks = [
                (one, clock) for one in cases.each(conn) for clock in case_clocks.of_case(conn, settings, one, now)
            ]
            for one in cases.closed_anyway(conn):
                running = case_clocks.still_running(case_clocks.of_case(conn, settings, one, now))
                clocks += [(one, clock) for clock in running]
    clocks.sort(key=lambda pair: (not pair[1].open, pair[1].due or datetime.max.replace(tzinfo=UTC)))
    for one, clock in clocks:
        row = {"case": one.id, "case_closed": one.closed is not None, **clock_json(clock)}
        if json:
            put(row)
        else:
            print(f"{one.id}  {clock_words(row)}{'  (case closed)' if row['case_closed'] else ''}")
    overdue = sum(clock.state is ClockState.OVERDUE for _, clock in clocks)
    say(f"{len(clocks)} deadlines, {overdue} overdue")
    if overdue:
        raise typer.Exit(int(Code.NO))


def draft(
    case: CaseArgument,
    clock: Annotated[str, typer.Argument(metavar="CLOCK", help="As `clock show` names it.")],
    format_: Annotated[str, typer.Option("--format", help="md, html or json.")] = "md",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write it to; it must not be there yet.")
    ] = None,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Draft what a clock asks for, prefilled from the case, every gap marked. Sends nothing."""
    from socconsole.reports import draft as report
    from socconsole.store import case_clocks, db

    folder, settings = open_configured(store, config)
    now = datetime.now(UTC)
    with db.reading(folder) as conn:
        found = named_case(conn, case)
        running = case_clocks.of_case(conn, settings, found, now)
        meant, rest = named(running, clock)
        if meant is None or rest:
            said = f"{found.id} has no clock {clean(clock, 80)}: {clean(ids(running), 2000)}"
            stop(Code.BAD_INPUT, said, f"socconsole clock show {found.id}")
        made = report.draft(conn, settings, found, meant, now)
    writing.report(report.document(made), lambda: report.as_json(made), format_, output)
    say(f"a draft with {made.gaps} gaps in {len(made.fields)} fields; nothing was sent")


def sent(
    case: CaseArgument,
    clock: Annotated[str, typer.Argument(metavar="CLOCK", help="As `clock show` names it.")],
    at: AtOption = "",
    receipt: Annotated[str, typer.Option("--receipt", help="Number or words of who received it.")] = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Put on record that a deadline was met: what it asks for was sent or done."""
    from socconsole.commands.cases import MarkSent

    act_on(MarkSent(case=case, clock=clock, at=_at(at), receipt=receipt), json, store, config)


def applies(
    case: CaseArgument,
    regime: Annotated[str, typer.Argument(help="As `clock regimes` names it.")],
    yes: Annotated[bool, typer.Option("--yes/--no", help="It does, or it does not.")],
    entity: EntityOption = "",
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Answer whether a regime applies to an entity in this case."""
    from socconsole.commands.cases import AnswerRegime

    named = _entity(case, entity, store, config)
    act_on(AnswerRegime(case=case, entity=named, regime=regime, applies=yes, reason=reason), json, store, config)


def decide(
    case: CaseArgument,
    regime: Annotated[str, typer.Argument(help="As `clock regimes` names it.")],
    notify: Annotated[bool, typer.Option("--notify/--do-not", help="The decision.")],
    entity: EntityOption = "",
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Decide to notify, or not, with the reason: the law wants it in writing."""
    from socconsole.commands.cases import DecideNotify

    named = _entity(case, entity, store, config)
    act_on(DecideNotify(case=case, entity=named, regime=regime, notify=notify, reason=reason), json, store, config)


def regimes(json: JsonOption = False) -> None:
    """The regimes that are known, with their law and when that was last read."""
    from socconsole.clocks import regimes as known

    for one in known().values():
        if json:
            put(
                {
                    "id": one.id,
                    "title": one.title,
                    "law": one.law,
                    "checked": one.checked.isoformat(),
                    "roles": list(one.roles),
                    "to": one.to,
                    "asks": one.asks or None,
                    "awareness": one.awareness,
                    "fields": list(one.fields),
                    "deadlines": [
                        {"id": each.id, "title": each.title, "after": each.after, "start": each.start}
                        for each in one.deadline
                    ],
                }
            )
            continue
        print(f"{one.id}: {one.title}\n  {one.law} (checked {one.checked})")
        if one.asks:
            print(f"  asks  {one.asks}")
        for each in one.deadline:
            after = {"": "without undue delay", "contract": "as the contract says"}.get(each.after, each.after)
            print(f"  {each.id:<14} {after:<20} after {each.start}: {each.title}")


def _at(text: str) -> datetime:
    return instant(text) if text else datetime.now(UTC)


def _entity(case: str, named: str, store: StoreOption, config: ConfigOption) -> str:
    """The entity that is meant, where the case concerns one only."""
    from socconsole.store import case_clocks, db

    if named:
        return named
    folder, settings = open_configured(store, config)
    with db.reading(folder) as conn:
        found = named_case(conn, case)
        known = {one.entity for one in case_clocks.parties(conn, settings, found)} - {case_clocks.TEAM.entity}
    if len(known) != 1:
        stop(Code.BAD_INPUT, f"which entity? {', '.join(sorted(known))}", "--entity NAME")
    return known.pop()
