"""``ledger``, ``recover`` and ``backup``: the record, its proof, and getting it back."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TextIO

import typer

from socconsole.cli.exits import Code, finish, put, say, stop
from socconsole.cli.opening import live_root, load_config, way_out
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.text import ascii_json, clean

if TYPE_CHECKING:
    from socconsole.model.entry import LedgerVerdict, Line
    from socconsole.store.state import StateFolder

SHOWN: Final = 50
"""Entries of ``ledger show`` in its plain form, unless a limit is given."""

ledger_app = typer.Typer(help="What was decided and done, and whether the record is whole.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(ledger_app, name="ledger")
    app.command()(recover)
    app.command()(backup)


@ledger_app.command()
def show(
    verb: Annotated[
        list[str] | None, typer.Option("--verb", help="Only entries of this verb; may be repeated.")
    ] = None,
    subject: Annotated[str, typer.Option("--subject", help="Only entries about this finding or action.")] = "",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help=f"The last so many; {SHOWN} in the plain form, else all.")
    ] = None,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Show entries, oldest first."""
    from socconsole.cli.render import while_somebody_reads
    from socconsole.model.entry import line_json
    from socconsole.store import ledger

    load_config(config)
    verbs = tuple(verb or ())
    with _trouble():
        folder = _folder(store)
        if json and limit is None:
            with while_somebody_reads():
                for line in ledger.lines(folder, verbs=verbs, subject=subject):
                    put(line_json(line))
            return
        window = ledger.window(folder, 0, limit or SHOWN, verbs=verbs, subject=subject)
    found = tuple(reversed(window.lines))
    with while_somebody_reads():
        if json:
            for line in found:
                put(line_json(line))
            return
        _table(found)
    say(f"{len(found):,} of {window.total:,} entries")


def _table(found: Iterable[Line]) -> None:
    from socconsole.cli.render import Column, Table, terminal_width

    columns = (
        Column("SEQ", 6, right=True),
        Column("AT", 20),
        Column("VERB", 14),
        Column("WHO", 12),
        Column("SUBJECTS", 20, least=100),
        Column("WHAT", 0),
    )
    table = Table(columns, terminal_width())
    print(table.head())
    for line in found:
        entry = line.entry
        about = " ".join(entry.subjects[:1]) + (f" +{len(entry.subjects) - 1}" if len(entry.subjects) > 1 else "")
        what = " ".join([*entry.private.values(), ascii_json(entry.data) if entry.data else ""])
        at = f"{line.at:%Y-%m-%dT%H:%M:%S}Z"
        print(table.row((str(line.seq), at, entry.verb, entry.who, about, what.strip())))


@ledger_app.command()
def verify(
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="File with the key an auditor kept (PEM or hexadecimal).")
    ] = None,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Give a verdict on the ledger, however broken; exit code 1 names the first bad entry.

    --store may also name a ledger.db by itself.
    """
    from socconsole.store import ledger

    load_config(config)
    verdict = ledger.verify(store or live_root(), public_key=_public_key(public_key))
    if json:
        put(verdict_json(verdict))
    else:
        _tell(verdict)
    finish(Code.DONE if verdict.whole else Code.NO)


def _public_key(path: Path | None) -> bytes | None:
    from socconsole.store.ledger_verify import public_key_of

    if path is None:
        return None
    try:
        return public_key_of(path.read_text("ascii"))
    except (OSError, ValueError) as error:
        stop(Code.BAD_INPUT, f"{path} holds no public key: {clean(str(error))}")


def verdict_json(verdict: LedgerVerdict) -> dict[str, Any]:
    """``at`` is the first bad entry; null for a whole ledger, and where the file itself is at fault."""
    since = verdict.unanchored_since
    return {
        "whole": verdict.whole,
        "entries": verdict.entries,
        "head": verdict.head,
        "at": verdict.at,
        "reason": verdict.reason,
        "unanchored_since": None if since is None else since.isoformat().replace("+00:00", "Z"),
    }


def _tell(verdict: LedgerVerdict) -> None:
    if verdict.whole:
        print(f"whole: {verdict.entries:,} entries, head {verdict.head}")
        if verdict.reason:
            say(clean(verdict.reason))
        return
    where = f"entry {verdict.at:,}" if verdict.at is not None else "the file"
    print(f"broken at {where}: {clean(verdict.reason)}")
    say(f"{verdict.entries:,} entries before it are proven; restore ledger.db from a backup")


@ledger_app.command()
def export(
    out: Annotated[Path | None, typer.Option("-o", "--out", help="A new file; standard output otherwise.")] = None,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Write every entry with all that is needed to verify it elsewhere, as JSON Lines."""
    from socconsole.cli.render import while_somebody_reads
    from socconsole.store import ledger

    load_config(config)
    with _trouble():
        folder = _folder(store)
        with while_somebody_reads(), _output(out) as file:
            for line in ledger.export(folder):
                print(line, file=file)
    if out is not None:
        say(f"written: {clean(str(out))}")


