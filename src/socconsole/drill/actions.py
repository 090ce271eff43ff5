"""Operation → IAM actions and the resource they are checked on.

Source: the "Actions, resources, and condition keys" pages of the Service Authorization Reference. Where an
operation's actions are listed in the console's own ``aws/operations/`` that list is used, so that a role
generated from it and the drill's check cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from moto.backends import get_backend

from socconsole.aws.operations import table
from socconsole.drill import ec2_arns

# botocore's service name -> IAM prefix, where they differ.
_PREFIX: Final = {
    "accessanalyzer": "access-analyzer",
    "bedrock-agent": "bedrock",
    "bedrock-agentcore-control": "bedrock-agentcore",
    "bedrock-runtime": "bedrock",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "s3control": "s3",
    "sagemaker-runtime": "sagemaker",
    "stepfunctions": "states",
}
# Operations whose IAM action has another name, or that need several.
_ACTIONS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("s3", "ListObjectsV2"): ("s3:ListBucket",),
    ("s3", "ListObjects"): ("s3:ListBucket",),
    ("s3", "HeadBucket"): ("s3:ListBucket",),
    ("s3", "ListBuckets"): ("s3:ListAllMyBuckets",),
    ("s3", "HeadObject"): ("s3:GetObject",),
    ("s3", "GetPublicAccessBlock"): ("s3:GetBucketPublicAccessBlock",),
    ("s3", "PutPublicAccessBlock"): ("s3:PutBucketPublicAccessBlock",),
    ("s3", "DeletePublicAccessBlock"): ("s3:PutBucketPublicAccessBlock",),
    ("s3", "GetBucketEncryption"): ("s3:GetEncryptionConfiguration",),
    ("s3", "PutBucketEncryption"): ("s3:PutEncryptionConfiguration",),
    ("s3", "DeleteBucketEncryption"): ("s3:PutEncryptionConfiguration",),
    ("s3", "GetBucketReplication"): ("s3:GetReplicationConfiguration",),
    ("s3", "PutBucketReplication"): ("s3:PutReplicationConfiguration",),
    ("s3", "GetBucketLifecycleConfiguration"): ("s3:GetLifecycleConfiguration",),
    ("s3", "GetBucketMetricsConfiguration"): ("s3:GetMetricsConfiguration",),
    ("s3", "ListBucketMetricsConfigurations"): ("s3:GetMetricsConfiguration",),
    ("s3", "PutBucketMetricsConfiguration"): ("s3:PutMetricsConfiguration",),
    ("s3", "DeleteBucketMetricsConfiguration"): ("s3:PutMetricsConfiguration",),
    ("s3", "GetBucketNotificationConfiguration"): ("s3:GetBucketNotification",),
    ("s3", "PutBucketNotificationConfiguration"): ("s3:PutBucketNotification",),
    ("s3", "ListObjectVersions"): ("s3:ListBucketVersions",),
    ("s3", "GetObjectLockConfiguration"): ("s3:GetBucketObjectLockConfiguration",),
    ("s3control", "GetPublicAccessBlock"): ("s3:GetAccountPublicAccessBlock",),
    ("s3control", "PutPublicAccessBlock"): ("s3:PutAccountPublicAccessBlock",),
    ("s3control", "DeletePublicAccessBlock"): ("s3:PutAccountPublicAccessBlock",),
    ("lambda", "Invoke"): ("lambda:InvokeFunction",),
    ("bedrock-runtime", "Converse"): ("bedrock:InvokeModel",),
    ("bedrock-runtime", "ConverseStream"): ("bedrock:InvokeModelWithResponseStream",),
}


def of(service: str, operation: str) -> tuple[str, ...]:
    """IAM actions that an operation needs."""
    if (row := table().get(f"{service}:{operation}")) is not None and row.iam:
        return row.iam
    listed = _ACTIONS.get((service, operation))
    return listed or (f"{_PREFIX.get(service, service)}:{operation}",)


def needed(service: str, operation: str, params: Mapping[str, Any], account: str, region: str) -> list[tuple[str, str]]:
    """(action, resource ARN) pairs; the resource is ``*`` where the action knows no resource."""
    build = _RESOURCE.get(service)
    resource = build(operation, params, account, region) if build else "*"
    resources = (resource,) if isinstance(resource, str) else resource
    pairs = [(action, one) for action in of(service, operation) for one in resources]
    if service == "ec2":
        pairs += [("iam:PassRole", role) for role in ec2_arns.passed(operation, params, account)]
    return pairs


def service_context(service: str, operation: str, params: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Condition keys that a service adds, for those the console's own policies use."""
    if (service, operation) == ("securityhub", "BatchUpdateFindings"):
        context: dict[str, tuple[str, ...]] = {}
        if status := (params.get("Workflow") or {}).get("Status"):
            context["securityhub:asffsyntaxpath/workflow.status"] = (str(status),)
        if "VerificationState" in params:
            context["securityhub:asffsyntaxpath/verificationstate"] = (str(params["VerificationState"]),)
        return context
    if service == "bedrock-runtime":
        converse = params.get("guardrailConfig") or {}
        guardrail = params.get("guardrailIdentifier") or converse.get("guardrailIdentifier")
        return {"bedrock:guardrailidentifier": (str(guardrail),)} if guardrail else {}
    if (service, operation) == ("cloudwatch", "PutMetricData"):
        return {"cloudwatch:namespace": (str(params.get("Namespace", "")),)}
    row = table().get(f"{service}:{operation}")
    return {"iam:passedtoservice": (row.passes,)} if row is not None and row.passes else {}


