"""What a call was made upon: as CloudTrail lists it, and as the parameters of the call name it.

Most management events list no resources, so the parameters are where the bucket, role or key is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from socconsole.formats.fields import elements, mapping, plain, token
from socconsole.text import Untrusted

RESOURCES_LIMIT: Final = 64
_DEPTH: Final = 6

_PARAMETERS: Final = {
    "agentid": "AWS::Bedrock::Agent",
    "autoscalinggroupname": "AWS::AutoScaling::AutoScalingGroup",
    "bucket": "AWS::S3::Bucket",
    "bucketname": "AWS::S3::Bucket",
    "clustername": "AWS::ECS::Cluster",
    "dbclusteridentifier": "AWS::RDS::DBCluster",
    "dbclustersnapshotidentifier": "AWS::RDS::DBClusterSnapshot",
    "dbinstanceidentifier": "AWS::RDS::DBInstance",
    "dbsnapshotidentifier": "AWS::RDS::DBSnapshot",
    "detectorid": "AWS::GuardDuty::Detector",
    "documentname": "AWS::SSM::Document",
    "endpointconfigname": "AWS::SageMaker::EndpointConfig",
    "endpointname": "AWS::SageMaker::Endpoint",
    "exporttaskid": "AWS::EC2::ExportTask",
    "filesystemid": "AWS::EFS::FileSystem",
    "flowlogid": "AWS::EC2::FlowLog",
    "functionname": "AWS::Lambda::Function",
    "groupid": "AWS::EC2::SecurityGroup",
    "groupname": "AWS::IAM::Group",
    "guardrailidentifier": "AWS::Bedrock::Guardrail",
    "imageid": "AWS::EC2::Image",
    "instanceid": "AWS::EC2::Instance",
    "instanceprofilename": "AWS::IAM::InstanceProfile",
    "keyid": "AWS::KMS::Key",
    "knowledgebaseid": "AWS::Bedrock::KnowledgeBase",
    "loggroupname": "AWS::Logs::LogGroup",
    "modelid": "AWS::Bedrock::Model",
    "modelname": "AWS::SageMaker::Model",
    "networkaclid": "AWS::EC2::NetworkAcl",
    "networkinterfaceid": "AWS::EC2::NetworkInterface",
    "notebookinstancename": "AWS::SageMaker::NotebookInstance",
    "parametername": "AWS::SSM::Parameter",
    "policyarn": "AWS::IAM::Policy",
    "queueurl": "AWS::SQS::Queue",
    "repositoryname": "AWS::ECR::Repository",
    "resourcearn": "",
    "resourceid": "",
    "rolearn": "AWS::IAM::Role",
    "rolename": "AWS::IAM::Role",
    "routetableid": "AWS::EC2::RouteTable",
    "secretid": "AWS::SecretsManager::Secret",
    "snapshotid": "AWS::EC2::Snapshot",
    "sourcesnapshotid": "AWS::EC2::Snapshot",
    "subnetid": "AWS::EC2::Subnet",
    "tablename": "AWS::DynamoDB::Table",
    "topicarn": "AWS::SNS::Topic",
    "trailname": "AWS::CloudTrail::Trail",
    "username": "AWS::IAM::User",
    "volumeid": "AWS::EC2::Volume",
    "vpcendpointid": "AWS::EC2::VPCEndpoint",
    "vpcid": "AWS::EC2::VPC",
}
"""Parameter, in lower case → what it names, in CloudFormation's words as CloudTrail's own ``resources`` use."""

_BY_SERVICE: Final = {
    ("cloudtrail", "name"): "AWS::CloudTrail::Trail",
    ("ec2", "groupname"): "AWS::EC2::SecurityGroup",
    ("logs", "arn"): "AWS::Logs::LogGroup",
    ("s3", "role"): "AWS::IAM::Role",
    ("secretsmanager", "name"): "AWS::SecretsManager::Secret",
    ("ssm", "name"): "AWS::SSM::Parameter",
}
"""Parameters that name another thing, or anything at all, only with one service."""

_ANSWERS: Final = frozenset(
    {
        "functionarn",
        "groupid",
        "guardrailid",
        "imageid",
        "instanceid",
        "keyid",
        "snapshotid",
        "trailarn",
        "volumeid",
    }
)
"""What an answer names that did not exist before the call."""
_ANSWER_TYPES: Final = {
    "functionarn": "AWS::Lambda::Function",
    "guardrailid": "AWS::Bedrock::Guardrail",
    "trailarn": "AWS::CloudTrail::Trail",
}


def read(record: Mapping[str, Any], wrapper: Mapping[str, Any], service: str) -> tuple[tuple[str, Untrusted], ...]:
    """(type, ARN or name), each once: what AWS lists first. ``service`` is ``s3`` of ``s3.amazonaws.com``."""
    found: dict[tuple[str, str], None] = {}
    for kind, name in _named(record, wrapper, service):
        text = plain(name)
        if text and not text.isspace():
            found.setdefault((kind, text), None)
            if len(found) >= RESOURCES_LIMIT:
                break
    return tuple((kind, Untrusted(text)) for kind, text in found)


def _named(record: Mapping[str, Any], wrapper: Mapping[str, Any], service: str) -> Iterator[tuple[str, object]]:
    for listed in (record.get("resources"), wrapper.get("Resources")):
        for each in elements(listed):
            low = {str(key).lower(): value for key, value in mapping(each).items()}
            kind = token(low.get("type") or low.get("resourcetype")) or ""
            yield kind, low.get("arn") or low.get("resourcename") or low.get("arnprefix")
    for named in ("requestParameters", "serviceEventDetails"):
        yield from _parameters(record.get(named), service, 0)
    yield from _answer(record.get("responseElements"), service, 0)


def _parameters(value: object, service: str, depth: int) -> Iterator[tuple[str, object]]:
    if depth >= _DEPTH:
        return
    for name, each in mapping(value).items():
        low = str(name).lower()
        kind = _BY_SERVICE.get((service, low)) or _PARAMETERS.get(low)
        if kind is not None and isinstance(each, str):
            yield kind, each
        elif kind is not None and isinstance(each, list):
            yield from ((kind, one) for one in each if isinstance(one, str))
        for inner in elements(each):
            yield from _parameters(inner, service, depth + 1)


def _answer(value: object, service: str, depth: int) -> Iterator[tuple[str, object]]:
    if depth >= _DEPTH:
        return
    for name, each in mapping(value).items():
        low = str(name).lower()
        if low in _ANSWERS and isinstance(each, str):
            yield _ANSWER_TYPES.get(low) or _PARAMETERS[low], each
        for inner in elements(each):
            yield from _answer(inner, service, depth + 1)


def issued(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the keys that the answer handed out. A secret beside them is never looked at."""
    found: dict[str, None] = {}
    for name, each in mapping(record.get("responseElements")).items():
        if str(name).lower() not in ("credentials", "accesskey", "rolecredentials", "servicespecificcredential"):
            continue
        for part, value in mapping(each).items():
            if str(part).lower() in ("accesskeyid", "servicespecificcredentialid") and (one := token(value)):
                found[one] = None
    return tuple(found)
