"""Who a bucket policy lets in, and the statement that keeps them out."""

import json

import pytest

from socconsole.response.resource_policy import reach

OWN = "111122223333"
OTHER = "999988887777"


def policy(*statements: dict[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal: object, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "*", **more}


def test_no_policy_lets_nobody_in() -> None:
    assert reach(None, OWN).outside == ()
    assert reach(None, OWN).anyone == 0


@pytest.mark.parametrize("everyone", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
def test_everyone_is_counted_in_each_spelling(everyone: object) -> None:
    assert reach(policy(allow(everyone)), OWN).anyone == 1


def test_a_condition_is_told_apart() -> None:
    found = reach(policy(allow("*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})), OWN)
    assert (found.anyone, found.anyone_if) == (0, 1)


def test_all_but_some_is_everyone() -> None:
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": OWN}, "Action": "*", "Resource": "*"}
    assert reach(policy(statement), OWN).anyone == 1


def test_accounts_are_told_apart() -> None:
    found = reach(
        policy(
            allow({"AWS": [f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{OWN}:role/app", OWN]}),
            allow({"Service": "logging.s3.amazonaws.com"}),
            allow({"CanonicalUser": "79a5"}),
        ),
        OWN,
    )
    assert found.outside == (f"arn:aws:iam::{OTHER}:root", "79a5")
    assert found.inside == 2
    assert found.services == ("logging.s3.amazonaws.com",)


def test_a_deny_lets_nobody_in() -> None:
    assert reach(policy({"Effect": "Deny", "Principal": "*", "Action": "*"}), OWN).anyone == 0


def test_one_statement_need_not_be_a_list() -> None:
    assert reach(json.dumps({"Statement": allow("*")}), OWN).anyone == 1


@pytest.mark.parametrize("text", ["", "[]", "7", '{"Statement": [3]}', '{"Statement": 7}', "[" * 5000])
def test_what_is_no_policy_says_so(text: str) -> None:
    assert reach(text, OWN).unreadable


def test_the_account_by_which_load_balancers_log_is_no_stranger() -> None:
    elb = "arn:aws:iam::054676820928:root"
    allow = {"Effect": "Allow", "Principal": {"AWS": [elb, f"arn:aws:iam::{OTHER}:root"]}, "Action": "s3:PutObject"}
    found = reach(json.dumps({"Statement": [allow]}), OWN)
    assert found.outside == (f"arn:aws:iam::{OTHER}:root",)
    assert found.services == (elb,)
