"""``posture --report``: what leaves the night screens, for those who read by day."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from socconsole.cli.exits import Code, finish, freshness_code, put, say, stop
from socconsole.cli.opening import open_configured
from socconsole.text import ascii_json, clean

if TYPE_CHECKING:
    from socconsole.reports import Document

FORMS: Final = ("md", "html", "json")


def compliance(framework: str, form: str, output: Path | None, store: Path | None, config: Path | None) -> None:
    """The evidence for one framework, clause by clause; exit code 3 where a place's posture is not fresh."""
    from socconsole.model.world import WorldKind
    from socconsole.posture.catalogue import FRAMEWORKS
    from socconsole.reports import compliance as made
    from socconsole.store import clear, db, posture_trust, sources

    if framework not in FRAMEWORKS:
        stop(Code.BAD_INPUT, f"there is no framework {framework!a}: {', '.join(FRAMEWORKS)}", "--framework gdpr")
    folder, _ = open_configured(store, config)
    now = datetime.now(UTC)
    with db.reading(folder) as conn:
        report = made.compliance(conn, framework, now)
        judged = clear.judge(
            posture_trust.trust(conn, now).posture, world=folder.world.kind, watch_alive=sources.watch_alive(conn)
        )
    write(made.document(report), lambda: made.as_json(report), form, output)
    counts = ", ".join(f"{n} {verdict.value}" for verdict, n in made.counted(report).items())
    say(f"{len(report.clauses)} clauses: {counts}")
    finish(Code.DONE if folder.world.kind is WorldKind.IMPORT else freshness_code(judged))


def write(document: Document, data: Callable[[], dict[str, Any]], form: str, output: Path | None) -> None:
    """A report in one of ``FORMS``, to a new owner-only file or to standard output."""
    from socconsole.reports import html, markdown

    if form not in FORMS:
        stop(Code.BAD_INPUT, f"a report is one of {', '.join(FORMS)}, not {form!a}", "--format html")
    if form == "json" and output is None:
        put(data())
        return
    text = html(document) if form == "html" else markdown(document) if form == "md" else ascii_json(data(), indent=1)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        stop(Code.BAD_INPUT, f"{clean(str(output), 200)} is there already", "-o another-name")
    except OSError as error:
        stop(Code.BAD_INPUT, f"{clean(str(output), 200)} cannot be written: {error.strerror}")
    say(f"{clean(str(output), 200)}: {len(text.encode()):,} bytes")
