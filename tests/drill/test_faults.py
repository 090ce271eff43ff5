"""Each kind of trouble reaches a real client as the trouble it is meant to be."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

from socconsole.drill import Embedded
from tests.embedded import client


@pytest.fixture
def hub(embedded: Embedded) -> Any:
    embedded.faults.clear()
    yield client(embedded, "securityhub")
    embedded.faults.clear()


def test_an_error_as_often_as_asked(embedded: Embedded, hub: Any) -> None:
    rule = embedded.faults.add(service="securityhub", op="Get*", code="ThrottlingException", status=429, times=2)
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            hub.get_findings()
        assert caught.value.response["Error"]["Code"] == "ThrottlingException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert hub.get_findings()["Findings"]
    assert rule.hits == 2


@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("ec2", lambda c: c.describe_vpcs(), "RequestLimitExceeded", 503),
        ("s3", lambda c: c.list_buckets(), "SlowDown", 503),
        ("dynamodb", lambda c: c.list_tables(), "ProvisionedThroughputExceededException", 400),
        ("iam", lambda c: c.list_users(), "Throttling", 400),
    ],
)
def test_errors_in_each_envelope(embedded: Embedded, service: str, call: Any, code: str, status: int) -> None:
    embedded.faults.add(service=service, code=code, status=status)
    with pytest.raises(ClientError) as caught:
        call(client(embedded, service))
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_trouble_speaks_as_aws_does(embedded: Embedded, hub: Any) -> None:
    embedded.faults.add(service="securityhub", code="ThrottlingException", status=429)
    with pytest.raises(ClientError, match="Rate exceeded"):
        hub.describe_hub()
    embedded.faults.add(
        kind="denied", service="securityhub", because="with an explicit deny in a service control policy"
    )
    with pytest.raises(
        ClientError, match=r"arn:aws:\S+ is not authorized to perform: securityhub:DescribeHub on .+ control"
    ):
        hub.describe_hub()


def test_a_rule_is_for_its_account_and_region(embedded: Embedded, hub: Any) -> None:
    embedded.faults.add(account="444455556666", region="eu-west-1", code="InternalException", status=500, times=None)
    assert hub.describe_hub()
    assert client(embedded, "securityhub", "eu-central-1", "reader", "444455556666").describe_hub()
    with pytest.raises(ClientError):
        client(embedded, "securityhub", "eu-west-1", "reader", "444455556666").describe_hub()


def test_a_cut_connection(embedded: Embedded, hub: Any) -> None:
    embedded.faults.add(kind="reset")
    with pytest.raises(ConnectionClosedError):
        hub.get_findings()
    # The connection is cut before the request is written up.
    deadline = time.monotonic() + 60
    while ("reset", "cut") not in {(one.fault, one.code) for one in embedded.journal.calls("securityhub")}:
        assert time.monotonic() < deadline, embedded.journal.calls("securityhub")
        time.sleep(0.005)  # the pace of looking; the journal tells nobody that it grew
    assert hub.get_findings()["Findings"]


async def test_half_an_answer(embedded: Embedded) -> None:
    """Over aiohttp, as the console reads: urllib3 would hand the half over without a word."""
    embedded.faults.clear()
    embedded.faults.add(kind="truncated")
    async with get_session().create_client(
        "securityhub",
        region_name="eu-central-1",
        endpoint_url=embedded.endpoint,
        aws_access_key_id=embedded.access_key,
        aws_secret_access_key=embedded.secret_key,
        config=AioConfig(retries={"total_max_attempts": 1}),
    ) as hub:
        with pytest.raises(ConnectionClosedError):
            await hub.get_findings()
        assert (await hub.get_findings())["Findings"]


def test_a_captive_portal_and_an_empty_body_look_like_success(embedded: Embedded, hub: Any) -> None:
    """Which is why the console has to ask for proof: the client library does not."""
    embedded.faults.add(kind="empty")
    answer = hub.get_findings()
    assert "Findings" not in answer
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    embedded.faults.add(kind="hollow")
    answer = hub.get_findings()
    assert "Findings" not in answer
    assert "x-amzn-requestid" not in answer["ResponseMetadata"]["HTTPHeaders"]
    embedded.faults.add(kind="html")
    answer = hub.get_findings()
    assert "Findings" not in answer
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "text/html"


def test_slow(embedded: Embedded, hub: Any) -> None:
    embedded.faults.add(latency=0.3)
    began = time.monotonic()
    assert hub.describe_hub()
    assert time.monotonic() - began >= 0.3


def test_a_dead_endpoint_comes_back_with_its_state(embedded: Embedded, hub: Any) -> None:
    before = hub.get_findings(MaxResults=1)["Findings"]
    embedded.down()
    with pytest.raises(EndpointConnectionError):
        hub.get_findings()
    embedded.up()
    assert hub.get_findings(MaxResults=1)["Findings"] == before


def test_rules_that_could_not_work_are_refused(embedded: Embedded) -> None:
    with pytest.raises(ValueError, match="nonsense"):
        embedded.faults.add(kind="nonsense")
    with pytest.raises(TypeError):
        embedded.faults.add(servce="securityhub")
