"""One line of Triage's table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

import msgspec

from socconsole.model.standing import Kind, Leaving, Severity, State, Verdict, Workflow
from socconsole.store import standing_sql
from socconsole.store.instants import instant, instant_or_none
from socconsole.text import Untrusted


class QueueRow(msgspec.Struct, frozen=True):
    """One line of Triage, as it stands at the instant it was read."""

    id: str
    kind: Kind
    severity: Severity
    score: int
    at: datetime
    """When it happened last; when it was published or seen, where that is not known. Lists sort by it as ``age``."""
    occurred: datetime | None
    published: datetime | None
    seen: datetime
    updated: datetime | None
    title: Untrusted
    """At most ``rows.TITLE_LIMIT`` characters."""
    place: Untrusted
    account: str | None
    region: str | None
    types: tuple[str, ...]
    product: str
    sources: tuple[str, ...]
    workflow: Workflow
    verdict: Verdict | None
    """Ours where one was given, else what AWS says."""
    sample: bool
    owner: Untrusted | None
    acked_at: datetime | None
    acked_by: Untrusted | None
    snoozed_until: datetime | None
    has_note: bool
    unsent: int
    """Workflow writes that AWS has not been told yet."""
    state: State
    still_firing: bool
    leaving: Leaving | None = None
    """None where it is not about data that leaves."""
    incident: str | None = None
    """The incident candidate (``n-…``) that it is part of."""
    folds: int = 0
    """How many other findings it stands for in a folded list; 0 in any other list."""
    waiting: int = 0
    """How many of those are new."""
    folds_firing: bool = False
    """Whether any of those is still firing."""
    worst: Severity = Severity.INFO
    """The highest severity among those."""
    others_leave: int = 0
    """Of a lead that is blocked or quiet: by how many other open findings of its incident data still leaves."""
    others_unseen: int = 0
    """The same, of how many others nobody can see whether it does."""


SELECT: Final = (
    "id, kind, severity, score, at, occurred, published, seen, updated, title, place, account, region, types, "
    "product, sources, workflow, coalesce(decided_verdict, verdict), sample, owner, acked_at, acked_by, "
    f"snoozed_until, note_at IS NOT NULL, unsent, {standing_sql.STATE}, {standing_sql.FIRING}, "
    f"{standing_sql.LEAVING}, incident"
)


def row(v: tuple[Any, ...]) -> QueueRow:
    """The line that the columns of :data:`SELECT` make."""
    return QueueRow(
        id=v[0],
        kind=Kind(v[1]),
        severity=Severity(v[2]),
        score=v[3],
        at=instant(v[4]),
        occurred=instant_or_none(v[5]),
        published=instant_or_none(v[6]),
        seen=instant(v[7]),
        updated=instant_or_none(v[8]),
        title=Untrusted(v[9]),
        place=Untrusted(v[10]),
        account=v[11],
        region=v[12],
        types=tuple(v[13].split("\n")) if v[13] else (),
        product=v[14],
        sources=tuple(v[15].split()),
        workflow=Workflow(v[16]),
        verdict=None if v[17] is None else Verdict(v[17]),
        sample=bool(v[18]),
        owner=None if v[19] is None else Untrusted(v[19]),
        acked_at=instant_or_none(v[20]),
        acked_by=None if v[21] is None else Untrusted(v[21]),
        snoozed_until=instant_or_none(v[22]),
        has_note=bool(v[23]),
        unsent=v[24],
        state=State(v[25]),
        still_firing=bool(v[26]),
        leaving=None if v[27] is None else Leaving(v[27]),
        incident=v[28],
    )


# What is folded is open and not asleep, so these two say whether it is new, by columns of queue_incident alone.
# No alias for queue: they name its columns bare, and the table where they must.
_FOLDS: Final = (
    f"SELECT i.lead, count(*), sum(NOT {standing_sql.BLOCKED} AND NOT {standing_sql.ACKNOWLEDGED}), "
    f"max({standing_sql.FIRING}), max(queue.severity) "
    "FROM incident AS i JOIN queue ON queue.incident = i.id WHERE queue.folded = 1 AND i.lead IN ({}) GROUP BY i.lead"
)


# What a lead's "blocked" does not speak for, asleep or not.
_OTHERS: Final = (
    f"SELECT i.lead, sum({standing_sql.LEAVING} = 'yes'), sum({standing_sql.LEAVING} = 'cannot_see') "
    "FROM incident AS i JOIN queue ON queue.incident = i.id "
    "WHERE queue.n <> i.lead AND closed = 0 AND sample = 0 AND leaks = 1 AND i.lead IN ({}) GROUP BY i.lead"
)
_AT_REST: Final = frozenset({State.BLOCKED, State.QUIET})


def with_folds(
    conn: Connection, rows: Sequence[QueueRow], numbers: Sequence[int], at: int, fresh: str
) -> list[QueueRow]:
    """Rows of a folded list with what each stands for. ``numbers`` are theirs; ``at`` and ``fresh`` as for a state."""
    leads = [n for each, n in zip(rows, numbers, strict=True) if each.incident is not None]
    if not leads:
        return list(rows)
    folds: dict[int, dict[str, Any]] = {
        lead: {"folds": count, "waiting": waiting, "folds_firing": bool(firing), "worst": Severity(severity)}
        for lead, count, waiting, firing, severity in conn.execute(
            _FOLDS.format(", ".join(str(n) for n in leads)), {"now": at, "fresh": fresh}
        )
    }
    at_rest = [n for each, n in zip(rows, numbers, strict=True) if each.state in _AT_REST and n in folds]
    if at_rest:
        for lead, leave, unseen in conn.execute(
            _OTHERS.format(", ".join(str(n) for n in at_rest)), {"now": at, "fresh": fresh}
        ):
            folds[lead] |= {"others_leave": leave, "others_unseen": unseen}
    return [msgspec.structs.replace(each, **folds.get(n, {})) for each, n in zip(rows, numbers, strict=True)]
