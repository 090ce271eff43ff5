"""EC2 where moto and AWS differ in what containment relies on: groups of interfaces, attributes, metadata options.

Source: EC2 API reference, the operations named below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.backends import get_backend

from socconsole.drill import ec2_regions, ec2_snapshots
from socconsole.drill.errors import AwsError
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()
routes.include(ec2_snapshots.routes)
routes.include(ec2_regions.routes)

SNAPSHOT_SECONDS: Final = 300.0
"""Seconds of the story until a snapshot is completed; on AWS the first of a volume takes minutes to hours."""

_METADATA: Final = {
    "HttpTokens": "http_tokens",
    "HttpPutResponseHopLimit": "http_put_response_hop_limit",
    "HttpEndpoint": "http_endpoint",
    "HttpProtocolIpv6": "http_protocol_ipv6",
    "InstanceMetadataTags": "instance_metadata_tags",
}
_VALUES: Final = {
    "DisableApiTermination": "disable_api_termination",
    "DisableApiStop": "disable_api_stop",
    "InstanceInitiatedShutdownBehavior": "instance_initiated_shutdown_behavior",
    "SourceDestCheck": "source_dest_check",
}


def backend(account: str, region: str) -> Any:
    return get_backend("ec2")[account][region]


@routes.after("ec2", "RunInstances")
def run_instances(cloud: Cloud, call: Call) -> None:
    """Groups belong to interfaces. moto keeps an instance's own beside them, and adds the two up for ever."""
    for reservation in backend(call.account, call.region).reservations.values():
        for instance in reservation.instances:
            groups, instance.security_groups = instance.security_groups, []
            if groups:
                instance.nics[0]._group_set = list(groups)


@routes.after("ec2", "CreateNatGateway")
def create_nat_gateway(cloud: Cloud, call: Call) -> None:
    """Its interface says whose it is, and has an address of its subnet; moto draws one out of all of 10.0.0.0/8."""
    ec2 = backend(call.account, call.region)
    for gateway in ec2.nat_gateways.values():
        interface = ec2.enis[gateway._eni.id]
        if interface.interface_type == "nat_gateway":
            continue
        interface.interface_type = "nat_gateway"
        address = interface.subnet.get_available_subnet_ip(interface)
        for one in interface.private_ip_addresses:
            if one.get("PrivateIpAddress") == interface.private_ip_address:
                one["PrivateIpAddress"] = address
        gateway.private_ip = interface.private_ip_address = address
        for one in gateway.address_set:
            one["privateIp"] = address


@routes.after("ec2", "CreateSnapshot", "CreateSnapshots")
def create_snapshots(cloud: Cloud, call: Call) -> None:
    """Pending until the blocks are copied; in moto they are completed at once."""
    ec2 = backend(call.account, call.region)
    volumes = {call.params.get("VolumeId")}
    if call.operation == "CreateSnapshots":
        instance = ec2.get_instance(call.params["InstanceSpecification"]["InstanceId"])
        volumes = {one.volume_id for one in instance.block_device_mapping.values()}
    made = [one for one in ec2.snapshots.values() if one.volume.id in volumes and not hasattr(one, "asked")]
    for snapshot in made:
        snapshot.asked, snapshot.status = True, "pending"

    def finish() -> None:
        for snapshot in made:
            if snapshot.status == "pending":
                snapshot.status = "completed"

    cloud.slow.begin(call, SNAPSHOT_SECONDS, finish)


@routes.op("ec2", "ModifyInstanceAttribute")
def modify_instance_attribute(cloud: Cloud, call: Call) -> dict[str, Any]:
    """One attribute a call. moto takes no shutdown behaviour, and empties the groups instead."""
    params = {key: value for key, value in call.params.items() if key not in ("InstanceId", "DryRun")}
    if len(params) != 1:
        raise AwsError("InvalidParameterCombination", "Fields for multiple attribute types specified", 400)
    instance = backend(call.account, call.region).get_instance(call.params["InstanceId"])
    ((name, value),) = params.items()
    if name in _VALUES:
        setattr(instance, _VALUES[name], value["Value"])
    elif name == "BlockDeviceMappings":
        for mapping in value:
            instance.block_device_mapping[mapping["DeviceName"]].delete_on_termination = mapping["Ebs"][
                "DeleteOnTermination"
            ]
    elif name == "Groups":
        ec2 = backend(call.account, call.region)
        if len(instance.nics) > 1:
            raise AwsError("InvalidInstanceID", f"There are multiple interfaces attached to instance '{instance.id}'.")
        instance.nics[0]._group_set = [ec2.get_security_group_from_id(one) for one in value]
    else:
        raise AwsError("InvalidParameterValue", f"the drill's AWS does not change the attribute {name}", 400)
    return {}


@routes.op("ec2", "ModifyInstanceMetadataOptions")
def modify_metadata_options(cloud: Cloud, call: Call) -> dict[str, Any]:
    """What is not named stays as it is; moto forgets it."""
    instance = backend(call.account, call.region).get_instance(call.params["InstanceId"])
    options = instance.metadata_options
    for name, attribute in _METADATA.items():
        if name in call.params:
            setattr(options, attribute, call.params[name])
    answer = {name: getattr(options, attribute) for name, attribute in _METADATA.items()}
    return {"InstanceId": instance.id, "InstanceMetadataOptions": {"State": "pending", **answer}}
