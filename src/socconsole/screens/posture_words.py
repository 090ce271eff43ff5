"""Verdicts in signs and words, and one answer of a check whole: what decided it, why it matters, what mends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from socconsole.model.finding import Severity
from socconsole.model.known import Read, Unread
from socconsole.model.posture import OWN, Result, Verdict
from socconsole.model.source import Freshness
from socconsole.model.world import Place
from socconsole.screens import words
from socconsole.store.endpoint_view import Cell as Judged
from socconsole.store.posture_past import Span
from socconsole.store.posture_trust import Trust
from socconsole.store.posture_view import Round, Row
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.columns import severity_style, severity_text
from socconsole.widgets.detail import Body, Section
from socconsole.widgets.rows import Cell

if TYPE_CHECKING:
    from socconsole.posture.catalogue import About

Stamp = Callable[[datetime | None], str]

STYLES: Final = {Verdict.PASS: "good", Verdict.FAIL: "bad", Verdict.UNKNOWN: "warn"}
_UNANSWERED: Final = 4
_SPANS: Final = 20
_DIFFERENCES: Final = 2
"""Of one stretch."""
"""Spans of a check's past that are shown."""


def about(check: str) -> About | None:
    """What is known of a check; None where this version does not know it any more."""
    from socconsole.posture.catalogue import catalogue  # all checks' texts and functions: not before somebody looks

    return catalogue().get(check)


def severity(check: str) -> Severity:
    """MEDIUM where this version does not know the check any more."""
    known = about(check)
    return Severity[known.severity.upper()] if known else Severity.MEDIUM


def title(check: str) -> str:
    known = about(check)
    return known.title if known else "a check that this version does not know"


# --- signs ------------------------------------------------------------------------------------------------


def sign(verdict: Verdict) -> str:
    """One cell; a letter says it too wherever it stands."""
    signs = glyphs.current()
    return {Verdict.PASS: signs.good, Verdict.FAIL: signs.bad, Verdict.UNKNOWN: "?"}[verdict]


def verdict_cell(verdict: Verdict | None, absent: str = "gone") -> Cell:
    """``✗ FAIL``, ``? UNKN``, ``● PASS``."""
    if verdict is None:
        return Cell(f"{glyphs.current().off} {absent}", "quiet")
    return Cell(f"{sign(verdict)} {verdict.value[:4]}", STYLES[verdict])


def check_severity(row: Row) -> Cell:
    """How grave it is where it does not pass."""
    grave = severity(row.result.check)
    if row.result.verdict is Verdict.PASS:
        return Cell(grave.letter, "quiet")
    return Cell(severity_text(grave), severity_style(grave))


def matrix_cell(cells: Sequence[Judged], *, blind: bool) -> Cell:
    """The worst of some families with how many checks say so: ``✖ C 3``, with ``?`` where others are not known.

    ``blind``: what these families look at is not known itself, so that nothing of them is a PASS, or nothing at all.
    """
    failing = [check for cell in cells for check in cell.failing]
    unknown = [check for cell in cells for check in cell.unknown]
    passed = [check for cell in cells for check in cell.passed]
    if failing:
        worst = max(map(severity, failing))
        return Cell(f"{severity_text(worst)} {len(failing)}{'?' if unknown or blind else ''}", severity_style(worst))
    if unknown or blind:
        return Cell(f"? {len(unknown) or ''}".rstrip(), "warn")
    return Cell(f"{sign(Verdict.PASS)} {len(passed)}", "good") if passed else Cell("-", "quiet")


def worst_first(row: Row) -> tuple[int, int, str, str]:
    """The order of answers: what fails, what is not known, what passes; the gravest first."""
    result = row.result
    order = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS).index(result.verdict)
    return order, -severity(result.check), result.check, result.subject


# --- how far it is believed -------------------------------------------------------------------------------


def freshness(trusted: Trust) -> str:
    """``posture FRESH 2m``, or how many places answer how: ``posture 2 FRESH, 4 PARTIAL``."""
    states = trusted.posture
    if not states:
        return "posture not asked for"
    counted = {kind: sum(state.freshness is kind for state in states) for kind in Freshness}
    ages = [(trusted.now - at).total_seconds() for at in (state.last_complete for state in states) if at is not None]
    if counted[Freshness.FRESH] == len(states):
        return f"posture FRESH {words.age(max(ages, default=None))}"
    return "posture " + ", ".join(f"{n} {_said(kind)}" for kind, n in counted.items() if n)


def place_freshness(trusted: Trust, place: Place) -> str:
    """The same of one place."""
    for state in trusted.posture:
        if (state.key.account, state.key.region) == (place.account, place.region):
            age = f" {words.age(state.age_s)}" if state.age_s is not None else ""
            return f"posture {_said(state.freshness)}{age}"
    return "posture not asked for"


