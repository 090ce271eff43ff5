"""What is done to a case, from the list of cases and from its own screen.

Each act is about the case that was under the cursor at the keypress. It is written to the ledger off the UI loop, and
what is refused is said in the words of whoever refused it.
"""

from __future__ import annotations

import asyncio
import shlex
from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

from socconsole.commands import cases as ask
from socconsole.model.case import Case, CaseStatus
from socconsole.model.clock import Clock, ids, named
from socconsole.model.finding import Severity
from socconsole.playbooks import BadPlaybook
from socconsole.screens import clock_words, words
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.escalating import EscalateActs
from socconsole.screens.replies import Said
from socconsole.store import case_clocks, case_playbooks, cases
from socconsole.store.case_clocks import TEAM
from socconsole.store.db import Connection
from socconsole.text import Untrusted, clean
from socconsole.widgets.asking import needed, one_after_other
from socconsole.widgets.prompt import LINE_MOST, LinePrompt

FIELDS: Final = ("severity", "status", "owner", "hypothesis", "title")
MOMENTS: Final = ("classified", "high_risk", "personal_data")
_ANSWERS: Final = {"yes": True, "y": True, "no": False, "n": False}


async def record(desk: Desk, request: ask.CaseRequest) -> tuple[str, Said]:
    """Put an act on the ledger (in a thread: it waits for the disk); the case it is about, empty where nothing was
    written, and what to say of it."""
    from socconsole.store import case_acts  # with it comes the signing key's library: not before it is needed
    from socconsole.store.case_desk import CaseRefused
    from socconsole.store.ledger import EntryRefused, LedgerError
    from socconsole.store.project import ProjectError

    try:
        acted = await asyncio.to_thread(case_acts.act, desk.folder, desk.config, request, desk.analyst, desk.now())
    except CaseRefused as refused:
        return "", (f"refused: {clean(str(refused), 600)}", "warning")
    except (EntryRefused, LedgerError, ProjectError, BadPlaybook, OSError, desk.conn.Error) as trouble:
        return "", (f"not recorded: {clean(str(trouble), 300)}", "error")
    desk.app.poll()
    named = "" if acted.case in acted.words else f"{acted.case}: "
    said = f"{named}{clean(acted.words, 300)}; ledger entry {acted.seq:,}"
    if not acted.projected:
        said += "; the store is busy and will show it shortly"
    return acted.case, (said, "good")


