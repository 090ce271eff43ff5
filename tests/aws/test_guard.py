"""The guard: for every operation, role and mode, either the rule allows it or not a byte is sent."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import ANY

import pytest

from socconsole.aws import AwsTrouble, Kind, sessions
from socconsole.aws.gate import BadResponse, Gate
from socconsole.aws.guard import PERMIT, Guard, Refused
from socconsole.aws.modes import ModeError, effective_mode
from socconsole.aws.operations import ROLES, BadTable, Role, read, table
from socconsole.aws.worlds import DRILL_KEY, DRILL_SECRET
from socconsole.model.action import Effect, Mode

from .conftest import PLACE, Opener
from .fakeaws import FakeAws, Reply, ok

# The rule of DESIGN §4, written a second time.
BY_MODE = {
    Mode.READ: {"read"},
    Mode.TRIAGE: {"read", "housekeeping", "workflow"},
    Mode.RESPOND: {"read", "housekeeping", "workflow", "contain"},
}
WATCH = {"read", "housekeeping"}

PUT = {
    "Bucket": "b",
    "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
}
UPDATE = {"FindingIdentifiers": [{"Id": "i", "ProductArn": "p"}], "Workflow": {"Status": "NOTIFIED"}}
CALLS = {
    "s3:PutPublicAccessBlock": PUT,
    "s3:DeletePublicAccessBlock": {"Bucket": "b"},
    "securityhub:BatchUpdateFindings": UPDATE,
    "securityhub:GetFindings": {},
}


@asynccontextmanager
async def bare(fake: FakeAws, service: str, guard: Guard) -> AsyncIterator[Any]:
    """The client that a door's calls go through, without the door."""
    session = sessions.drill(guard, Gate())
    session.set_credentials(DRILL_KEY, DRILL_SECRET)
    address = f"http://127.0.0.1:{fake.port}"
    async with session.create_client(service, region_name=PLACE.region, endpoint_url=address) as client:
        yield client


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("mode", list(Mode))
def test_the_rule_holds_for_every_row(role: Role, mode: Mode) -> None:
    guard = Guard(role, mode)
    for row in table().values():
        allowed = row.credentials or (role in row.roles and row.effect in (WATCH if role == "watch" else BY_MODE[mode]))
        if allowed:
            assert guard.permit(row.id) is row
        else:
            with pytest.raises(Refused):
                guard.permit(row.id)


@pytest.mark.parametrize(("role", "mode"), list(itertools.product(ROLES, Mode)))
async def test_a_refused_call_sends_no_byte(role: Role, mode: Mode, fake: FakeAws, opened: Opener) -> None:
    """Through the door and through the client under it, for each effect that we have."""
    done = Reply(headers={"x-amz-request-id": "r"})
    fake.always("s3:PutPublicAccessBlock", done)
    fake.always("s3:DeletePublicAccessBlock", done)
    fake.always("securityhub:BatchUpdateFindings", ok({"ProcessedFindings": [], "UnprocessedFindings": []}))
    fake.always("securityhub:GetFindings", ok({"Findings": []}))
    async with opened(role, mode) as door:
        for operation, params in CALLS.items():
            effect = table()[operation].effect
            allowed = role in table()[operation].roles and (
                effect in WATCH if role == "watch" else effect in BY_MODE[mode]
            )
            service, name = operation.split(":")
            before, connections = fake.bytes, fake.connections
            async with bare(fake, service, Guard(role, mode)) as client:
                method = getattr(client, _snake(name))
                if allowed:
                    await door.call(PLACE, operation, params)
                    await method(**params)
                    assert len(fake.seen(operation)) == 2
                else:
                    with pytest.raises(AwsTrouble) as caught:
                        await door.call(PLACE, operation, params)
                    assert caught.value.kind is Kind.REFUSED
                    with pytest.raises(Refused):
                        await method(**params)
                    assert (fake.bytes, fake.connections) == (before, connections)


async def test_what_is_not_listed_cannot_be_called(fake: FakeAws, opened: Opener) -> None:
    async with opened("responder", Mode.RESPOND) as door:
        with pytest.raises(AwsTrouble) as caught:
            await door.call(PLACE, "s3:DeleteBucket", {"Bucket": "b"})
    async with bare(fake, "s3", Guard("responder", Mode.RESPOND)) as client:
        with pytest.raises(Refused):
            await client.delete_bucket(Bucket="b")
        with pytest.raises(Refused):
            await client.put_object(Bucket="b", Key="k", Body=b"x")
    assert caught.value.kind is Kind.REFUSED
    assert (fake.bytes, fake.connections) == (0, 0)


async def test_a_request_without_a_permit_stops_in_the_transport(fake: FakeAws) -> None:
    """Even with the guard's handler taken away, or its permit forged."""
    fake.always("securityhub:GetFindings", ok({"Findings": []}))
    guard = Guard("reader", Mode.TRIAGE)
    async with bare(fake, "securityhub", guard) as client:
        client.meta.events.unregister("before-call", guard.check)
        with pytest.raises(Refused):
            await client.get_findings()

        def forge(context: dict[str, object], **_: object) -> None:
            context[PERMIT] = "securityhub:GetFindings"

        client.meta.events.register("before-call", forge)
        with pytest.raises(Refused):
            await client.get_findings()
    assert not fake.seen("securityhub:GetFindings")


