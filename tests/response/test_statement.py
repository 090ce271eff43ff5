"""One statement of ours in somebody's policy, told apart from what AWS makes of the text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from socconsole.model.action import ActionState
from socconsole.response import statement
from socconsole.response.actions.s3_deny_outsiders import ACTION
from socconsole.response.change import judge

SID = "SocconsoleDenyOutsiders"
OTHERS = {
    "Sid": "Share",
    "Effect": "Allow",
    "Principal": {"AWS": ["arn:aws:iam::999988887777:role/b", "arn:aws:iam::999988887777:role/a"]},
    "Action": ["s3:GetObject"],
    "Resource": ["arn:aws:s3:::corpus/*", "arn:aws:s3:::corpus"],
}
OURS = {
    "Sid": SID,
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::corpus", "arn:aws:s3:::corpus/*"],
    "Condition": {"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::999988887777:*"]}},
}
BEFORE = {"Version": "2012-10-17", "Statement": [OTHERS]}


def rewritten(value: Any) -> Any:
    """As S3 gives a policy back: lists the other way round, a list of one as a text."""
    if isinstance(value, dict):
        return {key: rewritten(one) for key, one in reversed(value.items())}
    if isinstance(value, list):
        found = [rewritten(one) for one in reversed(value)]
        return found[0] if len(found) == 1 else found
    return value


def test_a_policy_that_aws_wrote_anew_is_what_was_put() -> None:
    after = statement.put(BEFORE, OURS)
    now = {"Policy": statement.parse(json.dumps(rewritten(after)))}
    assert now["Policy"] != after, "else this proves nothing"
    assert judge(now, {"Policy": BEFORE}, {"Policy": after}, ACTION.same) is ActionState.APPLIED
    assert judge({"Policy": rewritten(BEFORE)}, {"Policy": BEFORE}, {"Policy": after}, ACTION.same) is (
        ActionState.NOT_APPLIED
    )


@pytest.mark.parametrize(
    "change",
    [
        {"Action": "s3:GetObject"},
        {"Effect": "Allow"},
        {"Resource": ["arn:aws:s3:::corpus"]},
        {"Condition": {"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::999988887777:*", "arn:aws:iam::1:*"]}}},
        {"Sid": "Other"},
    ],
    ids=["action", "effect", "resource", "condition", "sid"],
)
def test_a_policy_that_says_something_else_is_not(change: dict[str, Any]) -> None:
    after = statement.put(BEFORE, OURS)
    now = rewritten(statement.put(BEFORE, {**OURS, **change}))
    assert judge({"Policy": now}, {"Policy": BEFORE}, {"Policy": after}, ACTION.same) is ActionState.PARTIAL


def test_an_undo_gives_back_the_words_of_before_whatever_aws_made_of_them() -> None:
    now = rewritten(statement.put(BEFORE, OURS))
    assert statement.give_back(now, BEFORE, SID) == BEFORE
    theirs = {"Sid": "New", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    kept = statement.give_back(rewritten(statement.put(statement.put(BEFORE, OURS), theirs)), BEFORE, SID)
    assert {one.get("Sid") for one in statement.statements(kept)} == {"Share", "New"}


def test_two_reads_of_one_policy_are_one_plan() -> None:
    """AWS gives the principals of a policy in any order; what was confirmed is compared with what is done."""
    names = ["arn:aws:iam::999988887777:role/b", "arn:aws:iam::999988887777:role/a"]
    texts = [
        json.dumps({**BEFORE, "Statement": [{**OTHERS, "Principal": {"AWS": one}}]}) for one in (names, names[::-1])
    ]
    assert texts[0] != texts[1]
    assert statement.parse(texts[0]) == statement.parse(texts[1])


@pytest.mark.parametrize(
    ("principal", "gone"),
    [
        ({"AWS": "AROAJQABLZS4A3QDU576Q"}, ("AROAJQABLZS4A3QDU576Q",)),
        ({"AWS": ["arn:aws:iam::999988887777:root", "AIDAJQABLZS4A3QDU576Q"]}, ("AIDAJQABLZS4A3QDU576Q",)),
        ({"AWS": "arn:aws:iam::999988887777:role/AROAJQABLZS4A3QDU576Q"}, ()),
        ({"CanonicalUser": "AROAJQABLZS4A3QDU576Q"}, ()),
        ("*", ()),
    ],
    ids=["role", "user among others", "a name", "another kind", "everyone"],
)
def test_who_was_deleted_since_is_known_by_his_id(principal: Any, gone: tuple[str, ...]) -> None:
    assert statement.deleted({**BEFORE, "Statement": [{**OTHERS, "Principal": principal}]}) == gone
