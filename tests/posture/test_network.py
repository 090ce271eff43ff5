"""Networks: NET-01, NET-04 and BR-07, and the ways out of a subnet."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.collectors.posture.policies import parse
from socconsole.model.estate import Estate
from socconsole.model.estate.network import Network, Route, RouteTable, Rule, Subnet, VpcEndpoint
from socconsole.model.estate.policy import Policy
from socconsole.model.known import Known, NotRead, Read, Unread
from socconsole.model.posture import Verdict
from socconsole.posture.check import Context
from socconsole.posture.endpoint_policy import narrowed
from socconsole.posture.network import FIELDS
from socconsole.posture.ways import doors, sends, ways
from socconsole.text import Untrusted
from socconsole.triage.flow_query import FULL_FORMAT
from tests.posture.estate import CONFIG, HOME, SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
DENIED = Unread("ec2:DescribeVpcEndpoints", Untrusted("denied"))


async def test_every_llm_subnet_is_recorded_whole(reviewed: Reviewed) -> None:
    found = await reviewed.results("NET-01")
    words = {one.evidence[0]: one for one in found.values()}
    assert PASS in {one.verdict for one in found.values()}
    rejected = next(one for said, one in words.items() if "records REJECT" in said)
    assert rejected.verdict is FAIL
    assert any("has a record for 600 s" in said for said in rejected.evidence)
    assert set((await reviewed.verdicts("NET-01", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("NET-01")


async def test_one_endpoint_that_is_not_told_hides_no_other_subnet(reviewed: Reviewed) -> None:
    """A configuration is often deleted while its endpoint runs."""
    for check in ("NET-01", "BR-07"):
        found = await reviewed.results(check, denied=("sagemaker:DescribeEndpointConfig",))
        untold = [one for subject, one in found.items() if ":endpoint/" in subject]
        assert {one.verdict for one in untold} == {UNKNOWN}
        assert "sagemaker:DescribeEndpointConfig not read" in untold[0].evidence[0]
        assert PASS in {one.verdict for one in found.values()}


async def test_endpoints_lead_to_our_own_alone(reviewed: Reviewed) -> None:
    found = await reviewed.results("NET-04")
    assert sorted((one.verdict, one.evidence[0]) for one in found.values()) == [
        (FAIL, "it allows everybody * on *"),
        (PASS, "it allows * where aws:resourceaccount StringEquals 111122223333"),
        (
            PASS,
            "it allows bedrock:InvokeModel* on "
            "arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
        ),
    ]
    assert set((await reviewed.verdicts("NET-04", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("NET-04")


async def test_an_llm_s_network_reaches_bedrock_by_its_own_door(reviewed: Reviewed) -> None:
    found = await reviewed.results("BR-07")
    passing = [one for one in found.values() if one.verdict is PASS]
    assert [words.partition(" ")[2] for words in passing[0].evidence] == [
        "serves bedrock-runtime",
        "serves bedrock-agent-runtime",
    ]
    failing = [one for one in found.values() if one.verdict is FAIL]
    assert any(one.evidence[0].startswith("no endpoint for bedrock-runtime") for one in failing)
    assert set((await reviewed.verdicts("BR-07", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("BR-07")


def test_a_flow_log_that_is_made_from_here_has_what_the_check_asks_for() -> None:
    assert set(re.findall(r"\$\{([a-z-]+)\}", FULL_FORMAT)) >= FIELDS


# --- whose resources a policy leads to -----------------------------------------------------------------------------

ANY = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def _service(said: str) -> dict[str, Any]:
    return {"BoolIfExists": {"aws:PrincipalIsAWSService": said}}


OURS = {"StringNotEquals": {"aws:ResourceAccount": HOME.account}}


def _judge(policy: Read[Policy]) -> Verdict:
    endpoint = VpcEndpoint("arn", "vpce-1", "vpc-1", "s3", "Gateway", "available", policy, False)
    context = Context(Estate(HOME, datetime.now(UTC), (), 0, ()), CONFIG)
    return narrowed(endpoint, context).verdict


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ([ANY], FAIL),
        ([{**ANY, "Resource": ["arn:aws:s3:::corpus", "arn:aws:s3:::corpus/*"]}], PASS),
        ([{**ANY, "Resource": "arn:aws:s3:::*"}], FAIL),
        ([{**ANY, "Resource": "arn:aws:s3:::*/*"}], FAIL),
        ([{**ANY, "Resource": f"arn:aws:sagemaker:*:{HOME.account}:*"}], PASS),
        ([{**ANY, "Resource": "arn:aws:sagemaker:*:999988887777:endpoint/x"}], FAIL),
        ([{**ANY, "Principal": {"AWS": HOME.account}}], FAIL),
        ([{**ANY, "Condition": {"StringEquals": {"aws:PrincipalAccount": HOME.account}}}], FAIL),
        ([{**ANY, "Condition": {"StringEquals": {"aws:ResourceAccount": HOME.account}}}], PASS),
        ([{**ANY, "Condition": {"StringEquals": {"aws:ResourceAccount": ["999988887777", HOME.account]}}}], FAIL),
        ([{**ANY, "Condition": {"StringEqualsIfExists": {"aws:ResourceAccount": HOME.account}}}], FAIL),
        ([ANY, {**ANY, "Effect": "Deny", "Condition": OURS}], PASS),
        ([ANY, {**ANY, "Effect": "Deny", "Action": "s3:GetObject", "Condition": OURS}], FAIL),
        ([ANY, {**ANY, "Effect": "Deny", "Condition": {**OURS, "Bool": {"aws:SecureTransport": "false"}}}], FAIL),
        ([{**{key: ANY[key] for key in ("Effect", "Principal", "Action")}, "NotResource": "arn:aws:s3:::a/*"}], FAIL),
        ([{**ANY, "Effect": "Deny"}], PASS),
        ([{**ANY, "Resource": "arn:aws:s3:::prod-*"}], FAIL),
        ([{**ANY, "Resource": "arn:aws:sagemaker:*:*:endpoint/*"}], FAIL),
        ([{**ANY, "Resource": "arn:aws:bedrock:*::foundation-model/*"}], PASS),
        ([ANY, {**ANY, "Effect": "Deny", "Condition": {**_service("false"), **OURS}}], PASS),
        ([ANY, {**ANY, "Effect": "Deny", "Condition": {**_service("true"), **OURS}}], FAIL),
    ],
    ids=[
        "everything", "named", "all buckets", "all objects", "of ours", "of a stranger", "who alone", "whose caller",
        "whose resource", "ours or a stranger's", "if it exists", "denied else", "some denied else",
        "denied else over HTTP", "all but one", "nothing",
        "a pattern of buckets", "endpoints of anybody", "models of AWS", "denied else to all but services",
        "denied else to services alone",
    ],
)  # fmt: skip
def test_whose_resources_an_endpoint_leads_to(statements: list[dict[str, Any]], verdict: Verdict) -> None:
    assert _judge(Known(parse({"Version": "2012-10-17", "Statement": statements}))) is verdict


def test_a_policy_that_is_not_understood_is_not_harmless() -> None:
    with pytest.raises(NotRead):
        _judge(DENIED)


# --- ways out ------------------------------------------------------------------------------------------------------


NO_ENDPOINTS: Known[tuple[VpcEndpoint, ...]] = Known(())


def _network(*routes: Route, endpoints: Read[tuple[VpcEndpoint, ...]] = NO_ENDPOINTS, named: bool = True) -> Network:
    subnet = Subnet("arn", "subnet-1", "vpc-1", "10.0.0.0/24", HOME.account)
    own = RouteTable("arn", "rtb-1", "vpc-1", not named, ("subnet-1",) if named else (), routes)
    main = RouteTable("arn", "rtb-0", "vpc-1", named, (), (Route("0.0.0.0/0", "igw-9"),))
    tables = (main, own) if named else (own,)
    none: Known[tuple[Any, ...]] = Known(())
    return Network(none, Known((subnet,)), Known(tables), none, none, endpoints)


LOCAL = Route("10.0.0.0/16", "local")
S3 = VpcEndpoint("arn", "vpce-1", "vpc-1", "s3", "Gateway", "available", DENIED, False)
MODEL = VpcEndpoint("arn", "vpce-2", "vpc-1", "bedrock-runtime", "Interface", "available", DENIED, True)
THERE = VpcEndpoint("arn", "vpce-3", "vpc-2", "s3", "Interface", "available", DENIED, True)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (_network(LOCAL), ("none",)),
        (_network(LOCAL, Route("0.0.0.0/0", "nat-0a1")), ("nat-0a1 to the internet",)),
        (_network(LOCAL, Route("0.0.0.0/0", "nat-0a1", active=False)), ("none",)),
        (_network(Route("0.0.0.0/0", "igw-1"), named=False), ("igw-1 to the internet",)),
        (_network(Route("::/0", "eigw-1")), ("eigw-1 to the internet by IPv6",)),
        (
            _network(Route("10.9.0.0/16", "tgw-1"), Route("3.5.0.0/16", "nat-0a1")),
            ("nat-0a1 to 3.5.0.0/16 outside", "tgw-1 to 10.9.0.0/16"),
        ),
        (_network(Route("0.0.0.0/0", "eni-fw")), ("eni-fw to everything else",)),
        (
            _network(Route("pl-1", "vpce-1"), endpoints=Known((S3, MODEL, THERE))),
            ("S3 gateway endpoint vpce-1", "bedrock-runtime endpoint vpce-2"),
        ),
    ],
    ids=["local", "nat", "black hole", "main table", "IPv6", "transit", "appliance", "endpoints"],
)
def test_ways_out(network: Network, expected: tuple[str, ...]) -> None:
    assert ways("subnet-1", network) == expected
    assert sends(["subnet-1"], network) == Known(expected)


def test_ways_that_were_not_read_are_not_none() -> None:
    network = _network(LOCAL, endpoints=DENIED)
    assert sends(["subnet-1"], network) == DENIED
    assert isinstance(sends(["subnet-of-another-account"], _network(LOCAL)), Unread)
    assert doors(network.subnet("subnet-1").get(), network) == ()


@pytest.mark.parametrize(
    ("rule", "port", "covered"),
    [
        (Rule("tcp", 8000, 8100, "0.0.0.0/0"), 8080, True),
        (Rule("tcp", 8000, 8100, "0.0.0.0/0"), 8101, False),
        (Rule("udp", 8000, 8100, "::/0"), 8080, False),
        (Rule("-1", 0, 65535, "::/0"), 8080, True),
    ],
    ids=["within", "beyond", "another protocol", "everything"],
)
def test_what_a_rule_covers(rule: Rule, port: int, covered: bool) -> None:
    assert rule.covers(port) is covered
    assert rule.anywhere
