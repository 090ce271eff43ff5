"""``evidence``: a case as one file that verifies without this program."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from socconsole.cli.case import CaseArgument
from socconsole.cli.case_words import named_case
from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.text import clean


def register(app: typer.Typer) -> None:
    @app.command("evidence")
    def evidence(
        case: CaseArgument,
        output: Annotated[Path, typer.Option("-o", "--output", help="The zip to write; it must not be there yet.")],
        redacted: Annotated[
            bool, typer.Option("--redacted", help="For authorities and customers: no free text, no names, no records.")
        ] = False,
        recipient: Annotated[
            list[str] | None,
            typer.Option("--recipient", help="Encrypt to this age key (age1…); several times for several."),
        ] = None,
        json: JsonOption = False,
        store: StoreOption = None,
        config: ConfigOption = None,
    ) -> None:
        """Pack a case: report, records, states, signed ledger, and the commands that verify them.

        Exit code 3 where evidence that the ledger names is missing; it is named in the pack too.
        """
        make(case, output, redacted, tuple(recipient or ()), json, store, config)


def make(
    case: str,
    output: Path,
    redacted: bool,
    recipients: tuple[str, ...],
    as_json: bool,
    store: StoreOption,
    config: ConfigOption,
) -> None:
    from socconsole.reports import packing
    from socconsole.reports.files import NotWritten
    from socconsole.reports.sealing import BadRecipient
    from socconsole.store import db, ledger

    folder, settings = open_configured(store, config)
    with db.reading(folder) as conn:
        found = named_case(conn, case)
    try:
        now = datetime.now(UTC)
        made = packing.write(
            folder, settings, found, output, settings.who, now, redacted=redacted, recipients=recipients
        )
    except BadRecipient as wrong:
        stop(Code.BAD_INPUT, clean(str(wrong)))
    except NotWritten as trouble:
        stop(Code.BAD_INPUT, str(trouble), "-o another-name" if trouble.taken else "")
    except ledger.LedgerError as error:
        stop(Code.NO, f"not packed: {clean(error.message)}", error.remedy)
    row = {
        "file": str(output),
        "bytes": made.bytes,
        "sha256": made.sha256,
        "manifest": made.manifest,
        "files": made.files,
        "missing": list(made.missing),
        "redacted": redacted,
        "ledger": made.seq,
    }
    if as_json:
        put(row)
    else:
        print(f"{clean(str(output), 200)}: {made.files:,} files, {made.bytes:,} bytes, sha256 {made.sha256}")
        print(f"its manifest hashes to {made.manifest}, ledger entry {made.seq:,}; README.txt says how to verify it")
    for digest in made.missing:
        say(f"evidence {digest} is missing, or not what was kept; custody.json says so")
    finish(Code.NOT_FRESH if made.missing else Code.DONE)
