"""``case``: opening, working and closing cases from a shell, as the screen does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from socconsole.cli.case_words import clock_words, named_case, page, short, whole
from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, ReasonOption, StoreOption
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.commands.cases import CaseRequest
    from socconsole.config import Config
    from socconsole.model.case import Case
    from socconsole.store.case_acts import Acted

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="Its id, c-…")]
FindingOption = Annotated[
    list[str] | None, typer.Option("--finding", help="A finding's id; several times for several.", metavar="ID")
]


def register(app: typer.Typer) -> None:
    room = typer.Typer(help="Cases: incidents under work, with their clocks.", no_args_is_help=True)
    for verb in (open_, show, list_, set_, note, attach, detach, merge, split, tell, hold, playbook, step, close):
        room.command(verb.__name__.rstrip("_"))(verb)
    app.add_typer(room, name="case")


def open_(
    finding: FindingOption = None,
    incident: Annotated[str, typer.Option("--incident", help="Of an incident candidate, n-…", metavar="ID")] = "",
    title: Annotated[str, typer.Option("--title", help="That of the worst finding when absent.")] = "",
    severity: Annotated[str, typer.Option("--severity", help="That of the worst finding when absent.")] = "",
    hypothesis: Annotated[str, typer.Option("--hypothesis", help="What is believed to have happened.")] = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Open a case of findings, of an incident, or by hand: a phone call is a finding too."""
    from socconsole.commands.cases import OpenCase

    asked = OpenCase(
        findings=tuple(finding or ()), incident=incident, title=title, severity=severity, hypothesis=hypothesis
    )
    act_on(asked, json, store, config)


def show(case: CaseArgument, json: JsonOption = False, store: StoreOption = None, config: ConfigOption = None) -> None:
    """A case whole: the six lines, its clocks, what happened, what stands open."""
    from socconsole.store import case_playbooks, db

    folder, settings = open_configured(store, config)
    for wrong in case_playbooks.trouble(settings):
        say(f"UNREADABLE  {wrong}")
    with db.reading(folder) as conn:
        found = named_case(conn, case)
        told = whole(folder, conn, settings, found, datetime.now(UTC))
    if json:
        put(told)
    else:
        page(told)


