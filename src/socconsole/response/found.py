"""The resources of a finding that an action takes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress

from socconsole.model.finding import Finding, Kind
from socconsole.model.world import Place
from socconsole.response.base import BadTarget, Target


def resources(finding: Finding, types: Collection[str], name: Callable[[str], str]) -> tuple[Target, ...]:
    """Those of one of ``types``, in the finding's order, each once; ``name`` as ``base.Action`` has it.

    A resource without a place of its own lies where the finding does. What ``name`` refuses names nothing that
    a call could reach: an odd or hostile record.
    """
    found: dict[Target, None] = {}
    for resource in finding.resources:
        if resource.type not in types:
            continue
        account, region = resource.account or finding.account, resource.region or finding.region
        if account and region:
            with suppress(BadTarget):
                found[Target(name(resource.id.raw()), Place(account, region))] = None
    return tuple(found)


def at_work(finding: Finding | None) -> bool:
    """Does the finding tell of somebody who is doing something, and not of a setting or a weakness?"""
    return finding is not None and finding.kind is Kind.THREAT and bool(finding.actors)
