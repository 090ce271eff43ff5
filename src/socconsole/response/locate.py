"""From what an analyst named to what is meant: the action, the one resource, and the finding behind it."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass

from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response.base import Action, BadTarget, Target
from socconsole.response.registry import ACTIONS
from socconsole.response.session import Refusal, Session
from socconsole.store import db, reading
from socconsole.text import token


@dataclass(frozen=True, slots=True)
class Aim:
    """What a request is about, without doubt."""

    action: Action
    target: Target
    finding: Finding | None


async def locate(session: Session, action_id: str, target: str, account: str, region: str, finding_id: str) -> Aim:
    """Raises ``Refusal`` (``input``) where anything is unknown, malformed or ambiguous; reads no AWS."""
    action = ACTIONS.get(action_id)
    if action is None:
        raise Refusal("input", f"no action is called {token(action_id)}", "socconsole contain --list")
    try:
        name = action.name(target)
    except BadTarget as bad:
        raise Refusal("input", str(bad)) from bad
    finding = await finding_of(session, finding_id)
    place = _place(session, account, region, name, action.targets(finding) if finding else ())
    return Aim(action, Target(name, place), finding)


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


def _place(session: Session, account: str, region: str, name: str, known: tuple[Target, ...]) -> Place:
    """Where the target is: as said; else where the finding says; else where there is only one place."""
    candidates = {t.place for t in known if t.id == name} or {
        Place(row.account, where) for row in session.config.accounts for where in row.regions
    }
    if account and region:
        return Place(account, region)
    fitting = {p for p in candidates if account in ("", p.account) and region in ("", p.region)}
    if len(fitting) == 1:
        return fitting.pop()
    places = ", ".join(f"{p.account} {p.region}" for p in sorted(fitting)[:6])
    raise Refusal(
        "input",
        f"where is {token(name)}? " + (f"It could be any of: {places}" if fitting else "No such place is known"),
        "--account and --region",
    )
