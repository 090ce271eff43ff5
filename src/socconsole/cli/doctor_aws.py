"""``doctor`` at AWS: who we are, what answers, what each role may do, and which clock is right.

Reading is tried, each operation with its cheapest call. What would change something is only foretold by
SimulatePrincipalPolicy, which sees neither SCPs nor conditions: "likely" is the most it can say.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from socconsole.cli import doctor_egress, doctor_trail
from socconsole.cli.checks import Check, fail, ok, warn
from socconsole.cli.exits import Code
from socconsole.text import Untrusted, ascii_json, clean

if TYPE_CHECKING:
    from socconsole.aws import AwsTrouble, Door
    from socconsole.aws.iam import Push
    from socconsole.aws.operations import Role
    from socconsole.config import AccountConfig, Config
    from socconsole.model.world import Place, World

DEADLINE: Final = 10.0
"""Seconds for one call here: a doctor who waits longer has his answer."""

SKEW_WARN: Final = 30.0
SKEW_FAIL: Final = 240.0
"""Seconds; AWS refuses signatures that are more than five minutes off."""

_ROLE_ARN: Final = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/(?:.*/)?([^/]+)")
_LISTED: Final = 5
_CHEAP: Final = 0.2
"""What a simulation takes from the token bucket: AWS publishes no quota for it, and a doctor comes rarely."""


async def examine(world: World, settings: Config, analyst: str) -> list[Check]:
    """Every configured account, all at once; accounts are told in the order of the configuration."""
    from socconsole.aws import Door
    from socconsole.model.action import Mode

    if not settings.accounts:
        return [fail("aws", "no account is configured", "socconsole config init   (shows how)", Code.NOT_FRESH)]
    async with Door.open(settings, world, "reader", Mode.READ, analyst) as door:
        found = await asyncio.gather(*(_account(door, one, settings, analyst) for one in settings.accounts))
    return [check for checks in found for check in checks]


async def _account(door: Door, account: AccountConfig, settings: Config, analyst: str) -> list[Check]:
    from socconsole.aws import AwsTrouble
    from socconsole.model.world import Place

    home = Place(account.account, account.regions[0])
    area = f"aws {account.account}"
    before = datetime.now(UTC)
    try:
        who = await door.call(home, "sts:GetCallerIdentity", {}, deadline=DEADLINE)
    except AwsTrouble as trouble:
        return [_failed(area, "no identity", trouble)]
    found = [ok(area, f"reads as {clean(str(who['Arn']), 200)}"), _clock(area, who, before, datetime.now(UTC))]
    parts = await asyncio.gather(
        _buckets(door, home, area),
        *(_region(door, Place(account.account, region), account) for region in account.regions),
        *(doctor_egress.topic(door, Place(account.account, region), settings) for region in account.regions),
        _permissions(door, home, account, settings, analyst),
    )
    return found + [check for part in parts for check in part]


def _failed(area: str, what: str, trouble: AwsTrouble) -> Check:
    return fail(area, f"{what}: {trouble.kind}: {clean(trouble.detail, 300)}", trouble.remedy, Code.NOT_FRESH)


def _clock(area: str, answer: Mapping[str, Any], before: datetime, after: datetime) -> Check:
    """This machine's clock against the ``Date`` header of the answer, which counts whole seconds."""
    told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
    try:
        theirs = parsedate_to_datetime(told)
    except (TypeError, ValueError):
        return warn(area, "the answer has no date: this machine's clock cannot be judged")
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    skew = abs((theirs - (before + (after - before) / 2)).total_seconds())
    if skew >= SKEW_FAIL:
        return fail(area, f"this machine's clock is {skew:.0f} s off", "timedatectl set-ntp true", Code.NOT_FRESH)
    if skew >= SKEW_WARN:
        return warn(area, f"this machine's clock is {skew:.0f} s off", "timedatectl set-ntp true")
    return ok(area, "this machine's clock agrees with AWS")


async def _buckets(door: Door, home: Place, area: str) -> list[Check]:
    from socconsole.aws import AwsTrouble

    try:
        await door.call(home, "s3:ListBuckets", {}, deadline=DEADLINE)
    except AwsTrouble as trouble:
        return [_failed(area, "s3:ListBuckets", trouble)]
    return [ok(area, "s3:ListBuckets answers")]


# --- one region ---------------------------------------------------------------------------------------------


async def _region(door: Door, place: Place, account: AccountConfig) -> list[Check]:
    area = f"aws {place.account} {place.region}"
    services = {
        "securityhub": _security_hub,
        "guardduty": _guardduty,
        "trail": doctor_trail.look,
        "alarms": doctor_egress.look,
    }
    left_out = [ok(area, f"{name} is out of scope by the configuration") for name in account.exclude]
    found = await asyncio.gather(
        *(look(door, place, area) for name, look in services.items() if name not in account.exclude)
    )
    return left_out + [check for checks in found for check in checks]


