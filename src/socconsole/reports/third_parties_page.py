"""The register of third parties as a page: in Markdown or HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from socconsole.reports.document import Cell, Document, Facts, Mood, Notice, Paragraph, Part, Points, Section, Table
from socconsole.reports.third_parties import Member, Register, Standing, Way, questions
from socconsole.reports.times import stamp
from socconsole.text import clean

WHAT: Final = (
    "Everybody outside our accounts whom a role's trust, a policy of a bucket, key or secret, a grant or a public "
    "snapshot lets in, and whom Access Analyzer sees elsewhere, as of the last evaluation of each place. Undecided "
    "means that a condition stands between them and the data that nobody here can judge: they are counted as let in "
    "until somebody looks. What could not be read is listed at the end, and may hide more of them."
)

_MOODS: Final[Mapping[Standing, Mood]] = {
    Standing.UNREGISTERED: "bad",
    Standing.OVERDUE: "bad",
    Standing.REGISTERED: "good",
    Standing.GONE: "plain",
    Standing.SERVICE: "plain",
}
_SHOWN: Final = 40
"""Ways in that the page tells of one party; CSV and JSON tell all."""


def document(found: Register) -> Document:
    counts = ", ".join(f"{n} {each.value}" for each, n in found.counts.items() if n)
    parties = [one for one in found.members if one.standing is not Standing.SERVICE]
    services = [one for one in found.members if one.standing is Standing.SERVICE]
    return Document(
        title="Third parties",
        facts=(("As of", stamp(found.now)), ("Parties", counts or "none"), ("Not looked at", f"{len(found.lacking)}")),
        notices=tuple(_notices(found)),
        sections=(
            Section("What this is", (Paragraph(WHAT),)),
            Section("Register", (_overview(found, parties),), "register"),
            *(_party(one) for one in parties),
            _services(services),
            _lacking(found),
            _questionnaire(),
        ),
    )


def _notices(found: Register) -> Iterator[Notice]:
    if not found.rounds:
        yield Notice("nothing was evaluated yet: socconsole watch --once", "unknown")
    if found.dark:
        yield Notice(f"not fresh, so there may be others by now: {', '.join(found.dark)}", "unknown")
    if found.lacking:
        yield Notice(f"{len(found.lacking)} things could not be looked at: see the end", "unknown")
    loose = [one for one in found.members if one.standing is Standing.UNREGISTERED and one.reads]
    if loose:
        yield Notice(f"{len(loose)} can read data or take roles and are not registered")


def _overview(found: Register, parties: list[Member]) -> Table:
    rows = tuple(
        (
            Cell(one.standing.value, _MOODS[one.standing]),
            _name(one),
            one.entry.purpose or "not said" if one.entry else "",
            one.entry.owner or "nobody" if one.entry else "",
            _review(one),
            _ways(one),
            f"{len(set(one.answers) & set(questions()))} of {len(questions())}",
        )
        for one in parties
    )
    columns = ("Standing", "Party", "Purpose", "Owner", "Review by", "Ways in", "Answered")
    return Table(columns, rows, _none(found))


def _none(found: Register) -> str:
    """Nothing found is only said to be none where everything was looked at."""
    if not found.rounds or found.dark or found.lacking:
        return "none was found where it could be looked; what could not be looked at is UNKNOWN"
    return "nobody outside is let in, and nobody is registered"


def _name(one: Member) -> str:
    return "everybody" if one.name == "*" else one.name


def _review(one: Member) -> str:
    if one.entry is None:
        return ""
    return one.entry.review.isoformat() if one.entry.review else "no day set"


def _ways(one: Member) -> str:
    if one.standing is Standing.GONE:
        return "none any more"
    reading = sum(way.outsider.reads for way in one.ways)
    undecided = f", {one.undecided} undecided" if one.undecided else ""
    return f"{len(one.ways)}, {reading} to read{undecided}"


def _party(one: Member) -> Section:
    parts: list[Part] = []
    if one.entry is not None:
        entry = one.entry
        parts.append(Facts((("Contact", entry.contact or "not said"), ("Who", ", ".join(entry.who)))))
    rows = tuple(_way(way) for way in one.ways[:_SHOWN])
    columns = ("Through", "Resource", "Rights", "Conditions", "Known since")
    parts.append(Table(columns, rows, "nothing lets it in, as far as could be looked at"))
    if len(one.ways) > _SHOWN:
        parts.append(Paragraph(f"and {len(one.ways) - _SHOWN:,} more: --format csv"))
    answered = tuple(
        (questions()[id_].ask, given.text, f"{given.who}, {given.at:%Y-%m-%d}, entry {given.seq}")
        for id_, given in one.answers.items()
        if id_ in questions()
    )
    if answered:
        parts.append(Table(("Question", "Answer", "By"), answered, ""))
    return Section(f"{clean(_name(one), 200)}: {one.standing.value}", tuple(parts))


def _way(way: Way) -> tuple[str | Cell, ...]:
    who = way.outsider
    conditions = "; ".join(who.conditions) or "none"
    undecided = Cell(f"undecided: {who.doubt} ({conditions})", "unknown")
    since = f"{way.kept.since:%Y-%m-%d}"
    if way.kept.gone_at:
        since = f"gone since {way.kept.gone_at:%Y-%m-%d}"
    elif way.kept.unseen_at:
        since += f", not confirmed since {way.kept.unseen_at:%Y-%m-%d}"
    held = f" ({who.holds})" if who.holds else ""
    rights = f"{'everybody' if who.who == '*' else who.who}: {', '.join(who.rights[:6])}{' …' * (len(who.rights) > 6)}"
    return who.through, f"{who.resource}{held}", rights, undecided if who.doubt else conditions, since


def _services(services: list[Member]) -> Section:
    rows = tuple(
        (one.name, _ways(one), ", ".join(sorted({way.outsider.resource for way in one.ways}))) for one in services
    )
    words = "Whoever makes one of these act may reach the resource by it: hold them to your own by aws:SourceAccount."
    table = Table(("Service", "Ways in", "Resources"), rows, "none was found")
    return Section("AWS services not held to our resources", (Paragraph(words), table), "services")


def _lacking(found: Register) -> Section:
    points = tuple(f"{place.account} {place.region}: {words}" for place, words in found.lacking)
    part: Part = Points(points) if points else Paragraph("Everything that is looked at could be read.")
    unread = Paragraph(
        "Never looked at: shared images (AMIs); snapshots shared with single accounts, but by Access Analyzer."
    )
    return Section("Not looked at", (part, unread), "lacking")


def _questionnaire() -> Section:
    rows = tuple((id_, one.ask, one.why, ", ".join(one.law)) for id_, one in questions().items())
    words = "To be answered once a leak is suspected, and better before: socconsole third-party answer PARTY ID TEXT."
    table = Table(("Id", "Question", "Why", "Law"), rows, "")
    return Section("Leak-response questionnaire", (Paragraph(words), table), "questions")
