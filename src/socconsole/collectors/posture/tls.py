"""Listeners, distributions and domain names of APIs, as the TLS checks see them.

Facts: ELB API reference: a listener has a TLS policy where its protocol is HTTPS or TLS, and ``DescribeSSLPolicies``
says what each accepts; a redirect keeps the protocol where it names none (``#{protocol}``). CloudFront API reference,
``ViewerCertificate``: with CloudFront's own certificate the minimum is TLSv1, whatever is set. A domain name of API
Gateway serves REST, HTTP and WebSocket APIs alike, and is listed by the first of its two APIs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.home import is_home
from socconsole.config import Config
from socconsole.model.estate.tls import VERSIONS, ApiDomain, Distribution, Listener, Tls
from socconsole.model.known import Known, Read, Unread
from socconsole.model.regions import partition_of
from socconsole.text import Untrusted, token

GLOBAL: Final = "us-east-1"
_WEAK: Final = frozenset(VERSIONS[: VERSIONS.index("TLSv1.2")])
_MOST_PAGES: Final = 100


async def read(asking: Asking, config: Config) -> Tls:
    """Raises ``AwsTrouble`` as :class:`Asking` does."""
    return Tls(
        listeners=await _listeners(asking),
        distributions=await _distributions(asking) if is_home(asking.place, config) else Known(()),
        domains=await asking.all(
            "apigateway:GetDomainNames", {}, lambda page: [_domain(one, asking.place.region) for one in page["items"]]
        ),
    )


# --- load balancers ----------------------------------------------------------------------------------------


async def _listeners(asking: Asking) -> Read[tuple[Listener, ...]]:
    balancers = await asking.all(
        "elbv2:DescribeLoadBalancers", {}, lambda page: list(map(_balancer, page["LoadBalancers"]))
    )
    if isinstance(balancers, Unread):
        return balancers
    if not balancers.value:
        return Known(())
    listed = await asking.all("elbv2:DescribeSSLPolicies", {}, lambda page: list(map(_policy, page["SslPolicies"])))
    if isinstance(listed, Unread):
        return listed
    accepts = dict(listed.value)

    async def of(balancer: tuple[str, str]) -> Read[tuple[Listener, ...]]:
        arn, host = balancer
        found = await asking.all("elbv2:DescribeListeners", {"LoadBalancerArn": arn}, lambda page: page["Listeners"])
        if isinstance(found, Unread):
            return found
        return Known(await asking.each(found.value, lambda one: _listener(asking, one, host, accepts)))

    return _joined(await asking.each(balancers.value, of))


def _balancer(one: dict[str, Any]) -> tuple[str, str]:
    return str(one["LoadBalancerArn"]), token(one.get("DNSName") or "", 256)  # gateway load balancers have none


def _policy(one: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    return str(one["Name"]), tuple(sorted(one["SslProtocols"], key=VERSIONS.index))


async def _listener(asking: Asking, one: dict[str, Any], host: str, accepts: Mapping[str, tuple[str, ...]]) -> Listener:
    arn, policy, protocol = str(one["ListenerArn"]), str(one.get("SslPolicy") or ""), token(one.get("Protocol") or "")
    rules: Read[tuple[bool, ...]] = Known(())
    to_https = protocol == "HTTP" and _redirects(one.get("DefaultActions"))
    if to_https:  # a rule of its own may still answer in the clear
        asked = {"ListenerArn": arn}
        rules = await asking.all(
            "elbv2:DescribeRules", asked, lambda page: [_redirects(r.get("Actions")) for r in page["Rules"]]
        )
    return Listener(
        arn=token(arn, 512),
        balancer=token(one["LoadBalancerArn"], 512),
        host=host,
        port=int(one.get("Port") or 0),
        protocol=protocol,
        policy=token(policy),
        versions=_accepted(policy, accepts),
        to_https=rules if isinstance(rules, Unread) else Known(to_https and all(rules.value)),
    )


def _accepted(policy: str, accepts: Mapping[str, tuple[str, ...]]) -> Read[tuple[str, ...]]:
    if policy in accepts:
        return Known(accepts[policy])
    return Unread("elbv2:DescribeSSLPolicies", Untrusted(f"the policy {policy!r} is not listed"))


def _redirects(actions: Iterable[dict[str, Any]] | None) -> bool:
    """To HTTPS, and nothing else."""
    found = list(actions or ())
    return bool(found) and all(
        one["Type"] == "redirect" and one["RedirectConfig"].get("Protocol") == "HTTPS" for one in found
    )


# --- CloudFront --------------------------------------------------------------------------------------------


async def _distributions(asking: Asking) -> Read[tuple[Distribution, ...]]:
    """All pages: what pages stands a level deeper here than ``Asking.all`` looks."""
    found: list[Distribution] = []
    following: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = await asking.one("cloudfront:ListDistributions", following, _page, GLOBAL)
        if isinstance(page, Unread):
            return page
        distributions, marker = page.value
        found += distributions
        if not marker:
            return Known(tuple(found))
        following = {"Marker": marker}
    return Unread("cloudfront:ListDistributions", Untrusted(f"more than {_MOST_PAGES} pages, and still a marker"))


def _page(answer: dict[str, Any]) -> tuple[list[Distribution], str]:
    listed = answer["DistributionList"]
    items = listed.get("Items") or ()
    if len(items) != listed["Quantity"]:
        raise ValueError("half a page")
    return [_distribution(one) for one in items], str(listed["NextMarker"]) if listed["IsTruncated"] else ""


def _distribution(one: dict[str, Any]) -> Distribution:
    certificate = one["ViewerCertificate"]
    behaviours = [one["DefaultCacheBehavior"], *(one["CacheBehaviors"].get("Items") or ())]
    plain = any(each["ViewerProtocolPolicy"] == "allow-all" for each in behaviours)
    return Distribution(
        arn=token(one["ARN"], 256),
        hosts=tuple(token(host, 256) for host in (one["DomainName"], *(one["Aliases"].get("Items") or ()))),
        enabled=one["Enabled"] is True,
        minimum=token(certificate.get("MinimumProtocolVersion") or ""),
        own_certificate=certificate.get("CloudFrontDefaultCertificate") is not True,
        plain=plain,
        origins=tuple(words for each in one["Origins"]["Items"] for words in _weakness(each, plain)),
        unsaid=tuple(token(each["DomainName"], 256) for each in one["Origins"]["Items"] if "VpcOriginConfig" in each),
    )


def _weakness(origin: dict[str, Any], plain: bool) -> Iterator[str]:
    """Of an origin that is no bucket: to those of S3 CloudFront speaks as the viewer speaks to it. One in a VPC is a
    resource of its own, which has the protocol (CloudFront API reference, ``VpcOriginEndpointConfig``)."""
    custom = origin.get("CustomOriginConfig")
    if not custom:
        return
    host, how = token(origin["DomainName"], 256), custom["OriginProtocolPolicy"]
    if how == "http-only":
        yield f"{host} by HTTP"
    elif how != "https-only" and plain:
        yield f"{host} by HTTP where the viewer comes by HTTP"
    weak = sorted(_WEAK & set((custom.get("OriginSslProtocols") or {}).get("Items") or ()))
    if weak and how != "http-only":
        yield f"{host} by {', '.join(weak)}"


# --- API Gateway -------------------------------------------------------------------------------------------


def _domain(one: dict[str, Any], region: str) -> ApiDomain:
    name, policy = token(one["domainName"], 256), one.get("securityPolicy")
    return ApiDomain(f"arn:{partition_of(region)}:apigateway:{region}::/domainnames/{name}", name, token(policy or ""))


def _joined(parts: Iterable[Read[tuple[Listener, ...]]]) -> Read[tuple[Listener, ...]]:
    found: list[Listener] = []
    for part in parts:
        if isinstance(part, Unread):
            return part
        found += part.value
    return Known(tuple(found))
