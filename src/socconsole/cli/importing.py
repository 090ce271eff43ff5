"""``import``: findings and trail events from files, none of them lost.

A file's bytes go to ``evidence/`` first and their hash on the ledger, then its records into the store in batches: cut
short anywhere, ``recover`` or the same command again finishes it. The same bytes again change nothing. Secrets of trail
records are taken out before all of that: what is kept is what is read; the ledger has the original's hash beside it.
"""

from __future__ import annotations

import hashlib
import re
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from socconsole.cli.exits import Code, Stop, finish, put, say, stop
from socconsole.cli.opening import live_root, load_config, open_folder
from socconsole.cli.options import ConfigOption, JsonOption, StoreOption
from socconsole.text import clean

if TYPE_CHECKING:
    from socconsole.config import Config
    from socconsole.store.findings import Counts
    from socconsole.store.state import StateFolder

STDIN: Final = "-"
BATCH: Final = 400
"""Records of one transaction."""
LISTED: Final = 10_000
"""Quarantined records that are listed for one file; more are counted only."""
_SHOWN: Final = 20
_PROGRESS_S: Final = 2.0
_GZIP: Final = b"\x1f\x8b"
_FLOW: Final = re.compile(rb"\s*(\d{1,2} (\d{12}|unknown) eni-|[a-z0-9 -]*\bsrcaddr [a-z0-9 -]*\bdstaddr\b)")
"""How a VPC flow log begins: with a record of the default format, or with the names of its fields."""


def register(app: typer.Typer) -> None:
    @app.command("import")
    def import_(
        files: Annotated[
            list[str],
            typer.Argument(
                metavar="FILE...",
                help="ASFF, GuardDuty, OCSF, EventBridge, CloudTrail: object, array, JSON Lines; - is stdin.",
            ),
        ],
        json: JsonOption = False,
        store: Annotated[
            Path | None,
            typer.Option(
                "--store", help="State folder, made where it is missing; default: the live one, else one without AWS."
            ),
        ] = None,
        config: ConfigOption = None,
    ) -> None:
        """Import findings and trail events. Without --store: into the live state, else into one that calls no AWS.

        Exit code 0 if anything was read, 1 with something quarantined, 2 if nothing could be.
        """
        finish(import_files(files, json, store, config))


@dataclass(slots=True)
class Imported:
    """What came of one file. ``refused`` says why it could not be read at all."""

    file: str
    counts: Counts
    quarantined: list[tuple[int, str]] = field(default_factory=list)
    """(line or element, reason), at most ``LISTED``."""
    refused: str = ""

    @property
    def read(self) -> int:
        """Records that are findings or trail events, or should have been: the deferred are counted beside them."""
        return self.counts.read - self.counts.deferred

    @property
    def understood(self) -> bool:
        """Whether anything in it was: a finding, a trail event, or a record whose reader comes later."""
        return self.counts.read > self.counts.quarantined

    @property
    def code(self) -> Code:
        if self.refused:
            return Code.BAD_INPUT
        return Code.NO if self.counts.quarantined else Code.DONE


def import_files(files: list[str], as_json: bool, store: StoreOption, config: ConfigOption) -> Code:
    """Import each file in turn. A file that cannot be read is bad input; one in which nothing was understood only
    where there is no other."""

    if files.count(STDIN) > 1:
        stop(Code.BAD_INPUT, "standard input can be read once")
    folder = _folder(store)
    settings = load_config(config, folder.root)
    code = Code.DONE
    understood = False
    for name in files:
        done = import_file(folder, name, settings)
        understood |= done.understood
        if as_json:
            put(_json(done))
        elif not done.refused:
            _tell(done)
        if done.refused:
            say(f"{clean(name)}: {done.refused}")
        code = max(code, done.code)
    _rules(folder, settings)
    _correlate(folder)
    return code if understood else Code.BAD_INPUT


def _rules(folder: StateFolder, settings: Config) -> None:
    """Let the rules look at the trail events that came."""
    from socconsole.rules.passes import catch_up

    if found := catch_up(folder, settings):
        say(f"rules: {found:,} {'finding' if found == 1 else 'findings'} made or changed; see: findings src:trail")


def _correlate(folder: StateFolder) -> None:
    """Bring together what came with what it belongs to, what the rules made of it included, and what answers a posture
    check with the check."""
    from socconsole.store import correlating, db, posture_others

    with db.writing(folder) as conn:
        correlating.finish(conn, datetime.now(UTC))
        posture_others.finish(conn, datetime.now(UTC))


