"""Working a case: each act is checked, written to the ledger, then projected (``project_cases``).

Acts that would contradict what somebody else did meanwhile are refused with who did it; nothing is lost, since the
ledger keeps every old and new value.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from socconsole.commands import cases as asked
from socconsole.config import Config
from socconsole.model.case import Case, CaseStatus
from socconsole.model.entry import Entry
from socconsole.model.finding import Severity
from socconsole.store import (
    case_playbooks,
    case_view,
    cases,
    clock_acts,
    db,
    decisions,
    facts,
    incidents,
    ledger,
    reading,
)
from socconsole.store.case_desk import CaseDesk, CaseMisnamed, CaseRefused, parts, text
from socconsole.store.instants import micros
from socconsole.store.locks import LockHeld
from socconsole.store.project_cases import FIELDS, FREE
from socconsole.text import Untrusted, clean

if TYPE_CHECKING:
    from socconsole.store.state import StateFolder

_Checked = tuple[list[Entry], str, str]
"""Entries to be written, the case that they are about, and what they do, in words."""

_LOCK: Final = "cases"
_WAIT_S: Final = 10.0

_SETTABLE: Final = frozenset({CaseStatus.OPEN, CaseStatus.INVESTIGATING, CaseStatus.CONTAINED, CaseStatus.RECOVERING})


@dataclass(frozen=True, slots=True)
class Acted:
    """What an act came to."""

    case: str
    """The case it is about; of a split the new one."""
    seq: int
    """The last ledger entry."""
    words: str
    """What was done, or that it is kept as a suspicion only."""
    projected: bool = True
    """False when the store could not take it in yet; it is on record all the same."""


def act(folder: StateFolder, config: Config, request: asked.CaseRequest, who: str, now: datetime) -> Acted:
    """Put it on the ledger and apply it. Blocks on the disk: never on the UI loop.

    ``now`` is the moment in the world's time. Raises :class:`CaseRefused`, and what ``ledger.append`` raises.
    """
    try:
        # One act at a time: between looking who was faster and writing nobody may be.
        with folder.lock(_LOCK, _WAIT_S):
            decisions.catch_up(folder)  # to act on what is known
            with closing(db.connect(folder.store_db, readonly=True)) as conn:
                entries, case, words = _entries(CaseDesk(folder, conn, config, who, now), request)
            lines = ledger.append(folder, entries)
            return Acted(case, lines[-1].seq, words, decisions.catch_up(folder))
    except LockHeld as held:
        if held.name != _LOCK:
            raise
        raise CaseRefused(f"process {held.pid} has been writing cases for {_WAIT_S:.0f} seconds: try again") from held


def _entries(desk: CaseDesk, request: asked.CaseRequest) -> _Checked:
    """(entries, case, words). Raises :class:`CaseRefused`."""
    match request:
        case asked.OpenCase():
            return _open(desk, request)
        case asked.SplitCase():
            return _split(desk, request)
        case asked.AttachFindings():
            return _attach(desk, request)
        case asked.DetachFindings():
            return _detach(desk, request)
        case asked.MergeCases():
            return _merge(desk, request)
        case asked.CloseCase():
            return _close(desk, request)
        case asked.ChangeCase():
            entry, words = _change(desk, request)
        case asked.SetMoment():
            entry, words = clock_acts.moment(desk, request)
        case asked.AnswerRegime():
            entry, words = clock_acts.answer(desk, request)
        case asked.MarkSent():
            entry, words = clock_acts.sent(desk, request)
        case asked.DecideNotify():
            entry, words = clock_acts.notify(desk, request)
        case asked.TakePlaybook():
            entry, words = case_playbooks.take(desk, request)
        case asked.TickStep():
            entry, words = case_playbooks.tick(desk, request)
        case asked.NoteCase():
            said = text(request.text, "the note is empty")
            entry, words = desk.entry("case_note", desk.case(request.case), text=said), "noted"
        case asked.TellStakeholder():
            name = text(request.name, "who was told?")
            entry = desk.entry("case_told", desk.case(request.case), name=name, how=text(request.how))
            words = "put on record"
        case asked.HoldCase():
            reason = text(request.reason, "a legal hold needs a reason")
            entry = desk.entry("case_hold", desk.case(request.case), {"on": request.on}, reason=reason)
            words = "held: nothing of it is deleted" if request.on else "no longer held"
    if (seen := getattr(request, "seen", 0)) and (other := _said_since(desk, entry, seen)):
        raise CaseRefused(f"{other} since you looked; look again, then decide")
    return [entry], request.case, words


def _open(desk: CaseDesk, request: asked.OpenCase) -> _Checked:
    ids = list(desk.findings(request.findings))
    named = ""
    if request.incident:
        found = incidents.get(desk.conn, request.incident)
        if found is None:
            raise CaseMisnamed(f"there is no incident {clean(request.incident, 40)}")
        named = found.id
        ids = list(dict.fromkeys([*ids, *found.findings]))
    worst = next(iter(reading.each(desk.conn, cases.worst_first(desk.conn, ids)[:1], desk.now)), None)
    title = text(request.title) or (worst.finding.title.raw() if worst else "")
    if not title:
        raise CaseMisnamed("a case without findings needs a title")
    severity = desk.severity(request.severity) if request.severity else (
        worst.finding.severity if worst else Severity.HIGH
    )  # fmt: skip
    data = {"severity": severity.name, "incident": named}
    return _made(desk, ids, data, title, text(request.hypothesis))


def _split(desk: CaseDesk, request: asked.SplitCase) -> _Checked:
    whole = desk.case(request.case)
    inside = set(whole.findings)
    ids = [one for one in desk.findings(request.findings) if one in inside]
    if not ids:
        raise CaseMisnamed(f"none of these findings is in {whole.id}")
    title = text(request.title) or next(reading.each(desk.conn, ids[:1], desk.now)).finding.title.raw()
    data = {"severity": whole.severity.name, "incident": "", "split_from": whole.id}
    entries, case, _ = _made(desk, ids, data, title, "")
    left = [desk.entry("case_detach", whole, subjects=part, reason=text(request.reason)) for part in parts(ids)]
    return [*entries, *left], case, f"split from {whole.id}, with {len(ids):,} of its findings"


def _made(desk: CaseDesk, ids: Sequence[str], data: Mapping[str, Any], title: str, hypothesis: str) -> _Checked:
    case = f"c-{secrets.token_hex(4)}"
    said = {"title": title} | ({"hypothesis": hypothesis} if hypothesis else {})
    divided = parts(ids) or [()]
    entries = [
        Entry(
            verb="case_attach" if n else "case_open",
            who=desk.who,
            subjects=tuple(part),
            data={
                "case": case,
                "now": micros(desk.now),
                "evidence": desk.export(part),
                **facts.said(desk.conn, part),
                **({} if n else data),
            },
            private={} if n else said,
        )
        for n, part in enumerate(divided)
    ]
    return entries, case, f"opened {case} with {len(ids):,} finding{'' if len(ids) == 1 else 's'}"


def _attach(desk: CaseDesk, request: asked.AttachFindings) -> _Checked:
    case = desk.open_case(request.case)
    inside = set(case.findings)
    ids = [one for one in desk.findings(request.findings) if one not in inside]
    if not ids:
        raise CaseRefused(f"all of these are in {case.id} already")
    entries = [
        desk.entry("case_attach", case, {"evidence": desk.export(part), **facts.said(desk.conn, part)}, subjects=part)
        for part in parts(ids)
    ]
    return entries, case.id, f"attached {len(ids):,}"


def _merge(desk: CaseDesk, request: asked.MergeCases) -> _Checked:
    case, into = desk.open_case(request.case), desk.open_case(request.into)
    if case.id == into.id:
        raise CaseMisnamed("a case cannot be merged into itself")
    entry = desk.entry("case_merge", case, {"into": into.id}, reason=text(request.reason))
    return [entry], into.id, f"{case.id} is part of {into.id} now"


def _close(desk: CaseDesk, request: asked.CloseCase) -> _Checked:
    case = desk.open_case(request.case)
    reason = text(request.reason, "closing needs a reason: what it was")
    stands = case_view.still_open(desk.conn, desk.config, case, desk.now)
    if stands and not request.anyway:
        raise CaseRefused(f"{'; '.join(stands)}. Close it anyway with a reason that says why")
    entry = desk.entry("case_close", case, {"anyway": bool(stands), "open": list(stands)}, reason=reason)
    return [entry], case.id, "closed" + (f"; still open: {'; '.join(stands)}" if stands else "")


def _change(desk: CaseDesk, request: asked.ChangeCase) -> tuple[Entry, str]:
    case = desk.case(request.case)
    field, value = request.field, text(request.value)
    if field not in FIELDS:
        raise CaseMisnamed(f"a case has no field {clean(field, 40)}: {', '.join(sorted(FIELDS))}")
    if field == "title" and not value:
        raise CaseMisnamed("a case needs a title")
    was = _value(case, field)
    if field == "severity":
        value = desk.severity(value).name
    if field == "status" and value not in _SETTABLE:
        raise CaseMisnamed(f"a status is one of {', '.join(sorted(_SETTABLE))}; `case close` closes")
    if value == was:
        raise CaseRefused(f"its {field} is {clean(value, 80)} already")
    reason = {"reason": text(request.reason)} if request.reason else {}
    if field in FREE:
        entry = desk.entry("case_change", case, {"field": field}, was=was, value=value, **reason)
    else:
        entry = desk.entry("case_change", case, {"field": field, "was": was, "value": value}, **reason)
    return entry, f"{field}: {clean(was, 80) or 'nothing'} → {clean(value, 80) or 'nothing'}"


_SAME: Final[Mapping[str, tuple[str, ...]]] = {
    "case_change": ("field",),
    "case_step": ("playbook", "step"),
    "clock_moment": ("entity", "moment", "suspected"),
    "clock_answer": ("entity", "regime"),
    "clock_decision": ("entity", "regime"),
    "clock_sent": ("entity", "regime", "deadline", "to"),
}
"""Entries of which a second one contradicts a first, and what is the same then. A suspicion contradicts nothing."""


def _said_since(desk: CaseDesk, entry: Entry, seen: int) -> str:
    """Who said something about the same thing after the entry ``seen``, in words; empty when nobody did."""
    same = _SAME.get(entry.verb)
    for event in cases.events(desk.conn, str(entry.data["case"])) if same else ():
        alike = event.verb == entry.verb and all(event.data.get(key) == entry.data.get(key) for key in same or ())
        if event.seq > seen and alike:
            if event.verb == "case_change":
                return f"{clean(event.who, 40)} set the {event.data['field']} at {event.at:%H:%M:%SZ}"
            told = case_view.happened(ledger.get(desk.folder, [event.seq])[event.seq], event.at)
            return f"{clean(event.who, 40)} said at {event.at:%H:%M:%SZ} “{clean(told.words, 200)}”"
    return ""


def _detach(desk: CaseDesk, request: asked.DetachFindings) -> _Checked:
    case = desk.open_case(request.case)
    inside = set(case.findings)
    ids = [one for one in desk.findings(request.findings) if one in inside]
    if not ids:
        raise CaseMisnamed(f"none of these is in {case.id}")
    reason = text(request.reason, "taking a finding out needs a reason")
    entries = [desk.entry("case_detach", case, subjects=part, reason=reason) for part in parts(ids)]
    return entries, case.id, f"took {len(ids):,} out"


def _value(case: Case, field: str) -> str:
    value = getattr(case, field)
    if isinstance(value, Severity):
        return value.name
    return value.raw() if isinstance(value, Untrusted) else str(value)
