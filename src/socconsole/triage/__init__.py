"""Triage without I/O: merge, priority, state, fingerprints, correlation; the query language is ``triage.query``.

A name comes from its module when it is first asked for: before its first frame the console needs queries and what a
state is, and nothing of what merges, scores and correlates.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from socconsole.triage.correlation import Deed, Group, Member, correlate
    from socconsole.triage.entities import entities_of
    from socconsole.triage.fingerprints import Fingerprint, NotSnoozable, fingerprint
    from socconsole.triage.limits import QUIET_AFTER, SNOOZE_LIMIT
    from socconsole.triage.marking import Mark, is_sequence, marks
    from socconsole.triage.merging import merge, strongest_key
    from socconsole.triage.scoring import Context, Dataset, datasets, priority, scoring_digest
    from socconsole.triage.standing import Facts, resumed, snooze_holds, state
else:  # the type checker has the imports above, and would take any name at all from a ``__getattr__``
    _MODULES = {
        "correlation": ("Deed", "Group", "Member", "correlate"),
        "entities": ("entities_of",),
        "fingerprints": ("Fingerprint", "NotSnoozable", "fingerprint"),
        "limits": ("QUIET_AFTER", "SNOOZE_LIMIT"),
        "marking": ("Mark", "is_sequence", "marks"),
        "merging": ("merge", "strongest_key"),
        "scoring": ("Context", "Dataset", "datasets", "priority", "scoring_digest"),
        "standing": ("Facts", "resumed", "snooze_holds", "state"),
    }
    _WHERE = {name: module for module, names in _MODULES.items() for name in names}

    def __getattr__(name: str) -> Any:
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # No module here has the name of something in one: importing it would put the module in that one's place.
        found = globals()[name] = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
        return found


__all__ = [
    "QUIET_AFTER",
    "SNOOZE_LIMIT",
    "Context",
    "Dataset",
    "Deed",
    "Facts",
    "Fingerprint",
    "Group",
    "Mark",
    "Member",
    "NotSnoozable",
    "correlate",
    "datasets",
    "entities_of",
    "fingerprint",
    "is_sequence",
    "marks",
    "merge",
    "priority",
    "resumed",
    "scoring_digest",
    "snooze_holds",
    "state",
    "strongest_key",
]
