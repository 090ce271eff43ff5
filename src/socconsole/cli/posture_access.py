"""Who can come in: the reports of it, and what the team says about third parties and identities."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from socconsole.cli import writing
from socconsole.cli.exits import Code, finish, freshness_code, put, put_lines, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, ReasonOption, StoreOption
from socconsole.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from socconsole.model.entry import Line
    from socconsole.reports.access import Reviews
    from socconsole.reports.third_parties import Register
    from socconsole.store.db import Connection
    from socconsole.store.state import StateFolder

Decision = Literal["keep", "narrow", "remove"]


def register(app: typer.Typer) -> None:
    parties = typer.Typer(help="Third parties: the leak-response questionnaire and its answers.", no_args_is_help=True)
    parties.command("questions")(questions)
    parties.command("answer")(answer)
    app.add_typer(parties, name="third-party")
    identities = typer.Typer(help="Roles and users: reviews of who may still come in.", no_args_is_help=True)
    identities.callback()(lambda: None)  # so that its only verb has to be named
    identities.command("reviewed")(reviewed)
    app.add_typer(identities, name="access")


# --- reports ------------------------------------------------------------------------------------------


def third_parties(form: str, output: Path | None, store: Path | None, config: Path | None) -> NoReturn:
    """The register; exit code 3 where a place's posture is not fresh and whole."""
    from socconsole.reports import third_parties as made
    from socconsole.reports.third_parties_page import document

    folder, settings = open_configured(store, config)
    with _reading(folder) as (conn, now, code):
        found: Register = made.register(folder, conn, settings, now)
    writing.report(document(found), lambda: made.as_json(found), form, output, lambda: made.as_csv(found))
    counts = ", ".join(f"{n} {each.value}" for each, n in found.counts.items() if n)
    parties = "1 party" if len(found.members) == 1 else f"{len(found.members)} parties"
    lacking = f"{len(found.lacking)} thing{'s' * (len(found.lacking) != 1)} not looked at"
    say(f"{parties}{': ' if counts else ''}{counts}; {lacking}")
    finish(code)


def access(form: str, output: Path | None, store: Path | None, config: Path | None) -> NoReturn:
    """Reviews that are due; exit code 3 where a place's posture is not fresh and whole."""
    from socconsole.reports import access as made
    from socconsole.reports.access_page import document

    folder, settings = open_configured(store, config)
    with _reading(folder) as (conn, now, code):
        found: Reviews = made.access(folder, conn, settings, now)
    writing.report(document(found), lambda: made.as_json(found), form, output, lambda: made.as_csv(found))
    counts = ", ".join(f"{n} {each.value}" for each, n in found.counts.items() if n)
    say(f"{len(found.lines)} roles and users{': ' if counts else ''}{counts}; {len(found.due)} reviews due")
    finish(code)


@contextmanager
def _reading(folder: StateFolder) -> Iterator[tuple[Connection, datetime, Code]]:
    """The store, this moment, and the exit code that the freshness of posture asks for."""
    from socconsole.model.world import WorldKind
    from socconsole.store import clear, db, posture_trust, sources

    now = datetime.now(UTC)
    with db.reading(folder) as conn:
        states = posture_trust.trust(conn, now).posture
        judged = clear.judge(states, world=folder.world.kind, watch_alive=sources.watch_alive(conn))
        imported = folder.world.kind is WorldKind.IMPORT
        yield conn, now, Code.DONE if imported else freshness_code(judged)


# --- what the team says -------------------------------------------------------------------------------


def questions(json: JsonOption = False) -> None:
    """What to ask a third party that can read our data, why, and what law asks for it."""
    from socconsole.reports.third_parties import questions as asked

    for id_, one in asked().items():
        if json:
            put({"id": id_, "ask": one.ask, "why": one.why, "law": list(one.law)})
        else:
            put_lines([f"{id_:<14}{one.ask}", f"{'':<14}{one.why} {', '.join(one.law)}"])


def answer(
    party: Annotated[str, typer.Argument(help="As the register names it: its entry's name, or the account.")],
    question: Annotated[str, typer.Argument(help="The question's id; see third-party questions.")],
    text: Annotated[str, typer.Argument(help="What they, or you, answered.")],
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Put an answer of a third party on the ledger; a later one replaces it."""
    from socconsole.reports import answers
    from socconsole.reports import third_parties as made
    from socconsole.store import db

    if question not in made.questions():
        stop(Code.BAD_INPUT, f"there is no question {question!a}", "socconsole third-party questions")
    if not text.strip():
        stop(Code.BAD_INPUT, "an answer needs words")
    folder, settings = open_configured(store, config)
    with db.reading(folder) as conn:
        known = {one.name for one in made.register(folder, conn, settings, datetime.now(UTC)).members}
    if party not in known:
        stop(
            Code.BAD_INPUT,
            f"{clean(party, 100)} is neither in the register nor seen",
            "socconsole posture --report third-parties",
        )
    _kept(lambda: answers.answer(folder, settings.who, party, question, text), {"party": party, "id": question}, json)


def reviewed(
    arn: Annotated[str, typer.Argument(help="ARN of a role or user.")],
    decision: Annotated[Decision, typer.Option("--decision", help="What came of it.")] = "keep",
    reason: ReasonOption = "",
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Put on the ledger that you looked at a role or user, and what came of it; changes nothing in AWS."""
    from socconsole.reports import answers
    from socconsole.store import db, posture_access

    folder, settings = open_configured(store, config)
    with db.reading(folder) as conn:
        known = {one.arn for one, _ in posture_access.identities(conn)}
    if arn not in known:
        stop(Code.BAD_INPUT, f"no role or user {clean(arn, 200)} was seen", "socconsole posture --report access")
    said = {"arn": arn, "decision": decision}
    _kept(lambda: answers.review(folder, settings.who, arn, decision, reason), said, json)


def _kept(write: Callable[[], Line], said: dict[str, Any], json: bool) -> NoReturn:
    from socconsole.store import ledger

    try:
        line = write()
    except (ledger.EntryRefused, ledger.LedgerError) as error:
        stop(Code.REFUSED, f"not put on record: {error}", getattr(error, "remedy", ""))
    if json:
        put({**said, "ledger": line.seq})
    else:
        say(f"on record, entry {line.seq}")
    finish(Code.DONE)