async def _tried(
    door: Door, place: Place, area: str, operation: str, params: Mapping[str, Any], found: list[Check]
) -> dict[str, Any] | None:
    """The answer to one call; None, and a line on why, when there is none."""
    from socconsole.aws import AwsTrouble

    try:
        return await door.call(place, operation, params, deadline=DEADLINE)
    except AwsTrouble as trouble:
        found.append(_failed(area, operation, trouble))
        return None


async def _security_hub(door: Door, place: Place, area: str) -> list[Check]:
    found: list[Check] = []
    hub = await _tried(door, place, area, "securityhub:DescribeHub", {}, found)
    if hub is None:
        return found
    found.append(ok(area, "Security Hub is on"))
    if await _tried(door, place, area, "securityhub:GetFindings", {"MaxResults": 1}, found) is not None:
        found.append(ok(area, "securityhub:GetFindings answers"))
    answer = await _tried(door, place, area, "securityhub:ListFindingAggregators", {}, found)
    if answer is not None:
        found.append(ok(area, _aggregation(answer["FindingAggregators"], place)))
    rules = await _rules(door, place, area, found)
    if rules:
        found.append(rules)
    return found


def _aggregation(aggregators: Sequence[Mapping[str, Any]], place: Place) -> str:
    """An aggregator's ARN names its home region (Security Hub API reference, FindingAggregator)."""
    homes = [str(one.get("FindingAggregatorArn", "")).split(":")[3:4] for one in aggregators]
    known = [clean(home[0], 30) for home in homes if home]
    if not known:
        return "findings are not aggregated: each region is read by itself"
    return f"findings are aggregated in {', '.join(known)}" + (" (here)" if place.region in known else "")


async def _rules(door: Door, place: Place, area: str, found: list[Check]) -> Check | None:
    """Automation rules change findings as they come in or are updated, workflow status included."""
    from socconsole.aws import AwsTrouble

    names: list[str] = []
    try:
        async for page in door.pages(place, "securityhub:ListAutomationRules", {}, deadline=DEADLINE):
            names += [
                clean(Untrusted(str(rule.get("RuleName", "?"))), 60)
                for rule in page["AutomationRulesMetadata"]
                if rule.get("RuleStatus") == "ENABLED"
            ]
    except AwsTrouble as trouble:
        found.append(_failed(area, "securityhub:ListAutomationRules", trouble))
        return None
    if not names:
        return ok(area, "no automation rule changes findings")
    shown = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    return warn(
        area,
        f"{len(names)} automation rule(s) may act on a finding when its workflow changes: {shown}",
        f"aws securityhub list-automation-rules --region {place.region}   (look at their criteria)",
    )


async def _guardduty(door: Door, place: Place, area: str) -> list[Check]:
    found: list[Check] = []
    answer = await _tried(door, place, area, "guardduty:ListDetectors", {}, found)
    if answer is None:
        return found
    mend = f"aws guardduty create-detector --enable --region {place.region}"
    if not answer["DetectorIds"]:
        return [*found, fail(area, "GuardDuty is off: there is no detector", mend, Code.NOT_FRESH)]
    for detector in map(str, answer["DetectorIds"]):
        one = {"DetectorId": detector}
        told = await _tried(door, place, area, "guardduty:GetDetector", one, found)
        if told is None:
            continue
        if told["Status"] != "ENABLED":
            mend = f"aws guardduty update-detector --enable --detector-id {clean(detector, 40)} --region {place.region}"
            found.append(fail(area, "GuardDuty's detector is suspended", mend, Code.NOT_FRESH))
            continue
        found.append(ok(area, "GuardDuty is on"))
        if await _tried(door, place, area, "guardduty:ListFindings", {**one, "MaxResults": 1}, found) is not None:
            found.append(ok(area, "guardduty:ListFindings answers"))
    return found


# --- permissions ------------------------------------------------------------------------------------------


async def _permissions(door: Door, home: Place, account: AccountConfig, settings: Config, analyst: str) -> list[Check]:
    """What each role kind needs, asked of IAM; kinds that are one identity are asked about once."""
    from socconsole.aws.operations import ROLES

    area = f"aws {account.account}"
    found: list[Check] = []
    push = _push(door, account, settings)
    kinds: dict[str, list[Role]] = {}
    for kind in ROLES:
        arn = _role_arn(door, account, kind)
        if kind == "responder" and not arn and not settings.allow_profile_to_respond:
            found.append(
                warn(
                    area,
                    "no responder role: containment is refused",
                    "set responder_role for this account in the config",
                )
            )
            continue
        kinds.setdefault(arn, []).append(kind)
    for checks in await asyncio.gather(*(_role(door, home, area, arn, of, push) for arn, of in kinds.items())):
        found += checks
    if _role_arn(door, account, "triage"):
        found.append(await _assumable(door, home, area, settings, analyst))
    return found


