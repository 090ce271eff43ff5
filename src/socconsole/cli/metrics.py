"""``metrics``: how long it took to detect, acknowledge, contain, resolve and close, by the ledger alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from socconsole.cli import times, writing
from socconsole.cli.exits import Code, finish, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption


def register(app: typer.Typer) -> None:
    @app.command("metrics")
    def metrics(
        since: Annotated[str, typer.Option("--since", help="What ended from then on, and what is still open.")] = "",
        until: Annotated[str, typer.Option("--until", help="As it was then; entries made later do not count.")] = "",
        format_: Annotated[str, typer.Option("--format", help="md, html or json.")] = "md",
        output: Annotated[
            Path | None, typer.Option("-o", "--output", help="A new file, owner-only.", show_default=False)
        ] = None,
        json: JsonOption = False,
        store: StoreOption = None,
        config: ConfigOption = None,
    ) -> None:
        """How long it took to detect, acknowledge, contain, resolve and close, each with its n: from the ledger
        alone, per severity and source, never per person.

        Of a drill (--store its folder): its own numbers, against the targets. A report: exit code 0 whatever it says.
        """
        report_metrics(since, until, "json" if json else format_, output, store, config)


def report_metrics(
    since: str, until: str, form: str, output: Path | None, store: StoreOption, config: ConfigOption
) -> None:
    """Measure and write. Stops with code 2 for a period that ends before it begins."""
    from socconsole.reports import metrics
    from socconsole.store import db, ledger

    start, end = (times.instant(text) if text else None for text in (since, until))
    if start and end and end <= start:
        stop(Code.BAD_INPUT, "the period ends before it begins")
    folder, _ = open_configured(store, config)
    try:
        with db.reading(folder) as conn:
            made = metrics.report(folder, conn, datetime.now(UTC), start, end)
    except ledger.LedgerError as error:
        stop(Code.NO, error.message, error.remedy)
    writing.report(metrics.document(made), lambda: metrics.as_json(made), form, output)
    finish(Code.DONE)
