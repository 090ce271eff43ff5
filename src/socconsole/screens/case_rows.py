"""A case as the rows of its screen: six lines, clocks, steps, findings, containments, history, each with its detail.

Pure: what was read in, rows out. What depends on the hour is worked out when it is painted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from socconsole.model.action import ActionRecord, ActionState
from socconsole.model.case import Case, Line, SixLine
from socconsole.model.clock import Clock, ClockState
from socconsole.model.finding import Leaving, State
from socconsole.playbooks import Playbook, Standing
from socconsole.screens import clock_words, words
from socconsole.screens.finding_sections import STATE_STYLES, Stamp
from socconsole.store.case_clocks import NOBODY, TEAM
from socconsole.store.case_findings import Member
from socconsole.store.case_glance import urgency
from socconsole.store.case_view import LEDGER, Happened, History
from socconsole.text import Untrusted, clean
from socconsole.widgets import glyphs
from socconsole.widgets.columns import severity_style, severity_text
from socconsole.widgets.detail import Body, Piece, Section

SHORT: Final = {
    Line.WHAT: "what",
    Line.PEOPLE: "people",
    Line.LEAVING: "leaving?",
    Line.WHO: "who",
    Line.ELSEWHERE: "who else",
    Line.NEXT: "next",
}
ASKS: Final = "asks"
"""What the row is about that stands for the clocks of laws of which nobody said whether they apply."""
NOTHING: Final = History((), ())
_LEAVES: Final = {Leaving.YES: (" LEAVING", "bad"), Leaving.CANNOT_SEE: (" unseen", "warn")}
_BRIEF: Final = {State.ACKNOWLEDGED: "ack", State.RESOLVED: "closed"}
"""States beside which something else has to be said."""
_ACTION_STYLES: Final = {ActionState.APPLIED: "good", ActionState.NOT_APPLIED: "quiet"}


@dataclass(frozen=True, slots=True)
class CaseRead:
    """What was read of a case. ``case`` is None where there is none."""

    case: Case | None = None
    lines: tuple[SixLine, ...] = ()
    clocks: tuple[Clock, ...] = ()
    playbooks: tuple[tuple[Playbook, tuple[Standing, ...]], ...] = ()
    fitting: tuple[str, ...] = ()
    trouble: str = ""
    """Why the playbooks could not be read."""
    findings: tuple[Member | str, ...] = ()
    actions: tuple[ActionRecord, ...] = ()
    history: History = NOTHING
    standing: tuple[str, ...] = ()
    """What speaks against closing it."""
    escalated: Section | None = None
    """Who was told of it."""


def _always(text: str, style: str) -> Callable[[datetime], tuple[str, str]]:
    """The state of a row that time does not change."""
    return lambda _: (text, style)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One of its rows. ``state`` is text and style at a moment; ``about`` names what it is about within its kind. A
    finding's sections are read by whoever shows them."""

    kind: str
    about: str
    state: Callable[[datetime], tuple[str, str]]
    said: Untrusted | str
    style: str
    title: Body
    sections: list[Section] = field(default_factory=list)
    owner: Untrusted | str = ""
    folded: bool = False
    """It stands under the row of :data:`ASKS`, and is shown by itself when that is opened."""

    @property
    def key(self) -> str:
        return f"{self.kind} {self.about}"


def rows(read: CaseRead, stamp: Stamp, now: datetime) -> list[CaseRow]:
    """All rows of a case, in the order in which somebody who takes it over asks."""
    if read.case is None:
        return []
    return [
        *_lines(read, stamp),
        *(_clock(clock, stamp, now) for clock in read.clocks if clock.open and clock.state is not ClockState.ASK),
        *_asked([clock for clock in read.clocks if clock.state is ClockState.ASK], stamp, now),
        *(row for playbook, steps in read.playbooks for row in _steps(read.case, playbook, steps, stamp)),
        *(_action(record, stamp) for record in read.actions),
        *(_finding(one) for one in read.findings),
        *(_clock(clock, stamp, now) for clock in read.clocks if not clock.open),
        *_unseen(read.history),
        *(_happened(one, stamp) for one in reversed(read.history.lines)),
    ]


def head(read: CaseRead, stamp: Stamp) -> list[Section]:
    """What a case is: who works it, what is believed, what stands open."""
    case = read.case
    if case is None:
        return []
    held: list[Piece] = [("  LEGAL HOLD", "warn")] if case.held else []
    into: list[Piece] = [(f" into {case.into}", "quiet")] if case.into else []
    opened: list[Piece] = [(f"  opened {stamp(case.opened)} by ", "quiet"), (case.opened_by, "quiet")]
    out = [
        Section("status", [[(case.status.value, "strong"), *into, *held], opened]),
        Section("owner", [case.owner]),
        Section("believed", [case.hypothesis if case.hypothesis else [("nobody said yet: :set hypothesis", "warn")]]),
    ]
    if read.escalated is not None:
        out.append(read.escalated)
    if case.told:
        out.append(
            Section(
                "told",
                [
                    [(f"{stamp(one.at)} ", "quiet"), (one.name, "text"), (" ", ""), (one.how, "quiet")]
                    for one in case.told
                ],
            )
        )
    if read.standing and case.closed is None:
        out.append(Section("stands", [[(one, "warn")] for one in read.standing]))
    if read.trouble:
        out.append(Section("playbooks", [[(read.trouble, "bad")]]))
    elif not read.playbooks and read.fitting:
        out.append(Section("fits", [f"{', '.join(read.fitting[:3])}: :playbook works it by one"]))
    return out


