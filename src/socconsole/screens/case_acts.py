"""What is done to a case, from the list of cases and from its own screen.

Each act is about the case that was under the cursor at the keypress. It is written to the ledger off the UI loop, and
what is refused is said in the words of whoever refused it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final

from socconsole.commands import cases as ask
from socconsole.model.case import Case, CaseStatus
from socconsole.model.finding import Severity
from socconsole.playbooks import BadPlaybook
from socconsole.screens import words
from socconsole.screens.base import Invocation
from socconsole.screens.clock_acts import ClockActs
from socconsole.screens.desk import Desk
from socconsole.screens.replies import Said
from socconsole.store import case_playbooks, cases
from socconsole.store.db import Connection
from socconsole.text import Untrusted, clean
from socconsole.widgets.asking import needed, one_after_other
from socconsole.widgets.prompt import LINE_MOST, LinePrompt

FIELDS: Final = ("severity", "status", "owner", "hypothesis", "title")


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


class CaseActs(ClockActs):
    """Base of the screens with a case on them."""

    _unsaid: str = ""
    """A note that could not be recorded."""

    def changed(self) -> None:
        """Something was written of a case: the place to read again at once."""

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


_HINTS: Final = {
    "severity": "critical, high, medium, low, info",
    "status": "open, investigating, contained, recovering",
    "hypothesis": "what is believed to have happened",
}


def _no_field(line: str) -> str:
    known = not line.strip() or line.strip().lower() in FIELDS
    return "" if known else f"a case has no field {clean(line.strip(), 40)}: {', '.join(FIELDS)}"


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
