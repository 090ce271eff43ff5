"""What a containment reads from and writes to the record. All of it blocks: call it off the loop."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from socconsole.aws.accounts import role_of
from socconsole.aws.worlds import drill_role
from socconsole.config import Config
from socconsole.model.action import ActionRecord, ActionState, Plan
from socconsole.model.entry import Entry, Line
from socconsole.model.world import WorldKind
from socconsole.response import approvals, rails, records
from socconsole.response.base import Noted, Target
from socconsole.response.session import Refusal, Session
from socconsole.store import actions, adopted, db, evidence, facts, handoffs, keys, ledger, project
from socconsole.store.ledger_verify import verify
from socconsole.store.state import StateFolder
from socconsole.text import clean, token

_log = logging.getLogger(__name__)


LOOK_BACK: Final = 200
"""Proposals and intents looked through for one approval: far more than thirty minutes hold."""


def lock_name(target: Target) -> str:
    """The lock that whoever acts on ``target`` holds, in any process of this host."""
    named = json.dumps([target.place.account, target.place.region, target.id])
    return f"target-{hashlib.sha256(named.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def responder_arn(session: Session, account: str) -> str:
    """The role that would make the calls; empty when it is the profile's own identity."""
    world = session.folder.world
    if world.drill is not None:
        return drill_role(account, "responder", world.partition)
    return role_of(session.config, account, "responder")


def recent_intents(folder: StateFolder, since: datetime) -> list[datetime]:
    """When the latest actions were confirmed, at most as many as the rate limit counts."""
    lines = ledger.window(folder, 0, rails.RATE, verbs=(records.INTENT,)).lines
    return [line.at for line in lines if line.at >= since]


def write_intent(
    folder: StateFolder, action_id: str, plan: Plan, who: str, reason: str, undoes: str | None, consent: records.Consent
) -> str:
    """Evidence first, then the intent; returns the ledger's head as ``SEQ:HASH16``.

    Raises ``Refusal``: what cannot be recorded is not done.
    """
    try:
        document = json.dumps(ledger.portable(dict(plan.evidence)), sort_keys=True, indent=1).encode()
        kept = evidence.put(folder, document)
        entry = records.intent(action_id, plan, who, reason, kept, undoes, consent)
        entry = replace(entry, data={**entry.data, **about(folder, plan.finding)})
        (line,) = append(folder, entry)
    except (ledger.LedgerError, ledger.EntryRefused, evidence.EvidenceError, OSError) as error:
        remedy = error.remedy if isinstance(error, ledger.LedgerError) else ""
        raise Refusal(
            "refused",
            f"nothing was done, because it could not be recorded: {clean(str(error))}",
            remedy,
            plan,
        ) from error
    return f"{line.seq}:{line.hash[:16]}"


def about(folder: StateFolder, finding: str | None) -> dict[str, Any]:
    """What is known of the finding that something is done for, for its entry. A store that cannot be read holds up no
    containment."""
    if not finding:
        return {}
    try:
        with db.reading(folder) as conn:
            return facts.said(conn, [finding])
    except Exception:  # whatever ails the store: the entry stands without it
        _log.warning("what is known of %s is not on its entry", finding, exc_info=True)
        return {}


def write_outcome(
    folder: StateFolder,
    action_id: str,
    plan: Plan,
    who: str,
    state: ActionState,
    calls: Sequence[Noted],
    detail: str,
) -> int:
    """The outcome; its sequence in the ledger."""
    (line,) = append(folder, records.outcome(action_id, plan, who, state, calls, detail))
    return line.seq


def append(folder: StateFolder, entry: Entry) -> list[Line]:
    """Write one entry and let the store learn of it.

    The entry counts once it is on the ledger: a store that cannot be written now catches up later.
    """
    lines = ledger.append(folder, [entry])
    try:
        project.project(folder)
    except Exception:  # whatever ails the store, the entry stands, and undoing the action here would help nobody
        _log.warning("the store could not take entry %d in", lines[-1].seq, exc_info=True)
    return lines


