"""What Sigma's modifiers mean over CloudTrail records, each as rules in the wild use it."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from socconsole.rules import loader
from socconsole.rules.rule import Rule
from tests.rules.records import OTHER_OF_OURS, fires, record, session

HEAD = "title: T\nid: 11111111-2222-4333-8444-555555555555\nlogsource: {product: aws, service: cloudtrail}\n"


def rule(folder: Path, detection: str) -> Rule:
    (folder / "rule.yml").write_text(f"{HEAD}detection:\n{textwrap.indent(textwrap.dedent(detection).strip(), '  ')}\n")
    (found,) = loader.load([folder], builtin=False, accounts=[OTHER_OF_OURS])
    assert found.runs, found.reason
    return found


def fits(folder: Path, detection: str, *records: dict[str, Any]) -> list[int]:
    return fires(records, [rule(folder, detection)]).get("T", [])


OPENED = record(
    "ec2:AuthorizeSecurityGroupIngress",
    {"groupId": "sg-1", "ipPermissions": {"items": [{"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}, {"n": 443}]}},
)
LAMBDA = record("lambda:UpdateFunctionConfiguration20150331v2", {"layers": ["arn:aws:lambda:x"], "memory": "512"})
FAILED = record("iam:CreateUser", {"userName": "a_b"}, errorCode="AccessDenied", errorMessage="no")
TYPED = record("rds:ModifyDBInstance", {"publiclyAccessible": True, "port": 3306, "tags": [], "nothing": None})
BY_ROLE = record("s3:ListBuckets", userIdentity=session("Build", "ci"), sourceIPAddress="2001:db8::7")

CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "equality ignores case": ("s: {eventName: createuser, eventSource: IAM.AMAZONAWS.COM}\n"
        "condition: s", FAILED, TYPED),
    "cased does not": ("s: {userIdentity.arn|cased|contains: Build}\ncondition: s", BY_ROLE, FAILED),
    "wildcards": ("s: {eventName: 'UpdateFunctionConfiguration*'}\ncondition: s", LAMBDA, TYPED),
    "an underscore is no wildcard": ("s: {requestParameters.userName: a_b}\ncondition: s", FAILED,
        record("iam:CreateUser", {"userName": "axb"})),
    "every element of an array": ("s: {requestParameters.ipPermissions.items.ipRanges.items.cidrIp: 0.0.0.0/0}\n"
        "condition: s", OPENED, LAMBDA),
    "an array has something": ("s: {requestParameters.layers|contains: '*'}\ncondition: s", LAMBDA, TYPED),
    "an object as text": ("s: {requestParameters|contains|all: ['\"groupId\":\"sg-1\"', '0.0.0.0/0']}\ncondition: s",
        OPENED, LAMBDA),
    "text with quotes inside an object": ("s: {requestParameters|contains: '\"Effect\": \"Allow\"'}\ncondition: s",
        record("iam:PutUserPolicy", {"policyDocument": '{"Effect": "Allow"}'}), LAMBDA),
    "a boolean as a boolean": ("s: {requestParameters.publiclyAccessible: true}\ncondition: s", TYPED, LAMBDA),
    "a boolean as a word": ("s: {requestParameters.publiclyAccessible: 'true'}\ncondition: s", TYPED, LAMBDA),
    "a number, however it is written": ("s: {requestParameters.memory: 512}\ncondition: s", LAMBDA, TYPED),
    "numbers compare as numbers": ("s: {requestParameters.port|gte: 1000}\ncondition: s", TYPED,
        record("rds:ModifyDBInstance", {"port": "99"})),
    "null is what is not there": ("s: {eventName: CreateUser, errorCode: null}\ncondition: s",
        record("iam:CreateUser"), FAILED),
    "an empty array is null": ("s: {eventName: ModifyDBInstance, requestParameters.tags: null}\ncondition: s", TYPED,
        record("rds:ModifyDBInstance", {"tags": ["x"]})),
    "exists": ("s: {errorCode|exists: true}\ncondition: s", FAILED, TYPED),
    "exists not": ("s: {eventSource: rds.amazonaws.com, requestParameters.nothing|exists: false}\ncondition: s", TYPED,
        record("rds:ModifyDBInstance", {"nothing": "x"})),
    "a filter on what is not there": ("s: {eventSource: rds.amazonaws.com}\nf: {errorCode|contains: '*'}\n"
        "condition: s and not f", TYPED, record("rds:ModifyDBInstance", errorCode="X")),
    "one of several": ("s: {eventName: CreateUser}\nok_a: {errorCode: Success}\nok_b: {errorCode: null}\n"
        "condition: s and 1 of ok_*", record("iam:CreateUser"), FAILED),
    "regular expressions": ("s: {userIdentity.arn|re: ':assumed-role/[^/]+/ci$'}\ncondition: s", BY_ROLE, FAILED),
    "regular expressions that ignore case": ("s: {userIdentity.arn|re|i: '/BUILD/'}\ncondition: s", BY_ROLE, FAILED),
    "networks": ("s: {sourceIPAddress|cidr: ['198.51.100.0/24', '10.0.0.0/8']}\ncondition: s", FAILED, BY_ROLE),
    "networks of IPv6, however spelt": ("s: {sourceIPAddress|cidr: '2001:db8::/32'}\ncondition: s",
        {**BY_ROLE, "sourceIPAddress": "2001:0DB8:0::0:7"}, FAILED),
    "one field against another": ("s: {eventName: CreateAccessKey}\n"
        "f: {userIdentity.userName|fieldref: requestParameters.userName}\ncondition: s and not f",
        record("iam:CreateAccessKey", {"userName": "backup"}), record("iam:CreateAccessKey", {"userName": "EVE"})),
    "one field at the end of another": ("s: {userIdentity.arn|fieldref|endswith: requestParameters.userName}\n"
        "condition: s", record("iam:GetUser", {"userName": "eve"}), record("iam:GetUser", {"userName": "bob"})),
    "keywords over the whole record": ("k: ['0.0.0.0/0', 'never there']\ncondition: k", OPENED, LAMBDA),
    "a list of maps is any of them": ("s:\n  - {eventName: NoSuch}\n  - {errorCode: AccessDenied}\ncondition: s",
        FAILED, TYPED),
    "the hour": ("s: {eventTime|hour: 3}\ncondition: s", FAILED, record("iam:CreateUser", after_s=7_200)),
    "the team's accounts": ("s: {userIdentity.accountId|expand: '%accounts%'}\ncondition: s",
        record("sts:AssumeRole", userIdentity={"type": "AWSAccount", "accountId": OTHER_OF_OURS}), FAILED),
    "base64": ("s: {requestParameters.userData|base64offset|contains: 'curl http'}\ncondition: s",
        record("ec2:RunInstances", {"userData": "IyEvYmluL3NoCmN1cmwgaHR0cDovL3g="}), LAMBDA),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_modifier_fits_what_it_should(tmp_path: Path, name: str) -> None:
    detection, fitting, other = CASES[name]
    assert fits(tmp_path, detection, fitting, other) == [0]


@pytest.mark.parametrize("bait", ["\x00", "\ud800", "\u202e", "'; DROP TABLE trail; --", "%", "\\"])
def test_nothing_in_a_record_hides_what_stands_beside_it(tmp_path: Path, bait: str) -> None:
    hidden = record("iam:CreateUser", {"userName": f"{bait}evil", "path": bait}, userAgent=f"{bait}TruffleHog")
    assert fits(tmp_path, "s: {requestParameters.userName|contains: evil}\ncondition: s", hidden) == [0]
    assert fits(tmp_path, "s: {userAgent|re: 'Truffle.og$'}\ncondition: s", hidden) == [0]
    assert fits(tmp_path, "k: [trufflehog]\ncondition: k", hidden) == [0]


def test_a_record_nested_deeper_than_any_call_still_meets_the_other_rules(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(25):
        deep = {"a": [deep]}
    bad = record("iam:CreateUser", {"userName": "evil", "deep": deep})
    assert fits(tmp_path, "s: {requestParameters.userName: evil}\ncondition: s", bad) == [0]
    assert fits(tmp_path, f"s: {{requestParameters.deep{'.a' * 25}: x}}\ncondition: s", bad) == [0]


def test_no_regular_expression_takes_long(tmp_path: Path) -> None:
    evil = rule(tmp_path, "s: {userAgent|re: '^(a+)+$'}\ncondition: s")
    began = time.monotonic()
    assert fires([record("iam:CreateUser", userAgent="a" * 50_000 + "!")], [evil]) == {}
    assert time.monotonic() - began < 20
