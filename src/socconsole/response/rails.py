"""The rails: everything that can forbid a containment, in one place, so that no way in goes around them.

Each rail answers with a sentence; no sentence, no objection. Nothing here talks to AWS or asks anyone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from socconsole.model.action import Mode, Plan
from socconsole.model.finding import Finding, Severity, Workflow
from socconsole.model.world import World, WorldKind
from socconsole.store.owed import BROKEN_GLASS
from socconsole.text import token

STALE: Final = timedelta(seconds=5)
"""A plan older than this is read again before its first call."""

RATE: Final = 5
"""Confirmed actions in :data:`RATE_WINDOW`, over all sessions of this state folder."""

RATE_WINDOW: Final = timedelta(minutes=10)

SKEW: Final = timedelta(minutes=5)
"""Against AWS's clock; beyond it the instants in the record would be wrong."""

TAIL: Final = 6
"""Characters of the target's id that are typed to confirm, where the action is not wide."""

_PLAIN: Final = re.compile(r"[\x21-\x7e]+")


def armed(mode: Mode) -> str:
    """Containment happens in RESPOND and nowhere else."""
    if mode is Mode.RESPOND:
        return ""
    return f"not armed: the mode is {mode.value}, a containment needs RESPOND"


def world(world: World, account: str) -> str:
    """An import calls no AWS; a live world acts only where its stamp says."""
    if world.kind is WorldKind.IMPORT:
        return "this state folder holds imported findings only: it reaches no AWS"
    if account not in world.accounts:
        return f"account {token(account)} is not part of this state folder's world"
    return ""


def never_touch(patterns: Sequence[str], plan: Plan, arn: str) -> str:
    """Patterns (``*`` and ``?``) over the target's id, its ARN, its account, or ``account/id``."""
    names = (plan.target, arn, plan.place.account, f"{plan.place.account}/{plan.target}")
    for pattern in patterns:
        if any(fnmatchcase(name, pattern) for name in names):
            return f"{token(plan.target)} is on the never-touch list ({token(pattern)})"
    return ""


def protected(tags: Mapping[str, str], plan: Plan) -> str:
    """Key to value, ``*`` for any. A target whose tags AWS would not show counts as protected, if any are."""
    if not tags:
        return ""
    if any(part.evidence.get("tags") == {"denied": True} for part in (plan, *plan.parts)):
        return "the target's tags could not be read, so that protected tags cannot be ruled out"
    for key, value in tags.items():
        if key in plan.tags and value in ("*", plan.tags[key]):
            return f"the target carries the protected tag {token(key)}={token(plan.tags[key])}"
    return ""


def identity(responder: str, profile_may: bool) -> str:
    """Whose rights a containment would use: a responder role's, or the profile's own where that is allowed."""
    if responder or profile_may:
        return ""
    return "the account has no responder_role in the config, and allow_profile_to_respond is not set"


def sample(finding: Finding | None) -> str:
    if finding is not None and finding.sample:
        return "the finding is a sample: nothing real stands behind it"
    return ""


def second_person(plan: Plan, *, approved: bool, glass: bool, alone: bool) -> str:
    """What nobody does alone: an action marked so, or an undo that re-exposes.

    ``glass``: break-glass was said and counts; ``alone``: the team has nobody else, or it is a drill.
    """
    if not (plan.second_person or plan.re_exposes) or approved or glass or alone:
        return ""
    why = "this RE-EXPOSES" if plan.re_exposes else "this reaches wide, or cannot be undone as it was"
    return f"{why}: a second person has to approve it"


def break_glass(asked: bool, reason: str, finding: Finding | None) -> str:
    """Break-glass replaces the second person and the rate limit, and nothing else; and only for an open P1."""
    if not asked:
        return ""
    if not reason.strip():
        return "break-glass needs a reason"
    if finding is None or finding.severity is not Severity.CRITICAL or finding.sample:
        return "break-glass is for an open CRITICAL finding: name it (--finding)"
    if not finding.active or finding.workflow in (Workflow.RESOLVED, Workflow.SUPPRESSED):
        return "break-glass is for an open CRITICAL finding: this one is closed"
    if BROKEN_GLASS in finding.types:
        return "break-glass is for an open CRITICAL finding: that glass was broken before is no reason to do it again"
    return ""


def rate(recent: Sequence[datetime], now: datetime) -> str:
    """``recent``: when actions were confirmed lately."""
    within = sorted(at for at in recent if now - at < RATE_WINDOW)
    if len(within) < RATE:
        return ""
    wait = (within[-RATE] + RATE_WINDOW - now).total_seconds()
    # In this order: the 80 cells of a console's footer end behind the way out.
    return (
        f"the limit is {RATE} in 10 min; next in {int(wait) + 1} s, or --break-glass on the command line "
        f"(for an open CRITICAL finding, with --finding and --reason)"
    )


def skew(seconds: float | None) -> str:
    """``seconds`` our clock is ahead of AWS's, None where no answer told."""
    if seconds is None or abs(seconds) <= SKEW.total_seconds():
        return ""
    side = "ahead of" if seconds > 0 else "behind"
    return f"this machine's clock is {abs(seconds):.0f} s {side} AWS's: the record would be wrong"


def exposure(plan: Plan, accepted: bool, reason: str) -> str:
    """Handing back a public state takes more than a key."""
    if not plan.re_exposes:
        return ""
    if not accepted:
        return "this RE-EXPOSES: what it restores is public, and that has to be accepted (--accept-exposure)"
    if not reason.strip():
        return "this RE-EXPOSES: it needs a reason"
    return ""


def moved(shown: Plan, fresh: Plan) -> str:
    """Does the plan that was shown still say what would happen?"""
    same = (
        shown.calls == fresh.calls
        and shown.before == fresh.before
        and shown.re_exposes == fresh.re_exposes
        and shown.wide == fresh.wide
    )
    return "" if same else "the target changed since the plan was shown: look at the new plan first"


def stale(plan: Plan, now: datetime) -> bool:
    return now - plan.read_at > STALE


def confirm_text(plan: Plan) -> str:
    """What has to be typed: the last six characters of the target's id, all when wide or re-exposing."""
    return plan.target if plan.wide or plan.re_exposes or len(plan.target) <= TAIL else plan.target[-TAIL:]


def confirmed(plan: Plan, typed: str, *, whole: bool = False) -> str:
    """``whole``: a script has to give the whole id; at a keyboard the tail is enough where it is enough."""
    if typed == plan.target:
        return ""
    wanted = plan.target if whole else confirm_text(plan)
    if not typed:
        return f"unconfirmed: type {token(wanted)}"
    if not _PLAIN.fullmatch(typed):
        return "what was typed holds something other than plain ASCII: it may look right and not be it"
    return "" if typed == wanted else f"what was typed is not {token(wanted)}"


def of_plan(
    plan: Plan,
    finding: Finding | None,
    arn: str,
    *,
    never: Sequence[str],
    tags: Mapping[str, str],
    world_: World,
    responder: str,
    profile_may: bool,
) -> Plan:
    """The plan with every objection that does not depend on who confirms it, and when."""
    said = (
        world(world_, plan.place.account),
        never_touch(never, plan, arn),
        protected(tags, plan),
        sample(finding),
        identity(responder, profile_may),
    )
    return replace(plan, refusals=(*plan.refusals, *(sentence for sentence in said if sentence)))