def _s3(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    bucket = params.get("Bucket")
    if not bucket:
        return "*"
    key = params.get("Key")
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def _iam(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    if operation == "SimulatePrincipalPolicy":
        return str(params.get("PolicySourceArn", "*"))
    for key, kind in (("RoleName", "role"), ("UserName", "user"), ("PolicyArn", ""), ("GroupName", "group")):
        if key in params:
            return str(params[key]) if not kind else _with_path(account, kind, str(params[key]))
    if "InstanceProfileName" in params:
        return _with_path(account, "instance-profile", str(params["InstanceProfileName"]))
    if "AccessKeyId" in params:  # a key is checked on its user
        access = get_backend("iam")[account]["aws"].access_keys.get(str(params["AccessKeyId"]))
        return _with_path(account, "user", str(access.user_name)) if access else "*"
    return "*"


def _with_path(account: str, kind: str, name: str) -> str:
    """A role's or user's ARN with its path, which a call does not say and a policy has to match."""
    backend = get_backend("iam")[account]["aws"]
    profiles = backend.instance_profiles
    known: Any = {"role": backend.roles, "user": backend.users, "instance-profile": profiles}.get(kind, {})
    found = next((one.arn for one in list(known.values()) if one.name == name), "")
    return str(found or f"arn:aws:iam::{account}:{kind}/{name}")


def _sts(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    return str(params.get("RoleArn", "*"))


def _guardduty(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    if "DetectorId" not in params:
        return "*"
    return f"arn:aws:guardduty:{region}:{account}:detector/{params['DetectorId']}"


def _securityhub(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    return f"arn:aws:securityhub:{region}:{account}:hub/default"


def _sagemaker(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    if "ResourceArn" in params:
        return str(params["ResourceArn"])
    for key, kind in (
        ("EndpointName", "endpoint"),
        ("EndpointConfigName", "endpoint-config"),
        ("ModelName", "model"),
        ("NotebookInstanceName", "notebook-instance"),
        ("TrainingJobName", "training-job"),
    ):
        if key in params:
            # SageMaker writes the names in its ARNs in lower case.
            return f"arn:aws:sagemaker:{region}:{account}:{kind}/{str(params[key]).lower()}"
    return "*"


def _lambda(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    name = str(params.get("FunctionName") or params.get("Resource") or "")
    if not name or operation == "ListEventSourceMappings":
        return "*"
    return name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{name}"


def _ecs(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    cluster = str(params.get("cluster", "default")).rpartition("/")[2]
    for key, kind in (("service", "service"), ("services", "service"), ("task", "task"), ("tasks", "task")):
        if key in params:
            name = params[key][0] if isinstance(params[key], list) else params[key]
            return f"arn:aws:ecs:{region}:{account}:{kind}/{cluster}/{str(name).rpartition('/')[2]}"
    if operation == "ListContainerInstances":
        return f"arn:aws:ecs:{region}:{account}:cluster/{cluster}"
    if operation == "DescribeContainerInstances":
        name = str(params["containerInstances"][0]).rpartition("/")[2]
        return f"arn:aws:ecs:{region}:{account}:container-instance/{cluster}/{name}"
    return "*"


def _eks(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    cluster = params.get("clusterName") or params.get("name")
    if not cluster:
        return "*"
    if operation == "DescribeNodegroup":
        return f"arn:aws:eks:{region}:{account}:nodegroup/{cluster}/{params['nodegroupName']}/1"
    return f"arn:aws:eks:{region}:{account}:cluster/{cluster}"


def _resolver(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    if "ResolverQueryLogConfigId" not in params:
        return "*"
    return f"arn:aws:route53resolver:{region}:{account}:resolver-query-log-config/{params['ResolverQueryLogConfigId']}"


def _logs(operation: str, params: Mapping[str, Any], account: str, region: str) -> str | tuple[str, ...]:
    if operation in ("GetQueryResults", "StopQuery", "DescribeQueries"):
        return "*"
    several = params.get("logGroupIdentifiers") or params.get("logGroupNames")
    names = several or [params.get("logGroupName") or params.get("logGroupNamePrefix") or ""]
    stem = f"arn:aws:logs:{region}:{account}:log-group:"
    return tuple(str(one) if str(one).startswith("arn:") else f"{stem}{one}" for one in names)


def _cloudwatch(operation: str, params: Mapping[str, Any], account: str, region: str) -> str | tuple[str, ...]:
    """Alarms have ARNs; metrics and detectors have none."""
    if "ResourceARN" in params:
        return str(params["ResourceARN"])
    if "Alarm" not in operation:
        return "*"
    names = params.get("AlarmNames") or [params.get("AlarmName") or "*"]
    return tuple(f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}" for name in names)


def _cloudtrail(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    name = str(params.get("Name") or params.get("TrailName") or next(iter(params.get("ResourceIdList") or ()), ""))
    if not name:
        return "*"
    return name if name.startswith("arn:") else f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"


def _rds(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    for key, kind in (("DBSnapshotIdentifier", "snapshot"), ("DBClusterSnapshotIdentifier", "cluster-snapshot")):
        if key in params:
            return f"arn:aws:rds:{region}:{account}:{kind}:{params[key]}"
    return "*"


def _sqs(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    """A queue's URL ends in its account and name."""
    owner, _, name = str(params.get("QueueUrl", "")).rpartition("/")
    return f"arn:aws:sqs:{region}:{owner.rpartition('/')[2]}:{name}" if name else "*"


def _sns(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    return str(params.get("TopicArn") or params.get("SubscriptionArn") or "*")


def _kms(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    key = str(params.get("KeyId", ""))
    if not key:
        return "*"
    return key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"


def _secretsmanager(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    """A secret's ARN ends in six characters that its name does not tell."""
    named = str(params.get("SecretId", ""))
    if not named or named.startswith("arn:"):
        return named or "*"
    secret: Any = get_backend("secretsmanager")[account][region].secrets.get(named)
    return str(secret.arn) if secret else f"arn:aws:secretsmanager:{region}:{account}:secret:{named}-??????"


def _bedrock_agent(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    if "resourceArn" in params:
        return str(params["resourceArn"])
    if base := params.get("knowledgeBaseId"):
        return f"arn:aws:bedrock:{region}:{account}:knowledge-base/{base}"
    if prompt := params.get("promptIdentifier"):
        return f"arn:aws:bedrock:{region}:{account}:prompt/{prompt}"
    agent, alias = params.get("agentId"), params.get("agentAliasId")
    stem = f"arn:aws:bedrock:{region}:{account}:agent"
    return f"{stem}-alias/{agent}/{alias}" if alias else f"{stem}/{agent}" if agent else "*"


def _bedrock(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    for key, kind in (("guardrailIdentifier", "guardrail"), ("modelIdentifier", "custom-model")):
        if key in params:
            named = str(params[key])
            return named if named.startswith("arn:") else f"arn:aws:bedrock:{region}:{account}:{kind}/{named}"
    return "*"


def _agentcore(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    runtime = params.get("agentRuntimeId")
    return f"arn:aws:bedrock-agentcore:{region}:{account}:runtime/{runtime}" if runtime else "*"


def _apigateway(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    return f"arn:aws:apigateway:{region}::/domainnames" if operation.endswith("DomainNames") else "*"


def _accessanalyzer(operation: str, params: Mapping[str, Any], account: str, region: str) -> str:
    return str(params.get("analyzerArn") or "*")


_RESOURCE: Final[Mapping[str, Callable[[str, Mapping[str, Any], str, str], str | tuple[str, ...]]]] = {
    "accessanalyzer": _accessanalyzer,
    "apigateway": _apigateway,
    "ec2": ec2_arns.ec2,
    "autoscaling": ec2_arns.autoscaling,
    "elbv2": ec2_arns.elbv2,
    "s3": _s3,
    "iam": _iam,
    "sts": _sts,
    "rds": _rds,
    "kms": _kms,
    "secretsmanager": _secretsmanager,
    "guardduty": _guardduty,
    "securityhub": _securityhub,
    "sagemaker": _sagemaker,
    "lambda": _lambda,
    "ecs": _ecs,
    "eks": _eks,
    "cloudtrail": _cloudtrail,
    "logs": _logs,
    "cloudwatch": _cloudwatch,
    "route53resolver": _resolver,
    "bedrock": _bedrock,
    "bedrock-agent": _bedrock_agent,
    "bedrock-agentcore-control": _agentcore,
    "sqs": _sqs,
    "sns": _sns,
}
