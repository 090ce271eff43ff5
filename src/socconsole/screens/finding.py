"""One finding, whole; and the records it came from, as AWS sent them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

import msgspec
from textual.app import ComposeResult

from socconsole.screens import case_entry, escalate_sections, trail_sections, words
from socconsole.screens.acts import FindingActs
from socconsole.screens.base import Invocation
from socconsole.screens.desk import Desk
from socconsole.screens.finding_sections import heading, sections
from socconsole.screens.incident_sections import also_here, elsewhere, story, tied_by
from socconsole.screens.reader import ReadScreen
from socconsole.store import actions, incidents, reading, recorded_view
from socconsole.text import ascii_json
from socconsole.widgets.detail import Body, DetailPane, Section


class FindingScreen(FindingActs):
    """Everything known of a finding, with the same keys as in Triage."""

    place: ClassVar[str] = "triage"
    titled: ClassVar[str] = "a finding's screen"
    footer_ids: ClassVar[tuple[str, ...]] = (
        "back", "acknowledge", "claim", "note", "snooze", "verify", "contain", "escalate", "case", "undo",
         "raw", "copy", "help",
    )  # fmt: skip

    def __init__(self, desk: Desk, finding: str) -> None:
        super().__init__(desk)
        self.finding = finding

    def body(self) -> ComposeResult:
        yield DetailPane(id="detail")

    def built(self) -> None:
        self.query_one(DetailPane).focus()
        self.renew()

    def subject(self) -> Hashable:
        return (self.finding,)

    def renew(self) -> None:
        if not self.is_built:
            return
        stored = reading.get(self.desk.conn, self.finding)
        pane = self.query_one(DetailPane)
        if stored is None:
            pane.show_sections(f"{self.finding} is no longer in the store", [])
            return
        named = incidents.of(self.desk.conn, self.finding)
        members = incidents.members(self.desk.conn, named, self.desk.now()) if named else []
        shown = sections(stored, self.desk.stamp, full=True, elsewhere=elsewhere(members, stored.finding.id))
        when = next(n for n, section in enumerate(shown) if section.label == "when")
        told = recorded_view.of_finding(self.desk.conn, stored.finding, self.desk.now())
        shown[when:when] = trail_sections.recorded(told, self.desk.stamp)
        contained: list[Body] = [
            f"{done.id}  {words.named(done)} on {done.target}: {done.state.value.replace('_', ' ')}"
            for done in actions.of_finding(self.desk.conn, self.finding)
        ]
        if contained:
            shown.insert(2, Section("contained", contained))
        if named is not None and (found := incidents.get(self.desk.conn, named)) is not None:
            shown.insert(0, story(found, members, stored.finding.id, self.desk.stamp))
            rest = (also_here(members, stored.finding.id, full=True), tied_by(found, full=True))
            shown[2:2] = [section for section in rest if section is not None]
        if (case := case_entry.section(self.desk.conn, self.finding)) is not None:
            shown.insert(0, case)
        if (escalated := escalate_sections.about(self.desk, self.finding, full=True)) is not None:
            shown.insert(0, escalated)
        pane.show_sections(heading(stored.finding), shown, key=self.finding)


class RawScreen(ReadScreen):
    """Each record of a finding as JSON with ASCII escapes: exact, and harmless to a terminal."""

    def __init__(self, desk: Desk, finding: str) -> None:
        bodies = reading.bodies(desk.conn, finding)
        shown: list[Section] = []
        for number, body in enumerate(bodies, start=1):
            about: Body = [
                (f"record {number} of {len(bodies)}  {body.format}  from ", "quiet"),
                (body.origin, "quiet"),
                (f"  seen {desk.stamp(body.seen)}" + ("" if body.current else "  overtaken"), "quiet"),
            ]
            lines: list[Body] = list(_pretty(body.data).split("\n"))
            shown.append(Section("", [about, *lines, ""]))
        super().__init__(desk, f"{finding}: {words.plural(len(bodies), 'record')}", shown)
        self._exact = "\n".join(body.data.decode("ascii", "backslashreplace") for body in bodies)

    def do_copy(self, asked: Invocation) -> None:
        self.say(self.desk.app.send_to_clipboard(self._exact))


def _pretty(data: bytes) -> str:
    try:
        return ascii_json(msgspec.json.decode(data), indent=2)
    except msgspec.DecodeError:  # kept as it came, then shown as it came
        return data.decode("ascii", "backslashreplace")
