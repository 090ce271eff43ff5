"""IR-01 and IR-02: whether what the night needs is there, and whether anybody has practised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from socconsole.model.estate.policy import Policy, Principal, Statement
from socconsole.model.estate.readiness import AccountReadiness, BreakGlass, Drills, EvidenceBucket, Readiness, Responder
from socconsole.model.known import Known, Read, Unread
from socconsole.model.posture import Judged
from socconsole.posture.check import (
    AnyCheck,
    Check,
    Condition,
    Context,
    Here,
    Said,
    failed,
    here,
    passed,
    unknown,
    weigh,
)
from socconsole.posture.principals import account_of
from socconsole.text import Untrusted

_ASSUME: Final = {"AWS": "sts:AssumeRole", "Federated": "sts:AssumeRoleWithSAML"}
_WEB: Final = "sts:AssumeRoleWithWebIdentity"
_DELETED: Final = re.compile(r"A(?:IDA|ROA|GPA|NPA)[A-Z0-9]{12,}")
"""What IAM puts in the place of a user or role that was deleted: its unique id."""
_PERSONAL: Final = frozenset(
    {
        "aws:multifactorauthpresent",
        "aws:multifactorauthage",
        "aws:principalorgid",
        "aws:principalarn",
        "aws:sourceidentity",
        "sts:externalid",
        "sts:rolesessionname",
        "saml:aud",
        "saml:sub",
    }
)
"""Conditions that somebody who is meant can fulfil; of others it is not known."""
_SKEW: Final = timedelta(minutes=5)


# --- IR-01 --------------------------------------------------------------------------------------------


def _somewhere(context: Context) -> Read[tuple[Here, ...]]:
    """Every place with something that has to stand ready in it."""
    part = context.part(Readiness)
    return here(context) if part.account is not None or part.responders else Known(())


def ready(place: Here, context: Context) -> Judged:
    """IR-01."""
    part = context.part(Readiness)
    account = _account(part.account, context) if part.account is not None else ()
    return weigh([*account, *(partial(_runs, one) for one in part.responders)])


def _account(part: AccountReadiness, context: Context) -> Iterator[Condition]:
    yield partial(_contact, part)
    yield partial(_way_in, part.break_glass, context)
    yield partial(_kept, part, context)
    if not isinstance(part.evidence, Unread):
        for bucket in part.evidence.get():
            yield partial(_locked, bucket)


def _contact(part: AccountReadiness) -> Said:
    there = part.security_contact.get()
    return Said(there, "a security contact is set" if there else "no alternate contact for security")


def _way_in(role: BreakGlass | None, context: Context) -> Said:
    declared = context.config.posture.break_glass_role
    if declared is None:
        return Said(False, "no break-glass role is declared (posture.break_glass_role)")
    if role is None:
        owner = declared.split(":")[4]
        if owner not in context.own_accounts:
            return Said(None, f"{declared} belongs to an account that is not read")
        return Said(True, f"the break-glass role is account {owner}'s: looked at there")
    trust = role.trust.get()
    if trust is None:
        return Said(False, f"{role.arn} does not exist")
    return assumable(trust, role.arn, context.own_accounts | {context.place.account})


def assumable(trust: Policy, arn: str, own: frozenset[str]) -> Said:
    """Whether its trust lets in somebody who is meant, of one of these accounts. Conditions may leave that open."""
    if any(one.touches(action) for one in trust.denies for action in (*_ASSUME.values(), _WEB)):
        return Said(None, f"the trust policy of {arn} denies somebody, and who is left is not worked out")
    open_: list[str] = []
    strangers: list[str] = []
    for one in trust.allows:
        for principal in one.principals:
            if not _lets_in(one, principal):
                continue
            if (account_of(principal.value) or "") not in (own | {""}):
                strangers.append(principal.value)
                continue
            if principal.value == "*":
                if not one.conditions:
                    return Said(False, f"anybody in the world can assume {arn}")
                open_.append("everybody")
            strange = [str(condition) for condition in one.conditions if condition.key not in _PERSONAL]
            if strange or principal.value == "*":
                open_ += strange
                continue
            return Said(True, f"{principal.value} can assume {arn}")
    if open_:
        return Said(None, f"{arn} can be assumed under conditions that are not weighed here: {'; '.join(open_)}")
    whom = f"only strangers: {', '.join(strangers)}" if strangers else "nobody"
    return Said(False, f"the trust policy of {arn} lets in {whom}")


def _lets_in(statement: Statement, principal: Principal) -> bool:
    """A person, not a service; and one that still exists."""
    if principal.kind not in _ASSUME or _DELETED.fullmatch(principal.value):
        return False
    wanted = (_ASSUME[principal.kind],) if principal.kind == "AWS" else (_ASSUME[principal.kind], _WEB)
    return any(statement.acts_on(action) for action in wanted)


def _keeper(context: Context) -> str:
    """The account in which evidence is kept: the forensic one where it is ours, else the first."""
    config = context.config
    if config.forensic_account in context.own_accounts:
        return str(config.forensic_account)
    return config.accounts[0].account if config.accounts else context.place.account


def _kept(part: AccountReadiness, context: Context) -> Said:
    keeper, patterns = _keeper(context), context.config.posture.evidence_buckets
    if not patterns:
        return Said(False, "no bucket is declared to keep evidence (posture.evidence_buckets)")
    found = ", ".join(one.name for one in part.evidence.get())
    if context.place.account != keeper:
        return Said(True, f"evidence is kept in account {keeper}: looked at there")
    return Said(bool(found), f"evidence is kept in {found}" if found else f"no bucket here is {' or '.join(patterns)}")


def _locked(bucket: EvidenceBucket) -> Said:
    lock = bucket.lock.get()
    return Said(lock.enabled, f"{bucket.name} {'has' if lock.enabled else 'has no'} Object Lock")


def _runs(responder: Responder) -> Said:
    state, what = responder.state.get(), "document" if responder.document else "function"
    name = f"{responder.runbook}: {what} {responder.name}"
    if not state:
        return Said(False, f"{name} is not deployed here")
    if state != "Active":
        return Said(False, f"{name} is {state}")
    throttled = responder.reserved.get() == 0
    return Said(not throttled, f"{name} is {'throttled to 0' if throttled else 'deployed'}")


# --- IR-02 --------------------------------------------------------------------------------------------


def _once(context: Context) -> Read[tuple[Here, ...]]:
    """The team practises as a whole: the result stands with the first place of the configuration."""
    accounts = context.config.accounts
    if not accounts or (context.place.account, context.place.region) != (accounts[0].account, accounts[0].regions[0]):
        return Known(())
    try:
        context.part(Drills)
    except LookupError:  # it comes from the state folder, and whoever evaluates may have none
        return Unread("state folder", Untrusted("nobody looked for the drills that are kept here"))
    return here(context)


def practised(place: Here, context: Context) -> Judged:
    """IR-02. A folder that cannot be read may hold a later exercise, never an earlier one that counts; one that goes on
    may become one, and counts when it is over."""
    part, longest = context.part(Drills), timedelta(days=context.config.posture.drill_days)
    unreadable = (
        *(f"not read: {one}" for one in part.unreadable),
        *(f"{one} goes on now: it counts when it is over" for one in part.running),
    )
    if part.last is None:
        words = "no tabletop exercise is kept here in which anybody decided anything"
        return unknown(words, *unreadable) if unreadable else failed(words)
    age = context.now - part.last.at
    words = f"the last exercise was {part.last.name} ({part.last.scenario}), {part.last.at:%Y-%m-%d}"
    if age < -_SKEW:
        return unknown(f"{words}: that is not yet")
    if age <= longest:
        return passed(f"{words}, {age.days} of {longest.days} days ago")
    late = f"{words}: {age.days} days ago, more than {longest.days}"
    return unknown(late, *unreadable) if unreadable else failed(late)


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("IR-01", _somewhere, ready),
    Check("IR-02", _once, practised),
)
