"""``resolver-query-logs``: have the DNS queries of a VPC logged from now on.

No security group and no network ACL stops the VPC's resolver: data can leave in the names that are asked for. Facts:
Route 53 Developer Guide, "Resolver query logging" (what the resolver answers from its cache is not logged again) and
"Using service-linked roles for Resolver"; Route 53 Resolver API reference, ``CreateResolverQueryLogConfig``,
``AssociateResolverQueryLogConfig``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.action import Call, Plan, Reversible
from socconsole.model.finding import Finding
from socconsole.model.regions import partition_of
from socconsole.model.world import Place
from socconsole.response import ec2
from socconsole.response.base import Does, Door, Info, Target
from socconsole.response.calls import answer
from socconsole.response.change import Cut, State
from socconsole.response.parts import Part, read
from socconsole.response.unfolding import Unfolding
from socconsole.response.vpc_interfaces import users
from socconsole.response.wording import listed
from socconsole.text import token

_STATE: Final = "LoggedTo"
_GROUPS: Final = ("/aws/route53resolver", "/aws/vendedlogs/route53resolver")
"""What the names of log groups begin with that are there for query logs."""
_CONFIG: Final = "ResolverQueryLogConfigId"


@dataclass(frozen=True, slots=True)
class Queries:
    """A VPC, where its DNS queries are logged to, and where they could be."""

    vpc: str
    place: Place
    associations: tuple[Mapping[str, Any], ...]
    """Of this VPC, whatever their status."""
    configs: Mapping[str, str]
    """Id of each configuration that works → ARN of its destination."""
    groups: tuple[str, ...]
    """ARNs of log groups of this account that are there for query logs."""
    interfaces: tuple[ec2.Item, ...] | None
    tags: Mapping[str, str]
    unread: tuple[str, ...]
    evidence: Mapping[str, Any]

    def destination(self, config: str) -> str:
        return self.configs.get(config, config)

    def config_for(self, destination: str) -> str | None:
        return next((id_ for id_, where in sorted(self.configs.items()) if where == destination), None)

    def choice(self) -> str | None:
        """Where the queries would go: to where others' go already, else to the first group that is there for it.

        Only log groups of this account: a destination elsewhere may be an intruder's.
        """
        own = f"arn:{partition_of(self.place.region)}:logs:{self.place.region}:{self.place.account}:log-group:"
        return next((where for where in (*sorted(self.configs.values()), *self.groups) if where.startswith(own)), None)


class ResolverQueryLogs(Unfolding[Queries]):
    """See the module's text."""

    info = Info(
        id="resolver-query-logs",
        title="Log the DNS queries of a VPC",
        target_type="vpc",
        calls=(
            "route53resolver:CreateResolverQueryLogConfig",
            "route53resolver:AssociateResolverQueryLogConfig",
            "route53resolver:DisassociateResolverQueryLogConfig",
        ),
        stops="nothing: it gives sight; from then on the names that are asked for in the VPC are on record",
        does_not_stop="anything that is going on, DNS exfiltration included; queries that bypass the VPC's resolver, "
        "and those that it answers from its cache, are in no log",
        cuts=False,
        does=Does.RECORDS,
        reversible=Reversible.PARTLY,
        captures="the VPC, its query logging associations, the account's query logging configurations and log groups",
        verifies="an association of the VPC is ACTIVE; while it is CREATING it is in doubt",
        undo_leaves="the configuration: without a VPC it logs nothing and costs nothing; what was logged stays",
        pitfalls=(
            "queries that are logged already are not logged twice: refused, and the destination is named",
            "a destination may be an intruder's: only log groups of this account are taken",
            "without a log group for it there is nowhere to write to: the line that makes one is printed",
            "an association that failed or needs action logs nothing: said, with its error",
            "CloudWatch Logs bills what is ingested: said before",
        ),
    )
    writes = ("AssociateResolverQueryLogConfig", "DisassociateResolverQueryLogConfig")
    types = ("AwsEc2Vpc", "AWS::EC2::VPC")

    def name(self, target: str) -> str:
        return ec2.name(target, ("vpc",), "a VPC")

    def arns(self, target: Target) -> tuple[str, ...]:
        place = target.place
        begin = f"arn:{partition_of(place.region)}:route53resolver:{place.region}:{place.account}"
        return (ec2.arn(place, target.id), f"{begin}:resolver-query-log-config/*")

    async def look(self, door: Door, target: Target) -> Queries:
        place = target.place
        of_vpc = [{"Name": "ResourceId", "Values": [target.id]}]
        parts, vpc, interfaces = await asyncio.gather(
            read(
                door,
                place,
                {
                    "associations": Part(
                        "route53resolver:ListResolverQueryLogConfigAssociations", {"MaxResults": 100, "Filters": of_vpc}
                    ),
                    "configs": Part("route53resolver:ListResolverQueryLogConfigs", {"MaxResults": 100}),
                    **{
                        f"groups {name}": Part("logs:DescribeLogGroups", {"logGroupNamePrefix": name}, optional=True)
                        for name in _GROUPS
                    },
                },
            ),
            ec2.only(door, place, "DescribeVpcs", "Vpcs", VpcIds=[target.id]),
            ec2.if_allowed(
                ec2.every(
                    door,
                    place,
                    "DescribeNetworkInterfaces",
                    "NetworkInterfaces",
                    Filters=ec2.where("vpc-id", target.id),
                )
            ),
        )
        groups = [each for name in _GROUPS for each in parts.known(f"groups {name}").get("logGroups", ())]
        return Queries(
            vpc=target.id,
            place=place,
            associations=tuple(parts.known("associations")["ResolverQueryLogConfigAssociations"]),
            configs={
                str(one["Id"]): str(one["DestinationArn"])
                for one in parts.known("configs")["ResolverQueryLogConfigs"]
                if one.get("Status") in ("CREATING", "CREATED")
            },
            groups=tuple(sorted(str(each["arn"]) for each in groups)),
            interfaces=None if interfaces is None else tuple(interfaces),
            tags=ec2.tags(vpc),
            unread=(*parts.unread, *(("network interfaces",) if interfaces is None else ())),
            evidence={**parts.evidence, "vpc": vpc},
        )

    def state(self, seen: Queries) -> State:
        """A query is logged until an association is gone, and not before it is there."""
        live = [one for one in seen.associations if one.get("Status") in ("ACTIVE", "DELETING")]
        return {_STATE: sorted(seen.destination(str(one[_CONFIG])) for one in live)}

    def underway(self, seen: Queries) -> str:
        doing = {str(one.get("Status")) for one in seen.associations} & {"CREATING", "DELETING"}
        return ", ".join(sorted(doing))

    def cut(self, seen: Queries, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        logged = self.state(seen)[_STATE]
        if logged:
            return Cut(None, "would change nothing here: the queries are logged" + listed(logged))
        if seen.associations:
            said = [f"{one.get('Status')} {one.get('Error', '')}" for one in seen.associations]
            return Cut(None, "the VPC has an association that does not log" + listed(said))
        where = seen.choice()
        if where is None:
            name = f"{_GROUPS[1]}/queries"
            return Cut(
                None,
                "there is nowhere to write to: this account has no log group for query logs in this region",
                instead=f"create-log-group: {name}, then look again",
                instead_calls=(Call("logs", "CreateLogGroup", {"logGroupName": name}),),
            )
        return Cut(
            wanted={_STATE: [where]},
            why="the DNS queries of the VPC are in no log",
            blast_radius=f"1 VPC, {users(seen.interfaces)}; nothing stops working; queries go to {token(where)}",
            fit=25,
            warnings=("CloudWatch Logs bills what is ingested; how many queries there are is not known",),
        )

    def steps(self, seen: Queries, target: Target, now: State, wanted: State) -> tuple[Call, ...]:
        calls: list[Call] = []
        for where in wanted[_STATE]:
            if where in now[_STATE]:
                continue
            config: Any = seen.config_for(where)
            if config is None:
                name = f"socconsole-{target.id}"
                made = {"Name": name, "DestinationArn": where, "CreatorRequestId": name}
                config = answer(len(calls), "ResolverQueryLogConfig.Id")
                calls.append(Call("route53resolver", "CreateResolverQueryLogConfig", made))
            calls.append(_call("AssociateResolverQueryLogConfig", config, target))
        for where in now[_STATE]:
            if where not in wanted[_STATE]:
                # A configuration that is still to be made has no id yet: it is the first call's.
                known: Any = seen.config_for(where) or answer(0, "ResolverQueryLogConfig.Id")
                calls.append(_call("DisassociateResolverQueryLogConfig", known, target))
        return tuple(calls)

    def restored(self, seen: Queries, done: Plan) -> State:
        """What others have logged meanwhile stays logged; what we began ends."""
        ours = [where for where in done.after[_STATE] if where not in done.before[_STATE]]
        return {_STATE: [where for where in self.state(seen)[_STATE] if where not in ours]}

    def words(self, state: State) -> str:
        return "queries logged to " + ", ".join(map(token, state[_STATE])) if state[_STATE] else "queries in no log"


def _call(operation: str, config: Any, target: Target) -> Call:
    return Call("route53resolver", operation, {_CONFIG: config, "ResourceId": target.id})


ACTION: Final = ResolverQueryLogs()
