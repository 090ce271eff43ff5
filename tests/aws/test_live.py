"""Live worlds: whose credentials are used, what happens when they end, and what mends it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from socconsole.aws import AwsTrouble, Door, Grant, Kind
from socconsole.aws.identity import discover
from socconsole.model.action import Mode
from socconsole.model.world import Place, World, WorldKind

from .conftest import ACCOUNT, PLACE, AccountSetting, Setting
from .fakeaws import FakeAws, Hit, Reply, assumed, error, identity_of, ok

GET = "securityhub:GetFindings"
FINDINGS = ok({"Findings": []})
LIVE = World(WorldKind.LIVE, accounts=(ACCOUNT,))
ROLE = f"arn:aws:iam::{ACCOUNT}:role/soc/reader"

Live = Callable[..., AbstractAsyncContextManager[Door]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake: FakeAws) -> Path:
    """An analyst's ``~/.aws`` and an environment in which the only AWS is the fake one."""
    import os

    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    (tmp_path / ".aws").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", fake.url)
    keys(tmp_path, "prod", "AKIAPROD")
    fake.always(GET, FINDINGS)
    return tmp_path


def keys(home: Path, profile: str, key: str) -> None:
    text = f"[{profile}]\naws_access_key_id = {key}\naws_secret_access_key = s\n"
    (home / ".aws" / "credentials").write_text(text)


def configure(home: Path, text: str) -> None:
    (home / ".aws" / "config").write_text(text)


@pytest.fixture
def live(home: Path) -> Live:
    def open_(role: str = "reader", mode: Mode = Mode.TRIAGE, *, profile: str | None = "prod", **more: Any) -> Any:
        options = {name: more.pop(name) for name in ("tags", "grant") if name in more}
        config = Setting((AccountSetting(ACCOUNT, profile, **more),))
        return Door.open(config, LIVE, role, mode, "Ana Müller", **options)  # type: ignore[arg-type]

    return open_


async def caught(door: Door, place: Place = PLACE) -> AwsTrouble:
    with pytest.raises(AwsTrouble) as trouble:
        await door.call(place, GET, {})
    return trouble.value


async def test_a_profile_signs(fake: FakeAws, live: Live) -> None:
    async with live() as door:
        await door.call(PLACE, GET, {})
        await door.call(PLACE, GET, {})
    assert {hit.key for hit in fake.seen(GET)} == {"AKIAPROD"}
    assert len(fake.seen("sts:GetCallerIdentity")) == 1


async def test_keys_of_another_account_send_nothing_but_the_question(fake: FakeAws, live: Live) -> None:
    fake.always("sts:GetCallerIdentity", identity_of("999999999999"))
    async with live() as door:
        trouble = await caught(door)
    assert trouble.kind is Kind.REFUSED
    assert "999999999999" in str(trouble)
    assert {hit.operation for hit in fake.hits} == {"sts:GetCallerIdentity"}


async def test_a_place_outside_the_world_is_refused(fake: FakeAws, live: Live) -> None:
    async with live() as door:
        trouble = await caught(door, Place("999999999999", "eu-central-1"))
    assert trouble.kind is Kind.REFUSED
    assert "[[accounts]]" in trouble.remedy
    assert fake.connections == 0


async def test_an_import_world_calls_no_aws(fake: FakeAws) -> None:
    with pytest.raises(AwsTrouble) as trouble:
        async with Door.open(Setting(), World(WorldKind.IMPORT), "reader", Mode.READ, "x"):
            pass
    assert trouble.value.kind is Kind.REFUSED


async def test_a_role_is_assumed_under_the_analysts_name(fake: FakeAws, live: Live) -> None:
    async with live(reader_role=ROLE, tags={"finding": "f-0123", "ledger": "ab<cd>"}) as door:
        await door.call(PLACE, GET, {})
        await door.call(Place(ACCOUNT, "eu-west-1"), GET, {})
    (hit,) = fake.seen("sts:AssumeRole")
    form = hit.form()
    assert hit.key == "AKIAPROD"
    assert form["RoleArn"] == ROLE
    assert form["SourceIdentity"] == "Ana_M_ller"
    assert form["RoleSessionName"] == "socconsole-Ana_M_ller"
    assert form["Tags.member.1.Key"] == "finding"
    assert form["Tags.member.2.Value"] == "ab_cd_"
    assert "Policy" not in form
    assert {found.key for found in fake.seen(GET)} == {f"ASIA{ACCOUNT}"}


