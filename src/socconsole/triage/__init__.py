"""Triage without I/O: merge, priority, state, fingerprints, correlation; the query language is ``triage.query``."""

from socconsole.triage.correlate import Deed, Group, Member, correlate
from socconsole.triage.entities import entities_of
from socconsole.triage.fingerprint import Fingerprint, NotSnoozable, fingerprint
from socconsole.triage.marks import Mark, is_sequence, marks
from socconsole.triage.merging import merge, strongest_key
from socconsole.triage.scoring import Context, Dataset, datasets, priority, scoring_digest
from socconsole.triage.standing import QUIET_AFTER, SNOOZE_LIMIT, Facts, resumed, snooze_holds, state

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
