"""Request metrics of buckets: S3 counts requests only where a metrics configuration asks for it.

Source: S3 API reference, ``PutBucketMetricsConfiguration`` and its siblings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from socconsole.drill import exposure, s3
from socconsole.drill.errors import AwsError
from socconsole.drill.metrics import Requests
from socconsole.drill.routes import Call, Routes

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()
_MOST: Final = 1000
_PAGE: Final = 100


def _of(cloud: Cloud, call: Call) -> dict[str, Requests]:
    bucket = str(call.params["Bucket"])
    if exposure.owner_of(bucket) is None:
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404, {"BucketName": bucket})
    s3.check_owner(call)
    return cloud.metrics.requests.setdefault(bucket, {})


@routes.op("s3", "PutBucketMetricsConfiguration")
def put(cloud: Cloud, call: Call) -> dict[str, Any]:
    known, given = _of(cloud, call), dict(call.params["MetricsConfiguration"])
    if given.get("Id") != call.params["Id"]:
        raise AwsError("InvalidArgument", "The ID in the URL does not match the ID in the configuration.", 400)
    if len(known) >= _MOST and given["Id"] not in known:
        raise AwsError("TooManyConfigurations", "You have reached the limit of 1,000 configurations.", 400)
    # What the estate is built with has counted for as long as metrics are kept.
    since = int(cloud.clock.now().timestamp() // 60) if call.principal.by == "client" else 0
    known[str(given["Id"])] = Requests(given, known[given["Id"]].since if given["Id"] in known else since)
    return {}


def _found(cloud: Cloud, call: Call) -> Requests:
    found = _of(cloud, call).get(str(call.params["Id"]))
    if found is None:
        raise AwsError("NoSuchConfiguration", "The specified configuration does not exist.", 404)
    return found


@routes.op("s3", "GetBucketMetricsConfiguration")
def get(cloud: Cloud, call: Call) -> dict[str, Any]:
    return {"MetricsConfiguration": _found(cloud, call).given}


@routes.op("s3", "DeleteBucketMetricsConfiguration")
def delete(cloud: Cloud, call: Call) -> dict[str, Any]:
    _found(cloud, call)
    del _of(cloud, call)[str(call.params["Id"])]
    return {}


@routes.op("s3", "ListBucketMetricsConfigurations")
def list_all(cloud: Cloud, call: Call) -> dict[str, Any]:
    known = sorted(_of(cloud, call).items())
    after = str(call.params.get("ContinuationToken") or "")
    page = [one.given for id_, one in known if id_ > after][:_PAGE]
    more = bool(page) and page[-1]["Id"] != known[-1][0]
    answer: dict[str, Any] = {"IsTruncated": more, "MetricsConfigurationList": page}
    return answer | ({"NextContinuationToken": page[-1]["Id"]} if more else {})
