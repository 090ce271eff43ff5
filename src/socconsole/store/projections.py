"""What each ledger entry does to ``store.db``. Pure projections: the same entries always make the same rows.

An entry's ``subjects`` are the finding ids it is about (at most 100). ``data`` by verb:

========================================= ==============================================================
acknowledge, claim, note, verdict, snooze ``batch``, ``mode``, ``now`` (µs: the moment in the world's time,
                                          which in a drill is not the host's), ``send`` (Security Hub is to
                                          be told); verdict: ``verdict``; snooze: ``until`` (µs).
                                          Private: ``reason``, for a note ``text``
take_back                                 ``batch``, ``mode``, ``now``, ``send``, ``of`` (the batch taken
                                          back), ``field``, ``restore`` ({finding: entry that had set the
                                          field before, or null})
sent, overtaken, send_failed              ``writes`` ([[seq of the decision, finding], …]); sent: ``before``
                                          ({finding: {"workflow", "verdict"}} as AWS had it). Private: ``why``
intent                                    ``id``, ``action``, ``target``, ``account``, ``region``, ``finding``,
                                          ``calls``, ``undo_calls``, ``before``, ``after``, ``evidence``
                                          (SHA-256), ``reversible``, ``wide``, ``undoes``, ``expires``,
                                          ``closes`` (as ``triage.needs`` names it),
                                          ``approval``, ``break_glass``, ``owes`` (an approval, within the hour;
                                          there only with ``break_glass``)
outcome                                   ``id``, ``state``, ``when``, ``held``, ``results``, ``detail``
verified                                  ``id``, ``state``, ``when``, ``held``
resolved                                  ``id``, ``state``, ``detail``
overdue                                   ``id``, ``what`` (``owed.What``): what was due about an action by now
approved                                  ``id``, ``by``, ``peer``: the approval that was owed
ended                                     ``how`` (``gone.How``), ``waiting`` (critical or high, unacknowledged)
escalation, escalating, escalated, …       see ``escalations``
erase                                     ``of`` ([[seq, name], …])
probed                                    see ``probe_finding``
case_…, clock_…                           see ``project_cases``
shift_…, handoff…                         see ``project_handoffs``, handoff_unaccepted ``handoff_alarms``
adopted                                   see ``adopted``: applied as the entry that another install wrote;
                                          of a decision also ``stands``, the findings it changes nothing about
========================================= ==============================================================

Entries about findings also hold ``facts`` of them, for the metrics (see ``facts``); no row comes of those. Other verbs
(``world``, ``system``, ``import`` …) leave no row.
"""

from __future__ import annotations

import sqlite3

from socconsole.model.entry import Line
from socconsole.store import (
    adopted,
    escalations,
    handoff_alarms,
    own,
    probe_finding,
    project_actions,
    project_cases,
    project_decisions,
    project_handoffs,
    reading,
)
from socconsole.store.project_decisions import Lookup


def apply(conn: sqlite3.Connection, line: Line, lookup: Lookup) -> None:
    """Apply one entry inside the caller's transaction.

    Raises ``LookupError``, ``TypeError`` or ``ValueError`` for an entry of a known verb in an unknown shape.
    """
    if project_decisions.apply(conn, line, lookup):
        return
    line = adopted.as_made(line)
    verb = line.entry.verb
    if verb == "erase":
        _erase(conn, line)
    elif verb == "ended" and line.entry.data.get("how") == reading.How.GONE and line.entry.data.get("waiting"):
        own.vanished(conn, line)
    elif verb in project_actions.VERBS:
        project_actions.apply(conn, line)
    elif verb == probe_finding.PROBED:
        probe_finding.probed(conn, line)
    elif verb in project_cases.VERBS:
        project_cases.apply(conn, line)
    elif verb in escalations.VERBS:
        escalations.apply(conn, line)
    elif verb in project_handoffs.VERBS:
        project_handoffs.apply(conn, line)
        if verb == project_handoffs.ACCEPTED:
            handoff_alarms.settled(conn, line)
    elif verb == handoff_alarms.UNACCEPTED:
        handoff_alarms.unaccepted(conn, line)


def _erase(conn: sqlite3.Connection, line: Line) -> None:
    for seq, name in line.entry.data["of"]:
        project_cases.erase(conn, seq, name)
        project_decisions.erase(conn, seq, name)
