"""GuardDuty's findings on our own store; detectors stay moto's.

Source: the API reference of each operation and ``FindingCriteria`` in the service model. GuardDuty keeps no
cross-region view: a finding lives with its detector.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from moto.backends import get_backend

from socconsole.drill import asff, events, gdshape, hubimport
from socconsole.drill.clock import stamp
from socconsole.drill.errors import AwsError
from socconsole.drill.paging import Pages
from socconsole.drill.routes import Call, Routes
from socconsole.drill.shapes import at_path, has_path, shape, to_wire

if TYPE_CHECKING:
    from socconsole.drill.cloud import Cloud

routes = Routes()

MAX_IDS: Final = 50
_FEEDBACK: Final = ("USEFUL", "NOT_USEFUL")
# Each comparison under its present and its deprecated name.
_ORDERED: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThan": operator.gt,
    "Gt": operator.gt,
    "GreaterThanOrEqual": operator.ge,
    "Gte": operator.ge,
    "LessThan": operator.lt,
    "Lt": operator.lt,
    "LessThanOrEqual": operator.le,
    "Lte": operator.le,
}
Place = tuple[str, str]


@dataclass(slots=True)
class Detectors:
    """Findings by (account, region) and id, each in the model's names."""

    findings: dict[Place, dict[str, dict[str, Any]]] = field(default_factory=dict)
    filters: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """By detector and name, as ``GetFilter`` answers."""
    lists: dict[tuple[str, str], dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Trusted ones, by (detector, ``IPSet`` or ``TrustedEntitySet``) and id."""
    pages: Pages[str] = field(default_factory=Pages)

    def at(self, account: str, region: str) -> dict[str, dict[str, Any]]:
        return self.findings.setdefault((account, region), {})


def detector_id(account: str, region: str) -> str | None:
    """The detector of an account in a region; None where GuardDuty is off."""
    return next(iter(get_backend("guardduty")[account][region].detectors), None)


def publish(cloud: Cloud, finding: dict[str, Any], *, quiet: bool = False) -> None:
    """Store a finding (again) and do what GuardDuty does with it: Security Hub and an EventBridge event."""
    account, region = finding["AccountId"], finding["Region"]
    stored = cloud.detectors.at(account, region)
    known = stored.get(finding["Id"])
    if (known is None or known["Service"].get("Archived")) and suppresses(cloud, finding):  # kept, and nobody is told
        stored[finding["Id"]] = {**finding, "Service": {**finding["Service"], "Archived": True}}
        return
    stored[finding["Id"]] = finding
    hub = cloud.hubs.hub(account, region)
    if hub is not None and any("aws/guardduty" in one for one in hub.products):
        hubimport.store(cloud, hub, asff.from_guardduty(finding), quiet=quiet)
    if not quiet:
        detail = to_wire(finding, shape("guardduty", "Finding"))
        events.put(cloud, account, region, "aws.guardduty", "GuardDuty Finding", detail)


def suppresses(cloud: Cloud, finding: Mapping[str, Any]) -> bool:
    """Whether a filter of the finding's detector archives it as it is made."""
    detector = detector_id(finding["AccountId"], finding["Region"])
    filters = cloud.detectors.filters.get(detector or "", {}).values()
    archiving = [one["FindingCriteria"].get("Criterion") or {} for one in filters if one["Action"] == "ARCHIVE"]
    if not archiving:
        return False
    document = to_wire(dict(finding), shape("guardduty", "Finding"))
    return any(all(_holds(document, path, how) for path, how in conditions(one)) for one in archiving)


def detector_of(call: Call) -> Any:
    """moto's detector that a call names. Raises :class:`AwsError` where it is not the account's."""
    found = get_backend("guardduty")[call.account][call.region].detectors.get(str(call.params.get("DetectorId")))
    if found is None:
        raise AwsError(
            "BadRequestException",
            "The request is rejected because the input detectorId is not owned by the current account.",
            400,
            {"__type": "InvalidInputException"},
        )
    return found


def _findings(cloud: Cloud, call: Call) -> dict[str, dict[str, Any]]:
    detector_of(call)
    return cloud.detectors.at(call.account, call.region)


def bad(message: str) -> AwsError:
    return AwsError("BadRequestException", f"The request is rejected because {message}", 400)


# --- criteria ---------------------------------------------------------------------------------------------


def conditions(criteria: Mapping[str, Any]) -> list[tuple[tuple[str, ...], Mapping[str, Any]]]:
    rows = []
    for name, condition in criteria.items():
        path = tuple(name.split("."))
        known = has_path(shape("guardduty", "Finding"), path) or name.startswith("service.additionalInfo.")
        if not known:
            raise bad(f"the parameter findingCriteria has an unknown attribute {name}.")
        listed = [condition.get(key) or [] for key in ("Equals", "Eq", "NotEquals", "Neq")]
        if any(len(one) > 50 for one in listed):
            raise bad("a condition has more than 50 values.")
        rows.append((path, condition))
    return rows


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(path: tuple[str, ...], value: Any) -> float | None:
    """Times compare as milliseconds since 1970, as the criteria give them."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        if path[-1].endswith(("At", "Seen")):
            return datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp() * 1000
        return float(value)
    except ValueError:
        return None


def _holds(document: Any, path: tuple[str, ...], condition: Mapping[str, Any]) -> bool:
    found = at_path(document, path)
    texts = {_text(value) for value in found}
    wanted = [*(condition.get("Equals") or ()), *(condition.get("Eq") or ())]
    unwanted = [*(condition.get("NotEquals") or ()), *(condition.get("Neq") or ())]
    if wanted and not texts.intersection(wanted):
        return False
    if unwanted and texts.intersection(unwanted):
        return False
    numbers = [number for value in found if (number := _number(path, value)) is not None]
    for name, test in _ORDERED.items():
        limit = condition.get(name)
        if limit is not None and not any(test(value, limit) for value in numbers):
            return False
    return True


# --- reading ----------------------------------------------------------------------------------------------


@routes.op("guardduty", "ListFindings")
def list_findings(cloud: Cloud, call: Call) -> dict[str, Any]:
    stored = _findings(cloud, call)
    limit = call.params.get("MaxResults", MAX_IDS)
    if not 1 <= int(limit) <= MAX_IDS:
        raise bad("the parameter maxResults is out of the range 1 to 50.")
    criteria = (call.params.get("FindingCriteria") or {}).get("Criterion") or {}
    rows = conditions(criteria)
    sort = call.params.get("SortCriteria") or {}
    fingerprint = hashlib.sha256(
        orjson.dumps([call.account, call.region, criteria, sort], option=orjson.OPT_SORT_KEYS)
    ).digest()
    token = call.params.get("NextToken")
    if token:
        kept = cloud.detectors.pages.resume(token, fingerprint)
        if kept is None:
            raise bad("the parameter nextToken is invalid.")
        ids = list(kept)
    else:
        ids = _listed(stored, rows, sort)
    answer: dict[str, Any] = {"FindingIds": ids[:limit], "NextToken": ""}
    if ids[limit:]:
        answer["NextToken"] = cloud.ids.hex("gd-page", call.n, length=48)
        cloud.detectors.pages.keep(answer["NextToken"], fingerprint, ids[limit:])
    return answer


def _listed(
    stored: Mapping[str, dict[str, Any]],
    rows: list[tuple[tuple[str, ...], Mapping[str, Any]]],
    sort: Mapping[str, Any],
) -> list[str]:
    documents = {ident: to_wire(one, shape("guardduty", "Finding")) for ident, one in list(stored.items())}
    ids = [ident for ident, doc in documents.items() if all(_holds(doc, path, how) for path, how in rows)]
    if name := sort.get("AttributeName"):
        path = tuple(str(name).split("."))
        if not has_path(shape("guardduty", "Finding"), path):
            raise bad("the parameter sortCriteria has an unknown attribute.")

        def key(ident: str) -> tuple[float, str]:
            found = (at_path(documents[ident], path) or [""])[0]
            return (_number(path, found) or 0.0, _text(found))

        ids.sort(key=key, reverse=sort.get("OrderBy") == "DESC")
    return ids


def _ids(call: Call) -> list[str]:
    ids: list[str] = call.params.get("FindingIds") or []
    if not 1 <= len(ids) <= MAX_IDS:
        raise bad("the parameter findingIds has to have 1 to 50 members.")
    return ids


@routes.op("guardduty", "GetFindings")
def get_findings(cloud: Cloud, call: Call) -> bytes:
    stored = _findings(cloud, call)
    finding = shape("guardduty", "Finding")
    return orjson.dumps({"findings": [to_wire(stored[one], finding) for one in _ids(call) if one in stored]})


@routes.op("guardduty", "GetFindingsStatistics")
def statistics(cloud: Cloud, call: Call) -> dict[str, Any]:
    stored = _findings(cloud, call)
    rows = conditions((call.params.get("FindingCriteria") or {}).get("Criterion") or {})
    counts: dict[str, int] = {}
    for ident in _listed(stored, rows, {}):
        severity = str(float(stored[ident]["Severity"]))
        counts[severity] = counts.get(severity, 0) + 1
    return {"FindingStatistics": {"CountBySeverity": counts}}


# --- writing ----------------------------------------------------------------------------------------------


def _archive(cloud: Cloud, call: Call, archived: bool) -> dict[str, Any]:
    stored = _findings(cloud, call)
    for ident in _ids(call):
        if ident not in stored:
            raise bad("a given finding id does not exist.")
    for ident in _ids(call):
        finding = stored[ident]
        service = {**finding["Service"], "Archived": archived}
        publish(cloud, {**finding, "Service": service, "UpdatedAt": stamp(cloud.clock.now())})
    return {}


@routes.op("guardduty", "ArchiveFindings")
def archive(cloud: Cloud, call: Call) -> dict[str, Any]:
    return _archive(cloud, call, True)


@routes.op("guardduty", "UnarchiveFindings")
def unarchive(cloud: Cloud, call: Call) -> dict[str, Any]:
    return _archive(cloud, call, False)


@routes.op("guardduty", "UpdateFindingsFeedback")
def feedback(cloud: Cloud, call: Call) -> dict[str, Any]:
    stored = _findings(cloud, call)
    said = call.params.get("Feedback")
    if said not in _FEEDBACK:
        raise bad("the parameter feedback is invalid.")
    for ident in _ids(call):
        if ident not in stored:
            raise bad("a given finding id does not exist.")
        stored[ident]["Service"]["UserFeedback"] = said
    return {}


@routes.op("guardduty", "CreateSampleFindings")
def create_samples(cloud: Cloud, call: Call) -> dict[str, Any]:
    _findings(cloud, call)
    kinds = call.params.get("FindingTypes") or ["UnauthorizedAccess:IAMUser/TorIPCaller"]
    if len(kinds) > MAX_IDS:
        raise bad("at most 50 finding types can be given.")
    now = cloud.clock.now()
    for kind in kinds:
        spec = {
            "type": kind,
            "severity": 5,
            "title": f"[SAMPLE] {kind}",
            "description": f"[SAMPLE] A sample of {kind}, made by CreateSampleFindings.",
            "sample": True,
            "key": {"id": "GeneratedFindingAccessKeyId", "user": "GeneratedFindingUserName"},
            "actor": {
                "ip": "198.51.100.0",
                "country": "GeneratedFindingCountryName",
                "org": "GeneratedFindingORG",
            },
            "api": {"name": "GeneratedFindingAPIName", "service": "GeneratedFindingAPIServiceName"},
        }
        name = f"sample {kind} {call.account} {call.region}"
        publish(
            cloud,
            gdshape.build(cloud, name, spec, call.account, call.region, now, now - timedelta(minutes=1)),
        )
    return {}
