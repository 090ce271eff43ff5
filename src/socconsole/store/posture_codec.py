"""How an evaluation is written down: as a file of evidence that anybody can read, and endpoints as rows.

The file holds no instant: of an estate in which nothing changed it has the same bytes, and is kept once. When each
round was is on the ledger, beside the file's hash.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from socconsole.model.endpoint import Endpoint, EndpointKind, Exposure
from socconsole.model.known import Known, Read, Unread
from socconsole.model.posture import OWN, Evaluation, Result, Verdict
from socconsole.model.world import Place
from socconsole.store import posture_access
from socconsole.store.instants import storable
from socconsole.text import Untrusted

FORMAT: Final = "socconsole posture 1"

EVALUATED: Final = "evaluated"
"""Ledger verb of one round: ``account``, ``region``, ``at``, ``evidence`` (the file's SHA-256) and counts."""

_GIVEN: Final = re.compile(r"[a-z]+-(?:[0-9a-f]{8}|[0-9a-f]{17})")
"""An id that AWS itself gives (``subnet-0a1b2c3d``): it names one thing, whatever stands before it in an ARN."""


def thing(name: str) -> str:
    """What names one and the same thing, whether it is called by its ARN or by the id that AWS gave it."""
    last = re.split("[:/]", name)[-1]
    return last if _GIVEN.fullmatch(last) else name


def pack(evaluation: Evaluation) -> bytes:
    """The file of one evaluation: JSON, gzipped."""
    whole = {
        "format": FORMAT,
        "account": evaluation.place.account,
        "region": evaluation.place.region,
        "checks": evaluation.checks,
        "asked": evaluation.asked,
        "unanswered": evaluation.unanswered,
        "unanswered_questions": evaluation.lacking,
        "results": [
            {
                "check": one.check,
                "subject": one.subject,
                "verdict": one.verdict.value,
                "evidence": one.evidence,
                "input_sha256": one.digest,
            }
            for one in evaluation.results
        ],
        "endpoints": [_plain(one) for one in evaluation.endpoints],
        "access": posture_access.pack(evaluation.access),
    }
    return gzip.compress(msgspec.json.encode(whole), mtime=0)


def unpack(data: bytes, at: datetime) -> Evaluation:
    """What :func:`pack` made, of the round at ``at``. Anything else raises ``ValueError``, ``LookupError``,
    ``TypeError``, ``OSError`` or ``EOFError``."""
    try:
        whole = msgspec.json.decode(gzip.decompress(data))
    except (msgspec.DecodeError, zlib.error) as error:
        raise ValueError(str(error)) from error
    if whole["format"] != FORMAT:
        raise ValueError(f"not {FORMAT}")
    place = Place(str(whole["account"]), str(whole["region"]))
    return Evaluation(
        place=place,
        at=at,
        results=tuple(
            Result(
                check=str(one["check"]),
                subject=str(one["subject"]),
                place=place,
                verdict=Verdict(one["verdict"]),
                evidence=tuple(map(str, one["evidence"])),
                answered_by=OWN,
                evaluated=at,
                digest=str(one["input_sha256"]),
            )
            for one in whole["results"]
        ),
        endpoints=tuple(map(_endpoint, whole["endpoints"])),
        checks=tuple(map(str, whole["checks"])),
        asked=int(whole["asked"]),
        unanswered=tuple(map(str, whole["unanswered"])),
        lacking=int(whole["unanswered_questions"]),
        access=posture_access.unpack(whole.get("access", {})),
    )


# --- endpoints ----------------------------------------------------------------------------------------


def pack_endpoint(one: Endpoint) -> str:
    """An endpoint as a document."""
    return msgspec.json.encode(_plain(one)).decode()


def unpack_endpoint(doc: str) -> Endpoint:
    return _endpoint(msgspec.json.decode(doc))


def _plain(one: Endpoint) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "account": one.place.account,
        "region": one.place.region,
        "arn": one.arn,
        "name": _text(one.name),
        "exposure": one.exposure.value,
        "model": _text(one.model),
        "role": one.role,
        "vpc": one.vpc,
        "subnets": one.subnets,
        "groups": one.groups,
        "reads": _read(one.reads),
        "sends": _read(one.sends),
        "logs": _read(one.logs),
        "regions": one.regions,
        "tags": [(_text(key), _text(value)) for key, value in one.tags],
        "owner": _text(one.owner),
        "dataset": storable(one.dataset),
        "parts": one.parts,
    }


def _endpoint(doc: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        id=str(doc["id"]),
        kind=EndpointKind(doc["kind"]),
        place=Place(str(doc["account"]), str(doc["region"])),
        arn=str(doc["arn"]),
        name=Untrusted(doc["name"]),
        exposure=Exposure(doc["exposure"]),
        model=_untrusted(doc["model"]),
        role=str(doc["role"]),
        vpc=str(doc["vpc"]),
        subnets=tuple(doc["subnets"]),
        groups=tuple(doc["groups"]),
        reads=_unread(doc["reads"]),
        sends=_unread(doc["sends"]),
        logs=_unread(doc["logs"]),
        regions=tuple(doc["regions"]),
        tags=tuple((Untrusted(key), Untrusted(value)) for key, value in doc["tags"]),
        owner=_untrusted(doc["owner"]),
        dataset=str(doc["dataset"]),
        parts=tuple(doc["parts"]),
    )


def _text(value: Untrusted | None) -> str | None:
    return None if value is None else storable(value.raw())


def _untrusted(value: str | None) -> Untrusted | None:
    return None if value is None else Untrusted(value)


def _read(value: Read[tuple[str, ...]] | None) -> object:
    """A list where it was read; what was asked and why there is no answer where it was not."""
    if isinstance(value, Unread):
        return {"call": value.call, "why": _text(value.why)}
    return None if value is None else value.value


def _unread(value: Any) -> Read[tuple[str, ...]] | None:
    if isinstance(value, Mapping):
        return Unread(str(value["call"]), Untrusted(str(value["why"])))
    return None if value is None else Known(tuple(map(str, value)))
