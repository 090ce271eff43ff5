"""Ways out that are no network: buckets that hold what matters, SageMaker endpoints, models invoked on Bedrock.

Facts: S3 counts requests only where a metrics configuration asks for it, and one without a filter covers the whole
bucket (S3 User Guide, "CloudWatch request metrics"); a SageMaker variant's metrics have EndpointName and VariantName;
Bedrock's have ModelId, and CloudWatch lists a metric for two weeks after its last datapoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from socconsole.aws import Door
from socconsole.collectors.egress_marks import Marks, holds_data, tags_of
from socconsole.model.egress import EgressPath, PathKind
from socconsole.model.world import Place
from socconsole.triage.ways_out import resource_arn

_PAGES: Final = 200


async def buckets(door: Door, place: Place, marks: Marks) -> list[EgressPath]:
    """Buckets of the region with declared, classified, personal or training data. Raises ``AwsTrouble``."""
    found: list[EgressPath] = []
    async for page in door.pages(place, "s3:ListBuckets", {"BucketRegion": place.region}):
        for one in page["Buckets"]:
            name = str(one["Name"])
            tags = tags_of((await door.call(place, "s3:GetBucketTagging", {"Bucket": name})).get("TagSet"))
            arn = resource_arn(PathKind.BUCKET, place, name)
            path = marks.path(PathKind.BUCKET, place, name, tags, names=(arn,))
            if path.dataset or path.llm or holds_data(tags):
                meter = await _request_metrics(door, place, name)
                found.append(marks.path(PathKind.BUCKET, place, name, tags, names=(arn,), dimensions=meter))
    return found


async def _request_metrics(door: Door, place: Place, bucket: str) -> tuple[tuple[str, str], ...]:
    """Dimensions of the request metrics of the whole bucket; none where nobody asked S3 for them."""
    params: dict[str, Any] = {"Bucket": bucket}
    for _ in range(_PAGES):
        answer = await door.call(place, "s3:ListBucketMetricsConfigurations", params)
        for one in answer.get("MetricsConfigurationList") or ():
            if not one.get("Filter"):
                return (("BucketName", bucket), ("FilterId", str(one["Id"])))
        if not answer.get("IsTruncated") or not answer.get("NextContinuationToken"):
            break
        params["ContinuationToken"] = answer["NextContinuationToken"]
    return ()


async def sagemaker(door: Door, place: Place, marks: Marks) -> list[EgressPath]:
    """Every endpoint. Raises ``AwsTrouble``."""
    found: list[EgressPath] = []
    async for page in door.pages(place, "sagemaker:ListEndpoints", {}):
        for one in page["Endpoints"]:
            name, arn = str(one["EndpointName"]), str(one["EndpointArn"])
            told = await door.call(place, "sagemaker:DescribeEndpoint", {"EndpointName": name})
            tags = await door.call(place, "sagemaker:ListTags", {"ResourceArn": arn})
            variants = [str(each.get("VariantName", "")) for each in told.get("ProductionVariants") or ()]
            # One of several variants is a part that nobody could tell from the whole.
            meter = (("EndpointName", name), ("VariantName", variants[0])) if len(variants) == 1 else ()
            found.append(
                marks.path(
                    PathKind.SAGEMAKER,
                    place,
                    name,
                    tags_of(tags.get("Tags")),
                    names=(arn,),
                    llm=True,
                    links=(str(told.get("EndpointConfigName", "")),),
                    dimensions=meter,
                )
            )
    return found


async def bedrock(door: Door, place: Place, marks: Marks) -> list[EgressPath]:
    """Every model that was invoked here lately, as its metrics tell. Raises ``AwsTrouble``."""
    models: dict[str, None] = {}
    params: dict[str, Any] = {"Namespace": "AWS/Bedrock", "MetricName": "Invocations"}
    for _ in range(_PAGES):
        answer = await door.call(place, "cloudwatch:ListMetrics", params)
        models |= dict.fromkeys(invoked_models(answer))
        if not answer.get("NextToken"):
            break
        params["NextToken"] = answer["NextToken"]
    return [
        marks.path(PathKind.BEDROCK, place, model, (), llm=True, dimensions=(("ModelId", model),)) for model in models
    ]


def invoked_models(answer: Mapping[str, Any]) -> list[str]:
    """Ids of models that a page of ``ListMetrics`` names."""
    dimensions = [one for metric in answer["Metrics"] for one in metric.get("Dimensions") or ()]
    return [str(one.get("Value", "")) for one in dimensions if one.get("Name") == "ModelId"]
