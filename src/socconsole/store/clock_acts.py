"""What is said about the clocks of a case: moments, whether a regime applies, what was sent, whether to notify.

Each returns the entry to be written and the words that say what it does; ``case_acts`` writes it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from socconsole.commands import cases as asked
from socconsole.model.clock import ids, named
from socconsole.model.entry import Entry
from socconsole.store import case_clocks, case_said
from socconsole.store.case_desk import CaseDesk, CaseMisnamed, text
from socconsole.store.instants import micros
from socconsole.text import clean

_MOMENTS: Final = frozenset({"aware", "classified", "high_risk", "personal_data"})
_FAR: Final = timedelta(days=31)
"""Before anything was detected: further back than this a moment is more often a typo of the year than known."""


def moment(desk: CaseDesk, request: asked.SetMoment) -> tuple[Entry, str]:
    case = desk.case(request.case)
    reason = text(request.reason, "how is it known? a reason is needed")
    if request.moment not in _MOMENTS:
        raise CaseMisnamed(f"a moment is one of {', '.join(sorted(_MOMENTS))}")
    if request.at.tzinfo is None:
        raise CaseMisnamed("a moment needs a time zone")
    if request.at > desk.now:
        raise CaseMisnamed("it cannot have been in the future")
    day = f"{request.at:%Y-%m-%d}"
    if request.at < case_clocks.detected(desk.conn, case) - _FAR and day not in reason:
        raise CaseMisnamed(
            f"{day} is more than {_FAR.days} days before anything of it was detected. "
            "If that is right, say that day in the reason too"
        )
    entity = desk.entity(case, request.entity, or_all=True)
    before = case_said.moment(desk.conn, case.id, entity, request.moment)
    data = {
        "entity": entity,
        "moment": request.moment,
        "at": micros(request.at),
        "suspected": not desk.decides,
        "amends": before.seq if before else 0,
    }
    if not desk.decides:
        words = f"kept as your suspicion: {desk.who_decides()} it moves no clock"
    elif before:
        words = f"amended: it was {before.at:%Y-%m-%d %H:%MZ}"
    else:
        words = f"{request.moment.replace('_', ' ')} at {request.at:%Y-%m-%d %H:%MZ}"
    first = case_clocks.began(desk.conn, case)
    if first is not None and request.at < first:
        words += f"; before the first event of it that is known, {first:%Y-%m-%d %H:%M:%SZ}, and kept as you said it"
    return desk.entry("clock_moment", case, data, reason=reason), words


def answer(desk: CaseDesk, request: asked.AnswerRegime) -> tuple[Entry, str]:
    case = desk.case(request.case)
    desk.must_decide("whether a regime applies")
    entity, regime = desk.entity(case, request.entity), desk.regime(request.regime)
    reason = text(request.reason, "an answer needs its reason")
    data = {"entity": entity, "regime": regime, "applies": request.applies}
    return desk.entry("clock_answer", case, data, reason=reason), "it applies" if request.applies else "it does not"


def sent(desk: CaseDesk, request: asked.MarkSent) -> tuple[Entry, str]:
    case = desk.case(request.case)
    if request.at.tzinfo is None or request.at > desk.now:
        raise CaseMisnamed("when was it done? a moment that has passed, with its time zone")
    known = case_clocks.of_case(desk.conn, desk.config, case, desk.now)
    clock, rest = named(known, request.clock)
    if clock is None or rest:
        raise CaseMisnamed(f"{case.id} has no clock {clean(request.clock, 80)}: {ids(known)}")
    # Whoever was aware before we detected anything may have sent it before, too.
    first = case_clocks.detected(desk.conn, case)
    if clock.start is not None and clock.start < first:
        first = clock.start
    if request.at < first:
        raise CaseMisnamed(
            f"{request.at:%Y-%m-%d %H:%MZ} is before {first:%Y-%m-%d %H:%MZ}, when it was first known: "
            "nothing was sent of it then"
        )
    # A controller; an authority is the same for all that is sent under a regime. Names may hold a ">" themselves.
    to = clock.id.removeprefix(f"{clock.regime}/{clock.deadline}@{clock.entity}").removeprefix(">")
    data = {
        "entity": clock.entity,
        "regime": clock.regime,
        "deadline": clock.deadline,
        "to": to,
        "at": micros(request.at),
    }
    late = clock.due is not None and request.at > clock.due
    words = f"{clock.title}: done" + (", after its deadline" if late else "")
    if clock.met is not None:
        words += f"; amended: it was {clock.met:%Y-%m-%d %H:%MZ}"
    return desk.entry("clock_sent", case, data, receipt=text(request.receipt)), words


def notify(desk: CaseDesk, request: asked.DecideNotify) -> tuple[Entry, str]:
    case = desk.case(request.case)
    desk.must_decide("on a notification")
    entity, regime = desk.entity(case, request.entity), desk.regime(request.regime)
    reason = text(request.reason, "the decision has to say why: the law wants it in writing")
    data = {"entity": entity, "regime": regime, "notify": request.notify}
    words = "to be notified" if request.notify else "not to be notified; kept with its reason"
    return desk.entry("clock_decision", case, data, reason=reason), words
