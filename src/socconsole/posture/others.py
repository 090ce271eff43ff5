"""What other scanners say of the same question: Security Hub's controls, AWS Config's rules, Prowler's checks.

Pure: a record as it was read becomes answers to those of our checks whose catalogue names its id. The shapes:
botocore's ``securityhub`` model (``AwsSecurityFinding.Compliance``), Security Hub User Guide ("Control findings", "AWS
Config integration"), OCSF's Compliance Finding, and what Prowler writes as ASFF and as OCSF.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from socconsole.model.finding import Format, Observation
from socconsole.model.posture import Result, Verdict
from socconsole.model.world import Place
from socconsole.posture.catalogue import catalogue
from socconsole.text import clean, token

SECURITYHUB: Final = "securityhub"
CONFIG: Final = "config"
PROWLER: Final = "prowler"

NAMES: Final[Mapping[str, str]] = {SECURITYHUB: "Security Hub", CONFIG: "AWS Config", PROWLER: "Prowler"}
"""``Result.answered_by`` of others, as people call them."""

_ASFF: Final = {"PASSED": Verdict.PASS, "FAILED": Verdict.FAIL}
_OCSF: Final = {1: Verdict.PASS, 3: Verdict.FAIL}
_PROWLER: Final = {"PASS": Verdict.PASS, "FAIL": Verdict.FAIL}
_HUB: Final = re.compile(r"product(?:v2)?/aws/securityhub$")
_GENERATOR: Final = re.compile(r"^(?:security-control|aws-foundational-security-best-practices/v/[0-9.]+)/(\S+)$")
_WHOLE: Final = re.compile(r"^(?:AWS::::Account:([0-9]{12})|([0-9]{12})|arn:aws[a-z-]*:iam::([0-9]{12}):root)$")
_PACK: Final = re.compile(r"-conformance-pack-[a-z0-9]+$")
"""What AWS Config adds to the name of a rule that a conformance pack made."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``control`` is what its scanner calls the check."""

    control: str
    result: Result


@dataclass(frozen=True, slots=True)
class _Said:
    by: str
    control: str
    verdict: Verdict


def answers(observation: Observation, body: Mapping[str, Any]) -> tuple[Answer, ...]:
    """All that a record answers; nothing where it is no such record, was archived, or is a sample.

    What is neither passed nor failed (a warning, not available, to be looked at by hand) is UNKNOWN.
    """
    if observation.sample or not observation.active or not observation.resources:
        return ()
    read = _READERS.get(observation.format)
    said = read(body) if read else None
    if said is None:
        return ()
    account, region = observation.account or "", observation.region or observation.resources[0].region or ""
    looked = max((at for at in (observation.occurred, observation.updated) if at), default=observation.published)
    if not account or not region or looked is None:
        return ()
    place = Place(token(account), token(region))
    subject = observation.resources[0].id.raw()
    subject = f"{place.account}/{place.region}" if _WHOLE.match(subject) else token(subject, 512)
    evidence = _evidence(said, observation, body)
    return tuple(
        Answer(said.control, Result(check, subject, place, said.verdict, evidence, said.by, looked, ""))
        for check in _index()[said.by].get(said.control, ())
    )


@functools.cache
def _index() -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {SECURITYHUB: {}, CONFIG: {}, PROWLER: {}}
    for about in catalogue().values():
        for by, ids in ((SECURITYHUB, about.securityhub), (CONFIG, about.config), (PROWLER, about.prowler)):
            for id_ in ids:
                found[by][id_] = (*found[by].get(id_, ()), about.id)
    return found


def _asff(body: Mapping[str, Any]) -> _Said | None:
    compliance = _mapping(body.get("Compliance"))
    generator = str(body.get("GeneratorId") or "")
    product = str(body.get("ProductArn") or "")
    verdict = _ASFF.get(str(compliance.get("Status") or ""), Verdict.UNKNOWN)
    if generator.startswith("prowler-"):
        return _Said(PROWLER, generator.removeprefix("prowler-"), verdict)
    if product.endswith("product/aws/config"):
        name = str(_mapping(body.get("ProductFields")).get("aws/config/ConfigRuleName") or body.get("Title") or "")
        return _Said(CONFIG, _PACK.sub("", name), verdict)
    if _HUB.search(product):
        named = _GENERATOR.match(generator)
        control = str(compliance.get("SecurityControlId") or (named[1] if named else ""))
        return _Said(SECURITYHUB, control, verdict)
    return None


def _ocsf(body: Mapping[str, Any]) -> _Said | None:
    metadata = _mapping(body.get("metadata"))
    product = _mapping(metadata.get("product"))
    compliance = _mapping(body.get("compliance"))
    if str(product.get("uid") or product.get("name") or "").lower() == PROWLER:
        verdict = _PROWLER.get(str(body.get("status_code") or ""), Verdict.UNKNOWN)
        return _Said(PROWLER, str(metadata.get("event_code") or ""), verdict)
    if body.get("class_uid") == 2003 and _HUB.search(str(product.get("uid") or "")):
        status = compliance.get("status_id")
        verdict = _OCSF.get(status, Verdict.UNKNOWN) if isinstance(status, int) else Verdict.UNKNOWN
        return _Said(SECURITYHUB, str(compliance.get("control") or ""), verdict)
    return None


_READERS: Final = {Format.ASFF: _asff, Format.OCSF: _ocsf}


def _evidence(said: _Said, observation: Observation, body: Mapping[str, Any]) -> tuple[str, ...]:
    words = {Verdict.PASS: "passes", Verdict.FAIL: "fails"}.get(said.verdict, "gives no verdict")
    told = f"{NAMES[said.by]} {token(said.control)} {words}: {clean(observation.title, 200)}"
    status = str(_mapping(body.get("Workflow")).get("Status") or "")
    return (told, "it was suppressed there") if status == "SUPPRESSED" else (told,)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
