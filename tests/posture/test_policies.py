"""Policies: what is parsed, what a pattern covers, and whom from outside a policy lets in."""

from __future__ import annotations

from typing import Any

import pytest

from socconsole.collectors.posture.policies import parse
from socconsole.model.estate.policy import Statement, covers, overlaps
from socconsole.model.known import Known, Unread
from socconsole.posture.principals import House, Kind, outsiders
from socconsole.text import Untrusted

OWN, STRANGER, ELB = "111122223333", "999988887777", "054676820928"
BUCKET = "arn:aws:s3:::b"
HOUSE = House(frozenset({OWN}), Known("o-ours"))


def allow(principal: Any, *, condition: dict[str, Any] | None = None, action: Any = "s3:GetObject") -> dict[str, Any]:
    more = {} if condition is None else {"Condition": condition}
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": f"{BUCKET}/*", **more}


def deny(condition: dict[str, Any], *, action: str = "s3:*", resource: Any = None) -> dict[str, Any]:
    reached = resource or [BUCKET, f"{BUCKET}/*"]
    return {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": reached, "Condition": condition}


def judged(*statements: dict[str, Any], house: House = HOUSE) -> str:
    """``nobody``, or of the first one let in: what they are, and whether it is undecided."""
    found = outsiders(parse({"Statement": list(statements)}), house, "s3", (BUCKET, f"{BUCKET}/*"))
    return f"{found[0].kind}{'?' if found[0].doubt else ''}" if found else "nobody"


def when(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {operator: {key: list(values)}}


EVERYBODY: list[tuple[dict[str, Any] | None, str]] = [
    (None, "anyone"),
    (when("StringEquals", "aws:PrincipalOrgID", "o-ours"), "nobody"),
    (when("StringEquals", "aws:PrincipalOrgID", "o-theirs"), "anyone"),
    (when("StringEquals", "aws:PrincipalOrgID", "o-ours", "o-theirs"), "anyone"),
    (when("StringLike", "aws:PrincipalOrgID", "o-*"), "anyone"),
    (when("StringEqualsIfExists", "aws:PrincipalOrgID", "o-ours"), "anyone?"),
    (when("ForAllValues:StringLike", "aws:PrincipalOrgPaths", "o-ours/*"), "anyone?"),
    (when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-ours/r-1/*"), "nobody"),
    (when("StringEquals", "AWS:PrincipalAccount", OWN), "nobody"),
    (when("StringNotEquals", "aws:PrincipalAccount", STRANGER), "anyone?"),
    (when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{OWN}:role/*"), "nobody"),
    (when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/app"), "anyone"),
    (when("ArnLike", "aws:SourceArn", f"arn:aws:logs:*:{OWN}:*"), "nobody"),
    (when("StringLike", "aws:SourceArn", f"arn:aws:logs:*:{OWN}:*"), "anyone?"),
    (when("ArnLike", "aws:SourceArn", "arn:aws:s3:::somebodys-bucket"), "anyone?"),
    (when("Bool", "aws:SecureTransport", "true"), "anyone"),
    (when("IpAddress", "aws:SourceIp", "0.0.0.0/0"), "anyone"),
    (when("IpAddress", "aws:SourceIp", "203.0.113.0/24"), "anyone?"),
    (when("StringEquals", "aws:PrincipalTag/team", "ml"), "anyone?"),
]


@pytest.mark.parametrize(("condition", "expected"), EVERYBODY, ids=range(len(EVERYBODY)))
def test_everybody_under_a_condition(condition: dict[str, Any] | None, expected: str) -> None:
    assert judged(allow("*", condition=condition)) == expected


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"AWS": f"arn:aws:iam::{OWN}:role/app"}, "nobody"),
        ({"AWS": [OWN, f"arn:aws:iam::{STRANGER}:root"]}, "account"),
        ({"AWS": STRANGER}, "account"),
        ({"AWS": "AROAEXAMPLEEXAMPLE"}, "unnamed?"),
        ({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}, "unnamed?"),
        ({"CanonicalUser": "79a59df900b949e55d96a1e698fbaced"}, "unnamed?"),
        ({"AWS": ELB}, "service"),
        ({"Service": "cloudfront.amazonaws.com"}, "service"),
        ({"Federated": "token.actions.githubusercontent.com"}, "unnamed?"),
        ({"Federated": f"arn:aws:iam::{OWN}:saml-provider/corp"}, "nobody"),
    ],
    ids=range(10),
)
def test_named_principals(principal: dict[str, Any], expected: str) -> None:
    assert judged(allow(principal)) == expected


def test_a_stranger_stays_one_whatever_the_way_and_an_organisation_that_was_not_read_leaves_it_undecided() -> None:
    from_an_address = allow({"AWS": STRANGER}, condition=when("IpAddress", "aws:SourceIp", "203.0.113.0/24"))
    assert judged(from_an_address) == "account"
    by_organisation = allow("*", condition=when("StringEquals", "aws:PrincipalOrgID", "o-ours"))
    unread = House(frozenset({OWN}), Unread("organizations:DescribeOrganization", Untrusted("denied")))
    assert judged(by_organisation, house=unread) == "anyone?"
    in_none = House(frozenset({OWN}), Known(None))
    assert judged(by_organisation, house=in_none) == "anyone"


def test_an_encryption_context_confines_a_service_and_nobody_else() -> None:
    bound = when("ArnLike", "kms:EncryptionContext:aws:logs:arn", f"arn:aws:logs:eu-central-1:{OWN}:*")
    assert judged(allow({"Service": "logs.eu-central-1.amazonaws.com"}, condition=bound)) == "nobody"
    assert judged(allow("*", condition=bound)) == "anyone?"


def test_to_allow_all_but_some_is_to_allow_everybody() -> None:
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": OWN}, "Action": "s3:*", "Resource": "*"}
    assert judged(statement) == "anyone"


def test_a_deny_takes_back_what_it_surely_reaches() -> None:
    shared, public = allow({"AWS": f"arn:aws:iam::{STRANGER}:role/x"}), allow("*")
    # As our own containments put them.
    named = deny(when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{STRANGER}:role/x"))
    strangers = deny(
        {"StringNotEquals": {"aws:PrincipalAccount": [OWN]}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
    )
    assert judged(shared, named) == "nobody"
    assert judged(public, named) == "anyone"
    assert judged(shared, strangers) == judged(public, strangers) == "nobody"
    for weaker in (
        deny(when("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{STRANGER}:role/y")),
        deny(when("StringNotEquals", "aws:PrincipalAccount", OWN, STRANGER)),
        deny(when("Bool", "aws:SecureTransport", "false")),
        deny(
            {**when("StringNotEquals", "aws:PrincipalAccount", OWN), **when("IpAddress", "aws:SourceIp", "10.0.0.0/8")}
        ),
        deny(when("StringNotEquals", "aws:PrincipalAccount", OWN), action="s3:PutObject"),
        deny(when("StringNotEquals", "aws:PrincipalAccount", OWN), resource=BUCKET),
        deny(when("ForAnyValue:StringNotEquals", "aws:PrincipalAccount", OWN)),
    ):
        assert judged(public, weaker) == "anyone", weaker
    assert judged(allow({"Service": "x.amazonaws.com"}), strangers) == Kind.SERVICE


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        '{"Statement": [{"Effect": "allow", "Action": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": {"Everyone": "*"}, "Action": "*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "NotAction": "s3:*"}]}',
        '{"Statement": [{"Effect": "Deny", "Action": []}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Condition": {"Bool": {"aws:SecureTransport": []}}}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Unless": {}}]}',
    ],
    ids=range(7),
)
def test_what_is_not_in_the_grammar_is_not_read(document: str) -> None:
    with pytest.raises(ValueError, match=r"statement|no policy"):
        parse(document)


def test_a_policy_as_iam_returns_it_and_a_lone_statement() -> None:
    found = parse("%7B%22Statement%22%3A%7B%22Effect%22%3A%22Deny%22%2C%22NotAction%22%3A%22iam%3A%2A%22%7D%7D")
    assert found.statements == (Statement(allow=False, not_actions=("iam:*",)),)


@pytest.mark.parametrize(
    ("pattern", "text", "covered"),
    [
        ("s3:Get*", "s3:GetObject*", True),
        ("s3:*", "s3:Get?bject", True),
        ("s3:Get?bject", "s3:Get*bject", False),
        ("s3:get*", "s3:GetObject", False),
        ("a*" * 200 + "b", "a" * 2000, False),  # in a moment, not in years
    ],
    ids=range(5),
)
def test_a_pattern_covers_only_what_it_surely_covers(pattern: str, text: str, covered: bool) -> None:
    assert covers([pattern], text) is covered


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("s3:*Object", "s3:Get*", True),
        ("S3:Get?*", "s3:GetA", True),
        ("s3:Put*", "s3:Get*", False),
        ("s3:Get?", "s3:Get", False),
    ],
    ids=range(4),
)
def test_two_patterns_that_can_mean_the_same(one: str, other: str, meet: bool) -> None:
    assert overlaps(one, other) is overlaps(other, one) is meet