@ledger_app.command()
def key(
    rotate: Annotated[bool, typer.Option("--rotate", help="Put a new key in force first.")] = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Print the public key in force (PEM), for an auditor to keep elsewhere."""
    from socconsole.store import keys

    with _trouble():
        folder = _folder(store)
        if rotate:
            say(f"key {keys.rotate(folder, load_config(config, folder.root).who)} is in force")
        print(keys.export(folder), end="")


def recover(
    force: Annotated[bool, typer.Option("--force", help="Rebuild a store that looks sound.")] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Put on record that the ledger lost entries, and go on.")
    ] = False,
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Rebuild store.db from the ledger and the imported files; the watch brings back what AWS says."""
    from socconsole.cli.opening import open_folder
    from socconsole.rules.passes import catch_up
    from socconsole.store.declared import context_of
    from socconsole.store.recover import recover as run

    root = store or live_root()
    with _trouble():
        settings = load_config(config, root)
        context = context_of(settings)
        done = run(root, who=settings.who, force=force, accept_loss=accept_loss, context=context)
        if done.rebuilt:
            catch_up(open_folder(root), settings)
    if json:
        put(
            {
                "rebuilt": done.rebuilt,
                "why": done.why,
                "aside": None if done.aside is None else str(done.aside),
                "entries": done.entries,
                "findings": done.findings,
                "imports": done.imports,
                "missing": list(done.missing),
                "unapplied": done.unapplied,
                "ledger": verdict_json(done.verdict),
            }
        )
    else:
        what = f"rebuilt, because {clean(done.why)}" if done.rebuilt else "the store was sound"
        print(
            f"{what}: {done.entries:,} entries applied, {done.findings:,} findings, {done.imports:,} files read again"
        )
    sys.stdout.flush()
    if done.aside is not None:
        say(f"the damaged store lies at {clean(str(done.aside))}")
    if done.unapplied:
        say(f"{done.unapplied:,} entries are of a newer program and were passed over")
    finish(max(_missing(done.missing), _broken(done.verdict)))


def backup(
    out: Annotated[Path, typer.Option("-o", "--out", help="A new or empty folder.")],
    json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Copy the state folder, while others work on it, into one that can be opened and verified by itself.

    The private signing key stays where it is.
    """
    from socconsole.store.backup import backup as run

    load_config(config)
    with _trouble():
        done = run(store or live_root(), out)
    if json:
        put(
            {
                "path": str(done.path),
                "files": done.files,
                "bytes": done.size,
                "missing": list(done.missing),
                "ledger": verdict_json(done.verdict),
            }
        )
    else:
        print(f"{clean(str(done.path))}: {done.files:,} files, {done.size:,} bytes")
    sys.stdout.flush()
    finish(max(_missing(done.missing), _broken(done.verdict)))


# --- inside -------------------------------------------------------------------------------------------------


def _missing(digests: Iterable[str]) -> Code:
    code = Code.DONE
    for digest in digests:
        say(f"evidence {clean(digest, 64)} is missing or was changed")
        code = Code.NOT_FRESH
    return code


def _broken(verdict: LedgerVerdict) -> Code:
    if verdict.whole:
        return Code.DONE
    where = f"entry {verdict.at:,}" if verdict.at is not None else "the file"
    say(f"the ledger is broken at {where}: {clean(verdict.reason)}")
    return Code.NO


def _folder(store: Path | None) -> StateFolder:
    """The folder as far as its ledger needs it: its store may be gone."""
    from socconsole.store.state import StateError, StateFolder

    try:
        return StateFolder.open(store or live_root(), without_store=True)
    except StateError as error:
        stop(Code.BAD_INPUT, clean(error.message), way_out(store, error))


@contextmanager
def _trouble() -> Iterator[None]:
    """What is wrong with the folder or the ledger, with the way out, as an exit code of the contract."""
    from socconsole.store.ledger import LedgerError
    from socconsole.store.locks import LockHeld
    from socconsole.store.state import StateError

    try:
        yield
    except StateError as error:
        stop(Code.BAD_INPUT, clean(error.message), error.remedy)
    except LedgerError as error:
        stop(Code.NO, clean(error.message), error.remedy)
    except LockHeld as error:
        stop(Code.NO, clean(str(error)), "try again")
    except OSError as error:
        stop(Code.NO, f"{clean(str(error.filename or 'the state folder'))}: {clean(error.strerror or str(error))}")


@contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        stop(Code.BAD_INPUT, f"{clean(str(path))} exists already", "name a new file with -o")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        yield file
