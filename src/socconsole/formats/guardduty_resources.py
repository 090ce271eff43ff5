"""What a GuardDuty finding is about, in the words Security Hub uses for resource types.

``AwsS3Bucket``, ``AwsEc2Instance`` … so that a resource is the same whether GuardDuty or Security Hub names
it. A bucket, cluster, function or database goes by its ARN where the record has it, an instance or key by its
id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from socconsole.formats.fields import elements, mapping, plain, token, untrusted
from socconsole.model.finding import Resource
from socconsole.text import Untrusted

RESOURCES_LIMIT: Final = 256
TAGS_LIMIT: Final = 64

# details key: (Security Hub type, keys that may hold the id, keys that may hold a name)
_KINDS: Final[tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]] = (
    ("s3bucketdetails", "AwsS3Bucket", ("arn", "name"), ("name",)),
    ("accesskeydetails", "AwsIamAccessKey", ("accesskeyid",), ("username",)),
    ("instancedetails", "AwsEc2Instance", ("instanceid",), ()),
    ("eksclusterdetails", "AwsEksCluster", ("arn", "name"), ("name",)),
    ("ecsclusterdetails", "AwsEcsCluster", ("arn", "name"), ("name",)),
    ("lambdadetails", "AwsLambdaFunction", ("functionarn", "functionname"), ("functionname",)),
    (
        "rdsdbinstancedetails",
        "AwsRdsDbInstance",
        ("dbinstancearn", "dbinstanceidentifier"),
        ("dbinstanceidentifier",),
    ),
    (
        "rdslimitlessdbdetails",
        "AwsRdsDbShardGroup",
        ("dbshardgrouparn", "dbshardgroupidentifier"),
        ("dbshardgroupidentifier",),
    ),
    ("containerdetails", "Container", ("id", "name"), ("name",)),
    ("ebssnapshotdetails", "AwsEc2Snapshot", ("snapshotarn",), ()),
    ("ec2imagedetails", "AwsEc2Image", ("imagearn",), ()),
    ("recoverypointdetails", "AwsBackupRecoveryPoint", ("recoverypointarn",), ()),
    ("bedrockguardraildetails", "AwsBedrockGuardrail", ("guardrailarn",), ()),
    ("modeldetails", "AwsBedrockModel", ("modelid",), ()),
)
_SEQUENCE_TYPES: Final = {
    "EC2_INSTANCE": "AwsEc2Instance",
    "EC2_NETWORK_INTERFACE": "AwsEc2NetworkInterface",
    "S3_BUCKET": "AwsS3Bucket",
    "S3_OBJECT": "AwsS3Object",
    "ACCESS_KEY": "AwsIamAccessKey",
    "EKS_CLUSTER": "AwsEksCluster",
    "ECS_CLUSTER": "AwsEcsCluster",
    "ECS_TASK": "AwsEcsTask",
    "CONTAINER": "Container",
    "KUBERNETES_WORKLOAD": "KubernetesWorkload",
    "LAMBDA": "AwsLambdaFunction",
    "IAM_INSTANCE_PROFILE": "AwsIamInstanceProfile",
    "AUTOSCALING_AUTO_SCALING_GROUP": "AwsAutoScalingAutoScalingGroup",
    "EC2_LAUNCH_TEMPLATE": "AwsEc2LaunchTemplate",
    "EC2_VPC": "AwsEc2Vpc",
    "EC2_IMAGE": "AwsEc2Image",
    "CLOUDFORMATION_STACK": "AwsCloudFormationStack",
    "BEDROCK_GUARDRAIL": "AwsBedrockGuardrail",
}


def resources(
    resource: Mapping[str, Any], sequence: Mapping[str, Any], account: str | None, region: str | None
) -> tuple[Resource, ...]:
    """The resources of ``resource``; for an attack sequence those of ``service.detection.sequence``."""
    found: dict[tuple[str, str], Resource] = {}
    for each in _all(resource, sequence, account, region):
        found.setdefault((each.type, each.id.raw()), each)
        if len(found) >= RESOURCES_LIMIT:
            break
    return tuple(found.values())


def _principal_type(details: Mapping[str, Any]) -> str:
    """What a principal without an access key is: nobody should take its name for a key's id."""
    stated = plain(details.get("usertype"), 64).lower()
    return "AwsIamRole" if "role" in stated else "AwsAccount" if stated == "root" else "AwsIamUser"


