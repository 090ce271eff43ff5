"""Who can come in: parties outside by every kind of policy, our own identities, and TP-01."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from socconsole.collectors.posture import snapshot
from socconsole.collectors.posture.policies import parse
from socconsole.config import Config, PostureConfig, ThirdPartyConfig
from socconsole.model.access import Access, Outsider, Party
from socconsole.model.estate import Estate
from socconsole.model.estate.governance import Governance
from socconsole.model.estate.hosts import Hosts
from socconsole.model.estate.identities import Identities, Role
from socconsole.model.estate.outside import Grant, OpenKey, OpenSecret, Outside, Seen
from socconsole.model.estate.policy import Principal
from socconsole.model.estate.storage import PublicAccessBlock, Storage
from socconsole.model.known import Known, Unread
from socconsole.model.posture import Verdict
from socconsole.model.world import Place
from socconsole.posture import Context, coming_in
from socconsole.posture.third_parties import CHECKS, entry_of
from socconsole.text import Untrusted
from tests.posture.estate import ACCOUNTS, CONFIG, HOME, SEALED, Replay, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
STRANGER, AUDITOR = "999988887777", "777788889999"
CLEAN = Place(ACCOUNTS["ml-platform"], "eu-central-1")
DENIED = Unread("iam:GetAccountAuthorizationDetails", Untrusted("denied"))
NOBODY, NONE = '{"Statement":[]}', Known(None)
TODAY = datetime(2026, 11, 23, tzinfo=UTC)


async def found(reviewed: Reviewed, place: Place, denied: Collection[str] = (), config: Config = CONFIG) -> Access:
    estate = await snapshot(Replay(reviewed.answers, denied), place, config, datetime.now(UTC))
    return coming_in.access(Context(estate, config))


# --- the recorded estate ------------------------------------------------------------------------------


async def test_every_way_in_is_found_with_whom_it_lets_in(reviewed: Reviewed) -> None:
    ways = {(one.through, one.name): one for one in (await found(reviewed, HOME)).outsiders}
    auditor = ways["trust policy", AUDITOR]
    assert auditor.conditions == ("sts:externalid StringEquals kaufhaus-17",)
    assert not auditor.doubt
    assert ways["bucket policy", STRANGER].rights == ("s3:GetObject", "s3:ListBucket")
    assert ways["grant", STRANGER].rights == ("kms:Decrypt",)
    assert ways["secret policy", STRANGER].reads
    assert ways["public snapshot", "*"].party is Party.ANYONE
    federation = next(one for one in ways.values() if "oidc-provider/ci.example" in one.who)
    assert "not worked out" in federation.doubt
    writes = next(one for one in ways.values() if one.who == "logging.s3.amazonaws.com")
    assert (writes.party, writes.reads) == (Party.SERVICE, False)


async def test_identities_have_owner_last_use_and_the_age_of_their_keys(reviewed: Reviewed) -> None:
    by_name = {one.arn.rpartition("/")[2]: one for one in (await found(reviewed, HOME)).identities}
    stale, busy, user = by_name["prompt-batch-2024"], by_name["order-import"], by_name["old-etl"]
    assert (stale.owner, stale.unused) == ("ml-serving", ("UnusedIAMRole",))
    assert stale.used is not None
    assert busy.used is not None
    assert (busy.used - stale.used).days == 208
    (key,) = user.credentials
    assert key.used == user.used == key.created + timedelta(days=1)
    others = [one for one in by_name["shop-integration"].credentials if one.kind == "bedrock.amazonaws.com"]
    assert others
    assert all(one.unread for one in others), "IAM keeps no last use of them: that is not never"


@pytest.mark.parametrize(
    ("denied", "of", "about"),
    [
        ("iam:GetAccountAuthorizationDetails", "outsiders", {"trust policy"}),
        ("iam:GetAccountAuthorizationDetails", "identities", {"role"}),
        ("iam:ListUsers", "identities", {"user"}),
        ("kms:ListGrants", "outsiders", {"grant"}),
        ("secretsmanager:GetResourcePolicy", "outsiders", {"secret policy"}),
        ("accessanalyzer:ListFindingsV2", "identities", {""}),
    ],
)
async def test_what_could_not_be_looked_at_is_said(reviewed: Reviewed, denied: str, of: str, about: set[str]) -> None:
    before, after = await found(reviewed, HOME), await found(reviewed, HOME, (denied,))
    new = [one for one in after.lacking if one not in before.lacking and one.of == of]
    assert {one.about for one in new} == about
    assert all(denied in one.words for one in new)


async def test_a_denied_last_use_is_no_never(reviewed: Reviewed) -> None:
    identities = (await found(reviewed, HOME, ("iam:GetAccessKeyLastUsed",))).identities
    user = next(one for one in identities if one.arn.endswith("old-etl"))
    assert user.used is None
    assert any("iam:GetAccessKeyLastUsed" in words for words in user.unread)


async def test_tp_01_passes_fails_and_is_unknown(reviewed: Reviewed) -> None:
    assert set((await reviewed.verdicts("TP-01", CLEAN)).values()) == {PASS}
    (failed,) = (await reviewed.results("TP-01", HOME)).values()
    assert failed.verdict is FAIL
    assert any(STRANGER in words and "not registered" in words for words in failed.evidence)
    assert set((await reviewed.verdicts("TP-01", SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass("TP-01", CLEAN)


# --- judgements ---------------------------------------------------------------------------------------


def access(config: Config = CONFIG, **parts: Any) -> Access:
    return coming_in.access(context(config, **parts))


def context(config: Config = CONFIG, *, trust: str = NOBODY, organisation: Any = NONE, **outside: Any) -> Context:
    roles = (Role(f"arn:aws:iam::{HOME.account}:role/r", False, TODAY.date(), Known(parse(trust)), Known(None), ()),)
    nothing: dict[str, Any] = {"keys": Known(()), "secrets": Known(()), "seen": Known(()), "unused": Known(())}
    hosts = Hosts(Known(()), Known(()), Known(()), Known(frozenset()), Known("unblocked"), Known(None))
    parts = (
        Storage(Known(PublicAccessBlock()), Known(())),
        Identities(True, Known(roles), Known(()), Known(())),
        Outside(**(nothing | outside)),
        hosts,
        Governance(organisation, Known(()), ()),
    )
    return Context(Estate(HOME, TODAY, parts, 0, ()), config)


def trusting(principal: str, conditions: str = "{}") -> str:
    statement = f'"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole","Condition":{conditions}'
    return f'{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}'


def test_an_account_that_checks_are_told_to_trust_is_a_party_all_the_same() -> None:
    config = msgspec.structs.replace(CONFIG, posture=PostureConfig(trusted_accounts=(AUDITOR,)))
    (one,) = access(config, trust=trusting(f'{{"AWS":"{AUDITOR}"}}')).outsiders
    assert one.name == AUDITOR


def test_services_that_roles_trust_are_how_services_work() -> None:
    assert not access(trust=trusting('{"Service":"lambda.amazonaws.com"}')).outsiders


def test_everybody_of_an_organisation_that_was_not_read_is_undecided() -> None:
    conditions = '{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}'
    (one,) = access(trust=trusting('{"AWS":"*"}', conditions), organisation=DENIED).outsiders
    assert (one.party, bool(one.doubt)) == (Party.ANYONE, True)


def test_grants_of_services_are_ours_and_those_of_strangers_are_not() -> None:
    def key(grantee: str) -> OpenKey:
        return OpenKey("arn:aws:kms:eu-central-1:1:key/k", Known(parse('{"Statement":[]}')), Known((grant(grantee),)))

    def grant(grantee: str) -> Grant:
        return Grant("g", grantee, ("Decrypt",), ())

    assert not access(keys=Known((key("rds.eu-central-1.amazonaws.com"), key(HOME.account)))).outsiders
    assert [one.reads for one in access(keys=Known((key(STRANGER),))).outsiders] == [True]


def test_a_secret_whose_policy_was_not_read_is_said_beside_the_others() -> None:
    secrets = (OpenSecret("arn:a", DENIED), OpenSecret("arn:b", Known(None)))
    (lacking,) = access(secrets=Known(secrets)).lacking
    assert (lacking.about, lacking.words.partition(":")[0]) == ("secret policy", "arn")


def test_access_analyzer_tells_of_what_nobody_else_does() -> None:
    def seen(resource: str, **changes: Any) -> Seen:
        made = Seen(resource, (Principal("AWS", STRANGER),), False, ("lambda:InvokeFunction",), (), "")
        return replace(made, **changes)

    own = f"arn:aws:iam::{HOME.account}:role/r"
    told = access(
        trust=trusting(f'{{"AWS":"{HOME.account}"}}'),
        seen=Known(
            (seen("arn:f"), seen(own), seen("arn:q", principals=(), public=True), seen("arn:x", error="DENIED"))
        ),
    )
    assert [(one.resource, one.party) for one in told.outsiders] == [("arn:f", Party.ACCOUNT), ("arn:q", Party.ANYONE)]
    assert [one.about for one in told.lacking] == ["Access Analyzer"], "what could not be analysed may be open"
    doors = access(
        trust=trusting(f'{{"AWS":"{HOME.account}"}}'),
        seen=Known(
            (
                seen(own, sources=("POLICY", "BUCKET_ACL")),
                seen("arn:s", principals=(Principal("AWS", "*"),), conditions=("aws:x = y",)),
            )
        ),
    ).outsiders
    assert [(one.name, bool(one.doubt)) for one in doors] == [(STRANGER, False), ("*", True)], "ACLs nobody else reads"
    assert "no Access Analyzer" in access(seen=Known(None)).lacking[0].words


@pytest.mark.parametrize(
    ("registered", "principal", "conditions", "verdict"),
    [
        ((AUDITOR,), f'{{"AWS":"arn:aws:iam::{AUDITOR}:role/x"}}', "{}", PASS),
        ((f"arn:aws:iam::{AUDITOR}:role/x*",), f'{{"AWS":"arn:aws:iam::{AUDITOR}:role/xy"}}', "{}", PASS),
        ((f"arn:aws:iam::{AUDITOR}:role/x",), f'{{"AWS":"arn:aws:iam::{AUDITOR}:root"}}', "{}", FAIL),
        (("*",), '{"AWS":"*"}', "{}", FAIL),
        ((), f'{{"AWS":"{AUDITOR}"}}', '{"StringEquals":{"aws:PrincipalTag/x":"1"}}', UNKNOWN),
    ],
    ids=["account", "pattern", "a role is not its account", "nobody can register everybody", "undecided"],
)
def test_tp_01_asks_the_register(
    registered: tuple[str, ...], principal: str, conditions: str, verdict: Verdict
) -> None:
    entries = (ThirdPartyConfig(name="auditor", who=registered),) if registered else ()
    config = msgspec.structs.replace(CONFIG, third_party=entries)
    asked = context(config, trust=trusting(principal, conditions))
    (subject,) = CHECKS[0].subjects(asked).get()
    assert CHECKS[0].judge(subject, asked).verdict is verdict


def test_nobody_registers_anyone() -> None:
    anyone = Outsider(Party.ANYONE, "*", "", "arn:b", "bucket policy", ("s3:GetObject",), True)
    assert entry_of(anyone, (ThirdPartyConfig(name="x", who=("*",)),)) is None
