"""``iam-role-revoke-sessions``: deny everything to the sessions of a role that were issued before now.

What IAM's own "Revoke active sessions" does, under a name of ours: an inline Deny on the condition that
``aws:TokenIssueTime`` lies before a moment. New sessions are not touched. Facts: IAM User Guide, "Revoking IAM
role temporary security credentials". Long-term keys have no issue time: it does nothing to them.

The moment is AWS's clock when the plan was first made. It stays the same for :data:`HELD`, so that the plan that
was read and confirmed is the plan that is carried out, to the letter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response import statement
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut
from socconsole.response.iam_inline import CALLS, nobody
from socconsole.response.iam_principal import ROLE, Principal
from socconsole.response.iam_role import Role, RoleDeny, outage, stolen
from socconsole.response.wording import count, listed
from socconsole.text import token

HELD: Final = timedelta(minutes=5)
"""How long a plan's moment stands, from when it was first read."""

_INSTANCE: Final = timedelta(hours=6)
"""Credentials of an instance may live this long, whatever the role's longest session is."""

_KEY: Final = "aws:TokenIssueTime"


class IamRoleRevokeSessions(RoleDeny):
    """See the module's text."""

    policy = "socconsole-revoke-sessions"
    info = Info(
        id="iam-role-revoke-sessions",
        title="Revoke the sessions that a role has now",
        target_type="role",
        calls=CALLS[ROLE],
        stops="every session of the role that was issued before the moment in the plan, wherever it is used",
        does_not_stop="sessions taken on afterwards, by an intruder on the instance or by whoever the trust policy "
        "lets in; sessions of other roles that were taken on from this one; long-term keys",
        reversible=Reversible.YES,
        captures="the role with its trust policy, inline and attached policies, instance profiles, instances",
        verifies="the role's inline policy denies sessions issued before the moment in the plan",
        undo_leaves="nothing",
        pitfalls=(
            "it hits all users of the role at once: they are counted before",
            "instances, functions and tasks hold on to old credentials: the outage is said before",
            "an intruder on the instance fetches new credentials at once: said, isolate it first",
            "sessions of roles taken on from this one live on: said",
            "service-linked and Identity Center roles cannot be revoked so: refused",
            "the moment stands for five minutes, so that what was confirmed is what is done; sessions issued "
            "since are not touched: said",
            "undone before the longest session has ended it gives stolen sessions back: RE-EXPOSES",
        ),
    )

    def __init__(self) -> None:
        self._moments: dict[tuple[str, str], datetime] = {}

    def cut(self, seen: Principal, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not isinstance(seen, Role):
            return nobody(seen)
        denied = _denied_before(seen.inline.get(self.policy), self._sid)
        written, earlier = _written(self._moment(seen, denied)), _written(denied) if denied else ""
        return self.deny(
            seen,
            {"Action": "*", "Condition": {"DateLessThan": {_KEY: written}}},
            why=f"sessions of {token(seen.name)} issued before {earlier} are revoked, those issued since are not"
            if earlier
            else f"sessions of {token(seen.name)} live up to {_hours(_longest(seen))} and outlast whatever made them",
            blast_radius=f"all sessions issued before {written}; {seen.users()}",
            fit=60 if earlier else 85 if stolen(finding) else 80,
            warnings=(*outage(seen), *_warnings(seen, own, written)),
        )

    def _moment(self, seen: Role, denied: datetime | None) -> datetime:
        """``denied`` is what stands there now. Never before that: what somebody revoked meanwhile stays revoked."""
        now = seen.at
        for key, at in list(self._moments.items()):
            if not timedelta(0) <= now - at <= HELD:
                del self._moments[key]
        which = (seen.place.account, seen.name)
        at = self._moments.setdefault(which, now.replace(microsecond=0))
        if denied is not None and denied > at:
            at = self._moments[which] = max(now.replace(microsecond=0), denied)
        return at

    def exposed_by(self, seen: Principal, ours: Mapping[str, Any]) -> str:
        denied = _moment_of(ours)
        longest = max(_longest(seen), _INSTANCE if seen.profiles else timedelta(0))
        if denied is not None and seen.at - denied > longest:
            return ""
        return f"sessions of {token(seen.name)} that were revoked and have not run out (up to {_hours(longest)})"


def _warnings(seen: Role, own: Collection[str], written: str) -> tuple[str, ...]:
    said = [
        f"a session issued after {written} is not touched; a plan made later than five minutes from then has a "
        "later moment",
        "sessions of other roles that were taken on from this one go on",
    ]
    if seen.instances:
        said.append(
            "an intruder on the instance itself fetches new credentials at once: isolate it first (ec2-isolate)"
        )
    outside = [one for one in seen.callers if not any(account in one for account in own)]
    if outside:
        said.append(f"its trust lets in {count(len(outside), 'principal')} that are not yours{listed(outside)}")
    elif seen.callers:
        said.append("whoever its trust lets in may take it on again: change the trust, or iam-role-deny, if they do")
    return tuple(said)


def _longest(seen: Principal) -> timedelta:
    return timedelta(seconds=int(seen.details.get("MaxSessionDuration") or 3600))


def _hours(span: timedelta) -> str:
    return count(round(span.total_seconds() / 3600), "hour")


def _moment_of(ours: Mapping[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(ours["Condition"]["DateLessThan"][_KEY]))
    except (KeyError, TypeError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _denied_before(document: Any, sid: str) -> datetime | None:
    """The moment of an earlier revocation; None when there is none."""
    ours = statement.find(document, sid) if isinstance(document, Mapping) else None
    return _moment_of(ours) if ours else None


def _written(at: datetime) -> str:
    """As the condition has it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


ACTION: Final = IamRoleRevokeSessions()