async def test_the_gate_holds_for_the_client_itself(fake: FakeAws) -> None:
    fake.always("securityhub:GetFindings", ok({}))
    async with bare(fake, "securityhub", Guard("reader", Mode.TRIAGE)) as client:
        with pytest.raises(BadResponse):
            await client.get_findings()


SAID = [None, "", "READ", "TRIAGE", "RESPOND"]


@pytest.mark.parametrize(("flag", "env", "config"), list(itertools.product(SAID, repeat=3)))
def test_the_strictest_wins(flag: str | None, env: str | None, config: str | None) -> None:
    said = [value for value in (flag, env, config) if value]
    for strict in ("READ", "TRIAGE", "RESPOND"):
        if strict in said:
            expected = strict
            break
    else:
        expected = "TRIAGE"
    assert effective_mode(flag, env, config) is Mode(expected)


@pytest.mark.parametrize("at", range(3))
def test_an_unknown_mode_is_never_guessed(at: int) -> None:
    values: list[str | None] = ["RESPOND", "RESPOND", "RESPOND"]
    values[at] = "RESPONSE"
    with pytest.raises(ModeError):
        effective_mode(*values)


@pytest.mark.parametrize(
    "text",
    [
        'roles = ["watch"]\neffect = "workflow"\niam = ["a:b"]\nproof = ["X"]',
        'roles = ["watch"]\neffect = "contain"\niam = ["a:b"]\nproof = ["X"]',
        'roles = ["reader"]\neffect = "workflow"\niam = ["a:b"]\nproof = ["X"]',
        'roles = ["triage"]\neffect = "contain"\niam = ["a:b"]\nproof = ["X"]',
        'roles = ["reader"]\neffect = "read"\niam = ["a:b"]',
        'roles = ["reader"]\neffect = "read"\niam = ["a:b"]\nproof = ["X"]\nabsent_ok = "empty"',
        'roles = ["reader"]\neffect = "read"\niam = []\nproof = ["X"]',
        'roles = ["responder"]\neffect = "contain"\niam = ["a:b"]\nproof = ["X"]\ncredentials = true',
        'roles = []\neffect = "read"\niam = ["a:b"]\nproof = ["X"]',
        'roles = ["reader"]\neffect = "reed"\niam = ["a:b"]\nproof = ["X"]',
        'roles = ["reader"]\neffect = "read"\niam = ["a:b"]\nproof = ["X"]\nproofs = ["Y"]',
    ],
)
def test_a_table_that_contradicts_itself_does_not_load(text: str) -> None:
    with pytest.raises(BadTable, match="s3:Do"):
        read(f'["s3:Do"]\nrate = 1.0\nburst = 1.0\n{text}\n')


def test_every_row_names_a_real_operation_and_real_keys() -> None:
    import botocore.session

    session = botocore.session.get_session()
    for row in table().values():
        model = session.get_service_model(row.service).operation_model(row.name)
        members = model.output_shape.members if model.output_shape else {}
        for path in row.proof:
            shape_members = members
            for key in path.split("."):
                if shape_members is ANY:  # a map: its keys are data
                    break
                assert key in shape_members, row.id
                shape = shape_members[key]
                shape_members = ANY if shape.type_name == "map" else getattr(shape, "members", {})
        if row.paging:
            inputs = model.input_shape.members
            assert {row.paging.request, row.paging.size} <= set(inputs), row.id
            assert {row.paging.answer, row.paging.result} <= set(members), row.id
            most = inputs[row.paging.size].metadata.get("max")
            assert most is None or row.paging.most <= most, row.id
        if row.wire:
            wire = members[row.proof[0]].serialization.get("name", row.proof[0])
            assert row.wire == wire, row.id
        if row.absent_ok == "empty":
            assert not members, row.id
        if row.absent_ok == "{}":
            assert session.get_service_model(row.service).resolved_protocol in ("json", "rest-json"), row.id
        changes = model.name.startswith(CHANGING) and model.name not in ASKING
        assert row.credentials or changes == (row.effect is not Effect.READ), row.id


CHANGING = (
    *("Put", "Delete", "Update", "BatchUpdate", "Create", "Start", "Stop", "Revoke", "Authorize", "Modify"),
    *("Associate", "Disassociate", "Attach", "Detach", "Enable", "Disable", "Replace", "Register", "Deregister"),
    *("Enter", "Exit", "Tag", "Untag", "Add", "Remove", "Reset", "Set", "Invoke", "Change", "Receive", "Lock", "Copy"),
    "Publish",
)
"""What the names of AWS's changing operations begin with."""

ASKING = ("StartQuery", "StopQuery")
"""Of Logs Insights: a question that is asked, and one that is given up, change nothing."""


def _snake(name: str) -> str:
    from botocore import xform_name

    return str(xform_name(name))
