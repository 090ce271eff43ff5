"""``evidence``: a case as one file that verifies without this program."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from socconsole.cli import writing
from socconsole.cli.case import CaseArgument
from socconsole.cli.case_words import named_case
from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.text import clean

PACKED = "case_packed"


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
    from socconsole.model.entry import Entry
    from socconsole.reports.pack import pack
    from socconsole.reports.sealing import BadRecipient, seal
    from socconsole.store import db, ledger, project
    from socconsole.store.instants import micros

    folder, settings = open_configured(store, config)
    now = datetime.now(UTC)
    with db.reading(folder) as conn:
        found = named_case(conn, case)
        try:
            made = pack(folder, conn, settings, found, now, redacted=redacted)
            data = seal(made.data, recipients) if recipients else made.data
        except BadRecipient as wrong:
            stop(Code.BAD_INPUT, clean(str(wrong)))
        except ledger.LedgerError as error:
            stop(Code.NO, f"not packed: {clean(error.message)}", error.remedy)
    writing.new_file(output, data)
    digest = hashlib.sha256(data).hexdigest()
    said = {
        "case": found.id,
        "now": micros(now),
        "manifest": made.manifest,
        "sha256": digest,
        "bytes": len(data),
        "redacted": redacted,
        "recipients": list(recipients),
    }
    try:
        (line,) = ledger.append(folder, [Entry(verb=PACKED, who=settings.who, data=said)])
        project.project(folder)
    except ledger.LedgerError as error:
        stop(Code.NO, f"written, and not recorded: {clean(error.message)}", error.remedy)
    row = {
        "file": str(output),
        "bytes": len(data),
        "sha256": digest,
        "manifest": made.manifest,
        "files": made.files,
        "missing": list(made.missing),
        "redacted": redacted,
        "ledger": line.seq,
    }
    if as_json:
        put(row)
    else:
        print(f"{clean(str(output), 200)}: {made.files:,} files, {len(data):,} bytes, sha256 {digest}")
        print(
            f"its manifest hashes to {made.manifest}, ledger entry {line.seq:,}; README.txt in it says how to verify it"
        )
    for digest in made.missing:
        say(f"evidence {digest} is missing, or not what was kept; custody.json says so")
    finish(Code.NOT_FRESH if made.missing else Code.DONE)