class CaseActs(EscalateActs):
    """Base of the screens with a case on them."""

    @abstractmethod
    def case_here(self) -> Case | None:
        """The case that an act is about now."""

    _unsaid: str = ""
    """A note that could not be recorded."""

    def changed(self) -> None:
        """Something was written of a case: the place to read again at once."""

    @abstractmethod
    def clocks_here(self) -> Sequence[Clock]:
        """Its clocks."""

    async def act(self, request: ask.CaseRequest) -> str:
        """Do it and say what became of it; the case, empty where it was not done."""
        case, said = await record(self.desk, request)
        self.say(*said)
        if case:
            self.changed()
        return case

    async def ask_act(self, request: Callable[[str], ask.CaseRequest], label: str, **asked: Any) -> str:
        """Ask for what an act says, and do it; what is refused stays in its question. The case, empty where it was not
        done. ``asked`` is what :meth:`ask` takes."""
        done: list[tuple[str, Said]] = []

        async def check(line: str) -> str:
            done[:] = [await record(self.desk, request(line))]
            case, (said, _) = done[0]
            return "" if case else said

        if await self.ask(label, check=check, **asked) is None:
            return ""
        case, said = done[0]
        self.say(*said)
        self.changed()
        return case

    def escalates(self, subject: Hashable) -> Sequence[str]:
        """The case, wherever the cursor stands in it: whoever is told is told of all of it."""
        if isinstance(subject, str):
            return (subject,)
        case = self.case_here()
        return (case.id,) if case is not None else ()

    # -- keys ------------------------------------------------------------------------------------------

    async def do_note(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        text = asked.argument or await self.ask_lines(f"note on the case {case.id}", self._unsaid)
        if text is not None:
            # What could not be recorded stands in the next question: it may have taken minutes to write.
            self._unsaid = "" if await self.act(ask.NoteCase(case=case.id, text=text)) else text

    async def do_claim(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        await self.act(ask.ChangeCase(case=case.id, field="owner", value=self.desk.analyst, seen=case.seq))

    # -- commands --------------------------------------------------------------------------------------

    async def do_set(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        field, _, value = asked.argument.partition(" ")
        field = await self.ask("set", hint=", ".join(FIELDS), given=field, check=_no_field) or ""
        if not (field := field.strip().lower()):
            return
        was, hint = _to_edit(getattr(case, field)), _HINTS.get(field, "")
        if was is None:
            was, hint = "", "what stands there does not fit a line: this replaces it"
        refused = False

        def change(line: str) -> ask.CaseRequest:
            nonlocal refused
            # Who was told that somebody was faster has seen it, where the screen shows it by now.
            here = self.case_here()
            seen = here.seq if refused and here is not None and here.id == case.id else case.seq
            refused = True
            return ask.ChangeCase(case=case.id, field=field, value=line.strip(), seen=seen)

        await self.ask_act(
            change,
            f"{field} of {case.id}", value=was, hint=hint, kind=f"set {field}", given=value.strip(),
        )  # fmt: skip

    async def do_close(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        first, _, rest = asked.argument.partition(" ")
        anyway = first.lower() == "anyway"
        reason = await self.ask(
            f"close {case.id}{' anyway' if anyway else ''}", hint="what it was; it stays on the ledger", kind="reason",
            given=(rest if anyway else asked.argument).strip(), check=needed("a reason"),
        )  # fmt: skip
        if reason is None:
            return
        done, (said, kind) = await record(self.desk, ask.CloseCase(case=case.id, reason=reason, anyway=anyway))
        if done:
            self.changed()
        more = "  (:close anyway REASON)" if kind == "warning" and not anyway and reason.strip() else ""
        self.say(said.replace(". Close it anyway with a reason that says why", "") + more, kind, 0 if more else 6)

    async def do_hold(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        word, _, reason = asked.argument.partition(" ")
        on = {"on": True, "off": False}.get(word.lower())
        if on is None:
            self.say(":hold on REASON, or :hold off REASON", "warning")
            return
        await self.act(ask.HoldCase(case=case.id, on=on, reason=reason))

    async def do_merge(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        into, _, reason = asked.argument.partition(" ")
        into = (await self._other_case(case, into) or "").strip().lower()
        if not into:
            return
        if await self.ask_act(
            lambda why: ask.MergeCases(case=case.id, into=into, reason=why.strip()),
            f"merge {case.id} into {clean(into, 12)}: why", kind="reason", given=reason,
        ):  # fmt: skip
            self.merged(into)

    async def _other_case(self, case: Case, given: str) -> str | None:
        """An open case, by its id; tab goes through them, and the hint says what each is."""
        others = await self.desk.read(_open_but, case.id)
        turn = one_after_other(list(others))

        def next_one(line: str) -> str:
            found = turn(line)
            self.query_one(LinePrompt).set_hint(others.get(found, ""))
            return found

        hint = f"tab: {words.plural(len(others), 'open case')}" if others else "no other case is open"

        def unknown(line: str) -> str:
            found = line.strip().lower()
            return "" if not found or found in others else f"there is no other open case {clean(found, 40)}"

        return await self.ask(f"merge {case.id} into", hint=hint, complete=next_one, given=given, check=unknown)

    def choices(self, head: str) -> Sequence[str]:
        here = self.case_here()
        if head != "merge" or here is None:
            return super().choices(head)
        return [id_ for id_, _, closed in cases.with_clocks(self.desk.conn) if not closed and id_ != here.id]

    def merged(self, into: str) -> None:
        """The case of this screen is part of another now."""

    async def do_attach(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        ids = tuple(asked.argument.split())
        if not ids:
            self.say(":attach f-…; or K on the finding in Triage", "warning")
            return
        await self.act(ask.AttachFindings(case=case.id, findings=ids))

    async def do_told(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        name, *how = self._words(asked.argument) or [""]
        if not name:
            self.say(':told NAME HOW; a name with blanks in "quotes"', "warning")
            return
        await self.act(ask.TellStakeholder(case=case.id, name=name, how=" ".join(how)))

    async def do_playbook(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        fitting = await self._fitting(case)
        hint = f"fits: {', '.join(fitting[:4])}; tab: all" if fitting else "tab: all of them"
        await self.ask_act(
            lambda name: ask.TakePlaybook(case=case.id, playbook=name.strip()),
            f"work {case.id} by", value=fitting[0] if fitting else "", hint=hint,
            complete=one_after_other(self._books()), given=asked.argument,
        )  # fmt: skip

    async def _fitting(self, case: Case) -> tuple[str, ...]:
        try:
            return await self.desk.read(case_playbooks.fitting, self.desk.config, case)
        except BadPlaybook:  # said on the case's screen, and when one is taken
            return ()

    def _books(self) -> Sequence[str]:
        try:
            return sorted(case_playbooks.known(self.desk.config))
        except BadPlaybook:
            return ()

    # -- clocks ----------------------------------------------------------------------------------------

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


_HINTS: Final = {
    "severity": "critical, high, medium, low, info",
    "status": "open, investigating, contained, recovering",
    "hypothesis": "what is believed to have happened",
}


def _no_field(line: str) -> str:
    known = not line.strip() or line.strip().lower() in FIELDS
    return "" if known else f"a case has no field {clean(line.strip(), 40)}: {', '.join(FIELDS)}"


def _neither(line: str) -> str:
    return "" if line.strip().lower() in _ANSWERS else "yes or no; nothing was recorded"


def _to_edit(value: Severity | CaseStatus | Untrusted) -> str | None:
    """A value as it is edited in a line; None for a text that would not come back as it was."""
    if isinstance(value, Severity):
        return value.name
    if isinstance(value, CaseStatus):
        return value.value
    shown = clean(value, LINE_MOST)
    return shown if shown == value.raw() else None


def _open_but(conn: Connection, id_: str) -> dict[str, str]:
    """The other open cases by their ids, in words. For a thread."""
    return {one.id: f"{one.severity.name} {clean(one.title, 40)}" for one in cases.each(conn) if one.id != id_}
