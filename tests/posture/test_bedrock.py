"""Bedrock: BR-01 to BR-06, BR-09, BR-10."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from socconsole.collectors.posture import snapshot
from socconsole.collectors.posture.bedrock import _guards
from socconsole.model.estate.bedrock import Bedrock
from socconsole.model.known import Known, Unread
from socconsole.model.posture import Result, Verdict
from socconsole.model.world import Place
from socconsole.posture import Context
from socconsole.posture.bedrock_agents import bounded
from tests.posture.estate import ACCOUNTS, CONFIG, HOME, OTHER, SEALED, Replay, Reviewed

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
UNUSED = Place(ACCOUNTS["prod-eu"], "eu-west-1")
ML_HOME = Place(ACCOUNTS["ml-platform"], "eu-central-1")


def words(results: dict[str, Result]) -> str:
    return " | ".join(sentence for one in results.values() for sentence in one.evidence)


@pytest.mark.parametrize(
    ("check", "elsewhere"),
    [("BR-01", UNUSED), ("BR-02", OTHER), ("BR-03", OTHER), ("BR-06", OTHER), ("BR-09", OTHER)],
    ids=["BR-01", "BR-02", "BR-03", "BR-06", "BR-09"],
)
async def test_a_region_as_it_should_be_and_one_that_is_not(reviewed: Reviewed, check: str, elsewhere: Place) -> None:
    assert set((await reviewed.verdicts(check)).values()) == {PASS}
    assert set((await reviewed.verdicts(check, elsewhere)).values()) == {FAIL}
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)


@pytest.mark.parametrize("check", ["BR-04", "BR-05", "BR-10"])
async def test_one_that_is_as_it_should_be_beside_one_that_is_not(reviewed: Reviewed, check: str) -> None:
    assert sorted(one.verdict for one in (await reviewed.results(check)).values()) == [FAIL, PASS]
    assert set((await reviewed.verdicts(check, SEALED)).values()) == {UNKNOWN}
    await reviewed.no_false_pass(check)


async def test_an_agent_is_judged_by_the_version_that_callers_reach(reviewed: Reviewed) -> None:
    """The draft of this one has a guardrail by now."""
    results = await reviewed.results("BR-04")
    estate = await snapshot(Replay(reviewed.answers), HOME, CONFIG, datetime.now(UTC))
    agents = {one.told.get().name.raw(): one for one in estate.part(Bedrock).agents.get()}
    helper = results[agents["helper-agent"].arn]
    assert agents["helper-agent"].told.get().draft.guardrail
    assert "version 1 has no guardrail" in helper.evidence
    assert results[agents["shop-agent"].arn].verdict is PASS


async def test_an_alias_that_rejects_leads_nobody_to_its_version(reviewed: Reviewed) -> None:
    estate = await snapshot(Replay(reviewed.answers), HOME, CONFIG, datetime.now(UTC))
    context = Context(estate, CONFIG)
    shop = next(one for one in estate.part(Bedrock).agents.get() if one.told.get().name.raw() == "shop-agent")
    told = shop.told.get()
    bare = replace(told, versions=(Known(replace(told.versions[0].get(), guardrail="")),))
    assert bounded(replace(shop, told=Known(bare)), context).verdict is FAIL
    rejecting = replace(bare, aliases=Known(tuple(replace(one, rejects=True) for one in bare.aliases.get())))
    found = bounded(replace(shop, told=Known(rejecting)), context)
    assert found.verdict is PASS
    assert "the alias live takes no invocations" in found.evidence


async def test_evidence_names_what_decided(reviewed: Reviewed) -> None:
    assert "a long-term Bedrock key of shop-integration is active and never expires" in words(
        await reviewed.results("BR-05")
    )
    assert "arn:aws:iam::999988887777:root" in words(await reviewed.results("BR-09", OTHER))
    assert "AmazonBedrockFullAccess is attached to role ml-explorer" in words(await reviewed.results("BR-09", ML_HOME))
    assert "texts are not among it" in words(await reviewed.results("BR-01", OTHER))


@pytest.mark.parametrize(
    ("said", "hides", "blocks"),
    [
        ({"action": "BLOCK"}, True, "HIGH"),
        ({"action": "NONE"}, False, "HIGH"),
        ({"action": "BLOCK", "outputAction": "NONE"}, False, "HIGH"),
        ({"action": "BLOCK", "outputEnabled": False, "inputEnabled": False}, False, ""),
        ({"action": "BLOCK", "inputAction": "NONE"}, True, ""),
    ],
    ids=["blocks", "none", "none-of-answers", "off", "only-watches"],
)
def test_a_filter_that_does_nothing_is_none(said: dict[str, object], hides: bool, blocks: str) -> None:
    answer = {
        "guardrailArn": "arn:aws:bedrock:eu-central-1:111122223333:guardrail/a1",
        "name": "shop",
        "version": "1",
        "status": "READY",
        "sensitiveInformationPolicy": {"piiEntities": [{"type": "EMAIL", **said}]},
        "contentPolicy": {"filters": [{"type": "PROMPT_ATTACK", "inputStrength": "HIGH", **said}]},
    }
    found = _guards(Known(None), answer)
    assert (bool(found.pii), found.prompt_attack) == (hides, blocks)


def changed(reviewed: Reviewed, operation: str, change: Callable[[Any], Any]) -> Reviewed:
    """The estate at home, had AWS answered one operation differently."""
    told = {key: change(said) for key, said in reviewed.answers.items() if key[:2] == (HOME, operation)}
    assert told, f"{operation} was never asked"
    return Reviewed({**reviewed.answers, **told})


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({"inputTags": "HONOR"}, FAIL),
        ({"inputTags": "IGNORE"}, PASS),
        ({"selectiveContentGuarding": {"messages": "SELECTIVE"}}, FAIL),
        ({"selectiveContentGuarding": {"messages": "COMPREHENSIVE", "system": "SELECTIVE"}}, PASS),
    ],
    ids=["tags-honoured", "tags-ignored", "selective", "comprehensive"],
)
async def test_a_guardrail_that_looks_at_what_callers_mark_is_enforced_on_nobody(
    reviewed: Reviewed, more: dict[str, object], verdict: Verdict
) -> None:
    def marked(answer: dict[str, Any]) -> dict[str, Any]:
        return {"guardrailsConfig": [{**one, **more} for one in answer["guardrailsConfig"]]}

    estate = changed(reviewed, "bedrock:ListEnforcedGuardrailsConfiguration", marked)
    assert set((await estate.verdicts("BR-03")).values()) == {verdict}


@pytest.mark.parametrize(
    ("operation", "none"),
    [("logs:DescribeLogGroups", [{"logGroups": []}]), ("s3:ListBuckets", [{"Buckets": []}])],
    ids=["no-group", "no-bucket"],
)
async def test_what_is_written_to_a_place_that_is_gone_is_written_nowhere(
    reviewed: Reviewed, operation: str, none: object
) -> None:
    gone = await changed(reviewed, operation, lambda _: none).results("BR-01")
    assert {one.verdict for one in gone.values()} == {FAIL}
    assert "which is not there" in words(gone)


async def test_the_draft_of_a_guardrail_is_none_for_callers(reviewed: Reviewed) -> None:
    """Whoever edits it changes what callers reach, without a version that anybody could look at."""

    def drafted(answer: dict[str, Any]) -> dict[str, Any]:
        guardrail = {"guardrailIdentifier": "g1", "guardrailVersion": "DRAFT"}
        return {"agentVersion": {**answer["agentVersion"], "guardrailConfiguration": guardrail}}

    found = await changed(reviewed, "bedrock-agent:GetAgentVersion", drafted).results("BR-04")
    assert {one.verdict for one in found.values()} == {FAIL}
    assert "version 1 has the draft of the guardrail g1" in words(found)


async def test_what_the_account_has_is_asked_for_once(reviewed: Reviewed) -> None:
    """Keys of users belong to no region: they are judged with the account's first one."""
    assert await reviewed.results("BR-05", UNUSED) == {}
    estate = await snapshot(Replay(reviewed.answers), SEALED, CONFIG, datetime.now(UTC))
    assert isinstance(estate.part(Bedrock).keys, Unread)
