"""``iam-role-off-path``: deny a role wherever it is not used from its own instances' way to AWS.

Credentials stolen from an instance are used from elsewhere. The Deny leaves alone what comes from the public
addresses of the role's instances and of their NAT gateways, from their VPC through a VPC endpoint, and what an AWS
service does on the role's behalf; so the workload goes on, where revoking its sessions would break it. Facts: IAM
User Guide, "aws:SourceIp" (absent where a VPC endpoint is used), "aws:SourceVpc" (there only then),
"aws:ViaAWSService"; a negated operator holds where its key is absent ("Condition operators").
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from socconsole.model.action import Reversible
from socconsole.model.finding import Finding
from socconsole.response.base import Info, Target
from socconsole.response.change import Cut
from socconsole.response.iam_inline import CALLS, nobody
from socconsole.response.iam_principal import ROLE, Principal
from socconsole.response.iam_role import Role, RoleDeny, stolen
from socconsole.response.wording import count, listed
from socconsole.text import token

_REVOKE: Final = "iam-role-revoke-sessions: its sessions until now are denied"


class IamRoleOffPath(RoleDeny):
    """See the module's text."""

    policy = "socconsole-off-path"
    exits = True
    info = Info(
        id="iam-role-off-path",
        title="Deny a role away from its own instances",
        target_type="role",
        calls=CALLS[ROLE],
        stops="every use of the role's credentials from anywhere but its instances, their NAT gateways and VPCs",
        does_not_stop="an intruder on the instance itself, or one who sends his calls through it; sessions of other "
        "roles that were taken on from this one",
        reversible=Reversible.YES,
        captures="the role with its trust policy, inline and attached policies, instance profiles, instances, NAT "
        "gateways",
        verifies="the role's inline policy denies all that does not come from those addresses and VPCs",
        undo_leaves="nothing",
        pitfalls=(
            "a service that calls for the role is exempt (aws:ViaAWSService)",
            "through a VPC endpoint AWS sees no address but the VPC: the instances' VPCs are exempt",
            "instances of the role in a region that was not read would be cut off: the regions are named before",
            "a way out that cannot be read (transit gateway, proxy, firewall) would be cut off: said; without any "
            "known way out it is not offered",
            "a NAT gateway added later, and OpenSearch or DAX inside the VPC, show other addresses: said",
            "a role that functions or tasks take on as well would be cut off there: said",
        ),
    )

    def cut(self, seen: Principal, target: Target, finding: Finding | None, own: Collection[str]) -> Cut:
        if not isinstance(seen, Role):
            return nobody(seen)
        if not seen.instances:
            where = ", ".join(seen.regions)
            return Cut(None, f"would change nothing here: no instance runs with it in {where}", instead=_REVOKE)
        addresses = sorted({*seen.exits, *(address for one in seen.instances for address in one.addresses)})
        if not addresses:
            return Cut(
                None,
                "its instances' way to AWS is not known: they have no public address and their VPC no NAT gateway; "
                "whatever does not go through a VPC endpoint would be denied to them as well",
                instead=_REVOKE,
            )
        callers = [actor.value.raw() for actor in finding.actors if actor.kind == "ip"] if finding else []
        if callers and all(caller in addresses for caller in callers):
            return Cut(
                None,
                f"would change nothing here: {token(callers[0])}, which the finding names, is the instances' own "
                "way out; the intruder is on one of them, or behind the same NAT gateway",
                instead="ec2-isolate: the instance itself is cut off",
            )
        condition: dict[str, Any] = {
            "NotIpAddress": {"aws:SourceIp": addresses},
            "StringNotEquals": {"aws:SourceVpc": sorted(seen.vpcs)},
            "Bool": {"aws:ViaAWSService": "false"},
        }
        return self.deny(
            seen,
            {"Action": "*", "Condition": condition},
            why=f"credentials of {token(seen.name)} work from anywhere; its instances need them from "
            f"{count(len(addresses), 'address', 'addresses')} and {count(len(seen.vpcs), 'VPC')}",
            blast_radius=f"stays allowed from{listed(addresses)[1:]}{listed(seen.vpcs)}; {seen.users()}",
            fit=95 if stolen(finding) else 55,
            warnings=_warnings(seen),
        )


def _warnings(seen: Role) -> tuple[str, ...]:
    said = [
        f"instances with this role were looked for in {', '.join(seen.regions)} only: those elsewhere are cut off",
        "calls that leave by a transit gateway, a proxy or a firewall of another VPC come from addresses that were "
        "not read: they are denied; so are OpenSearch and DAX inside the VPC, which see private addresses",
    ]
    held = [service for service in seen.services if not service.startswith("ec2.")]
    if held:
        said.append(
            f"what {', '.join(token(one) for one in held[:4])} runs with it comes from elsewhere: it is cut off"
        )
    if seen.callers:
        said.append(f"{count(len(seen.callers), 'principal')} that may take it on are cut off{listed(seen.callers)}")
    return tuple(said)


ACTION: Final = IamRoleOffPath()