def _folder(store: StoreOption) -> StateFolder:
    """The folder named; the live one if there is one; else an import world, made where it is missing."""
    from socconsole.model.world import World, WorldKind
    from socconsole.store.state import StateError, StateFolder, state_home

    root = store or live_root()
    aside = store is None and not root.exists()
    if aside:
        root = state_home() / "import"
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        try:
            StateFolder.create(root, World(WorldKind.IMPORT))
        except StateError as error:
            stop(Code.BAD_INPUT, str(error), error.remedy)
        say(f"made a state folder without a live source: {clean(str(root))}")
    if aside:
        say(f"importing into {clean(str(root))}; look with: socconsole findings --store {clean(str(root))}")
    return open_folder(root)


def import_file(folder: StateFolder, name: str, settings: Config) -> Imported:
    """Import one file (``-``: standard input). Raises ``Stop`` when the state folder cannot take it."""
    from socconsole.formats import without_secrets
    from socconsole.store.findings import Counts

    try:
        data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        return Imported(name, Counts(), refused=error.strerror or "cannot be read")
    if data.startswith(_GZIP):
        return Imported(name, Counts(), refused="compressed: pipe it in with `gunzip -c FILE | socconsole import -`")
    if not data.strip():
        return Imported(name, Counts(), refused="is empty")
    if _FLOW.match(data):
        return Imported(name, Counts(), refused="a VPC flow log: it holds connections, not findings; nothing was kept")
    kept = without_secrets(data)
    _keep(folder, name, data, kept, settings.who)
    done = _take_in(folder, name, kept, settings)
    if not done.counts.read:
        done.refused = "holds no records"
    return done


def _keep(folder: StateFolder, name: str, data: bytes, kept: bytes, who: str) -> None:
    """What may be kept of the bytes into evidence, its hash and theirs on the ledger: once for the same bytes."""
    from socconsole.model.entry import Entry
    from socconsole.store import evidence, ledger, project, recover

    try:
        sha256 = evidence.put(folder, kept)
        known = (line.entry.data.get("evidence") for line in ledger.lines(folder, verbs=(recover.IMPORT,)))
        if sha256 not in known:
            told = {"evidence": sha256, "bytes": len(kept)}
            entry = Entry(
                recover.IMPORT,
                who,
                data=told if kept is data else told | {"original": hashlib.sha256(data).hexdigest()},
                private={"file": ledger.portable(name)},
            )
            ledger.append(folder, [entry])
        project.project(folder)
    except (ledger.LedgerError, project.ProjectError) as error:
        raise Stop(Code.NO, error.message, error.remedy) from error
    except evidence.EvidenceError as error:
        raise Stop(Code.NO, str(error), "free some space, or name another folder with --store") from error


def _take_in(folder: StateFolder, name: str, data: bytes, settings: Config) -> Imported:
    from socconsole.formats import Quarantined, read_bytes
    from socconsole.store import db, deferred, findings, ledger
    from socconsole.store.declared import context_of
    from socconsole.store.findings import Counts

    context = context_of(settings)
    origin = f"file:{ledger.portable(name)}"  # as recover names it
    done = Imported(name, Counts())
    records = read_bytes(data)
    told = time.monotonic()
    now = datetime.now(UTC)
    with db.writing(folder) as conn:
        deferred.advance(conn, now, context)
        while batch := list(islice(records, BATCH)):
            done.counts += findings.commit(conn, batch, answer=None, origin=origin, now=now, context=context)
            bad = [record for record in batch if isinstance(record, Quarantined)]
            done.quarantined += [(b.line, b.reason) for b in bad[: LISTED - len(done.quarantined)]]
            if time.monotonic() - told > _PROGRESS_S:
                told = time.monotonic()
                say(f"{clean(name)}: {done.counts.read:,} records so far")
    return done


def _json(done: Imported) -> dict[str, Any]:
    """One line of ``import --json``: read = new + updated + unchanged + quarantined."""
    counts = done.counts
    return {
        "file": done.file.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"),
        "read": done.read,
        "new": counts.new,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "quarantined": [{"line": line, "reason": reason} for line, reason in done.quarantined],
        "quarantined_count": counts.quarantined,
        "deferred": counts.deferred,
    }


def _tell(done: Imported) -> None:
    counts = done.counts
    print(
        f"{clean(done.file)}: read {done.read:,}: {counts.new:,} new, {counts.updated:,} updated, "
        f"{counts.unchanged:,} unchanged, {counts.quarantined:,} quarantined; {counts.deferred:,} deferred"
    )
    sys.stdout.flush()
    for line, reason in done.quarantined[:_SHOWN]:
        say(f"  {line}: {clean(reason)}")
    if counts.quarantined > _SHOWN:
        say(f"  and {counts.quarantined - _SHOWN:,} more; --json lists them")
