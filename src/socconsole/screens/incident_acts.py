"""Incidents in Triage: one row that stands for many findings, unfolded by a key, acknowledged whole or alone."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from typing import Final

from socconsole.commands import Acknowledge, Command
from socconsole.model.standing import State
from socconsole.screens import opening, words
from socconsole.screens.acts import FindingActs
from socconsole.screens.base import Invocation
from socconsole.store.filter import View
from socconsole.store.queue import QueueRow, Sort, SortBy
from socconsole.text import clean
from socconsole.triage.query import Query
from socconsole.widgets.asking import needed
from socconsole.widgets.footer import KeyHint

FIELD: Final = "incident:"

_STOPPED: Final = (State.BLOCKED, State.RESOLVED, State.SNOOZED)
"""Findings of an incident that nobody asks to stop."""


def folds(view: View, query: Query, sort: Sort) -> bool:
    """Whether a list shows one row an incident: by score, where a lead stands highest of all that it stands for.

    A filter, another order and the view of one's own are about findings.
    """
    return view is not View.MINE and not query.terms and not query.words and sort.by is SortBy.PRIORITY


class IncidentActs(FindingActs):
    """What Triage adds to the acts on findings where a row stands for an incident."""

    _came_from: str = ""
    """The finding that was under the cursor when an incident was unfolded."""
    _scope: str = ""
    """What tab does while an acknowledgement is asked for."""

    @abstractmethod
    def lead(self) -> QueueRow | None:
        """The row under the cursor, if it stands for others and nothing is marked."""

    @abstractmethod
    def under_cursor(self) -> QueueRow | None:
        """The row under the cursor."""

    @abstractmethod
    def show_incident(self, filter_text: str, cursor: str) -> None:
        """Show what a filter lets through, with the cursor on a finding."""

    @abstractmethod
    def incident_shown(self) -> str | None:
        """The incident whose findings are listed, where nothing is marked."""

    @property
    @abstractmethod
    def unfolded(self) -> bool:
        """Whether one incident's findings are listed."""

    # -- unfolding -------------------------------------------------------------------------------------

    def do_incident(self, asked: Invocation) -> None:
        from socconsole.store import incidents

        row = self.under_cursor()
        if asked.argument:
            named = incidents.resolve(self.desk.conn, asked.argument.lower())
            if named is None:
                self.say(f"there is no incident {clean(asked.argument, 40)}", "warning")
            else:
                self._came_from = row.id if row is not None else ""
                self.show_incident(FIELD + named, "")
        elif self.unfolded:
            self.fold_back()
        elif row is not None and row.incident is not None:
            self._came_from = row.id
            self.show_incident(FIELD + row.incident, row.id)
            self.say(f"the findings of {row.incident}, closed and snoozed ones too; i or esc folds them again")

    def fold_back(self) -> None:
        """Back to one row an incident, on the one that was unfolded."""
        self.show_incident("", self._came_from)

    def why_not(self, command: Command) -> str:
        said = super().why_not(command)
        if said or command.id != "incident" or self.unfolded:
            return said
        row = self.under_cursor()
        return "" if row is not None and row.incident is not None else "this finding stands alone"

    def label(self, command: Command) -> str:
        return "Fold" if command.id == "incident" and self.unfolded else super().label(command)

    # -- cases -----------------------------------------------------------------------------------------

    async def do_case(self, asked: Invocation) -> None:
        """Of a folded row, and of an unfolded incident without marks, the whole incident."""
        lead = self.lead()
        named = lead.incident if lead is not None else self.incident_shown()
        if asked.argument or named is None:
            await super().do_case(asked)
            return
        from socconsole.screens import case_entry
        from socconsole.store import incidents

        members = incidents.members(self.desk.conn, named, self.desk.now())
        here = asked.subject if isinstance(asked.subject, tuple) else ()
        # Bound now, with what was looked at first; members come worst first.
        ids = tuple(dict.fromkeys((*(row.id for row in members), *here)))
        await case_entry.enter(self, ids, self.title_of(ids[0]), named)

    # -- response --------------------------------------------------------------------------------------

    def do_contain(self, asked: Invocation) -> None:
        """Of a folded row, what stops any of its incident: each finding has targets of its own."""
        lead = self.lead()
        if asked.argument or lead is None or lead.incident is None or asked.subject != (lead.id,):
            super().do_contain(asked)
            return
        from socconsole.store import incidents

        members = incidents.members(self.desk.conn, lead.incident, self.desk.now())
        ids = dict.fromkeys(row.id for row in members if row.state not in _STOPPED)
        opening.offers(self.desk, *(ids or (lead.id,)), incident=lead.incident)

    # -- escalating ------------------------------------------------------------------------------------

    def escalates(self, subject: Hashable) -> Sequence[str]:
        """Of a folded row everything of its incident that waits: worst first, and the row itself whatever it is."""
        lead = self.lead()
        if lead is None or lead.incident is None or subject != (lead.id,):
            return super().escalates(subject)
        from socconsole.store import incidents

        members = incidents.members(self.desk.conn, lead.incident, self.desk.now())
        return tuple(dict.fromkeys((lead.id, *(row.id for row in members if _waits(row)))))

    # -- acknowledging ---------------------------------------------------------------------------------

    async def do_acknowledge(self, asked: Invocation) -> None:
        lead = self.lead()
        if lead is None or lead.incident is None or asked.subject != (lead.id,):
            await super().do_acknowledge(asked)
            return
        from socconsole.screens.incident_sections import severities
        from socconsole.store import incidents

        # Bound now: what joins the incident while a reason is typed is not what was looked at.
        every = [row for row in incidents.members(self.desk.conn, lead.incident, self.desk.now()) if _waits(row)]
        ids = tuple(dict.fromkeys((lead.id, *(row.id for row in every))))
        if asked.argument:  # a typed line has shown nobody what else it would be about
            rest = words.plural(len(ids) - 1, "other")
            left = f" alone; {rest} of its incident left as {'it is' if len(ids) == 2 else 'they are'}"
            done = f"acknowledged{left if len(ids) > 1 else ''}"
            await self.record(Acknowledge(ids=(lead.id,), reason=asked.argument.strip()), done)
            return
        if len(ids) == 1:
            await super().do_acknowledge(asked)
            return
        whole = True
        others = f"all {len(ids)} of this incident"
        preview = f"{others}: {severities(every)}; {self._told()}; tab: this one alone"
        alone = f"this finding alone, {len(ids) - 1} stay as they are; {self._told()}; tab: {others}"

        def turn(line: str) -> str:
            nonlocal whole
            whole = not whole
            self.hint(preview if whole else alone)
            return line

        self._scope = "all or one"
        try:
            reason = await self.ask(
                f"reason to acknowledge {self.named((lead.id,))}",
                hint=preview, complete=turn, kind="reason", check=needed("a reason"),
            )  # fmt: skip
        finally:
            self._scope = ""
        if reason is not None:
            await self.record(Acknowledge(ids=ids if whole else (lead.id,), reason=reason.strip()), "acknowledged")

    def answer_keys(self) -> Sequence[KeyHint]:
        keys = super().answer_keys()
        return [KeyHint(key.key, self._scope) if self._scope and key.key == "tab" else key for key in keys]


def _waits(row: QueueRow) -> bool:
    """Whether acknowledging an incident is about this one of its findings."""
    return row.state is State.NEW or (row.state in (State.BLOCKED, State.QUIET) and row.acked_at is None)