def _said(kind: Freshness) -> str:
    return "not evaluated yet" if kind is Freshness.NEVER else kind.value


def lacking(trusted: Trust) -> str:
    """How many places are not known whole; empty where all are."""
    some = sum(state.freshness is not Freshness.FRESH for state in trusted.posture)
    return f"{words.plural(some, 'place')} not read whole: there may be more" if some else ""


def listed(read: Read[Sequence[str]] | None, nothing: str, none: str = "") -> list[Body]:
    """What was read, a line each; ``nothing`` where that is nothing, ``none`` where it was not asked for."""
    if isinstance(read, Unread):
        return [[("? not read: ", "warn"), (f"{read.call}, ", "text"), (read.why, "text")]]
    if read is None:
        return [[(none, "quiet")]] if none else []
    return [clean(one, 400) for one in read.value] or [[(nothing, "quiet")]]


# --- one answer -------------------------------------------------------------------------------------------


def heading(result: Result) -> Body:
    return [
        (f"{sign(result.verdict)} {result.verdict.value}  ", STYLES[result.verdict]),
        (f"{result.check}  ", "strong"),
        (title(result.check), "strong"),
    ]


def sections(row: Row, stamp: Stamp, how: Body) -> list[Section]:
    """``how``: what the key does about it, in words."""
    result, known = row.result, about(row.result.check)
    out = [Section("evidence", list(result.evidence) or ["none was kept"])]
    if row.was is not None:
        out.append(Section("before", [[(f"{row.was.value} until {stamp(row.was_until)}", "warn")]]))
    if row.disagrees:
        out.append(Section("others", [[(f"not agreed: {row.disagrees}", "warn")]]))
    if result.verdict is not Verdict.PASS:
        out.append(Section("key", [how]))
    out.append(Section("about", [result.subject, f"{result.place.account} {result.place.region}"]))
    if known is not None:
        out += [Section("why", [known.why]), Section("fix", [known.fix])]
    by = "" if result.answered_by == OWN else f" by {result.answered_by} {row.control}".rstrip()
    said = f"since {stamp(row.since)}, last evaluated {stamp(result.evaluated)}{by}"
    grave = severity(result.check)
    return [
        *out,
        Section("severity", [[(f"{severity_text(grave)} {grave.name}", severity_style(grave))]]),
        Section("said", [said]),
    ]


def whole(row: Row, spans: Sequence[Span], stamp: Stamp, how: Body) -> list[Section]:
    """The same with its past, and where else it is written."""
    known = about(row.result.check)
    clauses = [f"{name}: {', '.join(each)}" for name, each in known.clauses.items()] if known else []
    calls = [", ".join(known.calls)] if known else []
    return [
        *sections(row, stamp, how),
        *past(spans, stamp),
        *([Section("clauses", clauses)] if clauses else []),
        *([Section("asks", calls)] if calls else []),
        *([Section("input", [f"SHA-256 {row.result.digest}"])] if row.result.digest else []),
    ]


def past(spans: Sequence[Span], stamp: Stamp) -> list[Section]:
    """What it was, newest first; of stretches that follow each other, what was said anew."""
    lines: list[Body] = []
    for span, before in zip(spans[:_SPANS], [*spans[1:], None], strict=False):
        lines.append(
            [
                (f"{sign(span.verdict)} {span.verdict.value:8}", STYLES[span.verdict]),
                (f"{stamp(span.first_at)} to {stamp(span.last_at)}", "text"),
                (f"  {words.plural(span.rounds, 'round')}", "quiet"),
            ]
        )
        lines += [[("  ", "text"), (each, "quiet")] for each in _differs(span, before)]
    return [Section("past", lines)] if lines else []


def _differs(span: Span, before: Span | None) -> list[str]:
    """What a stretch says that the one before it did not, else what it no longer says."""
    if before is None:
        return []
    anew = [clean(each, 200) for each in span.evidence if each not in before.evidence]
    gone = [f"no longer: {clean(each, 200)}" for each in before.evidence if each not in span.evidence]
    return (anew or gone)[:_DIFFERENCES] or ["said the same of another input"]


def evaluated(last: Round | None, stamp: Stamp) -> list[Section]:
    """When its place was last evaluated, and what of it had no answer."""
    if last is None:
        return [Section("evaluated", [[("not yet", "warn")]])]
    lines: list[Body] = [f"{stamp(last.at)}, {last.asked:,} questions to AWS"]
    lines += [[("? ", "warn"), (one, "text")] for one in last.unanswered[:_UNANSWERED]]
    more = len(last.unanswered) - _UNANSWERED
    return [Section("evaluated", [*lines, *([f"and {more} more without an answer"] if more > 0 else [])])]
