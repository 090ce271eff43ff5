"""A pass from beginning to end: what arrived is read, the rules look at it, and what they found is taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from socconsole.config import Config
from socconsole.rules import engine
from socconsole.rules.catalogue import Catalogue
from socconsole.rules.findings import findings
from socconsole.store import correlating, db, rule_findings, rule_reading, trail
from socconsole.store.declared import context_of
from socconsole.store.rule_findings import Made
from socconsole.store.state import StateFolder


@dataclass(frozen=True, slots=True)
class Look:
    """What came of the events after a number: for ``rule_findings.commit``."""

    after: int
    upto: int
    made: tuple[Made, ...]
    troubles: Mapping[str, str]


def look(path: Path, catalogue: Catalogue, after: int) -> Look:
    """Let the rules look at the next events of a store; writes nothing. In a thread of its own: it may take seconds."""
    with rule_reading.opened(path, engine.functions(catalogue.fields)) as reader:
        done = engine.run_on(reader, catalogue.rules, after, min(reader.head(), after + engine.BATCH))
        return Look(after, done.upto, tuple(findings(reader, done.matches)), done.troubles)


def catch_up(folder: StateFolder, config: Config) -> int:
    """All passes that are due, one after the other; returns how many findings they made or changed.

    For what ends with it: an import, ``recover``. pySigma is imported only if there is something to look at.
    """
    changed = 0
    catalogue: Catalogue | None = None
    with db.writing(folder) as conn:
        while (after := rule_findings.after(conn)) < trail.head(conn):
            catalogue = catalogue or Catalogue.of(config)
            seen = look(folder.store_db, catalogue, after)
            changed += rule_findings.commit(
                conn,
                seen.made,
                since=seen.after,
                upto=seen.upto,
                troubles=seen.troubles,
                now=datetime.now(UTC),
                context=context_of(config),
            )
        if changed:
            correlating.finish(conn, datetime.now(UTC))
    return changed
