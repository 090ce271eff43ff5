"""What an analyst decides about findings, from Triage, from a finding's own screen and from a case.

Each act is bound to the ids that were under the cursor, or marked, at the keypress; what is asked afterwards
does not change them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len

from socconsole import triage
from socconsole.commands import Acknowledge, Claim, Command, Decision, Note, Snooze, TakeBack, Verify
from socconsole.model.mode import Mode
from socconsole.model.standing import Verdict
from socconsole.screens import opening, words
from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.screens.escalating import EscalateActs
from socconsole.text import clean
from socconsole.widgets import glyphs
from socconsole.widgets.asking import alone, needed
from socconsole.widgets.rows import fit

# What a finding, a pivot and a case are made of is loaded by the first act about one: Triage stands on this module.
if TYPE_CHECKING:
    from socconsole.model.entity import Entity
    from socconsole.store.reading import Stored

_VERDICTS: Final = {
    "t": Verdict.TRUE_POSITIVE,
    "f": Verdict.FALSE_POSITIVE,
    "b": Verdict.BENIGN_POSITIVE,
    "u": Verdict.UNKNOWN,
}
_NAME_CELLS: Final = 24
"""Of a title in a question, which has to leave room for the answer in 80 cells."""
_VERDICT_HINT: Final = "t true positive, f false positive, b benign, u unknown; a reason may follow"
_DID: Final = {
    "acknowledge": "acknowledgement of", "claim": "claim of", "note": "note on", "verdict": "verdict on",
    "snooze": "snooze of",
}  # fmt: skip
"""Decisions by their verb in the ledger, as what is taken back of findings."""


def _no_verdict(line: str) -> str:
    return "" if line.strip()[:1].lower() in _VERDICTS else f"a verdict is one of: {_VERDICT_HINT}"


def _snooze(line: str) -> tuple[timedelta, str]:
    """How long, and the reason that may follow: ``1d 12h known job``. Raises ``ValueError`` with a sentence."""
    typed = line.split()
    for words_of_it in range(len(typed), 0, -1):
        try:
            length = words.duration("".join(typed[:words_of_it]))
        except ValueError:
            continue
        if length > triage.SNOOZE_LIMIT:
            said = clean(" ".join(typed[:words_of_it]), 20)
            raise ValueError(f"{said} is too long: a snooze ends after 7 days at the latest")
        return length, " ".join(typed[words_of_it:])
    raise ValueError("it begins with how long, a number and m, h or d: 30m, 4h, 2d; a reason may follow: 4h known job")


def _no_snooze(line: str) -> str:
    try:
        _snooze(line)
    except ValueError as trouble:
        return str(trouble)
    return ""


def plan_named(screen: ConsoleScreen, line: str) -> None:
    """Open the plan of ``ACTION TARGET [--account A] [--region R]``, as it was typed."""
    place = {"--account": "", "--region": ""}
    named: list[str] = []
    typed = iter(line.split() if " --" in line else line.split(None, 1))
    for word in typed:
        option, given, value = word.partition("=")
        if option in place:
            place[option] = value if given else next(typed, "")
        else:
            named.append(word)
    if len(named) == 2 and not any(word.startswith("--") for word in named):
        action, target = named
        opening.plan(screen.desk, action, target, place["--account"], place["--region"])
    else:
        screen.say(":contain ACTION TARGET [--account A] [--region R], or X on a finding", "warning")


async def pivot_named(screen: ConsoleScreen, name: str) -> None:
    """Open what is kept under a name that was typed."""
    from socconsole.store import pivot

    opening.pivot(screen.desk, await screen.desk.read(pivot.called, name), name)


class FindingActs(EscalateActs):
    """Base of the screens with findings on them. :meth:`subject` is a tuple of finding ids, or :meth:`about` says
    which of them it means."""

    _unsaid: str = ""
    """A note that could not be recorded."""

    def about(self, subject: Hashable) -> tuple[str, ...]:
        """Ids of the findings that a subject means: the marked ones, else that under the cursor."""
        return subject if isinstance(subject, tuple) else ()

    def acted(self) -> None:
        """An act was recorded: the place to clear marks."""

    # -- decisions -------------------------------------------------------------------------------------

    async def do_acknowledge(self, asked: Invocation) -> None:
        ids = self.about(asked.subject)
        reason = await self.ask(
            f"reason to acknowledge {self.named(ids)}",
            hint=self._told(), kind="reason", given=asked.argument, check=needed("a reason"),
        )  # fmt: skip
        if reason is not None:
            await self.record(Acknowledge(ids=ids, reason=reason.strip()), "acknowledged")

    async def do_claim(self, asked: Invocation) -> None:
        await self.record(Claim(ids=self.about(asked.subject)), "claimed")

    async def do_note(self, asked: Invocation) -> None:
        ids = self.about(asked.subject)
        text = asked.argument or await self.ask_lines(f"note on {self.named(ids)}", self._unsaid)
        if text is not None and not text.strip():
            self.say("a text is needed; nothing was recorded", "warning")
        elif text is not None:
            # What could not be recorded stands in the next question: it may have taken minutes to write.
            self._unsaid = "" if await self.record(Note(ids=ids, text=text.strip()), "noted") else text

    async def do_verify(self, asked: Invocation) -> None:
        ids = self.about(asked.subject)
        line = await self.ask(
            f"verdict on {self.named(ids)}",
            hint=_VERDICT_HINT, kind="verdict", given=asked.argument, check=_no_verdict,
        )  # fmt: skip
        if line is None:
            return
        word, _, reason = line.strip().partition(" ")
        verdict = _VERDICTS[word[:1].lower()]
        from socconsole.screens.finding_sections import verdict_words

        await self.record(
            Verify(ids=ids, verdict=verdict.value, reason=reason.strip()), f"judged {verdict_words(verdict)}"
        )

    async def do_snooze(self, asked: Invocation) -> None:
        ids = self.about(asked.subject)
        # Of many, those that cannot be snoozed are left out when it is recorded, and named then.
        refused = self._not_snoozable(ids[0]) if len(ids) == 1 else ""
        if refused:
            self.say(refused, "warning")
            return
        line = await self.ask(
            f"snooze {self.named(ids)} for",
            hint="30m, 4h, 2d; at most 7d; a reason may follow", kind="snooze", given=asked.argument, check=_no_snooze,
        )  # fmt: skip
        if line is None:
            return
        length, reason = _snooze(line)
        until = datetime.now(UTC) + length
        hint = f"hides {self._snoozed(ids)} until {self.desk.stamp(until)}"
        given = await self.ask("snooze: reason", hint=hint, kind="reason", given=reason, check=needed("a reason"))
        if given is not None:
            await self.record(Snooze(ids=ids, until=until, reason=given.strip()), "snoozed")

    async def do_take_back(self, asked: Invocation) -> None:
        from socconsole.store import decisions
        from socconsole.store.ledger import LedgerError
        from socconsole.store.project import ProjectError

        desk = self.desk
        try:
            last = await asyncio.to_thread(decisions.last_act, desk.folder, desk.analyst)
        except decisions.DecisionRefused as why:
            self.say(str(why), "warning")
            return
        except (LedgerError, ProjectError, desk.conn.Error) as trouble:
            self.say(f"not taken back: {clean(str(trouble), 300)}", "error")
            return
        at = words.clock(last.at, local=desk.local_time)
        did = _DID[last.verb]
        if last.findings > 1 or last.told:
            said = f"take back: the {did} {words.plural(last.findings, 'finding')} at {at}"
            told = "; AWS is told" if last.told else ""
            if await self.ask(said, hint=f"enter takes it back{told}", check=alone) is None:
                return
        await self.record(TakeBack(batch=last.batch), f"taken back, the {did.split()[0]} of {at}")

    async def record(self, request: Decision, done: str) -> bool:
        """Put a decision on the ledger and say what became of it; whether it was recorded."""
        many = len(getattr(request, "ids", ()))
        if many > 100:
            self.say(f"recording {many:,} findings …", seconds=0)
        said, kind = await self.desk.decide(request, done)
        self.say(said, kind)
        if kind == "good":
            self.acted()
        return kind == "good"

    # -- response --------------------------------------------------------------------------------------

    def escalates(self, subject: Hashable) -> Sequence[str]:
        return self.about(subject)

    def do_contain(self, asked: Invocation) -> None:
        if asked.argument:
            plan_named(self, asked.argument)
            return
        for finding in self.about(asked.subject)[:1]:
            opening.offers(self.desk, finding)

    async def do_case(self, asked: Invocation) -> None:
        from socconsole.screens import case_entry

        if asked.argument:
            case_entry.go_to(self, asked.argument)
        else:
            await case_entry.enter(self, ids := self.about(asked.subject), self.title_of(ids[0]))

    def do_pivot(self, asked: Invocation) -> None:
        if asked.argument:
            self.work(pivot_named(self, asked.argument))
            return
        for finding in self.about(asked.subject)[:1]:
            opening.pivot(self.desk, self._entities(finding), self.named((finding,)))

    def do_tree(self, asked: Invocation) -> None:
        for finding in self.about(asked.subject)[:1]:
            opening.tree(self.desk, self._entities(finding), self.named((finding,)))

    def do_undo(self, asked: Invocation) -> None:
        if asked.argument:
            opening.undo(self.desk, asked.argument)
            return
        from socconsole.store import actions

        of = {done.id for done in actions.of_findings(self.desk.conn, self.about(asked.subject))}
        here = [record for record in self.desk.standing_actions() if record.id in of]
        if len(here) == 1:
            opening.undo(self.desk, here[0].id)
        else:
            found = "no containment of this finding is" if not here else f"{len(here)} containments of it are"
            self.say(f"{found} in force; 5 Activity lists them all", "warning")

    # -- looking ---------------------------------------------------------------------------------------

    def do_raw(self, asked: Invocation) -> None:
        ids = self.about(asked.subject)
        if ids:
            opening.raw(self.desk, ids[0])

    def do_copy(self, asked: Invocation) -> None:
        ids = self.about(asked.subject)
        from socconsole.store import reading

        stored = reading.each(self.desk.conn, ids[:50])
        parts = [
            "\n".join(
                (
                    f"{s.finding.severity.name} {s.finding.priority.score}  {clean(s.finding.title)}",
                    f"{s.finding.id}  {s.finding.account or '-'}  {s.finding.region or '-'}  {s.state}",
                    *(f"{r.type} {clean(r.id)}" for r in s.finding.resources),
                )
            )
            for s in stored
        ]
        self.say(self.desk.app.send_to_clipboard("\n\n".join(parts)))

    # -- inside ----------------------------------------------------------------------------------------

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if not said and command.needs == "finding" and not self.about(self.subject()):
            return "no finding under the cursor"
        return said

    def named(self, ids: tuple[str, ...]) -> str:
        """What an act is about, in a few words."""
        if len(ids) != 1:
            return words.plural(len(ids), "finding")
        stored = self._stored(ids[0])
        if stored is None:
            return ids[0]
        title = clean(stored.finding.title)
        return fit(title, min(_NAME_CELLS, cell_len(title)), glyphs.current().cut)

    def title_of(self, finding: str) -> str:
        """What a finding is called, whole."""
        stored = self._stored(finding)
        return clean(stored.finding.title, 300) if stored is not None else ""

    def _stored(self, finding: str) -> Stored | None:
        from socconsole.store import reading

        return reading.get(self.desk.conn, finding)

    def _entities(self, finding: str) -> list[Entity]:
        from socconsole.store import pivot

        return pivot.of_finding(self.desk.conn, finding)

    def _told(self) -> str:
        if self.desk.mode is Mode.READ:
            return "READ: kept here, not sent"
        return "AWS is told NOTIFIED"

    def _not_snoozable(self, finding: str) -> str:
        stored = self._stored(finding)
        try:
            if stored is not None:
                triage.fingerprint(stored.finding)
        except triage.NotSnoozable as why:
            return str(why)
        return ""

    def _snoozed(self, ids: tuple[str, ...]) -> str:
        if len(ids) != 1:
            return f"{words.plural(len(ids), 'finding')}, each by its own actor, resource, type and severity"
        stored = self._stored(ids[0])
        if stored is None:
            return "1 finding"
        print_ = triage.fingerprint(stored.finding)
        who = words.plural(len(print_.actors), "actor") if print_.actors else "no actor"
        what = words.plural(len(print_.resources), "resource") if print_.resources else "itself alone"
        return f"only {print_.severity} {clean(print_.types[0], 40) if print_.types else ''} by {who} on {what}"
