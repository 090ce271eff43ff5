"""What a finding says, in the order in which an analyst asks: what, state, when, where, who, why, decided.

Pure: a stored finding in, labelled pieces out. The pane cleans every text when it paints it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from socconsole.model.finding import Actor, Finding, Leaving, Resource, State, Verdict, first_known
from socconsole.screens import words
from socconsole.screens.egress_sections import rate, usual
from socconsole.screens.triage_columns import STATE_STYLES as STATE_STYLES
from socconsole.store.reading import How, Standing, Stored
from socconsole.text import BLOCK_LIMIT, Untrusted, clean_lines
from socconsole.widgets.columns import severity_style, severity_text
from socconsole.widgets.detail import Body, Piece, Section

Stamp = Callable[[datetime | None], str]

_FEW: Final = 4
_LAST: Final = "last activity"
_SAID: Final = 1_200
_LEAVING: Final = {
    Leaving.YES: ("yes: it happened within the last half hour", "bad"),
    Leaving.BLOCKED: ("blocked: read back from AWS", "good"),
    Leaving.QUIET: ("quiet: nothing on this path for half an hour", "good"),
    Leaving.CANNOT_SEE: ("cannot see: no fresh source shows this path", "warn"),
}
_AT_REST: Final = frozenset({State.BLOCKED, State.QUIET, State.RESOLVED})


def heading(finding: Finding) -> list[Piece]:
    """Severity, score and title."""
    style = severity_style(finding.severity)
    return [(f"{severity_text(finding.severity)} {finding.priority.score}  ", style), (finding.title, "strong")]


def sections(stored: Stored, stamp: Stamp, *, full: bool = False, elsewhere: Sequence[Body] = ()) -> list[Section]:
    """The sections of the detail; ``full`` leaves nothing out (the screen behind ``enter``). ``elsewhere`` says what
    still leaves by other findings of its incident: no "blocked" stands without it."""
    finding = stored.finding
    out = [Section("what", list(_what(finding))), Section("state", list(_state(stored, stamp)))]
    if sent := list(_not_sent(stored)):
        out.append(Section("not sent", sent))
    if stored.leaving is not None:
        beside = () if stored.leaving is Leaving.YES else elsewhere
        out.append(Section("leaving", [[_LEAVING[stored.leaving]], *beside, *_measured(stored, stamp)]))
    elif elsewhere and stored.state in _AT_REST:
        out.append(Section("leaving", elsewhere))
    out.append(Section("when", list(_when(finding, stamp))))
    out.append(Section("where", [_where(finding)]))
    if finding.actors:
        out.append(Section("who", _some([_actor(a) for a in finding.actors], full)))
    if finding.resources:
        out.append(Section("on", _some([c for r in finding.resources for c in _resource(r, full)], full)))
    out.append(Section(f"why {finding.priority.score}", list(_why(finding))))
    if decided := list(_decided(stored.decided, stamp)):
        out.append(Section("decided", decided))
    if stored.decided.note is not None:
        out.append(Section("note", list(clean_lines(stored.decided.note))))
    if finding.note is not None:
        by: list[Body] = [[(f"by {finding.note_by}", "quiet")]] if finding.note_by else []
        out.append(Section("AWS note", [*clean_lines(finding.note), *by]))
    if finding.description:
        limit = BLOCK_LIMIT if full else _SAID
        out.append(Section("says", list(clean_lines(finding.description, limit))))
    return out + _names(stored) if full else out


def _measured(stored: Stored, stamp: Stamp) -> Iterator[Body]:
    """What the meter of its way out says, beside what the finding itself gives cause to say."""
    if stored.way_out is None:
        return
    flow, resource = stored.way_out.flow, stored.way_out.resource
    said = f"{rate(flow)} now (usual {usual(flow)})" if not flow.cannot_see else flow.cannot_see
    last = f", last byte {stamp(flow.last_byte)}" if flow.last_byte else ""
    yield [(f"{resource}: " if resource else "", "quiet"), (said, ""), (last, "quiet")]


def _what(finding: Finding) -> Iterator[Body]:
    yield from finding.types[:_FEW] or ("no type given",)
    times = f" · counted {finding.count:,} times" if finding.count > 1 else ""
    extra = f" · {finding.compliance}" if finding.compliance else ""
    told = " + ".join(finding.sources)
    line: list[Piece] = [(f"{finding.kind} · {told} · {finding.product}{times}{extra}", "quiet")]
    if finding.sample:
        line.append((" · SAMPLE", "warn"))
    yield line
    if finding.signals:
        yield [(f"attack sequence of {words.plural(len(finding.signals), 'signal')}", "high")]


_ENDED: Final = {
    How.GONE: "AWS no longer has it",
    How.ARCHIVED: "archived in AWS",
    How.RESOLVED: "resolved in Security Hub",
    How.SUPPRESSED: "suppressed in Security Hub",
}


def _state(stored: Stored, stamp: Stamp) -> Iterator[Body]:
    line: list[Piece] = [(stored.state.value, STATE_STYLES[stored.state])]
    if stored.still_firing:
        line.append((" · still firing", "bad"))
    line.append((f" · AWS says {stored.finding.workflow}", "quiet"))
    verdict = stored.decided.verdict or stored.finding.verdict
    if verdict is not None and verdict is not Verdict.UNKNOWN:
        line.append((f" · {verdict_words(verdict)}", "quiet"))
    yield line
    if stored.ended is not None:
        since = f", noticed {stamp(stored.ended.at)}" if stored.ended.at else ""
        yield [(f"{_ENDED[stored.ended.how]}{since}", "warn" if stored.ended.how is How.GONE else "quiet")]


def verdict_words(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ").lower()


def _not_sent(stored: Stored) -> Iterator[Body]:
    if stored.not_sent:
        yield [(f"AWS has not been told yet: {', '.join(stored.not_sent)}", "warn")]
    for why in stored.send_failed:
        yield [(why, "bad")]


def _when(finding: Finding, stamp: Stamp) -> Iterator[Body]:
    yield _moment(stamp, finding.occurred, _LAST if _went_on(finding) else "happened")
    yield _moment(stamp, finding.published, "published by AWS")
    late = ""
    if finding.occurred is not None and finding.seen is not None and finding.seen >= finding.occurred:
        late = f", {words.age((finding.seen - finding.occurred).total_seconds())} after it happened"
    yield _moment(stamp, finding.seen, f"seen here{late}")


def _went_on(finding: Finding) -> bool:
    """Whether something happened after the finding was first known."""
    first = first_known(finding.occurred, finding.published, finding.seen)
    return finding.count > 1 or (finding.occurred is not None and first is not None and finding.occurred > first)


def _moment(stamp: Stamp, at: datetime | None, what: str) -> Body:
    if at is None:
        return [(f"{what}: not said", "quiet")]
    return [(stamp(at), "text"), (f" {what}", "quiet")]


def _where(finding: Finding) -> Body:
    return f"{finding.account or 'account not said'}  {finding.region or 'region not said'}"


def _actor(actor: Actor) -> Body:
    line: list[Piece] = [(f"{actor.kind} ", "quiet"), (actor.value, "text")]
    return [*line, ("  ", "quiet"), (actor.detail, "quiet")] if actor.detail else line


def _resource(resource: Resource, full: bool) -> Iterator[Body]:
    line: list[Piece] = [(f"{resource.type.removeprefix('Aws')} ", "quiet")]
    name, id_ = resource.name.raw() if resource.name else "", resource.id.raw()
    if name in ("", id_):
        line.append((resource.id, "text"))
    elif full or not id_.endswith(name):
        line += [(resource.name or "", "text"), ("  ", "quiet"), (resource.id, "quiet")]
    else:  # an ARN that ends with the name adds the partition and what "where" says
        line.append((resource.name or "", "text"))
    yield line
    for key, value in resource.tags if full else ():
        yield [("  ", "quiet"), (key, "quiet"), (" = ", "quiet"), (value, "text")]


def _why(finding: Finding) -> Iterator[Body]:
    for reason in finding.priority.reasons:
        yield [(f"{reason.points:>+4} ", "quiet"), (reason.why, "text")]


def _decided(decided: Standing, stamp: Stamp) -> Iterator[Body]:
    if decided.owner is not None:
        yield _act("claimed by", decided.owner, decided.owned_at, None, stamp)
    if decided.acked_at is not None:
        yield _act("acknowledged by", decided.acked_by, decided.acked_at, decided.ack_reason, stamp)
    if decided.snoozed_at is not None:
        until = f"snoozed until {stamp(decided.snoozed_until)} by"
        yield _act(until, decided.snoozed_by, decided.snoozed_at, decided.snooze_reason, stamp)
    if decided.verdict is not None:
        said = f"{verdict_words(decided.verdict)}, says"
        yield _act(said, decided.verdict_by, decided.verdict_at, decided.verdict_reason, stamp)
    if decided.note is not None:
        yield _act("note by", decided.note_by, decided.note_at, None, stamp)


def _act(did: str, who: Untrusted | None, at: datetime | None, reason: Untrusted | None, stamp: Stamp) -> Body:
    line: list[Piece] = [(f"{stamp(at)} {did} ", "quiet"), (who if who is not None else "nobody named", "text")]
    return [*line, (": ", "quiet"), (reason, "text")] if reason else line


def _names(stored: Stored) -> list[Section]:
    finding = stored.finding
    aliases: list[Body] = [[(alias, "quiet")] for alias in stored.aliases]
    out = [Section("id", [finding.id, *aliases])]
    if finding.signals:
        out.append(Section("signals", list(finding.signals)))
    if finding.handles:
        ids: list[Body] = [[(" ".join(filter(None, handle)), "quiet")] for handle in finding.handles]
        out.append(Section("AWS ids", ids))
    return out


def _some(rows: list[Body], full: bool) -> list[Body]:
    if full or len(rows) <= _FEW:
        return rows
    return [*rows[: _FEW - 1], [(f"and {len(rows) - _FEW + 1} more (enter)", "quiet")]]
