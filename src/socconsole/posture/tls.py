"""NET-02, NET-03 and NET-05: over which TLS clients come in, and over which alone they come to the checkout.

TLS 1.2 is good enough where clients of all ages come; on the checkout path nothing below 1.3 is. Facts: CloudFront
Developer Guide, "Supported protocols and ciphers between viewers and CloudFront" (every security policy also takes TLS
1.3); API Gateway Developer Guide, "Supported security policies"; S3 User Guide, "Infrastructure security" and the key
``s3:TlsVersion``, which a request by plain HTTP lacks, so that it takes a Deny of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from socconsole.model.estate.policy import EVERYBODY, Condition, Policy
from socconsole.model.estate.storage import Bucket, Storage
from socconsole.model.estate.tls import VERSIONS, ApiDomain, Distribution, Listener, Tls
from socconsole.model.known import Known, Read, Unread
from socconsole.model.posture import Judged
from socconsole.model.world import Place
from socconsole.posture.check import AnyCheck, Check, Context, Said, unknown, weigh
from socconsole.posture.check import Condition as Asked
from socconsole.text import Untrusted, token

_GOOD: Final = "TLSv1.2"
_BEST: Final = "TLSv1.3"


# ---- NET-02


def _listeners(context: Context) -> Read[tuple[Listener, ...]]:
    """Those that speak HTTP, or end TLS themselves: what passes TCP through leaves that to its targets."""
    found = context.part(Tls).listeners
    if isinstance(found, Unread):
        return found
    return Known(tuple(one for one in found.value if one.protocol in ("HTTP", "HTTPS", "TLS")))


def listener_modern(listener: Listener, context: Context) -> Judged:
    """NET-02. The name of a policy is no proof: ``ELBSecurityPolicy-TLS13-1-0-2021-06`` takes TLS 1.0 too."""
    return weigh(_of_listener(listener, _GOOD))


def _of_listener(listener: Listener, least: str) -> Iterator[Asked]:
    if listener.protocol == "HTTP":
        yield partial(_redirects, listener)
    else:
        yield partial(_offers, listener)
        yield partial(_nothing_below, listener, least)


def _redirects(listener: Listener) -> Said:
    to_https = listener.to_https.get()
    return Said(to_https, f"port {listener.port} {'only sends clients to HTTPS' if to_https else 'serves plain HTTP'}")


def _offers(listener: Listener) -> Said:
    offered = _BEST in listener.versions.get()
    return Said(offered, f"port {listener.port}: {listener.policy} {'offers' if offered else 'does not offer'} TLS 1.3")


def _nothing_below(listener: Listener, least: str) -> Said:
    weak = [one for one in listener.versions.get() if _below(one, least)]
    said = f"takes {', '.join(weak)}" if weak else f"takes nothing below {least}"
    return Said(not weak, f"port {listener.port}: {listener.policy} {said}")


def _below(version: str, least: str) -> bool:
    return VERSIONS.index(version) < VERSIONS.index(least)


# ---- NET-03

Front = Distribution | ApiDomain


def _fronts(context: Context) -> Read[tuple[Front, ...]]:
    part = context.part(Tls)
    if isinstance(part.distributions, Unread):
        return part.distributions
    if isinstance(part.domains, Unread):
        return part.domains
    return Known((*(one for one in part.distributions.value if one.enabled), *part.domains.value))


def front_modern(front: Front, context: Context) -> Judged:
    """NET-03. A distribution is asked on both sides: towards clients, and towards its origins."""
    return weigh(_of_front(front, _GOOD))


def _of_front(front: Front, least: str) -> Iterator[Asked]:
    if isinstance(front, ApiDomain):
        yield partial(
            _least, f"the security policy {front.policy or 'that AWS does not say'}", api_least(front.policy), least
        )
        return
    if front.own_certificate:
        yield partial(_least, f"the security policy {front.minimum}", cloudfront_least(front.minimum), least)
    else:
        yield lambda: Said(False, "CloudFront's own certificate takes TLSv1, whatever is set")
    yield lambda: Said(
        not front.plain, "some of it is served by plain HTTP" if front.plain else "nothing is served by HTTP"
    )
    yield partial(_to_origins, front)


def _to_origins(front: Distribution) -> Said:
    if front.origins:
        return Said(False, f"it reaches {', '.join(front.origins)}")
    if front.unsaid:
        return Said(None, f"how it speaks to {', '.join(front.unsaid)}, in a VPC, is not looked at")
    return Said(True, "it speaks nothing below TLS 1.2 to its origins")


def _least(what: str, version: Read[str], least: str) -> Said:
    """``version``: the weakest that it takes."""
    said = version.get()
    return Said(not _below(said, least), f"{what} takes {said} and above")


_CLOUDFRONT: Final = re.compile(r"(SSLv3|TLSv1(?:\.[1-3])?)(?:_\d{4})?")
_API: Final = re.compile(r"SecurityPolicy_TLS13_1_([23])_\w+|SecurityPolicy_TLS1(2)_\w+|TLS_1_([02])")


def cloudfront_least(minimum: str) -> Read[str]:
    """The weakest version that a distribution with this ``MinimumProtocolVersion`` takes."""
    found = _CLOUDFRONT.fullmatch(minimum)
    return Known(found[1]) if found else _strange("cloudfront:ListDistributions", minimum)


def api_least(policy: str) -> Read[str]:
    """The weakest version that an API's domain name with this security policy takes."""
    found = _API.fullmatch(policy)
    if not found:
        return _strange("apigateway:GetDomainNames", policy)
    minor = next(one for one in found.groups() if one)
    return Known("TLSv1" if minor == "0" else f"TLSv1.{minor}")


