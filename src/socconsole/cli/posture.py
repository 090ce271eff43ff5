"""``posture``: what the checks came to, now or at any moment before, for scripts, for eyes and for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from socconsole.cli.exits import Code, finish, freshness_code, put, put_lines, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.cli.watching import IMPORTED_ONLY

if TYPE_CHECKING:
    from socconsole.model.posture import Result
    from socconsole.posture.query import Query
    from socconsole.store.db import Connection
    from socconsole.store.posture_trust import Trust
    from socconsole.store.posture_view import Row

Level = Literal["low", "medium", "high", "critical"]
Report = Literal["compliance", "third-parties", "access", "errors", "spend"]

_KEYS: Final = ("id", "subject", "account", "region", "result", "evidence", "answered_by", "evaluated")


def register(app: typer.Typer) -> None:
    @app.command("posture")
    def posture(
        query: Annotated[
            list[str] | None,
            typer.Argument(help="result:fail sev:>=high check:S3 acct:… region:eu-* res:… by:own words"),
        ] = None,
        list_: Annotated[bool, typer.Option("--list", help="The checks themselves, not what they came to.")] = False,
        check: Annotated[str, typer.Option("--check", metavar="ID", help="One check, with every subject.")] = "",
        at: Annotated[str, typer.Option("--at", metavar="TIME", help="As it was known then (RFC 3339).")] = "",
        fail_on: Annotated[
            Level | None, typer.Option("--fail-on", help="Exit 1 where a check of this severity or above fails.")
        ] = None,
        json: JsonOption = False,
        csv: Annotated[bool, typer.Option("--csv", help="CSV that no spreadsheet runs.")] = False,
        ocsf: Annotated[bool, typer.Option("--ocsf", help="OCSF Compliance Findings, class 2003.")] = False,
        report_: Annotated[
            Report | None,
            typer.Option("--report", help="A report for the day, in --format; see docs/reports.md."),
        ] = None,
        framework: Annotated[
            str, typer.Option("--framework", help="gdpr, nis2, iso27001, owasp_llm or atlas; with --report compliance.")
        ] = "gdpr",
        url: Annotated[str, typer.Option("--url", help="Which [[probe]]; with --report errors.")] = "",
        format_: Annotated[str, typer.Option("--format", help="Of a report: md, html or json; of some csv.")] = "md",
        output: Annotated[
            Path | None, typer.Option("-o", "--output", help="File to write the report to; it must not be there yet.")
        ] = None,
        store: StoreOption = None,
        config: ConfigOption = None,
    ) -> None:
        """Say what the posture checks came to: FAIL first, then UNKNOWN, each with what decided it.

        Exit code 1 with --fail-on where one fails, 3 and a line on stderr where the posture of a place is not fresh and
        complete, or where --fail-on meets an UNKNOWN of that severity: nobody can say that it does not fail.
        """
        if json + csv + ocsf > 1:
            stop(Code.BAD_INPUT, "--json, --csv and --ocsf exclude each other")
        if report_ is not None:
            shape = "json" if json else "csv" if csv else format_
            if report_ in ("third-parties", "access"):
                from socconsole.cli import posture_access

                (posture_access.access if report_ == "access" else posture_access.third_parties)(
                    shape, output, store, config
                )
            if report_ == "errors":
                from socconsole.cli.posture_probe import errors

                errors(url, shape, output, store, config)
            if report_ == "spend":
                from socconsole.cli.posture_spend import spend

                spend(shape, output, store, config)
            from socconsole.cli.posture_report import compliance

            compliance(framework, shape, output, store, config)
        form = "json" if json else "csv" if csv else "ocsf" if ocsf else ""
        if list_:
            list_checks(form)
            return
        report(" ".join(query or ()), check, at, fail_on, form, store, config)


def list_checks(form: str) -> None:
    """The catalogue: what each check asks, who else answers it, what to do about it."""
    from socconsole.cli.render import Column, Table, terminal_width
    from socconsole.posture.catalogue import catalogue

    if form in ("csv", "ocsf"):
        stop(Code.BAD_INPUT, "--list goes with --json or alone")
    if form == "json":
        for about in catalogue().values():
            put(
                {
                    "id": about.id,
                    "title": about.title,
                    "severity": about.severity,
                    "calls": list(about.calls),
                    "securityhub": list(about.securityhub),
                    "prowler": list(about.prowler),
                    "clauses": {name: list(each) for name, each in about.clauses.items()},
                    "pattern": about.pattern,
                    "answered_by": about.answered_by,
                    "fix": about.fix,
                    "action": about.action or None,
                }
            )
        return
    table = Table((Column("ID", 7), Column("SEVERITY", 8), Column("CHECK", 0)), terminal_width())
    put_lines([table.head(), *(table.row((one.id, one.severity, one.title)) for one in catalogue().values())])


def report(
    text: str, check: str, at: str, fail_on: Level | None, form: str, store: Path | None, config: Path | None
) -> None:
    """Print what was asked for, then judge what it is worth."""
    from socconsole.cli.render import while_somebody_reads
    from socconsole.model.world import WorldKind
    from socconsole.posture.catalogue import catalogue
    from socconsole.posture.query import parse
    from socconsole.store import clear, db, posture_trust, sources
    from socconsole.triage.query import QueryError

    try:
        query = parse(text)
    except QueryError as error:
        stop(Code.BAD_INPUT, f"the query: {error}", "socconsole posture --help")
    check = check.upper()
    if check and check not in catalogue():
        stop(Code.BAD_INPUT, f"no check {check!a}", "socconsole posture --list")
    when = None
    if at:
        from socconsole.cli.times import instant

        when = instant(at)
    folder, settings = open_configured(store, config)
    now = datetime.now(UTC)
    with db.reading(folder) as conn:
        trusted = posture_trust.trust(conn, now)
        alive = sources.watch_alive(conn)
        if when is None:
            rows = _now(conn, trusted, query, check)
            code = Code.DONE
        else:
            rows, code = _then(conn, trusted, query, check, when, settings.intervals.posture)
    with while_somebody_reads():
        _print(rows, form)
    _say_sum(rows, when)
    code = max(code, _gate(rows, fail_on))
    if folder.world.kind is WorldKind.IMPORT:
        say(IMPORTED_ONLY)
    elif when is None:
        code = max(code, freshness_code(clear.judge(trusted.posture, world=folder.world.kind, watch_alive=alive)))
    finish(code)


@dataclass(frozen=True, slots=True)
class Line:
    """One result to be printed: the evidence with what is added to it, and since when its verdict holds."""

    result: Result
    said: tuple[str, ...]
    since: datetime


def _now(conn: Connection, trusted: Trust, query: Query, check: str) -> list[Line]:
    from socconsole.store import posture_view

    found = posture_view.results(conn, trusted, check=check or None)
    return [Line(row.result, _told(row), row.since) for row in found if query.fits(row.result)]


def _told(row: Row) -> tuple[str, ...]:
    """The evidence, with what it was before nobody could tell any more, and with who says otherwise."""
    first: list[str] = []
    if row.was is not None and row.was_until is not None:
        since = f"UNKNOWN since {row.since:%Y-%m-%d %H:%M}Z, " if row.said is row.result.verdict else ""
        first.append(f"{since}was {row.was.value} until {row.was_until:%Y-%m-%d %H:%M}Z")
    return (*first, *row.result.evidence, *([f"not agreed: {row.disagrees}"] if row.disagrees else ()))


def _then(
    conn: Connection, trusted: Trust, query: Query, check: str, when: datetime, interval_s: float
) -> tuple[list[Line], Code]:
    """What was known at ``when``; 3 where nobody had evaluated a place shortly before."""
    from socconsole.store import posture_past
    from socconsole.store.sources import STALE_INTERVALS

    code = Code.DONE
    seen = posture_past.looked(conn, when)
    for place in trusted.scope:
        last = seen.get(place)
        if last is not None and (when - last).total_seconds() <= STALE_INTERVALS * interval_s:
            continue
        said = f"last evaluated {last:%Y-%m-%d %H:%M}Z" if last else "never evaluated by then"
        say(f"not fresh: posture {place.replace('/', ' ')}: {said}")
        code = Code.NOT_FRESH
    found = posture_past.at(conn, when, check or None)
    return [Line(one.result, one.result.evidence, one.since) for one in found if query.fits(one.result)], code


def _gate(lines: Sequence[Line], fail_on: Level | None) -> Code:
    """What --fail-on makes of it."""
    from socconsole.model.finding import Severity
    from socconsole.model.posture import OWN, Verdict
    from socconsole.posture.query import severity

    if fail_on is None:
        return Code.DONE
    least = Severity[fail_on.upper()]
    grave = [line.result for line in lines if severity(line.result.check) >= least]
    unknown = sum(one.verdict is Verdict.UNKNOWN and one.answered_by == OWN for one in grave)
    if unknown:
        say(f"{unknown:,} of severity {fail_on} or above UNKNOWN: nobody can say that they do not fail")
    failed = any(one.verdict is Verdict.FAIL for one in grave)
    return max(Code.NO if failed else Code.DONE, Code.NOT_FRESH if unknown else Code.DONE)


# --- in which form ------------------------------------------------------------------------------------


def _print(lines: Sequence[Line], form: str) -> None:
    if form == "json":
        for line in lines:
            put(_json(line))
    elif form == "csv":
        from socconsole.text import csv_line

        put_lines([csv_line(_KEYS)])
        for line in lines:
            row = _json(line) | {"evidence": "; ".join(line.said)}
            put_lines([csv_line(row[key] for key in _KEYS)])
    elif form == "ocsf":
        from socconsole.posture.catalogue import catalogue
        from socconsole.posture.ocsf import finding

        for line in lines:
            put(finding(line.result, catalogue().get(line.result.check), line.since, line.said))
    else:
        from socconsole.cli.posture_words import page

        put_lines(page(lines))


def _json(line: Line) -> dict[str, Any]:
    from socconsole.store.reading import rfc3339

    result = line.result
    return {
        "id": result.check,
        "subject": result.subject,
        "account": result.place.account,
        "region": result.place.region,
        "result": result.verdict.value,
        "evidence": list(line.said),
        "answered_by": result.answered_by,
        "evaluated": rfc3339(result.evaluated),
    }


def _say_sum(lines: Sequence[Line], when: datetime | None) -> None:
    from socconsole.cli.render import count
    from socconsole.model.posture import Verdict

    n = {verdict: sum(line.result.verdict is verdict for line in lines) for verdict in Verdict}
    then = f" at {when:%Y-%m-%dT%H:%M:%SZ}" if when else ""
    checks = len({line.result.check for line in lines})
    say(
        f"{count(checks, 'check')}, {count(len(lines), 'answer')}{then}: {n[Verdict.FAIL]:,} FAIL, "
        f"{n[Verdict.UNKNOWN]:,} UNKNOWN, {n[Verdict.PASS]:,} PASS"
    )