def list_(
    closed: Annotated[bool, typer.Option("--closed", help="Closed ones and those merged into others too.")] = False,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Open cases, worst first, each with the nearest of its clocks."""
    from socconsole.cli.render import count
    from socconsole.store import cases, db

    folder, settings = open_configured(store, config)
    now = datetime.now(UTC)
    listed = 0
    with db.reading(folder) as conn:
        for case in cases.each(conn, closed=closed):
            row = short(conn, settings, case, now)
            listed += 1
            if json:
                put(row)
                continue
            clock = row["nearest"]
            print(
                f"{case.id}  {case.severity.name[0]}  {case.status.value:<13} "
                f"{count(len(case.findings), 'finding'):>12}  {clean(case.owner, 16):<10} {clean(case.title, 60)}"
                + (f"\n    {clock_words(clock)}" if clock else "")
            )
    say(count(listed, "case") if listed else "no case is on record" if closed else "no case is open")


def set_(
    case: CaseArgument,
    field: Annotated[str, typer.Argument(help="title, severity, status, owner or hypothesis.")],
    value: Annotated[str, typer.Argument(help="What it is from now on.")],
    reason: ReasonOption = "",
    seen: Annotated[
        int, typer.Option("--seen", help="`seq` of the case as you saw it: refused where somebody set the field since.")
    ] = 0,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Set a field of a case; old and new value go on the ledger. Setting the status opens a closed case again."""
    from socconsole.commands.cases import ChangeCase

    act_on(ChangeCase(case=case, field=field, value=value, reason=reason, seen=seen), json, store, config)


def note(
    case: CaseArgument,
    text: Annotated[str, typer.Option("--text", help="The note.")],
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Write a note into a case."""
    from socconsole.commands.cases import NoteCase

    act_on(NoteCase(case=case, text=text), json, store, config)


def attach(
    case: CaseArgument,
    finding: FindingOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Put findings into a case; their records are kept as evidence."""
    from socconsole.commands.cases import AttachFindings

    act_on(AttachFindings(case=case, findings=_named(finding)), json, store, config)


def detach(
    case: CaseArgument,
    finding: FindingOption = None,
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Take findings out of a case, with the reason."""
    from socconsole.commands.cases import DetachFindings

    act_on(DetachFindings(case=case, findings=_named(finding), reason=reason), json, store, config)


def merge(
    case: CaseArgument,
    into: Annotated[str, typer.Option("--into", help="The case that has all of it from now on.")],
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a case part of another: findings, clocks' answers and history."""
    from socconsole.commands.cases import MergeCases

    act_on(MergeCases(case=case, into=into, reason=reason), json, store, config)


def split(
    case: CaseArgument,
    finding: FindingOption = None,
    title: Annotated[str, typer.Option("--title", help="Of the new case.")] = "",
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a case of its own of some findings of a case."""
    from socconsole.commands.cases import SplitCase

    act_on(SplitCase(case=case, findings=_named(finding), title=title, reason=reason), json, store, config)


def tell(
    case: CaseArgument,
    name: Annotated[str, typer.Option("--name", help="Who was told.")],
    how: Annotated[str, typer.Option("--how", help="By phone, in which meeting, by which mail.")] = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Put on record that somebody was told of a case."""
    from socconsole.commands.cases import TellStakeholder

    act_on(TellStakeholder(case=case, name=name, how=how), json, store, config)


def hold(
    case: CaseArgument,
    on: Annotated[bool, typer.Option("--on/--off", help="Begin or end it.")] = True,
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Legal hold: from now on nothing that the case is about is deleted here."""
    from socconsole.commands.cases import HoldCase

    act_on(HoldCase(case=case, on=on, reason=reason), json, store, config)


def playbook(
    case: CaseArgument,
    name: Annotated[
        str,
        typer.Argument(metavar="[PLAYBOOK]", help="The one to work it by; absent: those that fit, and how they stand."),
    ] = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Work a case by a playbook, or see which fit and how the steps stand."""
    from socconsole.commands.cases import TakePlaybook

    if name:
        act_on(TakePlaybook(case=case, playbook=name), json, store, config)
    from socconsole.cli.case_steps import list_playbooks

    list_playbooks(case, json, store, config)


def step(
    case: CaseArgument,
    which: Annotated[str, typer.Argument(metavar="PLAYBOOK/STEP", help="As `case playbook CASE` names it.")],
    note: Annotated[str, typer.Option("--note", help="How it was done, or why it is left out.")] = "",
    skip: Annotated[bool, typer.Option("--skip", help="Leave it out on purpose.")] = False,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Tick a step of a playbook by hand. Steps that a containment does tick themselves when it was verified."""
    from socconsole.commands.cases import TickStep

    named, _, id_ = which.partition("/")
    act_on(TickStep(case=case, playbook=named, step=id_, note=note, skip=skip), json, store, config)


def close(
    case: CaseArgument,
    reason: ReasonOption = "",
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Although clocks run, or something leaves or cannot be seen.")
    ] = False,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Close a case with what it was; what stands open is said, and has to be accepted."""
    from socconsole.commands.cases import CloseCase

    act_on(CloseCase(case=case, reason=reason, anyway=anyway), json, store, config)


def _named(finding: Sequence[str] | None) -> tuple[str, ...]:
    if not finding:
        stop(Code.BAD_INPUT, "no finding is named", "--finding f-…")
    return tuple(finding)


# --- acting -----------------------------------------------------------------------------------------------


def act_on(request: CaseRequest, as_json: bool, store: StoreOption, config: ConfigOption) -> None:
    """Do it, and print the case as it is now. Exit code 4 where who or what was in the way is said, 2 where nothing
    has that name."""
    from socconsole.store import case_acts, cases, db, ledger, project
    from socconsole.store.case_desk import CaseMisnamed, CaseRefused

    folder, settings = open_configured(store, config)
    now = datetime.now(UTC)
    try:
        acted = case_acts.act(folder, settings, request, settings.who, now)
    except CaseMisnamed as wrong:
        stop(Code.BAD_INPUT, clean(str(wrong), 600))
    except CaseRefused as refused:
        stop(Code.REFUSED, clean(str(refused), 600))
    except ledger.EntryRefused as error:
        stop(Code.BAD_INPUT, clean(str(error)))
    except (ledger.LedgerError, project.ProjectError) as error:
        stop(Code.NO, f"not recorded: {clean(error.message)}", error.remedy)
    if not acted.projected:
        say("the store is busy: it is on record and shows as soon as the store is free")
    if as_json:
        with db.reading(folder) as conn:
            case = cases.get(conn, acted.case)
            put({"case": acted.case} if case is None else _done(conn, settings, case, now, acted))
    else:
        print(f"{acted.case}: {clean(acted.words, 600)}; ledger entry {acted.seq:,}")
    finish(Code.DONE)


def _done(conn: Any, config: Config, case: Case, now: datetime, acted: Acted) -> dict[str, Any]:
    return {**short(conn, config, case, now), "ledger": acted.seq, "did": acted.words}