def _all(
    resource: Mapping[str, Any], sequence: Mapping[str, Any], account: str | None, region: str | None
) -> Iterator[Resource]:
    for details_key, kind, id_keys, name_keys in _KINDS:
        for element in elements(resource.get(details_key)):
            details = mapping(element)
            found = _first(details, id_keys)
            if found is not None:
                tags = pairs(details.get("tags"))
                name = _first(details, name_keys) or _name_tag(tags)
                yield Resource(kind, found, name if name != found else None, account, region, tags)
    for element in elements(resource.get("accesskeydetails")):
        details = mapping(element)
        if _first(details, ("accesskeyid",)) is None and (who := _first(details, ("username", "principalid"))):
            yield Resource(_principal_type(details), who, None, account, region)
    kubernetes = mapping(resource.get("kubernetesdetails"))
    workload = mapping(kubernetes.get("kubernetesworkloaddetails"))
    if (named := untrusted(workload.get("name"))) is not None:
        yield Resource("KubernetesWorkload", named, untrusted(workload.get("namespace")), account, region)
    for element in elements(mapping(resource.get("ebsvolumedetails")).get("scannedvolumedetails")):
        if (volume := untrusted(mapping(element).get("volumearn"))) is not None:
            yield Resource("AwsEc2Volume", volume, None, account, region)
    for element in elements(sequence.get("resources")):
        details = mapping(element)
        if (uid := untrusted(details.get("uid"))) is None:
            continue
        stated = plain(details.get("resourcetype"), 128)
        yield Resource(
            _SEQUENCE_TYPES.get(stated.upper(), token(stated) or "Other"),
            uid,
            untrusted(details.get("name")),
            token(details.get("accountid")) or account,
            token(details.get("region")) or region,
            pairs(details.get("tags")),
        )


def affected(action: object, account: str | None, region: str | None) -> tuple[Resource, ...]:
    """``awsApiCallAction.affectedResources``, for a finding that names no resource otherwise."""
    call = mapping(mapping(action).get("awsapicallaction"))
    found = []
    for kind, value in list(mapping(call.get("affectedresources")).items())[:RESOURCES_LIMIT]:
        if (name := untrusted(value)) is not None:
            found.append(Resource(asff_type(token(kind) or "Other"), name, None, account, region))
    return tuple(found)


_CAPITALS: Final = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z]|[0-9]|$)")


def asff_type(kind: str) -> str:
    """CloudFormation's and V2's ``AWS::EC2::Instance`` as ASFF's ``AwsEc2Instance``; others as they are."""
    parts = [part for part in kind.split("::") if part]
    if len(parts) < 2 or parts[0].upper() != "AWS":
        return kind
    short = (_CAPITALS.sub(lambda run: run[0].capitalize(), part) for part in parts[1:])
    return "Aws" + "".join(part[:1].upper() + part[1:] for part in short)


def _first(details: Mapping[str, Any], names: tuple[str, ...]) -> Untrusted | None:
    for name in names:
        if (found := untrusted(details.get(name))) is not None:
            return found
    return None


def _name_tag(tags: tuple[tuple[Untrusted, Untrusted], ...]) -> Untrusted | None:
    return next((value for key, value in tags if key.raw() == "Name"), None)


def pairs(value: object) -> tuple[tuple[Untrusted, Untrusted], ...]:
    """Tags, written as ``[{"key", "value"}]`` (any case, also ``name``) or as an object."""
    found: list[tuple[Untrusted, Untrusted]] = []
    if isinstance(value, dict) and not all(isinstance(item, dict) for item in value.values()):
        listed: list[tuple[object, object]] = list(value.items())
    else:
        listed = []
        for element in elements(value):
            tag = {str(key).lower(): item for key, item in mapping(element).items()}
            listed.append((tag.get("key") or tag.get("name"), tag.get("value")))
    for key, item in listed[:TAGS_LIMIT]:
        if (name := untrusted(key)) is not None:
            found.append((name, untrusted(item) or Untrusted("")))
    return tuple(found)
