"""Keys, grants, secrets and Access Analyzer's findings: see ``model.estate.outside``.

Facts: KMS API reference (``ListKeys`` tells AWS's own keys too: ``DescribeKey`` says whose one is, and AWS's own cannot
be shared; ``GranteePrincipal`` may be a service; a key that is pending deletion has its policy still);
Secrets Manager API reference (``GetResourcePolicy``: no ``ResourcePolicy`` where none is attached); Access Analyzer API
reference (``ListFindings`` names principals and is for analyzers of external access alone, ``ListFindingsV2`` for both;
the principal map has ``AWS``, ``Federated``, ``CanonicalUser`` or ``Service`` as a policy has).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.home import is_home
from socconsole.collectors.posture.policies import parse
from socconsole.config import Config
from socconsole.model.estate.outside import Grant, OpenKey, OpenSecret, Outside, Seen, Unused
from socconsole.model.estate.policy import Policy, Principal
from socconsole.model.known import Known, Read, Unread, whole
from socconsole.text import clean, token

_LONG: Final = 2048
_EXTERNAL: Final = ("ACCOUNT", "ORGANIZATION")
_UNUSED: Final = ("ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_UNUSED_ACCESS")

T = TypeVar("T")


async def read(asking: Asking, config: Config) -> Outside:
    """Raises ``AwsTrouble`` as :class:`Asking` does."""
    return Outside(
        keys=await _keys(asking),
        secrets=await _secrets(asking),
        seen=await _analyzed(asking, (asking.place.region,), _EXTERNAL, _seen),
        unused=await _unused_anywhere(asking, config),
    )


# --- keys ---------------------------------------------------------------------------------------------


async def _keys(asking: Asking) -> Read[tuple[OpenKey, ...]]:
    arns = await asking.all("kms:ListKeys", {}, lambda page: [str(one["KeyArn"]) for one in page["Keys"]])
    if isinstance(arns, Unread):
        return arns
    found = await asking.each(arns.get(), lambda arn: _key(asking, arn))
    return Known(tuple(one for one in found if one is not None))


async def _key(asking: Asking, arn: str) -> OpenKey | None:
    """None: AWS's own. Of one that cannot be described neither policy nor grants count as read."""

    def customer(answer: dict[str, Any]) -> bool:
        return {"CUSTOMER": True, "AWS": False}[answer["KeyMetadata"]["KeyManager"]]

    ours = await asking.one("kms:DescribeKey", {"KeyId": arn}, customer)
    name = token(arn, 256)
    if isinstance(ours, Unread):
        return OpenKey(name, ours, ours)
    if not ours.get():
        return None
    named = {"KeyId": arn, "PolicyName": "default"}
    return OpenKey(
        name,
        await asking.one("kms:GetKeyPolicy", named, lambda answer: parse(answer["Policy"])),
        await asking.all("kms:ListGrants", {"KeyId": arn}, lambda page: [_grant(one) for one in page["Grants"]]),
    )


def _grant(said: Mapping[str, Any]) -> Grant:
    """Newer answers name a service by itself instead of as the grantee."""
    grantee = said.get("GranteePrincipal") or said["GranteeServicePrincipal"]
    return Grant(
        id=token(said["GrantId"], 256),
        grantee=clean(grantee, _LONG),
        operations=tuple(token(one) for one in said["Operations"]),
        constraints=tuple(
            clean(f"{how} {key}={value}", 200)
            for how, pairs in sorted((said.get("Constraints") or {}).items())
            for key, value in (sorted(pairs.items()) if isinstance(pairs, Mapping) else (("", pairs),))
        ),
    )


# --- secrets ------------------------------------------------------------------------------------------


