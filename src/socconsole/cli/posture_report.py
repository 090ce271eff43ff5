"""``posture --report``: what leaves the night screens, for those who read by day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from socconsole.cli import writing
from socconsole.cli.exits import Code, finish, freshness_code, say, stop
from socconsole.cli.opening import open_configured


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
    writing.report(made.document(report), lambda: made.as_json(report), form, output)
    counts = ", ".join(f"{n} {verdict.value}" for verdict, n in made.counted(report).items())
    say(f"{len(report.clauses)} clauses: {counts}")
    finish(Code.DONE if folder.world.kind is WorldKind.IMPORT else freshness_code(judged))
