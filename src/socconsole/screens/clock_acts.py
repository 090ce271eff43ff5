"""What is said of a case's clocks: moments, whether a law applies, whether it is notified, what was sent."""

from __future__ import annotations

import shlex
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Final

from socconsole.commands import cases as ask
from socconsole.model.case import Case
from socconsole.model.clock import Clock, ids, named
from socconsole.screens import clock_words
from socconsole.screens.base import Invocation
from socconsole.screens.escalating import EscalateActs
from socconsole.store import case_clocks
from socconsole.store.case_clocks import TEAM
from socconsole.text import clean
from socconsole.widgets.asking import one_after_other

MOMENTS: Final = ("classified", "high_risk", "personal_data")
_ANSWERS: Final = {"yes": True, "y": True, "no": False, "n": False}


class ClockActs(EscalateActs):
    """The commands about clocks; :class:`case_acts.CaseActs` says of which case, and records."""

    @abstractmethod
    def case_here(self) -> Case | None:
        """The case that an act is about now."""

    @abstractmethod
    def clocks_here(self) -> Sequence[Clock]:
        """Its clocks."""

    @abstractmethod
    async def act(self, request: ask.CaseRequest) -> str:
        """Do it and say what became of it; the case, empty where it was not done."""

    @abstractmethod
    async def ask_act(self, request: Callable[[str], ask.CaseRequest], label: str, **asked: Any) -> str:
        """Ask for a line, and do what is made of it; the case, empty where it was not done."""

    async def do_aware(self, asked: Invocation) -> None:
        await self._moment("aware", self._words(asked.argument))

    async def do_moment(self, asked: Invocation) -> None:
        what, *rest = self._words(asked.argument) or [""]
        if what not in MOMENTS:
            self.say(f":moment {'|'.join(MOMENTS)} [ENTITY]", "warning")
            return
        await self._moment(what, rest)

    async def _moment(self, what: str, rest: Sequence[str]) -> None:
        if (case := self._case()) is None:
            return
        entity = await self._entity(case, " ".join(rest), f"which entity was {what.replace('_', ' ')}?")
        if entity is None:
            return
        when = await self.ask(
            f"{what.replace('_', ' ')}: when",
            hint="35m (ago), 04:00 (UTC), RFC 3339; nothing: now", check=self._no_moment,
        )  # fmt: skip
        if when is None:
            return
        at = clock_words.moment(when, self.desk.now())
        first = await self.desk.read(case_clocks.began, case)
        before = f"before its first event, {self.desk.stamp(first)}" if first is not None and at < first else ""
        await self.ask_act(
            lambda reason: ask.SetMoment(case=case.id, entity=entity, moment=what, at=at, reason=reason, seen=case.seq),
            f"{self.desk.stamp(at)}: how is it known, and why", kind="reason", hint=before,
        )  # fmt: skip

    def _no_moment(self, line: str) -> str:
        try:
            clock_words.moment(line, self.desk.now())
        except ValueError as trouble:
            return str(trouble)
        return ""

    async def do_applies(self, asked: Invocation) -> None:
        if (said := await self._yes_or_no(asked, "applies")) is not None:
            case, regime, entity, yes, reason = said
            about = {"case": case.id, "entity": entity, "regime": regime}
            await self.act(ask.AnswerRegime(**about, applies=yes, reason=reason, seen=case.seq))

    async def do_notify(self, asked: Invocation) -> None:
        if (said := await self._yes_or_no(asked, "notify")) is not None:
            case, regime, entity, yes, reason = said
            about = {"case": case.id, "entity": entity, "regime": regime}
            await self.act(ask.DecideNotify(**about, notify=yes, reason=reason, seen=case.seq))

    async def _yes_or_no(self, asked: Invocation, verb: str) -> tuple[Case, str, str, bool, str] | None:
        """Case, regime, entity, the answer and its reason; None where somebody thought better of it."""
        if (case := self._case()) is None:
            return None
        regime, answer, *rest = [*self._words(asked.argument), "", ""]
        entity = " ".join(filter(None, rest))
        if not regime:
            self.say(f":{verb} REGIME yes|no [ENTITY]; enter on a clock begins it", "warning")
            return None
        if answer.lower() not in _ANSWERS:
            entity = " ".join(filter(None, (answer, entity)))
            question = f"does {clean(regime, 20)} apply?" if verb == "applies" else f"notify under {clean(regime, 20)}?"
            said = await self.ask(question, hint="yes or no", check=_neither)
            if said is None:
                return None
            answer = said.strip()
        named = await self._entity(case, entity, f"{clean(regime, 20)}: which entity?", regime)
        if named is None:
            return None
        reason = await self.ask(f"{clean(regime, 20)} {answer.lower()}, {clean(named, 24)}: why", kind="reason")
        return None if reason is None else (case, regime, named, _ANSWERS[answer.lower()], reason)

    async def do_sent(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        clock, when = named(self.clocks_here(), asked.argument)
        if clock is None:
            begins = "enter on a running clock begins it"
            self.say(f":sent CLOCK [WHEN]; {begins}: {clean(ids(self.clocks_here()), 600)}", "warning", 0)
            return
        try:
            at = clock_words.moment(when, self.desk.now())
        except ValueError as trouble:
            self.say(str(trouble), "warning")
            return
        await self.ask_act(
            lambda receipt: ask.MarkSent(case=case.id, clock=clock.id, at=at, receipt=receipt, seen=case.seq),
            f"done {self.desk.stamp(at)}: receipt", hint="number or words; may be empty", kind="receipt",
        )  # fmt: skip

    async def _entity(self, case: Case, typed: str, question: str, regime: str = "") -> str | None:
        """The entity that is meant: what was typed, the only one there is, or the answer to ``question``."""
        clocks = [one for one in self.clocks_here() if one.role != TEAM.role]
        known = list(dict.fromkeys(one.entity for one in clocks if one.regime == regime or not regime))
        known = known or list(dict.fromkeys(one.entity for one in clocks))
        if typed:
            return typed.strip('"')
        if len(known) == 1:
            return known[0]
        hint = ", ".join(clean(one, 24) for one in known[:3])
        answer = await self.ask(question, value=known[0] if known else "", hint=hint, complete=one_after_other(known))
        return answer.strip() or None if answer is not None else None

    # -- inside ----------------------------------------------------------------------------------------

    def _case(self) -> Case | None:
        """The case that is meant; that there is none is said."""
        case = self.case_here()
        if case is None:
            self.say("there is no case", "warning")
        return case

    def _words(self, line: str) -> list[str]:
        try:
            return shlex.split(line)
        except ValueError:  # a quote that does not end: what was typed, then
            return line.split()


def _neither(line: str) -> str:
    return "" if line.strip().lower() in _ANSWERS else "yes or no; nothing was recorded"
