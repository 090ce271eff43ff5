"""What of a case goes to others: its evidence pack, its report, drafts of notifications. Files, and nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from socconsole.model.case import Case
from socconsole.model.clock import ids, named
from socconsole.reports import draft
from socconsole.reports.as_data import as_data
from socconsole.reports.case_report import case_report
from socconsole.reports.files import NotWritten, form_of, formed, new_file, path_of
from socconsole.screens import words
from socconsole.screens.base import Invocation
from socconsole.screens.case_acts import CaseActs
from socconsole.screens.reader import ReadScreen
from socconsole.screens.replies import Said
from socconsole.store import db
from socconsole.text import clean
from socconsole.widgets.detail import Section

if TYPE_CHECKING:
    from socconsole.model.clock import Clock
    from socconsole.reports.packing import Packed
    from socconsole.store.db import Connection

_REDACTED: Final = "redacted"
_HINTS: Final = {
    "pack": "a new file; nothing is sent",
    "redacted": "no free text, no names, no records",
    "report": "NAME.html, .md or .json",
    "draft": "NAME.html, .md or .json; sends nothing",
}
_SHOWN: Final = 200


class CasePapers(CaseActs):
    """Base of the screens from which a case is handed to others."""

    def clock_under_cursor(self) -> str:
        """The clock that a row is about; empty where it is about something else."""
        return ""

    async def do_evidence(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        first, _, rest = asked.argument.partition(" ")
        redacted = first.lower() == _REDACTED
        name = (rest if redacted else asked.argument).strip()
        if not name:
            name = await self._file(case, _REDACTED if redacted else "pack", ".zip")
        if not name:
            return
        self.say("packing …", seconds=0)
        made = await asyncio.to_thread(self._pack, case, name, redacted)
        if isinstance(made, tuple):
            self.say(*made, 0)
        else:
            self.hush()
            self.desk.app.push_screen(ReadScreen(self.desk, [("packed: ", "good"), (case.id, "strong")], made))

    async def do_report(self, asked: Invocation) -> None:
        if (case := self._case()) is None:
            return
        name = asked.argument or await self._file(case, "report", ".html")
        if name:
            self.say(*await asyncio.to_thread(self._report, case, name), 0)

    async def do_draft(self, asked: Invocation) -> None:
        """``:draft [CLOCK] [FILE]``: names of clocks hold blanks, as those of entities do."""
        if (case := self._case()) is None:
            return
        here = self.clocks_here()
        clock, name = named(here, asked.argument)
        clock = clock or next((one for one in here if one.id == self.clock_under_cursor()), None)
        if clock is None:
            said = "no clock is under the cursor: :draft CLOCK [FILE]"
            self.say(f"{said}: {clean(ids(here), 600)}", "warning", 0)
            return
        name = name.strip()
        name = name or await self._file(case, "draft", ".html", f"{clock.regime}-{clock.deadline}")
        if name:
            self.say(*await asyncio.to_thread(self._draft, case, clock, name), 0)

    async def _file(self, case: Case, what: str, ending: str, name: str = "") -> str:
        """The name of a file that is not there yet; what is offered says what it is, and of when."""
        offered = f"{case.id}-{name or what}-{self.desk.now():%H%MZ}{ending}"
        return (await self.ask(f"{what} into", value=offered, hint=_HINTS[what]) or "").strip()

    # -- in a thread -----------------------------------------------------------------------------------

    def _pack(self, case: Case, name: str, redacted: bool) -> list[Section] | Said:
        from socconsole.reports import packing
        from socconsole.store.ledger import LedgerError

        desk = self.desk
        try:
            path = path_of(name)
            made = packing.write(desk.folder, desk.config, case, path, desk.analyst, desk.now(), redacted=redacted)
            return _packed(made)
        except NotWritten as trouble:
            return str(trouble), "error"
        except LedgerError as trouble:
            return f"not packed: {clean(trouble.message, 300)}", "error"

    def _report(self, case: Case, name: str) -> Said:
        def text(conn: Connection, form: str) -> str:
            document = case_report(self.desk.folder, conn, self.desk.config, case, self.desk.now())
            return formed(document, lambda: as_data(document), form)

        return self._written(name, text)

    def _draft(self, case: Case, clock: Clock, name: str) -> Said:
        gaps = 0

        def text(conn: Connection, form: str) -> str:
            nonlocal gaps
            made = draft.draft(conn, self.desk.config, case, clock, self.desk.now())
            gaps = made.gaps
            return formed(draft.document(made), lambda: draft.as_json(made), form)

        said, kind = self._written(name, text)
        return (f"{said}; {words.plural(gaps, 'gap')} to be written" if kind == "good" else said), kind

    def _written(self, name: str, text: Callable[[Connection, str], str]) -> Said:
        """``text`` says what stands in a file of a form."""
        from socconsole.store.ledger import LedgerError

        try:
            path = path_of(name)
            form = form_of(path)
            with db.reading(self.desk.folder) as conn:
                data = text(conn, form).encode()
            new_file(path, data)
        except NotWritten as trouble:
            return str(trouble), "error"
        except LedgerError as trouble:
            return f"not written: {clean(trouble.message, 300)}", "error"
        return f"{clean(str(path), _SHOWN)}: {len(data):,} bytes, readable by you alone", "good"


def _packed(made: Packed) -> list[Section]:
    """What whoever hands a pack over has to say of it: the hashes go by another way than the file."""
    missing = [[(f"{digest}: gone, or not what was kept; custody.json says so", "bad")] for digest in made.missing]
    return [
        Section("file", [clean(str(made.path), _SHOWN), f"{words.plural(made.files, 'file')}, {made.bytes:,} bytes"]),
        Section("sha256", [made.sha256]),
        Section("manifest", [made.manifest, [("SHA-256 of the list of all that is in it", "quiet")]]),
        Section("ledger", [f"entry {made.seq:,}"]),
        *([Section("MISSING", missing)] if missing else []),
        Section("verify", ["README.txt in it has the commands; they need unzip, sha256sum and openssl alone"]),
    ]
