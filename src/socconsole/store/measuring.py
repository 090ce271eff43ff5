"""What each metric says of each finding and case: how long it took, that it still waits, or why neither. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from socconsole.model.finding import Kind, Verdict
from socconsole.model.world import WorldKind
from socconsole.store import facts, own
from socconsole.store.lifetimes import Book, Case, Finding, Lives
from socconsole.store.metrics import UNMEASURABLE, UNTOLD, Item, Metric, Name, metric

BEFORE: Final = "known to AWS before this install began"
IMPORTED: Final = "imported, not detected by this install"
ENDED: Final = "ended in AWS before anybody took it up"
GONE: Final = "gone from AWS without a verdict"
HARMLESS: Final = "turned out harmless before it was contained"
ELSEWHERE: Final = "done on another install"
MERGED: Final = "became part of another case"

_FROM_THE_BEGINNING: Final = -(2**62)


def measure(lives: Lives, book: Book, since: int | None = None) -> tuple[Metric, ...]:
    """One side of the ledger (``lives.own``, ``lives.adopted``): what ended from ``since`` on, or is open.

    What other installs detected is theirs to measure, since only they know when they began to look.
    """
    start = _FROM_THE_BEGINNING if since is None else since
    other = lives.adopted if book is lives.own else lives.own
    found = [(one, other.findings.get(id_)) for id_, one in book.findings.items() if not _why_not(one)]
    ways: dict[Name, Iterable[Item | None]] = {
        Name.DETECT: (_detected(lives, one, start) for one, _ in found),
        Name.ACKNOWLEDGE: (_acknowledged(lives, one, theirs, start) for one, theirs in found),
        Name.CONTAIN: (_contained(lives, one, start) for one, _ in found),
        Name.RESOLVE: (_resolved(lives, one, theirs, start) for one, theirs in found),
        Name.CLOSE: (_case(lives, one, start) for one in book.cases.values()),
    }
    return tuple(
        metric(name, [item for item in items if item is not None])
        for name, items in ways.items()
        if book is lives.own or name is not Name.DETECT
    )


def left_out(book: Book) -> Counter[str]:
    """Findings on the ledger that no metric is about, by why."""
    return Counter(why for one in book.findings.values() if (why := _why_not(one)))


def uncontained(book: Book) -> int:
    """Findings that were judged a true positive, and that no containment was ever ordered for by name."""
    return sum(
        one.verdict == Verdict.TRUE_POSITIVE and one.ordered is None
        for one in book.findings.values()
        if not _why_not(one)
    )


# --- one finding, one case ------------------------------------------------------------------------------------


def _why_not(one: Finding) -> str:
    """Why no metric is about a finding; empty where they are."""
    if one.kind == facts.SAMPLE:
        return "samples"
    if one.sources == own.SOURCE:
        return "alarms of our own"
    return "" if one.kind in ("", Kind.THREAT) else "no threats"


def _detected(lives: Lives, one: Finding, start: int) -> Item | None:
    if (one.met if one.seen is None else one.seen) < start:
        return None
    if lives.world.get("kind") == WorldKind.IMPORT:
        return _item(one, apart=IMPORTED)
    known = one.happened if one.published is None else one.published
    if known is not None and lives.began is not None and known < lives.began:
        return _item(one, apart=BEFORE)
    return _took(one, one.happened, one.seen)


def _acknowledged(lives: Lives, one: Finding, theirs: Finding | None, start: int) -> Item | None:
    if one.taken_up is not None:
        return _took(one, one.seen, one.taken_up) if one.taken_up >= start else None
    others = ((one.ended, ENDED), (theirs.taken_up if theirs is not None else None, ELSEWHERE))
    over = min([(at, why) for at, why in others if at is not None], default=None)
    if over is not None:
        return _waited(one, *over) if over[0] >= start else None
    return _waits(lives, one)


def _contained(lives: Lives, one: Finding, start: int) -> Item | None:
    if one.ordered is None:
        return None
    if one.contained is not None:
        return _took(one, one.seen, one.contained) if one.contained >= start else None
    if one.verdict in (Verdict.FALSE_POSITIVE, Verdict.BENIGN_POSITIVE):
        return _waited(one, one.judged[0], HARMLESS) if one.judged is not None and one.judged[0] >= start else None
    return _waits(lives, one)


def _resolved(lives: Lives, one: Finding, theirs: Finding | None, start: int) -> Item | None:
    moments = [at for at in (one.judged and one.judged[0], one.ended if one.how != "gone" else None) if at]
    if moments:
        return _took(one, one.seen, min(moments)) if min(moments) >= start else None
    if one.ended is not None:
        return _waited(one, one.ended, GONE) if one.ended >= start else None
    if theirs is not None and theirs.judged is not None:
        return _waited(one, theirs.judged[0], ELSEWHERE) if theirs.judged[0] >= start else None
    return _waits(lives, one)


def _case(lives: Lives, one: Case, start: int) -> Item | None:
    group = (one.severity, "")
    if one.merged is not None:
        return Item(group, apart=MERGED, age=one.merged - one.opened) if one.merged >= start else None
    if one.closed is not None:
        return Item(group, one.closed - one.opened) if one.closed >= start else None
    return Item(group, open=True, age=lives.as_of - one.opened)


def _took(one: Finding, began: int | None, ended: int | None) -> Item:
    if began is None or ended is None:
        return _item(one, apart=UNMEASURABLE)
    return Item(_group(one), ended - began)


def _waits(lives: Lives, one: Finding) -> Item:
    age = None if one.seen is None else lives.as_of - one.seen
    return Item(_group(one), open=True, age=age, snoozed=one.snoozed(lives.as_of))


def _waited(one: Finding, until: int, why: str) -> Item:
    """It stands apart, with how long it had waited: what was missed is not made good by whatever ended it."""
    if one.seen is None:
        return _item(one, apart=UNMEASURABLE)
    return Item(_group(one), apart=why, age=until - one.seen)


def _item(one: Finding, *, apart: str) -> Item:
    return Item(_group(one), apart=apart)


def _group(one: Finding) -> tuple[str, str]:
    return one.severity or UNTOLD, " + ".join(one.sources.split()) or UNTOLD
