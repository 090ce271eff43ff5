"""Pivots and the tree of credentials, over events as CloudTrail writes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from socconsole import formats
from socconsole.model.action import ActionRecord, ActionState
from socconsole.model.entity import EntityKind
from socconsole.model.world import Place
from socconsole.store import db, findings, lineage, pivot
from socconsole.store.lineage import Credential, Standing
from socconsole.store.state import StateFolder
from tests.store.builders import NOW

OTHER = "444455556666"
ROOT, FIRST, SECOND, MADE = (
    "AKIAROOTROOTROOTROOT",
    "ASIAFIRSTFIRSTFIRST1",
    "ASIASECONDSECOND0002",
    "AKIAMADEMADEMADEMADE",
)
USER = "arn:aws:iam::111122223333:user/ci-deploy"
SESSION = f"arn:aws:sts::{OTHER}:assumed-role/admin/courier"


@pytest.fixture
def conn(folder: StateFolder) -> Iterator[sqlite3.Connection]:
    with closing(db.connect(folder.store_db)) as open_:
        yield open_


def event(minute: int, name: str, key: str, arn: str, source: str = "iam", **over: Any) -> dict[str, Any]:
    at = (NOW + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "eventVersion": "1.11",
        "eventID": f"e-{minute}-{name}",
        "eventTime": at,
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.9",
        "userIdentity": {"type": "IAMUser", "arn": arn, "accountId": arn.split(":")[4], "accessKeyId": key},
        "readOnly": name.startswith(("Get", "List")),
        "recipientAccountId": arn.split(":")[4],
        "eventCategory": "Management",
        **over,
    }


def assumed(minute: int, by: str, arn: str, key: str, session: str, hours: float = 1) -> dict[str, Any]:
    expires = (NOW + timedelta(minutes=minute, hours=hours)).strftime("%b %d, %Y, %I:%M:%S %p")
    answer = {
        "credentials": {"accessKeyId": key, "sessionToken": "very-secret", "expiration": expires},
        "assumedRoleUser": {"arn": session, "assumedRoleId": "AROAX:courier"},
    }
    return event(minute, "AssumeRole", by, arn, "sts", responseElements=answer, readOnly=True)


STORY = (
    event(0, "ListBuckets", ROOT, USER, "s3"),
    assumed(1, ROOT, USER, FIRST, SESSION),
    event(2, "CreateUser", FIRST, SESSION, requestParameters={"userName": "phantom"}),
    event(
        3, "CreateAccessKey", FIRST, SESSION, requestParameters={"userName": "phantom"},
        responseElements={"accessKey": {"accessKeyId": MADE, "userName": "phantom", "secretAccessKey": "x"}},
    ),
    assumed(4, FIRST, SESSION, SECOND, SESSION.replace("courier", "onward")),
    event(5, "DeleteTrail", SECOND, SESSION.replace("courier", "onward"), "cloudtrail", errorCode="AccessDenied"),
)  # fmt: skip


def told(conn: sqlite3.Connection, *events: dict[str, Any]) -> None:
    records = [one for each in events for one in formats.read_object(each, 1)]
    findings.commit(conn, records, answer=None, origin="trail.json", now=NOW + timedelta(minutes=10))


def names(one: Credential) -> tuple[str, tuple[Any, ...]]:
    return one.key, tuple(names(child) for child in one.children)


def test_a_tree_begins_at_the_first_key_whichever_of_its_keys_is_named(conn) -> None:
    told(conn, *STORY)
    now = NOW + timedelta(minutes=20)
    wanted = (ROOT, ((FIRST, ((MADE, ()), (SECOND, ()))),))
    for key in (ROOT, FIRST, SECOND, MADE):
        (root,) = lineage.tree(conn, [(EntityKind.KEY, key)], now).roots
        assert names(root) == wanted, key
    (same,) = lineage.tree(conn, [(EntityKind.SESSION, f"{OTHER}/admin/courier")], now).roots
    assert names(same) == wanted


def test_it_says_what_each_did_and_until_when_it_works(conn) -> None:
    told(conn, *STORY)
    (root,) = lineage.tree(conn, [(EntityKind.KEY, ROOT)], NOW + timedelta(minutes=20)).roots
    (first,) = root.children
    made, second = first.children
    assert (root.by, root.standing, root.holder) == ("", Standing.ALIVE, (EntityKind.USER, "111122223333/ci-deploy"))
    assert (first.by, first.calls, first.changes, first.accounts) == ("AssumeRole", 3, 2, (OTHER,))
    assert [(one.name, one.what.raw()) for one in first.made] == [
        ("CreateAccessKey", "phantom"),
        ("CreateUser", "phantom"),
    ]
    assert (made.by, made.calls, made.who.raw()) == ("CreateAccessKey", 0, "phantom")
    assert (second.refused, second.changes) == (1, 0)
    (later,) = lineage.tree(conn, [(EntityKind.KEY, ROOT)], NOW + timedelta(hours=2)).roots
    assert later.children[0].standing is Standing.EXPIRED
    assert later.standing is Standing.ALIVE


def _action(action: str, target: str, account: str, state: ActionState, minute: float) -> ActionRecord:
    at = NOW + timedelta(minutes=minute)
    return ActionRecord(
        id="a-1", action=action, target=target, place=Place(account, "eu-central-1"), finding=None, state=state,
        who="oncall1", intended=at, settled=at, verified=(), undone_by=None, undoes=None, intent_seq=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("action", "target", "account", "state", "minute", "contained"),
    [
        ("iam-disable-key", ROOT, "111122223333", ActionState.APPLIED, 6, {ROOT}),
        ("iam-role-revoke-sessions", "admin", OTHER, ActionState.APPLIED, 30, {FIRST, SECOND}),
        # A revocation's moment is that of the plan: a session that was issued shortly before may have outlived it.
        ("iam-role-revoke-sessions", "admin", OTHER, ActionState.APPLIED, 6, set()),
        ("iam-role-revoke-sessions", "admin", "111122223333", ActionState.APPLIED, 30, set()),
        ("iam-role-deny", "admin", OTHER, ActionState.APPLIED, 6, {FIRST, SECOND}),
        ("cut-role", "admin", OTHER, ActionState.PARTIAL, 6, set()),
        ("iam-user-quarantine", "ci-deploy", "111122223333", ActionState.APPLIED, 6, {ROOT}),
        ("s3-block-public", "admin", OTHER, ActionState.APPLIED, 6, set()),
    ],
)
def test_only_what_surely_ends_a_credential_makes_it_contained(
    conn, monkeypatch, action, target, account, state, minute, contained
) -> None:
    told(conn, *STORY)
    record = _action(action, target, account, state, minute)
    monkeypatch.setattr(lineage.actions, "in_force", lambda conn: [record])
    (root,) = lineage.tree(conn, [(EntityKind.KEY, ROOT)], NOW + timedelta(minutes=31)).roots
    every = [root, *root.children, *root.children[0].children]
    assert {one.key for one in every if one.standing is Standing.CONTAINED} == contained


def test_the_name_that_a_federated_session_was_given_is_nobodys(conn) -> None:
    mallory, alice = "arn:aws:iam::111122223333:user/mallory", "arn:aws:sts::111122223333:federated-user/alice"
    answer = {"credentials": {"accessKeyId": FIRST}, "federatedUser": {"arn": alice}}
    told(
        conn,
        event(1, "GetFederationToken", ROOT, mallory, "sts", responseElements=answer),
        event(2, "ListBuckets", FIRST, alice, "s3"),
    )
    (root,) = lineage.tree(conn, [(EntityKind.KEY, FIRST)], NOW + timedelta(minutes=5)).roots
    (session,) = root.children
    assert session.who.raw() == alice
    assert session.holder == (EntityKind.USER, "111122223333/mallory")
    assert pivot.called(conn, "111122223333/alice") == []


def test_keys_that_hand_each_other_out_end(conn) -> None:
    told(conn, assumed(1, FIRST, SESSION, SECOND, SESSION), assumed(2, SECOND, SESSION, FIRST, SESSION))
    tree = lineage.tree(conn, [(EntityKind.KEY, FIRST)], NOW)
    assert len(tree.roots) == 1
    assert {tree.roots[0].key, tree.roots[0].children[0].key} == {FIRST, SECOND}


def test_a_pivot_finds_findings_and_events_under_one_name_and_says_how_far_it_sees(conn) -> None:
    told(conn, *STORY)
    assert pivot.called(conn, "203.0.113.9") == [(EntityKind.ADDRESS, "203.0.113.9")]
    held = pivot.held(conn, (EntityKind.ADDRESS, "203.0.113.9"))
    assert (held.events, held.findings, held.accounts) == (6, 5, ("111122223333", OTHER))
    moments = pivot.moments(conn, (EntityKind.KEY, FIRST))
    assert [one.what.raw() for one in moments] == [
        "sts AssumeRole", "iam CreateAccessKey", "iam CreateUser", "sts AssumeRole",
    ]  # fmt: skip
    assert pivot.of_event(conn, int(moments[0].ref))[0][0] is EntityKind.KEY
    horizon = pivot.horizon(conn, NOW)
    assert (horizon.events, horizon.since, horizon.accounts) == (6, None, ()), (
        "a file says nothing of what is not in it"
    )
    assert pivot.called(conn, "nobody") == []
