"""What the drill's trails deliver: objects in their bucket, late and complete, and events where rules ask for them."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from typing import Any

from socconsole.drill import Embedded
from tests.embedded import client

BUCKET = "kaufhaus-trail-archive"
CORPUS = "kaufhaus-llm-corpus-prod"
ARCHIVE = "444455556666/CloudTrail/eu-west-1"


def objects(aws: Embedded) -> dict[str, list[dict[str, Any]]]:
    """Key → records, of everything in the trails' bucket."""
    s3 = client(aws, "s3")
    found = {}
    for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        body = s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
        found[one["Key"]] = json.loads(gzip.decompress(body))["Records"]
    return found


def names(aws: Embedded, part: str = "") -> list[str]:
    return [record["eventName"] for key, records in objects(aws).items() if part in key for record in records]


def stamped(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def corpus_events(aws: Embedded, **selector: Any) -> None:
    """Ask the trail of the first account for data events, in the old way or the new."""
    client(aws, "cloudtrail").put_event_selectors(TrailName="org-trail", **selector)


def reads(aws: Embedded) -> list[dict[str, Any]]:
    return [one for records in objects(aws).values() for one in records if one["eventName"] == "GetObject"]


def test_what_happened_is_delivered_late_in_order_and_under_cloudtrails_names(aws: Embedded) -> None:
    aws.advance(200)
    assert objects(aws) == {}, "nothing yet: a trail delivers every five minutes"
    aws.advance(110)
    (key,) = [key for key in objects(aws) if "111122223333" in key]
    now = aws.clock.moment(300)
    where = f"AWSLogs/111122223333/CloudTrail/eu-central-1/{now:%Y/%m/%d}/111122223333_CloudTrail_eu-central-1_"
    assert key.startswith(f"{where}{now:%Y%m%dT%H%MZ}_")
    assert key.endswith(".json.gz")
    told = [one for one in objects(aws)[key] if one["sourceIPAddress"] == "203.0.113.9"]
    expected = ["ListBuckets", "GetBucketTagging", "DeleteBucketPublicAccessBlock", "PutBucketPolicy"]
    assert [one["eventName"] for one in told] == expected, "all that is two minutes old, by then"
    assert told[-1]["requestParameters"]["bucketPolicy"]["Statement"][1]["Principal"] == "*"
    assert told[-1]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"].endswith(":role/vllm-recs")
    looked_up = client(aws, "cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "PutBucketPolicy"}]
    )["Events"]
    assert json.loads(looked_up[0]["CloudTrailEvent"]) == told[-1]
    aws.advance(600)
    seen = [one["eventID"] for records in objects(aws).values() for one in records]
    assert len(seen) == len(set(seen)), "nothing is delivered twice"


def test_a_stopped_trail_ends_with_the_call_that_stopped_it(aws: Embedded) -> None:
    aws.advance(1200)
    ml = names(aws, ARCHIVE)
    assert ml[-1] == "StopLogging", "what followed is in no trail"
    assert "PutBucketPolicy" in ml
    client(aws, "s3", "eu-west-1", role="responder", account="444455556666").get_bucket_policy(
        Bucket="kaufhaus-ml-eval-exports"
    )
    aws.advance(900)
    assert names(aws, ARCHIVE) == ml


def test_reads_are_recorded_only_where_a_selector_asks_and_from_then_on(aws: Embedded) -> None:
    aws.advance(600)
    assert reads(aws) == [], "the corpus was read for minutes, and no trail asked for data events"
    bucket = {"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{CORPUS}/"]}
    corpus_events(aws, EventSelectors=[{"ReadWriteType": "All", "DataResources": [bucket]}])
    aws.advance(600)
    found = reads(aws)
    assert {one["requestParameters"]["bucketName"] for one in found} == {CORPUS}
    assert {one["sourceIPAddress"] for one in found} == {"203.0.113.9"}
    assert {one["userIdentity"]["arn"].split("/")[1] for one in found} == {"vllm-recs"}
    assert min(one["eventTime"] for one in found) >= stamped(aws.clock.moment(600))
    sizes = [one["additionalEventData"]["bytesTransferredOut"] for one in found]
    assert set(sizes) == {15 * 716800}, "fifteen seconds of the path each"
    events = client(aws, "cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": "true"}]
    )["Events"]
    assert {json.loads(one["CloudTrailEvent"])["readOnly"] for one in events} == {True}
    assert "GetObject" not in {one["EventName"] for one in events}, "no data event is ever looked up"


def test_advanced_selectors_say_what_is_recorded_and_a_closed_path_is_not_read(aws: Embedded) -> None:
    aws.advance(300)
    fields = {"eventCategory": ["Data"], "resources.type": ["AWS::S3::Object"], "readOnly": ["true"]}
    corpus_events(
        aws,
        AdvancedEventSelectors=[{"FieldSelectors": [{"Field": key, "Equals": value} for key, value in fields.items()]}],
    )
    client(aws, "iam").delete_role_policy(RoleName="vllm-recs", PolicyName="main")
    aws.advance(300)
    client(aws, "s3").delete_bucket_policy(Bucket=CORPUS)
    closed = stamped(aws.clock.now() + timedelta(seconds=16))
    aws.advance(900)
    found = [one for one in reads(aws) if one["requestParameters"]["bucketName"] == CORPUS]
    assert found
    assert {one["userIdentity"]["accountId"] for one in found} == {"anonymous"}, (
        "its credentials may not, the world may"
    )
    assert max(one["eventTime"] for one in found) <= closed
    assert "DeleteBucketPolicy" not in names(aws, "111122223333"), "this trail asks for no management events"
