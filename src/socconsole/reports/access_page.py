"""Access reviews as a page: in Markdown or HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from socconsole.reports.access import Line, Reviews, Use
from socconsole.reports.document import Cell, Document, Mood, Notice, Paragraph, Part, Points, Section, Table
from socconsole.reports.times import stamp

WHAT: Final = (
    "Roles and users of our accounts with what nobody uses of theirs, as of the last evaluation of each account; not "
    "those that AWS's services keep for themselves. The last use is what IAM remembers: of roles 400 days, of access "
    "keys since 2015, and some hours late; of service-specific credentials nothing. Whoever looked at one puts it on "
    "record: socconsole access reviewed ARN --decision keep (whole ARNs are in the report's CSV and JSON)."
)

_MOODS: Final[Mapping[Use, Mood]] = {Use.UNUSED: "bad", Use.UNKNOWN: "unknown", Use.NEW: "plain", Use.USED: "good"}
_SHOWN: Final = 500
"""Rows of one table; CSV and JSON tell all."""


def document(found: Reviews) -> Document:
    uses = ", ".join(f"{n} {use.value}" for use, n in found.counts.items() if n)
    done = tuple(one for one in found.lines if not one.due)
    return Document(
        title="Access reviews",
        facts=(
            ("As of", stamp(found.now)),
            ("Roles and users", f"{len(found.lines)}: {uses}" if uses else "none"),
            ("Due", f"{len(found.due)}: not reviewed for {found.review_days} days, or ever"),
            ("Not used", f"for {found.unused_days} days and longer"),
        ),
        notices=tuple(_notices(found)),
        sections=(
            Section("What this is", (Paragraph(WHAT),)),
            Section("Due", _table(found.due, _none(found)), "due"),
            Section("Reviewed", _table(done, "nobody has put a review on record that still counts"), "reviewed"),
            _lacking(found),
        ),
    )


def _notices(found: Reviews) -> Iterator[Notice]:
    if not found.rounds:
        yield Notice("nothing was evaluated yet: socconsole watch --once", "unknown")
    if found.dark:
        yield Notice(f"not fresh: {', '.join(found.dark)}", "unknown")
    if unused := found.counts[Use.UNUSED]:
        yield Notice(f"{unused} {'is' if unused == 1 else 'are'} not used by anybody")
    if unknown := found.counts[Use.UNKNOWN]:
        yield Notice(f"of {unknown} nobody can tell whether they are used", "unknown")


def _none(found: Reviews) -> str:
    if not found.rounds or found.dark or found.lacking:
        return "none is known to be due; what could not be read is UNKNOWN"
    return "every role and user was reviewed in time"


def _table(lines: tuple[Line, ...], empty: str) -> tuple[Part, ...]:
    rows = tuple(
        (
            Cell(one.use.value, _MOODS[one.use]),
            one.identity.arn.partition("::")[2].partition(":")[2] or one.identity.arn,
            one.kept.place.account,
            one.identity.owner,
            one.identity.used.isoformat() if one.identity.used else "",
            "; ".join(one.said),
            _review(one),
        )
        for one in lines[:_SHOWN]
    )
    table = Table(("Use", "Who", "Account", "Owner", "Last used", "To look at", "Last review"), rows, empty)
    if len(lines) > _SHOWN:
        return table, Paragraph(f"and {len(lines) - _SHOWN:,} more: --format csv")
    return (table,)


def _review(one: Line) -> str:
    if one.last is None:
        return "never"
    reason = f": {one.last.reason}" if one.last.reason else ""
    return f"{one.last.at:%Y-%m-%d} {one.last.decision}, {one.last.who}, entry {one.last.seq}{reason}"


def _lacking(found: Reviews) -> Section:
    points = tuple(f"{place.account} {place.region}: {words}" for place, words in found.lacking)
    part: Part = Points(points) if points else Paragraph("Everything that is looked at could be read.")
    return Section("Not looked at", (part,), "lacking")
