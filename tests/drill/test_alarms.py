"""CloudWatch alarms as the drill's time passes: states, history, and who hears of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from socconsole.drill import Embedded
from socconsole.formats import alarm as format_
from tests.drill.test_metrics import nat
from tests.embedded import client
from tests.response.actions.case import do

BOTH = ["MetricAlarm", "CompositeAlarm"]


def described(aws: Embedded) -> dict[str, dict[str, Any]]:
    found = client(aws, "cloudwatch", role="reader").describe_alarms(AlarmTypes=BOTH)
    return {one["AlarmName"]: one for one in (*found["MetricAlarms"], *found["CompositeAlarms"])}


def states(aws: Embedded) -> dict[str, str]:
    return {name: one["StateValue"] for name, one in described(aws).items()}


def history(aws: Embedded, **asked: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client(aws, "cloudwatch").describe_alarm_history(AlarmTypes=BOTH, **asked)[
        "AlarmHistoryItems"
    ]
    return items


def heard(aws: Embedded, queue: str) -> list[dict[str, Any]]:
    sqs = client(aws, "sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(one["Body"]) for one in found]


def given(name: str, **more: Any) -> dict[str, Any]:
    """An alarm on a heartbeat of our own."""
    return {
        "AlarmName": name,
        "Namespace": "Own",
        "MetricName": "beat",
        "Statistic": "SampleCount",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 1.0,
        "ComparisonOperator": "LessThanThreshold",
        **more,
    }


def test_the_upload_raises_the_alarm_that_works_and_only_that_one_tells(aws: Embedded) -> None:
    bus = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": "*",
            }
        ]
    }
    queue = do(aws, "sqs:CreateQueue", QueueName="bus", Attributes={"Policy": json.dumps(bus)})["QueueUrl"]
    arn = do(aws, "sqs:GetQueueAttributes", QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
    do(aws, "events:PutRule", Name="alarms", EventPattern=json.dumps(pattern))
    do(aws, "events:PutTargets", Rule="alarms", Targets=[{"Id": "1", "Arn": arn}])

    assert states(aws) == {
        "corpus-downloads": "OK",
        "llm-nat-egress": "OK",
        "llm-nat-egress-2024": "INSUFFICIENT_DATA",
        "vllm-recs-network-out": "OK",
        "llm-data-leaves": "OK",
    }
    aws.advance(1050)
    assert "ALARM" not in states(aws).values(), "the bucket's own alarm would need a terabyte"
    assert heard(aws, "secops-alerts") == []
    aws.advance(420)
    now = described(aws)
    assert {name for name, one in now.items() if one["StateValue"] == "ALARM"} == {
        "llm-nat-egress",
        "llm-data-leaves",
        "vllm-recs-network-out",
    }
    blind = format_.described(now["llm-nat-egress-2024"])
    assert blind.since is not None
    assert aws.clock.now() - blind.since > timedelta(days=1)
    raised = now["llm-nat-egress"]["StateTransitionedTimestamp"]
    assert raised - aws.clock.moment(1050) < timedelta(minutes=4)

    notes = heard(aws, "secops-alerts")
    assert [one["Subject"] for one in notes] == [
        'ALARM: "llm-nat-egress" in EU (Frankfurt)',
        'ALARM: "llm-data-leaves" in EU (Frankfurt)',
    ]
    told = format_.read(json.loads(notes[0]["Message"])).alarm
    assert (told.metric, told.threshold, told.state.value) == ("BytesOutToDestination", 67108864.0, "ALARM")
    events = heard(aws, "bus")
    assert [one["detail"]["alarmName"] for one in events] == [
        "llm-nat-egress",
        "llm-data-leaves",
        "vllm-recs-network-out",
    ]
    assert [format_.read(one).alarm.period_s for one in events] == [60, 0, 300]
    assert events[0]["detail"]["previousState"]["value"] == "OK"
    acted = {one["AlarmName"] for one in history(aws, HistoryItemType="Action")}
    assert acted == {"llm-nat-egress", "llm-data-leaves"}, "the third has its actions disabled"
    (change, _) = history(aws, AlarmName="llm-nat-egress", HistoryItemType="StateUpdate")
    data = json.loads(change["HistoryData"])
    assert change["HistorySummary"] == "Alarm updated from OK to ALARM"
    assert data["newState"]["stateReasonData"]["threshold"] == 67108864.0
    assert data["newState"]["stateReason"] == now["llm-nat-egress"]["StateReason"]


def test_a_heartbeat_that_stops_is_an_alarm_and_its_history_outlives_it(aws: Embedded) -> None:
    cloudwatch = client(aws, "cloudwatch")
    responder = client(aws, "cloudwatch", role="responder")
    responder.put_metric_alarm(**given("heart", TreatMissingData="breaching"))
    responder.put_metric_alarm(**given("shy"))
    for _ in range(4):
        cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "beat", "Value": 1.0}])
        aws.advance(60)
    assert (states(aws)["heart"], states(aws)["shy"]) == ("OK", "OK")
    aws.advance(360)
    assert (states(aws)["heart"], states(aws)["shy"]) == ("ALARM", "INSUFFICIENT_DATA")
    cloudwatch.set_alarm_state(AlarmName="heart", StateValue="OK", StateReason="a drill")
    assert states(aws)["heart"] == "OK"
    aws.advance(61)
    assert states(aws)["heart"] == "ALARM", "the next evaluation puts back what is true"
    cloudwatch.delete_alarms(AlarmNames=["heart"])
    assert "heart" not in states(aws)
    kept = [one["HistorySummary"] for one in history(aws, AlarmName="heart", ScanBy="TimestampAscending")]
    assert kept[0] == 'Alarm "heart" created'
    assert kept[-1] == 'Alarm "heart" deleted'
    assert kept.count("Alarm updated from OK to ALARM") == 2


def test_a_band_follows_the_hour_and_is_left_by_the_upload(aws: Embedded) -> None:
    out = {"Namespace": "AWS/NATGateway", "MetricName": "BytesOutToDestination"}
    metric = {**out, "Dimensions": [{"Name": "NatGatewayId", "Value": nat(aws)}]}
    client(aws, "cloudwatch").put_metric_alarm(
        AlarmName="band",
        EvaluationPeriods=2,
        ComparisonOperator="GreaterThanUpperThreshold",
        ThresholdMetricId="ad",
        Metrics=[
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": True},
            {"Id": "ad", "Expression": "ANOMALY_DETECTION_BAND(m1, 4)", "ReturnData": True},
        ],
    )
    (detector,) = client(aws, "cloudwatch").describe_anomaly_detectors(**out)["AnomalyDetectors"]
    assert (detector["StateValue"], detector["Stat"]) == ("TRAINED", "Sum")
    aws.advance(1000)
    assert states(aws)["band"] == "OK"
    aws.advance(300)
    assert states(aws)["band"] == "ALARM"
    assert "greater than the upper threshold" in described(aws)["band"]["StateReason"]
    assert format_.described(described(aws)["band"]).band == 4.0


def test_alarms_are_listed_by_kind_in_pages_and_refused_as_aws_does(aws: Embedded) -> None:
    cloudwatch = client(aws, "cloudwatch")
    for number in range(101):
        do(aws, "cloudwatch:PutMetricAlarm", **given(f"many-{number:03d}"))
    assert cloudwatch.describe_alarms(AlarmNamePrefix="llm-data")["MetricAlarms"] == []
    assert cloudwatch.describe_alarms(AlarmNamePrefix="llm-data")["CompositeAlarms"] == [], "only when named"
    first = cloudwatch.describe_alarms(AlarmNamePrefix="many-", MaxRecords=100)
    rest = cloudwatch.describe_alarms(AlarmNamePrefix="many-", MaxRecords=100, NextToken=first["NextToken"])
    assert (len(first["MetricAlarms"]), len(rest["MetricAlarms"]), "NextToken" in rest) == (100, 1, False)
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName="corpus-downloads")["CompositeAlarms"]
    assert [one["AlarmName"] for one in parents] == ["llm-data-leaves"]
    cloudwatch.disable_alarm_actions(AlarmNames=["many-000", "nobody"])
    assert described(aws)["many-000"]["ActionsEnabled"] is False

    def refused(call: str, **params: Any) -> str:
        with pytest.raises(ClientError) as caught:
            getattr(cloudwatch, call)(**params)
        return str(caught.value.response["Error"]["Code"])

    composite = {"AlarmName": "both", "AlarmRule": "ALARM(nobody)"}
    assert refused("put_composite_alarm", **composite) == "ValidationError"
    assert refused("put_composite_alarm", **{**composite, "AlarmRule": "ALARM("}) == "ValidationError"
    assert refused("delete_alarms", AlarmNames=["corpus-downloads"]) == "ValidationError", "a composite depends on it"
    assert refused("delete_alarms", AlarmNames=["nobody"]) == "ResourceNotFound"
    assert refused("set_alarm_state", AlarmName="nobody", StateValue="OK", StateReason="-") == "ResourceNotFound"
    assert refused("describe_alarms", NextToken="never given") == "InvalidNextToken"
    metric = {"Namespace": "Own", "MetricName": "beat"}
    shown = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    for expression in ("m2 * 2", "FILL(m1, 0)"):  # the one does not compute, the other is no band
        band = {"Id": "ad", "Expression": expression}
        code = refused(
            "put_metric_alarm",
            AlarmName="bad",
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanUpperThreshold",
            ThresholdMetricId="ad",
            Metrics=[shown, band],
        )
        assert code == "ValidationError"
    for bad in ({"Period": 90}, {"DatapointsToAlarm": 3}, {"EvaluationPeriods": 1441}, {"TreatMissingData": "perhaps"}):
        with pytest.raises(ClientError, match="ValidationError"):
            cloudwatch.put_metric_alarm(**given("bad", **bad))
