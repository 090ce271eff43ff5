"""What stands before a model: target groups of load balancers, and every path on which they forward to one."""

from __future__ import annotations

from dataclasses import dataclass

from socconsole.model.known import Read


@dataclass(frozen=True, slots=True)
class Path:
    """One rule of a listener that forwards to a target group."""

    rule: str
    """Token: ARN of the rule, or of the listener where it has none."""
    balancer: str
    """Name of the load balancer."""
    protocol: str
    port: int
    asks: str
    """How it asks who comes (``authenticate-oidc``, ``jwt-validation``, ``a client certificate``); empty where it
    lets everybody through."""


@dataclass(frozen=True, slots=True)
class Front:
    """A target group that a load balancer forwards to."""

    arn: str
    balancers: tuple[str, ...]
    """ARNs."""
    facing: Read[bool]
    """One of its load balancers has an address on the internet."""
    targets: Read[tuple[str, ...]]
    """Ids of instances, addresses, or the ARN of another balancer."""
    paths: Read[tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
class Fronts:
    fronts: Read[tuple[Front, ...]]
