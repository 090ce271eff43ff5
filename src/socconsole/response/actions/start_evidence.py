"""``start-evidence``: have everything that a finding is about recorded from now on, as one plan. It stops nothing.

Requests to the objects of its buckets, the flows of its instances' subnets and of its VPCs, the DNS queries of those
VPCs, and what models are asked in its account and region. What is recorded already is left alone; what cannot be is
said, each with what is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from socconsole.aws import AwsTrouble
from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.model.world import Place
from socconsole.response import ec2
from socconsole.response.actions import (
    bedrock_logging,
    ec2_flow_logs,
    ec2_isolate,
    resolver_query_logs,
    s3_data_events,
)
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.compose import Choice, Composition, Way, calls_of
from socconsole.response.wording import count, listed

_OBJECTS: Final = s3_data_events.ACTION
_FLOWS: Final = ec2_flow_logs.ACTION
_QUERIES: Final = resolver_query_logs.ACTION
_MODELS: Final = bedrock_logging.ACTION
_MEMBERS: Final = (_OBJECTS, _FLOWS, _QUERIES, _MODELS)


class StartEvidence(Composition):
    """See the module's text."""

    members = _MEMBERS
    fit = 20  # after whatever stops something
    info = Info(
        id="start-evidence",
        title="Record from now on what a finding is about",
        target_type="account",
        calls=calls_of(_MEMBERS),
        stops="nothing: it gives sight of what happens from now on",
        does_not_stop="the leak, any of it; what happened until now stays unrecorded",
        reversible=Reversible.PARTLY,
        captures="what its parts capture",
        verifies="each part by itself; in doubt while AWS is at one of them",
        undo_leaves="what was recorded; a configuration of query logging that no VPC follows",
        pitfalls=(
            "it stops nothing: where data is leaving, cut first",
            "of two buckets on one trail the second is left out, for its selectors are written as a whole: again, once "
            "the first is done",
            "what has nowhere to write to is left out and said: a trail, a log group, a flow log to follow",
            "recording is billed by volume: each part says so",
            "without a finding it knows no resources, and looks at the logging of models alone",
        ),
        does=Does.RECORDS,
    )

    def targets(self, finding: Finding) -> tuple[Target, ...]:
        """One plan for each account in which there is something to record, at the finding's own region."""
        if not finding.region:
            return ()
        accounts = [one.place.account for member in _MEMBERS for one in member.targets(finding)]
        return tuple(Target(account, Place(account, finding.region)) for account in dict.fromkeys(accounts))

    def name(self, target: str) -> str:
        return _MODELS.name(target)

    async def choose(self, door: Door, target: Target, finding: Finding | None) -> Choice:
        stops = "stops nothing: where data is leaving, cut first"
        models: Way = ((_MODELS, target),)
        if finding is None:
            return Choice((models,), (stops, "no finding is named: only the logging of models is looked at"))
        account = target.place.account
        buckets = _within(account, _OBJECTS.targets(finding))
        instances = _within(account, ec2_isolate.ACTION.targets(finding))
        named = _within(account, (one for one in _FLOWS.targets(finding) if ec2.kind(one.id) != "i"))
        subnets, vpcs, lost = await _networks(door, instances)
        queried = dict.fromkeys((*_within(account, _QUERIES.targets(finding)), *vpcs))
        ways: list[Way] = [((_OBJECTS, one),) for one in buckets]
        ways += [((_FLOWS, one),) for one in dict.fromkeys((*named, *subnets))]
        ways += [((_QUERIES, one),) for one in queried]
        unread = [f"{count(len(lost), 'instance')} could not be read{listed(lost)}"] if lost else []
        return Choice((*ways, models), (stops, *unread))


def _within(account: str, found: Iterable[Target]) -> list[Target]:
    return [one for one in found if one.place.account == account]


async def _networks(door: Door, instances: list[Target]) -> tuple[list[Target], list[Target], list[str]]:
    """Subnets and VPCs of instances, and the instances that could not be read. Never raises ``AwsTrouble``."""
    answers = await asyncio.gather(*(_network(door, one) for one in instances))
    subnets: list[Target] = []
    vpcs: list[Target] = []
    lost: list[str] = []
    for one, found in zip(instances, answers, strict=True):
        if found is None:
            lost.append(one.id)
            continue
        subnets += [Target(each["SubnetId"], one.place) for each in found.get("NetworkInterfaces", ())]
        if vpc := found.get("VpcId"):
            vpcs.append(Target(vpc, one.place))
    return subnets, vpcs, lost


async def _network(door: Door, target: Target) -> ec2.Item | None:
    try:
        return await ec2.instance(door, target)
    except AwsTrouble:  # the others are recorded all the same, and this one is named
        return None


ACTION: Final = StartEvidence()
