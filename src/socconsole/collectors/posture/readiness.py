"""What has to stand ready: see ``model.estate.readiness``.

Facts: Account Management API reference (without an alternate contact: ``ResourceNotFoundException``; without
``AccountId`` it is the caller's own account); Lambda API reference (``GetFunctionConcurrency`` answers with nothing
where none is reserved); SSM API reference (``DescribeDocument`` of what does not exist: ``InvalidDocument``).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any, Final

from socconsole.collectors.posture.asking import Asking
from socconsole.collectors.posture.home import is_home
from socconsole.collectors.posture.logs import object_lock
from socconsole.collectors.posture.policies import parse
from socconsole.config import Config
from socconsole.model.estate.policy import Policy
from socconsole.model.estate.readiness import AccountReadiness, BreakGlass, EvidenceBucket, Readiness, Responder
from socconsole.model.known import Known, Read, Unread
from socconsole.model.world import Place
from socconsole.text import clean, token

_GLOBAL: Final = "us-east-1"
"""Where IAM and the account's own settings answer."""


async def read(asking: Asking, config: Config) -> Readiness:
    """The responders of this place; with the account's first place also what belongs to the whole account."""
    responders = await asking.each(_declared(asking.place, config), lambda one: _responder(asking, *one))
    return Readiness(await _account(asking, config) if is_home(asking.place, config) else None, responders)


async def _account(asking: Asking, config: Config) -> AccountReadiness:
    return AccountReadiness(
        security_contact=await asking.one(
            "account:GetAlternateContact",
            {"AlternateContactType": "SECURITY"},
            lambda answer: bool((answer.get("AlternateContact") or {}).get("EmailAddress")),
            _GLOBAL,
        ),
        break_glass=await _break_glass(asking, config.posture.break_glass_role or ""),
        evidence=await _evidence(asking, config.posture.evidence_buckets),
    )


async def _break_glass(asking: Asking, arn: str) -> BreakGlass | None:
    if arn.count(":") < 5 or arn.split(":")[4] != asking.place.account:
        return None

    def trust(answer: dict[str, Any]) -> Policy | None:
        role = answer["Role"]
        return parse(role["AssumeRolePolicyDocument"]) if role["Arn"] == arn else None

    name = arn.rpartition("/")[2]
    return BreakGlass(arn, await asking.one("iam:GetRole", {"RoleName": name}, trust, _GLOBAL, none=Known(None)))


async def _evidence(asking: Asking, patterns: tuple[str, ...]) -> Read[tuple[EvidenceBucket, ...]]:
    names = await asking.all("s3:ListBuckets", {}, lambda page: [str(one["Name"]) for one in page["Buckets"]])
    if isinstance(names, Unread):
        return names

    async def one(name: str) -> EvidenceBucket:
        return EvidenceBucket(f"arn:aws:s3:::{token(name)}", token(name), await object_lock(asking, name))

    kept = [name for name in names.get() if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    return Known(await asking.each(kept, one))


def _declared(place: Place, config: Config) -> Iterator[tuple[str, str, bool]]:
    """(runbook, name, whether it is a document) of what has to run here: an ARN says in which place it does."""
    for runbook in config.runbook:
        for name, document in ((runbook.function, False), (runbook.document, True)):
            parts = name.split(":")
            where = (parts[4], parts[3]) if parts[0] == "arn" and len(parts) > 5 else (place.account, place.region)
            if name and where in ((place.account, place.region), ("", place.region)):
                yield runbook.id, name, document


async def _responder(asking: Asking, runbook: str, name: str, document: bool) -> Responder:
    if document:
        state: Read[str] = await asking.one("ssm:DescribeDocument", {"Name": name}, _document)
        return Responder(runbook, token(name, 256), True, state, Known(None))
    gone: Known[str] = Known("")
    free: Known[int | None] = Known(None)
    return Responder(
        runbook,
        token(name, 256),
        False,
        await asking.one(
            "lambda:GetFunctionConfiguration",
            {"FunctionName": name},
            lambda answer: clean(str(answer["State"]), 40),
            none=gone,
        ),
        await asking.one("lambda:GetFunctionConcurrency", {"FunctionName": _unqualified(name)}, _reserved, none=free),
    )


def _document(answer: dict[str, Any]) -> str:
    """Empty where there is none; one of another type runs nothing."""
    if not answer:
        return ""
    said = answer["Document"]
    kind = str(said["DocumentType"])
    return clean(str(said["Status"]), 40) if kind == "Automation" else f"not an automation but {clean(kind, 40)}"


def _reserved(answer: dict[str, Any]) -> int | None:
    found = answer.get("ReservedConcurrentExecutions")
    return None if found is None else int(found)


def _unqualified(name: str) -> str:
    """Without the version or alias: concurrency is reserved for the whole function."""
    parts = name.split(":")
    return ":".join(parts[:7]) if parts[0] == "arn" else parts[0]