def propose(session: Session, plan: Plan, undoes: str, why: str, done: str = "") -> str:
    """Put a plan on record as a proposal; the line for the second person. Raises ``Refusal``.

    ``done`` is the action that carried it out already.
    """
    id_ = f"p-{secrets.token_hex(6)}"
    asked = approvals.propose(id_, plan, undoes, why, session.analyst, session.folder.install, session.now(), done)
    try:
        append(session.folder, records.proposal(asked))
    except (ledger.LedgerError, ledger.EntryRefused) as error:
        raise Refusal("refused", f"the proposal could not be recorded: {clean(str(error))}", plan=plan) from error
    return approvals.proposal_line(asked)


def approved(session: Session, line: str, plan: Plan, undoes: str) -> approvals.Second:
    """Who approved exactly this plan. Raises ``Refusal``."""
    try:
        id_ = approvals.wanted(line)
        since = session.now() - approvals.LIFE
        entries = ledger.window(session.folder, 0, LOOK_BACK, verbs=(records.PROPOSAL, records.INTENT)).lines
        asked = next(
            (
                records.proposed(entry, approvals.calls_of(plan))
                for entry in entries
                if entry.entry.verb == records.PROPOSAL and entry.entry.data["id"] == id_ and entry.at >= since
            ),
            None,
        )
        # The digest is made of what was proposed: that it is this plan, and this place of it, is decided here.
        if asked is not None and (asked.done or not approvals.about(asked, plan, undoes)):
            raise approvals.BadLine("the approval is for something else")
        own = keys.load(session.folder.keys)
        now = session.now()
        second = approvals.check(line, asked, session.config.peers, own.public if own else b"", now)
        used = [e for e in entries if (e.entry.data.get("approval") or {}).get("digest") == second.digest]
        if used:
            raise approvals.BadLine(f"the approval was used already, by {used[0].entry.data['id']}")
    except approvals.BadLine as bad:
        raise Refusal("refused", str(bad), plan=plan) from bad
    return second


def catch_up(folder: StateFolder) -> None:
    """Bring the store up to the ledger; ``Refusal`` where the two do not belong together."""
    try:
        project.project(folder)
    except (project.ProjectError, ledger.LedgerError) as error:
        raise Refusal("refused", error.message, error.remedy) from error


def recorded(folder: StateFolder, action_id: str) -> tuple[ActionRecord, Plan] | None:
    """An action as the store has it, with the plan of its intent; None for an unknown id."""
    catch_up(folder)
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        record = actions.get(conn, action_id)
    if record is None:
        return None
    line = ledger.get(folder, [record.intent_seq])[record.intent_seq]
    return record, records.plan_of(adopted.as_made(line))


def handed_over(folder: StateFolder, action_id: str) -> str:
    """Who answers for an action by now, in a sentence; empty while this install does."""
    with closing(db.connect(folder.store_db, readonly=True)) as conn:
        given = handoffs.holder(conn, action_id)
    if given is None:
        return ""
    return (
        f"{token(action_id)} was handed over to {clean(given.accepted_by, 80)} ({clean(given.peer, 80)}): undo it there"
    )


def unfit(folder: StateFolder, config: Config) -> str:
    """Why nothing may be contained from this state folder at all, in a sentence; empty when it may. Blocks.

    Proves the whole ledger: an action on top of a record that is not whole could not be proven either.
    """
    if folder.world.kind is WorldKind.IMPORT:
        return "this state folder holds imported findings only: it reaches no AWS"
    roles = any(account.responder_role for account in config.accounts)
    if folder.world.kind is WorldKind.LIVE and not roles and not config.allow_profile_to_respond:
        return "no account has a responder_role in the config, and allow_profile_to_respond is not set"
    verdict = verify(folder.root)
    if not verdict.whole:
        return f"the ledger is not whole: {verdict.reason}"
    return ""
