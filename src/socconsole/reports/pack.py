"""The evidence pack of a case: one zip that whoever gets it can check with unzip, sha256sum and openssl alone.

Same inputs, same bytes: the files are in order, dated by the moment of packing and deflated alike (by one build of
zlib). ``MANIFEST.sha256`` lists every other file; its own SHA-256 is what stands in the ledger, so that a changed byte
shows wherever it is.

Free texts are those of the case's own entries; of entries about other matters, which only hold the chain together,
none is handed over. ``redacted`` is for authorities and customers: no free text, no names of people or of controllers,
no raw records, and of the ledger hashes and signatures alone.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from socconsole.config import Config
from socconsole.model.case import Case
from socconsole.reports.case_report import case_report
from socconsole.reports.html import html
from socconsole.reports.markdown import markdown
from socconsole.reports.times import stamp
from socconsole.store import actions, adopted, cases, evidence, ledger, ledger_body, ledger_segment
from socconsole.store.db import Connection
from socconsole.text import ascii_json

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

MANIFEST: Final = "MANIFEST.sha256"

README: Final = "pack_readme.txt"
"""Template beside this file: what is in a pack, and the commands that verify it."""


@dataclass(frozen=True, slots=True)
class Pack:
    """The zip, and what its manifest hashes to: that is what goes on the ledger."""

    data: bytes
    manifest: str
    files: int
    missing: tuple[str, ...]
    """SHA-256 of evidence that the ledger names and that is not there or not what was kept."""


def pack(
    folder: StateFolder, conn: Connection, config: Config, case: Case, now: datetime, *, redacted: bool = False
) -> Pack:
    """The evidence pack of a case as it stands at ``now``. Raises ``ledger.LedgerError``."""
    files: dict[str, bytes] = {}
    report = case_report(folder, conn, config, case, now, redacted=redacted)
    files["report.md"] = markdown(report).encode()
    files["report.html"] = html(report).encode()
    custody: list[dict[str, Any]] = []
    missing: list[str] = []
    for kind, digest, seq in _kept(conn, case):
        if redacted:
            custody.append({**_item(folder, kind, digest, seq, None), "by": None, "session": None})
            continue
        try:
            data = evidence.get(folder, digest)
        except evidence.EvidenceError:
            missing.append(digest)
            custody.append(_item(folder, kind, digest, seq, None, "not there, or not what was kept"))
            continue
        files[f"evidence/{digest}.{'jsonl' if kind == 'findings' else 'json'}"] = data
        custody.append(_item(folder, kind, digest, seq, len(data)))
    first, last = _ledger(folder, conn, case, files, redacted=redacted)
    files["custody.json"] = (ascii_json(custody, indent=True) + "\n").encode()
    template = resources.files("socconsole.reports").joinpath(README).read_text("utf-8")
    files["README.txt"] = template.format(
        case=case.id,
        at=stamp(now),
        evidence="not in this redacted pack; custody.json names each item"
        if redacted
        else "as it was kept, by SHA-256",
        first=first,
        last=last,
        install=folder.install,
        which=", by hash and signature alone" if redacted else "",
        offset=ledger_body.PREV_AT + 1,
    ).encode()
    listed = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    files[MANIFEST] = listed.encode()
    manifest = hashlib.sha256(files[MANIFEST]).hexdigest()
    return Pack(_zip(files, now), manifest, len(files), tuple(missing))


def _kept(conn: Connection, case: Case) -> Iterator[tuple[str, str, int]]:
    """(kind, SHA-256, ledger entry) of every piece of evidence: records at attaching, states before containments."""
    for event in cases.events(conn, case.id):
        for digest in event.data.get("evidence", ()):
            yield "findings", str(digest), event.seq
    for record in cases.actions_of(conn, case):
        stored = actions.whole(conn, record.id)
        if stored is not None and stored.evidence:
            yield "state before", stored.evidence, record.intent_seq


def _item(
    folder: StateFolder, kind: str, digest: str, seq: int, length: int | None, trouble: str = ""
) -> dict[str, Any]:
    """Custody of one item: by whom and when it was taken, as the entry that names it says."""
    line = adopted.as_made(ledger.get(folder, [seq])[seq])
    return {
        "sha256": digest,
        "what": kind,
        "length": length,
        "by": line.entry.who,
        "install": line.install,
        "session": line.session,
        "at": stamp(line.at),
        "clock": "of the host, UTC; its offset is in the ledger where it was measured",
        "entry": seq,
        "trouble": trouble or None,
    }


def _ledger(
    folder: StateFolder, conn: Connection, case: Case, files: dict[str, bytes], *, redacted: bool
) -> tuple[int, int]:
    """Put the stretch of the ledger that the case spans among the files; its first and last entry."""
    own = {event.seq for event in cases.events(conn, case.id)}
    about = own | {record.intent_seq for record in cases.actions_of(conn, case)}
    first, last = min(about), ledger.head(folder).seq
    keys: set[str] = set()
    for one in ledger_segment.segment(folder, first, last, () if redacted else None):
        name = f"ledger/{one.seq:08d}"
        if one.entry is not None:
            files[f"{name}.entry"] = one.entry
        files |= {f"{name}.signed": one.signed, f"{name}.sig": one.signature, f"{name}.key": one.key.encode()}
        keys.add(one.key)
        if one.seq in about:
            files |= {f"{name}-{text}.text": hashed for text, hashed, _ in one.texts}
    files |= {f"keys/{id_}.pem": pem for id_, pem in ledger_segment.public_keys(folder, keys).items()}
    return first, last


def _zip(files: dict[str, bytes], now: datetime) -> bytes:
    """Files in order, under one date and one mode, so that the same inputs make the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (now.year, now.month, now.day, now.hour, now.minute, now.second))
            info.external_attr = 0o100600 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name])
    return out.getvalue()