async def _secrets(asking: Asking) -> Read[tuple[OpenSecret, ...]]:
    arns = await asking.all(
        "secretsmanager:ListSecrets", {}, lambda page: [str(one["ARN"]) for one in page["SecretList"]]
    )
    if isinstance(arns, Unread):
        return arns

    async def one(arn: str) -> OpenSecret:
        policy = await asking.one("secretsmanager:GetResourcePolicy", {"SecretId": arn}, _attached)
        return OpenSecret(token(arn, _LONG), policy)

    return Known(await asking.each(arns.get(), one))


def _attached(answer: dict[str, Any]) -> Policy | None:
    said = answer.get("ResourcePolicy")
    return parse(said) if said else None


# --- Access Analyzer ----------------------------------------------------------------------------------


Ask = Callable[[Asking, str, str], Awaitable[Read[tuple[T, ...]]]]
"""Of an analyzer in a region."""


async def _unused_anywhere(asking: Asking, config: Config) -> Read[tuple[Unused, ...] | None]:
    """IAM is one for all regions, and the analyzer that looks for unused access may be in any of them."""
    if not is_home(asking.place, config):
        return Known(None)
    regions = next((one.regions for one in config.accounts if one.account == asking.place.account), ())
    return await _analyzed(asking, regions or (asking.place.region,), _UNUSED, _unused)


async def _analyzed(
    asking: Asking, regions: Sequence[str], kinds: tuple[str, ...], ask: Ask[T]
) -> Read[tuple[T, ...] | None]:
    """Findings of every active analyzer of these kinds; None where there is none."""

    async def one(region: str) -> Read[tuple[tuple[str, str], ...]]:
        return await asking.all(
            "accessanalyzer:ListAnalyzers",
            {},
            lambda page: [
                (region, str(one["arn"]))
                for one in page["analyzers"]
                if one["type"] in kinds and one["status"] == "ACTIVE"
            ],
            region=region,
        )

    listed = whole(await asking.each(regions, one))
    if isinstance(listed, Unread):
        return listed
    analyzers = [each for part in listed.get() for each in part]
    if not analyzers:
        return Known(None)
    found = whole(await asking.each(analyzers, lambda each: ask(asking, *each)))
    return found if isinstance(found, Unread) else Known(tuple(one for each in found.get() for one in each))


def _here(asking: Asking, analyzer: str) -> dict[str, Any]:
    """What is asked of an analyzer: an organisation's tells of other accounts as well."""
    wanted = {"status": {"eq": ["ACTIVE"]}, "resourceOwnerAccount": {"eq": [asking.place.account]}}
    return {"analyzerArn": analyzer, "filter": wanted}


async def _seen(asking: Asking, region: str, analyzer: str) -> Read[tuple[Seen, ...]]:
    return await asking.all(
        "accessanalyzer:ListFindings",
        _here(asking, analyzer),
        lambda page: [_external(one) for one in page["findings"] if one["status"] == "ACTIVE"],
        region=region,
    )


def _external(said: Mapping[str, Any]) -> Seen:
    """Of what could be analysed the principal is there; ``KeyError`` else, and nothing of the list counts as read."""
    error = clean(said.get("error") or "", 160)
    principals = {} if error and "principal" not in said else said["principal"]
    return Seen(
        resource=token(said.get("resource") or "", _LONG),
        principals=tuple(Principal(clean(kind, 40), clean(who, _LONG)) for kind, who in sorted(principals.items())),
        public=said.get("isPublic") is True,
        actions=tuple(clean(one, 128) for one in said.get("action") or ()),
        conditions=tuple(clean(f"{key} = {value}", 300) for key, value in sorted(said["condition"].items())),
        error=error,
        sources=tuple(token(one["type"]) for one in said.get("sources") or ()),
    )


async def _unused(asking: Asking, region: str, analyzer: str) -> Read[tuple[Unused, ...]]:
    return await asking.all(
        "accessanalyzer:ListFindingsV2",
        _here(asking, analyzer),
        lambda page: [
            Unused(token(one["resource"], _LONG), token(one["findingType"]))
            for one in page["findings"]
            if one["status"] == "ACTIVE"
        ],
        region=region,
    )