def _role_arn(door: Door, account: AccountConfig, kind: Role) -> str:
    """The role for a kind; empty for the profile's own identity."""
    from socconsole.aws.worlds import drill_role

    if door.world.drill is not None:
        return drill_role(account.account, kind, door.world.partition)
    arn = {
        "reader": account.reader_role,
        "watch": account.watch_role or account.reader_role,
        "triage": account.triage_role,
        "responder": account.responder_role,
    }[kind]
    return arn or ""


def _push(door: Door, account: AccountConfig, settings: Config) -> Push | None:
    """What the watch receives from in this account."""
    from socconsole.aws.iam import Push

    push = settings.push
    if push is None or push.account != account.account:
        return None
    return Push(push.arn(door.world.partition), push.trail_buckets)


async def _role(door: Door, home: Place, area: str, arn: str, kinds: Sequence[Role], push: Push | None) -> list[Check]:
    from socconsole.aws import AwsTrouble
    from socconsole.response.permits import own_arn

    label = f"{' and '.join(kinds)} permissions"
    try:
        principal = arn or await own_arn(door, home)
        missing = await _missing(door, home, principal, kinds, push)
    except AwsTrouble as trouble:
        return [warn(area, f"{label} cannot be foretold: {trouble.kind}: {clean(trouble.detail, 200)}", trouble.remedy)]
    able = [_containments(area, missing)] if "responder" in kinds else []
    if not missing:
        return [ok(area, f"{label}: likely all granted"), *able]
    names = sorted({action for _, actions in missing for action in actions})
    shown = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    return [fail(area, f"{label}: likely denied: {shown}", _grant(principal, missing), Code.NOT_FRESH), *able]


def _containments(area: str, missing: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> Check:
    """Which containments the responder could carry out, by the IAM actions that their calls need."""
    from socconsole.aws.operations import table
    from socconsole.response.registry import ACTIONS

    denied = {action for _, actions in missing for action in actions}
    rows = table()
    unable = [
        id_ for id_, action in ACTIONS.items() if denied & {iam for call in action.info.calls for iam in rows[call].iam}
    ]
    if not unable:
        return ok(area, f"containments: all {len(ACTIONS)} likely permitted")
    return warn(area, f"containments likely denied, {len(unable)} of {len(ACTIONS)}: {', '.join(unable)}")


async def _missing(
    door: Door, home: Place, principal: str, kinds: Sequence[Role], push: Push | None
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """[(resource patterns, IAM actions that are likely denied on them)]. Raises ``AwsTrouble``."""
    from socconsole.aws.iam import resources_of
    from socconsole.aws.operations import table

    # The simulator refuses actions together that "require different authorization information": one service a call.
    needed: dict[tuple[tuple[str, ...], str, tuple[tuple[str, str], ...]], set[str]] = {}
    for row in table().values():
        resources = resources_of(row, door.world.partition, home.account, push)
        if set(row.roles) & set(kinds) and row.iam and resources:
            for action in row.iam:
                key = (resources, action.partition(":")[0], tuple(row.condition.items()))
                needed.setdefault(key, set()).add(action)
    missing = []
    for (resources, service, condition), actions in sorted(needed.items()):
        if service == "sts":
            continue  # GetCallerIdentity needs no permission (STS API reference)
        denied: set[str] = set()
        request: dict[str, Any] = {"PolicySourceArn": principal, "ActionNames": sorted(actions)}
        if condition:
            request["ContextEntries"] = [
                {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
                for key, value in condition
            ]
        if resources != ("*",):
            # The simulator takes ARNs, not patterns: one that a policy for the pattern has to cover.
            request["ResourceArns"] = [pattern.replace("*", "a-doctor-looks") for pattern in resources]
        async for page in door.pages(home, "iam:SimulatePrincipalPolicy", request, deadline=DEADLINE, cost=_CHEAP):
            denied.update(
                str(result["EvalActionName"])
                for result in page["EvaluationResults"]
                if result["EvalDecision"] != "allowed"
            )
        if denied:
            missing.append((resources, tuple(sorted(denied))))
    return missing


def _grant(principal: str, missing: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> str:
    """The command that grants exactly what is missing, where the principal is a role."""
    role = _ROLE_ARN.fullmatch(principal)
    if role is None:
        return f"grant the actions to {clean(principal, 200)}"
    statements = [
        {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)} for resources, actions in missing
    ]
    document = ascii_json({"Version": "2012-10-17", "Statement": statements})
    return (
        f"aws iam put-role-policy --role-name {clean(role[1], 64)} --policy-name socconsole-missing "
        f"--policy-document '{document}'"
    )


async def _assumable(door: Door, home: Place, area: str, settings: Config, analyst: str) -> Check:
    """Whether the triage role can be taken on; the responder's is left for the seconds of an action."""
    from socconsole.aws import AwsTrouble, Door
    from socconsole.model.action import Mode

    try:
        async with Door.open(settings, door.world, "triage", Mode.READ, analyst) as other:
            await other.call(home, "sts:GetCallerIdentity", {}, deadline=DEADLINE)
    except AwsTrouble as trouble:
        return _failed(area, "the triage role cannot be assumed", trouble)
    return ok(area, "the triage role can be assumed")