def _strange(call: str, policy: str) -> Unread:
    return Unread(call, Untrusted(f"what the security policy {policy!r} takes is not known"))


# ---- NET-05


@dataclass(frozen=True, slots=True)
class Stop:
    """Something on the checkout path as the configuration names it, and what of it is here."""

    arn: str
    thing: Listener | Distribution | ApiDomain | Bucket | None
    """None: nothing here has this name, though it ought to be here."""


def _checkout(context: Context) -> Read[tuple[Stop, ...]]:
    """What the team names and this place has. What names its account (and Region) and is not there is UNKNOWN there;
    what does not say where it is (a host, a bucket) and is not in the first place of the configuration is UNKNOWN
    there: a name with a typing error must not vanish."""
    named = context.config.posture.checkout
    if not named:
        return Known(())
    here = _here(context)
    stops: list[Stop] = []
    for name in named:
        found = [thing for names, thing in here if name in names]
        stops += [Stop(thing.arn, thing) for thing in found]
        if not found and _expected(name, context):
            stops.append(Stop(token(name, 256), None))
    return Known(tuple({stop.arn: stop for stop in stops}.values()))


def _here(context: Context) -> list[tuple[tuple[str, ...], Listener | Distribution | ApiDomain | Bucket]]:
    """(the names under which it may be meant, the thing) of all that can be on the path. Raises ``NotRead``."""
    part = context.part(Tls)
    return [
        *(((one.arn, one.balancer, one.host), one) for one in part.listeners.get()),
        *(((one.arn, *one.hosts), one) for one in part.distributions.get()),
        *(((one.arn, one.name), one) for one in part.domains.get()),
        *(((one.arn, one.name), one) for one in context.part(Storage).buckets.get()),
    ]


def _expected(name: str, context: Context) -> bool:
    """Whether a name that is nowhere here is missed here: in the first place that fits what an ARN says of itself."""
    region, account = [*name.split(":"), "", "", "", "", ""][3:5] if name.startswith("arn:") else ("", "")
    places = [Place(one.account, here) for one in context.config.accounts for here in one.regions]
    fitting = [one for one in places if account in ("", one.account) and region in ("", one.region)]
    return context.place in ((fitting or places)[:1] or [context.place])


def checkout_strict(stop: Stop, context: Context) -> Judged:
    """NET-05. Nothing below TLS 1.3, since what a client may fall back to is what an attacker makes it speak."""
    thing = stop.thing
    if thing is None:
        return unknown("nothing in this account and region has this name")
    if isinstance(thing, Bucket):
        return weigh(_of_bucket(thing))
    if isinstance(thing, Listener):
        if thing.protocol not in ("HTTP", "HTTPS", "TLS"):
            return unknown(f"port {thing.port} passes {thing.protocol} through: what ends TLS is behind it")
        return weigh(_of_listener(thing, _BEST))
    return weigh(_of_front(thing, _BEST))


def _of_bucket(bucket: Bucket) -> Iterator[Asked]:
    yield partial(_denied, bucket, "plain HTTP", denies_plain)
    yield partial(_denied, bucket, "TLS below 1.3", denies_old)


def denies_plain(policy: Policy, arn: str) -> bool:
    """Whether everybody is denied everything on ``arn`` by plain HTTP."""
    return _denies(policy, arn, _of_plain)


def denies_old(policy: Policy, arn: str) -> bool:
    """Whether everybody is denied everything on ``arn`` below TLS 1.3."""
    return _denies(policy, arn, _of_old)


def _denied(bucket: Bucket, what: str, denies: Callable[[Policy, str], bool]) -> Said:
    policy = bucket.policy.get() or Policy()
    left = [arn for arn in (bucket.arn, f"{bucket.arn}/*") if not denies(policy, arn)]
    return Said(not left, f"its policy does not deny {what} on {', '.join(left)}" if left else f"it denies {what}")


def _denies(policy: Policy, arn: str, meant: Callable[[Condition], bool]) -> bool:
    """To everybody, of everything, and on no other condition."""
    return any(
        one.acts_on("s3:*") and one.reaches(arn) and EVERYBODY in one.principals and all(map(meant, one.conditions))
        for one in policy.denies
    )


def _of_plain(condition: Condition) -> bool:
    same = (condition.operator in ("Bool", "BoolIfExists"), condition.key, condition.values)
    return same == (True, "aws:securetransport", ("false",))


def _of_old(condition: Condition) -> bool:
    less = condition.operator in ("NumericLessThan", "NumericLessThanIfExists")
    return less and condition.key == "s3:tlsversion" and condition.values == ("1.3",)


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("NET-02", _listeners, listener_modern),
    Check("NET-03", _fronts, front_modern),
    Check("NET-05", _checkout, checkout_strict),
)
