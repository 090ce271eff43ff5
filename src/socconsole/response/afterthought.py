"""The approval that break-glass owes: asked of the second person when it is done already, and put on record.

The lines are those of ``approvals``. What was done is what its intent holds: nobody is asked about anything else, and
no AWS is called. A proposal that was made just before glass was broken counts as well: its answer was only late.
"""

from __future__ import annotations

from datetime import datetime

from socconsole.model.action import ActionRecord, Plan
from socconsole.response import approvals, book, records
from socconsole.response.session import Refusal, Session
from socconsole.store import adopted, db, keys, ledger, owed
from socconsole.text import clean, token


def ask(session: Session, action_id: str) -> tuple[str, datetime]:
    """The line for the second person, and by when they owe their answer. Raises ``Refusal``. Blocks."""
    record, done, due = _owing(session, action_id)
    line = adopted.as_made(ledger.get(session.folder, [record.intent_seq])[record.intent_seq])
    why = line.entry.private.get("reason", "")
    return book.propose(session, done, record.undoes or "", why, done=record.id), due


def give(session: Session, action_id: str, line: str, reason: str = "") -> tuple[approvals.Second, int]:
    """Put the second person's yes on record: who, and the entry. Raises ``Refusal``. Blocks."""
    record, done, _ = _owing(session, action_id)
    try:
        second = _second(session, record, done, line)
        (entry,) = book.append(session.folder, records.approved(record.id, second, session.analyst, reason))
    except approvals.BadLine as bad:
        raise Refusal("refused", str(bad)) from bad
    except (ledger.LedgerError, ledger.EntryRefused) as error:
        raise Refusal("refused", f"the approval could not be recorded: {clean(str(error))}") from error
    return second, entry.seq


def _owing(session: Session, action_id: str) -> tuple[ActionRecord, Plan, datetime]:
    found = book.recorded(session.folder, action_id)
    if found is None:
        raise Refusal("input", f"no action has the id {token(action_id)}", "socconsole action show")
    with db.reading(session.folder) as conn:
        due = owed.approval_owed(conn, action_id)
    if due is None:
        raise Refusal("refused", f"{token(action_id)} owes no approval", f"socconsole action show {token(action_id)}")
    return *found, due


def _second(session: Session, record: ActionRecord, done: Plan, line: str) -> approvals.Second:
    """Raises ``BadLine``."""
    asked = _asked(session, record, done, approvals.wanted(line))
    own = keys.load(session.folder.keys)
    key = own.public if own else b""
    second = approvals.check(line, asked, session.config.peers, key, session.now(), afterwards=True)
    verbs = (records.INTENT, records.APPROVED)
    for used in ledger.window(session.folder, 0, book.LOOK_BACK, verbs=verbs).lines:
        data = used.entry.data
        cited = data["digest"] if used.entry.verb == records.APPROVED else (data.get("approval") or {}).get("digest")
        if cited == second.digest:
            raise approvals.BadLine(f"the approval was used already, by {data['id']}")
    return second


def _asked(session: Session, record: ActionRecord, done: Plan, proposal: str) -> approvals.Proposal | None:
    """What an approval answers, if it is about this very action. Raises ``BadLine`` where it is not."""
    lines = ledger.window(session.folder, 0, 1, verbs=(records.PROPOSAL,), subject=proposal).lines
    if not lines:
        return None
    asked = records.proposed(lines[0], approvals.calls_of(done))
    before = not asked.done and record.intended - approvals.LIFE <= asked.at <= record.intended
    if not approvals.about(asked, done, record.undoes or "") or not (before or asked.done == record.id):
        raise approvals.BadLine("the approval is for something else")
    return asked
