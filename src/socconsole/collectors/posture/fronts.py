"""Load balancers as the checks see them: every path on which one forwards to a target group, and how it asks who comes.

Facts (Elastic Load Balancing API reference): the rules of an HTTP listener hold its default one too, other listeners
have a default action alone; what is to be done with a request that says nothing of who it is stands in the action
(``OnUnauthenticatedRequest``: ``authenticate`` where it says nothing); ``verify`` alone turns clients without a
certificate away. Botocore calls every member optional: we need what is indexed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from socconsole.collectors.posture.asking import Asking
from socconsole.config import Config
from socconsole.model.estate.fronts import Front, Fronts, Path
from socconsole.model.known import Known, Read, Unread, whole
from socconsole.text import token

_ARN: Final = 1024
_RULED: Final = frozenset({"HTTP", "HTTPS"})
_ASKING: Final = {
    "authenticate-oidc": "AuthenticateOidcConfig",
    "authenticate-cognito": "AuthenticateCognitoConfig",
}


@dataclass(frozen=True, slots=True)
class _Balancer:
    arn: str
    name: str
    facing: bool


@dataclass(frozen=True, slots=True)
class _Listener:
    arn: str
    protocol: str
    port: int
    verifies: bool
    default: tuple[dict[str, Any], ...]
    """Its default actions."""


async def read(asking: Asking, config: Config) -> Fronts:
    """All target groups that balancers forward to. Raises ``AwsTrouble`` as :class:`Asking` does."""
    groups = await asking.all(
        "elbv2:DescribeTargetGroups",
        {},
        lambda page: [
            (str(one["TargetGroupArn"]), tuple(str(each) for each in one["LoadBalancerArns"]))
            for one in page["TargetGroups"]
        ],
    )
    if isinstance(groups, Unread):
        return Fronts(groups)
    used = {arn: balancers for arn, balancers in groups.value if balancers}
    balancers = await asking.all("elbv2:DescribeLoadBalancers", {}, _balancers) if used else Known(())
    known = {} if isinstance(balancers, Unread) else {one.arn: one for one in balancers.value}
    needed = dict.fromkeys(arn for arns in used.values() for arn in arns)

    async def of(arn: str) -> Read[tuple[tuple[str, Path], ...]]:
        return await _paths(asking, arn, known[arn].name if arn in known else arn.rpartition("/")[0])

    paths = dict(zip(needed, await asking.each(needed, of), strict=True))

    async def one(group: str) -> Front:
        behind = used[group]
        through = whole(paths[arn] for arn in behind)
        facing: Read[bool] = Known(any(known[arn].facing for arn in behind if arn in known))
        if isinstance(balancers, Unread):
            facing = balancers
        return Front(
            arn=token(group, _ARN),
            balancers=tuple(token(arn, _ARN) for arn in behind),
            facing=facing,
            targets=await asking.one("elbv2:DescribeTargetHealth", {"TargetGroupArn": group}, _targets),
            paths=through
            if isinstance(through, Unread)
            else Known(tuple(path for each in through.value for target, path in each if target == group)),
        )

    return Fronts(Known(await asking.each(used, one)))


def _balancers(page: dict[str, Any]) -> Iterator[_Balancer]:
    for one in page["LoadBalancers"]:
        # A Gateway Load Balancer has no scheme, and no address of its own on the internet.
        facing = one.get("Scheme") == "internet-facing"
        yield _Balancer(str(one["LoadBalancerArn"]), token(one["LoadBalancerName"]), facing)


def _targets(answer: dict[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(token(one["Target"]["Id"], _ARN) for one in answer["TargetHealthDescriptions"]))


async def _paths(asking: Asking, balancer: str, name: str) -> Read[tuple[tuple[str, Path], ...]]:
    """(target group, path) for every rule of every listener."""
    listeners = await asking.all("elbv2:DescribeListeners", {"LoadBalancerArn": balancer}, _listeners)
    if isinstance(listeners, Unread):
        return listeners

    async def of(listener: _Listener) -> Read[tuple[tuple[str, Path], ...]]:
        def forwards(rule: str, actions: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Path]]:
            asks = "a client certificate" if listener.verifies else _asks(actions)
            path = Path(token(rule, _ARN), name, listener.protocol, listener.port, asks)
            return ((group, path) for group in _groups(actions))

        if listener.protocol not in _RULED:
            return Known(tuple(forwards(listener.arn, listener.default)))
        return await asking.all(
            "elbv2:DescribeRules",
            {"ListenerArn": listener.arn},
            lambda page: [found for one in page["Rules"] for found in forwards(one["RuleArn"], one["Actions"])],
        )

    found = whole(await asking.each(listeners.value, of))
    return found if isinstance(found, Unread) else Known(tuple(one for some in found.value for one in some))


def _listeners(page: dict[str, Any]) -> Iterator[_Listener]:
    for one in page["Listeners"]:
        mutual = (one.get("MutualAuthentication") or {}).get("Mode") == "verify"
        protocol, port = token(one.get("Protocol") or "GENEVE"), int(one.get("Port") or 0)  # a gateway's says neither
        yield _Listener(str(one["ListenerArn"]), protocol, port, mutual, tuple(one["DefaultActions"]))


def _groups(actions: Sequence[dict[str, Any]]) -> Iterator[str]:
    named = [one["TargetGroupArn"] for one in actions if one.get("TargetGroupArn")]
    named += [
        each["TargetGroupArn"] for one in actions for each in (one.get("ForwardConfig") or {}).get("TargetGroups") or ()
    ]
    yield from dict.fromkeys(str(arn) for arn in named)


def _asks(actions: Sequence[dict[str, Any]]) -> str:
    for one in actions:
        kind = str(one["Type"])
        if kind == "jwt-validation":
            return kind
        if kind in _ASKING and one[_ASKING[kind]].get("OnUnauthenticatedRequest", "authenticate") != "allow":
            return kind
    return ""
