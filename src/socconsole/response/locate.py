"""From what an analyst named to what is meant: the action, the one resource, and the finding behind it."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from socconsole.model.finding import Finding, Format, Kind
from socconsole.model.world import Place
from socconsole.posture.catalogue import catalogue
from socconsole.response import registry
from socconsole.response.base import Action, BadTarget, Target
from socconsole.response.session import Refusal, Session
from socconsole.store import db, reading
from socconsole.store.queue import QueueReader, View
from socconsole.text import token
from socconsole.triage.query import parse

_FINDINGS: Final = 50
"""How many findings are asked where a resource is."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a request is about, without doubt."""

    action: Action
    target: Target
    finding: Finding | None
    check: str = ""
    """The posture check that it is to mend: said, or told by the finding; only where the action is its fix."""


async def locate(
    session: Session, action_id: str, target: str, account: str, region: str, finding_id: str, check: str = ""
) -> Aim:
    """Raises ``Refusal`` (``input``) where anything is unknown, malformed or ambiguous; reads no AWS."""
    action = registry.known(session.config).get(action_id)
    if action is None:
        raise Refusal("input", f"no action is called {token(action_id)}", "socconsole contain --list")
    _mended_by(check, action_id)
    try:
        name = action.name(target)
    except BadTarget as bad:
        raise Refusal("input", str(bad)) from bad
    finding = await finding_of(session, finding_id)
    known = {t.place for t in action.targets(finding) if t.id == name} if finding else set()
    if not known and not (account and region):
        known = await asyncio.to_thread(_seen_at, session, action, name)
    place = _place(session, account, region, name, known)
    return Aim(action, Target(name, place), finding, check or told_by(finding, action_id))


def told_by(finding: Finding | None, action: str) -> str:
    """The posture check that a finding of ours tells of and ``action`` mends; empty where it tells of anything else."""
    if finding is None or finding.kind is not Kind.CONTROL or Format.POSTURE.value not in finding.sources:
        return ""
    told = (each.removeprefix("Posture:") for each in finding.types)
    return next((id_ for id_ in told if id_ in catalogue() and action in catalogue()[id_].actions), "")


def _mended_by(check: str, action: str) -> None:
    """Raises ``Refusal`` unless ``action`` is what the catalogue names for the check, or there is no check."""
    about = catalogue().get(check) if check else None
    if check and about is None:
        raise Refusal("input", f"no check is called {token(check)}", "socconsole posture --list")
    if about is not None and action not in about.actions:
        by = f"what does: {', '.join(about.actions)}" if about.actions else "no action does"
        raise Refusal("input", f"{about.id} is not mended by {token(action)}; {by}")


async def finding_of(session: Session, finding_id: str) -> Finding | None:
    if not finding_id:
        return None

    def get() -> Finding | None:
        with closing(db.connect(session.folder.store_db, readonly=True)) as conn:
            stored = reading.get(conn, finding_id)
        return stored.finding if stored else None

    finding = await asyncio.to_thread(get)
    if finding is None:
        raise Refusal("input", f"no finding has the id {token(finding_id)}", "socconsole findings")
    return finding


def _seen_at(session: Session, action: Action, name: str) -> set[Place]:
    """Where findings say that a resource is. Blocks."""
    with QueueReader(session.folder.store_db) as queue, db.reading(session.folder) as conn:
        ids = queue.ids(View.ALL, parse(f'res:"{name}"'), now=session.now(), limit=_FINDINGS)
        found = [action.targets(stored.finding) for stored in reading.each(conn, ids)]
    return {target.place for targets in found for target in targets if target.id == name}


def _place(session: Session, account: str, region: str, name: str, known: set[Place]) -> Place:
    """Where the target is: as said; else where findings say; else where there is only one place."""
    candidates = known or {Place(row.account, where) for row in session.config.accounts for where in row.regions}
    if account and region:
        return Place(account, region)
    fitting = {p for p in candidates if account in ("", p.account) and region in ("", p.region)}
    if len(fitting) == 1:
        return fitting.pop()
    places = ", ".join(f"{p.account} {p.region}" for p in sorted(fitting)[:6])
    raise Refusal(
        "input",
        f"no finding names {token(name)}: " + (f"where is it, in {places}?" if fitting else "no such place is known"),
        "--account and --region",
    )
