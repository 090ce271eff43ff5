"""Escalating from a screen: the key that opens what would go where, and the answer to what is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence

from socconsole.commands import Command
from socconsole.screens import opening, words
from socconsole.screens.base import ConsoleScreen, Invocation
from socconsole.text import clean
from socconsole.widgets.asking import needed


class EscalateActs(ConsoleScreen):
    """Base of the screens from which somebody is told."""

    def escalates(self, subject: Hashable) -> Sequence[str]:
        """What a subject means to whoever escalates: ids of findings, or of one case."""
        return subject if isinstance(subject, tuple) else (str(subject),) if subject else ()

    def escalated(self) -> None:
        """What was under way was answered: the place to read again at once."""

    def do_escalate(self, asked: Invocation) -> None:
        # Bound now: what joins an incident while a reason is typed is not what was looked at.
        ids = tuple(self.escalates(asked.subject))
        word, _, rest = asked.argument.partition(" ")
        if not ids:
            self.say("there is nothing under the cursor to escalate", "warning")
        elif word.lower() == "stop":
            self.work(self._stop(ids, rest.strip()))
        else:
            opening.escalate(self.desk, ids, asked.argument)

    async def _stop(self, ids: Sequence[str], reason: str) -> None:
        from socconsole.store import escalation_acts  # with it comes the signing key's library: not before it is needed
        from socconsole.store.ledger import LedgerError

        found = await self.desk.read(escalation_acts.under_way, ids)
        if not found:
            self.say("nothing is under way about it", "warning")
            return
        named = ", ".join(sorted({one.path for one in found}))
        answer = await self.ask(
            f"answer path {named}: why", hint="nobody further is told", kind="reason",
            given=reason, check=needed("a reason"),
        )  # fmt: skip
        if answer is None:
            self.say("it goes on", "warning")
            return
        reason = answer
        try:
            stopped = await asyncio.to_thread(escalation_acts.stop, self.desk.folder, ids, self.desk.analyst, reason)
        except (escalation_acts.EscalationRefused, ValueError, LedgerError, OSError, self.desk.conn.Error) as trouble:
            self.say(f"not recorded: {clean(str(trouble), 300)}", "error")
            return
        self.desk.app.poll()
        self.say(f"{words.plural(len(stopped), 'escalation')} answered: nobody further is told", "good")
        self.escalated()

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if said or command.id != "escalate":
            return said
        if not self.desk.config.escalation:
            return "nobody to tell: the configuration has no [[escalation]]"
        return "" if self.subject() else "there is nothing under the cursor"
