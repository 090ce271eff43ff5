"""SHS-04 to SHS-06: instances that serve a model, their credentials, addresses and disks.

Facts: a response of the metadata service travels as many hops as its limit says, and a container on a bridge is one
away (EC2 User Guide, "Use IMDSv2"); IPv6 addresses of a VPC are public ones, reachable where a route to an internet
gateway is (VPC User Guide); ``block-new-sharing`` leaves what is public already (EBS User Guide, "Block public access
for EBS snapshots").
"""

from __future__ import annotations

from typing import Final

from socconsole.model.estate.containers import Containers
from socconsole.model.estate.hosts import Host, Hosts
from socconsole.model.estate.network import Network
from socconsole.model.known import Known, NotRead, Unread
from socconsole.model.posture import Judged
from socconsole.posture import inference, ways
from socconsole.posture.check import AnyCheck, Check, Context, Said, passed, weigh
from socconsole.posture.inference import Serving, listed
from socconsole.text import Untrusted

_CONTAINER_HOPS: Final = 2
_BLOCKED: Final = frozenset({"block-all-sharing", "block-new-sharing"})


def metadata_guarded(one: Serving[Host], context: Context) -> Judged:
    """SHS-04. A forged request is worth nothing without a token, and the token comes no further than it has to."""
    metadata = one.what.metadata
    if not metadata.enabled:
        return passed("its metadata service is off")

    def tokens() -> Said:
        words = "asks for a session token (IMDSv2)" if metadata.tokens_required else "also answers without one (IMDSv1)"
        return Said(metadata.tokens_required, f"its metadata service {words}")

    def hops() -> Said:
        if metadata.hops <= 1:
            return Said(True, "its answers travel 1 hop")
        if metadata.hops > _CONTAINER_HOPS:
            return Said(False, f"its answers travel {metadata.hops} hops")
        runs = bool(one.what.cluster) or one.what.id in {id_ for _, id_ in context.part(Containers).instances.get()}
        what = "that runs containers" if runs else "that runs no containers"
        return Said(runs, f"its answers travel {metadata.hops} hops, on an instance {what}")

    return weigh([tokens, hops])


def not_public(one: Serving[Host], context: Context) -> Judged:
    """SHS-05. A model needs no address of its own on the internet, least of all one that acts with a role."""

    def address() -> Said:
        reached = [each for each in one.what.public if ":" not in each]
        six = [each for each in one.what.public if ":" in each]
        network = context.part(Network)
        if six and any(ways.doors(network.subnet(each).get(), network) for each in one.what.subnets):
            reached += six
        if not reached:
            return Said(True, "it has no address on the internet")
        role = one.what.role.value if isinstance(one.what.role, Known) else "a role that was not read"
        role = f", and acts as {role}" if role else ""
        return Said(False, f"it has {listed(reached)} on the internet{role}")

    return weigh([address])


def disks_closed(one: Serving[Host], context: Context) -> Judged:
    """SHS-06. Weights, prompts and keys lie on its disks, and on every copy of them."""
    parts, own = context.part(Hosts), frozenset(one.what.volumes)

    def volumes() -> Said:
        seen = {each.id: each for each in parts.volumes.get()}
        if missing := [id_ for id_ in one.what.volumes if id_ not in seen]:
            raise NotRead(Unread("ec2:DescribeVolumes", Untrusted(f"{listed(missing)} not listed")))
        plain = [id_ for id_ in one.what.volumes if not seen[id_].encrypted]
        return Said(not plain, f"{listed(plain)} not encrypted" if plain else f"volumes encrypted: {len(own)}")

    def snapshots() -> Said:
        plain = [each.id for each in parts.snapshots.get() if each.volume in own and not each.encrypted]
        return Said(not plain, f"{listed(plain)} not encrypted" if plain else "no snapshot of them unencrypted")

    def public() -> Said:
        everybody = parts.public_snapshots.get()
        shared = [each.id for each in parts.snapshots.get() if each.volume in own and each.id in everybody]
        return Said(not shared, f"everybody may restore {listed(shared)}" if shared else "no snapshot of them public")

    def blocked() -> Said:
        state = parts.snapshot_sharing.get()
        return Said(state in _BLOCKED, f"public snapshots in this account and region: {state}")

    return weigh([volumes, snapshots, public, blocked])


CHECKS: Final[tuple[AnyCheck, ...]] = (
    Check("SHS-04", inference.hosts, metadata_guarded),
    Check("SHS-05", inference.hosts, not_public),
    Check("SHS-06", inference.hosts, disks_closed),
)
