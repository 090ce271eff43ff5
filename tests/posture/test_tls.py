"""What answers over TLS: NET-02, NET-03, NET-05."""

from __future__ import annotations

from typing import Any

import pytest

from socconsole.model.estate.policy import EVERYBODY, Condition, Policy, Statement
from socconsole.model.known import Known
from socconsole.model.posture import Result, Verdict
from socconsole.posture import tls
from tests.posture.estate import HOME, SEALED, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN


def _by_port(results: dict[str, Result]) -> dict[str, Verdict]:
    """``443`` → verdict, of the listeners among them."""
    listeners = (one for one in results.values() if one.evidence[0].startswith("port "))
    return {one.evidence[0].split()[1].rstrip(":"): one.verdict for one in listeners}


async def test_listeners(reviewed: Reviewed) -> None:
    found = _by_port(await reviewed.results("NET-02"))
    assert found == {"443": PASS, "8443": FAIL, "80": PASS}
    assert set((await reviewed.verdicts("NET-02", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("NET-02")


async def test_a_redirect_counts_only_where_its_rules_are_known(reviewed: Reviewed) -> None:
    results = await reviewed.results("NET-02", denied=("elbv2:DescribeRules",))
    (found,) = (one for one in results.values() if "elbv2:DescribeRules" in one.evidence[0])
    assert found.verdict is UNKNOWN


async def test_distributions_and_api_domains(reviewed: Reviewed) -> None:
    results = await reviewed.results("NET-03")
    domains = {subject.rpartition("/")[2]: one.verdict for subject, one in results.items() if "domainnames" in subject}
    assert domains == {"pay.kaufhaus.example": PASS, "partners.kaufhaus.example": FAIL}
    assert {one.verdict: one.evidence for subject, one in results.items() if "distribution" in subject} == {
        PASS: (
            "the security policy TLSv1.3_2025 takes TLSv1.3 and above",
            "nothing is served by HTTP",
            "it speaks nothing below TLS 1.2 to its origins",
        ),
        FAIL: (
            "CloudFront's own certificate takes TLSv1, whatever is set",
            "some of it is served by plain HTTP",
            "it reaches media.kaufhaus.example by HTTP where the viewer comes by HTTP, media.kaufhaus.example by TLSv1",
        ),
    }
    assert set((await reviewed.verdicts("NET-03", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("NET-03")


async def test_an_origin_in_a_vpc_says_elsewhere_how_it_is_reached(reviewed: Reviewed) -> None:
    def in_vpc(answer: dict[str, Any]) -> dict[str, Any]:
        origin = {"Id": "v", "DomainName": "internal.elb", "VpcOriginConfig": {"VpcOriginId": "vo_1"}}
        listed = answer["DistributionList"]
        items = [{**one, "Origins": {"Quantity": 1, "Items": [origin]}} for one in listed["Items"]]
        return {"DistributionList": {**listed, "Items": items}}

    told = {
        key: in_vpc(said)
        for key, said in reviewed.answers.items()
        if key[1] == "cloudfront:ListDistributions" and key[0].account == HOME.account
    }
    results = await Reviewed({**reviewed.answers, **told}).results("NET-03")
    found = {one.verdict: one.evidence for subject, one in results.items() if "distribution" in subject}
    assert set(found) == {UNKNOWN, FAIL}
    assert "internal.elb" in " ".join(found[UNKNOWN])


async def test_the_checkout_path_takes_nothing_below_tls_1_3(reviewed: Reviewed) -> None:
    results = await reviewed.results("NET-05")
    assert _by_port(results) == {"443": PASS, "8443": FAIL, "80": PASS}
    rest = {subject.rpartition("/")[2]: one for subject, one in results.items() if "listener" not in subject}
    assert rest["pay.kaufhaus.example"].verdict is FAIL, "TLS 1.2 is good enough elsewhere"
    assert rest["arn:aws:s3:::kaufhaus-llm-corpus"].verdict is FAIL
    assert rest["www.kaufhaus.example"].verdict is UNKNOWN, "a name that nothing has must not vanish"
    (shop,) = (one for one in results.values() if "distribution" in one.subject)
    assert shop.verdict is PASS
    assert set((await reviewed.verdicts("NET-05", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("NET-05")


@pytest.mark.parametrize(
    ("policy", "least"),
    [
        ("TLS_1_0", "TLSv1"),
        ("TLS_1_2", "TLSv1.2"),
        ("SecurityPolicy_TLS13_1_2_PQ_2025_09", "TLSv1.2"),
        ("SecurityPolicy_TLS13_1_3_FIPS_2025_09", "TLSv1.3"),
        ("SecurityPolicy_TLS12_PFS_2025_EDGE", "TLSv1.2"),
    ],
)
def test_what_an_api_s_security_policy_takes(policy: str, least: str) -> None:
    assert tls.api_least(policy) == Known(least)


@pytest.mark.parametrize("policy", ["", "SecurityPolicy_TLS14_2031", "TLS_1_9"])
def test_a_policy_that_is_not_known_is_not_read(policy: str) -> None:
    assert not isinstance(tls.api_least(policy), Known)
    assert not isinstance(tls.cloudfront_least(policy), Known)


def _deny(*conditions: Condition, resources: tuple[str, ...] = ("*",)) -> Policy:
    deny = Statement(
        allow=False, principals=(EVERYBODY,), actions=("s3:*",), resources=resources, conditions=conditions
    )
    return Policy((deny,))


OLD = Condition("NumericLessThan", "s3:tlsversion", ("1.3",))
NARROWER = Condition("StringLike", "aws:useragent", ("curl*",))


@pytest.mark.parametrize(
    ("policy", "denied"),
    [
        (_deny(OLD), True),
        (_deny(Condition("NumericLessThan", "s3:tlsversion", ("1.2",))), False),
        (_deny(OLD, NARROWER), False),
        (_deny(OLD, resources=("arn:aws:s3:::other/*",)), False),
        (Policy(), False),
    ],
    ids=["to everybody", "below another version", "to some alone", "elsewhere", "nothing"],
)
def test_what_a_bucket_s_policy_denies(policy: Policy, denied: bool) -> None:
    assert tls.denies_old(policy, "arn:aws:s3:::carts/*") is denied
