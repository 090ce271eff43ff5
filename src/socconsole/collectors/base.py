"""What a collector yields, and how trouble becomes a source's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from socconsole.aws import AwsTrouble, Kind
from socconsole.formats import Record, read_object
from socconsole.model.source import Answer, Freshness, SourceKey
from socconsole.text import Untrusted, clean

_OUTCOMES: Final = {Kind.DENIED: Freshness.DENIED, Kind.OFF: Freshness.OFF}


@dataclass(frozen=True, slots=True)
class Batch:
    """Records to commit together with the cursor that says they were read.

    ``complete`` True: the source has now said all it has to say. False: it has not, and ``detail`` says how far
    the first reading is. None: nothing is said about the source by this batch.
    """

    records: tuple[Record, ...]
    cursor: str
    complete: bool | None = None
    detail: str = ""


def records_of(findings: list[dict[str, Any]]) -> tuple[Record, ...]:
    """Model records of parsed findings, in order; what cannot be understood comes as ``Quarantined``."""
    return tuple(record for number, one in enumerate(findings, 1) for record in read_object(plain(one), number))


def plain(value: Any) -> Any:
    """A parsed answer as JSON has it: botocore turns some members of GuardDuty findings into ``datetime``."""
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return stamp(value)
    return value


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as AWS writes and compares it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answer_of(trouble: AwsTrouble, key: SourceKey, interval_s: float) -> Answer:
    """A failed reading as the source's answer: DENIED, OFF, or ERROR with what happened and what mends it."""
    said = clean(trouble.detail)
    detail = f"{trouble.operation}: {trouble.kind}{': ' + said if said else ''}"
    outcome = _OUTCOMES.get(trouble.kind, Freshness.ERROR)
    return Answer(key, outcome, Untrusted(detail), trouble.remedy, interval_s)
