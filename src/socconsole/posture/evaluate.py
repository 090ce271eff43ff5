"""All checks over one snapshot."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from socconsole.model.known import NotRead
from socconsole.model.posture import OWN, Evaluation, Judged, Result
from socconsole.posture import (
    alarms,
    bedrock,
    coming_in,
    containers,
    detection,
    governance,
    hiding,
    hosts,
    inventory,
    logs,
    network,
    readiness,
    residency,
    sagemaker,
    selfhosted,
    storage,
    third_parties,
    tls,
)
from socconsole.posture.check import AnyCheck, Context, unknown, unread
from socconsole.text import Untrusted, clean

log = logging.getLogger("socconsole.posture")

CHECKS: Final[tuple[AnyCheck, ...]] = (
    *sagemaker.CHECKS,
    *bedrock.CHECKS,
    *storage.CHECKS,
    *governance.CHECKS,
    *logs.CHECKS,
    *detection.CHECKS,
    *hiding.CHECKS,
    *readiness.CHECKS,
    *tls.CHECKS,
    *alarms.CHECKS,
    *residency.CHECKS,
    *selfhosted.CHECKS,
    *hosts.CHECKS,
    *containers.CHECKS,
    *network.CHECKS,
    *third_parties.CHECKS,
)
"""In the order in which they are listed."""


def evaluate(context: Context, checks: Sequence[AnyCheck] = CHECKS) -> Evaluation:
    """Every check on every subject of the place."""
    estate = context.estate
    endpoints, faults = inventory.endpoints(context)
    return Evaluation(
        place=estate.place,
        at=estate.at,
        results=tuple(result for check in checks for result in _results(check, context)),
        endpoints=endpoints,
        checks=tuple(check.id for check in checks),
        asked=estate.asked,
        unanswered=(*(f"{one.call}: {clean(one.why)}" for one in estate.unanswered), *faults),
        lacking=estate.lacking,
        access=coming_in.access(context),
    )


def _results(check: AnyCheck, context: Context) -> Iterator[Result]:
    place = context.place
    everything = f"{place.account}/{place.region}"
    try:
        subjects = check.subjects(context).get()
    except NotRead as trouble:  # nobody knows what there is: it is UNKNOWN for the place
        yield _result(check, context, everything, unknown(unread(trouble)), b"")
        return
    except Exception as fault:  # as in judging: it costs this check its answer, and no other
        log.exception("check %s", check.id)
        yield _result(check, context, everything, unknown(f"a fault of ours: {type(fault).__name__}"), b"")
        return
    for subject in subjects:
        yield _result(check, context, subject.arn, _judged(check, subject, context), _inputs(subject))


def _judged(check: AnyCheck, subject: Any, context: Context) -> Judged:
    try:
        return check.judge(subject, context)
    except NotRead as trouble:
        return unknown(unread(trouble))
    except Exception as fault:  # a fault of ours in one check must not take the others' answers, nor count as PASS
        log.exception("check %s on %s", check.id, subject.arn)
        return unknown(f"a fault of ours: {type(fault).__name__}")


def _result(check: AnyCheck, context: Context, subject: str, judged: Judged, inputs: bytes) -> Result:
    return Result(
        check=check.id,
        subject=subject,
        place=context.place,
        verdict=judged.verdict,
        evidence=judged.evidence,
        answered_by=OWN,
        evaluated=context.now,
        digest=hashlib.sha256(inputs + "\x1f".join(judged.evidence).encode("utf-8", "surrogatepass")).hexdigest(),
    )


def _inputs(subject: object) -> bytes:
    """The subject as it was read, the same bytes for the same reading."""
    return msgspec.json.encode(subject, enc_hook=_plain, order="sorted")


def _plain(value: object) -> object:
    if isinstance(value, Untrusted):
        return value.raw().encode("utf-8", "backslashreplace").decode()
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no form that could be hashed")