def _lines(read: CaseRead, stamp: Stamp) -> Iterator[CaseRow]:
    """The six lines. Beside each of them stand all six: together they are what the case opens on."""
    if read.case is None:
        return
    title: Body = [
        (f"{severity_text(read.case.severity)}  ", severity_style(read.case.severity)),
        (read.case.title, "strong"),
    ]
    six = [Section(SHORT[one.line], list(_line(one))) for one in read.lines]
    shown = [*six, *head(read, stamp)]
    for one in read.lines:
        leaves = one.line is Line.LEAVING and _leaves(one)
        style = "bad" if leaves else "warn" if one.unknown else "text"
        unknown = f"UNKNOWN: {one.unknown}" if one.unknown else ""
        said = Untrusted("; ".join(filter(None, (one.answer.raw(), unknown))))
        yield CaseRow("line", one.line.value, _always(SHORT[one.line], style), said, style, title, shown)


def _line(one: SixLine) -> Iterator[Body]:
    if one.answer:
        yield [(one.answer, "bad" if one.line is Line.LEAVING and _leaves(one) else "text")]
    if one.unknown:
        yield [("UNKNOWN: ", "warn"), (one.unknown, "warn")]
    yield [(one.source, "quiet")]


def _leaves(one: SixLine) -> bool:
    return clean(one.answer, 12).upper().startswith("YES")


def _asked(clocks: Sequence[Clock], stamp: Stamp, now: datetime) -> Iterator[CaseRow]:
    """Clocks of laws of which nobody said whether they apply: one row for all, before them."""
    regimes = list(dict.fromkeys(clock.regime for clock in clocks))
    if len(regimes) < 2:
        yield from (_clock(clock, stamp, now) for clock in clocks)
        return
    questions: dict[str, str] = {}
    for clock in clocks:
        questions.setdefault(clock.regime, clock.asks)
    nearest = min(clocks, key=lambda one: urgency(one, now))
    nobody = "; no [[entity]] is configured" if any(clock.entity == NOBODY for clock in clocks) else ""
    said = f"{len(regimes)} regimes want an answer: {', '.join(one.upper() for one in regimes)}{nobody}"
    yield CaseRow(
        "clock", ASKS, lambda at: clock_words.left(nearest, at), said, "warn", [(said, "strong")],
        [
            Section("enter", [[("shows each of its clocks by itself, and folds them again", "quiet")]]),
            *(Section(regime.upper(), [[(asks, "warn")]]) for regime, asks in questions.items()),
        ],
    )  # fmt: skip
    yield from (replace(_clock(clock, stamp, now), folded=True) for clock in clocks)


def _clock(clock: Clock, stamp: Stamp, now: datetime) -> CaseRow:
    state, style = clock_words.left(clock, now)
    due: list[Body] = [[(stamp(clock.due) if clock.due else "without undue delay", style)]]
    if clock.about and clock.open:
        due.append([("≈ stands on an assumption: aware when it was detected", "warn")])
    out = [
        Section("state", [[(state, style), (f"  {clock.state.value.replace('_', ' ')}", "quiet")]]),
        Section("due", due),
    ]
    if clock.conservative is not None and clock.conservative != clock.due:
        out.append(Section("at worst", [[(stamp(clock.conservative), "warn"), (" if aware at detection", "quiet")]]))
    if clock.start is not None:
        out.append(Section("from", [stamp(clock.start)]))
    if clock.met is not None:
        out.append(Section("met", [stamp(clock.met)]))
    out += [Section("entity", [f"{clean(clock.entity, 80)}, {clock.role}"]), Section("tells", [clean(clock.to, 120)])]
    if clock.state is ClockState.ASK:
        out.append(
            Section(
                "question",
                [
                    [(clock.asks, "warn")],
                    [(f":applies {clock.regime} yes|no", "accent"), ("; nobody's silence is a no", "quiet")],
                ],
            )
        )
    elif clock.open:
        out.append(
            Section(
                "say",
                [
                    [
                        (":sent", "accent"),
                        (" it is done   ", "quiet"),
                        (":aware", "accent"),
                        (" when   ", "quiet"),
                        (":notify", "accent"),
                        (" yes or no", "quiet"),
                    ]
                ],
            )
        )
    whose = "" if clock.entity in (NOBODY, TEAM.entity) else f", {clean(clock.entity, 60)}"
    said = f"{clock_words.name(clock)}  {clock.title}{whose}"
    said += f" → {clean(clock.to, 60)}" if clock.to else ""
    return CaseRow(
        "clock", clock.id, lambda at: clock_words.left(clock, at), said, "text" if clock.open else "quiet",
        [(clock.title, "strong"), (f"  {clock.id}", "quiet")], out,
    )  # fmt: skip


