"""What a finding says, in the order in which an analyst asks: what, when, where, who, leaving, why, decided.

Pure: a stored finding in, labelled content out. All text of AWS passes through ``widgets.safe``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from textual.content import Content

from socconsole.model.finding import Actor, Finding, Leaving, Resource, State, Verdict
from socconsole.screens import words
from socconsole.store.reading import Standing, Stored
from socconsole.text import Untrusted, clean
from socconsole.widgets.columns import severity_style, severity_text
from socconsole.widgets.detail import Section
from socconsole.widgets.safe import lines, show

Stamp = Callable[[datetime | None], str]

_FEW: Final = 4
_LEAVING: Final = {
    Leaving.YES: ("yes: it happened within the last half hour", "$state-bad"),
    Leaving.BLOCKED: ("blocked: read back from AWS", "$state-good"),
    Leaving.QUIET: ("quiet: nothing on this path for half an hour", "$state-good"),
    Leaving.CANNOT_SEE: ("cannot see: no fresh source shows this path", "$state-warn"),
}
_STATES: Final = {
    State.NEW: ("new", "$state-bad"),
    State.ACKNOWLEDGED: ("acknowledged", "$state-good"),
    State.SNOOZED: ("snoozed", "$text-quiet"),
    State.BLOCKED: ("blocked", "$state-good"),
    State.QUIET: ("quiet", "$state-good"),
    State.RESOLVED: ("resolved", "$text-quiet"),
}


def heading(finding: Finding) -> Content:
    """Severity, score and title in one line."""
    style = f"$severity-{severity_style(finding.severity)} bold"
    return Content.assemble(
        Content.styled(f"{severity_text(finding.severity)} {finding.priority.score}", style),
        "  ",
        show(finding.title, "$text-strong bold"),
    )


def sections(stored: Stored, stamp: Stamp, *, full: bool = False) -> list[Section]:
    """The sections of the detail; ``full`` leaves nothing out (the screen behind ``enter``)."""
    finding = stored.finding
    out = [Section("what", list(_what(finding))), Section("state", list(_state(stored)))]
    if sent := list(_not_sent(stored)):
        out.append(Section("not sent", sent))
    out.append(Section("when", list(_when(finding, stamp))))
    out.append(Section("where", [_where(finding)]))
    if finding.actors:
        out.append(Section("who", _some([_actor(a) for a in finding.actors], full)))
    if finding.resources:
        out.append(Section("on", _some([c for r in finding.resources for c in _resource(r, full)], full)))
    if stored.leaving is not None:
        text, style = _LEAVING[stored.leaving]
        out.append(Section("leaving", show(text, style)))
    out.append(Section(f"why {finding.priority.score}", list(_why(finding))))
    if decided := list(_decided(stored.decided, stamp)):
        out.append(Section("decided", decided))
    if finding.note is not None:
        who = f" by {clean(finding.note_by, 60)}" if finding.note_by else ""
        out.append(Section("AWS note", Content.assemble(lines(finding.note), Content.styled(who, "$text-quiet"))))
    if finding.description:
        out.append(Section("says", lines(finding.description, limit=20_000 if full else 600)))
    if full:
        out += _names(stored)
    return out


def _what(finding: Finding) -> Iterator[Content]:
    for name in finding.types[:_FEW] or ("no type given",):
        yield show(name, limit=120)
    times = f" · counted {finding.count:,} times" if finding.count > 1 else ""
    extra = f" · {finding.compliance}" if finding.compliance else ""
    sample = " · SAMPLE" if finding.sample else ""
    told = " + ".join(finding.sources)
    yield show(f"{finding.kind} · {told} · {finding.product}{times}{extra}{sample}", "$text-quiet")
    if finding.signals:
        yield show(f"attack sequence of {words.plural(len(finding.signals), 'signal')}", "$severity-high")


def _state(stored: Stored) -> Iterator[Content]:
    text, style = _STATES[stored.state]
    firing = Content.styled(" · still firing", "$state-bad") if stored.still_firing else Content("")
    workflow = Content.styled(f" · AWS says {stored.finding.workflow}", "$text-quiet")
    verdict = stored.decided.verdict or stored.finding.verdict
    said = _verdict(verdict)
    yield Content.assemble(Content.styled(text, style), firing, workflow, Content.styled(said, "$text-quiet"))


def _verdict(verdict: Verdict | None) -> str:
    if verdict is None or verdict is Verdict.UNKNOWN:
        return ""
    return f" · {verdict.value.replace('_', ' ').lower()}"


def _not_sent(stored: Stored) -> Iterator[Content]:
    if stored.not_sent:
        yield show(f"AWS has not been told yet: {', '.join(stored.not_sent)}", "$state-warn")
    for why in stored.send_failed:
        yield show(why, "$state-bad")


def _when(finding: Finding, stamp: Stamp) -> Iterator[Content]:
    yield show(f"{stamp(finding.occurred)} happened")
    yield show(f"{stamp(finding.published)} published by AWS", "$text-quiet")
    late = _lag(finding.occurred, finding.seen)
    yield show(f"{stamp(finding.seen)} seen here{late}", "$text-quiet")


def _lag(occurred: datetime | None, seen: datetime | None) -> str:
    if occurred is None or seen is None or seen < occurred:
        return ""
    return f", {words.age((seen - occurred).total_seconds())} after it happened"


def _where(finding: Finding) -> Content:
    return show(f"{finding.account or 'account not said'}  {finding.region or 'region not said'}", limit=120)


def _actor(actor: Actor) -> Content:
    return Content.assemble(
        Content.styled(f"{actor.kind} ", "$text-quiet"),
        show(actor.value, limit=200),
        Content.assemble("  ", show(actor.detail, "$text-quiet", limit=160)) if actor.detail else Content(""),
    )


def _resource(resource: Resource, full: bool) -> Iterator[Content]:
    kind = resource.type.removeprefix("Aws")
    named = show(resource.name, limit=160) if resource.name else Content("")
    yield Content.assemble(
        Content.styled(f"{clean(kind, 60)} ", "$text-quiet"), named, "  " if resource.name else "",
        show(resource.id, "$text-quiet" if resource.name else "", limit=300),
    )  # fmt: skip
    for key, value in resource.tags if full else ():
        yield Content.assemble("  ", show(key, "$text-quiet", limit=80), "=", show(value, limit=160))


def _why(finding: Finding) -> Iterator[Content]:
    for reason in finding.priority.reasons:
        yield Content.assemble(
            Content.styled(f"{reason.points:>+4} ", "$text-quiet"), show(reason.why, limit=200)
        )


def _decided(decided: Standing, stamp: Stamp) -> Iterator[Content]:
    if decided.owner is not None:
        yield _act("claimed by", decided.owner, decided.owned_at, None, stamp)
    if decided.acked_at is not None:
        yield _act("acknowledged by", decided.acked_by, decided.acked_at, decided.ack_reason, stamp)
    if decided.snoozed_at is not None:
        until = f"until {stamp(decided.snoozed_until)}, snoozed by"
        yield _act(until, decided.snoozed_by, decided.snoozed_at, decided.snooze_reason, stamp)
    if decided.verdict is not None:
        said = decided.verdict.value.replace("_", " ").lower()
        yield _act(f"{said}, says", decided.verdict_by, decided.verdict_at, decided.verdict_reason, stamp)
    if decided.note is not None:
        yield _act("note by", decided.note_by, decided.note_at, None, stamp)
        yield lines(decided.note)


def _act(
    did: str, who: Untrusted | None, at: datetime | None, reason: Untrusted | None, stamp: Stamp
) -> Content:
    return Content.assemble(
        Content.styled(f"{stamp(at)} {did} ", "$text-quiet"),
        show(who, limit=80) if who is not None else Content("nobody named"),
        Content.assemble(": ", show(reason, limit=400)) if reason else Content(""),
    )


def _names(stored: Stored) -> list[Section]:
    finding = stored.finding
    out = [Section("id", [show(finding.id), *(show(alias, "$text-quiet") for alias in stored.aliases)])]
    if finding.signals:
        out.append(Section("signals", [show(signal, limit=300) for signal in finding.signals]))
    if finding.handles:
        kept = [show(" ".join(part for part in handle if part), "$text-quiet", 400) for handle in finding.handles]
        out.append(Section("AWS ids", kept))
    return out


def _some(rows: list[Content], full: bool) -> list[Content]:
    if full or len(rows) <= _FEW:
        return rows
    return [*rows[: _FEW - 1], show(f"and {len(rows) - _FEW + 1} more (enter)", "$text-quiet")]
