"""What a handoff carries of a ledger: entries as they were written first, on whichever install that was."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import rfc8785

from socconsole.model.case import Case
from socconsole.model.entry import Entry, Line
from socconsole.store import adopted, adopted_decisions, ledger
from socconsole.store.adopted import Origin
from socconsole.store.db import Connection
from socconsole.store.instants import instant, micros

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

DECISIONS: Final = 8 * 1024 * 1024
"""Bytes of decisions on findings that travel, the latest first; what is more is named."""


class Carried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ledger entry as it was written first; ``at`` in µs. Texts that were erased are not in ``private``."""

    install: str
    seq: int
    hash: str
    at: int
    verb: str
    who: str
    subjects: tuple[str, ...]
    data: dict[str, Any]
    private: dict[str, str]

    @property
    def origin(self) -> Origin:
        return Origin(self.install, self.seq, self.hash, instant(self.at))

    @property
    def entry(self) -> Entry:
        return Entry(self.verb, self.who, self.subjects, self.data, self.private)

    @property
    def key(self) -> tuple[str, int, str]:
        return self.install, self.seq, self.hash


def carried(line: Line) -> Carried:
    made, origin = adopted.as_made(line).entry, adopted.origin_of(line)
    return Carried(
        install=origin.install,
        seq=origin.seq,
        hash=origin.hash,
        at=micros(origin.at),
        verb=made.verb,
        who=made.who,
        subjects=made.subjects,
        data=dict(made.data),
        private=dict(made.private),
    )


def decisions(
    folder: StateFolder, conn: Connection, open_: Iterable[Case], room: int = DECISIONS
) -> tuple[tuple[Carried, ...], tuple[int, ...]]:
    """What was decided about findings that are open or in an open case, in the order it was made; and the entries, by
    sequence, for which there was no room. Raises ``ledger.LedgerError``."""
    seqs = adopted_decisions.of_open(conn, (id_ for case in open_ for id_ in case.findings))
    kept: list[tuple[datetime, int, Carried]] = []
    left_out: list[int] = []
    found = [(_when(adopted.as_made(line)), seq, line) for seq, line in ledger.get(folder, seqs).items()]
    for when, seq, line in sorted(found, key=lambda one: one[:2], reverse=True):
        one = carried(line)
        room -= len(rfc8785.dumps(msgspec.to_builtins(one)))
        if room < 0:
            left_out.append(seq)
        else:
            kept.append((when, seq, one))
    return tuple(one for _, _, one in reversed(kept)), tuple(sorted(left_out))


def _when(made: Line) -> datetime:
    return instant(int(made.entry.data["now"])) if "now" in made.entry.data else made.at
