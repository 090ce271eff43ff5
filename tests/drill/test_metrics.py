"""CloudWatch's metrics follow what the world does, with a past that the seed alone decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from socconsole.drill import Embedded
from socconsole.drill.clock import Clock
from socconsole.drill.traffic import Spans, weights
from tests.embedded import client
from tests.response.actions.case import do

CORPUS = "kaufhaus-llm-corpus-prod"
ASSETS = "kaufhaus-shop-assets"
MIB = 2**20


def nat(aws: Embedded) -> str:
    return str(do(aws, "ec2:DescribeNatGateways")["NatGateways"][0]["NatGatewayId"])


def query(namespace: str, name: str, stat: str = "Sum", period: int = 60, **dimensions: str) -> dict[str, Any]:
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    return {"Id": "m1", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}


def ask(aws: Embedded, *queries: dict[str, Any], minutes: float = 30, back: float = 0, **more: Any) -> dict[str, Any]:
    end = aws.clock.now() - timedelta(minutes=back)
    times = {"StartTime": end - timedelta(minutes=minutes), "EndTime": end, "ScanBy": "TimestampAscending"}
    answer: dict[str, Any] = client(aws, "cloudwatch").get_metric_data(
        MetricDataQueries=list(queries), **{**times, **more}
    )
    return answer


def values(aws: Embedded, *queries: dict[str, Any], **more: Any) -> list[float]:
    found: list[float] = ask(aws, *queries, **more)["MetricDataResults"][0]["Values"]
    return found


def test_what_leaves_through_the_gateway_is_what_its_meter_says_until_it_is_cut(aws: Embedded) -> None:
    out = query("AWS/NATGateway", "BytesOutToDestination", NatGatewayId=nat(aws))
    usual = values(
        aws, {**out, "MetricStat": {**out["MetricStat"], "Stat": "p99", "Period": 14 * 86400}}, minutes=14 * 1440
    )
    aws.advance(1050)
    assert sorted(values(aws, out, minutes=5))[2] < 2 * usual[0], "bursts are rare"
    aws.advance(300)
    before = values(aws, out, minutes=4)
    assert len(before) == 4
    assert all(120e6 <= one <= 240e6 for one in before)
    (stream,) = aws.engine.scores()["streams"]
    assert abs(stream["bytes"] - (aws.clock.position(aws.clock.now()) - 1050) * 2e6) < 60e6

    table = do(aws, "ec2:DescribeRouteTables", Filters=[{"Name": "route.nat-gateway-id", "Values": [nat(aws)]}])
    do(
        aws,
        "ec2:DeleteRoute",
        RouteTableId=table["RouteTables"][0]["RouteTableId"],
        DestinationCidrBlock="0.0.0.0/0",
    )
    aws.advance(180)
    assert values(aws, out, minutes=2) == [0.0, 0.0], "nobody behind the gateway gets out any more"


def test_longer_periods_and_expressions_are_made_of_the_minutes(aws: Embedded) -> None:
    aws.advance(600)
    out = query("AWS/NATGateway", "BytesOutToDestination", NatGatewayId=nat(aws))
    hour = {"StartTime": datetime.now(UTC) - timedelta(days=1), "EndTime": datetime.now(UTC) - timedelta(hours=23)}
    hour = {key: when.replace(minute=0, second=0, microsecond=0) for key, when in hour.items()}
    minutes = values(aws, out, **hour)
    assert len(minutes) == 60
    five = {**out, "MetricStat": {**out["MetricStat"], "Period": 300}}
    band = {"Id": "ad", "Expression": "ANOMALY_DETECTION_BAND(m1, 3)"}
    rate = {"Id": "rate", "Expression": "m1 / PERIOD(m1)", "Label": "bytes a second"}
    told = ask(aws, five, band, rate, **hour)["MetricDataResults"]
    assert [(one["Id"], one["Label"], one["StatusCode"], len(one["Values"])) for one in told] == [
        ("m1", "BytesOutToDestination", "Complete", 12),
        ("ad", "BytesOutToDestination Upper", "Complete", 12),
        ("ad", "BytesOutToDestination Lower", "Complete", 12),
        ("rate", "bytes a second", "Complete", 12),
    ]
    assert told[0]["Values"][3] == sum(minutes[15:20])
    assert told[3]["Values"][3] == pytest.approx(sum(minutes[15:20]) / 300)
    assert all(low < high for high, low in zip(told[1]["Values"], told[2]["Values"], strict=True))
    assert told[0]["Timestamps"] == sorted(told[0]["Timestamps"])
    newest = ask(aws, five, **hour, ScanBy="TimestampDescending")["MetricDataResults"][0]
    assert newest["Values"] == told[0]["Values"][::-1]


def test_a_bucket_counts_requests_where_it_was_asked_to_and_from_then_on(aws: Embedded) -> None:
    read = query("AWS/S3", "BytesDownloaded", BucketName=CORPUS, FilterId="EntireBucket")
    aws.advance(400)
    assert max(values(aws, read)) > 43e6, "the open bucket gives 716,800 bytes a second"
    exports = {"BucketName": "kaufhaus-support-transcripts", "FilterId": "all"}
    assert values(aws, query("AWS/S3", "GetRequests", **exports)) == []
    s3 = client(aws, "s3")
    s3.put_bucket_metrics_configuration(Bucket=exports["BucketName"], Id="all", MetricsConfiguration={"Id": "all"})
    aws.advance(300)
    counted = values(aws, query("AWS/S3", "GetRequests", **exports))
    assert 0 < len(counted) <= 6
    (kept,) = s3.list_bucket_metrics_configurations(Bucket=exports["BucketName"])["MetricsConfigurationList"]
    assert kept == {"Id": "all"}
    with pytest.raises(ClientError, match="NoSuchConfiguration"):
        s3.get_bucket_metrics_configuration(Bucket=ASSETS, Id="none")


def test_every_metric_that_is_listed_has_samples(aws: Embedded) -> None:
    aws.advance(700)
    told = client(aws, "cloudwatch").list_metrics()["Metrics"]
    places = {(one["Namespace"], one["MetricName"]) for one in told}
    assert {("AWS/NATGateway", "BytesOutToDestination"), ("AWS/EC2", "NetworkOut"), ("AWS/S3", "GetRequests")} <= places
    west = client(aws, "cloudwatch", "eu-west-1", "reader", "444455556666")
    models = west.list_metrics(Namespace="AWS/Bedrock", RecentlyActive="PT3H")["Metrics"]
    assert {one["MetricName"] for one in models} == {"Invocations", "InputTokenCount", "OutputTokenCount"}
    for place, metrics in ((("111122223333", "eu-central-1"), told), (("444455556666", "eu-west-1"), models)):
        for one in metrics:
            dimensions = {d["Name"]: d["Value"] for d in one["Dimensions"]}
            (key,) = [
                m
                for m in aws.cloud.metrics.listed(place)
                if dict(m.dimensions) == dimensions and m.name == one["MetricName"]
            ]
            now = int(aws.clock.now().timestamp())
            assert aws.cloud.metrics.samples(place, key, now - 2 * 86400, now), one
    opus = [d["Value"] for one in models for d in one["Dimensions"] if "opus" in d["Value"]]
    now = aws.clock.now()
    abused = query("AWS/Bedrock", "Invocations", ModelId=opus[0])
    (found,) = west.get_metric_data(MetricDataQueries=[abused], StartTime=now - timedelta(hours=1), EndTime=now)[
        "MetricDataResults"
    ]
    assert max(found["Values"]) == 200, "resold from the moment the key is abused, and never before"
    assert len(found["Values"]) <= 5


def test_a_request_is_held_to_the_limits(aws: Embedded) -> None:
    one = query("AWS/NATGateway", "BytesOutToDestination", NatGatewayId=nat(aws))

    def refused(*queries: dict[str, Any], **more: Any) -> str:
        with pytest.raises(ClientError) as caught:
            ask(aws, *queries, **more)
        return str(caught.value.response["Error"]["Code"])

    assert refused(*({**one, "Id": f"m{n}"} for n in range(501))) == "ValidationError"
    assert refused(one, one) == "ValidationError"
    assert refused({**one, "Id": "M1"}) == "ValidationError"
    assert refused({**one, "MetricStat": {**one["MetricStat"], "Period": 90}}) == "ValidationError"
    assert refused({**one, "MetricStat": {**one["MetricStat"], "Stat": "tm99"}}) == "ValidationError"
    assert refused({"Id": "e1", "Expression": "nothing * 2"}) == "ValidationError"
    assert refused({"Id": "e1", "Expression": "e1 + 1"}) == "ValidationError"
    assert refused(one, minutes=-1) == "ValidationError"
    assert refused({**one, "ReturnData": False}) == "ValidationError"
    assert refused(one, NextToken="never given") == "InvalidNextToken"

    end = (aws.clock.now() - timedelta(minutes=30)).replace(second=0, microsecond=0)
    fixed = {"StartTime": end - timedelta(minutes=25), "EndTime": end}
    whole = values(aws, one, **fixed)
    pages, token = [], {}
    while True:
        page = ask(aws, one, {**one, "Id": "m2"}, MaxDatapoints=20, **fixed, **token)
        pages.append([(r["Id"], r["StatusCode"], len(r["Values"])) for r in page["MetricDataResults"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(whole) == 25
    assert pages == [
        [("m1", "PartialData", 20)],
        [("m1", "Complete", 5), ("m2", "PartialData", 15)],
        [("m2", "Complete", 10)],
    ]


def test_what_is_put_shows_up_and_aws_names_are_not_for_everyone(aws: Embedded) -> None:
    cloudwatch = client(aws, "cloudwatch")
    cloudwatch.put_metric_data(
        Namespace="Own", MetricData=[{"MetricName": "beat", "Values": [1.0, 3.0], "Counts": [1, 3]}]
    )
    aws.advance(60)
    beat = {"Namespace": "Own", "MetricName": "beat"}
    now = aws.clock.now()
    found = cloudwatch.get_metric_statistics(
        **beat,
        StartTime=now - timedelta(minutes=5),
        EndTime=now,
        Period=300,
        Statistics=["Sum", "SampleCount"],
        ExtendedStatistics=["p50"],
    )["Datapoints"]
    assert [(one["Sum"], one["SampleCount"], one["ExtendedStatistics"]) for one in found] == [(10.0, 4.0, {"p50": 3.0})]
    assert [one["MetricName"] for one in cloudwatch.list_metrics(Namespace="Own")["Metrics"]] == ["beat"]
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=[{"MetricName": "NetworkOut", "Value": 0.0}])


def test_the_past_depends_on_the_seed_and_on_nothing_else() -> None:
    first = weights(1, "somebody", 29_000_000, 29_004_000)
    assert weights(1, "somebody", 29_001_000, 29_001_500) == first[1000:1500]
    assert weights(2, "somebody", 29_000_000, 29_004_000) != first
    assert 0.05 < sum(one > 0 for one in weights(1, "rare", 29_000_000, 29_004_000, 0.1)) / 4000 < 0.15


def test_the_minutes_of_a_stretch_of_story_depend_on_its_speed() -> None:
    clock = Clock(datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC), 6.0)
    zero = int(clock.started.timestamp()) // 60
    spans = Spans()
    spans.passed(0.0, 90.0, "nat-1")
    spans.passed(90.0, 900.0, "nat-1")
    runs = [(run.first - zero, run.last - zero, run.share) for run in spans.runs(clock, zero - 5, zero + 60)]
    assert runs == [(0, 1, 0.5), (1, 3, 1.0)], "900 seconds of story are 150 of the date, from half past on"
    assert [run.share for run in spans.runs(clock, zero + 1, zero + 2)] == [1.0]
