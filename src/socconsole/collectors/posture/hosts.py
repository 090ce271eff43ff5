"""Instances, their volumes and snapshots, and Security Hub's AI inventory, as the checks see them.

Facts: instances that a service manages can be hidden from lists (EC2 API reference, ``IncludeManagedResources``);
``DescribeSnapshots`` restricted to our own and to those that ``all`` may restore lists our public ones (the same,
``RestorableByUserIds``); nodes of an EKS cluster carry its name in a tag (EKS User Guide, "Tag your resources");
resources that models were found on have counts of them, what was found names its host's GUID (Security Hub API
reference, ``GetResourcesV2``). Botocore calls every member of EC2's answers optional: we need what is indexed here.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from socconsole.collectors.egress_marks import Marks, accelerated, tags_of
from socconsole.collectors.egress_network import public_addresses
from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.roles import IAM
from socconsole.config import Config
from socconsole.model.estate.hosts import Host, Hosts, Inventoried, Metadata, Snapshot, Volume
from socconsole.model.known import Known, Read, Unread
from socconsole.model.regions import partition_of
from socconsole.text import Untrusted, token

_GONE: Final = frozenset({"terminated", "shutting-down"})
_CLUSTER_TAGS: Final = ("eks:cluster-name", "aws:eks:cluster-name", "eks:eks-cluster-name")
_CLUSTER_KEY: Final = "kubernetes.io/cluster/"
_COUNTS: Final = ("SelfHostedAIModelResourceCount", "SelfHostedAIModelServingResourceCount")
_SERVING: Final = ("::Model", "::InferenceEndpoint")
_ARN: Final = 1024


async def read(asking: Asking, config: Config) -> Hosts:
    """All instances of the place. Raises ``AwsTrouble`` as :class:`Asking` does."""
    place, marks = asking.place, Marks((), config.egress.llm_tags)

    def arn(kind: str, id_: str, account: str = place.account) -> str:
        return f"arn:{partition_of(place.region)}:ec2:{place.region}:{account}:{kind}/{id_}"

    def instances(page: dict[str, Any]) -> Iterator[Host]:
        for reservation in page["Reservations"]:
            for one in reservation["Instances"]:
                if one["State"]["Name"] not in _GONE:
                    yield _host(one, arn("instance", token(one["InstanceId"])), marks)

    def volumes(page: dict[str, Any]) -> Iterator[Volume]:
        for one in page["Volumes"]:
            id_ = token(one["VolumeId"])
            yield Volume(arn("volume", id_), id_, _bool(one["Encrypted"]))

    def snapshots(page: dict[str, Any]) -> Iterator[Snapshot]:
        for one in page["Snapshots"]:
            id_ = token(one["SnapshotId"])
            yield Snapshot(arn("snapshot", id_, ""), id_, token(one["VolumeId"]), _bool(one["Encrypted"]))

    everything, own = {"IncludeManagedResources": True}, {"OwnerIds": ["self"]}
    shared = await asking.all(
        "ec2:DescribeSnapshots",
        {**own, "RestorableByUserIds": ["all"]},
        lambda page: [token(one["SnapshotId"]) for one in page["Snapshots"]],
    )
    return Hosts(
        instances=await _with_roles(asking, await asking.all("ec2:DescribeInstances", everything, instances)),
        volumes=await asking.all("ec2:DescribeVolumes", everything, volumes),
        snapshots=await asking.all("ec2:DescribeSnapshots", own, snapshots),
        public_snapshots=shared if isinstance(shared, Unread) else Known(frozenset(shared.get())),
        snapshot_sharing=await asking.one(
            "ec2:GetSnapshotBlockPublicAccessState", {}, lambda answer: token(answer["State"])
        ),
        inventory=await _inventory(asking, marks),
    )


def _host(one: dict[str, Any], arn: str, marks: Marks) -> Host:
    id_, tags, options = token(one["InstanceId"]), tags_of(one.get("Tags")), one["MetadataOptions"]
    type_, cluster = token(one["InstanceType"]), _cluster(tags)
    interfaces = one["NetworkInterfaces"]
    groups = [each["GroupId"] for each in one.get("SecurityGroups") or ()]
    groups += [each["GroupId"] for eni in interfaces for each in eni["Groups"]]
    private = [each["PrivateIpAddress"] for eni in interfaces for each in eni.get("PrivateIpAddresses") or ()]
    private += [each["Ipv6Address"] for eni in interfaces for each in eni.get("Ipv6Addresses") or ()]
    disks = [each["Ebs"]["VolumeId"] for each in one.get("BlockDeviceMappings") or () if each.get("Ebs")]
    return Host(
        arn=arn,
        id=id_,
        name=Untrusted(next((value for key, value in tags if key == "Name"), "") or id_),
        tags=tuple((Untrusted(key), Untrusted(value)) for key, value in tags),
        declared=marks.declares((id_, cluster), tags),
        type=type_,
        accelerated=accelerated(type_),
        image=token(one["ImageId"]),
        vpc=token(one.get("VpcId") or ""),
        subnets=_unique(eni["SubnetId"] for eni in interfaces),
        groups=_unique(groups),
        public=_unique(public_addresses(one)),
        private=_unique(private),
        profile=token((one.get("IamInstanceProfile") or {}).get("Arn") or "", _ARN),
        role=Known(""),
        metadata=Metadata(
            enabled=options["HttpEndpoint"] != "disabled",
            tokens_required=options["HttpTokens"] == "required",
            hops=int(options["HttpPutResponseHopLimit"]),
        ),
        volumes=_unique(disks),
        cluster=cluster,
    )


def _cluster(tags: list[tuple[str, str]]) -> str:
    for key, value in tags:
        if key in _CLUSTER_TAGS:
            return token(value)
        if key.startswith(_CLUSTER_KEY):
            return token(key.removeprefix(_CLUSTER_KEY))
    return ""


async def _with_roles(asking: Asking, hosts: Read[tuple[Host, ...]]) -> Read[tuple[Host, ...]]:
    if isinstance(hosts, Unread):
        return hosts
    profiles = tuple(dict.fromkeys(host.profile for host in hosts.value if host.profile))

    async def role(profile: str) -> Read[str]:
        name = {"InstanceProfileName": profile.rpartition("/")[2]}
        # Where the profile is gone, its role is nobody's to hand out.
        return await asking.one("iam:GetInstanceProfile", name, _role, region=IAM, none=Known(""))

    roles = dict(zip(profiles, await asking.each(profiles, role), strict=True))
    return Known(tuple(dataclasses.replace(host, role=roles.get(host.profile, Known(""))) for host in hosts.value))


def _role(answer: dict[str, Any]) -> str:
    """A profile has one role, or none yet."""
    return next((token(one["Arn"], _ARN) for one in answer["InstanceProfile"]["Roles"]), "")


async def _inventory(asking: Asking, marks: Marks) -> Read[tuple[Inventoried, ...] | None]:
    on = await asking.one("securityhub:DescribeSecurityHubV2", {}, lambda answer: True, none=Known(False))
    if isinstance(on, Unread):
        return on
    if not on.value:
        return Known(None)
    here = [_equals("AccountId", asking.place.account), _equals("Region", asking.place.region)]
    models = [_equals("ResourceCategory", "AI/ML"), _equals("DiscoveryType", "SelfHosted")]
    found = await asking.all(
        "securityhub:GetResourcesV2",
        _filters({"StringFilters": [*models, *here], "Operator": "AND"}),
        lambda page: [(_about(one), _resource(one, marks)) for one in page["Resources"]],
    )
    counts = [{"FieldName": f"ResourceInfo.AIDetails.{name}", "Filter": {"Gte": 1.0}} for name in _COUNTS]
    bearers = await asking.all(
        "securityhub:GetResourcesV2",
        _filters({"StringFilters": here, "Operator": "AND"}, {"NumberFilters": counts, "Operator": "OR"}),
        lambda page: [(str(one.get("ResourceGuid") or ""), _resource(one, marks)) for one in page["Resources"]],
    )
    if isinstance(found, Unread):
        return found
    if isinstance(bearers, Unread):
        return bearers
    on_it: dict[str, list[Untrusted]] = defaultdict(list)
    for about, one in found.value:
        on_it[str(about.get("HostResourceGuid") or "")].append(
            Untrusted(str(about.get("CanonicalId") or one.name.raw()))
        )
    hosts = {guid for guid, _ in bearers.value}
    homeless = [
        one for about, one in found.value if about.get("HostResourceGuid") not in hosts and one.kind.endswith(_SERVING)
    ]
    return Known(
        (*(dataclasses.replace(one, found=tuple(on_it.get(guid, ()))) for guid, one in bearers.value), *homeless)
    )


def _about(one: dict[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = (one.get("ResourceInfo") or {}).get("AIDetails") or {}
    return about


def _resource(one: dict[str, Any], marks: Marks) -> Inventoried:
    id_ = str(one["ResourceId"])
    name = str(one.get("ResourceName") or id_)
    declared = marks.declares((id_, name), tags_of(one.get("ResourceTags")))
    return Inventoried(token(id_, _ARN), token(one["ResourceType"]), Untrusted(name), declared, ())


def _equals(field: str, value: str) -> dict[str, Any]:
    return {"FieldName": field, "Filter": {"Value": value, "Comparison": "EQUALS"}}


def _filters(*composite: dict[str, Any]) -> dict[str, Any]:
    return {"Filters": {"CompositeFilters": list(composite), "CompositeOperator": "AND"}}


def _bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _unique(ids: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(token(one) for one in ids if one))
