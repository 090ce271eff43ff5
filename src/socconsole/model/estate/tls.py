"""What answers to clients over TLS in a place: listeners of load balancers, distributions, domain names of APIs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from socconsole.model.known import Read

VERSIONS: Final = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""Weakest first, as AWS writes them."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One port of a load balancer."""

    arn: str
    balancer: str
    """ARN of its load balancer."""
    host: str
    """DNS name of its load balancer."""
    port: int
    protocol: str
    """``HTTP``, ``HTTPS``, ``TCP``, ``TLS`` …"""
    policy: str
    """Name of its TLS policy; empty where it ends no TLS."""
    versions: Read[tuple[str, ...]]
    """What that policy accepts, weakest first."""
    to_https: Read[bool]
    """It does nothing but send clients to HTTPS: its default action and each of its rules."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of CloudFront."""

    arn: str
    hosts: tuple[str, ...]
    """Its own name and its aliases."""
    enabled: bool
    minimum: str
    """``MinimumProtocolVersion``: ``TLSv1.2_2021``. Empty where AWS says none."""
    own_certificate: bool
    """False: CloudFront's own, with which it accepts TLSv1 whatever is set."""
    plain: bool
    """Some of it is served by HTTP as well."""
    origins: tuple[str, ...]
    """What is weak between it and its origins, in words: ``origin.shop.example by HTTP``."""
    unsaid: tuple[str, ...]
    """Hosts of origins in a VPC: the distribution does not say how it speaks to them."""


@dataclass(frozen=True, slots=True)
class ApiDomain:
    """A custom domain name of API Gateway."""

    arn: str
    name: str
    policy: str
    """Its security policy: ``TLS_1_2``; empty where AWS says none."""


@dataclass(frozen=True, slots=True)
class Tls:
    listeners: Read[tuple[Listener, ...]]
    distributions: Read[tuple[Distribution, ...]]
    """Global: in the account's first place alone, and empty elsewhere."""
    domains: Read[tuple[ApiDomain, ...]]
