"""What stands beside Triage's rows: the finding under the cursor, its incident's story, and the cases it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socconsole.screens import case_entry, escalate_sections
from socconsole.screens.finding_sections import heading, sections
from socconsole.screens.incident_sections import also_here, elsewhere, story, tied_by
from socconsole.store import incidents, reading
from socconsole.widgets.detail import Body, Section

if TYPE_CHECKING:
    from socconsole.screens.desk import Desk
    from socconsole.store.queue import QueueRow


def detail(desk: Desk, row: QueueRow) -> tuple[Body, list[Section]]:
    """Title and sections of a row."""
    stored = reading.get(desk.conn, row.id, desk.now())
    if stored is None:
        return "gone from the store", []
    members = incidents.members(desk.conn, row.incident, desk.now()) if row.incident else []
    shown = sections(stored, desk.stamp, elsewhere=elsewhere(members, row.id))
    if row.incident is not None and (found := incidents.get(desk.conn, row.incident)) is not None:
        shown.insert(0, story(found, members, row.id, desk.stamp))
        rest = (also_here(members, row.id, full=False), tied_by(found, full=False))
        shown += [section for section in rest if section is not None]
    hidden = [one.id for one in members] if row.folds else []
    if (escalated := escalate_sections.about(desk, row.id, *hidden, full=False)) is not None:
        shown.insert(0, escalated)
    if (case := case_entry.section(desk.conn, row.id)) is not None:
        shown.insert(0, case)
    return heading(stored.finding), shown
