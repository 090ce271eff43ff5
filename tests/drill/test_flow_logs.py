"""Flow logs of the drill's network, read as an analyst reads them: through Logs Insights."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from socconsole.drill import Embedded
from tests.embedded import client
from tests.response.actions.case import do

LLM, EDGE = "/vpc/llm-hosts", "/vpc/edge"
THIEF = "203.0.113.9"
PARSED = (
    'parse @message "* * * * * * * * * * * * * * * * * * *" as version, account, interface, srcaddr, dstaddr, srcport, '
    "dstport, protocol, packets, bytes, start, end, action, status, pktsrc, pktdst, direction, service, path | "
)


def start(aws: Embedded, text: str, group: str = LLM, minutes: float = 60) -> str:
    now = int(aws.clock.now().timestamp())
    return str(
        client(aws, "logs").start_query(
            logGroupNames=[group], startTime=now - int(minutes * 60), endTime=now, queryString=text
        )["queryId"]
    )


def results(aws: Embedded, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = client(aws, "logs").get_query_results(queryId=query)
    return answer


def rows(aws: Embedded, text: str, group: str = LLM, minutes: float = 60) -> list[dict[str, str]]:
    query = start(aws, text, group, minutes)
    aws.advance(70)
    answer = results(aws, query)
    assert answer["status"] == "Complete"
    return [{one["field"]: one["value"] for one in row if one["field"] != "@ptr"} for row in answer["results"]]


def test_the_top_talker_outside_is_who_takes_the_data(aws: Embedded) -> None:
    aws.advance(1050 + 900)
    found = rows(
        aws,
        PARSED
        + 'filter action="ACCEPT" and direction="egress" and isIpv4InSubnet(srcaddr, "10.20.4.0/24")'
        + ' and not isIpv4InSubnet(pktdst, "10.0.0.0/8")'
        + " | stats sum(bytes) as out, count(*) as flows, max(@timestamp) as last by interface, pktdst, service"
        + " | sort out desc | limit 25",
    )
    assert found[0]["pktdst"] == THIEF
    assert {"198.51.100.20", "198.51.100.140"} <= {one["pktdst"] for one in found}
    assert [one["service"] for one in found if one["pktdst"] == "198.51.100.140"] == ["S3"]
    sent = float(found[0]["out"])
    lag = aws.clock.now().timestamp() - float(found[0]["last"]) / 1000
    assert sent == pytest.approx(9 * 120e6, abs=150e6), "what was sent until five minutes before"
    assert 300 + 60 < lag < 300 + 60 + 60 + 70 + 80, "an interval, its delivery, the query, and one interval lost"

    through = rows(
        aws,
        f'filter dstAddr = "{THIEF}" or srcAddr = "{THIEF}" | stats sum(bytes) as out by srcAddr, dstAddr',
        EDGE,
    )
    gateway = do(aws, "ec2:DescribeNatGateways")["NatGateways"][0]["NatGatewayAddresses"][0]["PrivateIp"]
    assert {(one["srcAddr"], one["dstAddr"]) for one in through} == {(gateway, THIEF), (THIEF, gateway)}


def test_gaps_and_refusals_are_recorded_as_such(aws: Embedded) -> None:
    aws.advance(600)
    told = rows(aws, PARSED + "stats count(*) as n, sum(bytes) as b by status", minutes=2 * 1440)
    counts = {one["status"]: int(one["n"]) for one in told}
    assert set(counts) == {"OK", "NODATA", "SKIPDATA"}
    assert counts["NODATA"] > 2000, "the host that stands by is silent in most minutes"
    assert counts["SKIPDATA"] < 20
    refused = rows(aws, PARSED + 'filter action="REJECT" | stats count(*) by srcaddr, dstport', minutes=1440)
    assert [(one["srcaddr"], one["dstport"]) for one in refused] == [("10.30.1.5", "8443")]


def test_a_denied_network_shows_in_the_records_and_a_new_log_begins_with_itself(aws: Embedded) -> None:
    subnets = {one["CidrBlock"]: one["SubnetId"] for one in do(aws, "ec2:DescribeSubnets")["Subnets"]}
    blind = subnets["10.20.8.0/24"]
    do(aws, "logs:CreateLogGroup", logGroupName="new")
    client(aws, "ec2").create_flow_logs(
        ResourceType="Subnet",
        ResourceIds=[blind],
        TrafficType="ALL",
        LogGroupName="new",
        DeliverLogsPermissionArn="arn:aws:iam::111122223333:role/vpc-flow-logs",
        LogFormat="${srcaddr} ${dstaddr} ${action} ${start} ${no-such-field}",
    )
    aws.advance(240)
    found = do(aws, "ec2:DescribeNetworkAcls", Filters=[{"Name": "association.subnet-id", "Values": [blind]}])
    rule = {"RuleNumber": 1, "Protocol": "-1", "RuleAction": "deny", "CidrBlock": "198.51.100.0/24", "Egress": True}
    do(aws, "ec2:CreateNetworkAclEntry", NetworkAclId=found["NetworkAcls"][0]["NetworkAclId"], **rule)
    aws.advance(600)
    text = 'parse @message "* * * * *" as src, dst, action, start, none | filter dst = "198.51.100.140" and src != dst'
    told = rows(aws, f"{text} | stats count(*) as n, min(start) as first, max(none) as nothing by action", "new")
    actions = {one["action"]: one for one in told}
    assert set(actions) == {"ACCEPT", "REJECT"}
    assert 2 <= int(actions["ACCEPT"]["n"]) <= 6, "what was sent before the log was created is in no record"
    assert float(actions["REJECT"]["first"]) >= float(actions["ACCEPT"]["first"]) + 120

    client(aws, "ec2").delete_flow_logs(
        FlowLogIds=[one["FlowLogId"] for one in do(aws, "ec2:DescribeFlowLogs")["FlowLogs"]]
    )
    aws.advance(1800)
    kept = rows(aws, f"{text} | stats count(*) as n", "new", 120)
    assert 8 <= int(kept[0]["n"]) <= 20, "what was written stays, and nothing comes after it"


def test_a_query_takes_its_time_and_can_be_stopped(aws: Embedded) -> None:
    aws.advance(600)
    logs = client(aws, "logs")
    query, other = (start(aws, "fields @timestamp | limit 5", minutes=600) for _ in range(2))
    aws.advance(5)
    running = results(aws, query)
    assert (running["status"], running["results"]) == ("Running", [])
    assert logs.stop_query(queryId=other)["success"] is True
    aws.advance(60)
    done = results(aws, query)
    assert (done["status"], len(done["results"])) == ("Complete", 5)
    assert 0 < running["statistics"]["recordsScanned"] < done["statistics"]["recordsScanned"]
    assert done["statistics"]["bytesScanned"] > 100 * done["statistics"]["recordsScanned"]
    stopped = results(aws, other)
    assert (stopped["status"], stopped["results"]) == ("Cancelled", [])
    listed = logs.describe_queries(logGroupName=LLM)["queries"]
    assert [(one["queryId"], one["status"]) for one in listed] == [(other, "Cancelled"), (query, "Complete")]

    def refused(call: str, **params: Any) -> Any:
        with pytest.raises(ClientError) as caught:
            getattr(logs, call)(**params)
        return caught.value.response

    window = {"startTime": 0, "endTime": 1}
    malformed = refused("start_query", logGroupName=LLM, queryString="fields @message | order by bytes", **window)
    assert malformed["Error"]["Code"] == "MalformedQueryException"
    assert malformed["queryCompileError"]["location"]["startCharOffset"] == 18
    codes = [
        refused("start_query", logGroupName="none", queryString="limit 1", **window),
        refused("start_query", logGroupName=LLM, queryString="#" * 10_001, **window),
        refused("start_query", logGroupNames=[LLM] * 51, queryString="limit 1", **window),
        refused("stop_query", queryId=query),
        refused("get_query_results", queryId="none"),
    ]
    assert [one["Error"]["Code"] for one in codes] == [
        "ResourceNotFoundException",
        "InvalidParameterException",
        "InvalidParameterException",
        "InvalidParameterException",
        "ResourceNotFoundException",
    ]
    for _ in range(100):
        do(aws, "logs:StartQuery", logGroupName=LLM, queryString="limit 1", **window)
    busy = refused("start_query", logGroupName=LLM, queryString="limit 1", **window)
    assert busy["Error"]["Code"] == "LimitExceededException"