def _steps(case: Case, playbook: Playbook, steps: tuple[Standing, ...], stamp: Stamp) -> Iterator[CaseRow]:
    signs = glyphs.current()
    for standing in steps:
        step, tick = standing.step, standing.tick
        if tick is None:
            state = (f"{signs.off} open", "warn" if not step.optional else "quiet")
            did: list[Body] = [[("open", state[1]), ("  space ticks it, with a note", "quiet")]]
        else:
            state = (f"{signs.off} left out", "quiet") if tick.skipped else (f"{signs.good} done", "good")
            by = f", by {tick.by_action}" if tick.by_action else ""
            did = [[(state[0], state[1]), (f"  {stamp(tick.at)} {clean(tick.who, 40)}{by}", "quiet")]]
            did += [tick.note] if tick.note else []
        finding = case.findings[0] if case.findings else "FINDING"
        how = step.do.replace("${case}", case.id).replace("${finding}", finding)
        out = [Section("state", did), Section("why", [step.why]), Section("do", [[(how, "accent")]])]
        if step.actions:
            out.append(Section("or", [f"X on a finding: {', '.join(step.actions)}; verified, it ticks this"]))
        out += [Section("evidence", [step.evidence])] if step.evidence else []
        out.append(Section("decides", [step.decides]))
        out += [Section("escalate", [step.escalate])] if step.escalate else []
        yield CaseRow(
            "step", f"{playbook.id}/{step.id}", _always(*state), step.title,
            "text" if standing.tick is None else "quiet",
            [(step.title, "strong"), (f"  {playbook.title}", "quiet")], out,
        )  # fmt: skip


def _finding(one: Member | str) -> CaseRow:
    """Its detail is read when the cursor comes to it: a case may have ten thousand."""
    if isinstance(one, str):
        why = "this store does not know it: it may be another install's, or not read yet"
        return CaseRow("finding", one, _always("? not known here", "warn"), f"{one}: {why}", "warn", one, [])
    state, style = one.state.value, STATE_STYLES[one.state]
    more, more_style = _LEAVES.get(one.leaving, ("", "")) if one.leaving is not None else ("", "")
    if one.still_firing and one.state is not State.NEW and not more:
        more, more_style = " fires", "bad"
    said = f"{severity_text(one.severity)} {_BRIEF.get(one.state, state) if more else state}{more}"
    return CaseRow(
        "finding", one.id, _always(said, more_style or style), one.title, "text", one.title, [],
        owner=one.owner if one.owner is not None else "",
    )  # fmt: skip


def _action(record: ActionRecord, stamp: Stamp) -> CaseRow:
    state = record.state.value.replace("_", " ") + (", undone" if record.undone_by else "")
    style = "quiet" if record.undone_by else _ACTION_STYLES.get(record.state, "bad")
    return CaseRow(
        "contained", record.id, _always(state, style),
        Untrusted(f"{words.named(record)} on {record.target}"), "text",
        [(words.named(record), "strong"), (f"  {record.id}", "quiet")],
        [
            Section("state", [[(state, style)]]),
            Section("on", [Untrusted(record.target)]),
            Section("when", [stamp(record.intended)]),
            Section("who", [Untrusted(record.who)]),
            Section("for", [record.finding or "no finding"]),
            Section("", [[("U undoes it", "accent")]] if record.undone_by is None and record.undoes is None else []),
        ],
    )  # fmt: skip


def _unseen(history: History) -> Iterator[CaseRow]:
    """What its history does not hold stands before it."""
    if history.left_out:
        said = f"UNKNOWN: {'; '.join(history.left_out)}"
        yield CaseRow("history", "left out", _always("not all", "warn"), said, "warn", said)


def _happened(one: Happened, stamp: Stamp) -> CaseRow:
    where = f"ledger entry {one.ref:,}" if one.source == LEDGER else f"CloudTrail, event {one.ref:,} of this store"
    said = Untrusted(f"{one.who.raw()}: {one.words.raw()}")
    return CaseRow(
        "history", f"{one.source} {one.ref}", _always(stamp(one.at)[5:], "quiet"), said,
        "text" if one.source == LEDGER else "warn",
        [(one.verb.replace("_", " "), "strong")],
        [
            Section("when", [stamp(one.at)]), Section("who", [one.who]),
            Section("what", [one.words], kept=True), Section("from", [where]),
        ],
    )  # fmt: skip