@pytest.mark.parametrize(
    ("roles", "assumed"),
    [
        ({"reader_role": ROLE, "watch_role": f"{ROLE}-watch"}, f"{ROLE}-watch"),
        ({"reader_role": ROLE}, ROLE),
        ({}, None),
    ],
    ids=["its own", "the reader's", "the profile's"],
)
async def test_the_watch_reads_with_its_own_role_else_the_readers(
    fake: FakeAws, live: Live, roles: dict[str, str], assumed: str | None
) -> None:
    async with live("watch", Mode.READ, **roles) as door:
        await door.call(PLACE, GET, {})
    assert [hit.form()["RoleArn"] for hit in fake.seen("sts:AssumeRole")] == ([assumed] if assumed else [])


async def test_a_responder_session_is_short_and_narrow(fake: FakeAws, live: Live) -> None:
    import json

    fake.always("s3:PutPublicAccessBlock", Reply(headers={"x-amz-request-id": "r"}))
    bucket = "arn:aws:s3:::leaky"
    role = f"arn:aws:iam::{ACCOUNT}:role/responder"
    put = {"Bucket": "leaky", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}
    grant = Grant(("s3:PutPublicAccessBlock",), (bucket,))
    async with live("responder", Mode.RESPOND, responder_role=role, grant=grant) as door:
        await door.call(PLACE, "s3:PutPublicAccessBlock", put)
    form = fake.seen("sts:AssumeRole")[0].form()
    assert form["DurationSeconds"] == "900"
    assert len(form["Policy"]) <= 2048
    (statement,) = json.loads(form["Policy"])["Statement"]
    assert statement == {"Effect": "Allow", "Action": ["s3:PutBucketPublicAccessBlock"], "Resource": [bucket]}


async def test_a_role_of_another_account_is_not_used(fake: FakeAws, live: Live) -> None:
    fake.always("sts:AssumeRole", lambda hit: assumed(hit, account="999999999999"))
    async with live(reader_role=ROLE) as door:
        trouble = await caught(door)
    assert trouble.kind is Kind.REFUSED
    assert not fake.seen(GET)


async def test_a_role_session_is_renewed_before_it_ends(fake: FakeAws, live: Live) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    fake.next("sts:AssumeRole", lambda hit: assumed(hit, expires=soon))
    async with live(reader_role=ROLE) as door:
        for _ in range(3):
            await door.call(PLACE, GET, {})
    assert len(fake.seen("sts:AssumeRole")) == 2


async def test_a_session_that_cannot_be_renewed_is_used_to_its_end(fake: FakeAws, live: Live) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    fake.next("sts:AssumeRole", lambda hit: assumed(hit, expires=soon))
    fake.always("sts:AssumeRole", error("AccessDenied", 403))
    async with live(reader_role=ROLE) as door:
        await door.call(PLACE, GET, {})
        await door.call(PLACE, GET, {})
    assert len(fake.seen(GET)) == 2


