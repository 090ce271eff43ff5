"""When what a record tells of was first observed: for measuring, where the model keeps the last time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from socconsole.formats.fields import embedded, first_instant, mapping
from socconsole.model.finding import Format


def began(format: Format, body: bytes) -> datetime | None:
    """The first time that the record itself names, by the clock of whoever wrote it; None where it names none.

    GuardDuty ``Service.EventFirstSeen`` (in Security Hub's copy a product field), ASFF ``FirstObservedAt``, OCSF
    ``finding_info.first_seen_time``, and the first event of what our rules found. Never raises.
    """
    record = mapping(embedded(body))
    match format:
        case Format.GUARDDUTY:
            return first_instant(_any_case(_any_case(record, "service"), "eventfirstseen"))
        case Format.ASFF:
            told = mapping(record.get("ProductFields")).get("aws/guardduty/service/eventFirstSeen")
            return first_instant(told, record.get("FirstObservedAt"))
        case Format.OCSF:
            info = mapping(record.get("finding_info") or record.get("finding"))
            return first_instant(info.get("first_seen_time_dt"), info.get("first_seen_time"))
        case Format.TRAIL:
            return first_instant(record.get("first"))
    return None


def _any_case(record: object, name: str) -> Any:
    """The value under ``name`` however its key is written: API, EventBridge and lakes differ."""
    found: Mapping[str, Any] = mapping(record)
    return next((value for key, value in found.items() if str(key).lower() == name), None)
