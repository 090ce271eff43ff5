"""Security Hub's GetFindings filters: evaluated as documented, and refused where AWS refuses.

Source: ``AwsSecurityFindingFilters`` and its filter shapes in botocore's service model. Values of one filter
are joined by OR (positive comparisons) or AND (negative ones), filters by AND. ``CONTAINS`` and
``NOT_CONTAINS`` belong to automation rules and ``CONTAINS_WORD`` to the V2 APIs: GetFindings refuses them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from moto.core.utils import get_service_model

from socconsole.drill.errors import AwsError

Finding = Mapping[str, Any]
Test = Callable[[Finding], bool]

MAX_VALUES: Final = 20
_POSITIVE: Final = ("EQUALS", "PREFIX")
_NEGATIVE: Final = ("NOT_EQUALS", "PREFIX_NOT_EQUALS")

# Filters whose place in the finding is not spelled by their name.
_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "Type": ("Types",),
    "SeverityProduct": ("Severity", "Product"),
    "SeverityNormalized": ("Severity", "Normalized"),
    "SeverityLabel": ("Severity", "Label"),
    "RecommendationText": ("Remediation", "Recommendation", "Text"),
    "ComplianceStatus": ("Compliance", "Status"),
    "ComplianceSecurityControlId": ("Compliance", "SecurityControlId"),
    "ComplianceAssociatedStandardsId": ("Compliance", "AssociatedStandards", "StandardsId"),
    "ComplianceSecurityControlParametersName": ("Compliance", "SecurityControlParameters", "Name"),
    "ComplianceSecurityControlParametersValue": ("Compliance", "SecurityControlParameters", "Value"),
    "WorkflowStatus": ("Workflow", "Status"),
    "NoteText": ("Note", "Text"),
    "NoteUpdatedAt": ("Note", "UpdatedAt"),
    "NoteUpdatedBy": ("Note", "UpdatedBy"),
    "RelatedFindingsProductArn": ("RelatedFindings", "ProductArn"),
    "RelatedFindingsId": ("RelatedFindings", "Id"),
    "VulnerabilitiesExploitAvailable": ("Vulnerabilities", "ExploitAvailable"),
    "VulnerabilitiesFixAvailable": ("Vulnerabilities", "FixAvailable"),
    "FindingProviderFieldsConfidence": ("FindingProviderFields", "Confidence"),
    "FindingProviderFieldsCriticality": ("FindingProviderFields", "Criticality"),
    "FindingProviderFieldsRelatedFindingsId": ("FindingProviderFields", "RelatedFindings", "Id"),
    "FindingProviderFieldsRelatedFindingsProductArn": (
        "FindingProviderFields",
        "RelatedFindings",
        "ProductArn",
    ),
    "FindingProviderFieldsSeverityLabel": ("FindingProviderFields", "Severity", "Label"),
    "FindingProviderFieldsSeverityOriginal": ("FindingProviderFields", "Severity", "Original"),
    "FindingProviderFieldsTypes": ("FindingProviderFields", "Types"),
    "ResourceDetailsOther": ("Resources", "Details", "Other"),
    "ResourceContainerImageId": ("Resources", "Details", "Container", "ImageId"),
    "ResourceContainerImageName": ("Resources", "Details", "Container", "ImageName"),
    "ResourceContainerName": ("Resources", "Details", "Container", "Name"),
    "ResourceContainerLaunchedAt": ("Resources", "Details", "Container", "LaunchedAt"),
}
# Prefix of a filter's name -> the object whose member the rest of the name is.
_GROUPS: Final = (
    ("ResourceAwsEc2Instance", ("Resources", "Details", "AwsEc2Instance")),
    ("ResourceAwsS3Bucket", ("Resources", "Details", "AwsS3Bucket")),
    ("ResourceAwsIamAccessKey", ("Resources", "Details", "AwsIamAccessKey")),
    ("ResourceAwsIamUser", ("Resources", "Details", "AwsIamUser")),
    ("Resource", ("Resources",)),
    ("ThreatIntelIndicator", ("ThreatIntelIndicators",)),
    ("Malware", ("Malware",)),
    ("Network", ("Network",)),
    ("Process", ("Process",)),
)


def _shapes() -> Mapping[str, str]:
    members = get_service_model("securityhub").shape_for("AwsSecurityFindingFilters").members
    return {name: str(shape.member.name) for name, shape in members.items()}


def path_of(name: str) -> tuple[str, ...]:
    """Where a filter, or a sort field, looks in a finding."""
    if name in _PATHS:
        return _PATHS[name]
    for prefix, path in _GROUPS:
        if name.startswith(prefix) and name != prefix:
            return (*path, name.removeprefix(prefix))
    return (name,)


def values(finding: Any, path: Sequence[str]) -> list[Any]:
    """All values at a path, lists taken apart."""
    if isinstance(finding, list):
        return [value for item in finding for value in values(item, path)]
    if not path:
        return [finding]
    if isinstance(finding, Mapping) and finding.get(path[0]) is not None:
        return values(finding[path[0]], path[1:])
    return []


def refuse(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def compile_filters(filters: Mapping[str, Any] | None, now: datetime) -> list[Test]:
    """One test a filter. Raises ``InvalidInputException`` for what AWS refuses; ``now`` is for DateRange."""
    shapes = _shapes()
    tests: list[Test] = []
    for name, conditions in (filters or {}).items():
        if name not in shapes:
            raise refuse(f"Invalid parameter: Filters. Unknown filter {name}")
        if not isinstance(conditions, list):
            raise refuse(f"Invalid parameter {name}: a list of filters is required")
        if not conditions:
            continue
        if len(conditions) > MAX_VALUES:
            raise refuse(f"Invalid parameter {name}: at most {MAX_VALUES} values are allowed")
        if name == "Keyword":
            raise refuse("Invalid parameter Keyword: this filter is deprecated")
        path = path_of(name)
        match shapes[name]:
            case "StringFilter":
                tests.append(_strings(name, path, conditions))
            case "DateFilter":
                tests.append(_dates(name, path, conditions, now))
            case "NumberFilter":
                tests.append(_numbers(name, path, conditions))
            case "MapFilter":
                tests.append(_maps(name, path, conditions))
            case "BooleanFilter":
                tests.append(_booleans(path, conditions))
            case _:
                tests.append(_addresses(name, path, conditions))
    return tests


def _comparisons(name: str, conditions: list[Any], allowed: tuple[str, ...]) -> list[tuple[str, str, Any]]:
    rows = []
    for condition in conditions:
        comparison = condition.get("Comparison")
        if comparison not in allowed:
            raise refuse(f"Invalid parameter {name}: Comparison {comparison} is not supported by GetFindings")
        if not condition.get("Value"):
            raise refuse(f"Invalid parameter {name}: Value must not be empty")
        rows.append((comparison, str(condition["Value"]), condition.get("Key")))
    used = {row[0] for row in rows}
    if "EQUALS" in used and used.intersection(_NEGATIVE):
        raise refuse(f"Invalid parameter {name}: EQUALS cannot be combined with a negative comparison")
    return rows


def _strings(name: str, path: tuple[str, ...], conditions: list[Any]) -> Test:
    rows = _comparisons(name, conditions, (*_POSITIVE, *_NEGATIVE))
    equal = {value for how, value, _ in rows if how == "EQUALS"}
    prefixes = tuple(value for how, value, _ in rows if how == "PREFIX")
    unequal = {value for how, value, _ in rows if how == "NOT_EQUALS"}
    not_prefixes = tuple(value for how, value, _ in rows if how == "PREFIX_NOT_EQUALS")

    def test(finding: Finding) -> bool:
        found = [str(value) for value in values(finding, path)]
        if (equal or prefixes) and not any(v in equal or v.startswith(prefixes) for v in found):
            return False
        return not any(v in unequal or (not_prefixes and v.startswith(not_prefixes)) for v in found)

    return test


def _maps(name: str, path: tuple[str, ...], conditions: list[Any]) -> Test:
    rows = _comparisons(name, conditions, ("EQUALS", "NOT_EQUALS"))
    if any(not key for _, _, key in rows):
        raise refuse(f"Invalid parameter {name}: Key must not be empty")

    def test(finding: Finding) -> bool:
        maps = [one for one in values(finding, path) if isinstance(one, Mapping)]
        hits = [any(str(one.get(key)) == value for one in maps) for _, value, key in rows]
        return any(hits) if rows[0][0] == "EQUALS" else not any(hits)

    return test


def moment(name: str, text: Any) -> datetime:
    """An RFC 3339 time as Security Hub accepts it; refuses everything else."""
    try:
        parsed = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise refuse(f"Invalid parameter {name}: {text} is not a valid timestamp") from None
    if parsed.tzinfo is None:
        raise refuse(f"Invalid parameter {name}: {text} has no time zone")
    return parsed


def _dates(name: str, path: tuple[str, ...], conditions: list[Any], now: datetime) -> Test:
    spans: list[tuple[datetime | None, datetime | None]] = []
    for condition in conditions:
        span = condition.get("DateRange")
        if span and (condition.get("Start") or condition.get("End")):
            raise refuse(f"Invalid parameter {name}: DateRange cannot be combined with Start and End")
        if span:
            if span.get("Unit") != "DAYS" or int(span.get("Value") or 0) < 1:
                raise refuse(f"Invalid parameter {name}: DateRange needs a Value in DAYS")
            edge = now - timedelta(days=int(span["Value"]))
            older = span.get("Comparison") == "OLDER_THAN"
            spans.append((None, edge) if older else (edge, now))
        elif condition.get("Start") or condition.get("End"):
            start, end = condition.get("Start"), condition.get("End")
            spans.append((moment(name, start) if start else None, moment(name, end) if end else None))
        else:
            raise refuse(f"Invalid parameter {name}: Start, End or DateRange is required")

    def test(finding: Finding) -> bool:
        found = [parse_time(value) for value in values(finding, path)]
        return any(
            (start is None or start <= value) and (end is None or value <= end)
            for value in found
            for start, end in spans
        )

    return test


def parse_time(text: Any) -> datetime:
    """A stored timestamp; the start of time for one that is none, so that it sorts and filters as oldest."""
    try:
        parsed = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _numbers(name: str, path: tuple[str, ...], conditions: list[Any]) -> Test:
    tests: Mapping[str, Callable[[float, float], bool]] = {
        "Gte": lambda value, limit: value >= limit,
        "Lte": lambda value, limit: value <= limit,
        "Eq": lambda value, limit: value == limit,
        "Gt": lambda value, limit: value > limit,
        "Lt": lambda value, limit: value < limit,
    }
    for condition in conditions:
        if not set(condition).intersection(tests):
            raise refuse(f"Invalid parameter {name}: a numeric comparison is required")

    def test(finding: Finding) -> bool:
        return any(
            all(tests[how](float(value), float(limit)) for how, limit in condition.items() if limit is not None)
            for value in values(finding, path)
            for condition in conditions
        )

    return test


def _booleans(path: tuple[str, ...], conditions: list[Any]) -> Test:
    wanted = {bool(condition.get("Value")) for condition in conditions}
    # An absent boolean (Sample) reads as false.
    return lambda finding: bool((values(finding, path) or [False])[0]) in wanted


def _addresses(name: str, path: tuple[str, ...], conditions: list[Any]) -> Test:
    try:
        networks = [ipaddress.ip_network(condition["Cidr"], strict=False) for condition in conditions]
    except (ValueError, KeyError):
        raise refuse(f"Invalid parameter {name}: Cidr is not valid") from None

    def test(finding: Finding) -> bool:
        found = []
        for value in values(finding, path):
            try:
                found.append(ipaddress.ip_address(str(value)))
            except ValueError:
                continue
        return any(value in network for value in found for network in networks)

    return test


def sort_key(field: str) -> Callable[[Finding], tuple[int, Any]]:
    """How GetFindings orders by a field; findings without it come first in ascending order."""
    path = path_of(field)

    def key(finding: Finding) -> tuple[int, Any]:
        found = values(finding, path)
        if not found:
            return (0, "")
        value = found[0]
        if isinstance(value, bool | int | float):
            return (1, float(value))
        return (2, str(value))

    return key


def check_sort(criteria: Sequence[Mapping[str, Any]]) -> None:
    known = _shapes()
    for one in criteria:
        if one.get("Field") not in known:
            raise refuse(f"Invalid parameter SortCriteria: unknown field {one.get('Field')}")
        if one.get("SortOrder", "asc") not in ("asc", "desc"):
            raise refuse("Invalid parameter SortCriteria: SortOrder is asc or desc")