async def test_a_role_that_may_not_be_assumed_says_so(fake: FakeAws, live: Live) -> None:
    denied = (
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/x"
        " is not authorized to perform: sts:AssumeRole</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
    fake.always("sts:AssumeRole", Reply(403, denied.encode(), {"Content-Type": "text/xml"}))
    async with live(reader_role=ROLE) as door:
        trouble = await caught(door)
    assert trouble.kind is Kind.DENIED
    assert "sts:AssumeRole" in str(trouble)
    assert "trust" in trouble.remedy
    assert ROLE in trouble.remedy
    assert not fake.seen(GET)


async def test_signing_in_again_in_another_window_is_enough(fake: FakeAws, live: Live, home: Path) -> None:
    """An expired key is dropped; the next call reads the files again. No restart."""

    def by_key(hit: Hit) -> Reply:
        return FINDINGS if hit.key == "AKIANEW" else error("ExpiredTokenException", 403)

    fake.always(GET, by_key)
    async with live() as door:
        trouble = await caught(door)
        assert trouble.kind is Kind.EXPIRED
        keys(home, "prod", "AKIANEW")
        assert (await door.call(PLACE, GET, {}))["Findings"] == []


async def test_a_missing_profile_names_the_command(live: Live, fake: FakeAws) -> None:
    async with live(profile="nowhere") as door:
        trouble = await caught(door)
    assert trouble.kind is Kind.NO_CREDENTIALS
    assert trouble.remedy == "aws configure --profile nowhere"
    assert fake.connections == 0


async def test_no_credentials_at_all(live: Live, fake: FakeAws) -> None:
    async with live(profile=None) as door:
        trouble = await caught(door)
    assert trouble.kind is Kind.NO_CREDENTIALS
    assert "aws configure" in trouble.remedy
    assert fake.connections == 0


async def test_the_environments_profile_is_the_fallback(
    live: Live, fake: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    async with live(profile=None) as door:
        await door.call(PLACE, GET, {})
    assert fake.seen(GET)[0].key == "AKIAPROD"


async def test_a_sign_in_that_ran_out_names_the_command(live: Live, home: Path, fake: FakeAws) -> None:
    configure(
        home,
        "[profile corp]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = soc\n"
        "[sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.invalid/start\n",
    )
    async with live(profile="corp") as door:
        trouble = await caught(door)
    assert trouble.kind is Kind.EXPIRED
    assert trouble.remedy == "aws sso login --profile corp"
    assert fake.connections == 0


async def test_a_one_time_code_is_never_asked_for(live: Live, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The actor's standard input is its pipe to the console: nothing may read it."""
    configure(
        home,
        f"[profile mfa]\nrole_arn = {ROLE}\nmfa_serial = arn:aws:iam::{ACCOUNT}:mfa/x\nsource_profile = prod\n",
    )

    class Untouchable:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError("standard input was touched")

    monkeypatch.setattr(sys, "stdin", Untouchable())
    async with live(profile="mfa") as door:
        trouble = await caught(door)
    assert trouble.kind is Kind.NO_CREDENTIALS
    assert "aws sts get-caller-identity --profile mfa" in trouble.remedy


async def test_a_role_the_cli_assumed_with_a_code_serves_us(live: Live, home: Path, fake: FakeAws) -> None:
    """The AWS CLI's cache, as botocore's JSONFileCache keeps it."""
    import hashlib
    import json

    serial = f"arn:aws:iam::{ACCOUNT}:mfa/x"
    configure(home, f"[profile mfa]\nrole_arn = {ROLE}\nmfa_serial = {serial}\nsource_profile = prod\n")
    name = hashlib.sha1(json.dumps({"RoleArn": ROLE, "SerialNumber": serial}, sort_keys=True).encode()).hexdigest()
    cache = home / ".aws" / "cli" / "cache"
    cache.mkdir(parents=True)
    session = {
        "Credentials": {
            "AccessKeyId": "ASIACACHED",
            "SecretAccessKey": "s",
            "SessionToken": "t",
            "Expiration": "2099-01-01T00:00:00Z",
        }
    }
    (cache / f"{name}.json").write_text(json.dumps(session))
    async with live(profile="mfa") as door:
        await door.call(PLACE, GET, {})
    assert fake.seen(GET)[0].key == "ASIACACHED"


async def test_nothing_secret_is_told(live: Live, fake: FakeAws) -> None:
    token = "IQoJb3JpZ2luX2VjE" + "Q" * 80
    fake.always(GET, error("AccessDeniedException", 403, f"SessionToken={token} key AKIAIOSFODNN7EXAMPLE"))
    async with live() as door:
        trouble = await caught(door)
    assert token not in str(trouble) + trouble.detail.raw() + trouble.remedy
    assert "AKIAIOSFODNN7EXAMPLE" not in str(trouble)


async def test_a_region_that_is_none_is_said(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    async with live() as door:
        trouble = await caught(door, Place(ACCOUNT, "not a region"))
    assert trouble.kind is Kind.UNREACHABLE
    assert "region" in trouble.remedy


async def test_who_we_are(fake: FakeAws, home: Path) -> None:
    configure(home, "[profile prod]\nregion = eu-west-3\n")
    found = await discover("prod")
    assert (found.account, found.partition, found.region) == (ACCOUNT, "aws", "eu-west-3")
    assert (await discover("prod", "eu-north-1")).region == "eu-north-1"


async def test_nobody_to_be_found(home: Path, fake: FakeAws) -> None:
    with pytest.raises(AwsTrouble) as trouble:
        await discover()
    assert trouble.value.kind is Kind.NO_CREDENTIALS
    with pytest.raises(AwsTrouble) as trouble:
        await discover("nowhere")
    assert trouble.value.remedy == "aws configure --profile nowhere"
    fake.always("sts:GetCallerIdentity", Reply(body=b"<html>sign in</html>", headers={"Content-Type": "text/html"}))
    with pytest.raises(AwsTrouble) as trouble:
        await discover("prod")
    assert trouble.value.kind is Kind.BAD_RESPONSE
