"""The finding that a failing check becomes: kind ``control``, source ``posture``; resolved when the check passes."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Final

from socconsole.model.finding import Format, Kind, Observation, Resource, Severity
from socconsole.model.ours import ours
from socconsole.model.posture import Result, Verdict
from socconsole.text import Untrusted

PRODUCT: Final = "socconsole posture"

# Service and resource word of an ARN → Security Hub's resource type, by which containments find what fits them.
_TYPES: Final = {
    "bedrock:agent": "AwsBedrockAgent",
    "bedrock:agent-alias": "AwsBedrockAgentAlias",
    "cloudfront:distribution": "AwsCloudFrontDistribution",
    "cloudtrail:trail": "AwsCloudTrailTrail",
    "ec2:image": "AwsEc2Image",
    "ec2:instance": "AwsEc2Instance",
    "ec2:natgateway": "AwsEc2NatGateway",
    "ec2:security-group": "AwsEc2SecurityGroup",
    "ec2:snapshot": "AwsEc2Snapshot",
    "ec2:subnet": "AwsEc2Subnet",
    "ec2:volume": "AwsEc2Volume",
    "ec2:vpc": "AwsEc2Vpc",
    "ec2:vpc-endpoint": "AwsEc2VpcEndpoint",
    "ecs:service": "AwsEcsService",
    "ecs:task": "AwsEcsTask",
    "ecs:task-definition": "AwsEcsTaskDefinition",
    "eks:cluster": "AwsEksCluster",
    "elasticloadbalancing:listener": "AwsElbv2Listener",
    "elasticloadbalancing:loadbalancer": "AwsElbv2LoadBalancer",
    "guardduty:detector": "AwsGuardDutyDetector",
    "iam:policy": "AwsIamPolicy",
    "iam:role": "AwsIamRole",
    "iam:user": "AwsIamUser",
    "kms:key": "AwsKmsKey",
    "lambda:function": "AwsLambdaFunction",
    "s3:": "AwsS3Bucket",
    "sagemaker:endpoint": "AwsSageMakerEndpoint",
    "sagemaker:model": "AwsSageMakerModel",
    "sagemaker:notebook-instance": "AwsSageMakerNotebookInstance",
    "secretsmanager:secret": "AwsSecretsManagerSecret",
}


def observation(result: Result, at: datetime) -> Observation:
    """What a check says of a subject: open where it failed, closed where it passed or its subject is gone.

    ``at`` is the round's instant. Check and subject name the finding, wherever and however often it fails.
    """
    from socconsole.posture.catalogue import catalogue  # with every check's text: not before somebody's first round

    about = catalogue().get(result.check)
    failing = result.verdict is Verdict.FAIL
    place = result.place
    title = about.title if about else result.check
    said = "; ".join(result.evidence) + (f". {about.why} {about.fix}" if about and failing else "")
    facts = {
        "product": PRODUCT,
        "check": result.check,
        "subject": result.subject,
        "account": place.account,
        "region": place.region,
        "verdict": result.verdict.value,
        "evidence": list(result.evidence),
        "input_sha256": result.digest,
        "action": about.action if about else "",
    }
    return ours(
        Format.POSTURE,
        f"posture/{result.check}/{place.account}/{place.region}/{result.subject}",
        Untrusted(f"{result.check} {'fails' if failing else 'failed'}: {title}"),
        Untrusted(said),
        Severity[about.severity.upper()] if about else Severity.MEDIUM,
        json.dumps(facts, sort_keys=True, separators=(",", ":")).encode("ascii"),
        product=PRODUCT,
        types=(f"Posture:{result.check}",),
        occurred=at,
        published=at,
        updated=at,
        kind=Kind.CONTROL,
        account=place.account,
        region=place.region,
        resources=(_resource(result),),
        active=failing,
    )


def _resource(result: Result) -> Resource:
    account, region = result.place.account, result.place.region
    subject = result.subject
    if not subject.startswith("arn:"):
        return Resource("AwsAccount", Untrusted(f"AWS::::Account:{account}"), Untrusted(subject), account, region)
    service, rest = subject.split(":", 5)[2::3] if subject.count(":") >= 5 else ("", "")
    word = re.split("[:/]", rest)[0] if re.search("[:/]", rest) else ""
    kind = _TYPES.get(f"{service}:{word}", "Other")
    return Resource(kind, Untrusted(subject), Untrusted(re.split("[:/]", rest)[-1]), account, region)
